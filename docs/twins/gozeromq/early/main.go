package main

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/glassmq/zmq/docs/twins/must"
	"github.com/go-zeromq/zmq4"
)

func main() {
	port := must.Get(net.Listen("tcp", "127.0.0.1:0"))
	endpoint := "tcp://" + port.Addr().String()
	must.Do(port.Close()) // nobody is there now

	ctx := context.Background()
	push := zmq4.NewPush(ctx, zmq4.WithDialerRetry(10*time.Millisecond), zmq4.WithDialerMaxRetries(-1))
	defer push.Close()
	pull := zmq4.NewPull(ctx)
	defer pull.Close()
	listening := make(chan error)
	go func() { listening <- pull.Listen(endpoint) }()
	must.Do(push.Dial(endpoint)) // returns when somebody is there
	must.Do(<-listening)
	must.Do(push.Send(zmq4.NewMsgString("first things first")))
	fmt.Printf("%s\n", must.Get(pull.Recv()).Frames[0])
}
