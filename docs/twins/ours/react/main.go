package main

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/docs/twins/must"
)

func main() {
	pull, push := zmq.NewPull(zmq.Config{}), zmq.NewPush(zmq.Config{})
	defer pull.Close()
	defer push.Close()
	must.Get(pull.Bind("inproc://ticks"))
	must.Do(push.Connect("inproc://ticks"))

	ticker := time.NewTicker(5 * time.Millisecond)
	defer ticker.Stop()
	for ticks := 0; ; {
		select {
		case <-ticker.C:
			ticks++
			must.Do(push.Send(context.Background(), []byte("tick"), []byte(strconv.Itoa(ticks))))
		case <-pull.Readable():
			message := must.Get(pull.Recv(zmq.NoWait))
			fmt.Printf("%s %s\n", message.Frame(0), message.Body())
			if string(message.Body()) == "3" {
				return
			}
		}
	}
}
