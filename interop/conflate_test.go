package interop

import (
	"fmt"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// Conflation keeps the last message only (zmq_setsockopt(3), ZMQ_CONFLATE). Who connects before anybody is there has
// everything to say at once, and says the last thing.
func TestOurSenderConflates(t *testing.T) {
	p := startPeer(t)
	for _, pair := range []struct {
		ours   zmq.Type
		theirs string
	}{{zmq.PUSH, "PULL"}, {zmq.DEALER, "DEALER"}} {
		t.Run(pair.ours.String(), func(t *testing.T) {
			there := freeEndpoint(t)
			o, s := open(t, pair.ours, zmq.Config{Conflate: true}), p.open(t, pair.theirs, nil)
			o.connect(t, there)
			for i := range 100 {
				o.put(t, fmt.Sprint(i))
			}
			s.bind(t, there)
			wantFrames(t, "what they received", s.show(t), "99")
			o.put(t, "next")
			wantFrames(t, "what they received", s.show(t), "next")
		})
	}
}

func TestTheirSenderConflates(t *testing.T) {
	p := startPeer(t)
	for _, pair := range []struct {
		ours   zmq.Type
		theirs string
	}{{zmq.PULL, "PUSH"}, {zmq.DEALER, "DEALER"}} {
		t.Run(pair.ours.String(), func(t *testing.T) {
			there := freeEndpoint(t)
			o, s := open(t, pair.ours, zmq.Config{}), p.open(t, pair.theirs, options{"CONFLATE": 1})
			s.connect(t, there)
			for i := range 100 {
				s.put(t, fmt.Sprint(i))
			}
			o.bind(t, there)
			wantFrames(t, "what we received", o.show(t), "99")
			s.put(t, "next")
			wantFrames(t, "what we received", o.show(t), "next")
		})
	}
}

// Who receives late receives the last message. All of them have arrived when the sender, which lingered, has gone.
func TestOurReceiverConflates(t *testing.T) {
	p := startPeer(t)
	for _, pair := range []struct {
		ours   zmq.Type
		theirs string
	}{{zmq.PULL, "PUSH"}, {zmq.DEALER, "DEALER"}, {zmq.SUB, "PUB"}} {
		t.Run(pair.ours.String(), func(t *testing.T) {
			bothWays(t, func(t *testing.T, weBind bool) {
				o, s := open(t, pair.ours, zmq.Config{Conflate: true}), p.open(t, pair.theirs, options{"SNDHWM": 0})
				join(t, o, s, weBind)
				if pair.ours == zmq.SUB {
					o.subscribe(t, "")
					calling := s.tell(t, "call", args{"tag": "hello"})
					o.show(t) // any of the calls
					s.stop(t)
					calling.done(t)
				}
				const n = 1000
				s.send(t, n, "conflated", 300).done(t)
				s.tell(t, "close", args{"linger": -1}).done(t)
				if e := o.await(t, monitor.Disconnected); e.MessagesIn < n {
					t.Errorf("%d messages came: %v", e.MessagesIn, e)
				}
				all := expected(n, "conflated", 300)
				same(t, "what we received", o.take(t, 1), all[n-1:])
				if err := o.Socket.(zmq.Receiver).CanRecv(); err != zmq.ErrWouldBlock {
					t.Errorf("there is more: %v", err)
				}
			})
		})
	}
}

// Theirs receives fewer than we send, each later than the one before, and the last one for certain.
func TestTheirReceiverConflates(t *testing.T) {
	p := startPeer(t)
	for _, pair := range []struct {
		ours   zmq.Type
		theirs string
	}{{zmq.PUSH, "PULL"}, {zmq.PUB, "SUB"}} {
		t.Run(pair.ours.String(), func(t *testing.T) {
			bothWays(t, func(t *testing.T, weBind bool) {
				o, s := open(t, pair.ours, zmq.Config{SendHWM: zmq.Unlimited}), p.open(t, pair.theirs, options{"CONFLATE": 1})
				if pair.ours == zmq.PUB {
					s.subscribe(t, "")
				}
				join(t, o, s, weBind)
				o.ready(t, 1)
				const n = 10_000
				for i := range n {
					o.put(t, fmt.Sprint(i))
				}
				last, got := -1, 0
				for ; last < n-1; got++ {
					var i int
					if m := s.show(t); len(m) != 1 {
						t.Fatalf("they received %q", m)
					} else if fmt.Sscan(m[0], &i); i <= last {
						t.Fatalf("after message %d they received %q", last, m)
					}
					last = i
				}
				if got == n {
					t.Errorf("they received every one of %d messages", n)
				}
			})
		})
	}
}
