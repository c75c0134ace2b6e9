package fleet

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"sync/atomic"
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
}

// A stage is where scenes are played: it has the sockets, and knows what has happened to them. An event's way:
//
//  1. a reader per socket takes it from its subscription and lays it down (enter);
//  2. the teller takes what lies there, puts it in the order of time, and gives it to the audience (tell);
//  3. who awaits it goes on (await).
type stage struct {
	zmq  *zmq.Context
	to   Audience
	fail context.CancelCauseFunc // ends the demo

	work   sync.WaitGroup // readers, and traffic: all end with the sockets
	bell   chan struct{}  // something lies there
	teller sync.WaitGroup // ends when bell is closed
	deaf   error          // the audience's; the teller's until it has ended

	mu sync.Mutex // guards what follows
	// cast are the sockets that have not left, each with the number of its last event on stage.
	cast    map[zmq.Socket]*atomic.Uint64
	untold  []told
	seen    map[sighting]int
	changed chan struct{} // closed and renewed whenever seen changes
}

// A told is an event with what its reader knows of it.
type told struct {
	monitor.Event
	of        zmq.Socket
	backstage bool
}

// A sighting is a kind of event of one socket.
type sighting struct {
	of   zmq.Socket
	kind monitor.Kind
}

func newStage(to Audience, fail context.CancelCauseFunc) *stage {
	st := &stage{
		zmq: zmq.NewContext(zmq.ContextConfig{}), to: to, fail: fail, bell: make(chan struct{}, 1),
		cast: make(map[zmq.Socket]*atomic.Uint64), seen: make(map[sighting]int), changed: make(chan struct{}),
	}
	st.teller.Go(st.tell)
	return st
}

// as is the Config of a socket that is called so. Nobody waits for its queue when it is put away.
func (st *stage) as(name string) zmq.Config {
	return zmq.Config{Context: st.zmq, Name: name, Linger: 100 * time.Millisecond}
}

// enter puts s on stage: from now on the audience hears of it.
func enter[S zmq.Socket](st *stage, s S) S {
	sub, last := s.Watch(monitor.All), &atomic.Uint64{}
	last.Store(math.MaxUint64)
	st.mu.Lock()
	defer st.mu.Unlock()
	st.cast[s] = last
	st.work.Go(func() {
		defer sub.Close()
		for e := range sub.Events(context.Background()) { // to MonitorStopped
			st.mu.Lock()
			st.untold = append(st.untold, told{e, s, e.Seq > last.Load()})
			st.mu.Unlock()
			select {
			case st.bell <- struct{}{}:
			default: // it rings already
			}
		}
	})
	return s
}

// settle is how long the teller lets events gather: enough for the readers of two sockets to hear of the same moment,
// and too short for a person to see.
const settle = 5 * time.Millisecond

// tell is the teller.
func (st *stage) tell() {
	for range st.bell {
		time.Sleep(settle)
		st.mu.Lock()
		now := st.untold
		st.untold = nil
		st.mu.Unlock()
		slices.SortStableFunc(now, func(a, b told) int { return a.Time.Compare(b.Time) })
		for _, e := range now {
			if st.deaf == nil { // who awaits something goes on in any case
				st.deaf = st.to.Event(e.Event, e.backstage)
				if st.deaf != nil {
					st.fail(st.deaf)
				}
			}
			st.note(sighting{e.of, e.Kind})
		}
	}
}

func (st *stage) note(what sighting) {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.seen[what]++
	close(st.changed)
	st.changed = make(chan struct{})
}

// count is how many events of a kind of s the audience has been told.
func (st *stage) count(s zmq.Socket, k monitor.Kind) int {
	st.mu.Lock()
	defer st.mu.Unlock()
	return st.seen[sighting{s, k}]
}

// await waits until the audience has been told n events of a kind of s, over its whole life.
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
		if last := st.cast[s]; last != nil {
			last.Store(s.State().Seq)
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
	close(st.bell)
	st.teller.Wait()
	return st.deaf
}
