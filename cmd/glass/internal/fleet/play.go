// Package fleet is the demo's fleet: real sockets in this process, of every type, some of them in trouble, over tcp on the
// loopback interface, ipc and inproc. It plays scenes, each with one thing that happens to ZeroMQ sockets in the field, and tells
// an audience of every event. Nothing in it is acted: what the audience sees is what the engine said of real connections.
package fleet

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// pace is how long a scene lasts when there is no end to share between them.
const pace = time.Second

// Longest is the longest name of a socket, in bytes.
const Longest = 12

// A scene is one thing that happens.
type scene struct {
	caption string
	play    func(context.Context, *stage) error
}

// Play plays every scene, spread over the time d (0: a second for each), then waits for the end of ctx, and closes all
// sockets in good order. When it returns, nothing is left of the fleet. missed is how many scenes ctx did not leave time
// for.
func Play(ctx context.Context, d time.Duration, to Audience) (missed int, err error) {
	ctx, fail := context.WithCancelCause(ctx)
	defer fail(nil)
	st := newStage(to, fail)
	f := &fixtures{}
	missed, err = st.play(ctx, d, f.scenes())
	if err == nil {
		<-ctx.Done()
		err = f.curtain(st)
	}
	return missed, errors.Join(err, st.clear())
}

// play plays scenes until ctx ends, which is no error.
func (st *stage) play(ctx context.Context, d time.Duration, scenes []scene) (missed int, err error) {
	slot := pace
	if d > 0 {
		slot = d * 9 / 10 / time.Duration(len(scenes)) // a tenth is reserve, for those that take longer
	}
	began := time.Now()
	for i, s := range scenes {
		if !pause(ctx, time.Until(began.Add(time.Duration(i)*slot))) {
			return len(scenes) - i, nil
		}
		if err := st.to.Caption(s.caption); err != nil {
			return 0, err
		}
		err := s.play(ctx, st)
		if err != nil && ctx.Err() != nil {
			return len(scenes) - i, nil
		}
		if err != nil {
			return 0, fmt.Errorf("scene %q: %w", s.caption, err)
		}
	}
	return 0, nil
}

// pause waits for d, and reports whether ctx is still on then.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
