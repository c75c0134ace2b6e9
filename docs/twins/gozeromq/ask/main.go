package main

import (
	"context"
	"fmt"

	"github.com/glassmq/zmq/docs/twins/must"
	"github.com/go-zeromq/zmq4"
)

func main() {
	server := zmq4.NewRep(context.Background())
	defer server.Close()
	must.Do(server.Listen("tcp://127.0.0.1:0"))
	go func() {
		question := must.Get(server.Recv())
		must.Do(server.Send(zmq4.NewMsgFrom([]byte("hello, "), question.Bytes())))
	}()

	client := zmq4.NewReq(context.Background())
	defer client.Close()
	must.Do(client.Dial("tcp://" + server.Addr().String()))
	must.Do(client.Send(zmq4.NewMsgString("world")))
	answer := must.Get(client.Recv())
	fmt.Printf("%s%s\n", answer.Frames[0], answer.Frames[1])
}
