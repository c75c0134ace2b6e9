package socket

import (
	"errors"
	"fmt"
	"time"

	"github.com/glassmq/zmq/internal/peer"
	"github.com/glassmq/zmq/internal/pipe"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// Over inproc the queue that one socket sends into is the queue that the other receives from: no goroutine, no
// connection, no copy but the one that makes the bytes the caller's again.
//
//  1. Bind puts a name into the Context; Connect gives its own socket a pipe at once, so that messages gather before
//     anybody is there (seek);
//  2. whoever comes second joins the two (Context.match, join): the queues get both sockets' marks, and the socket that
//     bound gets a pipe that is the other's with the directions changed;
//  3. when one end goes, what it had sent stays readable, and the end that connected looks for the name again (cut).

// bindName binds a name. Control lock held.
func (c *Core) bindName(e peer.Endpoint, name string) error {
	b := &bind{at: e, bound: e.Text, name: name}
	if !c.ctx.bind(name, c, b) {
		err := Because(ErrInUse, "another socket of this Context has bound it")
		c.hub.Emit(&monitor.Event{Kind: monitor.BindFailed | monitor.Inproc, EndpointID: e.ID, Endpoint: e.Text, Side: e.Side, Local: e.Text, FD: -1,
			Err: err, Who: monitor.ByLocal, Phase: monitor.InConnect, Reason: monitor.ReasonAddressInUse})
		return err
	}
	c.binds = append(c.binds, b)
	c.hub.Emit(&monitor.Event{Kind: monitor.Listening | monitor.Inproc, EndpointID: e.ID, Endpoint: e.Text, Side: e.Side, Local: e.Text, FD: -1})
	return nil
}

// seek gives d a pipe of its own and has it look for its name. Control lock held.
func (c *Core) seek(d *dial) {
	j := &joint{}
	if c.rule.sends || c.sub != nil { // subscriptions go against the stream
		j.out = pipe.NewQueue(c.opt.SendHWM, &c.spares)
	}
	if c.rule.receives || c.rule.publishes {
		j.in = pipe.NewQueue(c.opt.RecvHWM, &c.spares)
	}
	j.conflate(c, connected)
	j.send[connected], j.recv[connected] = c.opt.SendHWM, c.opt.RecvHWM
	before := d.pipe
	d.parted = false
	d.joint, d.pipe = j, j.newPipe(c, connected)
	j.ends[connected].Store(&link{owner: c, at: d.at, pipe: d.pipe}) // for the marks; replaced when somebody is there
	c.give(d.pipe, d.as)
	c.inherit(before, d.pipe)
	c.attachReceiving(d.pipe)
	if !c.opt.Immediate {
		c.attachSending(d.pipe)
	}
	c.ctx.seek(d.name, c, d)
}

// greetings are what goes out before all other messages. Control lock held.
func (c *Core) greetings() (all [][]byte) {
	if c.opt.ProbeRouter {
		all = append(all, []byte{})
	}
	for _, m := range [][]byte{c.opt.Hello, c.opt.Welcome} {
		if m != nil {
			all = append(all, m)
		}
	}
	return all
}

// join makes a connection of an end that seeks and one that is bound. It reports false if one of the two is not, or no
// longer, to be had. No lock is held; each end's part runs under its own.
func join(a *Core, d *dial, b *Core, at *bind) bool {
	a.mu.Lock()
	j, pipe, barred := d.joint, d.pipe, d.barred == at
	a.mu.Unlock()
	if barred {
		return false
	}
	la := &link{id: peer.NextID(), owner: a, at: d.at, dial: d, since: time.Now(), pipe: pipe}
	lb := &link{id: peer.NextID(), owner: b, at: at.at, bind: at, since: time.Now(), pipe: j.newPipe(b, bound)}
	la.other, lb.other = lb, la
	la.know(b)
	lb.know(a)
	if a.rule.publishes {
		la.up = j.in
	}
	if b.rule.publishes {
		lb.up = j.out
	}
	lb.pipe.SetConn(lb.id)
	if !zmtp.Compatible(a.typ, b.typ) {
		a.refused(la, peer.Cause{Who: monitor.ByLocal, Phase: monitor.InMetadata, Reason: monitor.ReasonIncompatibleSocketType,
			Err: fmt.Errorf("%s cannot talk to %s", a.typ, b.typ)})
		return false
	}
	if a.conflicts(la) {
		return false
	}
	if !b.welcome(lb, j) {
		if lb.rejected {
			a.refused(la, peer.Cause{Who: monitor.ByPeer, Phase: monitor.InMetadata, Reason: monitor.ReasonRefusedByPeer,
				Err: errors.New("it has a peer of this routing id")})
		}
		return false
	}
	lb.away.cut()
	if !a.arrive(la, d, j) {
		if a == b { // it has met itself, and taken its name for another's: it would again
			la.bar()
		}
		lb.cut(peer.Cause{Who: monitor.ByPeer, Reason: monitor.ReasonPeerClosed})
		return false
	}
	la.away.cut()
	b.open(lb, j)
	lb.pipe.Near.Marks()
	j.flush(connected)
	j.flush(bound)
	if a.isClosing() { // it only waited for somebody to leave its messages with
		a.hangUp(d, peer.Local(monitor.ReasonClose))
	}
	return true
}

// welcome is the part of the end that bound.
func (c *Core) welcome(l *link, j *joint) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || !c.isBound(l.bind) || c.rule.one && c.taken() || !c.admit(l, monitor.Accepted) {
		return false
	}
	j.conflate(c, bound)
	j.mu.Lock()
	j.bound = true
	j.mu.Unlock()
	if j.out != nil {
		j.out.SetPeer(l.peer)
	}
	if j.in != nil {
		j.in.SetPeer(l.other.peer)
	}
	c.links[l] = struct{}{}
	l.emit(monitor.HandshakeSucceeded, peer.Cause{})
	return true
}

// open lets messages flow, when both ends have told their events.
func (c *Core) open(l *link, j *joint) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, live := c.links[l]; live {
		c.greet(l)
		j.ends[bound].Store(l)
		c.attach(l.pipe)
		c.met(l)
	}
}

// greet says what goes out before all that is queued: before the peer was there, nobody was greeted. Control lock held.
func (c *Core) greet(l *link) {
	if q := l.pipe.Out; q != nil {
		q.TellFirst(c.greetings())
	}
}

// met is what is said and told when a connection over inproc is there. Control lock held.
func (c *Core) met(l *link) {
	c.meet(l.pipe)
	if c.sub != nil {
		c.sub.greetLink(l.pipe)
	}
	if c.opt.NotifyConnect {
		c.tell(l.pipe, l.peer, []byte{})
	}
	(*host)(c).Changed()
}

// conflicts tells a socket that seeks, before the other end hears of it, that the name of what is bound is another's. No lock
// is held.
func (c *Core) conflicts(l *link) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.out.router == nil || l.peer.RoutingID == "" || l.pipe.Given || c.opt.RouterHandover || !c.isDial(l.dial) {
		return false
	}
	c.out.mu.Lock()
	holder := c.holder(l.peer.RoutingID)
	taken := holder != nil && holder != l.pipe && (holder.Given || !c.away(holder))
	c.out.mu.Unlock()
	return taken && !c.admit(l, monitor.Connected)
}

// admit lets a peer in, and gives it its name if the socket's type has names: one that another has is refused, or taken
// over. Control lock held.
func (c *Core) admit(l *link, up monitor.Kind) bool {
	l.emit(up, peer.Cause{})
	if c.out.router == nil {
		return true
	}
	holder, ok := c.claim(l.pipe, l.peer.RoutingID)
	if holder != nil {
		why := peer.Cause{Who: monitor.ByPeer, Phase: monitor.InMetadata, Reason: monitor.ReasonIdentityConflict}
		l.emit(monitor.IdentityConflict, why)
		if !ok {
			l.rejected, why.Who = true, monitor.ByLocal
			l.emit(monitor.HandshakeFailedProtocol, why)
			l.emit(monitor.Disconnected, why)
		}
	}
	if ok {
		l.away = c.displace(holder)
	}
	if l.peer.RoutingID == "" {
		l.peer.RoutingID = l.pipe.ID
	}
	return ok
}

// arrive is the part of the end that connected.
func (c *Core) arrive(l *link, d *dial, j *joint) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d.link != nil || d.joint != j || !c.isDial(d) || !c.admit(l, monitor.Connected) {
		return false
	}
	d.link = l
	d.pipe.SetConn(l.id)
	c.links[l] = struct{}{}
	l.emit(monitor.HandshakeSucceeded, peer.Cause{})
	c.greet(l)
	j.ends[connected].Store(l)
	if c.opt.Immediate {
		c.attachSending(l.pipe)
	}
	c.met(l)
	return true
}

func (c *Core) routingID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.opt.RoutingID
}

// refused tells a socket that seeks why it and what is bound do not come together, if it still does.
func (c *Core) refused(l *link, why peer.Cause) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.isDial(l.dial) {
		return
	}
	l.emit(monitor.Connected, peer.Cause{})
	l.emit(monitor.HandshakeFailedProtocol, why)
	l.emit(monitor.Disconnected, why)
}

func (c *Core) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

// isBound and isDial report whether an endpoint is still one of the socket's. Control lock held.
func (c *Core) isBound(b *bind) bool {
	for _, have := range c.binds {
		if have == b {
			return true
		}
	}
	return false
}

func (c *Core) isDial(d *dial) bool {
	for _, have := range c.dials {
		if have == d {
			return !d.ending
		}
	}
	return false
}

// drained reports whether nothing is queued for d's peer-to-be.
func (c *Core) drained(d *dial) bool {
	return d.parted || d.pipe.Out == nil || c.sub != nil || d.pipe.Out.Len() == 0 // subscriptions are no messages
}
