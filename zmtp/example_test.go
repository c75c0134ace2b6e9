package zmtp_test

import (
	"fmt"

	"github.com/glassmq/zmq/zmtp"
)

// A NULL handshake as a PULL socket sees it, from the first byte to the first
// message. Whoever drives it owns the bytes: reading, writing and deadlines are
// no part of this package.
func Example_handshake() {
	// What the peer, a PUSH, sends: greeting, READY, one message.
	in := zmtp.AppendGreeting(nil, zmtp.Greeting{Major: 3, Minor: 1, Mechanism: "NULL"})
	in = zmtp.AppendCommand(in, zmtp.Command{Name: zmtp.READY, Data: zmtp.AppendMetadata(nil, zmtp.Metadata{{Name: zmtp.SocketType, Value: "PUSH"}})})
	in = append(zmtp.AppendHeader(in, zmtp.Header{Size: 5}), "hello"...)

	mechanism := zmtp.Null()
	g, n, err := zmtp.ParseGreeting(in)
	if err != nil || n == 0 || g.Mechanism != mechanism.Name() {
		fmt.Println("refused:", err, g.Mechanism)
		return
	}
	in = in[n:]
	fmt.Printf("peer speaks ZMTP %d.%d\n", g.Major, g.Minor)

	handshake := mechanism.Begin(zmtp.Metadata{{Name: zmtp.SocketType, Value: "PULL"}})
	step, err := handshake.Next(zmtp.Command{}) // our first move
	for err == nil && !step.Done {
		for _, c := range step.Send {
			fmt.Printf("we send %s\n", c.Name)
		}
		var h zmtp.Header
		if h, n, err = zmtp.ParseHeader(in, 1<<16); err != nil {
			break
		}
		var c zmtp.Command
		if c, err = zmtp.ParseCommand(in[n : n+int(h.Size)]); err != nil {
			break
		}
		in = in[n+int(h.Size):]
		step, err = handshake.Next(c)
	}
	if err == nil {
		err = zmtp.CheckRemote("PULL", step.Remote)
	}
	if err != nil {
		fmt.Println("refused:", err)
		return
	}

	h, n, _ := zmtp.ParseHeader(in, 0)
	fmt.Printf("message %q\n", in[n:n+int(h.Size)])
	// Output:
	// peer speaks ZMTP 3.1
	// we send READY
	// message "hello"
}
