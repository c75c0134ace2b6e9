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
	pull := zmq.NewPull(zmq.Config{})
	defer pull.Close() // from any goroutine; alone it would end the Recv too, with ErrClosed
	must.Get(pull.Bind("inproc://tasks"))
	stopped := make(chan error)
	go func() {
		_, err := pull.Recv(ctx)
		stopped <- err
	}()
	cancel()
	if err := <-stopped; errors.Is(err, context.Canceled) {
		fmt.Println("the receiver has stopped")
	}
}
