package zmq_test

import (
	"context"
	"fmt"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// One loop hears of every socket of a program, also of those that are made later, and ends with the Context.
func ExampleContext_Watch() {
	x := zmq.NewContext(zmq.ContextConfig{})
	w := x.Watch(monitor.Listening | monitor.Connected | monitor.Inproc)

	pull := zmq.NewPull(zmq.Config{Context: x, Name: "jobs-in"})
	push := zmq.NewPush(zmq.Config{Context: x, Name: "jobs-out"})
	if _, err := pull.Bind("inproc://jobs"); err != nil {
		panic(err)
	}
	if err := push.Connect("inproc://jobs"); err != nil {
		panic(err)
	}
	x.Close()

	for e := range w.Events(context.Background()) {
		if e.Kind != monitor.MonitorStopped { // of each socket, and of the Context
			fmt.Println(e.SocketName, e.Kind, e.Endpoint)
		}
	}
	// Output:
	// jobs-in listening inproc://jobs
	// jobs-out connected inproc://jobs
}
