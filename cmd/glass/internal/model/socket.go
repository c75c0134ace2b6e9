package model

import (
	"slices"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/whole"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// A minute of history, a second each: ticks come a little early, too.
const (
	keepHistory = 60
	historyStep = 900 * time.Millisecond
)

// A socket is one socket with its endpoints and connections.
type socket struct {
	Socket
	in        *instance
	seq       uint64 // of the last event that is taken in
	endpoints map[uint64]*endpoint
	conns     map[monitor.ConnID]*conn
	hidden    int // live connections that found no room
	tombs     tombs
	lines     whole.Lines
	stopped   bool // its events said that there will be no more
	meter     meter
	bridge    bridge
}

func newSocket(in *instance, id uint64, at time.Time) *socket {
	return &socket{
		in:     in,
		Socket: Socket{ID: id, Since: at},

		endpoints: make(map[uint64]*endpoint),
		conns:     make(map[monitor.ConnID]*conn),
		tombs:     make(tombs),
	}
}

// tombs are connections and endpoints that have ended before the first whole state came: it may be older than their ends, for who
// collects may get both in one batch, and must not bring them back. nil when it has come, until events are lost.
type tombs map[tomb]struct{}

type tomb struct {
	conn     monitor.ConnID
	endpoint uint64
}

// maxTombs is how many ends may be seen before a whole state: it comes within a second of the first event.
const maxTombs = 1000

func (t tombs) bury(what tomb) {
	if t != nil && len(t) < maxTombs {
		t[what] = struct{}{}
	}
}

// digs says whether an old state may still tell of what.
func (t tombs) digs(what tomb) bool {
	_, ended := t[what]
	return t != nil && len(t) < maxTombs && !ended
}

// event takes in what happened to s, in the order of the numbers. What a state knew before is only told.
func (m *Model) event(s *socket, e *monitor.Event) {
	late := e.Seq != 0 && e.Seq <= s.seq
	if late && !e.Terminal() {
		return
	}
	s.seq = max(s.seq, e.Seq)
	if e.Kind == monitor.MonitorStopped {
		m.bury(s, e.Time, lastWord(e))
		s.stopped, s.in.Gone = true, s.in.allClosed()
		return
	}
	conn := m.identify(s, e)
	if !late {
		m.reopen(s)
		m.endpointEvent(s, e, conn)
		if e.Kind == monitor.Dropped {
			s.Dropped += e.Count
		}
	}
	m.connEvent(s, e, conn)
}

// lastWord is why a socket ends. Where its process could not say so itself, somebody else has.
func lastWord(e *monitor.Event) string {
	switch e.Who {
	case monitor.ByTimer: // Tick
		return unheard
	case monitor.ByPeer: // whoever takes in the facts, and has lost the process
		return "its process went away without a word: it was killed, or lost its connection to the agent"
	}
	return "the socket was closed, or is not watched any more"
}

// reopen takes back the end of a socket that is heard of again: its process was silent, or its watcher began anew.
func (m *Model) reopen(s *socket) {
	if s.Closed {
		s.Closed, s.stopped, s.in.Gone = false, false, false
		m.buried = slices.DeleteFunc(m.buried, func(b *socket) bool { return b == s })
	}
}

// state takes in what is true of s. An older one than the events, which was taken before they were sent, has only numbers
// to tell; the first whole one also what began before the events.
func (m *Model) state(s *socket, st *fact.State) {
	old := st.Seq < s.seq
	if s.Closed && (old || s.stopped && st.Seq == s.seq) {
		return
	}
	m.reopen(s)
	s.SendHWM, s.RecvHWM, s.Dropped = st.SendHWM, st.RecvHWM, st.Dropped
	s.meter.read(st.At, m.now, st.MessagesOut, st.MessagesIn)
	span, isWhole := s.lines.Read(st)
	for i := range st.Peers {
		p := &st.Peers[i]
		m.peer(s, p, st.At, old, !old || isWhole && s.tombs.digs(tomb{conn: p.Conn}))
	}
	for i := range st.Endpoints {
		ep := &st.Endpoints[i]
		if !old || isWhole && s.endpoints[ep.ID] == nil && s.tombs.digs(tomb{endpoint: ep.ID}) {
			m.endpointState(s, ep)
		}
	}
	if isWhole && !old { // else the events say more than st does
		s.seq = st.Seq
		if st.Full { // the first line, in which all endpoints are
			m.onlyEndpoints(s, st)
			s.hidden = 0
		}
		m.onlyConns(s, span, st)
	}
	if isWhole && !st.More {
		s.tombs = nil
	}
}

// onlyEndpoints ends those that a full state leaves out.
func (m *Model) onlyEndpoints(s *socket, st *fact.State) {
	there := make(map[uint64]bool, len(st.Endpoints))
	for i := range st.Endpoints {
		there[st.Endpoints[i].ID] = true
	}
	for id := range s.endpoints {
		if !there[id] {
			m.unbind(s, id)
		}
	}
}

// onlyConns ends the connections that a line of a full state leaves out. What found no room before may find it now.
func (m *Model) onlyConns(s *socket, span whole.Span, st *fact.State) {
	there := make(map[monitor.ConnID]bool, len(st.Peers))
	for i := range st.Peers {
		id := st.Peers[i].Conn
		if there[id] = true; s.conns[id] == nil {
			s.hidden++
		}
	}
	for id, c := range s.conns {
		if span.Has(id) && !there[id] {
			m.end(s, c, &monitor.Event{Time: st.At}, "it is not there any more; the event of its end did not get here")
		}
	}
}

// tick goes on to the next second.
func (s *socket) tick(now time.Time) {
	s.meter.settle(now)
	queue := 0
	for _, c := range s.conns {
		c.meter.settle(now)
		queue += c.QueueOut + c.QueueIn
	}
	if n := len(s.History); n > 0 && now.Sub(s.History[n-1].Time) < historyStep {
		return
	}
	if len(s.History) == keepHistory {
		copy(s.History, s.History[1:])
		s.History = s.History[:keepHistory-1]
	}
	s.History = append(s.History, Point{Time: now, Out: s.meter.out.rate, In: s.meter.in.rate, Queue: queue})
}
