//go:build pebbe

package main

import (
	"fmt"
	"strconv"

	"github.com/glassmq/zmq/docs/twins/must"
	zmq "github.com/pebbe/zmq4"
)

func main() {
	source := must.Get(zmq.NewSocket(zmq.PUSH))
	defer source.Close()
	must.Do(source.Bind("tcp://127.0.0.1:*"))
	sink := must.Get(zmq.NewSocket(zmq.PULL))
	defer sink.Close()
	must.Do(sink.Bind("tcp://127.0.0.1:*"))
	from, to := must.Get(source.GetLastEndpoint()), must.Get(sink.GetLastEndpoint())
	for range 3 {
		go worker(from, to)
	}
	for n := range 100 {
		must.Get(source.Send(strconv.Itoa(n), 0))
	}
	sum := 0
	for range 100 {
		sum += must.Get(strconv.Atoi(must.Get(sink.Recv(0))))
	}
	fmt.Println("the sum of the squares is", sum)
}

func worker(from, to string) {
	in := must.Get(zmq.NewSocket(zmq.PULL)) // a socket belongs to the goroutine that uses it
	must.Do(in.Connect(from))
	out := must.Get(zmq.NewSocket(zmq.PUSH))
	must.Do(out.Connect(to))
	for {
		n := must.Get(strconv.Atoi(must.Get(in.Recv(0))))
		must.Get(out.Send(strconv.Itoa(n*n), 0))
	}
}
