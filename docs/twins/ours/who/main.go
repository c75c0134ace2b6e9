package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/docs/twins/must"
)

func main() {
	pull, push := zmq.NewPull(zmq.Config{}), zmq.NewPush(zmq.Config{})
	defer pull.Close()
	defer push.Close()
	must.Do(push.Connect(must.Get(pull.Bind("tcp://127.0.0.1:*"))))
	must.Do(push.Send(context.Background(), []byte("hello")))
	message := must.Get(pull.Recv(context.Background()))
	peer := message.Peer()
	host, _, _ := strings.Cut(strings.TrimPrefix(peer.Remote, "tcp://"), ":") // Remote has the port, too
	fmt.Println(peer.Type, "at", host, "says", string(message.Body()))
}
