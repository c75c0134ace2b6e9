package socket

import (
	"sync"

	"github.com/glassmq/zmq/internal/peer"
	"github.com/glassmq/zmq/internal/pipe"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// host is a Core as its connections see it.
type host Core

func (h *host) Lock()                 { h.mu.Lock() }
func (h *host) Unlock()               { h.mu.Unlock() }
func (h *host) Emit(e *monitor.Event) { h.hub.Emit(e) }
func (h *host) Work() *sync.WaitGroup { return &h.work }

// Changed makes WaitReady look again. Control lock held.
func (h *host) Changed() {
	if h.changed != nil {
		close(h.changed)
		h.changed = nil
	}
}

// change is closed at the next Changed. Control lock held.
func (c *Core) change() <-chan struct{} {
	if c.changed == nil {
		c.changed = make(chan struct{})
	}
	return c.changed
}

// Accept refuses a second peer of a PAIR, and one of a ROUTER whose name is another's. Control lock not held.
func (h *host) Accept(c *peer.Conn) error {
	if h.out.router != nil {
		return (*Core)(h).introduce(c)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.rule.one && c.Endpoint.Side == monitor.SideBind && (*Core)(h).taken() {
		return &zmtp.ProtocolError{Code: zmtp.PairTaken, Detail: "this PAIR has its peer"}
	}
	if h.rule.one && c.Endpoint.Side == monitor.SideBind {
		h.conns[c].reserved = c
	}
	return nil
}

// Greetings are asked for when a peer is ready, so that options that came after the Bind or Connect hold for it.
func (h *host) Greetings() [][]byte { return (*Core)(h).greetings() }

// Attach gives an accepted peer its place among the others. A dialled one has had it since Connect, unless messages are
// to be queued for ready peers only.
func (h *host) Attach(c *peer.Conn) {
	if c.Endpoint.Side == monitor.SideBind {
		if c.Pipe.Out != nil { // the marks may have changed since it was accepted
			c.Pipe.Out.SetLimit(h.opt.SendHWM)
		}
		if c.Pipe.In != nil {
			c.Pipe.In.SetLimit(h.opt.RecvHWM)
		}
		(*Core)(h).attach(c.Pipe)
	} else if c.Immediate() {
		(*Core)(h).attachSending(c.Pipe)
	}
	(*Core)(h).meet(c.Pipe)
	if h.sub != nil {
		h.sub.greet(c)
	}
	if h.rule.publishes {
		h.out.mu.Lock()
		c.Pipe.Deaf = false // a dialled endpoint's pipe, with another peer at its end
		h.out.mu.Unlock()
	}
	if h.opt.NotifyConnect {
		(*Core)(h).tell(c.Pipe, c.Facts(), []byte{})
	}
}

// meet says that a peer has come: what it sends now must not overtake what it sent over another pipe. Control lock held.
func (c *Core) meet(p *pipe.Pipe) {
	if c.rule.receives && p.In != nil {
		c.in.mu.Lock()
		c.depart(p)
		c.in.choose.Meet(p)
		c.in.mu.Unlock()
	}
}

// depart finds those who have gone, but have left so much that we have not read to their end: p may be one of them, come back.
// Among many connections only some of those are asked whose messages wait, from the one whose turn it is: it is a system call
// each. A dialled endpoint comes back over its own pipe. Control and receiving lock held.
func (c *Core) depart(p *pipe.Pipe) {
	const few = 64
	if len(c.conns) <= few {
		for conn := range c.conns {
			c.askAfter(conn, p)
		}
		return
	}
	asked := 0
	for q := range c.in.choose.Waiting {
		if conn, accepted := q.Far.(*peer.Conn); accepted && q.In.Len() > 0 && c.askAfter(conn, p) {
			if asked++; asked == few {
				return
			}
		}
	}
}

// askAfter notes that conn's peer has gone, if it has, and reports whether it was asked; p's is not.
func (c *Core) askAfter(conn *peer.Conn, p *pipe.Pipe) (asked bool) {
	if conn.Pipe == p || conn.Pipe.In == nil || conn.Endpoint.Side == monitor.SideConnect || !conn.IsReady() {
		return false
	}
	if conn.HungUp() {
		c.in.choose.Leave(conn.Pipe)
	}
	return true
}

// tell puts a message of our own before the user, as from a peer. Control lock held.
func (c *Core) tell(p *pipe.Pipe, from *monitor.Peer, frame []byte) {
	if p.In == nil || frame == nil {
		return
	}
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	switch first := p.In.Tell(from, frame); {
	case p.Place[pipe.Receiving] < 0: // over inproc the peer was gone, and all that it said received, before we heard of it
		c.in.attach(p)
	case first:
		c.in.arrived(p)
	}
}

// bye is what the user is told when a peer has gone. Control lock held.
func (c *Core) bye(p *pipe.Pipe, from *monitor.Peer, dialled bool) {
	if from == nil {
		return // it was never there
	}
	if c.rule.publishes {
		c.forgetTopics(p, from)
	}
	if c.opt.NotifyDisconnect {
		if !dialled {
			c.detachSending(p) // who hears that a peer is gone cannot send to it any more
		}
		c.tell(p, from, []byte{})
	}
	if dialled {
		c.tell(p, from, c.opt.Hiccup)
	} else {
		c.tell(p, from, c.opt.Disconnected)
	}
}

// Detach ends the part of c's pipe in sending; what was received stays until it is read. The pipe of a dialled endpoint
// stays.
func (h *host) Detach(c *peer.Conn) {
	if h.sub != nil {
		h.sub.leave(c)
	}
	(*Core)(h).bye(c.Pipe, c.Facts(), c.Endpoint.Side == monitor.SideConnect)
	if c.Endpoint.Side == monitor.SideBind {
		(*Core)(h).detach(c.Pipe)
		return
	}
	(*Core)(h).part(c.Pipe, false)
	if c.Immediate() {
		(*Core)(h).detachSending(c.Pipe)
	}
}

// Ended takes leave of a connection, with which messages went down that had been queued.
func (h *host) Ended(c *peer.Conn, messages, bytes int) {
	if b := h.conns[c]; b != nil && b.reserved == c {
		b.reserved = nil
	}
	delete(h.conns, c)
	c.Pipe.Claimed = false
	if h.out.router != nil && c.Endpoint.Side == monitor.SideBind {
		h.out.mu.Lock()
		h.out.router.Forget(c.Pipe) // it had its name before it was attached
		h.out.mu.Unlock()
	}
	in, out := c.Carried()
	h.gone.in += in.Messages
	h.gone.out += out.Messages
	if h.closing && c.Endpoint.Side == monitor.SideBind {
		p := c.Peer()
		h.lost.add(messages, bytes, DroppedPeer{Endpoint: p.Endpoint, Remote: p.Remote, PeerID: p.RoutingID})
	}
	h.Changed()
}

// Parted lets those in over inproc that wait for the place, or the routing id, of a peer that has gone.
func (h *host) Parted() {
	c := (*Core)(h)
	if !c.rule.one && c.out.router == nil {
		return
	}
	var names []string
	c.mu.Lock()
	for _, b := range c.binds {
		if b.listener == nil {
			names = append(names, b.name)
		}
	}
	c.mu.Unlock()
	for _, name := range names {
		c.ctx.match(name)
	}
}

// Abandon takes a dialled endpoint's pipe away: nobody will dial any more. Control lock held.
func (h *host) Abandon(p *pipe.Pipe) { (*Core)(h).detach(p) }

func (h *host) Received(c *peer.Conn, mayLend bool) (lend bool) {
	s := &h.in
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.received(c.Pipe) && mayLend && s.lend(c)
}

func (h *host) Busy() bool {
	s := &h.in
	if s.fair == nil {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	p := s.fair.Current()
	return p != nil && p.In.AtHand()
}

func (h *host) Sendable(p *pipe.Pipe) { h.out.ready(p) }

// attach puts p among the socket's pipes. Control lock held.
func (c *Core) attach(p *pipe.Pipe) {
	c.attachReceiving(p)
	c.attachSending(p)
}

func (c *Core) attachReceiving(p *pipe.Pipe) {
	if c.rule.receives {
		c.in.mu.Lock()
		c.in.attach(p)
		c.in.mu.Unlock()
	}
}

func (c *Core) attachSending(p *pipe.Pipe) {
	if c.rule.sends {
		c.out.mu.Lock()
		c.out.attach(p)
		c.out.mu.Unlock()
	}
}

func (c *Core) detachSending(p *pipe.Pipe) {
	if c.rule.sends {
		c.out.mu.Lock()
		c.out.detach(p)
		c.out.mu.Unlock()
	}
}

// detach takes p from the sending side for good, and from the receiving side as soon as it is empty. Control lock held.
func (c *Core) detach(p *pipe.Pipe) {
	c.part(p, true)
	if p.Out != nil {
		p.Out.Close()
		c.detachSending(p)
	}
	if c.rule.receives && p.In != nil {
		p.In.Close()
		c.in.mu.Lock()
		if l := c.in.lent.conn; l != nil && l.Pipe == p {
			c.in.reclaim()
		}
		if c.in.choose.Ready(p); p.In.Over() {
			c.in.detach(p)
			c.in.freed()
		} else {
			c.in.choose.Leave(p)
		}
		c.in.mu.Unlock()
	}
}

// taken reports whether a PAIR has its peer. Control lock held.
func (c *Core) taken() bool {
	if len(c.dials) > 0 || len(c.links) > 0 {
		return true
	}
	for _, b := range c.binds {
		if b.reserved != nil {
			return true
		}
	}
	return false
}
