package memnet

import (
	"context"
	"net"
	"syscall"
	"time"
)

// Dial connects to a listener. Without one, it is syscall.ECONNREFUSED; when its backlog is full or a black hole is in the way, it waits
// until that changes or ctx ends. Our address is made up, on 127.0.0.1 ("tcp"), or has no name ("unix"). It fits zmq.Network and
// http.Transport.DialContext.
func (n *Network) Dial(ctx context.Context, network, address string) (net.Conn, error) {
	to, _, port, err := split(network, address)
	if err != nil {
		return nil, &net.OpError{Op: "dial", Net: network, Err: err}
	}
	n.mu.Lock()
	way := n.latency
	n.mu.Unlock()
	if err := pause(ctx, way); err != nil { // the SYN's way there
		return nil, opError("dial", nil, to, err)
	}
	c, err := n.connect(ctx, to, port)
	if late := pause(ctx, way); late != nil { // the answer's way back
		err = late
	}
	if err != nil {
		if c != nil {
			c.Close()
		}
		return nil, opError("dial", nil, to, err)
	}
	return c, nil
}

// connect is the moment at which a SYN reaches the place it was sent to.
func (n *Network) connect(ctx context.Context, to addr, port string) (*conn, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for {
		l := n.find(to, port)
		keys := [2]string{to.name, to.name}
		if l != nil {
			keys[1] = l.at.name
		}
		switch {
		case n.faults.swallows(keys), l != nil && len(l.backlog) >= backlogSize:
			if n.wait(&n.changed, time.Time{}, ctx.Done()); ctx.Err() != nil {
				return nil, ctx.Err()
			}
		case l == nil, n.faults.refuses(keys):
			return nil, syscall.ECONNREFUSED
		default:
			return n.join(to, l, keys), nil
		}
	}
}

// join makes a connection and leaves its far end with the listener.
func (n *Network) join(to addr, l *listener, keys [2]string) *conn {
	from := addr{network: to.network}
	if to.network == "tcp" {
		from = n.choose("")
	}
	k := newLink(n, from, to, keys)
	n.links[k] = true
	n.faults.infect(k)
	l.backlog = append(l.backlog, k.server)
	l.changed.ring()
	return k.client
}

// find is who answers at this address: the listener there, else one on the wildcard.
func (n *Network) find(to addr, port string) *listener {
	l := n.listeners[to.name]
	if l == nil && to.network == "tcp" {
		l = n.listeners["0.0.0.0:"+port]
	}
	if l == nil && to.network == "tcp" {
		l = n.listeners["[::]:"+port]
	}
	return l
}

// pause waits for d or for the end of ctx.
func pause(ctx context.Context, d time.Duration) error {
	if d > 0 {
		t := time.NewTimer(d)
		defer t.Stop()
		select {
		case <-t.C:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}
