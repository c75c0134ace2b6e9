//go:build pebbe

package main

import (
	"fmt"

	"github.com/glassmq/zmq/docs/twins/must"
	zmq "github.com/pebbe/zmq4"
)

func main() {
	front, back := must.Get(zmq.NewSocket(zmq.ROUTER)), must.Get(zmq.NewSocket(zmq.DEALER))
	must.Do(front.Bind("tcp://127.0.0.1:*"))
	must.Do(back.Bind("tcp://127.0.0.1:*"))
	clients, workers := must.Get(front.GetLastEndpoint()), must.Get(back.GetLastEndpoint())
	control := must.Get(zmq.NewSocket(zmq.PAIR))
	must.Do(control.Bind("inproc://control"))
	ended := make(chan error)
	go func() { ended <- zmq.ProxySteerable(front, back, nil, control) }()

	go func() {
		worker := must.Get(zmq.NewSocket(zmq.REP))
		defer worker.Close()
		must.Do(worker.Connect(workers))
		question := must.Get(worker.Recv(0))
		must.Get(worker.Send("hello, "+question, 0))
	}()
	client := must.Get(zmq.NewSocket(zmq.REQ))
	defer client.Close()
	must.Do(client.Connect(clients))
	must.Get(client.Send("world", 0))
	fmt.Println(must.Get(client.Recv(0)))

	command := must.Get(zmq.NewSocket(zmq.PAIR))
	defer command.Close()
	must.Do(command.Connect("inproc://control"))
	must.Get(command.Send("TERMINATE", 0))
	must.Do(<-ended)
}
