package socket

import (
	"context"
	"fmt"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/internal/peer"
	"github.com/glassmq/zmq/internal/pipe"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// ROUTER and STREAM: the first frame of a message says whose it is.
//
//  1. a peer gets its name before its handshake is through (claim): its own routing id, that of ConnectAs, or one that is
//     made up;
//  2. sendTo finds the pipe by the name and queues what is behind it;
//  3. recvSide.next puts the name before what came from the pipe.

// claim gives p the name id, or a made-up one if that is empty. ok is false if a peer that is there has it and keeps it;
// with RouterHandover it is displaced instead. Control lock held.
func (c *Core) claim(p *pipe.Pipe, id string) (holder *pipe.Pipe, ok bool) {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if p.Given {
		return nil, true
	}
	if id != "" {
		if holder = c.holder(id); holder == p || holder != nil && !holder.Given && c.away(holder) {
			holder = nil
		}
	}
	if holder != nil && (holder.Given || !c.opt.RouterHandover) { // what the user said is not for a peer to change
		return holder, false
	}
	c.out.router.Name(p, id)
	p.Name, p.Claimed = []byte(p.ID), true
	return holder, true
}

// give makes as the name of p, which is not attached yet, whatever its peer says of itself: ConnectAs. Control lock held.
func (c *Core) give(p *pipe.Pipe, as string) {
	if as != "" {
		p.Given, p.ID, p.Name = true, as, []byte(as) // nobody has it yet
	}
}

// holder is the pipe that has a name, or to which it was given: with Immediate nothing can be sent there while nobody is.
// Control lock and out.mu held.
func (c *Core) holder(id string) *pipe.Pipe {
	if p := c.out.router.Find([]byte(id)); p != nil {
		return p
	}
	for _, d := range c.dials {
		p := d.pipe
		if d.dialer != nil {
			p = d.dialer.Pipe
		}
		if d.as == id && !p.Out.Closed() {
			return p
		}
	}
	return nil
}

// inherit keeps the name of a peer whose connection over inproc has ended for the pipe that waits for it, unless another
// has taken it meanwhile; before is nil at first. Control lock held.
func (c *Core) inherit(before, p *pipe.Pipe) {
	if before == nil || before.ID == "" || p.Given {
		return
	}
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if c.out.router.Find([]byte(before.ID)) == nil {
		c.out.router.Name(p, before.ID)
		p.Name = before.Name
	}
}

// known reports whether some peer has the name. Control lock held.
func (c *Core) known(id string) bool {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.holder(id) != nil
}

// away reports whether p is a dialled endpoint's, and nobody is there. An accepted peer has its name only while it is
// there. Control lock held.
func (c *Core) away(p *pipe.Pipe) bool {
	if p.Conn() != 0 || p.Claimed {
		return false
	}
	for _, d := range c.dials {
		if d.pipe == p || d.dialer != nil && d.dialer.Pipe == p {
			return true
		}
	}
	return false
}

// introduce gives an arriving peer its name, or says why not. No lock is held.
func (c *Core) introduce(conn *peer.Conn) error {
	c.mu.Lock()
	away, err := c.introduced(conn)
	c.mu.Unlock()
	away.cut()
	return err
}

// introduced is introduce under the control lock.
func (c *Core) introduced(conn *peer.Conn) (away *displaced, err error) {
	id := conn.Peer().RoutingID
	holder, ok := c.claim(conn.Pipe, id)
	if holder != nil {
		conn.Conflict(holder.Conn(), ok)
	}
	if !ok {
		return nil, &zmtp.ProtocolError{Code: zmtp.DuplicateIdentity, Detail: fmt.Sprintf("connection %d has the routing id %q", holder.Conn(), id)}
	}
	conn.Call(conn.Pipe.ID)
	return c.displace(holder), nil
}

// displaced is the connection of a peer whose name another has taken over.
type displaced struct {
	conn *peer.Conn
	link *link
}

// displace finds the connection of a peer that has lost its name; p may be nil. Control lock held.
func (c *Core) displace(p *pipe.Pipe) *displaced {
	if p == nil {
		return nil
	}
	for _, conn := range c.connections() {
		if conn.Pipe == p {
			return &displaced{conn: conn}
		}
	}
	for l := range c.links {
		if l.pipe == p {
			return &displaced{link: l}
		}
	}
	return nil
}

// cut ends it. No lock is held: over inproc another socket has its part in it.
func (d *displaced) cut() {
	why := peer.Local(monitor.ReasonHandover)
	switch {
	case d == nil:
	case d.conn != nil:
		d.conn.End(why)
	default:
		d.link.bar()
		d.link.cut(why)
	}
}

// sendTo queues a message for the peer that its first frame names.
func (c *Core) sendTo(ctx context.Context, nowait bool, frames [][]byte, m *message.Message) error {
	s := &c.out
	if max(len(frames), frameCount(m)) < 2 {
		return Because(ErrInvalid, "zmq: %s: a message is the routing id of a peer and at least one frame", c.typ)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for again := false; ; again = true {
		if s.err != nil {
			return s.err
		}
		p, how := s.route(frames, m)
		if how == hangsUp {
			s.mu.Unlock()
			c.endPeer(p)
			s.mu.Lock()
			return nil
		}
		switch how {
		case pipe.First:
			s.mu.Unlock()
			p.Far.Flush()
			s.mu.Lock()
			return nil
		case pipe.Queued:
			return nil
		case pipe.Closed:
			if !s.strict {
				s.drop(nil)
				return nil
			}
			return c.noPeer(headOf(frames, m))
		}
		switch s.flow.note(p); {
		case s.settleOne(p, again):
		case !s.strict:
			s.drop(p)
			return nil
		case nowait:
			return ErrWouldBlock
		default:
			if err := s.wait(ctx, again, p.Near != nil && !again); err != nil {
				return err
			}
		}
	}
}

// route queues what is behind the name; Closed also stands for a peer that is not there. mu is held.
func (s *sendSide) route(frames [][]byte, m *message.Message) (p *pipe.Pipe, how pipe.Outcome) {
	p = s.router.Find(headOf(frames, m))
	switch {
	case p == nil:
		return nil, pipe.Closed
	case m == nil && s.raw && len(frames) == 2 && len(frames[1]) == 0, m != nil && s.raw && m.Len() == 2 && len(m.Body()) == 0:
		return p, hangsUp
	case m == nil:
		return p, p.Out.Put(nil, frames[1:])
	}
	tail := m.Tail()
	return p, p.Out.PutParts(nil, tail[0], tail[1:])
}

// hangsUp is an Outcome of ours: the message ends the connection, behind what is queued (zmq_socket(3), ZMQ_STREAM).
const hangsUp pipe.Outcome = 254

// endPeer ends a connection, and the endpoint if we dialled it: nobody asked for the peer to be dialled again. No lock is
// held.
func (c *Core) endPeer(p *pipe.Pipe) {
	why := peer.Local(monitor.ReasonConnClosed)
	var conns []*peer.Conn
	var dialer *peer.Dialer
	c.mu.Lock()
	for _, d := range c.dials {
		if d.dialer != nil && d.dialer.Pipe == p {
			dialer = d.dialer
		}
	}
	for conn := range c.conns {
		if conn.Pipe == p {
			conns = append(conns, conn)
		}
	}
	linger := c.opt.Linger
	c.mu.Unlock()
	if dialer != nil {
		dialer.Leave(why, linger)
	}
	for _, conn := range conns {
		conn.Leave(why, linger)
	}
}

// settleOne is settle for one pipe. mu is held, and let go of meanwhile.
func (s *sendSide) settleOne(p *pipe.Pipe, eager bool) (room bool) {
	if p.Near == nil {
		return false
	}
	s.mu.Unlock()
	room = p.Near.Settle(eager)
	s.mu.Lock()
	return room || s.err != nil || p.Out.Closed() || !p.Out.Awaits() // meanwhile anything may have happened, and nobody waited to hear of it
}

// noPeer says that nobody has a routing id. A copy of it is printed: what is sent must not escape to the heap for this.
func (c *Core) noPeer(id []byte) error {
	return Because(ErrHostUnreachable, "zmq: %s: no peer has the routing id %s", c.typ, shorten(fmt.Sprintf("%q", string(id))))
}

// CanSendTo is what Send(NoWait) to that peer would return now.
func (c *Core) CanSendTo(id []byte) error {
	s := &c.out
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return s.err
	}
	p := s.router.Find(id)
	if p == nil {
		return c.noPeer(id)
	}
	if p.Out.Awaits() && !s.settleOne(p, true) {
		return ErrWouldBlock
	}
	return nil
}

// anyRoom reports whether some peer of a router can take a message. mu is held.
func (s *sendSide) anyRoom() bool {
	for _, p := range s.router.Peers() {
		if !p.Out.Awaits() {
			return true
		}
	}
	return false
}

// ConnectAs is Connect to a peer that is known by the given name from now on, whatever it says of itself.
func (c *Core) ConnectAs(text, id string) error {
	switch {
	case id == "" || len(id) > 255:
		return c.opError("connect", text, Because(ErrInvalid, "a routing id of %d bytes: 1 to 255", len(id)))
	case id[0] == 0:
		return c.opError("connect", text, Because(ErrInvalid, "routing ids that begin with NUL are the ones that sockets make up: begin with another byte"))
	}
	return c.connect(text, id)
}
