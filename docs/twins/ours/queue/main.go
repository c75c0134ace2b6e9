package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/docs/twins/must"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	front, back := zmq.NewRouter(zmq.Config{}), zmq.NewDealer(zmq.Config{})
	defer front.Close()
	defer back.Close()
	clients, workers := must.Get(front.Bind("tcp://127.0.0.1:*")), must.Get(back.Bind("tcp://127.0.0.1:*"))
	proxy := &zmq.Proxy{Front: front, Back: back}
	ended := make(chan error)
	go func() { ended <- proxy.Run(ctx) }()

	worker := zmq.NewRep(zmq.Config{})
	defer worker.Close()
	must.Do(worker.Connect(workers))
	go func() {
		question := must.Get(worker.Recv(ctx))
		must.Do(worker.Send(ctx, append([]byte("hello, "), question.Body()...)))
	}()
	client := zmq.NewReq(zmq.Config{})
	defer client.Close()
	must.Do(client.Connect(clients))
	fmt.Printf("%s\n", must.Get(client.Do(ctx, []byte("world"))).Body())

	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		must.Do(err)
	}
}
