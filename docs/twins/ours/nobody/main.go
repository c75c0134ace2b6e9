package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/docs/twins/must"
)

func main() {
	router := zmq.NewRouter(zmq.Config{RouterMandatory: true})
	defer router.Close()
	must.Get(router.Bind("tcp://127.0.0.1:*"))
	err := router.Send(context.Background(), []byte("nobody"), []byte("hello"))
	if errors.Is(err, zmq.ErrHostUnreachable) { // zmq.Errno(err) has libzmq's number
		fmt.Println("there is nobody of that name")
	}
}
