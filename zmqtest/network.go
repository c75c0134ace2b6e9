// Package zmqtest is a network in memory and a recorder of events, for tests without a port, a sleep or a flake; and a
// Proxy, which breaks real connections, for tests with peers of other libraries. The first two work in a testing/synctest
// bubble, where time passes only while everybody waits for it:
//
//	synctest.Test(t, func(t *testing.T) {
//		net := zmqtest.NewNetwork()
//		push := zmq.NewPush(zmq.Config{Context: net.Context(t)})
//		story := zmqtest.Record(t, push, monitor.Lifecycle)
//		push.Connect("tcp://hub:1")
//		synctest.Wait()
//		story.Want(
//			"+0s connect_failed tcp://hub:1 attempt=1 reason=refused",
//			"+0s closed tcp://hub:1 attempt=1",
//			"+0s connect_retried tcp://hub:1 interval=100ms",
//		)
//	})
//
// # Limits
//
// The connections are not descriptors: Event.FD is -1, and ConnectDelayed, which a system's connect answers, never
// comes. Options that ask something of the operating system (buffers, KeepAlive, TOS) are ignored, and an Interface or
// a source address is refused.
package zmqtest

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/internal/endpoint"
	"github.com/glassmq/zmq/internal/memnet"
)

// A Network carries tcp and ipc endpoints in memory, and breaks on request. Hosts are names, each a machine of its own:
// tcp://hub:1 is where a socket that binds tcp://hub:1, or tcp://*:1, is reached. At first it is perfect and takes no
// time.
//
// Its methods may be called from any goroutine. They name a place by its endpoint, as it is given to Bind or to
// Connect, and nobody need be there yet; what is no such endpoint is a mistake in the test, and panics. In a bubble,
// make the Network and its sockets inside.
type Network struct {
	net *memnet.Network

	mu       sync.Mutex
	contexts int // that have not ended; mu guards it
}

// NewNetwork makes a network on which nobody is.
func NewNetwork() *Network { return &Network{net: memnet.New()} }

// Context makes a Context whose sockets live on n. They dial without jitter, so that every run tells the same story.
//
// When tb ends, tb.Cleanup closes them all, drops what is queued, and when that was the last Context of n fails tb if
// a connection or a listener is left open: whatever the test dials or listens on itself it must close before. In a
// bubble, a goroutine that is left fails tb as well.
func (n *Network) Context(tb testing.TB) *zmq.Context {
	n.mu.Lock()
	n.contexts++
	n.mu.Unlock()
	x := zmq.NewContext(zmq.ContextConfig{Network: n.Network(), Jitter: func() float64 { return 0 }})
	tb.Cleanup(func() { n.end(tb, x) })
	return x
}

func (n *Network) end(tb testing.TB, x *zmq.Context) {
	x.Shutdown(zmq.NoWait) // what it drops is the test's to look at, with a Shutdown of its own
	n.mu.Lock()
	n.contexts--
	last := n.contexts == 0
	n.mu.Unlock()
	if listeners, conns := n.net.Open(); last && listeners+conns > 0 {
		tb.Errorf("zmqtest: the sockets are closed, and the network still has %d listeners and %d connections: close what the test has opened before its end", listeners, conns)
	}
}

// Network is n for Config.Network, and for the test's own programs: what it dials and listens on is raw bytes.
func (n *Network) Network() zmq.Network {
	return zmq.Network{
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			return n.net.Dial(ctx, network, address)
		},
		Listen: func(ctx context.Context, network, address string) (net.Listener, error) {
			return n.net.Listen(ctx, network, address)
		},
	}
}

// SetLatency makes what is sent from now on arrive d later, in order; to connect takes 2 d.
func (n *Network) SetLatency(d time.Duration) { n.net.SetLatency(d) }

// Refuse makes attempts to connect fail with syscall.ECONNREFUSED although somebody listens. Connections are left
// alone.
func (n *Network) Refuse(endpoint string, on bool) { n.net.Refuse(address(endpoint), on) }

// BlackHole makes nothing arrive and nothing fail, on old connections and new: bytes, ends and attempts to connect are
// on their way until it is switched off, and then arrive.
func (n *Network) BlackHole(endpoint string, on bool) { n.net.BlackHole(address(endpoint), on) }

// Reset kills every connection now, and says how many that were. Both ends read what had arrived, and then
// syscall.ECONNRESET.
func (n *Network) Reset(endpoint string) (cut int) { return n.net.Reset(address(endpoint)) }

// CutAfter makes the next connection die, by a reset, when so many bytes of the end that dialled have passed. The
// greeting is 64 bytes; 0 is a connection that is dead on arrival.
func (n *Network) CutAfter(endpoint string, bytes int) { n.net.CutAfter(address(endpoint), bytes) }

// Corrupt turns over all bits of one byte of the next connection: the one at this offset, from 0, of what the end that
// dialled sends.
func (n *Network) Corrupt(endpoint string, at int) { n.net.Corrupt(address(endpoint), at) }

// address is what Dial and Listen are called with for an endpoint.
func address(text string) string {
	at, err := endpoint.ParseConnect(text)
	if err != nil { // tcp://*:1 is a place too
		at, err = endpoint.ParseBind(text)
	}
	switch {
	case err != nil:
		panic(fmt.Sprintf("zmqtest: %v", err))
	case at.Scheme == endpoint.TCP:
		return net.JoinHostPort(at.Host, strconv.Itoa(int(at.Port)))
	case at.Scheme == endpoint.IPC:
		return at.Name
	}
	panic(fmt.Sprintf("zmqtest: %s: no network carries %s", text, at.Scheme))
}
