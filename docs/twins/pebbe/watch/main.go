//go:build pebbe

package main

import (
	"fmt"

	"github.com/glassmq/zmq/docs/twins/must"
	zmq "github.com/pebbe/zmq4"
)

func main() {
	server := must.Get(zmq.NewSocket(zmq.REP))
	must.Do(server.Monitor("inproc://events", zmq.EVENT_HANDSHAKE_SUCCEEDED|zmq.EVENT_DISCONNECTED|zmq.EVENT_MONITOR_STOPPED))
	events := must.Get(zmq.NewSocket(zmq.PAIR))
	defer events.Close()
	must.Do(events.Connect("inproc://events"))
	must.Do(server.Bind("tcp://127.0.0.1:*"))

	client := must.Get(zmq.NewSocket(zmq.REQ))
	must.Do(client.Connect(must.Get(server.GetLastEndpoint())))
	for {
		kind, _, _, err := events.RecvEvent(0) // who it was, and why, it does not say
		must.Do(err)
		switch kind {
		case zmq.EVENT_HANDSHAKE_SUCCEEDED:
			fmt.Println("a peer came")
			must.Do(client.Close())
		case zmq.EVENT_DISCONNECTED:
			fmt.Println("a peer went")
			must.Do(server.Close())
		case zmq.EVENT_MONITOR_STOPPED:
			return
		}
	}
}
