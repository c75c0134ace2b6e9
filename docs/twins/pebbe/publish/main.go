//go:build pebbe

package main

import (
	"fmt"

	"github.com/glassmq/zmq/docs/twins/must"
	zmq "github.com/pebbe/zmq4"
)

func main() {
	pub := must.Get(zmq.NewSocket(zmq.XPUB)) // a PUB cannot tell when somebody has subscribed
	defer pub.Close()
	must.Do(pub.Bind("tcp://127.0.0.1:*"))

	sub := must.Get(zmq.NewSocket(zmq.SUB))
	defer sub.Close()
	must.Do(sub.SetSubscribe("weather."))
	must.Do(sub.Connect(must.Get(pub.GetLastEndpoint())))

	must.Get(pub.RecvBytes(0)) // the subscription
	must.Get(pub.SendMessage("news.today", "nothing"))
	must.Get(pub.SendMessage("weather.today", "sun"))
	message := must.Get(sub.RecvMessage(0))
	fmt.Println(message[0], "says", message[1])
}
