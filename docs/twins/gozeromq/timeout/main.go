package main

import (
	"context"
	"fmt"
	"time"

	"github.com/glassmq/zmq/docs/twins/must"
	"github.com/go-zeromq/zmq4"
)

func main() {
	pull := zmq4.NewPull(context.Background())
	defer pull.Close()
	must.Do(pull.Listen("tcp://127.0.0.1:0"))
	said := make(chan zmq4.Msg, 1)
	go func() { // WithTimeout is for sending; this Recv waits on, and takes the next message
		if message, err := pull.Recv(); err == nil {
			said <- message
		}
	}()
	select {
	case message := <-said:
		fmt.Println(message)
	case <-time.After(20 * time.Millisecond):
		fmt.Println("nobody said anything in time")
	}
}
