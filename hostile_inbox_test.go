package zmq_test

import (
	"context"
	"errors"
	"fmt"

	"github.com/glassmq/zmq"
)

// An inbox is how the program receives: when it is asked, or with a Recv that always waits.
type inbox struct {
	socket zmq.Socket
	came   chan []string // nil: when it is asked
}

// waitingInbox receives from now on, until the socket ends.
func waitingInbox(s zmq.Socket) *inbox {
	b := &inbox{s, make(chan []string, 64)}
	go func() {
		for {
			m, err := s.(zmq.Receiver).Recv(context.Background())
			if err != nil {
				return
			}
			b.came <- textFrames(m)
		}
	}()
	return b
}

func textFrames(m zmq.Message) (frames []string) {
	for _, f := range m.All() {
		frames = append(frames, string(f))
	}
	return frames
}

// next is the next message.
func (b *inbox) next(ctx context.Context) ([]string, error) {
	if b.came == nil {
		m, err := b.socket.(zmq.Receiver).Recv(ctx)
		return textFrames(m), err
	}
	select {
	case frames := <-b.came:
		return frames, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// peek says what could be received now; "" if nothing. A waiting Recv may be on its way with a message: then it is seen at
// the next look.
func (b *inbox) peek() string {
	r, ok := b.socket.(zmq.Receiver)
	switch {
	case !ok:
		return ""
	case b.came != nil:
		if len(b.came) > 0 {
			return fmt.Sprintf("%q", <-b.came)
		}
		return ""
	}
	if err := r.CanRecv(); !errors.Is(err, zmq.ErrWouldBlock) && !errors.Is(err, zmq.ErrState) {
		return fmt.Sprint("CanRecv says ", err)
	}
	return ""
}
