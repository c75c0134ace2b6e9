package zmq_test

import (
	"errors"
	"testing"
	"testing/synctest"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// A ROUTER that dials two peers of one routing id over inproc keeps the first, and says so of the second.
func TestRouterDialsTwoOfOneName(t *testing.T) {
	x := newContext(t)
	a, b := zmq.NewDealer(zmq.Config{Context: x, RoutingID: "x"}), zmq.NewDealer(zmq.Config{Context: x, RoutingID: "x"})
	r := zmq.NewRouter(zmq.Config{Context: x})
	w := r.Watch(monitor.IdentityConflict | monitor.Inproc)
	connect(t, r, bindTo(t, a, "inproc://a"))
	connect(t, r, bindTo(t, b, "inproc://b"))
	if _, err := w.Next(within(t)); err != nil {
		t.Fatal(err)
	}
	must(t, r.Send(within(t), []byte("x"), []byte("hello")))
	recv(t, a, "hello")
}

// A name that ConnectAs gave is not for a stranger to take, whether its peer is there or not.
func TestNobodyTakesAGivenName(t *testing.T) {
	for _, handover := range []bool{false, true} {
		x := newContext(t)
		r := zmq.NewRouter(zmq.Config{Context: x, RouterHandover: handover, RouterMandatory: true})
		w := r.Watch(monitor.IdentityConflict)
		bound := bindTo(t, r, "tcp://127.0.0.1:*")
		place := vacant(t, "tcp://127.0.0.1:*")
		must(t, r.ConnectAs(place, "srv"))
		connect(t, zmq.NewDealer(zmq.Config{Context: x, RoutingID: "srv"}), bound)
		if _, err := w.Next(within(t)); err != nil {
			t.Fatal(err)
		}
		srv := zmq.NewDealer(zmq.Config{Context: x})
		bindTo(t, srv, place)
		must(t, r.Send(within(t), []byte("srv"), []byte("for the server")))
		recv(t, srv, "for the server")
	}
}

// With Immediate a name that ConnectAs gave leads nowhere while nobody is there, is not for others to take, and leads there
// again as soon as the peer is back.
func TestAGivenNameComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := zmqtest.NewNetwork()
		x := n.Context(t)
		r, srv := zmq.NewRouter(zmq.Config{Context: x, Immediate: true, RouterMandatory: true}), zmq.NewDealer(zmq.Config{Context: x})
		bindTo(t, r, "tcp://router:1")
		must(t, r.ConnectAs("tcp://server:1", "srv"))
		for range 3 {
			if err := r.Send(zmq.NoWait, []byte("srv"), []byte("anybody?")); !errors.Is(err, zmq.ErrHostUnreachable) {
				t.Errorf("with nobody there Send says %v", err)
			}
			if err := r.ConnectAs("tcp://other:1", "srv"); !errors.Is(err, zmq.ErrInvalid) {
				t.Errorf("the name was given a second time: %v", err)
			}
			w := r.Watch(monitor.IdentityConflict)
			impostor := zmq.NewDealer(zmq.Config{Context: x, RoutingID: "srv"})
			connect(t, impostor, "tcp://router:1")
			if _, err := w.Next(within(t)); err != nil {
				t.Error(err)
			}
			w.Close()
			impostor.Close()
			bindTo(t, srv, "tcp://server:1")
			ready(t, r, 1)
			send(t, r, "srv", "for the server")
			recv(t, srv, "for the server")
			must(t, srv.Unbind("tcp://server:1"))
			synctest.Wait()
		}
	})
}

// Messages without a byte take no room for good on a connection without frames.
func TestStreamSendsNothing(t *testing.T) {
	stream := zmq.NewStream(zmq.Config{Context: newContext(t), SendHWM: 3})
	c := dialTCP(t, bindTo(t, stream, "tcp://127.0.0.1:*"))
	id := notice(t, stream)
	for range 20 {
		must(t, stream.Send(within(t), id, []byte{}, []byte{}))
	}
	must(t, stream.Send(within(t), id, []byte("there")))
	readAll(t, c, 5)
}
