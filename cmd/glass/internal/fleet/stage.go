package fleet

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// An Audience sees the demo, in the order in which things happened. An error of theirs ends it.
type Audience struct {
	Caption func(words string) error
	// Event is told everything that happens to a socket. What comes of a scene's sockets being put away after the scene
	// is backstage: part of their stories, but not of the scene's.
	Event func(e monitor.Event, backstage bool) error
	// Context, if it is there, is told the sockets' Context before the first scene.
	Context func(*zmq.Context)
}

// A stage is where scenes are played: it has the sockets, and knows what has happened to them. The teller takes each event
// from the one subscription to all sockets, gives it to the audience, and then whoever awaits it goes on.
type stage struct {
	zmq    *zmq.Context
	events *monitor.Subscription
	to     Audience
	fail   context.CancelCauseFunc // ends the demo

	work   sync.WaitGroup // traffic: it ends with the sockets
	teller sync.WaitGroup // ends with the Context
	deaf   error          // the audience's; the teller's until it has ended

	mu sync.Mutex // guards what follows
	// cast are the sockets that have not left, each with the number of its last event on stage.
	cast    map[zmq.Socket]uint64
	seen    map[sighting]int
	missed  error         // events were lost: who awaits one might do so for ever
	changed chan struct{} // closed and renewed whenever seen or missed changes
}

// A sighting is a kind of event of one socket.
type sighting struct {
	of   uint64
	kind monitor.Kind
}

func newStage(to Audience, fail context.CancelCauseFunc) *stage {
	x := zmq.NewContext(zmq.ContextConfig{})
	st := &stage{
		zmq: x, events: x.Watch(monitor.All), to: to, fail: fail,
		cast: make(map[zmq.Socket]uint64), seen: make(map[sighting]int), changed: make(chan struct{}),
	}
	st.teller.Go(st.tell)
	if to.Context != nil {
		to.Context(x)
	}
	return st
}

// as is the Config of a socket that is called so. Nobody waits for its queue when it is put away.
func (st *stage) as(name string) zmq.Config {
	return zmq.Config{Context: st.zmq, Name: name, Linger: 100 * time.Millisecond}
}

// enter puts s on stage, where all that happens to it belongs to the scene.
func enter[S zmq.Socket](st *stage, s S) S {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.cast[s] = math.MaxUint64
	return s
}

// tell is the teller.
func (st *stage) tell() {
	for e := range st.events.Events(context.Background()) { // to the Context's own MonitorStopped
		switch {
		case e.Kind == monitor.Lost:
			st.miss(e)
			continue
		case e.SocketID == 0:
			continue
		}
		if st.deaf == nil { // who awaits something goes on in any case
			st.deaf = st.to.Event(e, st.backstage(e))
			if st.deaf != nil {
				st.fail(st.deaf)
			}
		}
		st.note(sighting{e.SocketID, e.Kind})
	}
}

// miss ends a demo whose audience is so slow that it has not seen everything.
func (st *stage) miss(e monitor.Event) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.missed = fmt.Errorf("%d events came faster than they could be shown", e.Count)
	st.fail(st.missed)
	st.signal()
}

// backstage reports whether e comes of its socket being put away.
func (st *stage) backstage(e monitor.Event) bool {
	st.mu.Lock()
	defer st.mu.Unlock()
	for s, last := range st.cast {
		if s.ID() == e.SocketID {
			return e.Seq > last
		}
	}
	return true
}

func (st *stage) note(what sighting) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.seen[what]++
	st.signal()
}

// signal lets those who await something look again. mu is held.
func (st *stage) signal() {
	close(st.changed)
	st.changed = make(chan struct{})
}

// count is how many events of a kind of s the audience has been told.
func (st *stage) count(s zmq.Socket, k monitor.Kind) int {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.seen[sighting{s.ID(), k}]
}

// await waits until the audience has been told n events of a kind of s, over its whole life.
func (st *stage) await(ctx context.Context, s zmq.Socket, k monitor.Kind, n int) error {
	for {
		st.mu.Lock()
		have, missed, changed := st.seen[sighting{s.ID(), k}], st.missed, st.changed
		st.mu.Unlock()
		switch {
		case have >= n:
			return nil
		case missed != nil:
			return missed
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%s: waiting for %v (%d of %d): %w", s.Name(), k, have, n, context.Cause(ctx))
		}
	}
}

// close closes sockets in view of the audience, one after the other. What Close could tell, messages for nobody that
// were dropped, the audience hears from the events.
func (st *stage) close(sockets ...zmq.Socket) {
	for _, s := range sockets {
		s.Close()
		st.await(context.Background(), s, monitor.MonitorStopped, 1) // the last event, which comes in any case
		st.mu.Lock()
		delete(st.cast, s)
		st.mu.Unlock()
	}
}

// leave puts sockets away, backstage.
func (st *stage) leave(sockets ...zmq.Socket) {
	st.mu.Lock()
	for _, s := range sockets {
		if _, on := st.cast[s]; on {
			st.cast[s] = s.State().Seq
		}
	}
	st.mu.Unlock()
	st.close(sockets...)
}

// clear puts everything away, and returns the error of an audience that left.
func (st *stage) clear() error {
	st.mu.Lock()
	all := slices.Collect(maps.Keys(st.cast))
	st.mu.Unlock()
	st.leave(all...)
	st.zmq.Close()
	st.work.Wait()
	st.teller.Wait()
	return errors.Join(st.deaf, st.missed)
}
