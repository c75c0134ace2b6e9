package monitor

import (
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// An event's path, from what happened to who reads it:
//
//  1. Emit, on the goroutine to which it happened: one load tells whether
//     anybody wants it; if not, it is a number in Seq and nothing else.
//  2. deliver stamps number and time under the hub's lock, so the order of
//     numbers, times and rings is one order.
//  3. Subscription.push copies it into each ring that wants it; a full ring
//     gives up its oldest event (ring.go).
//  4. Next, Poll, Events and C take it out, on the reader's goroutine
//     (subscription.go).
//
// Locks: hub before subscription, and a hub before the one that it
// extends to. Nothing is called under either.

// A Hub hands the events of one socket to subscriptions. The zero Hub is
// ready; it must not be copied. All its methods may be called from any
// goroutine, also under the caller's locks: they wait for nothing but each
// other's few instructions.
//
// A snapshot is exact when the socket takes it under the lock under which it
// also changes its endpoints and connections and emits their events: first
// Seq, then Subscribe. What was emitted under that lock before has a number up
// to Seq and is in the snapshot; what is emitted after has a greater one and
// reaches the subscription. Events emitted outside the lock (Flow, Subs) may
// fall between the two; they have greater numbers than Seq, too, if they
// arrive at all.
type Hub struct {
	// The socket's facts, put on each event that names no other socket. Set them
	// before the first call.
	SocketID               uint64
	SocketName, SocketType string

	seq    atomic.Uint64 // the last number given out
	wanted atomic.Uint64 // all masks of subs together; 0 once closed

	mu     sync.Mutex // guards what follows; held while a wanted event gets its number and its places
	subs   []*Subscription
	closed bool
}

// Emit hands e to every subscription whose mask has its Kind. It never blocks,
// allocates or fails, and changes nothing in *e, which is the caller's again
// when it returns. The copies get the next Seq, the present Time if e.Time is
// zero, and the hub's socket if e.SocketID is 0 or its number.
//
// A Kind with the Inproc bit goes only to masks with that bit, and arrives
// without it.
func (h *Hub) Emit(e *Event) {
	if h.wanted.Load()&uint64(e.Kind&^Inproc) == 0 {
		h.seq.Add(1)
		return
	}
	h.deliver(e)
}

func (h *Hub) deliver(e *Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	seq, now := h.seq.Add(1), e.Time
	if now.IsZero() {
		now = time.Now()
	}
	for _, s := range h.subs {
		if s.wants(e.Kind) {
			s.push(h, e, seq, now)
		}
	}
}

// Seq is the number of the last event, watched or not.
func (h *Hub) Seq() uint64 { return h.seq.Load() }

// Wanted is the union of all masks: what is not in it need not even be
// gathered for Emit. It is one atomic load.
func (h *Hub) Wanted() Mask { return Mask(h.wanted.Load()) }

// Subscribe starts a subscription that ends when the hub closes. It keeps at
// least buffer events while nobody reads; 0 or less: 256. Of a closed hub it
// is one that has ended.
func (h *Hub) Subscribe(m Mask, buffer int) *Subscription {
	s := NewSubscription(m, buffer)
	s.home = h
	if !h.add(s) {
		s.Close()
	}
	return s
}

// Extend lets every subscription of h read the events of to as well, from now
// on (see Join): h is then the home of those who watch many sockets, and to one
// of these. Two hubs must not extend each other.
func (h *Hub) Extend(to *Hub) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.subs {
		s.Join(to)
	}
}

// add puts s among the readers, unless one of the two has ended.
func (h *Hub) add(s *Subscription) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed || !s.enter(h):
		return false
	case slices.Contains(h.subs, s):
		return true
	}
	h.subs = append(h.subs, s)
	h.countMasks()
	return true
}

func (h *Hub) remove(s *Subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if i := slices.Index(h.subs, s); i >= 0 {
		h.subs = slices.Delete(h.subs, i, i+1)
		h.countMasks()
	}
}

// countMasks is called under h.mu.
func (h *Hub) countMasks() {
	var all Mask
	for _, s := range h.subs {
		all |= s.mask
	}
	h.wanted.Store(uint64(all))
}

// Close ends the story: every subscription gets MonitorStopped as its last
// event, whatever its mask, and then io.EOF; one that joined this hub among
// others gets it as this socket's last event and goes on. From then on Emit
// only counts. Closing again does nothing. It waits for no reader.
func (h *Hub) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.closed = true
	stopped := h.stopped()
	for _, s := range h.subs {
		s.leave(h, &stopped)
	}
	h.subs = nil
	h.wanted.Store(0)
}

// stopped is a MonitorStopped with a number of its own.
func (h *Hub) stopped() Event {
	return Event{
		Kind: MonitorStopped, Seq: h.seq.Add(1), Time: time.Now(), FD: -1,
		SocketID: h.SocketID, SocketName: h.SocketName, SocketType: h.SocketType,
	}
}
