package observe

import (
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// The numbers of one name, from events and states. Everything in this file and in state.go is pure: no clock, no lock, no
// goroutine. Time comes with what is fed in.
//
//  1. Tallies (tallies.go) finds the tally that an event's socket belongs to.
//  2. event counts it. What is a total on a terminal event is counted as the difference to what states had shown before.
//  3. state takes over the gauges, and counts what has grown since the state before.
//  4. Collect (collect.go) reads it all out.

// Directions and sides are indices: of arrays here, of their labels in metrics.go.
const (
	tx = iota
	rx
)

const (
	dialled = iota
	accepted
)

// A tally is what is counted for one value of the label socket: of one socket, or of several that have, or in turn had,
// that name.
type tally struct {
	of      fact.Instance
	name    string
	types   map[string]struct{} // of its sockets: one, unless sockets of different types share the name
	parts   map[uint64]*part    // the sockets that live, by SocketID
	dials   map[string]*dial    // the endpoints that they dial, by their text
	quota   *quota              // how many of these there may be in all
	retired time.Time           // since when there is no part; zero while there is one

	messages, bytes, changes [2]uint64 // changes of subscriptions: subscribe, cancel
	opened                   [2]uint64 // by side
	closed                   [len(closedClasses)]uint64
	events                   map[monitor.Kind]uint64
	dropped, failures        map[monitor.Reason]uint64
	full                     time.Duration // that outgoing queues, together, had been full when they had room again
	silences                 uint64        // heartbeat timeouts
	last                     [2]time.Time  // by which the latest message had come or gone

	dialTimes, trips histogram
	handshakes       map[string]*histogram // by mechanism
}

// A part is one socket's part of a tally: what is true now, and what was counted of it already.
type part struct {
	now      fact.State
	messages [2]uint64 // counted
	unwanted uint64    // counted
	gap      bool      // events are missing: a connection that is not in the next full state has ended
	settled  uint64    // the event up to which such a state has counted everything
	conns    map[monitor.ConnID]*carried
	full     map[queue]time.Time // outgoing queues that have no room, and since when
}

// carried is what was counted of one connection.
type carried struct {
	messages, bytes [2]uint64
	last            [2]time.Time
	rtt             time.Duration
}

// A queue outlives its connection where we dial, and goes with it where we were dialled.
type queue struct {
	endpoint uint64
	conn     monitor.ConnID
}

// A dial is one endpoint that is dialled.
type dial struct {
	ids     map[uint64]uint64 // the Connect calls that have it, and their sockets
	results [len(dialResults)]uint64
	retry   time.Duration // the wait before the next attempt; 0: none is waited for
}

// A quota is how many endpoints have series of their own. Those that have not are counted in one.
type quota struct{ left, over int }

func newTally(of fact.Instance, name string, q *quota) *tally {
	of.App, of.Host, of.ID = plain(of.App), plain(of.Host), plain(of.ID)
	return &tally{
		of: of, name: name, quota: q,
		types: make(map[string]struct{}), parts: make(map[uint64]*part), dials: make(map[string]*dial),
		events: make(map[monitor.Kind]uint64), dropped: make(map[monitor.Reason]uint64), failures: make(map[monitor.Reason]uint64),
		handshakes: make(map[string]*histogram),
	}
}

// part is a socket's, which begins with the first that is heard of it.
func (t *tally) part(id uint64, typ string) *part {
	p := t.parts[id]
	if p == nil {
		p = &part{conns: make(map[monitor.ConnID]*carried), full: make(map[queue]time.Time)}
		t.parts[id] = p
		t.types[knownType(typ)] = struct{}{}
		t.retired = time.Time{}
		t.declare(typ)
	}
	return p
}

// event counts one event of a socket of this tally.
func (t *tally) event(e *monitor.Event) {
	p := t.part(e.SocketID, e.SocketType)
	t.events[knownKind(e.Kind)]++
	switch {
	case e.Kind == monitor.MonitorStopped:
		t.leave(e.SocketID, e.Time)
		return
	case e.Side == monitor.SideConnect:
		t.dialling(e)
	}
	t.count(p, e)
	if e.Terminal() {
		t.ended(p, e)
	}
	p.over(e)
	if e.Kind == monitor.Unbound || e.Kind&terminal != 0 && e.Side == monitor.SideBind {
		t.gone(p, queueOf(e), e.Time)
	}
	if e.Unsent > 0 {
		t.dropped[unsentReason(e)] += e.Unsent
	}
}

// count counts what stands in the event alone.
func (t *tally) count(p *part, e *monitor.Event) {
	switch e.Kind {
	case monitor.Connected:
		t.opened[dialled]++
		t.dialTimes.observe(e.Duration)
	case monitor.Accepted:
		t.opened[accepted]++
	case monitor.HandshakeSucceeded:
		t.handshake(e.Mechanism).observe(e.Duration)
	case monitor.HandshakeFailedNoDetail, monitor.HandshakeFailedProtocol, monitor.HandshakeFailedAuth:
		t.failures[oneOf(handshakeReasons[:], e.Reason)]++
	case monitor.HeartbeatTimeout:
		t.silences++
	case monitor.Dropped:
		t.dropped[oneOf(droppedReasons[:], e.Reason)] += max(e.Count, 1)
	case monitor.Subscribed:
		t.changes[subscribe]++
	case monitor.Unsubscribed:
		t.changes[cancel]++
	case monitor.QueueFull:
		if len(p.full) < mostPeers {
			p.full[queueOf(e)] = e.Time.Add(-fullAfter) // it is told when there was no room for that long
		}
	case monitor.QueueDrained:
		t.drained(p, queueOf(e), e.Duration)
	}
}

// fullAfter is how long a queue has had no room when QueueFull is told (docs/events.md).
const fullAfter = 100 * time.Millisecond

const terminal = monitor.ConnectFailed | monitor.Disconnected | monitor.LocalClosed

// subscribe and cancel are indices of changes.
const (
	subscribe = iota
	cancel
)

// dialling counts what becomes of attempts.
func (t *tally) dialling(e *monitor.Event) {
	if e.EndpointID == 0 {
		return
	}
	if e.Kind == monitor.Unbound {
		t.undial(e.Endpoint, e.EndpointID)
		return
	}
	d := t.dialOf(e)
	if d == nil {
		return
	}
	if result := dialResult(e); result != noResult {
		d.results[result]++
	}
	switch e.Kind {
	case monitor.ConnectRetried:
		d.retry = e.Interval
	case monitor.HandshakeSucceeded, monitor.GaveUp:
		d.retry = 0
	}
}

// dialOf is an event's, nil if the endpoint is gone: a connection that ends later does not bring it back.
func (t *tally) dialOf(e *monitor.Event) *dial {
	const begins = monitor.ConnectDelayed | monitor.Connected | monitor.ConnectFailed | monitor.ConnectRetried
	if e.Kind&begins != 0 {
		return t.dial(e.Endpoint, e.EndpointID, e.SocketID)
	}
	for _, name := range [...]string{plain(e.Endpoint), Other} {
		if d := t.dials[name]; d != nil && d.has(e.EndpointID) {
			return d
		}
	}
	return nil
}

func (d *dial) has(id uint64) bool {
	_, ours := d.ids[id]
	return ours
}

// dial is an endpoint's, or that of all for which there is no room.
func (t *tally) dial(endpoint string, id, socket uint64) *dial {
	endpoint = plain(endpoint)
	if d := t.dials[Other]; d != nil && d.has(id) {
		return d // it stays where it has been counted so far
	}
	d := t.dials[endpoint]
	if d == nil && t.quota.left == 0 {
		endpoint = Other
		d = t.dials[endpoint]
	}
	if d == nil {
		d = &dial{ids: make(map[uint64]uint64)}
		t.dials[endpoint] = d
		if endpoint != Other {
			t.quota.left--
		}
	}
	if !d.has(id) && len(d.ids) < mostPeers {
		d.ids[id] = socket
		if endpoint == Other {
			t.quota.over++
		}
	}
	return d
}

// undial is the end of one Connect call. The last one takes the endpoint's numbers with it: an endpoint that is never
// dialled again must not be a series for ever.
func (t *tally) undial(endpoint string, id uint64) {
	for _, name := range [...]string{plain(endpoint), Other} {
		d := t.dials[name]
		if d == nil || !d.has(id) {
			continue
		}
		delete(d.ids, id)
		switch {
		case name == Other:
			t.quota.over--
		case len(d.ids) == 0:
			delete(t.dials, name)
			t.quota.left++
		}
		return
	}
}

// ended counts what a connection carried after the last sample, and why it ended.
func (t *tally) ended(p *part, e *monitor.Event) {
	c, known := p.conns[e.Conn]
	delete(p.conns, e.Conn)
	if !known {
		c = &carried{}
	}
	if known || e.Seq > p.settled {
		t.grow(c, e.BytesOut, e.BytesIn)
	}
	if e.Seq > p.now.Seq { // else they are in the total of the latest state
		t.carry(p, c, e)
	}
	if class := closedClass(e); class != notOpen {
		t.closed[class]++
	}
}

// carry counts the messages that an ended connection carried after the latest state.
func (t *tally) carry(p *part, c *carried, e *monitor.Event) {
	for i, n := range [...]uint64{tx: e.MessagesOut, rx: e.MessagesIn} {
		if n > c.messages[i] {
			t.messages[i] += n - c.messages[i]
			p.messages[i] += n - c.messages[i]
			t.last[i] = e.Time
		}
	}
}

// grow counts the bytes of a connection that were not counted yet: a socket's state has their sum only of those that live.
func (t *tally) grow(c *carried, out, in uint64) {
	for i, n := range [...]uint64{tx: out, rx: in} {
		if n > c.bytes[i] {
			t.bytes[i] += n - c.bytes[i]
			c.bytes[i] = n
		}
	}
}

func queueOf(e *monitor.Event) queue {
	if e.Side == monitor.SideConnect {
		return queue{endpoint: e.EndpointID}
	}
	return queue{conn: e.Conn}
}

// drained is the end of a time without room.
func (t *tally) drained(p *part, q queue, lasted time.Duration) {
	if _, full := p.full[q]; full {
		delete(p.full, q)
		t.full += lasted
	}
}

// gone is the end of a queue that never had room again.
func (t *tally) gone(p *part, q queue, now time.Time) {
	if since, full := p.full[q]; full {
		t.drained(p, q, max(now.Sub(since), 0))
	}
}

func (t *tally) handshake(mechanism string) *histogram {
	if _, known := mechanisms[mechanism]; !known {
		mechanism = "other" // what a peer says of itself is no label
	}
	h := t.handshakes[mechanism]
	if h == nil {
		h = &histogram{}
		t.handshakes[mechanism] = h
	}
	return h
}

// leave is a socket's end: what it counted stays, what is true of it now does not.
func (t *tally) leave(id uint64, now time.Time) {
	p := t.parts[id]
	if p == nil {
		return
	}
	for q := range p.full {
		t.gone(p, q, now)
	}
	delete(t.parts, id)
	t.undialAll(id, nil) // of which the Unbound was lost
	if len(t.parts) == 0 {
		t.retired = now
	}
}

// undialAll ends a socket's endpoints but for those that are kept.
func (t *tally) undialAll(socket uint64, keep map[uint64]struct{}) {
	for endpoint, d := range t.dials {
		for id, of := range d.ids {
			if _, kept := keep[id]; of == socket && !kept {
				t.undial(endpoint, id)
			}
		}
	}
}
