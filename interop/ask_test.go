package interop

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// A probe is an empty message from who has just come, so that a ROUTER knows of it before it speaks (zmq_setsockopt(3),
// ZMQ_PROBE_ROUTER).
func TestOurProbe(t *testing.T) {
	p := startPeer(t)
	for _, typ := range []zmq.Type{zmq.DEALER, zmq.REQ, zmq.ROUTER} {
		t.Run(typ.String(), func(t *testing.T) {
			bothWays(t, func(t *testing.T, weBind bool) {
				o, s := open(t, typ, zmq.Config{RoutingID: "guest", ProbeRouter: true}), p.open(t, "ROUTER", options{"ROUTING_ID": "router"})
				join(t, o, s, weBind)
				wantFrames(t, "what ROUTER received", s.show(t), "guest", "")
				switch typ {
				case zmq.REQ:
					o.put(t, "question")
					wantFrames(t, "what ROUTER received", s.show(t), "guest", "", "question")
					s.put(t, "guest", "", "answer")
					wantFrames(t, "what we received", o.show(t), "answer")
				case zmq.DEALER:
					s.put(t, "guest", "welcome")
					wantFrames(t, "what we received", o.show(t), "welcome")
				case zmq.ROUTER:
					s.put(t, "guest", "welcome")
					wantFrames(t, "what we received", o.show(t), "router", "welcome")
				}
			})
		})
	}
}

func TestTheirProbe(t *testing.T) {
	p := startPeer(t)
	for _, typ := range []string{"DEALER", "REQ", "ROUTER"} {
		t.Run(typ, func(t *testing.T) {
			bothWays(t, func(t *testing.T, weBind bool) {
				o, s := open(t, zmq.ROUTER, zmq.Config{RoutingID: "router"}), p.open(t, typ, options{"ROUTING_ID": "guest", "PROBE_ROUTER": 1})
				join(t, o, s, weBind)
				wantFrames(t, "what we received", o.show(t), "guest", "")
				switch typ {
				case "REQ":
					s.put(t, "question")
					wantFrames(t, "what we received", o.show(t), "guest", "", "question")
					o.put(t, "guest", "", "answer")
					wantFrames(t, "what they received", s.show(t), "answer")
				case "DEALER":
					o.put(t, "guest", "welcome")
					wantFrames(t, "what they received", s.show(t), "welcome")
				case "ROUTER":
					o.put(t, "guest", "welcome")
					wantFrames(t, "what they received", s.show(t), "router", "welcome")
				}
			})
		})
	}
}

// A numbered request has its number before the delimiter, and the answer brings it back (ZMQ_REQ_CORRELATE).
func TestOurNumberedRequests(t *testing.T) {
	p := startPeer(t)
	bothWays(t, func(t *testing.T, weBind bool) {
		o, s := open(t, zmq.REQ, zmq.Config{RoutingID: "asker", ReqCorrelate: true}), p.open(t, "ROUTER", nil)
		join(t, o, s, weBind)
		seen := map[string]bool{}
		for range 3 {
			o.put(t, "question")
			q := s.show(t)
			if len(q) != 4 || q[0] != "asker" || len(q[1]) != 4 || seen[q[1]] || q[2] != "" || q[3] != "question" {
				t.Fatalf("ROUTER received %q", q)
			}
			seen[q[1]] = true
			s.put(t, "asker", "1234", "", "the answer to another question")
			s.put(t, "asker", "", "an answer without a number")
			s.put(t, "asker", q[1], "", "the answer")
			wantFrames(t, "what we received", o.show(t), "the answer")
		}
	})
	bothWays(t, func(t *testing.T, weBind bool) { // their REP does not see it
		o, s := open(t, zmq.REQ, zmq.Config{ReqCorrelate: true}), p.open(t, "REP", nil)
		join(t, o, s, weBind)
		weAsk(t, o, s)
	})
}

func TestTheirNumberedRequests(t *testing.T) {
	p := startPeer(t)
	bothWays(t, func(t *testing.T, weBind bool) {
		o, s := open(t, zmq.ROUTER, zmq.Config{}), p.open(t, "REQ", options{"ROUTING_ID": "asker", "REQ_CORRELATE": 1})
		join(t, o, s, weBind)
		s.put(t, "question")
		m := o.recv(t)
		if m.Len() != 4 || string(m.Frame(0)) != "asker" || len(m.Frame(1)) != 4 || len(m.Frame(2)) != 0 || string(m.Body()) != "question" {
			t.Fatalf("we received %q", m.AppendFrames(nil))
		}
		o.put(t, "asker", "1234", "", "the answer to another question")
		if err := o.Socket.(*zmq.Router).Reply(within(t), m, []byte("the answer")); err != nil {
			t.Fatal(err)
		}
		wantFrames(t, "what they received", s.show(t), "the answer")
	})
	bothWays(t, func(t *testing.T, weBind bool) {
		o, s := open(t, zmq.REP, zmq.Config{}), p.open(t, "REQ", options{"REQ_CORRELATE": 1})
		join(t, o, s, weBind)
		theyAsk(t, o, s)
	})
}

// Who may ask again before the answer is there gets the answer to the last question, whatever comes late (ZMQ_REQ_RELAXED).
func TestWeAskAgain(t *testing.T) {
	p := startPeer(t)
	for name, cfg := range map[string]zmq.Config{
		"numbered": {RoutingID: "asker", ReqRelaxed: true, ReqCorrelate: true},
		"plain":    {RoutingID: "asker", ReqRelaxed: true, ReconnectMin: 20 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, weBind bool) {
				o, s := open(t, zmq.REQ, cfg), p.open(t, "ROUTER", options{"ROUTER_HANDOVER": 1, "RECONNECT_IVL": 20})
				join(t, o, s, weBind)
				o.put(t, "first")
				first := s.show(t)
				o.put(t, "second")
				second := s.show(t)
				first[len(first)-1], second[len(second)-1] = "too late", "in time"
				if name == "numbered" {
					s.put(t, first...)
				}
				s.put(t, second...)
				wantFrames(t, "what we received", o.show(t), "in time")
			})
		})
	}
}

// They ask again over the same connection (4.3.4), and pass over our answer to the first question by its number.
func TestTheyAskAgain(t *testing.T) {
	p := startPeer(t)
	o, s := open(t, zmq.ROUTER, zmq.Config{}), p.open(t, "REQ", options{"REQ_RELAXED": 1, "REQ_CORRELATE": 1, "ROUTING_ID": "asker"})
	join(t, o, s, true)
	s.put(t, "first")
	first := o.show(t)
	s.put(t, "second")
	second := o.show(t)
	first[len(first)-1], second[len(second)-1] = "too late", "in time"
	o.put(t, first...)
	o.put(t, second...)
	wantFrames(t, "what they received", s.show(t), "in time")
	o.none(t, ends)
}

// A REP of theirs that dies with our question costs one deadline; the next question goes to the one that comes after it.
func TestTheirREPDiesWithTheQuestion(t *testing.T) {
	there := freeEndpoint(t)
	o := open(t, zmq.REQ, zmq.Config{ReconnectMin: 20 * time.Millisecond})
	r := o.Socket.(*zmq.Req)
	o.connect(t, there)
	mortal := startPeer(t)
	s := mortal.open(t, "REP", nil)
	s.bind(t, there)
	o.ready(t, 1)
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := r.Do(ctx, []byte("question")); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("no answer, and yet: %v", err)
	}
	if e := o.await(t, monitor.LocalClosed); e.Reason != monitor.ReasonRequestAbandoned { // a late answer must not be taken for the next one
		t.Errorf("we gave it up with %v", e)
	}
	mortal.kill(t)
	heir := startPeer(t).open(t, "REP", nil)
	heir.bind(t, there)
	echo := heir.echo(t, 1)
	m, err := r.Do(within(t), []byte("next"))
	if err != nil || string(m.Body()) != "next" {
		t.Errorf("%v %q", err, m.AppendFrames(nil))
	}
	echo.done(t)
}

// A REQ of theirs that asks our REP and is killed is forgotten; the next one is served.
func TestTheirREQDiesWithTheQuestion(t *testing.T) {
	o := open(t, zmq.REP, zmq.Config{})
	there := o.bind(t, loopback)
	mortal := startPeer(t)
	s := mortal.open(t, "REQ", nil)
	s.connect(t, there)
	s.put(t, "question")
	wantFrames(t, "the request", o.show(t), "question")
	mortal.kill(t)
	o.await(t, monitor.Disconnected)
	o.put(t, "to nobody")
	if n := o.State().Dropped; n != 1 {
		t.Errorf("%d answers were dropped", n)
	}
	p := startPeer(t)
	next := p.open(t, "REQ", nil)
	next.connect(t, there)
	theyAsk(t, o, next)
}
