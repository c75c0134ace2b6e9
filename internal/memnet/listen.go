package memnet

import (
	"context"
	"net"
	"syscall"
	"time"
)

// Listen listens on "HOST:PORT" ("tcp"; port 0 or * lets the network choose one) or on a path ("unix"). An address in use is syscall.EADDRINUSE.
// It fits zmq.Network and net.ListenConfig.Listen. ctx is not looked at: nothing here takes time.
func (n *Network) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	at, host, port, err := split(network, address)
	if err != nil {
		return nil, &net.OpError{Op: "listen", Net: network, Err: err}
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if port == "0" || port == "*" {
		for range ports { // once around
			if at = n.choose(host); n.listeners[at.name] == nil {
				break
			}
		}
	}
	if n.listeners[at.name] != nil {
		return nil, opError("listen", nil, at, syscall.EADDRINUSE)
	}
	l := &listener{net: n, at: at}
	n.listeners[at.name] = l
	return l, nil
}

type listener struct {
	net     *Network
	at      addr
	backlog []*conn // dialled, not yet accepted, oldest first
	closed  bool
	changed bell
}

func (l *listener) Addr() net.Addr { return l.at }

func (l *listener) Accept() (net.Conn, error) {
	n := l.net
	n.mu.Lock()
	defer n.mu.Unlock()
	for !l.closed && len(l.backlog) == 0 {
		n.wait(&l.changed, time.Time{}, nil)
	}
	if l.closed {
		return nil, opError("accept", nil, l.at, net.ErrClosed)
	}
	c := l.backlog[0]
	l.backlog = l.backlog[1:]
	n.changed.ring() // there is room for a dial
	return c, nil
}

// Close frees the address at once. Connections that nobody accepted are reset; the others live on.
func (l *listener) Close() error {
	n := l.net
	n.mu.Lock()
	defer n.mu.Unlock()
	if l.closed {
		return opError("close", nil, l.at, net.ErrClosed)
	}
	l.closed = true
	delete(n.listeners, l.at.name)
	for _, c := range l.backlog {
		c.peer.reset()
		c.close(time.Now())
	}
	l.backlog = nil
	l.changed.ring()
	n.changed.ring()
	return nil
}
