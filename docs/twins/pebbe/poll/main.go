//go:build pebbe

package main

import (
	"fmt"

	"github.com/glassmq/zmq/docs/twins/must"
	zmq "github.com/pebbe/zmq4"
)

func main() {
	tasks, news := must.Get(zmq.NewSocket(zmq.PULL)), must.Get(zmq.NewSocket(zmq.PULL))
	defer tasks.Close()
	defer news.Close()
	say(tasks, "task")
	say(news, "news")

	poller := zmq.NewPoller()
	poller.Add(tasks, zmq.POLLIN)
	poller.Add(news, zmq.POLLIN)
	heard := map[string]int{}
	for heard["task"]+heard["news"] < 6 {
		for _, ready := range must.Get(poller.Poll(-1)) {
			heard[must.Get(ready.Socket.Recv(0))]++
		}
	}
	fmt.Println(heard)
}

// say sends three messages to a socket.
func say(to *zmq.Socket, what string) {
	must.Do(to.Bind("tcp://127.0.0.1:*"))
	push := must.Get(zmq.NewSocket(zmq.PUSH))
	must.Do(push.Connect(must.Get(to.GetLastEndpoint())))
	for range 3 {
		must.Get(push.Send(what, 0))
	}
}
