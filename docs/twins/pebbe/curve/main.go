//go:build pebbe

package main

import (
	"fmt"

	"github.com/glassmq/zmq/docs/twins/must"
	zmq "github.com/pebbe/zmq4"
)

func main() {
	serverPublic, serverSecret, err := zmq.NewCurveKeypair()
	must.Do(err)
	clientPublic, clientSecret, err := zmq.NewCurveKeypair()
	must.Do(err)
	must.Do(zmq.AuthStart())
	defer zmq.AuthStop()
	zmq.AuthCurveAdd("world", clientPublic)

	pull := must.Get(zmq.NewSocket(zmq.PULL))
	defer pull.Close()
	must.Do(pull.ServerAuthCurve("world", serverSecret))
	must.Do(pull.Bind("tcp://127.0.0.1:*"))
	push := must.Get(zmq.NewSocket(zmq.PUSH))
	defer push.Close()
	must.Do(push.ClientAuthCurve(serverPublic, clientPublic, clientSecret))
	must.Do(push.Connect(must.Get(pull.GetLastEndpoint())))

	must.Get(push.Send("a secret", 0))
	fmt.Println(must.Get(pull.Recv(0)))
}
