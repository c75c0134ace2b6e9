package main

import (
	"context"
	"fmt"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/docs/twins/must"
)

func main() {
	tasks, news := zmq.NewPull(zmq.Config{}), zmq.NewPull(zmq.Config{})
	defer tasks.Close()
	defer news.Close()
	say(tasks, "task")
	say(news, "news")

	heard := map[string]int{}
	for heard["task"]+heard["news"] < 6 {
		var message zmq.Message
		var err error
		select { // any other channel may stand beside them
		case <-tasks.Readable():
			message, err = tasks.Recv(zmq.NoWait)
		case <-news.Readable():
			message, err = news.Recv(zmq.NoWait)
		}
		must.Do(err)
		heard[string(message.Body())]++
	}
	fmt.Println(heard)
}

// say sends three messages to a socket.
func say(to *zmq.Pull, what string) {
	push := zmq.NewPush(zmq.Config{})
	must.Do(push.Connect(must.Get(to.Bind("tcp://127.0.0.1:*"))))
	for range 3 {
		must.Do(push.Send(context.Background(), []byte(what)))
	}
}
