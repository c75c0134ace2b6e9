package model

import (
	"maps"
	"slices"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// Bounds: what a page can show, and 50 MB at the most.
const (
	maxSockets     = 5_000
	maxEndpoints   = 20_000
	maxConnections = 20_000
	maxConditions  = 10_000
	keepClosed     = 100
	keepSockets    = 100 // closed ones
)

// silence is how long a process that sends full states may say nothing: three of them, and a little.
const silence = 95 * time.Second

// deadAfter is how long one that sends only events may say nothing where room is needed.
const deadAfter = time.Hour

// A Model is what is true of all instances. New makes one; it is not safe for concurrent use.
type Model struct {
	now    time.Time
	ticked bool // now is Tick's
	seq    uint64

	instances  map[string]*instance
	conditions map[conditionKey]Condition
	closed     []Closed // a ring: the oldest is at oldest
	oldest     int
	onEnd      func(c *Closed, wasReady bool) // told of every end; nil: nobody wants more than closed
	buried     []*socket                      // closed sockets, in the order in which they closed

	sockets, endpoints, conns int // how many there are
	overlooked                uint64
}

// An instance is a process, with what it has.
type instance struct {
	Instance
	sockets map[uint64]*socket
	states  bool           // it sends states: its silence means something
	made    monitor.ConnID // the last id that was made up
}

// New is a model of nothing.
func New() *Model {
	return &Model{instances: make(map[string]*instance), conditions: make(map[conditionKey]Condition)}
}

// Apply takes one fact in. Facts of one socket come in the order in which they happened; those of several may come in any.
func (m *Model) Apply(f fact.Fact) {
	m.seq++
	m.reached(f.Time)
	if f.Condition != nil {
		m.condition(&f)
		return
	}
	e := &f.Event
	if e.Kind == 0 || e.SocketID == 0 && e.Kind&(monitor.Lost|monitor.MonitorStopped) != 0 {
		return // of tomorrow, or about a reader of a whole Context
	}
	in := m.instance(f.Instance)
	if e.Kind == monitor.Lost {
		in.Lost += e.Count
	}
	if s := m.socket(in, e.SocketID, e.SocketName, e.SocketType, e.Time); s != nil {
		if e.Kind == monitor.Lost {
			s.tombs = make(tombs) // the next whole state tells what was lost
		}
		m.event(s, e)
	}
}

// Update takes a state in.
func (m *Model) Update(st fact.State) {
	m.seq++
	m.reached(st.At)
	in := m.instance(st.Instance)
	in.states = true
	if s := m.socket(in, st.Sock, st.Name, st.Type, st.At); s != nil {
		m.state(s, &st)
	}
}

// Tick says what time it is, about once a second: rates of what has fallen silent go to zero, and processes that are
// silent for too long are gone. Of their sockets, which can say nothing any more, it returns the last word: monitor_stopped,
// without a number, for whoever keeps a history. The model has taken it in.
func (m *Model) Tick(now time.Time) (gone []fact.Fact) {
	m.now, m.ticked = now, true
	for _, in := range m.instances {
		for _, s := range in.sockets {
			s.tick(now)
		}
		if in.states && !in.Gone && now.Sub(in.Last) > silence {
			gone = append(gone, in.lastWords(now)...)
			m.lose(in)
		}
	}
	return gone
}

// lastWords are those of in's sockets that are open, in the order of their ids.
func (in *instance) lastWords(now time.Time) (all []fact.Fact) {
	for _, id := range slices.Sorted(maps.Keys(in.sockets)) {
		s := in.sockets[id]
		e := monitor.Event{Kind: monitor.MonitorStopped, Time: now, SocketID: id, SocketName: s.Name, SocketType: s.Type, FD: -1, Who: monitor.ByTimer}
		if f, err := fact.Of(in.Instance.Instance, e); err == nil && !s.Closed { // a time of ours has a JSON form
			all = append(all, f)
		}
	}
	return all
}

// reached moves the time on where nobody ticks.
func (m *Model) reached(t time.Time) {
	if !m.ticked && t.After(m.now) {
		m.now = t
	}
}

// instance is the one that i names, heard of now.
func (m *Model) instance(i fact.Instance) *instance {
	in := m.instances[i.ID]
	if in == nil {
		in = &instance{Instance: Instance{Since: m.now}, sockets: make(map[uint64]*socket)}
		m.instances[i.ID] = in
	}
	in.Instance.Instance, in.Last = i, m.now
	return in
}

// socket is one of in's; nil if there are too many.
func (m *Model) socket(in *instance, id uint64, name, typ string, at time.Time) *socket {
	s := in.sockets[id]
	if s == nil {
		if m.sockets >= maxSockets && !m.makeRoom() {
			m.overlooked++
			m.forget(in)
			return nil
		}
		m.sockets++
		in.Gone = false
		s = newSocket(in, id, at)
		in.sockets[id] = s
	}
	if name != "" {
		s.Name = name
	}
	if typ != "" {
		s.Type = typ
	}
	return s
}

// makeRoom drops the process that has been silent for longest, if that is so long that it may well be dead: one whose events a
// bridge of libzmq's sends does not say.
func (m *Model) makeRoom() bool {
	var oldest *instance
	for _, in := range m.instances {
		if oldest == nil || in.Last.Before(oldest.Last) {
			oldest = in
		}
	}
	if m.now.Sub(oldest.Last) < deadAfter { // there are sockets, so there is an instance
		return false
	}
	m.lose(oldest)
	m.buried = slices.DeleteFunc(m.buried, func(s *socket) bool { return s.in == oldest })
	for _, s := range oldest.sockets {
		m.drop(s)
	}
	return true
}

// forget drops an instance that has nothing.
func (m *Model) forget(in *instance) {
	if len(in.sockets) == 0 {
		delete(m.instances, in.ID)
	}
}

// unheard is why a socket ends whose process can say nothing any more.
const unheard = "its process has not been heard of for longer than it may be silent"

// lose is the end of an instance of which nothing more is heard. Its sockets may live on: a full state brings them back.
func (m *Model) lose(in *instance) {
	in.Gone = true
	for _, s := range in.sockets {
		m.bury(s, m.now, unheard)
	}
}

// bury ends all that a socket has. It stays to be looked at until keepSockets others have followed it.
func (m *Model) bury(s *socket, at time.Time, why string) {
	if s.Closed {
		return
	}
	for _, c := range s.conns {
		m.end(s, c, &monitor.Event{Time: at}, why)
	}
	m.endpoints -= len(s.endpoints)
	clear(s.endpoints)
	s.Closed, s.hidden, s.bridge = true, 0, bridge{}
	s.meter.stop()
	m.buried = append(m.buried, s)
	for len(m.buried) > keepSockets {
		m.drop(m.buried[0])
		m.buried = m.buried[1:]
	}
}

// drop forgets a closed socket.
func (m *Model) drop(s *socket) {
	m.sockets--
	delete(s.in.sockets, s.ID)
	m.forget(s.in)
}

func (in *instance) allClosed() bool {
	for _, s := range in.sockets {
		if !s.Closed {
			return false
		}
	}
	return true
}
