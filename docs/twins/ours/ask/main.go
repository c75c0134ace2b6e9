package main

import (
	"context"
	"fmt"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/docs/twins/must"
)

func main() {
	ctx := context.Background()
	server := zmq.NewRep(zmq.Config{})
	defer server.Close()
	endpoint := must.Get(server.Bind("tcp://127.0.0.1:*"))
	go func() {
		question := must.Get(server.Recv(ctx))
		must.Do(server.Send(ctx, []byte("hello, "), question.Body()))
	}()

	client := zmq.NewReq(zmq.Config{})
	defer client.Close()
	must.Do(client.Connect(endpoint))
	answer := must.Get(client.Do(ctx, []byte("world"))) // Send and Recv in one
	fmt.Printf("%s%s\n", answer.Frame(0), answer.Frame(1))
}
