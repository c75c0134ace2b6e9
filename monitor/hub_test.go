package monitor

import (
	"context"
	"io"
	"slices"
	"sync"
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
