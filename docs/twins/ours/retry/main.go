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
	server := zmq.NewRep(zmq.Config{})
	endpoint := must.Get(server.Bind("tcp://127.0.0.1:*"))
	gaveUp := make(chan bool, 9)
	go serve(server, gaveUp)

	client := zmq.NewReq(zmq.Config{})
	must.Do(client.Connect(endpoint))
	for attempt := 1; ; attempt++ {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second/2)
		answer, err := client.Do(ctx, []byte("question"), []byte(strconv.Itoa(attempt))) // gives up by itself, cleanly
		cancel()
		if err == nil {
			fmt.Printf("%s to question %s\n", answer.Frame(0), answer.Frame(1))
			return
		}
		fmt.Println("no answer to question", attempt)
		gaveUp <- true
	}
}

// serve answers the first question too late.
func serve(server *zmq.Rep, late <-chan bool) {
	for n := 0; ; n++ {
		question := must.Get(server.Recv(context.Background()))
		if n == 0 {
			<-late
		}
		must.Do(server.Send(context.Background(), []byte("answer"), question.Frame(1)))
	}
}
