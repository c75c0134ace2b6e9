package main

import (
	"context"
	"fmt"

	"github.com/glassmq/zmq/docs/twins/must"
	"github.com/go-zeromq/zmq4"
)

func main() {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel() // ends sockets and proxy alike
	front, back := zmq4.NewRouter(ctx), zmq4.NewDealer(ctx)
	must.Do(front.Listen("tcp://127.0.0.1:0"))
	must.Do(back.Listen("tcp://127.0.0.1:0"))
	proxy := zmq4.NewProxy(ctx, front, back, nil)
	go proxy.Run()

	worker := zmq4.NewRep(ctx)
	must.Do(worker.Dial("tcp://" + back.Addr().String()))
	go func() {
		question := must.Get(worker.Recv())
		must.Do(worker.Send(zmq4.NewMsg(append([]byte("hello, "), question.Frames[0]...))))
	}()
	client := zmq4.NewReq(ctx)
	must.Do(client.Dial("tcp://" + front.Addr().String()))
	must.Do(client.Send(zmq4.NewMsgString("world")))
	fmt.Printf("%s\n", must.Get(client.Recv()).Frames[0])
}
