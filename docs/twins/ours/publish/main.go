package main

import (
	"context"
	"fmt"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/docs/twins/must"
)

func main() {
	ctx := context.Background()
	pub := zmq.NewPub(zmq.Config{})
	defer pub.Close()
	endpoint := must.Get(pub.Bind("tcp://127.0.0.1:*"))

	sub := zmq.NewSub(zmq.Config{Subscribe: []string{"weather."}})
	defer sub.Close()
	must.Do(sub.Connect(endpoint))

	must.Do(pub.WaitReady(ctx, 1)) // one peer is there, and has subscribed
	must.Do(pub.Send(ctx, []byte("news.today"), []byte("nothing")))
	must.Do(pub.Send(ctx, []byte("weather.today"), []byte("sun")))
	message := must.Get(sub.Recv(ctx))
	fmt.Printf("%s says %s\n", message.Frame(0), message.Body())
}
