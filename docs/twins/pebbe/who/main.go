//go:build pebbe

package main

import (
	"fmt"

	"github.com/glassmq/zmq/docs/twins/must"
	zmq "github.com/pebbe/zmq4"
)

func main() {
	pull := must.Get(zmq.NewSocket(zmq.PULL))
	defer pull.Close()
	must.Do(pull.Bind("tcp://127.0.0.1:*"))
	push := must.Get(zmq.NewSocket(zmq.PUSH))
	defer push.Close()
	must.Do(push.Connect(must.Get(pull.GetLastEndpoint())))
	must.Get(push.Send("hello", 0))
	message, about, err := pull.RecvWithMetadata(0, "Socket-Type", "Peer-Address")
	must.Do(err)
	fmt.Println(about["Socket-Type"], "at", about["Peer-Address"], "says", message)
}
