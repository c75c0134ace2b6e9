package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/glassmq/zmq/docs/twins/must"
	"github.com/go-zeromq/zmq4"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	pull := zmq4.NewPull(ctx) // the context is the socket's life
	defer pull.Close()
	must.Do(pull.Listen("inproc://tasks"))
	stopped := make(chan error)
	go func() {
		_, err := pull.Recv()
		stopped <- err
	}()
	cancel()
	if err := <-stopped; errors.Is(err, context.Canceled) {
		fmt.Println("the receiver has stopped")
	}
}
