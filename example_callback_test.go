package zmq_test

import (
	"context"
	"fmt"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// The ZMQ_MONITOR proposal: a callback for changes of a socket's state, set, used and removed.
func Example_callback() {
	zctx := zmq.NewContext(zmq.ContextConfig{})
	defer zctx.Close()
	s := zmq.NewPair(zmq.Config{Context: zctx, Name: "orders"})
	var bound string
	seen := make(chan monitor.Kind, 10)
	onEvent := func(e zmq.Event) {
		switch e.Kind {
		case monitor.Connected, monitor.Listening, monitor.Accepted, monitor.Closed, monitor.Disconnected:
			fmt.Printf("%v, descriptor %t, here %t\n", e.Kind, e.FD >= 0, e.Addr() == bound)
		case monitor.ConnectDelayed, monitor.BindFailed, monitor.AcceptFailed, monitor.CloseFailed:
			fmt.Printf("%v, %v, errno %t\n", e.Kind, e.Err, e.Errno() != 0)
		case monitor.ConnectRetried:
			fmt.Printf("%v, %v\n", e.Kind, e.Interval)
		}
		seen <- e.Kind
	}
	wait := func(k monitor.Kind) {
		for <-seen != k {
		}
	}

	bound, err := s.Bind("tcp://127.0.0.1:*")
	check(err)
	s.OnEvent(monitor.Classic, onEvent) // zmq_setsockopt (s, ZMQ_MONITOR, fn, sizeof fn)
	peer := zmq.NewPair(zmq.Config{Context: zctx})
	check(peer.Connect(bound))
	check(s.Send(context.Background(), []byte("hello")))
	check(peer.Close())
	wait(monitor.Disconnected)

	_, err = s.Bind(bound) // taken, by itself: the descriptor that was to listen is closed
	wait(monitor.BindFailed)
	fmt.Println("Bind says so too:", err != nil)

	s.OnEvent(0, nil) // zmq_setsockopt (s, ZMQ_MONITOR, NULL, 0): onEvent does not run any more
	check(s.Unbind(bound))

	// Output:
	// accepted, descriptor true, here true
	// disconnected, descriptor true, here true
	// closed, descriptor true, here true
	// bind_failed, address already in use, errno true
	// Bind says so too: true
}
