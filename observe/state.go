package observe

import (
	"cmp"
	"slices"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// state takes over what is true now, and counts what has grown.
func (t *tally) state(s fact.State) {
	p := t.part(s.Sock, s.Type)
	for i, n := range [...]uint64{tx: s.MessagesOut, rx: s.MessagesIn} {
		// A total never falls; one that seems to comes out of order, and must not be counted twice.
		if n > p.messages[i] {
			t.messages[i] += n - p.messages[i]
			p.messages[i], t.last[i] = n, s.At
		}
	}
	if s.Unwanted > p.unwanted {
		t.dropped[noSubscriber] += s.Unwanted - p.unwanted
		p.unwanted = s.Unwanted
	}
	for i := range s.Peers {
		t.peer(p, &s.Peers[i], s.At)
	}
	for i := range s.Endpoints {
		if ep := &s.Endpoints[i]; ep.Side == monitor.SideConnect {
			t.dial(ep.Endpoint, ep.ID, s.Sock)
		}
	}
	if whole := p.take(s); whole && p.gap {
		t.settle(p)
	}
}

// peer counts what one connection has carried since the last state.
func (t *tally) peer(p *part, s *fact.Peer, now time.Time) {
	c := p.conns[s.Conn]
	if c == nil {
		if len(p.conns) >= mostPeers {
			return
		}
		c = &carried{}
		p.conns[s.Conn] = c
	}
	t.grow(c, s.BytesOut, s.BytesIn)
	for i, n := range [...]uint64{tx: s.MessagesOut, rx: s.MessagesIn} {
		if n > c.messages[i] {
			c.messages[i], c.last[i] = n, now
		}
	}
	// Two round trips that took the same number of nanoseconds are rarer than two looks at one.
	if s.RTT > 0 && s.RTT != c.rtt {
		c.rtt = s.RTT
		t.trips.observe(s.RTT)
	}
}

// take replaces what was true by s, as far as s goes, and reports whether now is all that there is. It copies: what s has
// is the caller's.
func (p *part) take(s fact.State) (whole bool) {
	if s.Full {
		s.Peers, s.Endpoints = slices.Clone(s.Peers), slices.Clone(s.Endpoints)
	} else {
		s.Peers = merge(p.now.Peers, s.Peers, func(a fact.Peer) uint64 { return uint64(a.Conn) })
		s.Endpoints = merge(p.now.Endpoints, s.Endpoints, func(a fact.Endpoint) uint64 { return a.ID })
	}
	s.Peers, s.Endpoints = s.Peers[:min(mostPeers, len(s.Peers))], s.Endpoints[:min(mostPeers, len(s.Endpoints))]
	begun := s.Full || p.now.Full && p.now.More // a state in several lines
	p.now = s
	p.now.Full = begun
	return begun && !s.More
}

// mostPeers is how many connections, and endpoints, of one socket are followed: states that never say of one that it has
// ended must not fill the memory of who reads them.
const mostPeers = 1 << 17

// merge is both in the order of their ids, the newer where there are two of one.
func merge[T any](old, newer []T, id func(T) uint64) []T {
	all := slices.Concat(newer, old)
	slices.SortStableFunc(all, func(a, b T) int { return cmp.Compare(id(a), id(b)) })
	return slices.CompactFunc(all, func(a, b T) bool { return id(a) == id(b) })
}

// settle forgets the connections, queues and endpoints whose ends were lost.
func (t *tally) settle(p *part) {
	for id := range p.conns {
		if !p.has(id) {
			delete(p.conns, id)
		}
	}
	endpoints := make(map[uint64]struct{})
	for i := range p.now.Endpoints {
		endpoints[p.now.Endpoints[i].ID] = struct{}{}
	}
	t.undialAll(p.now.Sock, endpoints)
	for q := range p.full {
		if _, there := endpoints[q.endpoint]; !there && !p.has(q.conn) {
			t.gone(p, q, p.now.At)
		}
	}
	p.gap, p.settled = false, p.now.Seq
}

// over is the end of a connection or endpoint between two states.
func (p *part) over(e *monitor.Event) {
	if e.Terminal() {
		if i, there := p.find(e.Conn); there {
			p.now.Peers = slices.Delete(p.now.Peers, i, i+1)
		}
	}
	if !e.Terminal() && e.Kind != monitor.Unbound {
		return
	}
	i := slices.IndexFunc(p.now.Endpoints, func(at fact.Endpoint) bool { return at.ID == e.EndpointID })
	switch {
	case i < 0:
	case e.Kind == monitor.Unbound:
		p.now.Endpoints = slices.Delete(p.now.Endpoints, i, i+1)
	case p.now.Endpoints[i].Conn == e.Conn:
		p.now.Endpoints[i].Conn = 0
	}
}

// find is a connection's place in the latest state, whose peers stand in the order of their ids.
func (p *part) find(id monitor.ConnID) (int, bool) {
	return slices.BinarySearchFunc(p.now.Peers, id, func(s fact.Peer, id monitor.ConnID) int { return cmp.Compare(s.Conn, id) })
}

func (p *part) has(id monitor.ConnID) bool {
	_, there := p.find(id)
	return there
}

// Now what a tally's parts say together.

// phases of a connection are indices, too.
const (
	connecting = iota
	handshaking
	ready
)

// connections counts the live ones by side and phase.
func (t *tally) connections() (n [2][3]int) {
	for _, p := range t.parts {
		for i := range p.now.Peers {
			side, phase := dialled, handshaking
			if p.now.Peers[i].Side == monitor.SideBind {
				side = accepted
			}
			if p.now.Peers[i].Ready {
				phase = ready
			}
			n[side][phase]++
		}
		for i := range p.now.Endpoints {
			if ep := &p.now.Endpoints[i]; ep.Side == monitor.SideConnect && ep.Conn != 0 && !p.has(ep.Conn) {
				n[dialled][connecting]++
			}
		}
	}
	return n
}

// queues are the depths: of all peers together, of the fullest, and the lowest mark; 0: there is none.
func (t *tally) queues() (sum, most, limit [2]int) {
	for _, p := range t.parts {
		for i := range p.now.Peers {
			for d, n := range [...]int{tx: p.now.Peers[i].QueueOut, rx: p.now.Peers[i].QueueIn} {
				sum[d] += n
				most[d] = max(most[d], n)
			}
		}
		for d, n := range [...]int{tx: p.now.SendHWM, rx: p.now.RecvHWM} {
			if n > 0 && (limit[d] == 0 || n < limit[d]) {
				limit[d] = n
			}
		}
	}
	return sum, most, limit
}

// fullNow is how many outgoing queues have no room, and how long all of them had none together.
func (t *tally) fullNow() (n int, lasted time.Duration) {
	lasted = t.full
	for _, p := range t.parts {
		n += len(p.full)
		for _, since := range p.full {
			lasted += max(p.now.At.Sub(since), 0)
		}
	}
	return n, lasted
}

func (t *tally) subscriptions() (n int) {
	for _, p := range t.parts {
		for i := range p.now.Peers {
			n += p.now.Peers[i].Subscriptions
		}
	}
	return n
}
