package model

import (
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// An endpoint goes the way of monitor.State's, and remembers besides whether it gave up, which a State only implies.
type endpoint struct {
	Endpoint
	conn   monitor.ConnID
	gaveUp bool
	trying bool // libzmq: an attempt is under way, which has no id there
	failed int  // libzmq: attempts since it was ready last, which have no numbers there
}

// endpointEvent follows what is bound and dialled; of is the connection that e is about.
func (m *Model) endpointEvent(s *socket, e *monitor.Event, of monitor.ConnID) {
	id, side := e.EndpointID, e.Side
	if id == 0 {
		id, side = s.bridge.endpoint(e)
	}
	switch {
	case id == 0:
	case e.Kind == monitor.Unbound:
		m.unbind(s, id)
	case side == monitor.SideConnect:
		m.dialled(s, e, id, of)
	default:
		m.bound(s, e, id)
	}
}

func (m *Model) bound(s *socket, e *monitor.Event, id uint64) {
	switch e.Kind {
	case monitor.Listening:
		if ep := m.endpoint(s, e, id); ep != nil {
			ep.Bound = e.Local
		}
	case monitor.Accepted:
		if ep := m.endpoint(s, e, id); ep != nil {
			ep.Error = ""
		}
	case monitor.AcceptFailed:
		if ep := m.endpoint(s, e, id); ep != nil {
			ep.Error = e.Why()
		}
	case monitor.Closed:
		if e.EndpointID == 0 { // libzmq has no other word for it
			m.unbind(s, id)
			s.bridge.unbind(id)
		}
	}
}

// dialled follows the dialling of one endpoint: attempt, end, wait, attempt.
func (m *Model) dialled(s *socket, e *monitor.Event, id uint64, of monitor.ConnID) {
	const ends = monitor.Disconnected | monitor.LocalClosed
	const goesOn = monitor.ConnectDelayed | monitor.Connected | monitor.HandshakeSucceeded | monitor.ConnectFailed |
		monitor.ConnectRetried | monitor.GaveUp
	ep := s.endpoints[id]
	if ep == nil && e.Kind&goesOn != 0 { // a connection that lingers must not bring its endpoint back
		ep = m.endpoint(s, e, id)
	}
	if ep == nil {
		return
	}
	switch {
	case e.Kind&(monitor.ConnectDelayed|monitor.Connected) != 0:
		ep.conn, ep.Attempt, ep.NextTry, ep.gaveUp = of, e.Attempt, time.Time{}, false
		if e.EndpointID == 0 {
			ep.trying, ep.Attempt = true, ep.failed+1
		}
	case e.Kind == monitor.HandshakeSucceeded:
		ep.conn, ep.Attempt, ep.NextTry, ep.Error, ep.gaveUp, ep.failed = of, 0, time.Time{}, "", false, 0
	case e.Kind == monitor.ConnectFailed:
		ep.conn, ep.Attempt, ep.NextTry, ep.Error = 0, e.Attempt, time.Time{}, e.Why()
	case e.Kind == monitor.Closed:
		ep.trying = false
	case e.Kind&ends != 0:
		ep.conn, ep.trying, ep.Error = 0, false, cause(e)
	case e.Kind == monitor.ConnectRetried:
		ep.retried(e)
	case e.Kind == monitor.GaveUp:
		ep.conn, ep.NextTry, ep.gaveUp = 0, time.Time{}, true
		if e.Err != nil {
			ep.Error = e.Why()
		}
	}
}

// retried is the wait before the next attempt.
func (ep *endpoint) retried(e *monitor.Event) {
	ep.conn, ep.trying, ep.Attempt, ep.NextTry = 0, false, e.Attempt, e.Time.Add(e.Interval)
	if e.EndpointID == 0 {
		ep.failed++
		ep.Attempt = ep.failed
	}
}

// cause is what an end that was an error says of itself.
func cause(e *monitor.Event) string {
	if e.Err == nil {
		return ""
	}
	return e.Why()
}

// endpointState takes over what a state says.
func (m *Model) endpointState(s *socket, from *fact.Endpoint) {
	ep := m.endpoint(s, &monitor.Event{Side: from.Side, Endpoint: from.Endpoint}, from.ID)
	if ep == nil {
		return
	}
	ep.Bound, ep.conn, ep.Attempt, ep.NextTry = from.Bound, from.Conn, from.Attempt, from.NextTry
	ep.gaveUp = from.Side == monitor.SideConnect && from.Conn == 0 && from.NextTry.IsZero() && (from.Attempt > 0 || from.Error != "")
	if from.Error == "" || ep.Error == "" { // the words of an event say more than the text of its error
		ep.Error = from.Error
	}
}

// endpoint is e's, which begins with its first event; nil if there are too many.
func (m *Model) endpoint(s *socket, e *monitor.Event, id uint64) *endpoint {
	ep := s.endpoints[id]
	if ep == nil {
		if m.endpoints >= maxEndpoints {
			m.overlooked++
			return nil
		}
		m.endpoints++
		ep = &endpoint{Endpoint: Endpoint{ID: id, Side: e.Side, Endpoint: e.Endpoint}}
		if ep.Endpoint.Endpoint == "" {
			ep.Endpoint.Endpoint = e.Addr()
		}
		s.endpoints[id] = ep
	}
	return ep
}

func (m *Model) unbind(s *socket, id uint64) {
	if _, there := s.endpoints[id]; there {
		m.endpoints--
		delete(s.endpoints, id)
	}
	s.tombs.bury(tomb{endpoint: id})
}

// doing is what ep does, in a word.
func (s *socket) doing(ep *endpoint) string {
	c := s.conns[ep.conn]
	switch {
	case ep.Side == monitor.SideBind:
		return Listening
	case ep.gaveUp:
		return GaveUp
	case c != nil && c.Ready:
		return Connected
	case ep.conn != 0 || ep.trying:
		return Connecting
	case ep.NextTry.IsZero() && ep.Attempt == 0 && ep.Error == "":
		return Connecting // its first attempt is not told yet
	}
	return Waiting
}
