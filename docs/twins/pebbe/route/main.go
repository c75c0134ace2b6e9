//go:build pebbe

package main

import (
	"fmt"

	"github.com/glassmq/zmq/docs/twins/must"
	zmq "github.com/pebbe/zmq4"
)

func main() {
	router := must.Get(zmq.NewSocket(zmq.ROUTER))
	defer router.Close()
	must.Do(router.Bind("tcp://127.0.0.1:*"))
	endpoint := must.Get(router.GetLastEndpoint())
	var dealers []*zmq.Socket
	for _, name := range []string{"Alice", "Bob"} {
		dealer := must.Get(zmq.NewSocket(zmq.DEALER))
		defer dealer.Close()
		must.Do(dealer.SetIdentity(name))
		must.Do(dealer.Connect(endpoint))
		must.Get(dealer.SendMessage("good morning"))
		dealers = append(dealers, dealer)
	}
	for range dealers {
		message := must.Get(router.RecvMessage(0))
		must.Get(router.SendMessage(message[0], message[1]+", "+message[0]))
	}
	for _, dealer := range dealers {
		fmt.Println(must.Get(dealer.Recv(0)))
	}
}
