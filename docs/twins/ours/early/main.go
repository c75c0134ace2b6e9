package main

import (
	"context"
	"fmt"
	"net"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/docs/twins/must"
)

func main() {
	port := must.Get(net.Listen("tcp", "127.0.0.1:0"))
	endpoint := "tcp://" + port.Addr().String()
	must.Do(port.Close()) // nobody is there now

	ctx := context.Background()
	push, pull := zmq.NewPush(zmq.Config{}), zmq.NewPull(zmq.Config{})
	defer push.Close()
	defer pull.Close()
	must.Do(push.Connect(endpoint)) // returns at once, and dials until Close
	must.Do(push.Send(ctx, []byte("first things first")))
	must.Get(pull.Bind(endpoint))
	fmt.Printf("%s\n", must.Get(pull.Recv(ctx)).Body())
}
