package curve_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// A server's keys are made once, and its public one given to the clients; the server is told theirs. Whatever moves the
// commands is no part of this package: here it is a loop.
func Example() {
	dir, err := os.MkdirTemp("", "curve")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "server.key")
	if err := (curve.Certificate{KeyPair: curve.NewKeyPair()}).WriteFiles(path); err != nil {
		fmt.Println(err)
		return
	}
	secret, err := curve.ReadCertificate(path + "_secret")
	if err != nil {
		fmt.Println(err)
		return
	}
	alice := curve.NewKeyPair()
	allow := curve.Allow(map[curve.PublicKey]string{alice.Public: "alice"})

	client := curve.Client(alice, secret.Public).Begin(zmtp.Metadata{{Name: zmtp.SocketType, Value: "PUSH"}})
	server := curve.Server(secret.KeyPair).Begin(zmtp.Metadata{{Name: zmtp.SocketType, Value: "PULL"}})
	var there, here zmtp.Step
	for there, err = client.Next(zmtp.Command{}); err == nil && !there.Done; there, err = client.Next(here.Send[0]) {
		fmt.Println("client:", there.Send[0].Name)
		if here, err = server.Next(there.Send[0]); here.Ask != nil {
			reply, refused := allow(context.Background(), *here.Ask)
			fmt.Println("this is", reply.UserID)
			here, err = server.Decide(reply, refused)
		}
		if err != nil {
			break
		}
		fmt.Println("server:", here.Send[0].Name)
	}
	if err != nil {
		fmt.Println(err)
		return
	}
	frame := there.Codec.AppendSealed(nil, zmtp.Header{}, []byte("nobody else reads this"))
	_, n, _ := zmtp.ParseHeader(frame, 0)
	_, body, err := here.Codec.Open(frame[n:])
	fmt.Printf("%q %v\n", body, err)
	// Output:
	// client: HELLO
	// server: WELCOME
	// client: INITIATE
	// this is alice
	// server: READY
	// "nobody else reads this" <nil>
}
