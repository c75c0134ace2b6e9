package observe

import (
	"cmp"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// TallyOptions are what Tallies show. Zero is the default.
type TallyOptions struct {
	MaxSockets   int  // values of the label socket; 0: 256. Further ones are counted under Other
	MaxEndpoints int  // values of the label endpoint, of all sockets together; 0: 512
	Instances    bool // label everything with app, host and inst, because there are several processes

	version string // of the library, in zmq_socket_info
	changes bool   // of subscriptions come as events, and begin at 0
}

// Tallies count what happens to any number of sockets, of this process or of others, and show it to Prometheus. They know
// only what they are told, by Event and State; [NewCollector] has some that tell themselves.
//
// Every series is bounded by configuration and never by traffic: sockets have their Config.Name, or for want of it their
// type and a number which the next one takes over when the socket is closed. Sockets of one name are counted together.
//
// All methods may be called from any goroutine. Each waits for the others, for as long as it takes to copy some numbers.
type Tallies struct {
	show metrics
	max  int

	mu      sync.Mutex // guards what follows
	slots   map[slot]*tally
	sockets map[socketKey]slot
	quota   quota
	lost    uint64 // events
	peers   []*peerView
}

// A slot is one value of the label socket.
type slot struct{ inst, name string }

type socketKey struct {
	inst string
	id   uint64
}

// NewTallies makes empty ones.
func NewTallies(o TallyOptions) *Tallies {
	if o.MaxSockets <= 0 {
		o.MaxSockets = 256
	}
	if o.MaxEndpoints <= 0 {
		o.MaxEndpoints = 512
	}
	return &Tallies{
		show: newMetrics(o), max: o.MaxSockets, quota: quota{left: o.MaxEndpoints},
		slots: make(map[slot]*tally), sockets: make(map[socketKey]slot),
	}
}

// Event counts one event. of says whose it is; in Tallies of one process it is the zero Instance. The events of a socket
// must come in their order; a State that takes in more of them than have come yet is fine.
func (ts *Tallies) Event(of fact.Instance, e monitor.Event) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	if e.Kind == monitor.Lost {
		ts.miss(of, max(e.Count, 1))
		return
	}
	if e.SocketID == 0 {
		return // the end of a Context
	}
	t := ts.find(of, e.SocketID, e.SocketName, e.SocketType)
	if t == nil {
		ts.lost++
		return
	}
	t.event(&e)
	if e.Kind == monitor.MonitorStopped {
		delete(ts.sockets, socketKey{of.ID, e.SocketID})
	}
}

// Miss says that n events did not come. What they would have ended is found out by the next full State.
func (ts *Tallies) Miss(of fact.Instance, n uint64) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.miss(of, n)
}

// miss is Miss with the lock held.
func (ts *Tallies) miss(of fact.Instance, n uint64) {
	ts.lost += n
	for at, t := range ts.slots {
		if at.inst != of.ID {
			continue
		}
		for _, p := range t.parts {
			p.gap = true
		}
	}
}

// State takes over one socket's numbers: all of them, or those that have changed.
func (ts *Tallies) State(s fact.State) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.state(s)
}

// state is State with the lock held.
func (ts *Tallies) state(s fact.State) {
	if t := ts.find(s.Instance, s.Sock, s.Name, s.Type); t != nil {
		t.state(s)
	}
}

// Retain ends the sockets of an instance that are not among ids, as if their MonitorStopped had come, which may be lost as
// any event may.
func (ts *Tallies) Retain(of fact.Instance, ids map[uint64]struct{}, now time.Time) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.retain(of.ID, ids, now)
}

// retain is Retain with the lock held.
func (ts *Tallies) retain(inst string, ids map[uint64]struct{}, now time.Time) {
	for key, at := range ts.sockets {
		if _, lives := ids[key.id]; key.inst == inst && !lives {
			ts.slots[at].leave(key.id, now)
			delete(ts.sockets, key)
		}
	}
}

// Forget removes all series of an instance: its process has ended.
func (ts *Tallies) Forget(of fact.Instance) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for key, at := range ts.sockets {
		if key.inst == of.ID {
			ts.slots[at].leave(key.id, time.Time{})
			delete(ts.sockets, key)
		}
	}
	for at := range ts.slots {
		if at.inst == of.ID {
			delete(ts.slots, at)
		}
	}
}

// mostSockets is how many sockets are told apart, in series or under Other, and mostInstances for how many processes there is
// an Other: what other processes say must not fill this one's memory.
const mostSockets, mostInstances = 1 << 16, 1 << 8

// find is the tally of a socket, which gets one with the first that is heard of it; nil if there are too many.
func (ts *Tallies) find(of fact.Instance, id uint64, name, typ string) *tally {
	key := socketKey{of.ID, id}
	if at, known := ts.sockets[key]; known {
		return ts.slots[at]
	}
	at := slot{of.ID, plain(name)}
	if name == "" {
		at.name = ts.number(of, cmp.Or(strings.ToLower(knownType(typ)), "socket"))
	}
	if ts.slots[at] == nil && len(ts.slots) >= ts.max && !ts.makeRoom() {
		at.name = Other
	}
	if len(ts.sockets) >= mostSockets || ts.slots[at] == nil && len(ts.slots) >= ts.max+mostInstances {
		return nil
	}
	if ts.slots[at] == nil {
		ts.slots[at] = newTally(of, at.name, &ts.quota)
	}
	ts.sockets[key] = at
	return ts.slots[at]
}

// number is the first "pub-1", "pub-2" … that no living socket has: a program that makes a socket for each request has as
// many series as there are at once.
func (ts *Tallies) number(of fact.Instance, typ string) string {
	for n := 1; ; n++ {
		name := fmt.Sprintf("%s-%d", typ, n)
		if t := ts.slots[slot{of.ID, name}]; t == nil || len(t.parts) == 0 {
			return name
		}
	}
}

// makeRoom gives up the series that ended first.
func (ts *Tallies) makeRoom() bool {
	var first slot
	var ended time.Time
	for at, t := range ts.slots {
		if len(t.parts) == 0 && at.name != Other && (first == slot{} || t.retired.Before(ended)) {
			first, ended = at, t.retired
		}
	}
	if (first == slot{}) {
		return false
	}
	delete(ts.slots, first)
	return true
}

// over is how many living sockets have no series of their own.
func (ts *Tallies) over() (n int) {
	for at, t := range ts.slots {
		if at.name == Other {
			n += len(t.parts)
		}
	}
	return n
}
