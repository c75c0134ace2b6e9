package zmq_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// PUB and SUB (RFC 29; zmq_socket(3)).

// heard waits until a publisher has heard of so many subscriptions more.
func heard(t *testing.T, w *monitor.Subscription, n int) {
	t.Helper()
	for range n {
		if _, err := w.Next(within(t)); err != nil {
			t.Fatal(err)
		}
	}
}

// knows waits until a publisher's subscribers have so many different prefixes between them.
func knows(t *testing.T, s interface{ TopicsCount() int }, n int) {
	t.Helper()
	for ctx := within(t); s.TopicsCount() != n; {
		if ctx.Err() != nil {
			t.Fatalf("the publisher knows %d prefixes, want %d", s.TopicsCount(), n)
		}
	}
}

// watchSubs watches a publisher's subscriptions.
func watchSubs(s zmq.Socket) *monitor.Subscription { return s.Watch(monitor.Subs | monitor.Inproc) }

// A subscription is a prefix of the first frame, in bytes (RFC 29: "SHALL perform a binary comparison").
func TestSubscriptionsArePrefixesOfBytes(t *testing.T) {
	topics := []string{"", "a", "ab", "abc", "b", "\x00", "\x00\x00", "\x00\xff", "\xff", "a\x00b", "A", "ab\n", strings.Repeat("long", 100)}
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		pub := zmq.NewPub(zmq.Config{Context: x})
		bound := bindTo(t, pub, endpoint)
		w := watchSubs(pub)
		for _, prefixes := range [][]string{{}, {""}, {"a"}, {"ab", "b"}, {"\x00"}, {"\x00\xff", "a\x00"}, {"", "a"}, {"long", "longlong"}, {"abcd"}} {
			sub := zmq.NewSub(zmq.Config{Context: x, Subscribe: prefixes})
			connect(t, sub, bound)
			heard(t, w, len(prefixes))
			must(t, sub.Subscribe("end"))
			heard(t, w, 1)
			var want []string
			for _, topic := range topics {
				send(t, pub, topic, "abc") // only the first frame counts
				if slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(topic, p) }) {
					want = append(want, topic)
				}
			}
			send(t, pub, "end")
			for _, topic := range want {
				recv(t, sub, topic, "abc")
			}
			recv(t, sub, "end")
			must(t, sub.Close())
		}
	})
}

// Who subscribes twice must unsubscribe twice; what one was not subscribed to is an error that changes nothing.
func TestSubscriptionsAreCounted(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		pub, sub := zmq.NewPub(zmq.Config{Context: x}), zmq.NewSub(zmq.Config{Context: x})
		w := watchSubs(pub)
		connect(t, sub, bindTo(t, pub, endpoint))
		must(t, sub.Subscribe("a", "b", "a", "end"))
		heard(t, w, 3)
		ready(t, pub, 1)
		step := func(want ...string) {
			t.Helper()
			for _, topic := range []string{"a", "b", "end"} {
				send(t, pub, topic)
			}
			for _, topic := range append(want, "end") {
				recv(t, sub, topic)
			}
		}
		step("a", "b")
		for _, missing := range [][]string{{"c"}, {"b", "c"}, {"b", "b"}, {"a", "a", "a"}, {""}} {
			if err := sub.Unsubscribe(missing...); !errors.Is(err, zmq.ErrNotFound) {
				t.Errorf("Unsubscribe(%q): %v, want ErrNotFound", missing, err)
			}
		}
		if n := sub.TopicsCount(); n != 3 {
			t.Errorf("subscribed to %d prefixes, want 3", n)
		}
		step("a", "b")
		must(t, sub.Unsubscribe("a"))
		step("a", "b")
		must(t, sub.Unsubscribe("a", "b"))
		step()
		heard(t, w, 2)
		if n := pub.TopicsCount(); n != 1 {
			t.Errorf("the publisher knows %d prefixes, want 1", n)
		}
		step()
		must(t, sub.Subscribe("a"))
		heard(t, w, 1)
		step("a")
	})
}

// Two subscribers to one prefix are two: when one leaves, the other still gets its messages, and each gets them once
// however many of its prefixes match.
func TestSubscribersDoNotShare(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		pub := zmq.NewPub(zmq.Config{Context: x})
		bound := bindTo(t, pub, endpoint)
		one := connected(t, zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{"a", "ab", ""}}), bound)
		two := connected(t, zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{"a"}}), bound)
		ready(t, pub, 2)
		send(t, pub, "abc")
		recv(t, one, "abc")
		recv(t, two, "abc")
		w := pub.Watch(monitor.Disconnected | monitor.Inproc)
		one.Close()
		heard(t, w, 1)
		if n := pub.TopicsCount(); n != 1 {
			t.Errorf("the publisher knows %d prefixes, want 1", n)
		}
		send(t, pub, "abc")
		recv(t, two, "abc")
		w = watchSubs(pub)
		must(t, two.Unsubscribe("a"))
		must(t, two.Subscribe("end"))
		heard(t, w, 2)
		send(t, pub, "abc")
		send(t, pub, "end")
		m, err := two.Recv(within(t))
		must(t, err)
		if string(m.Body()) != "end" {
			t.Errorf("received %q, which was unsubscribed", m.Body())
		}
	})
}

// A publisher is ready for a subscriber when it has heard what that wants. Subscriptions are said again to whoever is
// there after a break, whichever side had dialled, and to a publisher that was started again.
func TestSubscriptionsComeBack(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		for _, dials := range []string{"SUB", "PUB"} {
			endpoint := vacant(t, endpoint)
			sub := zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{"a"}, ReconnectMin: fast})
			pub := zmq.NewPub(zmq.Config{Context: x, ReconnectMin: fast})
			if dials == "SUB" {
				bindTo(t, pub, endpoint)
				connect(t, sub, endpoint)
			} else {
				bindTo(t, sub, endpoint)
				connect(t, pub, endpoint)
			}
			must(t, sub.Subscribe("b\x00"))
			exchange := func() {
				t.Helper()
				knows(t, pub, 2)
				send(t, pub, "a")
				send(t, pub, "b")
				send(t, pub, "b\x00c")
				recv(t, sub, "a")
				recv(t, sub, "b\x00c")
			}
			exchange()
			w := pub.Watch(monitor.Disconnected | monitor.Inproc)
			must(t, sub.CloseConn(sub.State().Peers[0].Conn))
			heard(t, w, 1)
			exchange()

			pub.Close()
			pub = zmq.NewPub(zmq.Config{Context: x, ReconnectMin: fast})
			if dials == "SUB" {
				bindTo(t, pub, endpoint)
			} else {
				connect(t, pub, endpoint)
			}
			exchange()
			pub.Close()
			sub.Close()
		}
	})
}

// A message for nobody is no loss: it is not counted, and neither is one for a subscriber that has left.
func TestPubWithNobodyThere(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		for _, pub := range []interface {
			zmq.Sender
			TopicsCount() int
		}{zmq.NewPub(zmq.Config{Context: x}), zmq.NewXPub(zmq.Config{Context: x}), zmq.NewPub(zmq.Config{Context: x, XPubNoDrop: true})} {
			must(t, pub.CanSend())
			send(t, pub, "to nobody")
			w := pub.Watch(monitor.Disconnected | monitor.Inproc)
			sub := connected(t, zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{""}}), bindTo(t, pub, another(endpoint, "pub")))
			ready(t, pub, 1)
			sub.Close()
			heard(t, w, 1)
			must(t, pub.Send(zmq.NoWait, []byte("to nobody any more")))
			if s := pub.State(); s.Dropped != 0 || len(s.Peers) != 0 || pub.TopicsCount() != 0 {
				t.Errorf("%d messages counted as dropped, with %d peers and %d prefixes", s.Dropped, len(s.Peers), pub.TopicsCount())
			}
			pub.Close()
		}
	})
}

// A subscriber that does not keep up loses messages, and nobody else does; what it gets is in order, and it goes on when
// it reads again.
func TestPubDropsForTheSlowOnly(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		small := zmq.Config{Context: x, SendHWM: 5, SendBuffer: 4096}
		pub := zmq.NewPub(small)
		bound := bindTo(t, pub, endpoint)
		in := zmq.Config{Context: x, RecvHWM: 5, RecvBuffer: 4096, Subscribe: []string{""}}
		slow, quick := connected(t, zmq.NewSub(in), bound), connected(t, zmq.NewSub(in), bound)
		ready(t, pub, 2)
		n, dropped := 0, func() uint64 { return pub.State().Dropped }
		for ; dropped() < 20; n++ {
			must(t, pub.Send(zmq.NoWait, chokeBody(n)))
			m, err := quick.Recv(within(t))
			must(t, err)
			if got := binary.BigEndian.Uint32(m.Body()); got != uint32(n) {
				t.Fatalf("to the quick one came number %d, want %d", got, n)
			}
		}
		for i, last := 0, -1; i < n-int(dropped()); i++ {
			m, err := slow.Recv(within(t))
			if err != nil {
				t.Fatalf("%d were sent, %d dropped, and after %d: %v", n, dropped(), i, err)
			}
			if got := int(binary.BigEndian.Uint32(m.Body())); got <= last {
				t.Errorf("number %d came after %d", got, last)
			} else {
				last = got
			}
		}
		send(t, pub, "again")
		recv(t, slow, "again")
		recv(t, quick, "again")
	})
}

// With XPubNoDrop the publisher waits for the slowest of those that want the message, and for nobody else; it goes on
// when that one reads, unsubscribes or leaves.
func TestPubNoDropWaits(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		for _, how := range []string{"reads", "unsubscribes", "leaves"} {
			small := zmq.Config{Context: x, SendHWM: 3, SendBuffer: 4096, XPubNoDrop: true}
			pub := zmq.NewPub(small)
			bound := bindTo(t, pub, another(endpoint, "pub "+how))
			in := zmq.Config{Context: x, RecvHWM: 3, RecvBuffer: 4096, Subscribe: []string{"all", "slow"}}
			slow := connected(t, zmq.NewSub(in), bound)
			in.Subscribe = []string{"all", "quick"}
			quick := connected(t, zmq.NewSub(in), bound)
			knows(t, pub, 3)
			ready(t, pub, 2)
			n := choke(t, pub, "slow")
			if err := pub.Send(zmq.NoWait, []byte("all")); !errors.Is(err, zmq.ErrWouldBlock) {
				t.Errorf("Send(NoWait) to a full subscriber: %v", err)
			}
			send(t, pub, "quick")
			recv(t, quick, "quick")
			sent := make(chan error, 1)
			go func() { sent <- pub.Send(within(t), []byte("all")) }()
			select {
			case err := <-sent:
				t.Fatalf("Send to a full subscriber does not wait: %v", err)
			case <-time.After(stalled):
			}
			switch how {
			case "reads":
				for i := range n {
					m, err := slow.Recv(within(t))
					must(t, err)
					if got := binary.BigEndian.Uint32(m.Body()); got != uint32(i) {
						t.Fatalf("number %d is missing: %d came", i, got)
					}
				}
				recv(t, slow, "all")
			case "unsubscribes":
				must(t, slow.Unsubscribe("all", "slow"))
			case "leaves":
				slow.Shutdown(zmq.NoWait)
			}
			must(t, <-sent)
			recv(t, quick, "all") // and had not before
			if n := pub.State().Dropped; n != 0 {
				t.Errorf("%s: %d messages counted as dropped", how, n)
			}
			pub.Shutdown(zmq.NoWait)
		}
	})
}

// InvertMatching turns it round: a publisher sends what matches nothing, and a subscriber takes that.
func TestInvertMatching(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		pub := zmq.NewPub(zmq.Config{Context: x, InvertMatching: true})
		bound := bindTo(t, pub, endpoint)
		w := watchSubs(pub)
		sub := connected(t, zmq.NewSub(zmq.Config{Context: x, InvertMatching: true, Subscribe: []string{"a", "bb"}}), bound)
		heard(t, w, 2)
		for _, topic := range []string{"a", "ab", "b", "bb", "bbb", "c", ""} {
			send(t, pub, topic)
		}
		recv(t, sub, "b")
		recv(t, sub, "c")
		recv(t, sub, "")
		must(t, sub.Unsubscribe("a"))
		heard(t, w, 1)
		send(t, pub, "ab")
		recv(t, sub, "ab")
	})
}

// A subscription is told as an event, to the publisher, with its topic and peer; State counts them.
func TestSubscribedEvents(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		pub := zmq.NewPub(zmq.Config{Context: x})
		w := watchSubs(pub)
		sub := connected(t, zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{"x", "y\x00"}}), bindTo(t, pub, endpoint))
		ready(t, pub, 1)
		var got []string
		for i := range 3 {
			if i == 2 {
				must(t, sub.Unsubscribe("x"))
			}
			e, err := w.Next(within(t))
			must(t, err)
			if e.PeerType != "SUB" || e.Conn == 0 {
				t.Errorf("whose is it? %v", e)
			}
			got = append(got, fmt.Sprintf("%v %q", e.Kind, e.Topic))
		}
		if want := []string{`subscribed "x"`, `subscribed "y\x00"`, `unsubscribed "x"`}; !slices.Equal(got, want) {
			t.Errorf("the events are %q, want %q", got, want)
		}
		if n := pub.State().Peers[0].Subscriptions; n != 1 {
			t.Errorf("State knows %d subscriptions, want 1", n)
		}
	})
}

// Unbind takes leave of its subscribers: what is published from then on is not for them, however long the rest takes.
func TestUnbindEndsPublishing(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		pub := zmq.NewPub(zmq.Config{Context: x, SendHWM: 100, SendBuffer: 4096})
		bound := bindTo(t, pub, vacant(t, endpoint))
		sub := connected(t, zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{""}, RecvHWM: 100, RecvBuffer: 4096}), bound)
		ready(t, pub, 1)
		w := sub.Watch(monitor.Disconnected | monitor.Inproc)
		for i := range 100 {
			must(t, pub.Send(zmq.NoWait, chokeBody(i)))
		}
		must(t, pub.Unbind(bound))
		for range 200 {
			must(t, pub.Send(zmq.NoWait, []byte("too late")))
		}
		if n := pub.State().Dropped; n != 0 {
			t.Errorf("%d messages counted as dropped that were for nobody", n)
		}
		for i := range 100 {
			m, err := sub.Recv(within(t))
			if err != nil || binary.BigEndian.Uint32(m.Body()) != uint32(i) {
				t.Fatalf("message %d: %.20q, %v", i, m.Body(), err)
			}
		}
		heard(t, w, 1)
		if m, err := sub.Recv(zmq.NoWait); err == nil {
			t.Errorf("received %.20q", m.Body())
		}
	})
}
