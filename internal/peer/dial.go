package peer

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/glassmq/zmq/internal/endpoint"
	"github.com/glassmq/zmq/internal/pipe"
	"github.com/glassmq/zmq/internal/transport"
	"github.com/glassmq/zmq/monitor"
)

// A Dialer is one Connect: it dials, serves the connection, and dials again, for ever (RFC 37). Its pipe is the socket's
// from the beginning and outlives the connections.
type Dialer struct {
	Endpoint Endpoint
	Pipe     *pipe.Pipe
	target   endpoint.Endpoint
	opt      *Options
	host     Host
	room     chan struct{}
	conn     atomic.Pointer[Conn] // the present attempt or connection
	ctx      context.Context
	cancel   context.CancelFunc

	// The host's control lock guards:
	state monitor.EndpointState
	why   monitor.Event // the last terminal event: what the next attempt is a retry of

	mu sync.Mutex
	// mu guards:
	end      *Cause // stop, and say so in the terminal event
	draining bool   // stop when Out is empty …
	drainEnd Cause  // … and say so
	resting  bool   // it has given up
	lost     int    // messages that the endpoint's end took with it …
	lostSize int    // … and their bytes
}

// NewDialer makes one; Run makes it dial.
func NewDialer(h Host, o *Options, e Endpoint, to endpoint.Endpoint) *Dialer {
	d := &Dialer{Endpoint: e, Pipe: o.newPipe(), target: to, opt: o, host: h, room: make(chan struct{}, 1)}
	d.state = monitor.EndpointState{ID: e.ID, Side: e.Side, Endpoint: e.Text}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.Pipe.Far = d
	return d
}

// Flush, Room and About make it the far end of its pipe, for whichever connection there is.
func (d *Dialer) Flush() {
	if c := d.conn.Load(); c != nil {
		c.Flush()
	}
}

func (d *Dialer) Room() { signal(d.room) }

func (d *Dialer) About(k monitor.Kind) *monitor.Event {
	if c := d.conn.Load(); c != nil {
		return c.About(k)
	}
	return d.Endpoint.event(k)
}

// Run lives the endpoint's life:
//
//  1. an attempt: resolve, connect;
//  2. if it comes up, the connection, to its end;
//  3. the back-off, which only a successful handshake resets;
//  4. again.
func (d *Dialer) Run() {
	base := d.opt.ReconnectMin
	for attempt := 1; ; attempt++ {
		c := newConn(d.host, d.opt, d.Endpoint, d.Pipe, d.room)
		c.attempt, c.dialer = attempt, d
		if !d.begin(c) {
			break
		}
		if d.try(c) {
			attempt, base = 0, d.opt.ReconnectMin
		}
		if d.over() {
			break
		}
		if base <= 0 || d.stops(c) {
			d.gaveUp(c)
			d.rest() // the endpoint is there until somebody disconnects it
			break
		}
		if d.refused() {
			base = max(base, d.opt.ReconnectMax)
		}
		wait := d.spread(base)
		d.retried(c, attempt, wait)
		if !d.sleep(wait) {
			break
		}
		base = min(2*base, max(d.opt.ReconnectMax, d.opt.ReconnectMin))
	}
	d.cancel()
}

// begin makes c the present attempt unless the endpoint has ended.
func (d *Dialer) begin(c *Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.end != nil {
		return false
	}
	d.conn.Store(c)
	if d.draining {
		c.draining, c.drainEnd = true, d.drainEnd
	}
	return true
}

// try makes one attempt and reports whether it came to a successful handshake.
func (d *Dialer) try(c *Conn) (ready bool) {
	nc, err := d.dial(c)
	if err == nil {
		d.host.Lock()
		c.mu.Lock()
		c.use(nc)
		if c.cause != nil { // ended while it was dialled
			nc.SetDeadline(past)
		}
		c.mu.Unlock()
		c.up()
		d.host.Unlock()
		return c.serve()
	}
	d.host.Lock()
	defer d.host.Unlock()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failed(err)
	c.state = Ended
	d.host.Changed()
	return false
}

func (d *Dialer) dial(c *Conn) (net.Conn, error) {
	ctx, cancel := within(d.ctx, d.opt.ConnectTimeout)
	defer cancel()
	return transport.Dial(ctx, d.target, d.opt.Transport, c.delayed)
}

// spread makes the attempts of many that lost the same peer come apart: up to half of the interval is left to chance.
func (d *Dialer) spread(base time.Duration) time.Duration {
	by := time.Duration(d.opt.Jitter() * float64(base) / 2)
	if base+by > d.opt.ReconnectMax && base > d.opt.ReconnectMin {
		return base - by
	}
	return base + by
}

// over reports whether the endpoint has ended, or has nothing left to drain.
func (d *Dialer) over() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.end != nil || d.draining && d.empty()
}

// refused reports whether the last attempt ended with a no that will be the same in a moment: somebody has to change a key, a
// password or an authenticator first, and a client that asks ten times a second meanwhile is a nuisance.
func (d *Dialer) refused() bool {
	d.host.Lock()
	defer d.host.Unlock()
	switch d.why.Reason {
	case monitor.ReasonAuthDenied, monitor.ReasonWrongServerKey, monitor.ReasonClearText, monitor.ReasonMechanismMismatch:
		return true
	}
	return false
}

// stops reports whether the end of c is one after which there shall be no further attempt.
func (d *Dialer) stops(c *Conn) bool {
	d.host.Lock()
	defer d.host.Unlock()
	switch {
	case d.why.Kind == monitor.ConnectFailed:
		return d.opt.Stop.Refused && d.why.Reason == monitor.ReasonRefused
	case d.why.Kind != monitor.Disconnected: // we ended it
		return false
	case c.WasReady():
		return d.opt.Stop.Disconnected
	}
	return d.opt.Stop.HandshakeFailed
}

func (d *Dialer) empty() bool { return d.Pipe.Out == nil || d.Pipe.Out.Len() == 0 }

func (d *Dialer) sleep(wait time.Duration) bool {
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-d.ctx.Done():
		return false
	}
}

// End ends the endpoint now.
func (d *Dialer) End(why Cause) {
	why.Drop = true
	d.mu.Lock()
	first := d.end == nil
	if first {
		d.end = &why
	}
	c := d.conn.Load()
	d.mu.Unlock()
	if !first {
		return
	}
	if c != nil {
		c.End(why)
	}
	d.cancel()
}

// Drain ends the endpoint as soon as its queue is empty; until then it goes on dialling.
func (d *Dialer) Drain(why Cause) {
	why.Drop = true
	d.mu.Lock()
	d.draining, d.drainEnd = true, why
	c, resting := d.conn.Load(), d.resting
	d.mu.Unlock()
	if c != nil && c.IsOpen() {
		c.Drain(why)
	} else if resting || d.empty() {
		d.End(why)
	} else if c != nil {
		c.Drain(why)
	}
}

// Leave ends the endpoint, after its queue if there is time for that.
func (d *Dialer) Leave(why Cause, linger time.Duration) {
	if linger == 0 {
		d.End(why)
		return
	}
	d.Drain(why)
	d.EndAfter(why, linger)
}

// retried: the back-off has begun. It belongs to the endpoint: the attempt has had its terminal event.
func (d *Dialer) retried(c *Conn, attempt int, wait time.Duration) {
	d.host.Lock()
	defer d.host.Unlock()
	e := c.event(monitor.ConnectRetried)
	e.Time = time.Now()
	e.Conn, e.FD, e.Attempt, e.Interval, e.Err = 0, -1, attempt, wait, d.state.LastErr
	e.Who, e.Phase, e.Reason = d.why.Who, d.why.Phase, d.why.Reason
	c.emit(e)
}

// rest waits for the end of an endpoint that has given up.
func (d *Dialer) rest() {
	d.mu.Lock()
	d.resting = true
	draining, why := d.draining, d.drainEnd
	d.mu.Unlock()
	if draining { // what is queued will never go out
		d.End(why)
	}
	<-d.ctx.Done()
}

// gaveUp: there will be no more attempts.
func (d *Dialer) gaveUp(c *Conn) {
	d.host.Lock()
	defer d.host.Unlock()
	e := c.event(monitor.GaveUp)
	e.Conn, e.FD = 0, -1
	e.Who, e.Phase, e.Reason, e.Err = monitor.ByLocal, monitor.InConnect, monitor.ReasonNoMoreRetries, d.state.LastErr
	c.emit(e)
	d.host.Abandon(d.Pipe)
	d.host.Changed()
}

// note keeps what State tells true: by the same events, and by the same rules, as monitor.State.Apply does.
func (d *Dialer) note(e *monitor.Event) {
	s := &d.state
	if e.Terminal() {
		d.why = *e
	}
	switch e.Kind {
	case monitor.ConnectDelayed, monitor.Connected:
		s.Conn, s.Attempt, s.NextTry = e.Conn, e.Attempt, time.Time{}
	case monitor.HandshakeSucceeded:
		s.Conn, s.Attempt, s.NextTry, s.LastErr = e.Conn, 0, time.Time{}, nil
	case monitor.ConnectFailed:
		s.Conn, s.Attempt, s.NextTry, s.LastErr = 0, e.Attempt, time.Time{}, e.Err
	case monitor.Disconnected, monitor.LocalClosed:
		s.Conn, s.LastErr = 0, e.Err
	case monitor.ConnectRetried:
		s.Attempt, s.NextTry = e.Attempt, e.Time.Add(e.Interval)
	case monitor.GaveUp:
		s.Conn, s.NextTry = 0, time.Time{}
	}
}

// State is what is true of the endpoint. Control lock held.
func (d *Dialer) State() monitor.EndpointState { return d.state }

// Lost is what was queued and did not go out, when Run has ended: messages, their bytes on the wire, and why.
func (d *Dialer) Lost() (messages, bytes int, why monitor.Reason) {
	d.mu.Lock()
	messages, bytes, why = d.lost, d.lostSize, d.drainEnd.Reason
	if d.end != nil {
		why = d.end.Reason
	}
	d.mu.Unlock()
	if d.Pipe.Out == nil {
		return messages, bytes, why
	}
	m, b := d.Pipe.Out.Drop()
	return messages + m, bytes + b, why
}

// Conn is the present attempt or connection, nil before the first.
func (d *Dialer) Conn() *Conn { return d.conn.Load() }

// EndAfter ends the endpoint when t has passed, if nothing else has by then. A negative t is never.
func (d *Dialer) EndAfter(why Cause, t time.Duration) {
	if t >= 0 {
		stop := time.AfterFunc(t, func() { d.End(why) })
		context.AfterFunc(d.ctx, func() { stop.Stop() })
	}
}
