package model

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
)

// Snapshot is what is true now. It shares nothing with the model.
func (m *Model) Snapshot() Snapshot {
	s := Snapshot{
		At: m.now, Seq: m.seq, Overlooked: m.overlooked,
		Instances: make([]Instance, 0, len(m.instances)), Sockets: make([]Socket, 0, m.sockets),
		Connections: make([]Connection, 0, m.conns), Conditions: make([]Condition, 0, len(m.conditions)),
		Closed: append(append(make([]Closed, 0, len(m.closed)), m.closed[m.oldest:]...), m.closed[:m.oldest]...),
	}
	for _, id := range slices.Sorted(maps.Keys(m.instances)) {
		in := m.instances[id]
		s.Instances = append(s.Instances, in.Instance)
		for _, n := range slices.Sorted(maps.Keys(in.sockets)) {
			from := in.sockets[n]
			s.Truncated += from.hidden
			s.Sockets = append(s.Sockets, from.whole())
			s.Connections = from.appendRows(s.Connections)
		}
	}
	for _, c := range m.conditions {
		s.Conditions = append(s.Conditions, c)
	}
	slices.SortFunc(s.Conditions, Condition.compare)
	slices.Reverse(s.Closed)
	s.introduce()
	return s
}

// compare puts the oldest first, and keeps an order among those that are as old.
func (c Condition) compare(d Condition) int {
	return cmp.Or(c.Since.Compare(d.Since), cmp.Compare(c.Inst, d.Inst), cmp.Compare(c.Name, d.Name), cmp.Compare(c.Sock, d.Sock),
		cmp.Compare(c.Endpoint, d.Endpoint), cmp.Compare(c.Conn, d.Conn), cmp.Compare(c.Peer, d.Peer), cmp.Compare(c.Remote, d.Remote))
}

// key is a socket's name among those of all processes.
func (s *socket) key() string { return fmt.Sprintf("%s/%d", s.in.ID, s.ID) }

// whole is the socket's row.
func (s *socket) whole() Socket {
	row := s.Socket
	row.Key, row.Inst, row.App = s.key(), s.in.ID, s.in.App
	row.MessagesOut, row.MessagesIn = s.meter.out.n, s.meter.in.n
	row.RateOut, row.RateIn, row.LastMessage = s.meter.out.rate, s.meter.in.rate, s.meter.last
	row.Connections = len(s.conns) + s.hidden
	for _, c := range s.conns {
		row.QueueOut += c.QueueOut
		row.QueueIn += c.QueueIn
		if c.Ready {
			row.Ready++
		}
	}
	row.History = append(make([]Point, 0, len(s.History)), s.History...)
	row.Endpoints = make([]Endpoint, 0, len(s.endpoints))
	for _, id := range slices.Sorted(maps.Keys(s.endpoints)) {
		ep := s.endpoints[id]
		out := ep.Endpoint
		out.Conn, out.State = s.in.ConnKey(ep.conn), s.doing(ep)
		row.Endpoints = append(row.Endpoints, out)
	}
	return row
}

func (s *socket) appendRows(rows []Connection) []Connection {
	for _, id := range slices.Sorted(maps.Keys(s.conns)) {
		rows = append(rows, s.row(s.conns[id]))
	}
	return rows
}

// row is a connection's row.
func (s *socket) row(c *conn) Connection {
	row := c.Connection
	row.Inst, row.App, row.Sock, row.Name, row.Type = s.in.ID, s.in.App, s.ID, s.Name, s.Type
	row.MessagesOut, row.MessagesIn = c.meter.out.n, c.meter.in.n
	row.RateOut, row.RateIn, row.LastMessage = c.meter.out.rate, c.meter.in.rate, c.meter.last
	return row
}
