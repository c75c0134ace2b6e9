//go:build pebbe

package main

import (
	"fmt"

	"github.com/glassmq/zmq/docs/twins/must"
	zmq "github.com/pebbe/zmq4"
)

func main() {
	ctx := must.Get(zmq.NewContext())
	receiving, stopped := make(chan bool), make(chan error)
	go func() {
		pull := must.Get(ctx.NewSocket(zmq.PULL))
		defer pull.Close() // by nobody else: Term, below, waits for it
		must.Do(pull.Bind("inproc://tasks"))
		close(receiving)
		_, err := pull.Recv(0)
		stopped <- err
	}()
	<-receiving
	go ctx.Term()
	if err := <-stopped; zmq.AsErrno(err) == zmq.ETERM {
		fmt.Println("the receiver has stopped")
	}
}
