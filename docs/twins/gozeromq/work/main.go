package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/glassmq/zmq/docs/twins/must"
	"github.com/go-zeromq/zmq4"
)

func main() {
	ctx := context.Background()
	source, sink := zmq4.NewPush(ctx), zmq4.NewPull(ctx)
	defer source.Close()
	defer sink.Close()
	must.Do(source.Listen("tcp://127.0.0.1:0"))
	must.Do(sink.Listen("tcp://127.0.0.1:0"))
	in, out := zmq4.NewPull(ctx), zmq4.NewPush(ctx)
	must.Do(in.Dial("tcp://" + source.Addr().String())) // one connection only: a second PULL would get every message too
	must.Do(out.Dial("tcp://" + sink.Addr().String()))
	for range 3 {
		go worker(in, out)
	}
	for n := range 100 {
		must.Do(source.Send(zmq4.NewMsgString(strconv.Itoa(n))))
	}
	sum := 0
	for range 100 {
		sum += must.Get(strconv.Atoi(string(must.Get(sink.Recv()).Frames[0])))
	}
	fmt.Println("the sum of the squares is", sum)
}

func worker(in, out zmq4.Socket) {
	for {
		message, err := in.Recv()
		if err != nil {
			return // also when a peer has gone
		}
		n := must.Get(strconv.Atoi(string(message.Frames[0])))
		must.Do(out.Send(zmq4.NewMsgString(strconv.Itoa(n * n))))
	}
}
