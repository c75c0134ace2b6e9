package pattern

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/internal/pipe"
	"github.com/glassmq/zmq/monitor"
)

// A ring is held against a naive twin: the active pipes as a set. Whoever is active gets a turn before anybody gets a
// second one, whoever is not gets none, and nobody is lost when others come and go.
func TestRingAgainstATwin(t *testing.T) {
	for seed := range uint64(50) {
		r := rand.New(rand.NewPCG(seed, 1))
		f := NewFairQueue()
		active := map[*pipe.Pipe]bool{} // attached, and whether active
		var all []*pipe.Pipe
		for range 2000 {
			var p *pipe.Pipe
			if len(all) > 0 {
				p = all[r.IntN(len(all))]
			}
			switch r.IntN(6) {
			case 0:
				p = &pipe.Pipe{}
				f.Attach(p)
				all, active[p] = append(all, p), true
			case 1:
				if p != nil {
					if was := f.Detach(p); !was {
						t.Fatalf("seed %d: an attached pipe was not there", seed)
					}
					if f.Detach(p) {
						t.Fatalf("seed %d: a pipe was there twice", seed)
					}
					all = slices.DeleteFunc(all, func(q *pipe.Pipe) bool { return q == p })
					delete(active, p)
				}
			case 2:
				if p != nil {
					f.Empty(p)
					active[p] = false
				}
			case 3:
				if p != nil {
					f.Ready(p)
					active[p] = true
				}
			default:
				turns := map[*pipe.Pipe]int{}
				n := 0
				for _, on := range active {
					if on {
						n++
					}
				}
				for range n {
					p, err := f.Choose()
					if err != nil || p == nil || !active[p] {
						t.Fatalf("seed %d: chose %p, %v with %d active", seed, p, err, n)
					}
					turns[p]++
					f.Took(p, message.Message{})
				}
				if len(turns) != n {
					t.Fatalf("seed %d: %d turns went to %d of %d active pipes", seed, n, len(turns), n)
				}
				if n == 0 {
					if p, _ := f.Choose(); p != nil {
						t.Fatalf("seed %d: chose a pipe that is not active", seed)
					}
				}
			}
		}
	}
}

func TestRoundRobinPassesOverTheFull(t *testing.T) {
	r := NewRoundRobin()
	a, b, c := &pipe.Pipe{}, &pipe.Pipe{}, &pipe.Pipe{}
	for _, p := range []*pipe.Pipe{a, b, c} {
		r.Attach(p)
	}
	if r.Only() != nil {
		t.Error("one of three is the only one")
	}
	r.Full(b)
	var got []*pipe.Pipe
	for range 4 {
		p, _, _ := r.Choose()
		got = append(got, p)
		r.Took(p)
	}
	if slices.Contains(got, b) || got[0] != got[2] || got[1] != got[3] || got[0] == got[1] {
		t.Errorf("with one full the turns are %v", got)
	}
	r.Full(a)
	r.Full(c)
	if p, _, _ := r.Choose(); p != nil {
		t.Error("chose a full pipe")
	}
	r.Ready(b)
	if p, _, _ := r.Choose(); p != b {
		t.Error("did not choose the one that has room again")
	}
}

func msg(conn monitor.ConnID, frames ...string) message.Message {
	var slab message.Slab
	m := message.Single(nil, &message.Rest{Peer: &monitor.Peer{Conn: conn}})
	for _, f := range slices.Backward(frames) {
		if m.Len() == 0 {
			m.Head = []byte(f)
		} else {
			m = slab.Prepend([]byte(f), m)
		}
	}
	return m
}

func TestReqHearsWhomItAsked(t *testing.T) {
	for _, c := range []struct {
		name      string
		correlate bool
		from      int // which of the two pipes answers: 0 was asked
		conn      monitor.ConnID
		frames    []string
		keep      bool
	}{
		{"an answer", false, 0, 5, []string{"", "yes"}, true},
		{"an answer of two frames", false, 0, 5, []string{"", "yes", ""}, true},
		{"another's", false, 1, 5, []string{"", "yes"}, false},
		{"no delimiter", false, 0, 5, []string{"yes"}, false},
		{"nothing behind it", false, 0, 5, []string{""}, false},
		{"a late one", false, 0, 3, []string{"", "yes"}, false},
		{"numbered", true, 0, 5, []string{"\x00\x00\x00\x02", "", "yes"}, true},
		{"numbered for another", true, 0, 5, []string{"\x00\x00\x00\x01", "", "yes"}, false},
		{"not numbered", true, 0, 5, []string{"", "yes"}, false},
	} {
		r := NewReq()
		r.Correlate = c.correlate
		s, in := r.Sender(), r.Receiver()
		pipes := []*pipe.Pipe{{}, {}}
		s.Attach(pipes[0])
		in.Attach(pipes[0])
		in.Attach(pipes[1])
		if _, err := in.Choose(); !errors.Is(err, ErrState) {
			t.Fatalf("%s: receives before it asked: %v", c.name, err)
		}
		ask := func() {
			p, envelope, err := s.Choose()
			if p != pipes[0] || err != nil || len(envelope[len(envelope)-1]) != 0 || len(envelope) == 2 != c.correlate {
				t.Fatalf("%s: asks %p behind %q, %v", c.name, p, envelope, err)
			}
			s.Took(p)
		}
		ask()
		if _, _, err := s.Choose(); !errors.Is(err, ErrState) {
			t.Fatalf("%s: asks twice: %v", c.name, err)
		}
		if got := r.GiveUp(3); (got == nil) != c.correlate {
			t.Fatalf("%s: giving up returns %p", c.name, got)
		}
		ask()
		m := msg(c.conn, c.frames...)
		if in.Fits(pipes[c.from], m) != c.keep {
			t.Errorf("%s: Fits is not %v", c.name, c.keep)
		}
		rest, keep := in.Took(pipes[c.from], m)
		if keep != c.keep || (r.Awaits() == nil) != c.keep {
			t.Errorf("%s: kept %v, want %v", c.name, keep, c.keep)
		}
		if keep && string(rest.Head) != "yes" {
			t.Errorf("%s: the answer is %q", c.name, rest.Head)
		}
	}
}

func TestRepAnswersWhoAsked(t *testing.T) {
	r := NewRep()
	s, in := r.Sender(), r.Receiver()
	p := &pipe.Pipe{Out: pipe.NewQueue(0, nil)}
	s.Attach(p)
	in.Attach(p)
	p.SetConn(7)
	if _, _, err := s.Choose(); !errors.Is(err, ErrState) {
		t.Errorf("answers before it was asked: %v", err)
	}
	for _, bad := range [][]string{{"x"}, {"x", "y"}, {""}, {"x", ""}} {
		if _, keep := in.Took(p, msg(7, bad...)); keep || in.Fits(p, msg(7, bad...)) {
			t.Errorf("a request of %q was kept", bad)
		}
	}
	m, keep := in.Took(p, msg(7, "via", "far", "", "body", ""))
	if !keep || m.Len() != 2 || string(m.Head) != "body" {
		t.Fatalf("the request is %v, %v", m, keep)
	}
	if _, err := in.Choose(); !errors.Is(err, ErrState) {
		t.Errorf("receives with a request unanswered: %v", err)
	}
	to, envelope, err := s.Choose()
	if to != p || err != nil || len(envelope) != 3 || string(envelope[0]) != "via" || string(envelope[1]) != "far" || len(envelope[2]) != 0 {
		t.Fatalf("answers %p behind %q, %v", to, envelope, err)
	}
	p.SetConn(8) // who asked is gone, and another came over the same endpoint
	to, _, err = s.Choose()
	if to == p || err != nil || to.Out.Put(nil, [][]byte{{1}}) != pipe.Closed || !s.Drops() {
		t.Error("the answer to a peer that is gone goes to the next one")
	}
	s.Took(to)
	if _, _, err := s.Choose(); !errors.Is(err, ErrState) {
		t.Errorf("answers twice: %v", err)
	}
}

// Who comes back does not overtake what it had left; who was there all along does not wait for that.
func TestFairQueueKeepsWhoComesBackInOrder(t *testing.T) {
	f := NewFairQueue()
	old, again, other := &pipe.Pipe{}, &pipe.Pipe{}, &pipe.Pipe{}
	f.Attach(old)
	f.Attach(other)
	f.Leave(old)
	f.Attach(again)
	f.Meet(again)
	f.Ready(again)
	turns := func() map[*pipe.Pipe]int {
		n := map[*pipe.Pipe]int{}
		for range 4 {
			p, _ := f.Choose()
			n[p]++
			f.Took(p, message.Message{})
		}
		return n
	}
	if n := turns(); n[old] != 2 || n[other] != 2 {
		t.Errorf("with messages of one that left: %d turns for those, %d for another, %d for a newcomer", n[old], n[other], n[again])
	}
	f.Empty(old)
	f.Detach(old)
	if n := turns(); n[again] != 2 || n[other] != 2 {
		t.Errorf("when they are taken: %d turns for the newcomer, %d for the other", n[again], n[other])
	}
}

// A crowd is looked ahead at: all get their turns as without, and all that they have, be it an empty message at the very end.
func TestACrowdHasItsTurns(t *testing.T) {
	const pipes, rounds = 2*ahead + 5, 3
	f := NewFairQueue()
	number := map[*pipe.Pipe]int{}
	for i := range pipes {
		p := &pipe.Pipe{In: pipe.NewQueue(0, nil)}
		var from *monitor.Peer
		if i%2 == 0 {
			from = &monitor.Peer{}
		}
		for k := range rounds {
			p.In.Tell(from, make([]byte, i*(rounds-1-k)))
		}
		f.Attach(p)
		number[p] = i
	}
	var slab message.Slab
	for k := range rounds {
		had := map[*pipe.Pipe]bool{}
		for range pipes {
			f.LookAhead()
			p := f.Current()
			m, ok, _ := p.In.Next(&slab)
			if i := number[p]; !ok || len(m.Head) != i*(rounds-1-k) {
				t.Errorf("round %d: pipe %d had %v, of %d bytes", k, i, ok, len(m.Head))
			}
			had[p] = true
			f.Next()
		}
		if len(had) != pipes {
			t.Errorf("round %d: %d of %d pipes had their turn", k, len(had), pipes)
		}
	}
	if f.seen == 0 {
		t.Error("nobody looked ahead")
	}
	f.LookAhead() // there is nothing to be seen any more
}

// Who may have messages: whoever is active, and whoever waits for those who have gone.
func TestWhoWaits(t *testing.T) {
	f := NewFairQueue()
	busy, quiet, old, again := &pipe.Pipe{}, &pipe.Pipe{}, &pipe.Pipe{}, &pipe.Pipe{}
	for _, p := range []*pipe.Pipe{busy, quiet, old, again} {
		f.Attach(p)
	}
	f.Empty(quiet)
	f.Leave(old)
	f.Meet(again)
	waits := map[*pipe.Pipe]bool{}
	for p := range f.Waiting {
		waits[p] = true
	}
	if len(waits) != 3 || waits[quiet] {
		t.Errorf("%d wait, want three; one without messages: %v", len(waits), waits[quiet])
	}
	for range f.Waiting {
		break
	}
}
