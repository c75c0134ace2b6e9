package zmq_test

import (
	"context"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// Options that change what messages there are: Conflate, and those of a connection's beginning and end.

// Conflate keeps the last message of each queue, whoever is slow; what is received is never older than what was received
// before, and the last one arrives.
func TestConflateKeepsTheLast(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		for _, pair := range []struct {
			name    string
			send    zmq.Sender
			receive zmq.Receiver
		}{
			{"both", zmq.NewPush(zmq.Config{Context: x, Conflate: true}), zmq.NewPull(zmq.Config{Context: x, Conflate: true})},
			{"PUSH", zmq.NewPush(zmq.Config{Context: x, Conflate: true}), zmq.NewPull(zmq.Config{Context: x, RecvHWM: 2})},
			{"PULL", zmq.NewPush(zmq.Config{Context: x}), zmq.NewPull(zmq.Config{Context: x, Conflate: true})},
			{"DEALER", zmq.NewDealer(zmq.Config{Context: x, Conflate: true}), zmq.NewDealer(zmq.Config{Context: x, Conflate: true})},
			{"SUB", zmq.NewPub(zmq.Config{Context: x, Conflate: true}), zmq.NewSub(zmq.Config{Context: x, Conflate: true, Subscribe: []string{""}})},
		} {
			connect(t, pair.receive, bindTo(t, pair.send, another(endpoint, pair.name)))
			ready(t, pair.send, 1)
			const n = 2000
			done := make(chan int)
			go func() { // reads while it is sent, so that every queue is conflated at work
				got := 0
				for last := -1; last != n-1; got++ {
					m, err := pair.receive.Recv(within(t))
					if err != nil {
						t.Errorf("%s: number %d was the last that came: %v", pair.name, last, err)
						break
					}
					now := int(binary.BigEndian.Uint32(m.Body()))
					if now <= last {
						t.Errorf("%s: number %d came after %d", pair.name, now, last)
					}
					last = now
				}
				done <- got
			}()
			for i := range n {
				must(t, pair.send.Send(within(t), binary.BigEndian.AppendUint32(nil, uint32(i))))
			}
			if got := <-done; got > n {
				t.Errorf("%s: %d messages came of %d", pair.name, got, n)
			}
			pair.send.Close()
			pair.receive.Close()
		}
	})
}

// While nobody is there one message is kept, and none is waited for.
func TestConflateWithNobodyThere(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		endpoint = vacant(t, endpoint)
		push := zmq.NewPush(zmq.Config{Context: x, Conflate: true, ReconnectMin: fast})
		connect(t, push, endpoint)
		for i := range 5000 {
			must(t, push.Send(zmq.NoWait, binary.BigEndian.AppendUint32(nil, uint32(i))))
		}
		pull := zmq.NewPull(zmq.Config{Context: x})
		bindTo(t, pull, endpoint)
		m, err := pull.Recv(within(t))
		must(t, err)
		if n := binary.BigEndian.Uint32(m.Body()); n != 4999 {
			t.Errorf("number %d was kept, want the last", n)
		}
		send(t, push, "next")
		recv(t, pull, "next")
		push.Close()
		pull.Close()

		push = zmq.NewPush(zmq.Config{Context: x, Conflate: true, Linger: zmq.Off})
		connect(t, push, vacant(t, endpoint))
		send(t, push, "one")
		send(t, push, "two")
		var dropped *zmq.DroppedError
		if err := push.Close(); !errors.As(err, &dropped) || dropped.Messages != 1 {
			t.Errorf("Close says %v, want one message dropped", err)
		}
	})
}

// A receiver that conflates has the latest to read, and one at most.
func TestConflatedReceiverHoldsOne(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		push, pull := zmq.NewPush(zmq.Config{Context: x}), zmq.NewPull(zmq.Config{Context: x, Conflate: true})
		connect(t, push, bindTo(t, pull, endpoint))
		for i := range 100 {
			must(t, push.Send(within(t), binary.BigEndian.AppendUint32(nil, uint32(i))))
		}
		in := func() uint64 { return pull.State().MessagesIn }
		for ctx := within(t); in() < 100; {
			must(t, ctx.Err())
		}
		m, err := pull.Recv(zmq.NoWait)
		must(t, err)
		if n := binary.BigEndian.Uint32(m.Body()); n != 99 {
			t.Errorf("number %d was kept, want the last", n)
		}
		if _, err := pull.Recv(zmq.NoWait); !errors.Is(err, zmq.ErrWouldBlock) {
			t.Errorf("there is more: %v", err)
		}
	})
}

// HelloMessage goes out before all others, again on each connection, also before what was queued while nobody was there.
func TestHelloMessage(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		endpoint = vacant(t, endpoint)
		dealer := zmq.NewDealer(zmq.Config{Context: x, HelloMessage: []byte("hello, I am a DEALER"), RoutingID: "d", ReconnectMin: fast})
		connect(t, dealer, endpoint)
		send(t, dealer, "queued")
		router := zmq.NewRouter(zmq.Config{Context: x, HelloMessage: []byte("hello, I am a ROUTER")})
		bindTo(t, router, endpoint)
		recv(t, router, "d", "hello, I am a DEALER")
		recv(t, router, "d", "queued")
		recv(t, dealer, "hello, I am a ROUTER")
		must(t, router.CloseConn(router.State().Peers[0].Conn))
		recv(t, router, "d", "hello, I am a DEALER")
		recv(t, dealer, "hello, I am a ROUTER")
		send(t, router, "d", "x")
		recv(t, dealer, "x")
	})
}

// DisconnectMessage is what an accepted peer leaves behind, HiccupMessage what a dialled one does: behind all that it had
// said.
func TestDisconnectAndHiccupMessages(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		endpoint = vacant(t, endpoint)
		router := zmq.NewRouter(zmq.Config{Context: x, DisconnectMessage: []byte("gone")})
		bindTo(t, router, endpoint)
		dealer := zmq.NewDealer(zmq.Config{Context: x, HiccupMessage: []byte("hic"), RoutingID: "d", ReconnectMin: fast})
		connect(t, dealer, endpoint)
		send(t, dealer, "one")
		ready(t, router, 1)
		arrived(t, router, 1)
		send(t, router, "d", "two")
		arrived(t, dealer, 1)
		w := dealer.Watch(monitor.Disconnected | monitor.LocalClosed | monitor.Inproc)
		must(t, router.CloseConn(router.State().Peers[0].Conn))
		heard(t, w, 1)
		recv(t, router, "d", "one")
		recv(t, router, "d", "gone")
		recv(t, dealer, "two")
		recv(t, dealer, "hic")
		ready(t, dealer, 1)
		ready(t, router, 1)
		send(t, dealer, "three")
		recv(t, router, "d", "three")
		dealer.Close()
		recv(t, router, "d", "gone")
	})
}

// Options act where they can: patterns' switches at once, also on peers that are there.
func TestSwitchesActAtOnce(t *testing.T) {
	x := newContext(t)
	router := zmq.NewRouter(zmq.Config{Context: x})
	send(t, router, "ghost", "x")
	must(t, router.Update(func(c *zmq.Config) { c.RouterMandatory = true }))
	if err := router.Send(context.Background(), []byte("ghost"), []byte("x")); !errors.Is(err, zmq.ErrHostUnreachable) {
		t.Errorf("Send of a ROUTER that has become mandatory: %v", err)
	}
	pub := zmq.NewXPub(zmq.Config{Context: x})
	bound := bindTo(t, pub, "inproc://pub")
	one := connected(t, zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{"a"}}), bound)
	recv(t, pub, on("a"))
	must(t, pub.Update(func(c *zmq.Config) { c.XPubVerbose = true }))
	connected(t, zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{"a"}}), bound)
	recv(t, pub, on("a"))
	must(t, pub.Update(func(c *zmq.Config) { c.InvertMatching = true }))
	must(t, one.Update(func(c *zmq.Config) { c.InvertMatching = true }))
	send(t, pub, "a")
	send(t, pub, "b")
	recv(t, one, "b")
	must(t, pub.Update(func(c *zmq.Config) { c.XPubManual = true }))
	must(t, one.Subscribe("x"))
	m := recv(t, pub, on("x"))
	must(t, pub.Admit(m, "b"))
	send(t, pub, "b")
	send(t, pub, "c")
	recv(t, one, "c")
}
