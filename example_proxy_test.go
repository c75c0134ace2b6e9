package zmq_test

import (
	"context"
	"fmt"

	"github.com/glassmq/zmq"
)

// A queue between clients and workers, neither of whom knows how many there are of the other. Its log gets a copy of
// everything that passes.
func ExampleProxy() {
	ctx, cancel := context.WithCancel(context.Background())
	front, back := zmq.NewRouter(zmq.Config{Name: "clients"}), zmq.NewDealer(zmq.Config{Name: "workers"})
	tap, log := zmq.NewPush(zmq.Config{}), zmq.NewPull(zmq.Config{})
	client, worker := zmq.NewReq(zmq.Config{RoutingID: "Alice"}), zmq.NewRep(zmq.Config{})
	for _, s := range []zmq.Socket{front, back, tap, log, client, worker} {
		defer s.Close()
	}
	forClients, _ := front.Bind("tcp://127.0.0.1:*")
	forWorkers, _ := back.Bind("tcp://127.0.0.1:*")
	tap.Bind("inproc://tap")
	log.Connect("inproc://tap")
	client.Connect(forClients)
	worker.Connect(forWorkers)

	proxy := &zmq.Proxy{Front: front, Back: back, Capture: tap}
	ended := make(chan error)
	go func() { ended <- proxy.Run(ctx) }()
	go func() {
		question, _ := worker.Recv(ctx)
		worker.Send(ctx, []byte("hello, "+string(question.Body())))
	}()
	answer, _ := client.Do(ctx, []byte("world"))
	fmt.Printf("%s\n", answer.Body())

	cancel()
	fmt.Println("the proxy ended:", <-ended)
	for range 2 {
		m, _ := log.Recv(context.Background())
		fmt.Printf("captured for %s: %s\n", m.Frame(0), m.Body())
	}
	inFront, inBack := proxy.Stats()
	fmt.Println(inFront.MessagesIn, "question from the clients,", inBack.MessagesIn, "answer from the workers")
	// Output:
	// hello, world
	// the proxy ended: context canceled
	// captured for Alice: world
	// captured for Alice: hello, world
	// 1 question from the clients, 1 answer from the workers
}
