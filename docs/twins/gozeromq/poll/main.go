package main

import (
	"context"
	"fmt"

	"github.com/glassmq/zmq/docs/twins/must"
	"github.com/go-zeromq/zmq4"
)

func main() {
	ctx := context.Background()
	tasks, news := zmq4.NewPull(ctx), zmq4.NewPull(ctx)
	defer tasks.Close()
	defer news.Close()
	say(tasks, "task")
	say(news, "news")

	messages := make(chan zmq4.Msg)
	for _, s := range []zmq4.Socket{tasks, news} {
		go func() { // a goroutine for each socket, and one message of each is always on its way
			for range 3 {
				messages <- must.Get(s.Recv())
			}
		}()
	}
	heard := map[string]int{}
	for heard["task"]+heard["news"] < 6 {
		heard[string((<-messages).Frames[0])]++
	}
	fmt.Println(heard)
}

// say sends three messages to a socket.
func say(to zmq4.Socket, what string) {
	must.Do(to.Listen("tcp://127.0.0.1:0"))
	push := zmq4.NewPush(context.Background())
	must.Do(push.Dial("tcp://" + to.Addr().String()))
	for range 3 {
		must.Do(push.Send(zmq4.NewMsgString(what)))
	}
}
