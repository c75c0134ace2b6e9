//go:build pebbe

package main

import (
	"fmt"

	"github.com/glassmq/zmq/docs/twins/must"
	zmq "github.com/pebbe/zmq4"
)

func main() {
	server := must.Get(zmq.NewSocket(zmq.REP))
	must.Do(server.Bind("tcp://127.0.0.1:*"))
	endpoint := must.Get(server.GetLastEndpoint())
	go func() { // from here on the server belongs to this goroutine
		defer server.Close()
		question := must.Get(server.RecvMessage(0))
		must.Get(server.SendMessage("hello, ", question))
	}()

	client := must.Get(zmq.NewSocket(zmq.REQ))
	defer client.Close()
	must.Do(client.Connect(endpoint))
	must.Get(client.SendMessage("world"))
	answer := must.Get(client.RecvMessage(0))
	fmt.Println(answer[0] + answer[1])
}
