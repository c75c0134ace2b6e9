//go:build pebbe

package main

import (
	"fmt"
	"syscall"
	"time"

	"github.com/glassmq/zmq/docs/twins/must"
	zmq "github.com/pebbe/zmq4"
)

func main() {
	pull := must.Get(zmq.NewSocket(zmq.PULL))
	defer pull.Close()
	must.Do(pull.Bind("tcp://127.0.0.1:*"))
	must.Do(pull.SetRcvtimeo(20 * time.Millisecond))
	_, err := pull.Recv(0)
	if zmq.AsErrno(err) == zmq.Errno(syscall.EAGAIN) {
		fmt.Println("nobody said anything in time")
	}
}
