package auth_test

import (
	"context"
	"fmt"
	"log"
	"net/netip"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/auth"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// A server that knows its users by name and password, and keeps one network out. PLAIN sends the password in the clear, so
// this is for one machine: across networks use CURVE, as the example of Guard.Reload does.
func Example() {
	guard, err := auth.New(auth.Rules{
		Deny:      []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
		Passwords: map[string]string{"ada": "correct horse"},
	})
	if err != nil {
		log.Fatal(err)
	}
	pull := zmq.NewPull(zmq.Config{Mechanism: zmtp.PlainServer(), Authenticate: guard.Authenticate})
	defer pull.Close()
	bound, err := pull.Bind("tcp://127.0.0.1:*")
	if err != nil {
		log.Fatal(err)
	}

	push := zmq.NewPush(zmq.Config{Mechanism: zmtp.PlainClient("ada", "correct horse")})
	defer push.Close()
	if err := push.Connect(bound); err != nil {
		log.Fatal(err)
	}
	if err := push.Send(context.Background(), []byte("hello")); err != nil {
		log.Fatal(err)
	}

	m, err := pull.Recv(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s says %s\n", m.Peer().UserID, m.Body())
	// Output: ada says hello
}

// Clients' keys lie in a folder. To let somebody in, put the public certificate there; to let nobody in by it any more,
// remove it; then send the process SIGHUP.
func ExampleGuard_Reload() {
	server, ada := curve.NewKeyPair(), curve.NewKeyPair()
	folder, err := os.MkdirTemp("", "clients")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(folder)

	guard, err := auth.New(auth.Rules{KeyFolder: folder})
	if err != nil {
		log.Fatal(err)
	}
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	go func() {
		for range hangup {
			if err := guard.Reload(); err != nil {
				log.Print(err) // names the file; what was in force still is
			}
		}
	}()

	// Ada's certificate comes. A program that does such things itself needs no signal.
	if err := (curve.Certificate{KeyPair: curve.KeyPair{Public: ada.Public}}).WriteFiles(filepath.Join(folder, "ada.key")); err != nil {
		log.Fatal(err)
	}
	if err := guard.Reload(); err != nil {
		log.Fatal(err)
	}

	pull := zmq.NewPull(zmq.Config{Mechanism: curve.Server(server), Authenticate: guard.Authenticate})
	defer pull.Close()
	bound, err := pull.Bind("tcp://127.0.0.1:*")
	if err != nil {
		log.Fatal(err)
	}
	push := zmq.NewPush(zmq.Config{Mechanism: curve.Client(ada, server.Public)})
	defer push.Close()
	if err := push.Connect(bound); err != nil {
		log.Fatal(err)
	}
	if err := push.Send(context.Background(), []byte("hello")); err != nil {
		log.Fatal(err)
	}
	m, err := pull.Recv(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s says %s\n", m.Peer().UserID, m.Body())
	// Output: ada says hello
}

// Where passwords are kept as hashes, Otherwise compares them. The addresses have been looked at by then.
func ExampleRules() {
	hash, err := bcrypt.GenerateFromPassword([]byte("correct horse"), bcrypt.MinCost) // for tests; else bcrypt.DefaultCost
	if err != nil {
		log.Fatal(err)
	}
	hashes := map[string][]byte{"ada": hash}

	guard, err := auth.New(auth.Rules{
		Allow: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		Otherwise: func(_ context.Context, r zmtp.AuthRequest) (zmtp.AuthReply, error) {
			if r.Mechanism != "PLAIN" {
				return zmtp.AuthReply{}, &zmq.AuthError{Status: 400, Text: "PLAIN only"}
			}
			hash, known := hashes[r.Username]
			if !known {
				hash = hashes["ada"] // takes as long, so that nobody can find out who is known
			}
			if bcrypt.CompareHashAndPassword(hash, []byte(r.Password)) != nil || !known {
				return zmtp.AuthReply{}, &zmq.AuthError{Status: 400, Text: "wrong name or password"}
			}
			return zmtp.AuthReply{UserID: r.Username, Metadata: zmtp.Metadata{{Name: "X-Role", Value: "admin"}}}, nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	for _, r := range []zmtp.AuthRequest{
		{Mechanism: "PLAIN", Address: "10.1.2.3", Username: "ada", Password: "correct horse"},
		{Mechanism: "PLAIN", Address: "10.1.2.3", Username: "ada", Password: "battery staple"},
		{Mechanism: "PLAIN", Address: "192.0.2.1", Username: "ada", Password: "correct horse"},
	} {
		reply, err := guard.Authenticate(context.Background(), r)
		fmt.Printf("%q %v\n", reply.UserID, err)
	}
	// Output:
	// "ada" <nil>
	// "" 400: wrong name or password
	// "" 400: its address "192.0.2.1" is none that may come in
}

// One handler decides for all sockets of a Context that name a ZAPDomain or are a mechanism's server, as libzmq's
// applications have it.
func ExampleGuard_Serve() {
	guard, err := auth.New(auth.Rules{Domains: map[string]auth.Rules{
		"orders": {Passwords: map[string]string{"ada": "correct horse"}},
	}})
	if err != nil {
		log.Fatal(err)
	}
	zctx := zmq.NewContext(zmq.ContextConfig{})
	defer zctx.Close()
	rep := zmq.NewRep(zmq.Config{Context: zctx})
	if _, err := rep.Bind("inproc://zeromq.zap.01"); err != nil {
		log.Fatal(err)
	}
	go guard.Serve(context.Background(), rep) // until rep is closed

	pull := zmq.NewPull(zmq.Config{Context: zctx, Mechanism: zmtp.PlainServer(), ZAPDomain: "orders"})
	bound, err := pull.Bind("tcp://127.0.0.1:*")
	if err != nil {
		log.Fatal(err)
	}
	push := zmq.NewPush(zmq.Config{Context: zctx, Mechanism: zmtp.PlainClient("ada", "correct horse")})
	if err := push.Connect(bound); err != nil {
		log.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
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
