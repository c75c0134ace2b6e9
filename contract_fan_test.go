package zmq_test

import (
	"bytes"
	"errors"
	"net"
	"strings"
	"testing"

	"github.com/glassmq/zmq"
)

// What a publisher's many queues have in common: the bytes, the marks, and who is ready.

// Send's bytes are the caller's again when it returns, also when several subscribers share a large frame; SendMessage's
// are everybody's.
func TestFanOutCopiesOnce(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		pub := zmq.NewPub(zmq.Config{Context: x})
		bound := bindTo(t, pub, endpoint)
		var subs []*zmq.Sub
		for range 3 {
			subs = append(subs, connected(t, zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{"t"}}), bound))
		}
		ready(t, pub, 3)
		topic := []byte("topic")
		for _, size := range []int{0, 10, 300, 8192, 100_000} {
			body := bytes.Repeat([]byte{1}, size)
			must(t, pub.Send(within(t), topic, body, body))
			clear(body) // ours again
			must(t, pub.SendMessage(within(t), zmq.NewMessage(topic, bytes.Repeat([]byte{2}, size))))
			for _, s := range subs {
				for n, want := range []byte{1, 2} {
					m, err := s.Recv(within(t))
					must(t, err)
					if m.Len() != 3-n || !bytes.Equal(m.Body(), bytes.Repeat([]byte{want}, size)) {
						t.Fatalf("%d bytes arrived as %d frames, the last of %d bytes, %v…", size, m.Len(), len(m.Body()), m.Body()[:min(4, len(m.Body()))])
					}
				}
			}
		}
	})
}

// Over inproc the marks of both sockets add up, for each subscriber by itself; what is above them is dropped and counted.
func TestPubMarksAreExactOverInproc(t *testing.T) {
	x := newContext(t)
	pub := zmq.NewPub(zmq.Config{Context: x, SendHWM: 2})
	bound := bindTo(t, pub, "inproc://pub")
	small := connected(t, zmq.NewSub(zmq.Config{Context: x, RecvHWM: 3, Subscribe: []string{""}}), bound)
	large := connected(t, zmq.NewSub(zmq.Config{Context: x, RecvHWM: 5, Subscribe: []string{""}}), bound)
	for _, body := range []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"} {
		must(t, pub.Send(zmq.NoWait, []byte(body)))
	}
	if n := pub.State().Dropped; n != 4+2 {
		t.Errorf("%d messages are counted as dropped, want 4 of one subscriber and 2 of the other", n)
	}
	for _, body := range []string{"1", "2", "3", "4", "5"} {
		recv(t, small, body)
	}
	for _, body := range []string{"1", "2", "3", "4", "5", "6", "7"} {
		recv(t, large, body)
	}
	send(t, pub, "10")
	recv(t, small, "10")
	recv(t, large, "10")
}

// Conflate keeps the last message, and every subscription.
func TestConflateKeepsSubscriptions(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		for _, pubs := range []bool{false, true} {
			pub := zmq.NewPub(zmq.Config{Context: x, Conflate: pubs})
			sub := zmq.NewSub(zmq.Config{Context: x, Conflate: !pubs, Subscribe: []string{"a", "b", "c"}})
			place := vacant(t, endpoint)
			connect(t, sub, place)
			must(t, sub.Subscribe("d"))
			bindTo(t, pub, place)
			knows(t, pub, 4)
			w := watchSubs(pub)
			must(t, sub.Subscribe("e"))
			must(t, sub.Unsubscribe("a"))
			heard(t, w, 2)
			for _, topic := range []string{"b", "c", "d", "e"} {
				send(t, pub, topic)
				recv(t, sub, topic)
			}
			pub.Close()
			sub.Close()
		}
	})
}

// A publisher is ready for those that have subscribed, and says what it waits for.
func TestPubIsReadyWhenSubscribed(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		pub, sub := zmq.NewPub(zmq.Config{Context: x}), zmq.NewSub(zmq.Config{Context: x})
		connect(t, sub, bindTo(t, pub, endpoint))
		ready(t, sub, 1)
		if err := pub.WaitReady(zmq.NoWait, 1); !errors.Is(err, zmq.ErrWouldBlock) || !strings.Contains(err.Error(), "0 of 1") {
			t.Errorf("WaitReady with a peer that has not subscribed: %v", err)
		}
		must(t, sub.Subscribe("x"))
		ready(t, pub, 1)
		must(t, sub.Unsubscribe("x"))
		knows(t, pub, 0)
		if err := pub.WaitReady(zmq.NoWait, 1); !errors.Is(err, zmq.ErrWouldBlock) {
			t.Errorf("WaitReady with a peer that has unsubscribed: %v", err)
		}
	})
}

// What a SUB filters out it never has to read: neither CanRecv nor Readable says so, and Recv goes on waiting.
func TestFilteredIsNotReadable(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	sub := connected(t, zmq.NewSub(zmq.Config{Context: newContext(t), Subscribe: []string{"yes"}}), "tcp://"+l.Addr().String())
	c, err := l.Accept()
	must(t, err)
	h := newHand(t, c)
	h.shake(1, "PUB", "")
	for range 3 {
		h.write(message("no"), frame(1, []byte("not this")), message("yes"), message(""))
		arrived(t, sub, 3)
		if err := sub.CanRecv(); !errors.Is(err, zmq.ErrWouldBlock) {
			t.Errorf("CanRecv with nothing that was subscribed to: %v", err)
		}
		readable := sub.Readable()
		select {
		case <-readable:
			t.Error("Readable with nothing that was subscribed to")
		default:
		}
		h.write(message("no"), message("yes!"))
		<-readable
		must(t, sub.CanRecv())
		recv(t, sub, "yes!")
		if _, err := sub.Recv(zmq.NoWait); !errors.Is(err, zmq.ErrWouldBlock) {
			t.Errorf("after it: %v", err)
		}
	}
	got := make(chan error, 1)
	go func() {
		m, err := sub.Recv(within(t))
		if err == nil && string(m.Body()) != "yes" {
			err = errors.New(string(m.Body()))
		}
		got <- err
	}()
	for range 1000 {
		h.write(message("no"))
	}
	h.write(message("yes"))
	must(t, <-got)
}
