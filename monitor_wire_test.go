package zmq_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/zmqtest"
)

// M11: not a byte on the wire is different for being watched. (libzmq's PLAIN server lets a refused peer stay when it is.)
func TestM11TheWireIsTheSame(t *testing.T) {
	alone := wireBytes(t, func(*testing.T, *zmq.Context, zmq.Socket) {})
	if len(alone) < 500 {
		t.Fatalf("%d bytes recorded", len(alone))
	}
	for name, attach := range observers {
		if watched := wireBytes(t, attach); watched != alone {
			t.Errorf("%s: the bytes are\n%q\nand unwatched\n%q", name, watched, alone)
		}
	}
}

// wireBytes is what goes over each connection, in each direction, of a REQ that asks, loses its connection, asks again and
// beats on while it waits.
func wireBytes(t *testing.T, attach func(*testing.T, *zmq.Context, zmq.Socket)) (all string) {
	synctest.Test(t, func(t *testing.T) {
		n := zmqtest.NewNetwork()
		tap := &tap{}
		x := n.Context(t)
		rep := zmq.NewRep(zmq.Config{Context: x, Network: tap.network(n.Network())})
		req := zmq.NewReq(zmq.Config{Context: x, Network: tap.network(n.Network()), HeartbeatInterval: time.Second})
		attach(t, x, rep)
		for _, endpoint := range []string{"tcp://hub:1", "tcp://hub:2"} {
			_, err := rep.Bind(endpoint)
			must(t, err)
		}
		must(t, req.Connect("tcp://hub:1"))
		for range 3 {
			must(t, req.Send(t.Context(), []byte("question"), bytes.Repeat([]byte("x"), 100)))
			m, err := rep.Recv(t.Context())
			must(t, err)
			time.Sleep(2500 * time.Millisecond) // two PINGs
			must(t, rep.SendMessage(t.Context(), m))
			_, err = req.Recv(t.Context())
			must(t, err)
			n.Reset("tcp://hub:1")
			time.Sleep(200 * time.Millisecond)
		}
		x.Shutdown(zmq.NoWait)
		all = tap.String()
	})
	return all
}

// A tap writes down what each connection carries.
type tap struct {
	mu      sync.Mutex // guards streams and what is in them
	streams []*bytes.Buffer
}

type tapped struct {
	net.Conn
	tap *tap
	out *bytes.Buffer
}

func (t *tap) network(n zmq.Network) zmq.Network {
	return zmq.Network{
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := n.Dial(ctx, network, address)
			return t.conn(c, err)
		},
		Listen: func(ctx context.Context, network, address string) (net.Listener, error) {
			l, err := n.Listen(ctx, network, address)
			return tappedListener{l, t}, err
		},
	}
}

type tappedListener struct {
	net.Listener
	tap *tap
}

func (l tappedListener) Accept() (net.Conn, error) { return l.tap.conn(l.Listener.Accept()) }

func (t *tap) conn(c net.Conn, err error) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	out := &bytes.Buffer{}
	t.streams = append(t.streams, out)
	return &tapped{c, t, out}, nil
}

func (c *tapped) Write(b []byte) (int, error) {
	c.tap.mu.Lock()
	c.out.Write(b)
	c.tap.mu.Unlock()
	return c.Conn.Write(b)
}

func (t *tap) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var all []string
	for _, s := range t.streams {
		all = append(all, s.String())
	}
	slices.Sort(all) // which end of a connection was made first is chance
	return fmt.Sprintf("%q", all)
}
