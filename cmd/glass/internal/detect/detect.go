package detect

import (
	"cmp"
	"slices"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/kernel"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// What goes in, and where it goes:
//
//  1. an event, a state, a tick or the kernel's connections, each with its time (Event, State, Tick, TCP)
//  2. the process and the socket that it is about (socket)
//  3. the families, each of which looks at what concerns it (socket.event, socket.state, socket.tick)
//  4. what was raised or cleared, in an order (told)

// Bounds of what is remembered: more than a host has, less than a hostile one could send.
const (
	maxSockets = 5_000
	maxRows    = 2_000 // endpoints, hosts, ids or queues of one socket
)

// A Detector watches over the sockets of many processes. New makes one; it is not safe for concurrent use.
type Detector struct {
	o         Thresholds
	now       time.Time
	ticked    bool
	processes map[string]*process
	sockets   int
	found     []Found // of the call under way
}

// A process has its sockets, and one table of descriptors.
type process struct {
	fact.Instance
	d       *Detector
	last    time.Time
	states  bool // it sends states: its silence means something
	stated  time.Time
	sockets map[uint64]*socket
	fds     fds
}

// A Found is a condition of an instance that was raised or cleared.
type Found struct {
	fact.Instance
	fact.Condition
	At time.Time
}

// Fact is f as a line.
func (f Found) Fact() (fact.Fact, error) { return fact.Found(f.Instance, f.At, f.Condition) }

// New is a Detector that knows nothing yet.
func New(o Thresholds) *Detector {
	return &Detector{o: o.filled(), processes: make(map[string]*process)}
}

// Event takes in what happened. Events of one socket come in their order.
func (d *Detector) Event(f fact.Fact) []Found {
	e := &f.Event
	if f.Condition != nil || e.Kind == 0 || e.SocketID == 0 && e.Kind&(monitor.Lost|monitor.MonitorStopped) != 0 {
		return nil
	}
	d.reached(e.Time)
	p := d.process(f.Instance)
	s := p.socket(e.SocketID, e.SocketName, e.SocketType)
	switch {
	case s == nil:
	case e.Kind == monitor.MonitorStopped:
		p.drop(s, "the socket was closed, or is not watched any more")
	default:
		s.seq = max(s.seq, e.Seq)
		s.event(e)
	}
	return d.told()
}

// State takes in what is true of a socket.
func (d *Detector) State(st fact.State) []Found {
	d.reached(st.At)
	p := d.process(st.Instance)
	p.states, p.stated = true, d.now
	if s := p.socket(st.Sock, st.Name, st.Type); s != nil {
		s.state(&st)
	}
	return d.told()
}

// Tick says what time it is, about once a second.
func (d *Detector) Tick(now time.Time) []Found {
	d.now, d.ticked = now, true
	for _, p := range d.processes {
		if silent := now.Sub(p.last); p.states && silent > d.o.Gone || silent > d.o.Forget {
			d.lose(p)
			continue
		}
		p.fds.tick(p)
		for _, s := range p.sockets {
			s.tick()
		}
	}
	return d.told()
}

// TCP takes in what the kernel of one host knows of its connections, every few seconds.
func (d *Detector) TCP(now time.Time, conns []kernel.Conn) []Found {
	d.now, d.ticked = now, true
	d.judge(conns)
	return d.told()
}

// reached moves the time on where nobody ticks.
func (d *Detector) reached(t time.Time) {
	if !d.ticked && t.After(d.now) {
		d.now = t
	}
}

func (d *Detector) process(i fact.Instance) *process {
	p := d.processes[i.ID]
	if p == nil {
		p = &process{d: d, sockets: make(map[uint64]*socket)}
		d.processes[i.ID] = p
	}
	p.Instance, p.last = i, d.now
	return p
}

// socket is one of p's; nil if there are too many to watch over.
func (p *process) socket(id uint64, name, typ string) *socket {
	s := p.sockets[id]
	if s == nil {
		if p.d.sockets >= maxSockets {
			return nil
		}
		p.d.sockets++
		s = newSocket(p, id)
		p.sockets[id] = s
	}
	s.name, s.typ = cmp.Or(name, s.name), cmp.Or(typ, s.typ)
	return s
}

// drop ends a socket with all that it had.
func (p *process) drop(s *socket, why string) {
	for a := range s.raised {
		s.clear(a, why, a.c.Count)
	}
	p.d.sockets--
	delete(p.sockets, s.id)
}

// lose ends a process of which nothing is heard.
func (d *Detector) lose(p *process) {
	for _, s := range p.sockets {
		p.drop(s, "nothing has been heard of its process for longer than it may be silent")
	}
	delete(d.processes, p.ID)
}

// told is what the call under way has found, in an order that does not depend on maps.
func (d *Detector) told() []Found {
	found := d.found
	d.found = nil
	slices.SortStableFunc(found, func(a, b Found) int {
		return cmp.Or(cmp.Compare(a.ID, b.ID), cmp.Compare(a.Sock, b.Sock), cmp.Compare(a.Endpoint, b.Endpoint),
			cmp.Compare(a.Conn, b.Conn), cmp.Compare(a.Condition.Peer, b.Condition.Peer), cmp.Compare(a.Remote, b.Remote),
			cmp.Compare(a.State, b.State), cmp.Compare(a.Name, b.Name)) // what is over first, then what came in its place
	})
	return found
}
