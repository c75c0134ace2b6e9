package monitor

import (
	"context"
	"io"
	"iter"
	"sync"
	"time"
)

// defaultBuffer is how many events a subscription keeps at least. Emit may not
// allocate, so while nobody reads there is only the room that Subscribe made,
// and all of it must be there from the start. 256 events are the whole story
// of about 80 connections, for 110 KiB. Whoever watches thousands of sockets
// watches their Context: one subscription, one ring.
const defaultBuffer = 256

// mostGrowth is how far a reader may widen its ring. A reader that is there but
// late may allocate where Emit may not: it doubles a ring that it finds more
// than half full. 8 × 256 events last 34 ms at 60,000 events a second, three
// times as long as the Go scheduler lets another goroutine keep a processor,
// for 860 KiB.
const mostGrowth = 8

// A Subscription is one reader's ring of events. It never slows the socket: if
// the reader falls behind, the oldest events go, and a Lost event stands in
// their place with their number. MonitorStopped and Lost are never lost.
//
// All methods may be called from any goroutine, Close also from inside the
// reader. Several readers share the events between them.
type Subscription struct {
	mask Mask
	home *Hub // whose end is ours; nil: only joined

	pump sync.WaitGroup // the goroutine of C

	mu        sync.Mutex // guards what follows; held to copy one event in or out, and to move a ring
	life      life
	ring      ring
	most      int               // the ring's largest size
	last      Event             // MonitorStopped, while life is stopping
	hubs      map[*Hub]struct{} // where it is in subs
	ready     chan struct{}     // nil until somebody waits; closed once signalled, renewed when nothing is left
	signalled bool
	c         chan Event    // nil until C
	done      chan struct{} // closed by Close: C's goroutine need not be read any more
}

type life uint8

const (
	running  life = iota
	stopping      // takes no more events; what is queued, then last, are still to be read
	ended         // Next is io.EOF
)

// NewSubscription is a subscription to no hub yet; see Join. It keeps at least
// buffer events while nobody reads; 0 or less: 256.
func NewSubscription(m Mask, buffer int) *Subscription {
	if buffer <= 0 {
		buffer = defaultBuffer
	}
	return &Subscription{
		mask: m,
		ring: ring{slots: make([]Event, buffer)},
		most: mostGrowth * buffer,
		hubs: make(map[*Hub]struct{}),
	}
}

// Join adds the events of one more hub, from now on, to a subscription made by
// NewSubscription, or of a hub that brings others along (Hub.Extend). When that
// hub closes, its MonitorStopped comes as one event among others (it can be
// lost as they can) and the subscription goes on until its own end, Stop or
// Close. Joining twice is joining once. Join reports whether the events of h
// come here from now on: not if h or the subscription has ended.
//
// Events of one socket come in their order; of two sockets, as they happened
// but for what happened at the same moment.
func (s *Subscription) Join(h *Hub) bool { return h.add(s) }

// wants says whether an event of kind k, perhaps with the Inproc bit, is for s.
func (s *Subscription) wants(k Kind) bool {
	return s.mask&k&^Inproc != 0 && (k&Inproc == 0 || s.mask&Inproc != 0)
}

// What hubs call, with their lock held.

func (s *Subscription) enter(h *Hub) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life != running || s.hubs == nil {
		return false
	}
	s.hubs[h] = struct{}{}
	return true
}

func (s *Subscription) push(h *Hub, e *Event, seq uint64, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life != running {
		return
	}
	slot := s.ring.push()
	*slot = *e
	slot.Kind &^= Inproc
	slot.Seq, slot.Time = seq, now
	if slot.SocketID == 0 || slot.SocketID == h.SocketID {
		slot.SocketID, slot.SocketName, slot.SocketType = h.SocketID, h.SocketName, h.SocketType
	}
	s.wake()
}

// leave is the end of hub h, of which stopped is the last event.
func (s *Subscription) leave(h *Hub, stopped *Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.hubs, h)
	switch {
	case s.life != running:
		return
	case s.home == h:
		s.stop(*stopped)
	default:
		*s.ring.push() = *stopped
	}
	s.wake()
}

// The following are called with s.mu held.

func (s *Subscription) stop(last Event) { s.life, s.last = stopping, last }

// wake lets waiting readers go.
func (s *Subscription) wake() {
	if s.ready != nil && !s.signalled {
		close(s.ready)
		s.signalled = true
	}
}

// settled says that Next need not wait.
func (s *Subscription) settled() bool { return s.life != running || !s.ring.empty() }

func (s *Subscription) readyC() <-chan struct{} {
	if s.ready == nil {
		s.ready = make(chan struct{})
		if s.settled() {
			s.wake()
		}
	}
	return s.ready
}

func (s *Subscription) take() (e Event, ok bool) {
	switch {
	case s.life == ended:
		return e, false
	case !s.ring.empty():
		e = s.ring.pop()
	case s.life == stopping:
		e = s.last
		s.end()
	default:
		return e, false
	}
	if s.signalled && !s.settled() {
		s.ready, s.signalled = nil, false
	}
	return e, true
}

// end frees all but the count of what was lost.
func (s *Subscription) end() {
	s.life = ended
	s.ring = ring{lost: s.ring.lost}
	s.last = Event{}
	s.wake()
}

// depart makes this subscription one that no hub may enter any more, and tells
// which have it. The caller removes it there when it has let go of s.mu,
// because a hub's lock comes first; after that no push can be under way.
func (s *Subscription) depart() map[*Hub]struct{} {
	hubs := s.hubs
	s.hubs = nil
	return hubs
}

func (s *Subscription) leaveAll(hubs map[*Hub]struct{}) {
	for h := range hubs {
		h.remove(s)
	}
}

// What readers call.

// Next waits for the next event. After the last it returns io.EOF, and when
// ctx is done its error, also if there is an event: a busy reader must hear of
// it. Use Poll to ask without waiting.
func (s *Subscription) Next(ctx context.Context) (Event, error) {
	for {
		if err := ctx.Err(); err != nil {
			return Event{}, err
		}
		if e, ok := s.Poll(); ok {
			return e, nil
		}
		s.mu.Lock()
		over, ready := s.life == ended, s.readyC() // closed if something came since Poll
		s.mu.Unlock()
		if over {
			return Event{}, io.EOF
		}
		select {
		case <-ready:
		case <-ctx.Done():
		}
	}
}

// Poll is the next event, if there is one. If not, Ready tells whether there
// can be more: after the last event it stays closed and Next is io.EOF.
func (s *Subscription) Poll() (e Event, ok bool) {
	s.mu.Lock()
	e, ok = s.take()
	size := len(s.ring.slots)
	late := s.ring.crowded() && size < s.most
	s.mu.Unlock()
	if late {
		s.widen(2 * size)
	}
	return e, ok
}

// Ready is closed while Next need not wait, also because everything has ended.
// Ask anew in each select: once the subscription is empty, it is another
// channel.
func (s *Subscription) Ready() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.readyC()
}

// Events yields events until the last, Close, or ctx is done. Leaving the loop
// does not end the subscription.
func (s *Subscription) Events(ctx context.Context) iter.Seq[Event] {
	return func(yield func(Event) bool) {
		for {
			e, err := s.Next(ctx)
			if err != nil || !yield(e) {
				return
			}
		}
	}
}

// C is the events as a channel for select, closed after the last. The first
// call starts a goroutine, which ends after the last event has been received,
// or with Close: whoever stops receiving must call Close.
func (s *Subscription) C() <-chan Event {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.c == nil {
		s.c, s.done = make(chan Event), make(chan struct{})
		if s.life == ended {
			close(s.c)
		} else {
			s.pump.Go(s.feed)
		}
	}
	return s.c
}

func (s *Subscription) feed() {
	defer close(s.c)
	for e := range s.Events(context.Background()) {
		select {
		case s.c <- e:
		case <-s.done:
			return
		}
	}
}

// Lost is how many events this subscription has lost so far: the sum of Count
// over its Lost events, those included that nobody has read yet.
func (s *Subscription) Lost() uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ring.lost
}

// Stop takes no more events and queues MonitorStopped after those that are
// there, as zmq_socket_monitor with a NULL endpoint does. After it, or after
// the end, it does nothing. It waits for no reader.
func (s *Subscription) Stop() {
	s.mu.Lock()
	if s.life != running {
		s.mu.Unlock()
		return
	}
	hubs := s.depart()
	s.mu.Unlock()
	s.leaveAll(hubs) // first, so that MonitorStopped has a later number than all there is
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life == running { // else Close, or another Stop, was faster
		s.stop(s.stopped())
		s.wake()
	}
}

func (s *Subscription) stopped() Event {
	if s.home != nil {
		return s.home.stopped()
	}
	return Event{Kind: MonitorStopped, Time: time.Now(), FD: -1}
}

// Close ends the subscription at once: what is queued is gone, Next returns
// io.EOF, C is closed. It may be called any number of times, from anywhere; it
// waits for no reader, only for the goroutine of C to be gone.
func (s *Subscription) Close() {
	s.mu.Lock()
	if s.life != ended {
		s.end()
	}
	if s.done != nil {
		select {
		case <-s.done:
		default:
			close(s.done)
		}
	}
	hubs := s.depart()
	s.mu.Unlock()
	s.leaveAll(hubs)
	s.pump.Wait()
}

// widen gives the ring size slots, on the reader's goroutine. They are made
// before the lock is taken, and under it at most 1024 events move: 430 KiB,
// some 60 µs, once in the life of a ring of the default size.
func (s *Subscription) widen(size int) {
	slots := make([]Event, size)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life != ended && len(s.ring.slots) < size { // else another reader was first
		s.ring.move(slots)
	}
}
