package zmq_test

import (
	"errors"
	"math/rand/v2"
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

// A ROUTER that has bound a name and dials it meets itself, under the name that it has just given itself: it is told so once, and
// the call returns.
func TestARouterThatMeetsItself(t *testing.T) {
	for _, handover := range []bool{false, true} {
		router := zmq.NewRouter(zmq.Config{Context: newContext(t), RoutingID: "narcissus", RouterHandover: handover})
		w := router.Watch(monitor.IdentityConflict | monitor.Inproc)
		bindTo(t, router, "inproc://pool")
		must(t, router.Connect("inproc://pool"))
		e, err := w.Next(within(t))
		must(t, err)
		if e.PeerID != "narcissus" {
			t.Errorf("handover %v: it met %q", handover, e.PeerID)
		}
		if e, err := w.Next(zmq.NoWait); err == nil {
			t.Errorf("handover %v: and again: %v", handover, e)
		}
	}
}

// Sockets of one name over inproc bind, dial, part and close in any order, and every call returns.
func TestNamesakesOverInproc(t *testing.T) {
	types := []zmq.Type{zmq.ROUTER, zmq.ROUTER, zmq.DEALER, zmq.REQ, zmq.REP}
	for seed := range uint64(300) {
		x := newContext(t)
		var all []zmq.Socket
		r := rand.New(rand.NewPCG(seed, 0))
		for range 2 + r.IntN(4) {
			cfg := zmq.Config{Context: x, RoutingID: "x"}
			typ := types[r.IntN(len(types))]
			if typ == zmq.REP {
				cfg.RoutingID = ""
			}
			if typ == zmq.ROUTER {
				cfg.RouterHandover = r.IntN(3) == 0
			}
			s, err := zmq.New(typ, cfg)
			must(t, err)
			all = append(all, s)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			for range 25 {
				s, name := all[r.IntN(len(all))], "inproc://"+string(rune('a'+r.IntN(3)))
				switch peers := s.State().Peers; {
				case r.IntN(6) < 2:
					s.Bind(name) // somebody may have it
				case r.IntN(6) < 4:
					s.Connect(name)
				case len(peers) > 0:
					s.CloseConn(peers[r.IntN(len(peers))].Conn)
				default:
					s.Unbind(name)
					s.Disconnect(name)
				}
			}
			x.Shutdown(zmq.NoWait)
		}()
		select {
		case <-done:
		case <-within(t).Done():
			t.Fatalf("seed %d hangs", seed)
		}
	}
}
