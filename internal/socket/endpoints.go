package socket

import (
	"errors"
	"fmt"
	"time"

	"github.com/glassmq/zmq/internal/endpoint"
	"github.com/glassmq/zmq/internal/peer"
	"github.com/glassmq/zmq/internal/pipe"
	"github.com/glassmq/zmq/monitor"
)

// A bind is one Bind: a listener, or a name in the Context.
type bind struct {
	at       peer.Endpoint
	bound    string
	listener *peer.Listener
	name     string     // over inproc
	reserved *peer.Conn // of a PAIR: the peer that has it
}

// A dial is one Connect: a dialer, or a pipe that looks for a name in the Context.
type dial struct {
	at     peer.Endpoint
	dialer *peer.Dialer
	name   string     // over inproc
	pipe   *pipe.Pipe // over inproc: what is queued for whoever will be there
	joint  *joint     // over inproc: its queues
	link   *link      // over inproc: nil while nobody is
	parted bool       // over inproc: its pipe is that of a connection that has ended; what it holds is the peer's to read
	ending bool       // over inproc: it is being hung up
	barred *bind      // over inproc: where another end has taken over the routing id of this one
	as     string     // the name that ConnectAs gave the peer
	left   bool       // Disconnect has ended it, and what is queued lingers
}

// An OpError is a Bind, Connect, Unbind, Disconnect or Monitor that was refused.
type OpError struct {
	Op, Endpoint string
	Err          error
}

func (e *OpError) Error() string { return "zmq: " + e.Op + " " + e.Endpoint + ": " + e.Err.Error() }
func (e *OpError) Unwrap() error { return e.Err }

// Bind makes the socket reachable at an endpoint and returns the one that it is reachable at.
func (c *Core) Bind(text string) (bound string, err error) {
	at, err := endpoint.ParseBind(text)
	if err != nil {
		return "", c.opError("bind", text, err)
	}
	c.mu.Lock()
	if err := c.Refused(); err != nil {
		c.mu.Unlock()
		return "", err
	}
	opt, e := c.peerOptions(), c.nextEndpoint(text, monitor.SideBind)
	if opt.Raw && at.Scheme != endpoint.TCP {
		c.mu.Unlock()
		return "", c.opError("bind", text, rawNeedsTCP)
	}
	if at.Scheme == endpoint.Inproc {
		err := c.bindName(e, at.Name)
		c.mu.Unlock()
		if err != nil {
			return "", c.opError("bind", text, err)
		}
		c.ctx.match(at.Name)
		return text, nil
	}
	c.mu.Unlock()
	l, err := peer.Listen((*host)(c), opt, e, at)
	if err != nil {
		return "", c.opError("bind", text, err)
	}
	b := &bind{at: e, bound: l.Bound, listener: l}
	c.mu.Lock()
	if err := c.Refused(); err != nil { // closed meanwhile
		c.mu.Unlock()
		l.Close(monitor.ReasonClose)
		return "", err
	}
	c.binds = append(c.binds, b)
	c.work.Go(func() {
		l.Run(func(conn *peer.Conn) bool { // control lock held
			if c.closing || b.listener.Stopped() {
				return false
			}
			c.conns[conn] = b
			return true
		})
	})
	c.mu.Unlock()
	return l.Bound, nil
}

// Connect dials an endpoint, in the background and for ever.
func (c *Core) Connect(text string) error { return c.connect(text, "") }

// connect is Connect to a peer that is known by a name, unless that is empty.
func (c *Core) connect(text, as string) error {
	to, err := endpoint.ParseConnect(text)
	if err != nil {
		return c.opError("connect", text, err)
	}
	if err := c.dial(text, to, as); err != nil {
		return err
	}
	if to.Scheme == endpoint.Inproc {
		c.ctx.match(to.Name)
	}
	return nil
}

// dial begins one Connect.
func (c *Core) dial(text string, to endpoint.Endpoint, as string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.Refused(); err != nil {
		return err
	}
	if c.rule.one && c.taken() {
		return c.opError("connect", text, Because(ErrInvalid, "a PAIR has one peer, and this one has it: Disconnect it first"))
	}
	if c.raw() && to.Scheme != endpoint.TCP {
		return c.opError("connect", text, rawNeedsTCP)
	}
	if as != "" && c.known(as) {
		return c.opError("connect", text, Because(ErrInvalid, "another peer has the routing id %q", shorten(as)))
	}
	d := &dial{at: c.nextEndpoint(text, monitor.SideConnect), as: as}
	c.dials = append(c.dials, d)
	if to.Scheme == endpoint.Inproc {
		d.name = to.Name
		c.seek(d)
		return nil
	}
	d.dialer = peer.NewDialer((*host)(c), c.peerOptions(), d.at, to)
	c.give(d.dialer.Pipe, as)
	c.attachReceiving(d.dialer.Pipe)
	if !c.opt.Immediate {
		c.attachSending(d.dialer.Pipe)
	}
	c.work.Go(func() {
		d.dialer.Run()
		c.dialed(d)
	})
	return nil
}

var rawNeedsTCP = Because(ErrNotSupported, "a socket without ZMTP talks over tcp: use tcp://HOST:PORT")

// dialed is called when d's dialer has ended.
func (c *Core) dialed(d *dial) {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := d.dialer.Pipe
	c.detach(p)
	messages, bytes, why := d.dialer.Lost()
	if c.closing {
		c.lost.add(messages, bytes, DroppedPeer{Endpoint: d.at.Text, LastErr: d.dialer.State().LastErr})
	}
	c.removeDial(d, why, messages)
}

// removeDial forgets an endpoint and says so, and how many messages went with it. Control lock held.
func (c *Core) removeDial(d *dial, why monitor.Reason, unsent int) {
	for i, have := range c.dials {
		if have == d {
			c.dials = append(c.dials[:i:i], c.dials[i+1:]...)
			if d.dialer != nil {
				c.unbound(d.at, "", 0, why, unsent)
			} else {
				c.unbound(d.at, "", monitor.Inproc, why, unsent)
			}
			break
		}
	}
	(*host)(c).Changed()
}

// unbound: an endpoint is no more; of is Inproc for one of that transport. Control lock held.
func (c *Core) unbound(e peer.Endpoint, bound string, of monitor.Kind, why monitor.Reason, unsent int) {
	c.hub.Emit(&monitor.Event{Kind: monitor.Unbound | of, EndpointID: e.ID, Endpoint: e.Text, Side: e.Side, Local: bound, FD: -1, Who: monitor.ByLocal,
		Reason: why, Unsent: uint64(unsent)})
}

// Unbind ends every Bind of an endpoint, as given or as bound, and the connections that came in there.
func (c *Core) Unbind(text string) error {
	c.mu.Lock()
	if err := c.Refused(); err != nil {
		c.mu.Unlock()
		return err
	}
	var ended []*bind
	var kept []*bind
	for _, b := range c.binds {
		if b.at.Text == text || b.bound == text {
			ended = append(ended, b)
		} else {
			kept = append(kept, b)
		}
	}
	c.binds = kept
	c.unbinding += len(ended) // a Close that overtakes waits for them
	linger := c.opt.Linger
	c.mu.Unlock()
	if len(ended) == 0 {
		return c.opError("unbind", text, Because(ErrNotFound, "not bound here: give the endpoint as it was given to Bind, or as Bind returned it"))
	}
	for _, b := range ended {
		c.unbind(b, peer.Local(monitor.ReasonUnbind), linger)
	}
	c.mu.Lock()
	c.unbinding -= len(ended)
	(*host)(c).Changed()
	c.mu.Unlock()
	return nil
}

// unbind ends a bind that is no longer in the list.
func (c *Core) unbind(b *bind, why peer.Cause, linger time.Duration) {
	if b.listener == nil {
		c.unbindName(b, why)
		return
	}
	b.listener.Close(why.Reason)
	c.mu.Lock()
	c.unbound(b.at, b.bound, 0, why.Reason, 0)
	var conns []*peer.Conn
	for conn, of := range c.conns {
		if of == b {
			conns = append(conns, conn)
			c.detachSending(conn.Pipe) // no message goes there any more
		}
	}
	c.mu.Unlock()
	for _, conn := range conns {
		conn.Leave(why, linger)
	}
}

// Disconnect ends every Connect of an endpoint. What is queued for it lingers as on Close, in the background.
func (c *Core) Disconnect(text string) error {
	c.mu.Lock()
	if err := c.Refused(); err != nil {
		c.mu.Unlock()
		return err
	}
	var ended []*dial
	for _, d := range c.dials {
		if d.at.Text == text && !d.left {
			d.left = true
			ended = append(ended, d)
		}
	}
	linger := c.opt.Linger
	c.mu.Unlock()
	if len(ended) == 0 {
		return c.opError("disconnect", text, Because(ErrNotFound, "not connected: give the endpoint as it was given to Connect"))
	}
	why := peer.Local(monitor.ReasonDisconnect)
	for _, d := range ended {
		if d.dialer == nil {
			c.hangUp(d, why)
			continue
		}
		c.mu.Lock()
		c.detach(d.dialer.Pipe) // no message goes there any more
		c.mu.Unlock()
		d.dialer.Leave(why, linger)
	}
	return nil
}

// CloseConn ends one connection now. One that we dialled is dialled again.
func (c *Core) CloseConn(id monitor.ConnID) error {
	c.mu.Lock()
	if err := c.Refused(); err != nil {
		c.mu.Unlock()
		return err
	}
	for _, conn := range c.connections() {
		if conn.ID == id && conn.Lives() {
			c.mu.Unlock()
			conn.End(peer.Local(monitor.ReasonConnClosed))
			return nil
		}
	}
	for l := range c.links {
		if l.id == id {
			c.mu.Unlock()
			l.cut(peer.Local(monitor.ReasonConnClosed))
			return nil
		}
	}
	c.mu.Unlock()
	return Because(ErrNotFound, "zmq: close connection %d: no live connection of this socket has that id", id)
}

// connections lists accepted and dialled connections, and attempts. Control lock held.
func (c *Core) connections() (all []*peer.Conn) {
	for conn := range c.conns {
		all = append(all, conn)
	}
	for _, d := range c.dials {
		if d.dialer != nil && d.dialer.Conn() != nil {
			all = append(all, d.dialer.Conn())
		}
	}
	return all
}

// Refused is why the socket takes no more calls, nil if it does.
func (c *Core) Refused() error {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.out.err
}

// opError puts the operation and its endpoint before an error, and gives a parser's error its sentinel.
func (c *Core) opError(op, text string, err error) error {
	if err == nil {
		return nil
	}
	var bad *endpoint.Error
	if errors.As(err, &bad) {
		is := ErrInvalid
		if errors.Is(err, endpoint.ErrUnknownTransport) {
			is = ErrNotSupported
		}
		err = Because(is, "%s", bad.Reason)
	}
	if clear := (*peer.ClearTextError)(nil); errors.As(err, &clear) {
		err = Because(ErrInvalid, "%v", clear)
	}
	return &OpError{Op: op, Endpoint: shorten(text), Err: err}
}

// shorten bounds what an error repeats of an endpoint that may be anybody's text.
func shorten(text string) string {
	if len(text) > 100 {
		return fmt.Sprintf("%s… (%d bytes)", text[:100], len(text))
	}
	return text
}
