package observe_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe"
	"github.com/glassmq/zmq/observe/fact"
	"github.com/glassmq/zmq/zmqtest"
)

// An agent is the other end: what glass serve is in life.
type agent struct {
	t      *testing.T
	router *zmq.Router
}

func newAgent(t *testing.T, n *zmqtest.Network, cfg zmq.Config) agent {
	t.Helper()
	cfg.Context = n.Context(t)
	a := agent{t, zmq.NewRouter(cfg)}
	_, err := a.router.Bind("tcp://agent:1")
	must(t, err)
	return a
}

// read is what has come by now: the events in words, and the states.
func (a agent) read() (events []string, states []fact.State, facts []fact.Fact) {
	a.t.Helper()
	for {
		synctest.Wait()
		m, err := a.router.Recv(zmq.NoWait)
		if errors.Is(err, zmq.ErrWouldBlock) {
			return events, states, facts
		}
		must(a.t, err)
		f, s, err := fact.Parse(m.Body())
		must(a.t, err)
		if s != nil {
			states = append(states, *s)
			continue
		}
		facts = append(facts, *f)
		events = append(events, f.SocketName+" "+f.Name)
	}
}

func forward(t *testing.T, n *zmqtest.Network, x *zmq.Context, o observe.ForwardOptions) *observe.Forwarder {
	t.Helper()
	o.Network = n.Network()
	f, err := observe.Forward(t.Context(), x, "tcp://agent:1", o)
	must(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}

func wantLines(t *testing.T, when string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: the agent got\n  %s\nwant\n  %s", when, strings.Join(got, "\n  "), strings.Join(want, "\n  "))
	}
}

func TestForward(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := zmqtest.NewNetwork()
		a := newAgent(t, n, zmq.Config{})
		x := n.Context(t)
		pull := zmq.NewPull(zmq.Config{Context: x, Name: "pull"})
		_, err := pull.Bind("tcp://hub:1")
		must(t, err)
		f := forward(t, n, x, observe.ForwardOptions{App: "md"})
		events, states, _ := a.read()
		wantLines(t, "what has been is not told again", events)
		if len(states) != 1 || !states[0].Full || states[0].Name != "pull" || states[0].App != "md" || states[0].Instance != f.Instance() ||
			len(states[0].Endpoints) != 1 || states[0].SendHWM != 1000 {
			t.Errorf("the states are %+v, want the whole of pull", states)
		}

		push := zmq.NewPush(zmq.Config{Context: x, Name: "push"})
		must(t, push.Connect("tcp://hub:1"))
		must(t, push.Send(t.Context(), []byte("x")))
		events, states, facts := a.read()
		slices.Sort(events) // of two sockets at one moment there is no order
		wantLines(t, "at once", events, "pull accepted", "pull handshake_succeeded", "push connected", "push handshake_succeeded")
		if len(states) != 0 || facts[0].Instance != f.Instance() {
			t.Errorf("got %d states between the seconds; the first event is of %+v", len(states), facts[0].Instance)
		}
		time.Sleep(time.Second)
		_, states, _ = a.read()
		if len(states) != 2 {
			t.Fatalf("a second later there are %d states, want one of each socket", len(states))
		}
		for _, s := range states {
			if wasThere := s.Name == "pull"; s.Full == wasThere || len(s.Peers) != 1 || s.Peers[0].MessagesIn+s.Peers[0].MessagesOut != 1 {
				t.Errorf("%s: %+v; want what has changed, and of the new socket everything", s.Name, s)
			}
		}
		time.Sleep(20 * time.Second)
		if _, states, _ = a.read(); len(states) != 0 {
			t.Errorf("nothing has changed, and %d states came", len(states))
		}
		time.Sleep(10 * time.Second)
		if _, states, _ = a.read(); len(states) != 2 || !states[0].Full {
			t.Errorf("half a minute later: %+v, want both whole", states)
		}

		must(t, push.Close())
		must(t, f.Close())
		events, _, _ = a.read()
		wantLines(t, "Close has told the last", events[len(events)-1:], "push monitor_stopped")
		must(t, pull.Close())
		if events, _, _ = a.read(); len(events) > 0 {
			t.Errorf("after Close came %v", events)
		}
	})
}

// The end of the sockets' Context is the end of the story, and all of it is told.
func TestForwardEndsWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := zmqtest.NewNetwork()
		a := newAgent(t, n, zmq.Config{})
		x := n.Context(t)
		f := forward(t, n, x, observe.ForwardOptions{})
		_, err := zmq.NewPull(zmq.Config{Context: x, Name: "pull"}).Bind("tcp://hub:1")
		must(t, err)
		synctest.Wait()
		must(t, x.Close())
		events, _, _ := a.read()
		wantLines(t, "", events, "pull listening", "pull closed", "pull unbound", "pull monitor_stopped")
		must(t, f.Close())
		late, err := observe.Forward(t.Context(), x, "tcp://agent:1", observe.ForwardOptions{Network: n.Network()})
		must(t, err)
		synctest.Wait() // it has seen that there is nothing to tell
		must(t, late.Close())
	})
}

// trouble makes n events: a Bind that fails has one.
func trouble(t *testing.T, s zmq.Socket, n int) {
	t.Helper()
	for range n {
		if _, err := s.Bind("tcp://taken:1"); err == nil {
			t.Fatal("tcp://taken:1 was free")
		}
	}
}

func taken(t *testing.T, n *zmqtest.Network) {
	t.Helper()
	_, err := zmq.NewRep(zmq.Config{Context: n.Context(t)}).Bind("tcp://taken:1")
	must(t, err)
}

// Without an agent nothing waits. What fits is kept for it, what does not is counted; when it comes it hears both, and then
// how things are.
func TestForwardWithoutAnAgent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := zmqtest.NewNetwork()
		taken(t, n)
		x := n.Context(t)
		pull := zmq.NewPull(zmq.Config{Context: x, Name: "pull"})
		f := forward(t, n, x, observe.ForwardOptions{Buffer: 10})
		began := time.Now()
		trouble(t, pull, 100)
		if d := time.Since(began); d != 0 {
			t.Errorf("100 events took %v", d)
		}
		time.Sleep(time.Minute)
		if f.Lost() != 90 {
			t.Errorf("lost %d, want the 90 that had no room", f.Lost())
		}

		a := newAgent(t, n, zmq.Config{})
		time.Sleep(10 * time.Second) // the next attempt, and the next round of states
		events, states, facts := a.read()
		if len(events) != 11 || facts[10].Kind != monitor.Lost || facts[10].Count != 90 || facts[10].SocketName != "pull" {
			t.Errorf("the agent got %v; want 10 events, and that 90 are lost", events)
		}
		if len(states) == 0 || !states[0].Full {
			t.Errorf("the agent got the states %+v, want a whole one", states)
		}
		must(t, f.Close())
	})
}

func TestCloseWithoutAnAgentIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := zmqtest.NewNetwork()
		taken(t, n)
		x := n.Context(t)
		pull := zmq.NewPull(zmq.Config{Context: x})
		f := forward(t, n, x, observe.ForwardOptions{Linger: 3 * time.Second})
		trouble(t, pull, 5)
		began := time.Now()
		err := f.Close()
		if d := time.Since(began); d != 3*time.Second || !errors.Is(err, zmq.ErrDropped) || f.Lost() != 5 {
			t.Errorf("Close took %v and returned %v; lost %d; want 3 s, and the 5 events", d, err, f.Lost())
		}
		if again := f.Close(); again != err {
			t.Errorf("the second Close returned %v", again)
		}
	})
}

// An agent that hangs holds up nobody, and costs no more than the buffer; when it goes on it gets what fitted, and the rest
// as a number.
func TestForwardToAnAgentThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := zmqtest.NewNetwork()
		taken(t, n)
		a := newAgent(t, n, zmq.Config{RecvHWM: 10})
		x := n.Context(t)
		pull := zmq.NewPull(zmq.Config{Context: x, Name: "pull"})
		f := forward(t, n, x, observe.ForwardOptions{Buffer: 100})
		if _, states, _ := a.read(); len(states) != 1 {
			t.Fatalf("at first %d states", len(states))
		}
		const events = 3000
		for range events / 100 {
			trouble(t, pull, 100)
			time.Sleep(10 * time.Millisecond)
		}
		if f.Lost() == 0 || f.Lost() >= events {
			t.Fatalf("lost %d of %d: the test wants an agent that takes some", f.Lost(), events)
		}
		time.Sleep(5 * time.Second)
		got, lost, whole := 0, uint64(0), false
		for i := range 5 {
			_, states, facts := a.read()
			if i == 0 && len(states) > 0 {
				t.Errorf("%d states were queued behind events that nobody read", len(states))
			}
			for _, e := range facts {
				if got++; e.Kind == monitor.Lost {
					got--
					lost += e.Count
				}
			}
			for _, s := range states {
				whole = whole || s.Full && lost > 0
			}
			time.Sleep(time.Second)
		}
		if uint64(got)+lost != events || lost != f.Lost() {
			t.Errorf("the agent got %d events, and heard that %d are lost; there were %d, and the program counts %d", got, lost, events, f.Lost())
		}
		if !whole {
			t.Error("after the loss came no whole state")
		}
	})
}

// States do not queue: the next one says more. And an agent may hang for as long as it likes without losing its connection,
// and what that has taken.
func TestStatesDoNotQueueForAnAgentThatHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := zmqtest.NewNetwork()
		a := newAgent(t, n, zmq.Config{RecvHWM: 1})
		x := n.Context(t)
		pull, push := zmq.NewPull(zmq.Config{Context: x, Name: "pull"}), zmq.NewPush(zmq.Config{Context: x, Name: "push"})
		_, err := pull.Bind("inproc://jobs")
		must(t, err)
		must(t, push.Connect("inproc://jobs"))
		f := forward(t, n, x, observe.ForwardOptions{Buffer: 100})
		most, sent := 0.0, uint64(0)
		for range 3600 {
			must(t, push.Send(t.Context(), []byte("x")))
			sent++
			if _, err := pull.Recv(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
			synctest.Wait()
			most = max(most, waiting(t, f))
		}
		if most == 0 || most > 2 {
			t.Errorf("up to %v lines were queued in an hour; want one round, of two sockets", most)
		}
		a.read()
		time.Sleep(2 * time.Second)
		_, states, _ := a.read()
		if len(states) == 0 || states[len(states)-1].MessagesIn+states[len(states)-1].MessagesOut != sent || f.Lost() != 0 {
			t.Errorf("an agent that goes on gets %+v, lost %d; want the present, %d messages", states, f.Lost(), sent)
		}
	})
}

func waiting(t *testing.T, f *observe.Forwarder) float64 {
	t.Helper()
	for line := range strings.SplitSeq(text(t, f), "\n") {
		if value, ok := strings.CutPrefix(line, `zmq_monitor_queue_events{sink="forward"} `); ok {
			n, err := strconv.ParseFloat(value, 64)
			must(t, err)
			return n
		}
	}
	t.Fatal("the Forwarder does not show how many lines wait")
	return 0
}

// An agent that was restarted knows nothing, and is told everything.
func TestAnAgentThatComesBackIsToldEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := zmqtest.NewNetwork()
		a := newAgent(t, n, zmq.Config{})
		x := n.Context(t)
		for _, name := range []string{"a", "b"} {
			_, err := zmq.NewPull(zmq.Config{Context: x, Name: name}).Bind("tcp://" + name + ":1")
			must(t, err)
		}
		forward(t, n, x, observe.ForwardOptions{})
		if _, states, _ := a.read(); len(states) != 2 {
			t.Errorf("at first %d states", len(states))
		}
		must(t, a.router.Close())
		a = newAgent(t, n, zmq.Config{})
		time.Sleep(150 * time.Millisecond) // the dialler's first pause is 100 ms, and a half by chance
		if _, states, _ := a.read(); len(states) != 2 || !states[0].Full || !states[1].Full {
			t.Errorf("the new one got %+v, want both whole, at once", states)
		}
	})
}

func TestForwardRefuses(t *testing.T) {
	for endpoint, want := range map[string]string{
		"inproc://agent": "use tcp or ipc",
		"nowhere":        "nowhere",
	} {
		f, err := observe.Forward(t.Context(), zmq.NewContext(zmq.ContextConfig{}), endpoint, observe.ForwardOptions{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, %v, want an error about %q", endpoint, f, err, want)
		}
	}
}
