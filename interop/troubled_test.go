package interop

import (
	"context"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// Clients of ours at a server of libzmq's whose ZAP handler is not well: they are told what libzmq tells, dial again at the pace
// that they were configured for, and are let in, with their message, as soon as the handler is well.

// pace is a client's back-off: short, and yet long enough for a loop without it to show.
var pace = zmq.Config{ReconnectMin: 50 * time.Millisecond, ReconnectMax: 100 * time.Millisecond}

// troubledServer is a process of libzmq's whose handler is ours: it answers in any order, whenever the test likes.
func troubledServer(t *testing.T) (*process, *handler) {
	t.Helper()
	p := startPeer(t)
	dealer := zmq.NewDealer(zmq.Config{}) // what the proxy's DEALER sends begins with the asker, as at a ROUTER
	passQuestions(t, p, dealer)
	return p, answering(t, dealer, nil)
}

// Each verdict, what breaks RFC 27, and what does not come in libzmq's time, or too late.
func TestTheirHandlerIsTroubled(t *testing.T) {
	t.Parallel() // it waits, most of the time
	p, h := troubledServer(t)
	for mechanism, g := range map[string]guise{"PLAIN": guises()[0], "CURVE": guises()[2]} {
		for _, v := range verdicts {
			if v.kind == 0 || v.absent {
				continue
			}
			t.Run(mechanism+", "+v.name, func(t *testing.T) {
				h.says(v.reply...)
				s := p.open(t, "DEALER", g.options(options{"HANDSHAKE_IVL": 200}))
				// Only 400 and 500 are an ERROR on the wire. Of the rest we see that they hang up, and they know why: in the same
				// words and numbers as we do where we are the server, but for the time that is over, which libzmq has no word for.
				told := refusal{monitor.HandshakeFailedNoDetail, monitor.ReasonEOFInHandshake, 0, monitor.ByPeer}
				if v.final {
					told = refusal{monitor.HandshakeFailedAuth, v.reason, v.value, monitor.ByPeer}
				}
				told.outlast(t, h, open(t, zmq.DEALER, g.config(pace)), s, func(t *testing.T) {
					if e := s.await(t, handshakeFailed); e.Event != v.kind || v.value != 0 && e.Value != v.value {
						t.Errorf("they say %v", e)
					}
				})
			})
		}
	}
}

// It never answers, or with a 300, after which libzmq says nothing and does not hang up either before its time is over; and
// libzmq has all the time in the world. Then it is we who hang up, and say so.
func TestTheirHandlerIsSilent(t *testing.T) {
	t.Parallel() // it waits, most of the time
	p, h := troubledServer(t)
	for mechanism, g := range map[string]guise{"PLAIN": guises()[0], "CURVE": guises()[2]} {
		for says, reply := range map[string][]string{"nothing": nil, "300": {"1.0", "ID", "300", "later", "", ""}} {
			t.Run(mechanism+", "+says, func(t *testing.T) {
				h.says(reply...)
				cfg := g.config(pace)
				cfg.HandshakeTimeout = 500 * time.Millisecond // they have to get to the question in it
				s := p.open(t, "DEALER", g.options(options{"HANDSHAKE_IVL": 0}))
				told := refusal{monitor.HandshakeFailedNoDetail, monitor.ReasonHandshakeTimeout, 0, monitor.ByTimer}
				told.outlast(t, h, open(t, zmq.DEALER, cfg), s, func(t *testing.T) { s.await(t, handshakeFailed) })
			})
		}
	}
}

// It takes its time, but not too much: one attempt, no failure, on either side.
func TestTheirHandlerIsSlow(t *testing.T) {
	p := startPeer(t)
	h := zmq.NewDealer(zmq.Config{})
	t.Cleanup(func() { h.Shutdown(zmq.NoWait) })
	passQuestions(t, p, h)
	for mechanism, g := range map[string]guise{"PLAIN": guises()[0], "CURVE": guises()[2]} {
		t.Run(mechanism, func(t *testing.T) {
			o, s := open(t, zmq.DEALER, g.config(pace)), p.open(t, "DEALER", g.theirs)
			o.connect(t, s.bind(t, loopback))
			o.put(t, "hello")
			m, err := h.Recv(within(t))
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(context.Background(), 2*pace.ReconnectMax)
			defer cancel()
			if o.WaitReady(ctx, 1) == nil {
				t.Error("we are in before it has answered")
			}
			if err := h.Send(within(t), m.Frame(0), nil, []byte("1.0"), m.Frame(3), []byte("200"), nil, nil, nil); err != nil {
				t.Fatal(err)
			}
			wantFrames(t, "what they received", s.show(t), "hello")
			if e := o.await(t, monitor.HandshakeSucceeded); e.Attempt != 1 {
				t.Errorf("we are in with attempt %d", e.Attempt)
			}
			o.none(t, ends)
			s.none(t, ends)
		})
	}
}

// A refusal is what our client is told.
type refusal struct {
	kind   monitor.Kind
	reason monitor.Reason
	value  uint64
	who    monitor.Who
}

// outlast has o refused twice, in this way, by s, whose side theirs looks at; then h is well.
func (want refusal) outlast(t *testing.T, h *handler, o *ours, s *socket, theirs func(*testing.T)) {
	t.Helper()
	o.connect(t, s.bind(t, loopback))
	o.put(t, "hello")
	for range 2 {
		e := o.await(t, handshakeFailed)
		if got := (refusal{e.Kind, e.Reason, e.Value, e.Who}); got != want || e.Phase != monitor.InMechanism || e.Why() == "" || e.Hint() == "" {
			t.Errorf("we are told %+v in %v; want %+v: %s", got, e.Phase, want, e.Why())
		}
		theirs(t)
		if r := o.await(t, monitor.ConnectRetried); r.Reason != want.reason {
			t.Errorf("we dial again for another reason: %v", r)
		}
	}
	h.says("1.0", "ID", "200", "OK", "admin", "") // to who waits in vain, too: too late
	wantFrames(t, "what they received", s.show(t), "hello")
	o.await(t, monitor.HandshakeSucceeded)
	o.checkPace(t)
}

// checkPace: each attempt that failed says so once, says for how long we wait then, no less than was configured, and that long
// we do wait.
func (o *ours) checkPace(t *testing.T) {
	t.Helper()
	var retried, ended zmq.Event
	for _, e := range o.story.before() {
		switch {
		case e.Kind == monitor.Disconnected:
			if n := o.failures(e.Conn); n != 1 {
				t.Errorf("%d failures are told of one attempt: %v", n, e)
			}
			ended = e
		case e.Kind == monitor.ConnectRetried:
			if e.Interval < pace.ReconnectMin {
				t.Errorf("no pause: %v", e)
			}
			retried = e
		case e.Kind == monitor.Connected && ended.Conn != 0:
			if waited := e.Time.Sub(retried.Time); retried.Seq < ended.Seq || waited < retried.Interval {
				t.Errorf("we dial again after %v, having said %v", waited, retried)
			}
		}
	}
}
