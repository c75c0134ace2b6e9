package monitor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

func TestAWaitingReaderWidensItsRing(t *testing.T) {
	var h Hub
	s := h.Subscribe(All, 4)
	defer s.Close()
	emit := func(n int) {
		for range n {
			h.Emit(&Event{Kind: Connected})
		}
	}
	emit(5)
	if s.Lost() != 1 {
		t.Fatalf("5 events into room for 4 lost %d", s.Lost())
	}
	s.Poll() // Lost; finds 4 of 4, makes 8
	emit(4)
	if s.Lost() != 1 {
		t.Fatalf("the reader saw the ring full, but 4 more events lost %d", s.Lost()-1)
	}
	var before uint64
	for _, e := range drain(s) { // widens while it reads, and keeps the order
		if e.Seq <= before {
			t.Fatalf("number %d after %d: the order was lost in moving", e.Seq, before)
		}
		before = e.Seq
	}
	if before != 9 {
		t.Errorf("the last number is %d, want 9", before)
	}
	for range 20 { // however late it is, there is a limit
		emit(100)
		s.Poll()
		s.Poll()
	}
	if got := len(drain(s)); got > mostGrowth*4 {
		t.Errorf("the ring kept %d events, %d were the most allowed", got, mostGrowth*4)
	}
	if s.Lost() == 1 {
		t.Error("2000 events went into a ring for 32 and none was lost")
	}
}

func TestNextObeysItsContextFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var h Hub
		s := h.Subscribe(All, 0)
		defer s.Close()
		done, cancel := context.WithCancel(t.Context())
		cancel()
		h.Emit(&Event{Kind: Connected})
		if e, err := s.Next(done); err != context.Canceled {
			t.Errorf("a busy reader does not hear that its context is done: %v, %v", e, err)
		}
		if e, ok := s.Poll(); !ok || e.Kind != Connected {
			t.Errorf("Poll is %v, %v: the event must still be there", e, ok)
		}
		if e, ok := s.Poll(); ok {
			t.Errorf("Poll of nothing is %v", e)
		}
		waiting, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if _, err := s.Next(waiting); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Next of nothing ends with %v at its deadline", err)
		}
		var wg sync.WaitGroup
		wg.Go(func() {
			if e, err := s.Next(t.Context()); err != nil || e.Kind != Closed {
				t.Errorf("a waiting Next got %v, %v", e, err)
			}
		})
		synctest.Wait()
		h.Emit(&Event{Kind: Closed})
		wg.Wait()
	})
}

func TestReadyIsClosedWhileNextNeedNotWait(t *testing.T) {
	var h Hub
	s := h.Subscribe(All, 0)
	closed := func(c <-chan struct{}) bool {
		select {
		case <-c:
			return true
		default:
			return false
		}
	}
	empty := s.Ready()
	if closed(empty) || s.Ready() != empty {
		t.Fatal("nothing is there: want one open channel")
	}
	h.Emit(&Event{Kind: Connected})
	h.Emit(&Event{Kind: Closed})
	if !closed(empty) || !closed(s.Ready()) {
		t.Error("an event is there: want the channel that was handed out closed, and the present one")
	}
	s.Poll()
	if !closed(s.Ready()) {
		t.Error("a second event is there: want it closed still")
	}
	s.Poll()
	if closed(s.Ready()) {
		t.Error("all are taken: want an open channel")
	}
	h.Close()
	if !closed(s.Ready()) {
		t.Error("MonitorStopped is there: want it closed")
	}
	s.Poll()
	if !closed(s.Ready()) || !isOver(s) {
		t.Error("after the end: want it closed for ever, and io.EOF")
	}
	if !closed(h.Subscribe(All, 0).Ready()) {
		t.Error("of a closed hub: want it closed from the start")
	}
}

func TestStop(t *testing.T) {
	h := Hub{SocketID: 3}
	s, other := h.Subscribe(Connected, 0), h.Subscribe(All, 0)
	h.Emit(&Event{Kind: Connected})
	s.Stop()
	h.Emit(&Event{Kind: Connected})
	s.Stop()
	story := drain(s)
	wantKinds(t, "what was queued, then the end", story, Connected, MonitorStopped)
	if story[1].Seq <= story[0].Seq || story[1].SocketID != 3 || story[1].Time.IsZero() {
		t.Errorf("MonitorStopped is %+v; want the socket, a time and a later number", story[1])
	}
	for range 2 {
		if !isOver(s) {
			t.Error("want io.EOF after MonitorStopped, again and again")
		}
	}
	wantKinds(t, "another reader", drain(other), Connected, Connected)
	other.Close()
}

func TestHubClose(t *testing.T) {
	h := Hub{SocketID: 3, SocketName: "md", SocketType: "PUB"}
	deaf, full := h.Subscribe(0, 0), h.Subscribe(All, 2)
	for range 5 {
		h.Emit(&Event{Kind: Connected})
	}
	h.Close()
	h.Close()
	h.Emit(&Event{Kind: Connected})
	story := drain(deaf)
	wantKinds(t, "whatever the mask", story, MonitorStopped)
	if e := story[0]; e.Seq != 6 || e.SocketName != "md" || e.SocketType != "PUB" || e.FD != -1 {
		t.Errorf("MonitorStopped is %+v", e)
	}
	story = drain(full)
	wantKinds(t, "there is room for Lost and MonitorStopped in any ring", story, Lost, Connected, Connected, MonitorStopped)
	if story[0].Count != 3 || story[0].Seq != 3 || story[0].SocketID != 3 {
		t.Errorf("Lost is %+v; want 3 events up to number 3", story[0])
	}
	late := h.Subscribe(All, 0)
	if !isOver(deaf) || !isOver(full) || !isOver(late) {
		t.Error("want io.EOF after MonitorStopped, and at once from a closed hub")
	}
	if _, open := <-late.C(); open {
		t.Error("C of a subscription that has ended: want it closed")
	}
}

func TestCloseEndsAtOnce(t *testing.T) {
	var h Hub
	s := h.Subscribe(All, 0)
	for range 3 {
		h.Emit(&Event{Kind: Connected})
	}
	s.Close()
	if e, ok := s.Poll(); ok || !isOver(s) {
		t.Errorf("after Close there is still %v", e)
	}
	h.Emit(&Event{Kind: Connected})
	s.Stop()
	h.Close()
	s.Close()
	if e, ok := s.Poll(); ok {
		t.Errorf("after everything else there is still %v", e)
	}
}

func TestCloseLeavesNoGoroutine(t *testing.T) {
	var h Hub
	s := h.Subscribe(All, 0)
	c := s.C()
	h.Emit(&Event{Kind: Connected}) // C's goroutine holds it; nobody receives
	s.Close()
	select {
	case e, open := <-c:
		if open {
			t.Errorf("after Close, C still hands over %v", e)
		}
	default:
		t.Error("Close returned before C's goroutine was gone")
	}
}

// A Context outlives its sockets: what is over must be forgotten.
func TestNothingKeepsAClosedHub(t *testing.T) {
	s := NewSubscription(All, 0)
	defer s.Close()
	for range 3 {
		var h Hub
		s.Join(&h)
		h.Close()
	}
	if len(s.hubs) != 0 {
		t.Errorf("%d closed hubs are remembered", len(s.hubs))
	}
	s.depart() // as in the middle of Stop
	var h Hub
	if s.Join(&h); h.Wanted() != 0 {
		t.Error("a subscription that is being stopped has joined another hub")
	}
}

// A Context watches many sockets, those that come later too, with one ring.
func TestOneSubscriptionOfManyHubs(t *testing.T) {
	a, b := Hub{SocketID: 1}, Hub{SocketID: 2}
	s := NewSubscription(Connected, 0)
	s.Join(&a)
	a.Emit(&Event{Kind: Connected})
	s.Join(&b)
	s.Join(&b)
	b.Emit(&Event{Kind: Connected})
	a.Emit(&Event{Kind: Connected})
	a.Close()
	b.Emit(&Event{Kind: Connected})
	s.Join(&a) // closed: nothing comes of it
	s.Stop()
	s.Join(&a)
	b.Emit(&Event{Kind: Connected})
	story := drain(s)
	wantKinds(t, "two sockets", story, Connected, Connected, Connected, MonitorStopped, Connected, MonitorStopped)
	for i, want := range []struct{ socket, seq uint64 }{{1, 1}, {2, 1}, {1, 2}, {1, 3}, {2, 2}, {0, 0}} {
		if story[i].SocketID != want.socket || story[i].Seq != want.seq {
			t.Errorf("event %d is %d of socket %d, want %d of %d", i, story[i].Seq, story[i].SocketID, want.seq, want.socket)
		}
	}
	if err := Check(slices.Values([]Event{story[3], story[5]})); err != nil {
		t.Errorf("the ends are no legal story: %v", err)
	}
	if !isOver(s) || a.Wanted()|b.Wanted() != 0 {
		t.Error("the subscription is still in a hub")
	}
}

// The readers of a home of many sockets hear of those that come, and of those
// that they join, and go on until the home ends.
func TestAHomeOfManyHubs(t *testing.T) {
	var home Hub
	a, b := Hub{SocketID: 1}, Hub{SocketID: 2}
	early, late := home.Subscribe(Listening, 0), (*Subscription)(nil)
	home.Extend(&a)
	a.Emit(&Event{Kind: Listening})
	late = home.Subscribe(Listening, 0)
	for range 2 { // the second time it is there already
		if !late.Join(&a) {
			t.Error("joined, and Join says no")
		}
	}
	home.Extend(&a) // late is there already
	home.Extend(&b)
	a.Emit(&Event{Kind: Listening})
	b.Emit(&Event{Kind: Listening})
	early.Stop()
	a.Close()
	b.Emit(&Event{Kind: Listening})
	if late.Join(&a) {
		t.Error("joined what is closed")
	}
	b.Close()
	home.Close()
	for _, c := range []struct {
		of    *Subscription
		kinds []Kind
		from  []uint64
	}{
		{early, []Kind{Listening, Listening, Listening, MonitorStopped}, []uint64{1, 1, 2, 0}},
		{late, []Kind{Listening, Listening, MonitorStopped, Listening, MonitorStopped, MonitorStopped}, []uint64{1, 2, 1, 2, 2, 0}},
	} {
		story := drain(c.of)
		wantKinds(t, "a reader", story, c.kinds...)
		for i, e := range story {
			if i < len(c.from) && e.SocketID != c.from[i] {
				t.Errorf("event %d is of socket %d, want %d", i, e.SocketID, c.from[i])
			}
		}
		if err := Check(slices.Values(story)); err != nil || !isOver(c.of) {
			t.Errorf("over: %v, a legal story: %v", isOver(c.of), err)
		}
	}
	if late.Join(&b) || a.Wanted()|b.Wanted() != 0 {
		t.Error("an ended reader is still, or again, in a hub")
	}
}

// M7: each order of what can end, with each kind of reader. A goroutine that
// is left makes synctest fail.
func TestAnyOrderOfEndings(t *testing.T) {
	readers := map[string]func(context.Context, *Subscription){
		"none": func(context.Context, *Subscription) {},
		"Next": func(ctx context.Context, s *Subscription) {
			for {
				if _, err := s.Next(ctx); err != nil {
					return
				}
			}
		},
		"C to the end":        func(_ context.Context, s *Subscription) { drainC(s.C()) },
		"C until it has one":  func(_ context.Context, s *Subscription) { <-s.C() },
		"closes from inside":  func(ctx context.Context, s *Subscription) { closeInside(s.Events(ctx), s) },
		"stops from inside":   func(ctx context.Context, s *Subscription) { stopInside(s.Events(ctx), s) },
		"closes while in C":   func(_ context.Context, s *Subscription) { closeInside(fromC(s.C()), s) },
		"waits on Ready only": func(_ context.Context, s *Subscription) { <-s.Ready() },
	}
	for name, read := range readers {
		for _, order := range orders([]string{"hub", "stop", "close", "cancel"}) {
			t.Run(fmt.Sprint(name, " ", order), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					var h Hub
					s := h.Subscribe(All, 4)
					ctx, cancel := context.WithCancel(t.Context())
					steps := map[string]func(){"hub": h.Close, "stop": s.Stop, "close": s.Close, "cancel": cancel}
					var reader sync.WaitGroup
					reader.Go(func() { read(ctx, s) })
					for range 10 {
						h.Emit(&Event{Kind: Connected})
					}
					for _, step := range order {
						steps[step]()
						synctest.Wait()
						h.Emit(&Event{Kind: Connected})
					}
					reader.Wait()
					if !isOver(s) || h.Wanted() != 0 {
						t.Error("not ended after all endings")
					}
				})
			})
		}
	}
}

func drainC(c <-chan Event) {
	for range c {
	}
}

func closeInside(seq func(func(Event) bool), s *Subscription) {
	for range seq {
		s.Close()
	}
}

func stopInside(seq func(func(Event) bool), s *Subscription) {
	for range seq {
		s.Stop()
	}
}

func fromC(c <-chan Event) func(func(Event) bool) {
	return func(yield func(Event) bool) {
		for e := range c {
			if !yield(e) {
				return
			}
		}
	}
}

func orders(of []string) (all [][]string) {
	if len(of) <= 1 {
		return [][]string{of}
	}
	for i, first := range of {
		rest := slices.Delete(slices.Clone(of), i, i+1)
		for _, tail := range orders(rest) {
			all = append(all, append([]string{first}, tail...))
		}
	}
	return all
}

// The same without an order, for the race detector.
func TestEndingsAtTheSameTime(t *testing.T) {
	for range 300 {
		var h Hub
		s := h.Subscribe(All, 8)
		c := NewSubscription(All, 8)
		c.Join(&h)
		var wg sync.WaitGroup
		for _, f := range []func(){
			h.Close, s.Close, s.Stop, c.Stop, func() { c.Join(&h) },
			func() { drainC(s.C()) },
			func() {
				for range c.Events(context.Background()) {
				}
			},
			func() {
				for range 20 {
					h.Emit(&Event{Kind: Connected})
				}
			},
			func() { h.Subscribe(All, 1).Close() },
		} {
			wg.Go(f)
		}
		wg.Wait()
		if !isOver(s) || !isOver(c) {
			t.Fatal("a subscription did not end")
		}
	}
}

func TestSeveralReadersShareTheEvents(t *testing.T) {
	var h Hub
	s := h.Subscribe(All, 10_000)
	var taken atomic.Uint64
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for e := range s.Events(context.Background()) {
				if e.Kind == Connected {
					taken.Add(1)
				}
			}
		})
	}
	for range 5_000 {
		h.Emit(&Event{Kind: Connected})
	}
	h.Close()
	wg.Wait()
	if taken.Load() != 5_000 {
		t.Errorf("three readers took %d of 5000 events", taken.Load())
	}
}
