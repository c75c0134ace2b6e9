package socket

import (
	"context"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/internal/peer"
	"github.com/glassmq/zmq/internal/pipe"
	"github.com/glassmq/zmq/monitor"
)

// Do asks and receives the answer; questions of several goroutines wait for each other. If ctx ends first, the request
// is given up.
func (c *Core) Do(ctx context.Context, frames [][]byte) (m message.Message, err error) {
	if nowait, err := begin(ctx); err != nil || nowait {
		if err == nil {
			err = Because(ErrInvalid, "zmq: REQ Do: an answer takes time: NoWait cannot get one")
		}
		return m, err
	}
	select {
	case c.asking <- struct{}{}:
	case <-ctx.Done():
		return m, &waitError{context.Cause(ctx)}
	}
	defer func() { <-c.asking }()
	if err := c.Send(ctx, frames); err != nil {
		return m, err
	}
	if m, err = c.Recv(ctx); err != nil {
		c.giveUp()
	}
	return m, err
}

// giveUp forgets the request whose answer is awaited. If it is not yet on the wire it never will be. If it is, and
// answers are not numbered, a late one could be taken for the next one's: so what comes over this connection counts no
// more, and another takes its place.
func (c *Core) giveUp() {
	c.out.mu.Lock()
	p := c.req.Awaits()
	c.out.mu.Unlock()
	if p == nil {
		return
	}
	if p.Out.Void() {
		c.out.ready(p)
	}
	conn, l, last := c.through(p)
	c.out.mu.Lock()
	replace := c.req.GiveUp(last) != nil
	c.out.mu.Unlock()
	why := peer.Local(monitor.ReasonRequestAbandoned)
	switch {
	case !replace:
	case conn != nil && conn.IsOpen():
		if conn.Endpoint.Side == monitor.SideBind { // its queue goes down with it: the next request must not be in there
			c.mu.Lock()
			c.detachSending(conn.Pipe)
			c.mu.Unlock()
		}
		conn.End(why)
	case l != nil:
		l.cut(why)
	}
}

// through finds the connection that p's messages go over at present, and the last one that can have carried what is void
// by now: one whose handshake is still to come has carried nothing, and will not.
func (c *Core) through(p *pipe.Pipe) (conn *peer.Conn, l *link, last monitor.ConnID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.connections() {
		if conn.Pipe == p && conn.WasReady() {
			return conn, nil, conn.ID
		} else if conn.Pipe == p {
			return conn, nil, conn.ID - 1
		}
	}
	for l := range c.links {
		if l.pipe == p {
			return nil, l, l.id
		}
	}
	return nil, nil, 0
}

// forgetStrays drops what peers said that nobody had asked: it would be taken for the answer to what is asked next. The
// lock is held, and let go of meanwhile.
func (c *Core) forgetStrays() {
	s := &c.in
	if c.req.Awaits() != nil {
		return
	}
	if s.holder != nil {
		s.skip(s.holder)
		s.held, s.holder = message.Message{}, nil
	}
	if s.lent.free() {
		s.readUnread()
	}
	for p := c.req.Speaking(); p != nil; p = c.req.Speaking() {
		_, ok, room := p.In.Next(&s.slab)
		if ok {
			s.skip(p)
		} else {
			s.emptied(p)
		}
		if room {
			s.mu.Unlock()
			p.Far.Room()
			s.mu.Lock()
		}
	}
}

// relax gives up an unanswered request before the next one, if that is allowed.
func (c *Core) relax() {
	c.out.mu.Lock()
	again := c.req.Relaxed && c.req.Awaits() != nil
	c.out.mu.Unlock()
	if again {
		c.giveUp()
	}
}
