package main

import (
	"context"
	"fmt"
	"time"

	"github.com/glassmq/zmq/docs/twins/must"
	"github.com/go-zeromq/zmq4"
)

func main() {
	pub := zmq4.NewPub(context.Background())
	defer pub.Close()
	must.Do(pub.Listen("tcp://127.0.0.1:0"))

	sub := zmq4.NewSub(context.Background())
	defer sub.Close()
	must.Do(sub.Dial("tcp://" + pub.Addr().String()))
	must.Do(sub.SetOption(zmq4.OptionSubscribe, "weather."))

	for len(pub.(zmq4.Topics).Topics()) == 0 { // nothing tells when somebody has subscribed
		time.Sleep(time.Millisecond)
	}
	must.Do(pub.Send(zmq4.NewMsgFrom([]byte("news.today"), []byte("nothing"))))
	must.Do(pub.Send(zmq4.NewMsgFrom([]byte("weather.today"), []byte("sun"))))
	message := must.Get(sub.Recv())
	fmt.Printf("%s says %s\n", message.Frames[0], message.Frames[1])
}
