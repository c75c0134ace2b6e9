package model

import (
	"maps"

	"github.com/glassmq/zmq/monitor"
)

// A bridge joins the events of a socket of libzmq's, which have neither ids of connections nor of endpoints.
type bridge struct {
	byFD      map[int]monitor.ConnID
	shaking   map[string][]monitor.ConnID // whose handshake runs, by the endpoint's address; the oldest first
	endpoints map[string]place
	made      uint64 // the last id of an endpoint that was made up
}

type place struct {
	id   uint64
	side monitor.Side
}

// maxPlaces is how many endpoints a socket of libzmq's may have.
const maxPlaces = 1000

// endpoint is the one that e's address means; 0 if none does, and e does not begin one.
func (b *bridge) endpoint(e *monitor.Event) (id uint64, side monitor.Side) {
	for _, addr := range [...]string{e.Endpoint, e.Addr(), e.Remote, e.Local} {
		if p, known := b.endpoints[addr]; known && addr != "" && (e.Side == "" || e.Side == p.side) {
			return p.id, p.side
		}
	}
	const begins = monitor.Listening | monitor.ConnectDelayed | monitor.Connected | monitor.ConnectRetried
	if e.Kind&begins == 0 || e.Addr() == "" || len(b.endpoints) >= maxPlaces {
		return 0, e.Side
	}
	if b.endpoints == nil {
		b.endpoints = make(map[string]place)
	}
	b.made++
	b.endpoints[e.Addr()] = place{b.made, e.Side}
	return b.made, e.Side
}

// unbind forgets an endpoint: bound again, it is another.
func (b *bridge) unbind(id uint64) {
	maps.DeleteFunc(b.endpoints, func(_ string, p place) bool { return p.id == id })
}

// identify is the connection that e is about, 0 if none.
func (m *Model) identify(s *socket, e *monitor.Event) monitor.ConnID {
	if e.Conn != 0 || e.EndpointID != 0 {
		return e.Conn
	}
	const handshakes = monitor.HandshakeSucceeded | monitor.HandshakeFailedAuth | monitor.HandshakeFailedNoDetail | monitor.HandshakeFailedProtocol
	switch {
	case e.Kind&(monitor.Connected|monitor.Accepted) != 0:
		return m.begin(s, e)
	case e.Kind&handshakes != 0:
		return s.bridge.shake(e)
	case e.Kind == monitor.Disconnected:
		return m.finish(s, e)
	}
	return 0
}

// begin makes an id up. A connection that had the same descriptor has ended, or the system would not have given it again.
func (m *Model) begin(s *socket, e *monitor.Event) monitor.ConnID {
	if old := s.conns[s.bridge.byFD[e.FD]]; old != nil && e.FD >= 0 {
		s.bridge.leave(old)
		m.end(s, old, e, "its descriptor was used again; the event of its end did not get here")
	}
	s.in.made++
	id := s.in.made
	b := &s.bridge
	if b.byFD == nil {
		b.byFD, b.shaking = make(map[int]monitor.ConnID), make(map[string][]monitor.ConnID)
	}
	if e.FD >= 0 && m.conns < maxConnections {
		b.byFD[e.FD] = id
		b.shaking[e.Addr()] = append(b.shaking[e.Addr()], id)
	}
	return id
}

// shake is the oldest connection at e's address whose handshake runs, which it does not any more.
func (b *bridge) shake(e *monitor.Event) monitor.ConnID {
	for _, addr := range [...]string{e.Endpoint, e.Local, e.Remote} {
		if waiting := b.shaking[addr]; len(waiting) > 0 {
			b.settle(addr, waiting[0])
			return waiting[0]
		}
	}
	return 0
}

// settle takes id out of those whose handshake runs at addr.
func (b *bridge) settle(addr string, id monitor.ConnID) {
	waiting := b.shaking[addr]
	for i := range waiting {
		if waiting[i] == id {
			waiting = append(waiting[:i:i], waiting[i+1:]...)
			break
		}
	}
	if b.shaking[addr] = waiting; len(waiting) == 0 {
		delete(b.shaking, addr)
	}
}

// leave forgets a connection.
func (b *bridge) leave(c *conn) {
	delete(b.byFD, c.fd)
	b.settle(c.Local, c.id)
	b.settle(c.Remote, c.id)
}

// finish is the connection that e ends; a new id for one that nobody knew.
func (m *Model) finish(s *socket, e *monitor.Event) monitor.ConnID {
	if c := s.conns[s.bridge.byFD[e.FD]]; c != nil && e.FD >= 0 {
		s.bridge.leave(c)
		return c.id
	}
	s.in.made++
	return s.in.made
}
