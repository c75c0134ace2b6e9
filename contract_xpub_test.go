package zmq_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// XPUB and XSUB (RFC 29; zmq_socket(3), and zmq_setsockopt(3) for the options).

// on and off are a subscription and its end, as messages.
func on(prefix string) string  { return "\x01" + prefix }
func off(prefix string) string { return "\x00" + prefix }

// An XPUB hears what its subscribers want: each prefix when the first one wants it and when the last one does not, also
// when that one left without a word. ParseSubscription reads it, and the message says who it was.
func TestXPubHearsSubscriptions(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		pub := zmq.NewXPub(zmq.Config{Context: x})
		bound := bindTo(t, pub, endpoint)
		one := connected(t, zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{""}}), bound)
		m := recv(t, pub, on(""))
		if prefix, on, ok := zmq.ParseSubscription(m); len(prefix) != 0 || !on || !ok {
			t.Errorf("ParseSubscription(%q) is %q, %v, %v", m.Body(), prefix, on, ok)
		}
		if p := m.Peer(); p.Type != "SUB" || p.Conn != pub.State().Peers[0].Conn {
			t.Errorf("whose is it? %+v", p)
		}
		must(t, one.Subscribe("a\x00"))
		recv(t, pub, on("a\x00"))
		must(t, one.Subscribe("a\x00")) // again: not news
		two := connected(t, zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{"a\x00"}}), bound)
		ready(t, pub, 2) // not news either
		must(t, two.Subscribe("b"))
		recv(t, pub, on("b"))
		send(t, pub, "a\x00!")
		recv(t, one, "a\x00!")
		recv(t, two, "a\x00!")

		must(t, one.Unsubscribe("a\x00")) // once of twice
		must(t, one.Unsubscribe("a\x00")) // two still wants it
		must(t, one.Unsubscribe(""))
		m = recv(t, pub, off(""))
		if prefix, on, ok := zmq.ParseSubscription(m); len(prefix) != 0 || on || !ok {
			t.Errorf("ParseSubscription(%q) is %q, %v, %v", m.Body(), prefix, on, ok)
		}
		two.Close()
		gone := map[string]bool{}
		for range 2 {
			m, err := pub.Recv(within(t))
			must(t, err)
			gone[string(m.Body())] = true
		}
		if !gone[off("a\x00")] || !gone[off("b")] {
			t.Errorf("when it left the XPUB received %v", gone)
		}
		if err := pub.CanRecv(); !errors.Is(err, zmq.ErrWouldBlock) {
			t.Errorf("there is more: %v", err)
		}
		if n := pub.TopicsCount(); n != 0 {
			t.Errorf("%d prefixes are left", n)
		}
	})
}

// XPubVerbose passes on each subscription, XPubVerboser each unsubscription as well.
func TestXPubVerbose(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		for _, verboser := range []bool{false, true} {
			pub := zmq.NewXPub(zmq.Config{Context: x, XPubVerbose: !verboser, XPubVerboser: verboser})
			bound := bindTo(t, pub, another(endpoint, fmt.Sprint("verboser ", verboser)))
			one, two := zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{"a"}}), zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{"a"}})
			connect(t, one, bound)
			first := recv(t, pub, on("a"))
			connect(t, two, bound)
			if second := recv(t, pub, on("a")); second.Conn() == first.Conn() {
				t.Error("both subscriptions are one peer's")
			}
			must(t, two.Unsubscribe("a"))
			if verboser {
				recv(t, pub, off("a"))
			}
			must(t, one.Unsubscribe("a"))
			recv(t, pub, off("a"))
			must(t, two.Subscribe("b"))
			recv(t, pub, on("b"))
			two.Close()
			recv(t, pub, off("b"))
			pub.Close()
		}
	})
}

// With XPubManual the program decides: what a peer asks for is only a message, until it is admitted to that or to
// something else; Revoke takes it back.
func TestXPubManual(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		pub := zmq.NewXPub(zmq.Config{Context: x, XPubManual: true})
		bound := bindTo(t, pub, endpoint)
		sub := connected(t, zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{"A", "B"}}), bound)
		m := recv(t, pub, on("A"))
		recv(t, pub, on("B"))
		send(t, pub, "A before it was admitted")
		if n := pub.TopicsCount(); n != 0 {
			t.Errorf("%d prefixes before anybody was admitted", n)
		}
		w := watchSubs(pub)
		must(t, pub.Admit(m, "B"))
		heard(t, w, 1)
		ready(t, pub, 1)
		send(t, pub, "A")
		send(t, pub, "B")
		recv(t, sub, "B")
		must(t, pub.Admit(m, "A"))
		must(t, pub.Revoke(m, "B"))
		heard(t, w, 2)
		send(t, pub, "B")
		send(t, pub, "A")
		recv(t, sub, "A")
		must(t, sub.Unsubscribe("A"))
		m = recv(t, pub, off("A"))
		send(t, pub, "A")
		must(t, sub.Subscribe("A"))
		recv(t, pub, on("A"))
		send(t, pub, "A still")
		recvEither(t, sub, "A", "A still") // the first may have been filtered out
		gone := pub.Watch(monitor.Disconnected | monitor.Inproc)
		sub.Close()
		heard(t, gone, 1)
		if err := pub.Admit(m, "A"); !errors.Is(err, zmq.ErrNotFound) {
			t.Errorf("Admit of one who has left: %v", err)
		}
		plain := zmq.NewXPub(zmq.Config{Context: x})
		if err := plain.Admit(m, "A"); err == nil {
			t.Error("Admit without XPubManual is no error")
		}
	})
}

// recvEither receives last, and before it perhaps first.
func recvEither(t *testing.T, s zmq.Receiver, first, last string) {
	t.Helper()
	m, err := s.Recv(within(t))
	must(t, err)
	if string(m.Body()) == first {
		m, err = s.Recv(within(t))
		must(t, err)
	}
	if string(m.Body()) != last {
		t.Errorf("received %q, want %q", m.Body(), last)
	}
}

// With XPubManualLastValue a newcomer can be brought up to date: what is sent next after its Admit is for it alone.
func TestXPubManualLastValue(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		pub := zmq.NewXPub(zmq.Config{Context: x, XPubManualLastValue: true})
		bound := bindTo(t, pub, endpoint)
		one, two := zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{"a"}}), zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{"a"}})
		connect(t, one, bound)
		must(t, pub.Admit(recv(t, pub, on("a")), "a"))
		send(t, pub, "a for one")
		send(t, pub, "a for all")
		connect(t, two, bound)
		must(t, pub.Admit(recv(t, pub, on("a")), "a"))
		send(t, pub, "a for two")
		send(t, pub, "a for all, too")
		recv(t, one, "a for one")
		recv(t, one, "a for all")
		recv(t, one, "a for all, too")
		recv(t, two, "a for two")
		recv(t, two, "a for all, too")
	})
}

// XPubWelcome is the first that a subscriber gets, if it wants such messages, and HelloMessage of the others likewise.
func TestXPubWelcome(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		pub := zmq.NewXPub(zmq.Config{Context: x, XPubWelcome: []byte("welcome")})
		bound := bindTo(t, pub, endpoint)
		for range 2 {
			sub := connected(t, zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{"wel", "x"}}), bound)
			ready(t, pub, 1)
			knows(t, pub, 2)
			send(t, pub, "x")
			recv(t, sub, "welcome")
			recv(t, sub, "x")
			w := pub.Watch(monitor.Disconnected | monitor.Inproc)
			sub.Close()
			heard(t, w, 1)
		}
		other := connected(t, zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{"x"}}), bound)
		ready(t, pub, 1)
		send(t, pub, "x")
		recv(t, other, "x")
	})
}

// XSUB's subscriptions are messages that it sends, or calls of Subscribe, counted together; it receives whatever comes.
// What else it sends goes to each publisher, and an XPUB receives it.
func TestXSubSendsUpstream(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		pub, other := zmq.NewXPub(zmq.Config{Context: x}), zmq.NewXPub(zmq.Config{Context: x})
		deaf := zmq.NewPub(zmq.Config{Context: x})
		sub := zmq.NewXSub(zmq.Config{Context: x, Subscribe: []string{"a"}})
		send(t, sub, on("b")) // nobody is there yet
		send(t, sub, "lost")
		for _, p := range []zmq.Socket{pub, other, deaf} {
			connect(t, sub, bindTo(t, p, another(endpoint, fmt.Sprint(p.ID()))))
		}
		ready(t, pub, 1)
		ready(t, other, 1)
		ready(t, sub, 3)
		for _, p := range []*zmq.XPub{pub, other} {
			recv(t, p, on("a"))
			recv(t, p, on("b"))
		}
		send(t, sub, on("a")) // twice by now
		send(t, sub, off("a"))
		send(t, sub, off("nothing"))
		must(t, sub.Subscribe("c\x00"))
		send(t, sub, "", "frames", "for you")
		send(t, sub, on("not"), "a subscription")
		send(t, sub, "\x02")
		send(t, sub, "")
		for _, p := range []*zmq.XPub{pub, other} {
			recv(t, p, on("c\x00"))
			recv(t, p, "", "frames", "for you")
			m := recv(t, p, on("not"), "a subscription")
			if _, _, ok := zmq.ParseSubscription(m); ok {
				t.Errorf("%q is read as a subscription", m.Body())
			}
			recv(t, p, "\x02")
			recv(t, p, "")
		}
		send(t, pub, "a")
		recv(t, sub, "a")
		send(t, sub, off("a"))
		recv(t, pub, off("a"))
		if err := sub.Unsubscribe("a"); !errors.Is(err, zmq.ErrNotFound) {
			t.Errorf("Unsubscribe of what a message has taken back: %v", err)
		}
		send(t, pub, "a")
		send(t, pub, "b")
		recv(t, sub, "b")
		if n := sub.TopicsCount(); n != 2 {
			t.Errorf("subscribed to %d prefixes, want b and c", n)
		}
	})
}

// XSubVerboseUnsubscribe passes on each unsubscription, for an XPUB behind it that is verboser.
func TestXSubVerboseUnsubscribe(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		pub := zmq.NewXPub(zmq.Config{Context: x, XPubVerboser: true})
		sub := connected(t, zmq.NewXSub(zmq.Config{Context: x, XSubVerboseUnsubscribe: true}), bindTo(t, pub, endpoint))
		ready(t, sub, 1)
		must(t, sub.Subscribe("a", "a"))
		must(t, sub.Unsubscribe("a", "a"))
		send(t, sub, off("nothing"))
		for _, want := range []string{on("a"), on("a"), off("a"), off("a"), off("nothing")} {
			recv(t, pub, want)
		}
	})
}

// A peer that subscribes to more than it may loses its connection, and with it what it had subscribed to; it is told why
// in plain words, and nobody else is touched.
func TestSubscriptionLimits(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		if strings.HasPrefix(endpoint, "inproc:") {
			return // within a process nobody attacks
		}
		for name, cfg := range map[string]zmq.Config{
			"count": {Context: x, MaxSubscriptions: 10},
			"bytes": {Context: x, MaxSubscriptionBytes: 20},
		} {
			pub := zmq.NewPub(cfg)
			w := pub.Watch(monitor.Disconnected)
			bound := bindTo(t, pub, another(endpoint, name))
			good := connected(t, zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{"a"}}), bound)
			greedy := connected(t, zmq.NewSub(zmq.Config{Context: x, ReconnectMin: zmq.Off}), bound)
			ready(t, greedy, 1)
			ready(t, pub, 1)
			for i := range 10 {
				must(t, greedy.Subscribe(fmt.Sprintf("%02d", i)))
			}
			knows(t, pub, 11)
			must(t, greedy.Subscribe("x"))
			e, err := w.Next(within(t))
			must(t, err)
			if e.Reason != monitor.ReasonSubscriptionLimit || e.Who != monitor.ByPeer {
				t.Errorf("%s: %v", name, e)
			}
			wantWords(t, e)
			knows(t, pub, 1)
			send(t, pub, "a")
			recv(t, good, "a")
			pub.Close()
		}
	})
}

// Subscriptions come and go without an end on a publisher whose program never looks: an XPUB that does not receive is held
// to its limit as well.
func TestXPubThatDoesNotReceive(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		pub := zmq.NewXPub(zmq.Config{Context: x, MaxSubscriptionBytes: 1000})
		sub := connected(t, zmq.NewXSub(zmq.Config{Context: x}), bindTo(t, pub, endpoint))
		ready(t, sub, 1)
		for i := range 1000 {
			send(t, sub, fmt.Sprintf("message %d", i))
		}
		must(t, sub.Subscribe("a"))
		ready(t, pub, 1)
		for ctx, s := within(t), pub.State(); ; s = pub.State() { // each is kept, or dropped and counted
			if n := s.Peers[0].QueueIn; n > 1000/9 {
				t.Errorf("%d messages are kept for a program that does not receive", n)
			} else if n+int(s.Dropped) == 1001 {
				break
			}
			if ctx.Err() != nil {
				t.Fatalf("%d messages are kept and %d dropped, of 1001", s.Peers[0].QueueIn, s.Dropped)
			}
		}
		send(t, pub, "abc")
		recv(t, sub, "abc")
	})
}
