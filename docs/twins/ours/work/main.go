package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/docs/twins/must"
)

func main() {
	ctx := context.Background()
	source, sink := zmq.NewPush(zmq.Config{}), zmq.NewPull(zmq.Config{})
	defer source.Close()
	defer sink.Close()
	from, to := must.Get(source.Bind("tcp://127.0.0.1:*")), must.Get(sink.Bind("tcp://127.0.0.1:*"))
	in, out := zmq.NewPull(zmq.Config{}), zmq.NewPush(zmq.Config{})
	defer in.Close()
	defer out.Close()
	must.Do(in.Connect(from))
	must.Do(out.Connect(to))
	for range 3 {
		go worker(ctx, in, out) // goroutines may share sockets
	}
	for n := range 100 {
		must.Do(source.Send(ctx, []byte(strconv.Itoa(n))))
	}
	sum := 0
	for range 100 {
		sum += must.Get(strconv.Atoi(string(must.Get(sink.Recv(ctx)).Body())))
	}
	fmt.Println("the sum of the squares is", sum)
}

func worker(ctx context.Context, in *zmq.Pull, out *zmq.Push) {
	for message := range in.Messages(ctx) {
		n := must.Get(strconv.Atoi(string(message.Body())))
		must.Do(out.Send(ctx, []byte(strconv.Itoa(n*n))))
	}
}
