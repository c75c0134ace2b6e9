package socket

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/glassmq/zmq/internal/pipe"
	"github.com/glassmq/zmq/monitor"
)

// State is the present: endpoints, peers, exact queue depths, totals.
func (c *Core) State() monitor.State {
	c.settleNear()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state()
}

// WatchState is the present and the events after it. Events of connections are emitted under the control lock, so
// nothing is missing between the two and nothing is in both.
func (c *Core) WatchState(m monitor.Mask) (monitor.State, *monitor.Subscription) {
	c.settleNear()
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state(), c.subscribe(m)
}

// join is WatchState for a subscription of the Context's. live is false if the socket has ended and tells no more.
func (c *Core) join(w *monitor.Subscription) (s monitor.State, live bool) {
	c.settleNear()
	c.mu.Lock()
	defer c.mu.Unlock()
	s, live = c.state(), w.Join(&c.hub)
	c.attend()
	return s, live
}

// Watch is the events from now on.
func (c *Core) Watch(m monitor.Mask) *monitor.Subscription {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.subscribe(m)
}

// subscribe is Watch with the control lock held.
func (c *Core) subscribe(m monitor.Mask) *monitor.Subscription {
	w := c.hub.Subscribe(m, 0)
	c.attend()
	return w
}

// state is State with the control lock held.
func (c *Core) state() monitor.State {
	s := monitor.State{Seq: c.hub.Seq(), SocketID: c.ID, SocketName: c.opt.Name, SocketType: c.typ,
		MessagesIn: c.gone.in, MessagesOut: c.gone.out, FramesLost: c.framesLost()}
	c.tally(&s)
	for _, b := range c.binds {
		e := monitor.EndpointState{ID: b.at.ID, Side: b.at.Side, Endpoint: b.at.Text, Bound: b.bound}
		if b.listener != nil {
			e = b.listener.State()
		}
		s.Endpoints = append(s.Endpoints, e)
	}
	for _, d := range c.dials {
		e := monitor.EndpointState{ID: d.at.ID, Side: d.at.Side, Endpoint: d.at.Text}
		if d.dialer != nil {
			e = d.dialer.State()
		} else if d.link != nil {
			e.Conn = d.link.id
		}
		s.Endpoints = append(s.Endpoints, e)
	}
	slices.SortFunc(s.Endpoints, func(a, b monitor.EndpointState) int { return cmp.Compare(a.ID, b.ID) })
	for _, conn := range c.connections() {
		if p, ok := conn.State(); ok {
			s.Peers = append(s.Peers, c.depths(p, conn.Pipe))
		}
	}
	for l := range c.links {
		p := monitor.PeerState{Peer: *l.peer, Ready: true}
		p.MessagesIn, p.MessagesOut = l.carried()
		s.Peers = append(s.Peers, c.depths(p, l.pipe))
	}
	slices.SortFunc(s.Peers, func(a, b monitor.PeerState) int { return cmp.Compare(a.Conn, b.Conn) })
	for _, p := range s.Peers {
		s.MessagesIn += p.MessagesIn
		s.MessagesOut += p.MessagesOut
	}
	return s
}

// settleNear asks the sockets at the other end of inproc what they have taken out, which they say by themselves once per
// half queue: then depths are exact. No lock is held.
func (c *Core) settleNear() {
	c.out.mu.Lock()
	near := slices.Clone(c.out.near)
	c.out.mu.Unlock()
	for _, p := range near {
		if p.Near.Settle(false) {
			c.out.ready(p)
		}
	}
}

// depths fills in how full a peer's queues are. Control lock held.
func (c *Core) depths(s monitor.PeerState, p *pipe.Pipe) monitor.PeerState {
	s.Subscriptions = c.subscriptions(p)
	if p.Out != nil {
		s.QueueOut = p.Out.Held()
	}
	if p.In != nil {
		c.in.mu.Lock()
		s.QueueIn = p.In.Len()
		c.in.mu.Unlock()
	}
	c.out.mu.Lock()
	s.Dropped = p.Dropped + p.Skipped
	c.out.mu.Unlock()
	return s
}

func (c *Core) dropped() uint64 {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.out.dropped
}

// tally fills in what the sending side counts.
func (c *Core) tally(s *monitor.State) {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	s.Dropped, s.Copies, s.Unwanted = c.out.dropped, c.out.copies, c.out.unwanted
}

// WaitReady waits until n peers are through the handshake. If ctx ends first, the error says what each endpoint is stuck
// on.
func (c *Core) WaitReady(ctx context.Context, n int) error {
	for {
		c.mu.Lock()
		err := c.Refused()
		ready, changed := c.ready(), c.change()
		c.mu.Unlock()
		switch {
		case err != nil:
			return err
		case ready >= n:
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return c.stuck(ctx, n)
		}
	}
}

// ready counts peers through the handshake. Control lock held.
func (c *Core) ready() (n int) {
	for _, conn := range c.connections() {
		if conn.IsReady() && c.listens(conn.Pipe) {
			n++
		}
	}
	for l := range c.links {
		if c.listens(l.pipe) {
			n++
		}
	}
	return n
}

// listens reports whether a peer that is there gets what is sent: a publisher's must have subscribed. Control lock held.
func (c *Core) listens(p *pipe.Pipe) bool { return !c.rule.publishes || c.subscriptions(p) > 0 }

// subscriptions is how many p's peer has. Control lock held.
func (c *Core) subscriptions(p *pipe.Pipe) (n int) {
	if c.rule.publishes {
		c.out.mu.Lock()
		n, _ = c.out.fan.Topics.Count(p)
		c.out.mu.Unlock()
	}
	return n
}

// stuck says how far a WaitReady that has to end had come: "0 of 1 peers ready: tcp://b:5555: connection refused,
// attempt 7, next in 3.2s".
func (c *Core) stuck(ctx context.Context, n int) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	text := []string{fmt.Sprintf("zmq: %d of %d peers ready", c.ready(), n)}
	for _, d := range c.dials {
		switch {
		case d.dialer != nil && (d.dialer.Conn() == nil || !d.dialer.Conn().IsReady()):
			text = append(text, stuckOn(d.dialer.State()))
		case d.dialer == nil && d.link == nil:
			text = append(text, d.at.Text+": nobody has bound it")
		}
	}
	if len(c.dials) == 0 && len(c.binds) == 0 {
		text = append(text, "no endpoint: Bind or Connect first")
	}
	return &because{&waitError{context.Cause(ctx)}, strings.Join(text, ": ")}
}

func stuckOn(s monitor.EndpointState) string {
	why := "under way"
	if s.LastErr != nil {
		why = s.LastErr.Error()
	}
	text := fmt.Sprintf("%s: %s, attempt %d", s.Endpoint, why, s.Attempt)
	if wait := time.Until(s.NextTry); !s.NextTry.IsZero() && wait > 0 {
		text += fmt.Sprintf(", next in %v", wait.Round(100*time.Millisecond))
	}
	return text
}
