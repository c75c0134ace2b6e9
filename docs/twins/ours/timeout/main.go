package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/docs/twins/must"
)

func main() {
	pull := zmq.NewPull(zmq.Config{})
	defer pull.Close()
	must.Get(pull.Bind("tcp://127.0.0.1:*"))
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond) // of this call, not of the socket
	defer cancel()
	_, err := pull.Recv(ctx)
	if errors.Is(err, zmq.ErrWouldBlock) { // and context.DeadlineExceeded as well
		fmt.Println("nobody said anything in time")
	}
}
