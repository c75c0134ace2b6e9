//go:build pebbe

package main

import (
	"fmt"
	"time"

	"github.com/glassmq/zmq/docs/twins/must"
	zmq "github.com/pebbe/zmq4"
)

func main() {
	server := must.Get(zmq.NewSocket(zmq.REP))
	must.Do(server.Bind("tcp://127.0.0.1:*"))
	endpoint := must.Get(server.GetLastEndpoint())
	gaveUp := make(chan bool, 9)
	go serve(server, gaveUp)

	for attempt := 1; ; attempt++ {
		client := must.Get(zmq.NewSocket(zmq.REQ)) // a REQ without its answer is of no use any more: a new one each time
		must.Do(client.SetLinger(0))
		must.Do(client.SetRcvtimeo(time.Second / 2))
		must.Do(client.Connect(endpoint))
		must.Get(client.SendMessage("question", attempt))
		answer, err := client.RecvMessage(0)
		must.Do(client.Close())
		if err == nil {
			fmt.Println(answer[0], "to question", answer[1])
			return
		}
		fmt.Println("no answer to question", attempt)
		gaveUp <- true
	}
}

// serve answers the first question too late.
func serve(server *zmq.Socket, late <-chan bool) {
	for n := 0; ; n++ {
		question := must.Get(server.RecvMessage(0))
		if n == 0 {
			<-late
		}
		must.Get(server.SendMessage("answer", question[1]))
	}
}
