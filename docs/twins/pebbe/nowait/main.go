//go:build pebbe

package main

import (
	"fmt"
	"syscall"

	"github.com/glassmq/zmq/docs/twins/must"
	zmq "github.com/pebbe/zmq4"
)

func main() {
	push := must.Get(zmq.NewSocket(zmq.PUSH))
	defer push.Close()
	must.Do(push.SetLinger(0))
	must.Do(push.SetSndhwm(10))
	must.Do(push.Connect("tcp://127.0.0.1:1")) // nobody is there
	for n := 0; ; n++ {
		_, err := push.SendMessageDontwait("message", n)
		if zmq.AsErrno(err) == zmq.Errno(syscall.EAGAIN) {
			fmt.Println(n, "messages fit into the queue")
			return
		}
		must.Do(err)
	}
}
