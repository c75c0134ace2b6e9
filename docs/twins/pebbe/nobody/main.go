//go:build pebbe

package main

import (
	"fmt"

	"github.com/glassmq/zmq/docs/twins/must"
	zmq "github.com/pebbe/zmq4"
)

func main() {
	router := must.Get(zmq.NewSocket(zmq.ROUTER))
	defer router.Close()
	must.Do(router.SetRouterMandatory(1))
	must.Do(router.Bind("tcp://127.0.0.1:*"))
	_, err := router.SendMessage("nobody", "hello")
	if zmq.AsErrno(err) == zmq.EHOSTUNREACH {
		fmt.Println("there is nobody of that name")
	}
}
