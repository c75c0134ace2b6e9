package main

import (
	"context"
	"fmt"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/docs/twins/must"
	"github.com/glassmq/zmq/monitor"
)

func main() {
	server := zmq.NewRep(zmq.Config{})
	events := server.Watch(monitor.HandshakeSucceeded | monitor.Disconnected)
	endpoint := must.Get(server.Bind("tcp://127.0.0.1:*"))

	client := zmq.NewReq(zmq.Config{})
	must.Do(client.Connect(endpoint))
	for event := range events.Events(context.Background()) { // event.Peer, event.Reason, event.Why() say more
		switch event.Kind {
		case monitor.HandshakeSucceeded:
			fmt.Println("a peer came")
			must.Do(client.Close())
		case monitor.Disconnected:
			fmt.Println("a peer went")
			must.Do(server.Close())
		}
	}
}
