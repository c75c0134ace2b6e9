package socket

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/glassmq/zmq/internal/message"
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

// A link is one socket's end of a connection over inproc; it lives while it is in its owner's links.
type link struct {
	id    monitor.ConnID
	owner *Core
	other *link
	at    peer.Endpoint
	pipe  *pipe.Pipe
	dial  *dial // of the end that connected, else nil
	bind  *bind // of the end that bound, else nil
	peer  *monitor.Peer
	since time.Time

	up       *pipe.Queue // of a publisher's end: where subscriptions come from; else nil
	hearing  sync.Mutex  // the consumer's lock of up
	away     *displaced  // who had its peer's name before
	rejected bool        // its peer's name is another's, and stays it
	slab     message.Slab
}

// A joint is the two queues of a connection, or of an end that looks for one, and what both sockets' marks add up to.
type joint struct {
	mu sync.Mutex
	// mu guards:
	send, recv [2]int // the marks of the end that connected and of the one that bound
	bound      bool   // there is one that bound

	out, in *pipe.Queue             // of the end that connected
	end     [2]atomic.Pointer[link] // who is there
}

const (
	connected = iota
	bound
)

// mark takes over one end's marks, and tells a sender that now has room. No lock is held.
func (j *joint) mark(end, send, recv int) {
	j.mu.Lock()
	j.send[end], j.recv[end] = send, recv
	out, in := j.send[connected], j.recv[connected]
	if j.bound {
		out, in = sum(out, j.recv[bound]), sum(j.send[bound], in)
	}
	j.mu.Unlock()
	if j.out != nil && j.out.SetLimit(out) {
		j.room(connected)
	}
	if j.in != nil && j.in.SetLimit(in) {
		j.room(bound)
	}
}

// sum adds two marks, of which one may be none.
func sum(a, b int) int {
	if a <= 0 || b <= 0 {
		return 0
	}
	return a + b
}

// flush tells the other end than from that messages are there; room tells end that there is room for more.
func (j *joint) flush(from int) {
	switch l := j.end[1-from].Load(); {
	case l == nil:
	case l.up != nil:
		l.hear()
	case l.pipe.In != nil:
		l.owner.arrived(l.pipe)
	}
}

func (j *joint) room(end int) {
	if l := j.end[end].Load(); l != nil {
		l.owner.out.ready(l.pipe)
	}
}

// newPipe makes the pipe of one end.
func (j *joint) newPipe(c *Core, end int) *pipe.Pipe {
	p := &pipe.Pipe{Out: j.out, In: j.in}
	if end == bound {
		p.Out, p.In = j.in, j.out
	}
	if c.rule.publishes { // what comes are subscriptions: its user's messages are made of them
		p.In = nil
		if c.rule.receives {
			p.In = pipe.NewQueue(0)
		}
	}
	p.Flush = func() { j.flush(end) }
	p.Room = func() { j.room(1 - end) }
	p.Settle = func(eager bool) bool {
		l := j.end[1-end].Load()
		return l != nil && l.settle(p.Out, eager)
	}
	p.About = func(k monitor.Kind) *monitor.Event {
		if l := j.end[end].Load(); l != nil {
			return l.about(k)
		}
		return &monitor.Event{Kind: k | monitor.Inproc, FD: -1} // about to be opened: nothing has happened yet
	}
	p.Marks = func() {
		c.mu.Lock()
		send, recv := c.opt.SendHWM, c.opt.RecvHWM
		c.mu.Unlock()
		j.mark(end, send, recv)
	}
	return p
}

// settle asks l's socket, which receives from q, what it has taken out.
func (l *link) settle(q *pipe.Queue, eager bool) (room bool) {
	mu := l.owner.in.mu
	if l.up != nil {
		mu = &l.hearing
	}
	mu.Lock()
	defer mu.Unlock()
	if eager {
		return q.SettleEagerly()
	}
	return q.Settle()
}

// arrived says that p has messages that it had not before. No lock is held.
func (c *Core) arrived(p *pipe.Pipe) {
	c.in.mu.Lock()
	c.in.arrived(p)
	c.in.mu.Unlock()
}

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
		j.out = pipe.NewQueue(c.opt.SendHWM)
	}
	if c.rule.receives || c.rule.publishes {
		j.in = pipe.NewQueue(c.opt.RecvHWM)
	}
	j.conflate(c, connected)
	j.send[connected], j.recv[connected] = c.opt.SendHWM, c.opt.RecvHWM
	before := d.pipe
	d.parted = false
	d.joint, d.pipe = j, j.newPipe(c, connected)
	j.end[connected].Store(&link{owner: c, at: d.at, pipe: d.pipe}) // for the marks; replaced when somebody is there
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

// conflate makes the queues keep the last message only, if this end's socket wants that; of subscriptions all count.
// Control lock held.
func (j *joint) conflate(c *Core, end int) {
	out, in := j.out, j.in
	if end == bound {
		out, in = in, out
	}
	if c.opt.Conflate && out != nil && c.sub == nil {
		out.Conflate()
	}
	if c.opt.Conflate && in != nil && !c.rule.publishes {
		in.Conflate()
	}
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
		lb.cut(peer.Cause{Who: monitor.ByPeer, Reason: monitor.ReasonPeerClosed})
		return false
	}
	la.away.cut()
	b.open(lb, j)
	lb.pipe.Marks()
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
		j.end[bound].Store(l)
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
	if c.out.router == nil || l.peer.RoutingID == "" || l.pipe.Given || c.opt.RouterHandover {
		return false
	}
	c.out.mu.Lock()
	holder := c.out.router.Find([]byte(l.peer.RoutingID))
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
	j.end[connected].Store(l)
	if c.opt.Immediate {
		c.attachSending(l.pipe)
	}
	c.met(l)
	return true
}

// know fills in what l's owner knows of the socket at the other end.
func (l *link) know(other *Core) {
	l.peer = &monitor.Peer{Conn: l.id, SocketID: l.owner.ID, EndpointID: l.at.ID, Endpoint: l.at.Text, Local: l.at.Text, Remote: l.at.Text,
		Side: l.at.Side, FD: -1, RoutingID: other.routingID(), Type: other.typ, Mechanism: "NULL", Since: l.since}
}

func (c *Core) routingID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.opt.RoutingID
}

// refused tells a socket that seeks why it and what is bound do not come together.
func (c *Core) refused(l *link, why peer.Cause) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l.emit(monitor.Connected, peer.Cause{})
	l.emit(monitor.HandshakeFailedProtocol, why)
	l.emit(monitor.Disconnected, why)
}

// about begins an event about what l carries; of one that is not live, or only stands for who is to come, about the
// endpoint. Its owner's control lock is held.
func (l *link) about(k monitor.Kind) *monitor.Event {
	if _, live := l.owner.links[l]; live {
		e := &monitor.Event{Kind: k | monitor.Inproc}
		e.SetPeer(l.peer)
		return e
	}
	return &monitor.Event{Kind: k | monitor.Inproc, EndpointID: l.at.ID, Endpoint: l.at.Text, Side: l.at.Side, FD: -1}
}

// emit makes an event of l's. Its owner's control lock is held.
func (l *link) emit(k monitor.Kind, why peer.Cause) {
	e := &monitor.Event{Kind: k | monitor.Inproc}
	e.SetPeer(l.peer)
	e.Who, e.Phase, e.Reason, e.Err = why.Who, why.Phase, why.Reason, why.Err
	if k == monitor.HandshakeFailedProtocol { // libzmq has one number for all that is wrong in a peer's metadata
		e.Value = uint64(zmtp.IncompatibleSocketType.Classic())
	}
	if k&(monitor.Disconnected|monitor.LocalClosed) != 0 {
		e.Duration = time.Since(l.since)
		e.MessagesIn, e.MessagesOut = l.carried()
	}
	l.owner.hub.Emit(e)
}

// carried counts messages as a connection over a network does: in as they came, taken out or not; out as queued, for here
// the one is the other. Its owner's control lock is held.
func (l *link) carried() (in, out uint64) {
	if l.pipe == nil {
		return 0, 0
	}
	if l.pipe.In != nil {
		in = l.pipe.In.Queued()
	}
	if l.pipe.Out != nil && l.owner.rule.sends {
		out = l.pipe.Out.Queued()
	}
	return in, out
}

// cut ends a connection over inproc, for a reason of this end's. No lock is held.
func (l *link) cut(why peer.Cause) {
	kind := monitor.LocalClosed
	if why.Who != monitor.ByLocal {
		kind = monitor.Disconnected
	}
	if !l.end(kind, why) {
		return
	}
	l.other.end(monitor.Disconnected, peer.Cause{Who: monitor.ByPeer, Phase: monitor.InTraffic, Reason: monitor.ReasonPeerClosed})
	for _, end := range []*link{l, l.other} {
		if end.dial != nil {
			end.owner.seekAgain(end.dial)
		} else {
			(*host)(end.owner).Parted()
		}
	}
}

// bar keeps the end that connected from coming back to the one that bound. They are of one process, and would be together
// again at once: two that have the same routing id would take it from each other for ever.
func (l *link) bar() {
	if l.dial == nil {
		l = l.other
	}
	l.owner.mu.Lock()
	defer l.owner.mu.Unlock()
	l.dial.barred = l.other.bind
}

// end is one socket's part of cut.
func (l *link) end(kind monitor.Kind, why peer.Cause) (first bool) {
	c := l.owner
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, live := c.links[l]; !live {
		return false
	}
	if c.sub != nil {
		c.sub.leaveLink(l.pipe)
	}
	l.pipe.SetConn(0)
	l.pipe.Claimed = false
	c.bye(l.pipe, l.peer, l.dial != nil)
	c.detach(l.pipe)
	delete(c.links, l)
	in, out := l.carried()
	c.gone.in, c.gone.out = c.gone.in+in, c.gone.out+out
	if why.Phase == "" {
		why.Phase = monitor.InTraffic
	}
	l.emit(kind, why)
	if l.dial != nil {
		l.dial.link, l.dial.parted = nil, true
	}
	(*host)(c).Changed()
	return true
}

// seekAgain looks for the name anew after a connection has ended, unless the endpoint has too.
func (c *Core) seekAgain(d *dial) {
	c.mu.Lock()
	again := !c.closing && c.isDial(d) && d.link == nil
	if again {
		c.seek(d)
	}
	c.mu.Unlock()
	if again {
		c.ctx.match(d.name)
	}
}

// hangUp ends a dial over inproc: the connection, or the search and what is queued for whoever would have come. No lock
// is held.
func (c *Core) hangUp(d *dial, why peer.Cause) {
	c.mu.Lock()
	if !c.isDial(d) {
		c.mu.Unlock()
		return
	}
	d.ending = true
	l, messages := d.link, 0
	if l == nil && !d.parted {
		c.ctx.forget(d.name, d)
		c.detach(d.pipe)
		if d.pipe.Out != nil && c.sub == nil {
			var bytes int
			if messages, bytes = d.pipe.Out.Drop(); c.closing {
				c.lost.add(messages, bytes, DroppedPeer{Endpoint: d.at.Text})
			}
		}
	}
	c.mu.Unlock()
	if l != nil {
		l.cut(why)
	}
	c.mu.Lock()
	c.removeDial(d, why.Reason, messages)
	c.mu.Unlock()
}

// unbindName ends a bind over inproc that is no longer in the list. No lock is held.
func (c *Core) unbindName(b *bind, why peer.Cause) {
	c.ctx.unbind(b.name, b)
	c.mu.Lock()
	c.hub.Emit(&monitor.Event{Kind: monitor.Closed | monitor.Inproc, EndpointID: b.at.ID, Endpoint: b.at.Text, Side: b.at.Side, Local: b.bound, FD: -1,
		Who: monitor.ByLocal, Reason: why.Reason})
	c.unbound(b.at, b.bound, monitor.Inproc, why.Reason, 0)
	var ended []*link
	for l := range c.links {
		if l.bind == b {
			ended = append(ended, l)
		}
	}
	c.mu.Unlock()
	for _, l := range ended {
		l.cut(why)
	}
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
