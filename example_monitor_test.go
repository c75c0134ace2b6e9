package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// REQ socket monitor goroutine
func reqSocketMonitor(s *zmq.Pair, addr string, last *sync.WaitGroup) {
	defer s.Close()
	for {
		msg, err := s.Recv(context.Background())
		if errors.Is(err, zmq.ErrTerminated) {
			fmt.Println("REQ monitor ends")
			break
		}
		check(err)
		event, err := monitor.Parse(msg.AppendFrames(nil))
		check(err)
		switch event.Kind {
		case monitor.Connected:
			fmt.Println("REQ connected to the address bound:", event.Addr() == addr)
		case monitor.Closed:
			// handle socket closed event
		case monitor.MonitorStopped:
			last.Done()
		}
	}
}

// REP socket monitor goroutine
func repSocketMonitor(s *zmq.Pair, addr <-chan string, last *sync.WaitGroup) {
	defer s.Close()
	bound := <-addr
	for {
		msg, err := s.Recv(context.Background())
		if errors.Is(err, zmq.ErrTerminated) {
			fmt.Println("REP monitor ends")
			break
		}
		check(err)
		event, err := monitor.Parse(msg.AppendFrames(nil))
		check(err)
		switch event.Kind {
		case monitor.Listening, monitor.Accepted, monitor.Closed, monitor.Disconnected:
			// event.FD is the socket descriptor
			fmt.Printf("REP %v, descriptor %t, address bound %t\n", event.Kind, event.FD >= 0, event.Addr() == bound)
		case monitor.CloseFailed:
			fmt.Printf("REP socket close failure error code %d\n", event.Errno())
		case monitor.MonitorStopped:
			last.Done()
		}
	}
}

// The two programs of the zmq_socket_monitor() manual page: a REQ and a REP, each with a monitor that a PAIR reads on a
// goroutine of its own until the Context ends.
func Example_monitor() {
	var threads, last sync.WaitGroup
	zctx := zmq.NewContext(zmq.ContextConfig{})

	// REP socket monitor, all events
	rep := zmq.NewRep(zmq.Config{Context: zctx})
	check(rep.Monitor("inproc://monitor.rep", monitor.Classic))
	repEvents, bound := reader(zctx, "inproc://monitor.rep"), make(chan string, 1)
	threads.Go(func() { repSocketMonitor(repEvents, bound, &last) })
	addr, err := rep.Bind("tcp://127.0.0.1:*")
	check(err)
	bound <- addr

	// REQ socket: register a monitor endpoint for all socket events
	req := zmq.NewReq(zmq.Config{Context: zctx})
	check(req.Monitor("inproc://monitor.req", monitor.Classic))
	reqEvents := reader(zctx, "inproc://monitor.req")
	threads.Go(func() { reqSocketMonitor(reqEvents, addr, &last) })
	check(req.Connect(addr))
	check(req.WaitReady(context.Background(), 1))
	check(rep.WaitReady(context.Background(), 1))

	// Close the sockets, and allow for event detection: the last event is MONITOR_STOPPED
	last.Add(2)
	check(rep.Close())
	check(req.Close())
	last.Wait()

	check(zctx.Close())
	threads.Wait()

	// Unordered output:
	// REP listening, descriptor true, address bound true
	// REP accepted, descriptor true, address bound true
	// REQ connected to the address bound: true
	// REP closed, descriptor true, address bound true
	// REQ monitor ends
	// REP monitor ends
}

// reader is connected when it returns, and not some time after its goroutine has begun: a monitor that has stopped
// meanwhile is nobody's.
func reader(zctx *zmq.Context, endpoint string) *zmq.Pair {
	s := zmq.NewPair(zmq.Config{Context: zctx})
	check(s.Connect(endpoint))
	return s
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
