package socket

import (
	"sync"
	"time"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/internal/peer"
	"github.com/glassmq/zmq/internal/pipe"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

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

// know fills in what l's owner knows of the socket at the other end.
func (l *link) know(other *Core) {
	l.peer = &monitor.Peer{Conn: l.id, SocketID: l.owner.ID, EndpointID: l.at.ID, Endpoint: l.at.Text, Local: l.at.Text, Remote: l.at.Text,
		Side: l.at.Side, FD: -1, RoutingID: other.routingID(), Type: other.typ, Mechanism: "NULL", Since: l.since}
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
