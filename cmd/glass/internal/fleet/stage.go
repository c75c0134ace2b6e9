package fleet

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// An Audience sees the demo. Both functions may be called from several goroutines, and an error of theirs ends it.
type Audience struct {
	Caption func(words string) error
	// Event is told everything that happens to a socket. What comes of a scene's sockets being put away after the scene
	// is backstage: part of their stories, but not of the scene's.
	Event func(e monitor.Event, backstage bool) error
}

// A stage is where scenes are played: it has the sockets, and knows what has happened to them.
type stage struct {
	zmq  *zmq.Context
	to   Audience
	fail context.CancelCauseFunc // ends the demo
	work sync.WaitGroup          // traffic, which ends with the sockets it goes through

	mu sync.Mutex // guards what follows
	// cast are the sockets that have not left.
	cast    map[zmq.Socket]*role
	seen    map[sighting]int
	changed chan struct{} // closed and renewed whenever seen changes
}

// A role is one socket on stage.
type role struct {
	reader sync.WaitGroup
	exit   atomic.Uint64 // events with a greater number are backstage
}

// A sighting is a kind of event of one socket.
type sighting struct {
	socket zmq.Socket
	kind   monitor.Kind
}

func newStage(to Audience, fail context.CancelCauseFunc) *stage {
	return &stage{
		zmq: zmq.NewContext(zmq.ContextConfig{}), to: to, fail: fail,
		cast: make(map[zmq.Socket]*role), seen: make(map[sighting]int), changed: make(chan struct{}),
	}
}

// as is the Config of a socket that is called so. Nobody waits for its queue when it is put away.
func (st *stage) as(name string) zmq.Config {
	return zmq.Config{Context: st.zmq, Name: name, Linger: 100 * time.Millisecond}
}

// enter puts s on stage: from now on the audience hears of it.
func enter[S zmq.Socket](st *stage, s S) S {
	sub, r := s.Watch(monitor.All), &role{}
	r.exit.Store(math.MaxUint64)
	st.mu.Lock()
	st.cast[s] = r
	st.mu.Unlock()
	r.reader.Go(func() {
		defer sub.Close()
		for e := range sub.Events(context.Background()) { // to MonitorStopped
			if err := st.to.Event(e, e.Seq > r.exit.Load()); err != nil {
				st.fail(err)
				return
			}
			st.note(sighting{s, e.Kind})
		}
	})
	return s
}

func (st *stage) note(what sighting) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.seen[what]++
	close(st.changed)
	st.changed = make(chan struct{})
}

// await waits until the audience has seen n events of a kind from s, over its whole life.
func (st *stage) await(ctx context.Context, s zmq.Socket, k monitor.Kind, n int) error {
	for {
		st.mu.Lock()
		have, changed := st.seen[sighting{s, k}], st.changed
		st.mu.Unlock()
		if have >= n {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%s: waiting for %v (%d of %d): %w", s.Name(), k, have, n, context.Cause(ctx))
		}
	}
}

// close closes sockets in view of the audience, one after the other.
func (st *stage) close(sockets ...zmq.Socket) error {
	var errs []error
	for _, s := range sockets {
		if err := s.Close(); err != nil && !errors.Is(err, zmq.ErrDropped) { // a message for nobody is part of some stories
			errs = append(errs, err)
		}
		st.mu.Lock()
		r := st.cast[s]
		delete(st.cast, s)
		st.mu.Unlock()
		if r != nil {
			r.reader.Wait()
		}
	}
	return errors.Join(errs...)
}

// leave puts sockets away, backstage.
func (st *stage) leave(sockets ...zmq.Socket) error {
	st.mu.Lock()
	for _, s := range sockets {
		if r := st.cast[s]; r != nil {
			r.exit.Store(s.State().Seq)
		}
	}
	st.mu.Unlock()
	return st.close(sockets...)
}

// clear puts everything away.
func (st *stage) clear() error {
	var all []zmq.Socket
	st.mu.Lock()
	for s := range st.cast {
		all = append(all, s)
	}
	st.mu.Unlock()
	err := st.leave(all...)
	st.work.Wait()
	return errors.Join(err, st.zmq.Close())
}
