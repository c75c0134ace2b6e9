package interop

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// A program that sends and closes loses nothing to a live peer (contract U9).
func TestSendAndClose(t *testing.T) {
	const many = 10_000
	p := startPeer(t)
	want := expected(many, "last words", 20, 100)
	for round := range 3 {
		t.Run(fmt.Sprint("round ", round), func(t *testing.T) {
			bothWays(t, func(t *testing.T, weBind bool) {
				o, s := open(t, zmq.PUSH, zmq.Config{}), p.open(t, "PULL", nil)
				join(t, o, s, weBind)
				got := s.recv(t, many)
				for i := range many {
					o.send(t, message("last words", i, []int{20, 100}))
				}
				if err := o.Close(); err != nil {
					t.Error(err)
				}
				same(t, "what they received", got.done(t).Messages, want)
			})
		})
	}
}

// The same with a peer that reads only once we are closing: Close waits for it.
func TestCloseWaitsForASlowReader(t *testing.T) {
	const many, size = 1000, 10_000 // more than both kernels and queues take
	p := startPeer(t)
	bothWays(t, func(t *testing.T, weBind bool) {
		o, s := open(t, zmq.PUSH, zmq.Config{SendBuffer: 4096}), p.open(t, "PULL", options{"RCVHWM": 10, "RCVBUF": 4096})
		join(t, o, s, weBind)
		for i := range many {
			o.send(t, message("waiting", i, []int{size}))
		}
		closed := make(chan error, 1)
		go func() { closed <- o.Close() }()
		if weBind { // the first thing that Close does
			o.await(t, monitor.Closed)
		}
		select {
		case err := <-closed:
			t.Fatalf("Close did not wait for the reader: %v", err)
		default:
		}
		same(t, "what they received", s.recv(t, many).done(t).Messages, expected(many, "waiting", size))
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}

// The answer to a request is the last thing that a REP does.
func TestAnswerAndClose(t *testing.T) {
	p := startPeer(t)
	for round := range 20 {
		t.Run(fmt.Sprint("round ", round), func(t *testing.T) {
			bothWays(t, func(t *testing.T, weBind bool) {
				o, s := open(t, zmq.REP, zmq.Config{}), p.open(t, "REQ", nil)
				join(t, o, s, weBind)
				asked := s.converse(t, "question", [][]int{{20}})
				answer(t, o, 1)
				if err := o.Close(); err != nil {
					t.Error(err)
				}
				same(t, "the answer", asked.done(t).Messages, expected(1, "question", 20))
			})
		})
	}
}

// Who sends and closes before anybody is there lingers, and dials on: a peer that comes within the time gets everything.
func TestCloseBeforeThePeerIsThere(t *testing.T) {
	p := startPeer(t)
	there := freeEndpoint(t)
	o := open(t, zmq.PUSH, zmq.Config{})
	o.connect(t, there)
	for i := range 100 {
		o.send(t, message("early", i, []int{20, 100}))
	}
	closed := make(chan error, 1)
	go func() { closed <- o.Close() }()
	for range 3 { // 0.1 + 0.2 + 0.4 s, and what chance adds
		o.await(t, monitor.ConnectRetried)
	}
	s := p.open(t, "PULL", nil)
	s.bind(t, there)
	same(t, "what they received", s.recv(t, 100).done(t).Messages, expected(100, "early", 20, 100))
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// If nobody comes, Close says how much was dropped, and for whom.
func TestCloseWithoutAPeer(t *testing.T) {
	there := freeEndpoint(t)
	o := open(t, zmq.PUSH, zmq.Config{Linger: 200 * time.Millisecond})
	o.connect(t, there)
	for i := range 100 {
		o.send(t, message("in vain", i, []int{20}))
	}
	var dropped *zmq.DroppedError
	if err := o.Close(); !errors.As(err, &dropped) {
		t.Fatalf("Close: %v", err)
	}
	if dropped.Messages != 100 || dropped.Bytes != 2200 || len(dropped.Peers) != 1 || dropped.Peers[0].Endpoint != there {
		t.Errorf("%+v", dropped)
	}
}

// The sender of libzmq that sends and closes loses nothing to us, either: our queue keeps what came before the end.
func TestTheySendAndClose(t *testing.T) {
	p := startPeer(t)
	bothWays(t, func(t *testing.T, weBind bool) {
		o, s := open(t, zmq.PULL, zmq.Config{}), p.open(t, "PUSH", nil)
		join(t, o, s, weBind)
		s.send(t, 900, "last words", 20, 100).done(t) // below our mark: so the end can reach us before we read
		s.tell(t, "close", args{"linger": -1}).done(t)
		o.await(t, monitor.Disconnected)
		same(t, "what we received", o.take(t, 900), expected(900, "last words", 20, 100))
	})
}
