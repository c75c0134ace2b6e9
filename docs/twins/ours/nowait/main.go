package main

import (
	"errors"
	"fmt"
	"strconv"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/docs/twins/must"
)

func main() {
	push := zmq.NewPush(zmq.Config{SendHWM: 10})
	defer push.Shutdown(zmq.NoWait)            // Close without lingering
	must.Do(push.Connect("tcp://127.0.0.1:1")) // nobody is there
	for n := 0; ; n++ {
		err := push.Send(zmq.NoWait, []byte("message"), []byte(strconv.Itoa(n)))
		if errors.Is(err, zmq.ErrWouldBlock) {
			fmt.Println(n, "messages fit into the queue")
			return
		}
		must.Do(err)
	}
}
