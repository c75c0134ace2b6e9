package main

import (
	"context"
	"fmt"

	"github.com/glassmq/zmq/docs/twins/must"
	"github.com/go-zeromq/zmq4"
)

func main() {
	ctx := context.Background()
	router := zmq4.NewRouter(ctx)
	defer router.Close()
	must.Do(router.Listen("tcp://127.0.0.1:0"))
	var dealers []zmq4.Socket
	for _, name := range []string{"Alice", "Bob"} {
		dealer := zmq4.NewDealer(ctx, zmq4.WithID(zmq4.SocketIdentity(name)))
		defer dealer.Close()
		must.Do(dealer.Dial("tcp://" + router.Addr().String()))
		must.Do(dealer.Send(zmq4.NewMsgString("good morning")))
		dealers = append(dealers, dealer)
	}
	for range dealers {
		message := must.Get(router.Recv())
		must.Do(router.Send(zmq4.NewMsgFrom(message.Frames[0], fmt.Appendf(nil, "%s, %s", message.Frames[1], message.Frames[0]))))
	}
	for _, dealer := range dealers {
		fmt.Printf("%s\n", must.Get(dealer.Recv()).Frames[0])
	}
}
