//go:build pebbe

package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/glassmq/zmq/docs/twins/must"
	zmq "github.com/pebbe/zmq4"
)

var enough = errors.New("enough")

func main() {
	pull, push := must.Get(zmq.NewSocket(zmq.PULL)), must.Get(zmq.NewSocket(zmq.PUSH))
	defer pull.Close()
	defer push.Close()
	must.Do(pull.Bind("inproc://ticks"))
	must.Do(push.Connect("inproc://ticks"))

	reactor := zmq.NewReactor()
	ticks := 0
	reactor.AddChannelTime(time.Tick(5*time.Millisecond), 1, func(any) error {
		ticks++
		_, err := push.SendMessage("tick", ticks)
		return err
	})
	reactor.AddSocket(pull, zmq.POLLIN, func(zmq.State) error {
		message := must.Get(pull.RecvMessage(0))
		fmt.Println(message[0], message[1])
		if message[1] == "3" {
			return enough
		}
		return nil
	})
	if err := reactor.Run(time.Millisecond); err != enough {
		must.Do(err)
	}
}
