package monitor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// drain takes what is there, without waiting.
func drain(s *Subscription) (story []Event) {
	for {
		e, ok := s.Poll()
		if !ok {
			return story
		}
		story = append(story, e)
	}
}

func kindsOf(story []Event) (ks []Kind) {
	for _, e := range story {
		ks = append(ks, e.Kind)
	}
	return ks
}

func wantKinds(t *testing.T, what string, story []Event, want ...Kind) {
	t.Helper()
	if got := kindsOf(story); !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func isOver(s *Subscription) bool {
	_, err := s.Next(context.Background()) // a test that hangs here has its answer
	return err == io.EOF
}

func TestEveryEventHasANumberWatchedOrNot(t *testing.T) {
	var h Hub
	h.Emit(&Event{Kind: Connected})
	h.Emit(&Event{Kind: HandshakeSucceeded})
	if h.Seq() != 2 {
		t.Fatalf("two events nobody watched, and Seq is %d", h.Seq())
	}
	s := h.Subscribe(Connected|Disconnected, 0)
	defer s.Close()
	for _, k := range []Kind{Connected, HandshakeSucceeded, Disconnected, Connected} {
		h.Emit(&Event{Kind: k})
	}
	story := drain(s)
	wantKinds(t, "the mask", story, Connected, Disconnected, Connected)
	for i, seq := range []uint64{3, 5, 6} { // the mask leaves a hole at 4
		if story[i].Seq != seq {
			t.Errorf("event %d has number %d, want %d", i, story[i].Seq, seq)
		}
	}
}

func TestEmitStampsTheCopyAndLeavesTheOriginal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := Hub{SocketID: 3, SocketName: "md", SocketType: "PUB"}
		s := h.Subscribe(All, 0)
		e := Event{Kind: Accepted | Inproc, Conn: 7, FD: -1, Err: io.EOF, Topic: "x"}
		h.Emit(&e)
		if e != (Event{Kind: Accepted | Inproc, Conn: 7, FD: -1, Err: io.EOF, Topic: "x"}) {
			t.Errorf("Emit changed its caller's event: %+v", e)
		}
		want := e
		want.Kind, want.Seq, want.Time = Accepted, 1, time.Now()
		want.SocketID, want.SocketName, want.SocketType = 3, "md", "PUB"
		if got := drain(s); len(got) != 1 || got[0] != want {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
		then := time.Now().Add(-time.Second)
		h.Emit(&Event{Kind: Accepted, Time: then, SocketID: 4})
		if got := drain(s); len(got) != 1 || got[0].Time != then || got[0].SocketID != 4 || got[0].SocketName != "" {
			t.Errorf("a time and socket that were given are overwritten: %+v", got)
		}
	})
}

func TestInprocIsOnlyForThoseWhoAsk(t *testing.T) {
	var h Hub
	classic, all, other := h.Subscribe(Classic, 0), h.Subscribe(All, 0), h.Subscribe(Closed|Inproc, 0)
	h.Emit(&Event{Kind: Connected | Inproc})
	h.Emit(&Event{Kind: Closed})
	wantKinds(t, "a mask without Inproc", drain(classic), Closed)
	wantKinds(t, "a mask with Inproc", drain(all), Connected, Closed)
	wantKinds(t, "a mask with Inproc and another kind", drain(other), Closed)
	if h.Seq() != 2 {
		t.Errorf("Seq is %d after two events", h.Seq())
	}
}

func TestWantedIsTheUnionOfTheReaders(t *testing.T) {
	var h Hub
	a, b := h.Subscribe(Connected, 0), h.Subscribe(Closed|Inproc, 0)
	for _, c := range []struct {
		do   func()
		want Mask
	}{
		{func() {}, Connected | Closed | Inproc},
		{a.Close, Closed | Inproc},
		{func() { a.Close(); a.Stop() }, Closed | Inproc},
		{b.Stop, 0},
		{func() { h.Subscribe(Flow, 0) }, Flow},
		{h.Close, 0},
		{func() { h.Subscribe(Flow, 0) }, 0},
	} {
		if c.do(); h.Wanted() != c.want {
			t.Errorf("wanted is %v, want %v", h.Wanted(), c.want)
		}
	}
}

// M1: nothing that a reader does or does not do reaches the one who emits.
func TestReadersCannotHoldUpTheSocket(t *testing.T) {
	var h Hub
	unread := h.Subscribe(All, 0)
	defer unread.Close()
	abandoned := h.Subscribe(All, 0)
	defer abandoned.Close()
	abandoned.C() // its goroutine waits for ever to hand over one event
	const n = 100_000
	for range n {
		h.Emit(&Event{Kind: Connected})
	}
	if h.Seq() != n {
		t.Errorf("Seq is %d, want %d", h.Seq(), n)
	}
	if want := uint64(n - defaultBuffer); unread.Lost() != want {
		t.Errorf("the unread subscription lost %d, want %d: all but what it promised to keep", unread.Lost(), want)
	}
}

func TestEmitDoesNotAllocate(t *testing.T) {
	e := Event{Kind: Connected, Conn: 7, Endpoint: "tcp://db:1", FD: -1, Err: io.EOF}
	var nobody Hub
	if n := testing.AllocsPerRun(1000, func() { nobody.Emit(&e) }); n != 0 {
		t.Errorf("with nobody watching: %v allocations", n)
	}
	var unread Hub
	s := unread.Subscribe(All, 16)
	defer s.Close()
	if n := testing.AllocsPerRun(1000, func() { unread.Emit(&e) }); n != 0 {
		t.Errorf("into a full ring: %v allocations", n)
	}
	if s.Lost() == 0 {
		t.Error("the ring was never full: the test shows nothing")
	}
	var read Hub
	r := read.Subscribe(All, 16)
	defer r.Close()
	if n := testing.AllocsPerRun(1000, func() { read.Emit(&e); _, _ = r.Poll() }); n != 0 {
		t.Errorf("with a reader that polls: %v allocations", n)
	}
	if n := testing.AllocsPerRun(1000, func() { local := Event{Kind: Connected}; read.Emit(&local) }); n != 0 {
		t.Errorf("of an event on the stack: %v allocations", n)
	}
}

// M3: the order of delivery is the order of what happened, whoever emits.
func TestOrder(t *testing.T) {
	var h Hub
	s := h.Subscribe(All, 100_000)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5_000 {
				h.Emit(&Event{Kind: Connected})
			}
		})
	}
	wg.Wait()
	story := drain(s)
	if len(story) != 20_000 {
		t.Fatalf("%d events arrived of 20000", len(story))
	}
	for i, e := range story {
		if e.Seq != uint64(i+1) {
			t.Fatalf("event %d has number %d", i, e.Seq)
		}
		if i > 0 && e.Time.Before(story[i-1].Time) {
			t.Fatalf("event %d happened before the one before it", e.Seq)
		}
	}
}

// M5: at three speeds of reading, what was received and what Lost tells make
// all there was, and every gap is where its Lost says.
func TestLostSumsExactly(t *testing.T) {
	for name, pause := range map[string]time.Duration{"fast": 0, "too slow": 40 * time.Microsecond, "far too slow": 5 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var h Hub
				s := h.Subscribe(All, 64)
				const bursts, burst = 200, 50 // 50 events a millisecond
				var received, told uint64
				var wg sync.WaitGroup
				wg.Go(func() {
					next := uint64(1)
					for e := range s.Events(t.Context()) {
						if e.Kind == Lost {
							told += e.Count
							next += e.Count
							if e.Seq != next-1 {
								t.Errorf("lost %d events up to number %d, but the gap ends at %d", e.Count, e.Seq, next-1)
							}
							continue
						}
						if e.Seq != next {
							t.Errorf("number %d where %d is due, and no Lost between", e.Seq, next)
							return
						}
						next++
						received++
						time.Sleep(pause)
					}
				})
				for range bursts {
					for range burst {
						h.Emit(&Event{Kind: Connected})
					}
					time.Sleep(time.Millisecond)
				}
				h.Close()
				wg.Wait()
				if sum := received + told; sum != bursts*burst+1 { // and MonitorStopped
					t.Errorf("received %d and lost %d make %d, emitted were %d", received, told, sum, bursts*burst+1)
				}
				if told != s.Lost() || (told == 0) != (pause == 0) {
					t.Errorf("told of %d lost events, counted %d; the reader was %s", told, s.Lost(), name)
				}
			})
		})
	}
}

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
	if !isOver(s) || !isOver(s) {
		t.Error("want io.EOF after MonitorStopped, again and again")
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

// Random pushes and pops against a slice.
func TestRingAgainstASlice(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 0))
		r := ring{slots: make([]Event, 1+rng.IntN(5))}
		var twin []uint64
		var lost, seq uint64
		for range 200 {
			switch op := rng.IntN(10); {
			case op < 5:
				seq++
				if len(twin) == len(r.slots) {
					twin, lost = twin[1:], lost+1
				}
				twin = append(twin, seq)
				r.push().Seq = seq
			case op < 9:
				if r.empty() != (len(twin) == 0 && lost == 0) {
					t.Fatalf("seed %d: empty is %v with %v and %d lost", seed, r.empty(), twin, lost)
				}
				if r.empty() {
					continue
				}
				e := r.pop()
				if lost > 0 {
					if e.Kind != Lost || e.Count != lost || e.Seq != twin[0]-1 {
						t.Fatalf("seed %d: got %+v, want %d lost before %d", seed, e, lost, twin[0])
					}
					lost = 0
					continue
				}
				if e.Seq != twin[0] || e.Kind == Lost {
					t.Fatalf("seed %d: got %+v, want %d", seed, e, twin[0])
				}
				twin = twin[1:]
			case len(r.slots) < 40:
				r.move(make([]Event, 2*len(r.slots)))
			}
		}
	}
}

func BenchmarkEmitNobody(b *testing.B) {
	var h Hub
	e := Event{Kind: Connected}
	b.ReportAllocs()
	for b.Loop() {
		h.Emit(&e)
	}
}

func BenchmarkEmitUnread(b *testing.B) {
	var h Hub
	s := h.Subscribe(All, 0)
	defer s.Close()
	e := Event{Kind: Connected}
	b.ReportAllocs()
	for b.Loop() {
		h.Emit(&e)
	}
}

func BenchmarkEmitRead(b *testing.B) {
	var h Hub
	s := h.Subscribe(All, 0)
	defer s.Close()
	e := Event{Kind: Connected}
	b.ReportAllocs()
	for b.Loop() {
		h.Emit(&e)
		s.Poll()
	}
}

func BenchmarkTimeNow(b *testing.B) {
	for b.Loop() {
		_ = time.Now()
	}
}

func BenchmarkSubscribe(b *testing.B) {
	var h Hub
	b.ReportAllocs()
	for b.Loop() {
		h.Subscribe(All, 0).Close()
	}
}
