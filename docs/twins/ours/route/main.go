package main

import (
	"context"
	"fmt"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/docs/twins/must"
)

func main() {
	ctx := context.Background()
	router := zmq.NewRouter(zmq.Config{})
	defer router.Close()
	endpoint := must.Get(router.Bind("tcp://127.0.0.1:*"))
	var dealers []*zmq.Dealer
	for _, name := range []string{"Alice", "Bob"} {
		dealer := zmq.NewDealer(zmq.Config{RoutingID: name})
		defer dealer.Close()
		must.Do(dealer.Connect(endpoint))
		must.Do(dealer.Send(ctx, []byte("good morning")))
		dealers = append(dealers, dealer)
	}
	for range dealers {
		message := must.Get(router.Recv(ctx))
		must.Do(router.Reply(ctx, message, fmt.Appendf(nil, "%s, %s", message.Body(), message.Frame(0))))
	}
	for _, dealer := range dealers {
		fmt.Printf("%s\n", must.Get(dealer.Recv(ctx)).Body())
	}
}
