package zmq_test

import (
	"context"
	"fmt"
	"log"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/auth"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// CURVE, with an authenticator that knows the clients by their keys. docs/security.md has the same with keys in files.
func Example_curve() {
	ctx := context.Background()
	hub, ada := curve.NewKeyPair(), curve.NewKeyPair() // each made where it is used; only public keys go elsewhere
	guard, err := auth.New(auth.Rules{Keys: map[curve.PublicKey]string{ada.Public: "ada"}})
	if err != nil {
		log.Fatal(err)
	}
	pull := zmq.NewPull(zmq.Config{Mechanism: curve.Server(hub), Authenticate: guard.Authenticate})
	defer pull.Close()
	refusals := pull.Watch(monitor.HandshakeFailedAuth)
	endpoint, err := pull.Bind("tcp://127.0.0.1:*")
	if err != nil {
		log.Fatal(err)
	}

	push := zmq.NewPush(zmq.Config{Mechanism: curve.Client(ada, hub.Public)})
	defer push.Close()
	if err := push.Connect(endpoint); err != nil {
		log.Fatal(err)
	}
	if err := push.Send(ctx, []byte("hello")); err != nil {
		log.Fatal(err)
	}
	m, err := pull.Recv(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s says %s\n", m.Peer().UserID, m.Body())

	stranger := zmq.NewPush(zmq.Config{Mechanism: curve.Client(curve.NewKeyPair(), hub.Public)})
	defer stranger.Close()
	if err := stranger.Connect(endpoint); err != nil {
		log.Fatal(err)
	}
	e, err := refusals.Next(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(e.Reason, e.Value)
	// Output:
	// ada says hello
	// auth_denied 400
}

// A ZAP handler by hand, as programs for libzmq have it, and an authenticator that asks it only about who comes from this
// machine. Without such a function the handler is asked about everybody.
func ExampleZAP() {
	ctx := context.Background()
	zctx := zmq.NewContext(zmq.ContextConfig{})
	defer zctx.Close()
	handler := zmq.NewRep(zmq.Config{Context: zctx})
	if _, err := handler.Bind("inproc://zeromq.zap.01"); err != nil {
		log.Fatal(err)
	}
	go func() { // until the Context ends
		for {
			m, err := handler.Recv(ctx)
			if err != nil {
				return
			}
			version, id, password := m.Frame(0), m.Frame(1), string(m.Frame(7)) // behind domain, address, routing id, mechanism, name
			status, user := "400", ""
			if password == "correct horse" {
				status, user = "200", string(m.Frame(6))
			}
			handler.Send(ctx, version, id, []byte(status), nil, []byte(user), nil)
		}
	}()

	pull := zmq.NewPull(zmq.Config{Context: zctx, Mechanism: zmtp.PlainServer(), ZAPDomain: "orders",
		Authenticate: func(ctx context.Context, r zmtp.AuthRequest) (zmtp.AuthReply, error) {
			if r.Address != "127.0.0.1" {
				return zmtp.AuthReply{}, &zmq.AuthError{Status: 400, Text: "it comes from elsewhere"}
			}
			return zmq.ZAP(ctx, r)
		}})
	endpoint, err := pull.Bind("tcp://127.0.0.1:*")
	if err != nil {
		log.Fatal(err)
	}
	push := zmq.NewPush(zmq.Config{Context: zctx, Mechanism: zmtp.PlainClient("ada", "correct horse")})
	if err := push.Connect(endpoint); err != nil {
		log.Fatal(err)
	}
	if err := push.Send(ctx, []byte("hello")); err != nil {
		log.Fatal(err)
	}
	m, err := pull.Recv(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s says %s\n", m.Peer().UserID, m.Body())
	// Output: ada says hello
}
