package main

import (
	"context"
	"fmt"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/docs/twins/must"
	"github.com/glassmq/zmq/zmtp/curve"
)

func main() {
	server, client := curve.NewKeyPair(), curve.NewKeyPair()
	clients := map[curve.PublicKey]string{client.Public: "Alice"} // her messages and events will say who she is

	pull := zmq.NewPull(zmq.Config{Mechanism: curve.Server(server), Authenticate: curve.Allow(clients)})
	defer pull.Close()
	endpoint := must.Get(pull.Bind("tcp://127.0.0.1:*"))
	push := zmq.NewPush(zmq.Config{Mechanism: curve.Client(client, server.Public)})
	defer push.Close()
	must.Do(push.Connect(endpoint))

	must.Do(push.Send(context.Background(), []byte("a secret")))
	fmt.Printf("%s\n", must.Get(pull.Recv(context.Background())).Body())
}
