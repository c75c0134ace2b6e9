package peer

import (
	"math"
	"net"
	"strings"
	"time"

	"github.com/glassmq/zmq/zmtp"
)

// introduce writes down what the peer says of itself, for the events of this connection, a refusal's included.
func (c *Conn) introduce(remote zmtp.Metadata, approved zmtp.AuthReply) {
	c.host.Lock()
	defer c.host.Unlock()
	c.peer.Type, _ = remote.Get("Socket-Type")
	c.peer.RoutingID, _ = remote.Get("Identity")
	c.peer.Mechanism, c.peer.UserID = c.opt.Mechanism.Name(), approved.UserID
	c.peer.SetProperties(func(yield func(string, string) bool) {
		for _, p := range approved.Metadata {
			if !yield(p.Name, p.Value) {
				return
			}
		}
		for _, p := range remote {
			if _, said := approved.Metadata.Get(p.Name); said || strings.EqualFold(p.Name, "User-Id") {
				continue // what a peer says of itself is not to be taken for what the authenticator says of it
			}
			if !yield(p.Name, p.Value) {
				return
			}
		}
	})
}

// greet queues the messages that go out before all others. Control lock held.
func (c *Conn) greet() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, m := range c.host.Greetings() {
		if !c.opt.Raw {
			c.control = zmtp.AppendHeader(c.control, zmtp.Header{Size: uint64(len(m))})
		}
		c.control = append(c.control, m...)
	}
}

// hearSubscriptions makes the inlet obey what comes, within the limit of one subscription.
func (c *Conn) hearSubscriptions() {
	most := uint64(c.opt.SubscriptionMost) + 1
	if c.opt.SubscriptionMost <= 0 {
		most = math.MaxInt32
	}
	c.inlet.Each, c.inlet.CommandMost = c.upstream, int(most)+len(zmtp.SUBSCRIBE)+1
	if c.inlet.Max == 0 || c.inlet.Max > most {
		c.inlet.Max = most
	}
	c.inlet.Open(nil, c.facts)
}

// become makes the connection ready: the event, then the pipe's place among the socket's others, then the first byte.
func (c *Conn) become(version string) error {
	c.nc.SetDeadline(time.Time{})
	c.host.Lock()
	c.mu.Lock()
	if c.cause != nil { // ended meanwhile: the deadline that says so was just taken away
		c.mu.Unlock()
		c.host.Unlock()
		return net.ErrClosed
	}
	c.mu.Unlock()
	c.peer.Version = version
	c.state = Ready
	facts := c.peer // a copy: a message that is kept keeps it, and not the connection
	c.facts = &facts
	if c.opt.Answers {
		c.Pipe.Out.Void() // what was left for the last peer is nothing to this one
	}
	c.Pipe.SetConn(c.ID)
	c.mark()
	c.inlet.Max, c.inlet.Command, c.inlet.Spares, c.inlet.Raw = c.opt.MaxMessageSize, c.command, c.opt.Spares, c.opt.Raw
	if c.opt.Publishes {
		c.hearSubscriptions()
	} else {
		c.inlet.Open(c.Pipe.In, c.facts)
	}
	c.ready()
	c.greet()
	c.host.Attach(c)
	c.host.Changed()
	c.mu.Lock()
	c.open = c.cause == nil
	c.mu.Unlock()
	c.host.Unlock()
	c.beat.start(c)
	c.Flush() // what was queued before there was a peer
	return nil
}
