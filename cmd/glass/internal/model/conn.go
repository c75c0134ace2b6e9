package model

import (
	"strings"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// A conn is a live connection.
type conn struct {
	Connection
	id     monitor.ConnID
	fd     int // libzmq: what joins its events; -1 if none
	meter  meter
	failed *monitor.Event // why its handshake failed: libzmq's end does not say it again
}

// connEvent follows the connection id from accepted or connected to its end.
func (m *Model) connEvent(s *socket, e *monitor.Event, id monitor.ConnID) {
	const begins = monitor.Accepted | monitor.Connected
	const failures = monitor.HandshakeFailedAuth | monitor.HandshakeFailedNoDetail | monitor.HandshakeFailedProtocol
	const ends = monitor.Disconnected | monitor.LocalClosed
	switch {
	case id == 0:
	case e.Kind&begins != 0:
		c := m.conn(s, id, e.Time)
		if c == nil {
			s.hidden++
			return
		}
		c.learn(e)
		s.place(c, e)
	case e.Kind == monitor.HandshakeSucceeded:
		if c := m.greeted(s, id, e); c != nil {
			c.learn(e)
			c.Ready = true
		}
	case e.Kind&ends != 0:
		m.ended(s, e, id)
	case s.conns[id] == nil:
	case e.Kind&failures != 0:
		s.conns[id].failed = e
		s.conns[id].learn(e) // who was turned away
	default:
		s.conns[id].traffic(e)
	}
}

// place gives a connection of libzmq's the endpoint that its address means.
func (s *socket) place(c *conn, e *monitor.Event) {
	if c.EndpointID != 0 {
		return
	}
	if id, _ := s.bridge.endpoint(e); s.endpoints[id] != nil {
		c.EndpointID, c.Endpoint = id, s.endpoints[id].Endpoint.Endpoint
	}
}

// greeted is the connection of a handshake that succeeded. Who comes late did not see it begin; but one that found no room
// when it began finds none now.
func (m *Model) greeted(s *socket, id monitor.ConnID, e *monitor.Event) *conn {
	if s.conns[id] == nil && s.hidden > 0 {
		return nil
	}
	return m.conn(s, id, e.Time.Add(-e.Duration))
}

// conn is the connection id, which begins at a time if it is not known; nil if there are too many.
func (m *Model) conn(s *socket, id monitor.ConnID, at time.Time) *conn {
	if c := s.conns[id]; c != nil {
		return c
	}
	if m.conns >= maxConnections {
		return nil
	}
	m.conns++
	c := &conn{id: id, fd: -1, Connection: Connection{Key: s.in.ConnKey(id), Since: at}}
	s.conns[id] = c
	return c
}

// learn takes over what e knows of the peer.
func (c *conn) learn(e *monitor.Event) {
	p := e.Peer()
	c.fd = max(c.fd, p.FD)
	if p.Side != "" {
		c.Side, c.EndpointID, c.Endpoint = p.Side, p.EndpointID, p.Endpoint
	}
	for _, have := range []struct {
		to   *string
		from string
	}{
		{&c.Local, p.Local},
		{&c.Remote, p.Remote},
		{&c.PeerType, p.Type},
		{&c.PeerID, text(p.RoutingID)},
		{&c.Mechanism, p.Mechanism},
		{&c.UserID, p.UserID},
		{&c.Version, p.Version},
	} {
		if have.from != "" {
			*have.to = have.from
		}
	}
	if p.Process != nil {
		c.PeerPID = p.Process.PID
	}
}

// text is what a peer calls itself, as JSON can have it. An id that begins with a zero byte is not the peer's own: the
// ROUTER that needed one made it up (RFC 28).
func text(id string) string {
	if strings.HasPrefix(id, "\x00") {
		return ""
	}
	return string([]rune(id)) // bytes that are no text become U+FFFD each
}

// traffic takes in what events tell of a connection's numbers, until the next state does.
func (c *conn) traffic(e *monitor.Event) {
	switch e.Kind {
	case monitor.QueueFull, monitor.QueueDrained, monitor.PipesStats:
		c.QueueOut, c.QueueIn = e.QueueOut, e.QueueIn
	case monitor.Dropped:
		c.Dropped += e.Count
	case monitor.Subscribed:
		c.Subscriptions++
	case monitor.Unsubscribed:
		c.Subscriptions = max(0, c.Subscriptions-1)
	}
}

// peer takes over what a state says of a connection; of one that is known an old state has only numbers to tell. begins: it
// may be new.
func (m *Model) peer(s *socket, p *fact.Peer, at time.Time, old, begins bool) {
	c := s.conns[p.Conn]
	if c == nil && begins {
		c, old = m.conn(s, p.Conn, p.Since), false
	}
	if c == nil {
		return
	}
	if !old {
		c.Side, c.EndpointID, c.Endpoint, c.Local, c.Remote = p.Side, p.Endpoint, p.EndpointName, p.Local, p.Remote
		c.PeerType, c.PeerID, c.PeerPID, c.Mechanism, c.UserID, c.Version = p.Type, text(p.ID), p.PID, p.Mechanism, p.User, p.Version
		c.Since, c.Ready = p.Since, p.Ready
		c.Subscriptions = p.Subscriptions
	}
	c.QueueOut, c.QueueIn, c.BytesOut, c.BytesIn = p.QueueOut, p.QueueIn, p.BytesOut, p.BytesIn
	c.Dropped, c.RTT = p.Dropped, millis(p.RTT)
	c.meter.read(at, m.now, p.MessagesOut, p.MessagesIn)
}

func millis(d time.Duration) float64 { return float64(d) / 1e6 }

// ended is the end of a connection that e tells of. Of one that nobody knows it is all there is to tell; and a state may have
// been faster, and have ended it without knowing why.
func (m *Model) ended(s *socket, e *monitor.Event, id monitor.ConnID) {
	if c := s.conns[id]; c != nil {
		m.end(s, c, e, "")
		return
	}
	key := s.in.ConnKey(id)
	for i := range m.closed {
		if m.closed[i].Key == key {
			m.closed[i].explain(e)
			m.tell(&m.closed[i], false)
			return
		}
	}
	s.hidden = max(0, s.hidden-1)
	s.tombs.bury(tomb{conn: id})
	if e.Phase == monitor.InResolve || e.Phase == monitor.InConnect {
		return // an attempt that was called off
	}
	c := &conn{id: id, fd: -1, Connection: Connection{Key: key, Since: e.Time.Add(-e.Duration)}}
	c.learn(e)
	m.remember(s, c, e, "")
}

// end takes c out of the model. why stands for an event that nobody saw; with it e is a time.
func (m *Model) end(s *socket, c *conn, e *monitor.Event, why string) {
	m.conns--
	delete(s.conns, c.id)
	s.tombs.bury(tomb{conn: c.id})
	if ep := s.endpoints[c.EndpointID]; ep != nil && why != "" && ep.conn == c.id {
		ep.conn = 0
	}
	m.remember(s, c, e, why)
}

// remember keeps c among those that ended last.
func (m *Model) remember(s *socket, c *conn, e *monitor.Event, why string) {
	row := Closed{Connection: s.row(c), Why: why}
	row.Ready, row.RateOut, row.RateIn, row.QueueOut, row.QueueIn = false, 0, 0, 0, 0
	switch {
	case why != "":
		row.Ended, row.Duration = e.Time, millis(e.Time.Sub(c.Since))
	case c.failed != nil && e.Reason == "":
		failure := *c.failed
		failure.Time, failure.Duration = e.Time, e.Time.Sub(c.Since)
		row.explain(&failure)
	default:
		row.explain(e)
	}
	m.tell(&row, c.Ready)
	if len(m.closed) < keepClosed {
		m.closed = append(m.closed, row)
		return
	}
	m.closed[m.oldest] = row
	m.oldest = (m.oldest + 1) % keepClosed
}

// tell gives c, which has ended or whose end was explained, to whoever wants them all. wasReady: its
// handshake had succeeded, which a Closed does not say.
func (m *Model) tell(c *Closed, wasReady bool) {
	if m.onEnd != nil {
		m.onEnd(c, wasReady)
	}
}

// explain is how it ended, as its last event has it.
func (row *Closed) explain(e *monitor.Event) {
	row.Ended, row.Who, row.Phase, row.Reason, row.Why, row.Hint = e.Time, e.Who, e.Phase, e.Reason, e.Why(), e.Hint()
	if row.Who == "" {
		row.Who = e.Reason.Who()
	}
	row.Duration, row.Unsent = millis(e.Duration), e.Unsent
	if e.Duration == 0 {
		row.Duration = millis(e.Time.Sub(row.Since))
	}
	row.MessagesOut, row.MessagesIn = max(row.MessagesOut, e.MessagesOut), max(row.MessagesIn, e.MessagesIn)
	row.BytesOut, row.BytesIn = max(row.BytesOut, e.BytesOut), max(row.BytesIn, e.BytesIn)
}
