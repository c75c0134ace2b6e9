package zmq_test

import (
	"context"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// What Context.Watch and Context.WatchState promise: all of a user's sockets in one subscription, later ones too.

// seen is a story as "name kind", without what a mask leaves out.
func seen(events []zmq.Event, m zmq.Mask) (lines []string) {
	for _, e := range events {
		if e.Kind&m != 0 {
			lines = append(lines, e.SocketName+" "+e.Kind.String())
		}
	}
	return lines
}

// One subscription hears of sockets that are there and of those that come, in one order, and ends by itself with the
// Context. The library's own sockets are nobody's business.
func TestContextWatch(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := zmqtest.NewNetwork().Context(t)
		pull := zmq.NewPull(zmq.Config{Context: x, Name: "pull"})
		w := x.Watch(monitor.All)
		must(t, pull.Monitor("inproc://monitor", monitor.Classic)) // binds a PAIR, of which w must not tell
		_, err := pull.Bind("tcp://hub:1")
		must(t, err)
		late := x.Watch(monitor.All)
		push := zmq.NewPush(zmq.Config{Context: x, Name: "push"})
		must(t, push.Connect("tcp://hub:1"))
		must(t, push.WaitReady(t.Context(), 1))
		must(t, push.Close())
		synctest.Wait()
		must(t, x.Close())
		whole, rest := slices.Collect(w.Events(t.Context())), slices.Collect(late.Events(t.Context()))
		for name, story := range map[string][]zmq.Event{"the first": whole, "the late": rest} {
			must(t, monitor.Check(slices.Values(story)))
			if end := story[len(story)-1]; end.Kind != monitor.MonitorStopped || end.SocketID != 0 {
				t.Errorf("%s reader's last event is %v of socket %d, want monitor_stopped of none", name, end, end.SocketID)
			}
		}
		const kinds = monitor.Listening | monitor.Accepted | monitor.Connected | monitor.LocalClosed | monitor.Disconnected | monitor.Unbound | monitor.MonitorStopped
		want := []string{
			"pull listening", "push connected", "pull accepted", "push local_closed", "push unbound", "push monitor_stopped",
			"pull disconnected", "pull unbound", "pull monitor_stopped", " monitor_stopped",
		}
		got := seen(whole, kinds)
		sortTogether(got, want) // of two sockets there is no order at one moment, and in this story there is but one
		if !slices.Equal(got, want) {
			t.Errorf("the first reader saw %q,\nwant %q", got, want)
		}
		if got, want := seen(rest, kinds), seen(whole, kinds)[1:]; !slices.Equal(got, want) {
			t.Errorf("the late reader saw %q,\nwant %q", got, want)
		}
	})
}

// sortTogether sorts two lists.
func sortTogether(a, b []string) {
	slices.Sort(a)
	slices.Sort(b)
}

// Between sockets the order is that in which things happened.
func TestContextWatchHasOneOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := zmqtest.NewNetwork().Context(t)
		w := x.Watch(monitor.Listening | monitor.Closed)
		sockets := map[string]zmq.Socket{"a": zmq.NewPull(zmq.Config{Context: x, Name: "a"}), "b": zmq.NewRep(zmq.Config{Context: x, Name: "b"})}
		var want []string
		for i := range 10 {
			name := []string{"a", "b", "b"}[i%3]
			rebind(t, sockets[name])
			want = append(want, name+" listening", name+" closed")
			time.Sleep(time.Millisecond)
		}
		must(t, x.Close())
		story := slices.Collect(w.Events(t.Context()))
		if got := seen(story, monitor.Listening|monitor.Closed); !slices.Equal(got, want) {
			t.Errorf("saw %q,\nwant %q", got, want)
		}
		if !slices.IsSortedFunc(story, func(a, b zmq.Event) int { return a.Time.Compare(b.Time) }) {
			t.Error("the times are not in order")
		}
	})
}

// A reader that leaves takes nothing with it, and of a Context that has ended there is nothing to read.
func TestContextWatchEnds(t *testing.T) {
	x := newContext(t)
	closed, stopped, open := x.Watch(monitor.All), x.Watch(monitor.All), x.Watch(monitor.All)
	closed.Close()
	stopped.Stop()
	pull := zmq.NewPull(zmq.Config{Context: x})
	bindTCP(t, pull)
	for name, c := range map[string]struct {
		w    *monitor.Subscription
		want []monitor.Kind
	}{"closed": {closed, nil}, "stopped": {stopped, []monitor.Kind{monitor.MonitorStopped}}} {
		var got []monitor.Kind
		for e := range c.w.Events(t.Context()) {
			got = append(got, e.Kind)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s, and then read %v", name, got)
		}
	}
	x.Terminate()
	if e, ok := open.Poll(); !ok || e.Kind != monitor.Listening {
		t.Errorf("a Context that is to end has a socket still, and its story goes on: %v", e)
	}
	must(t, pull.Close()) // the last one
	var last zmq.Event
	for e := range open.Events(t.Context()) {
		last = e
	}
	if last.Kind != monitor.MonitorStopped || last.SocketID != 0 {
		t.Errorf("the last event is %v", last)
	}
	if e, err := x.Watch(monitor.All).Next(t.Context()); err != io.EOF {
		t.Errorf("of an ended Context one reads %v, %v", e, err)
	}
	if states, w := x.WatchState(monitor.All); len(states) != 0 {
		t.Errorf("an ended Context has %d sockets", len(states))
	} else if _, err := w.Next(t.Context()); err != io.EOF {
		t.Errorf("and tells: %v", err)
	}
}

// A shown is a Context as its events show it.
type shown map[uint64]monitor.State

// apply folds an event in.
func (s shown) apply(t *testing.T, e zmq.Event) {
	t.Helper()
	state := s[e.SocketID]
	must(t, state.Apply(e))
	s[e.SocketID] = state
}

// M6 for a whole Context: the snapshots and the events after them are the next snapshots, while sockets come, talk and go.
func TestContextWatchState(t *testing.T) {
	x := newContext(t)
	pull := zmq.NewPull(zmq.Config{Context: x})
	bound := bindTCP(t, pull)
	turns := make(chan struct{}, 4) // a ring must not overflow
	var churn sync.WaitGroup
	defer churn.Wait()
	defer close(turns)
	for range 2 {
		churn.Go(func() {
			for range turns {
				push := zmq.NewPush(zmq.Config{Context: x})
				push.Connect(bound)
				push.WaitReady(context.Background(), 1)
				push.Close()
			}
		})
	}
	all, w := x.WatchState(monitor.Lifecycle)
	now := shown{}
	for _, s := range all {
		now[s.SocketID] = s
	}
	sockets := map[uint64]bool{}
	ctx, cancel := patient()
	defer cancel()
	for len(sockets) < 30 {
		select {
		case turns <- struct{}{}:
		case <-ctx.Done():
			t.Fatalf("after %d sockets: %v", len(sockets), ctx.Err())
		default: // as many as may be are under way
		}
		truth, next := x.WatchState(monitor.Lifecycle)
		compared := 0
		for _, want := range truth {
			for now[want.SocketID].Seq < want.Seq {
				e, ok := w.Poll()
				if !ok {
					break // what is left is not in the mask
				}
				now.apply(t, e)
			}
			switch got := now[want.SocketID]; {
			case got.Seq > want.Seq: // it has gone on, and we with it, to come to another's snapshot
			case present(got) != present(want):
				t.Fatalf("socket %d: the snapshot and its events are\n%s\nthe next snapshot is\n%s", want.SocketID, present(got), present(want))
			default:
				compared++
			}
			sockets[want.SocketID] = true
		}
		if compared == 0 {
			t.Fatal("nothing was compared")
		}
		next.Close()
	}
	w.Close()
}
