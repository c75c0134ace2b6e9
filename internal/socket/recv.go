package socket

import (
	"context"
	"sync"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/internal/pattern"
	"github.com/glassmq/zmq/internal/pipe"
)

// A recvSide is what Recv calls share.
type recvSide struct {
	mu *sync.Mutex // REQ and REP are one state: both sides share the lock
	// mu guards:
	choose   pattern.Receiver   // nil: the type does not receive
	fair     *pattern.FairQueue // choose, if it is nothing else, or nothing else but a filter
	filter   *subscriber        // of a SUB
	named    bool               // the peer's name goes before its messages
	err      error              // ends every call: closed, terminated
	pipes    int                // attached
	waiting  waitlist
	readable level
	slab     message.Slab
	skip     func(*pipe.Pipe) // REQ, REP: counts a message that is not for the user
	held     message.Message  // REQ, REP: the next message, looked at and found good …
	holder   *pipe.Pipe       // … and where it came from; nil: there is none
	lent     lending
	back     []message.Message // what PutBack put back; it comes before all else. nil: nothing, and short messages take their short way
	over     level             // err is set
}

// Recv takes the next message out.
func (c *Core) Recv(ctx context.Context) (message.Message, error) {
	if mayBegin(ctx) {
		if m, ok := c.in.short(); ok {
			return m, nil
		}
	}
	m, p, err := c.recv(ctx, nil)
	if p != nil {
		p.Far.Room()
	}
	return m, err
}

// RecvInto is Recv over b's former content.
func (c *Core) RecvInto(ctx context.Context, b *message.Buffer) error {
	if mayBegin(ctx) && c.in.shortInto(b) {
		return nil
	}
	m, p, err := c.recv(ctx, b)
	if p != nil {
		p.Far.Room()
	}
	if err == nil {
		b.Message = m
	}
	return err
}

// short is the way of nearly every message of a stream: a short one that was taken from its queue with others before,
// on a socket whose pattern only takes turns. ok is false for all that is not so simple.
func (s *recvSide) short() (m message.Message, ok bool) {
	s.mu.Lock()
	for p := s.simple(); p != nil; p = s.simple() {
		s.fair.LookAhead()
		if m, ok = p.In.Short(&s.slab); !ok {
			break
		}
		if s.fair.Next(); s.named {
			m = s.slab.Prepend(s.nameOf(p, m), m)
			break
		}
		if s.filter == nil || s.filter.wants(m.Head) {
			break
		}
	}
	s.mu.Unlock()
	return m, ok
}

func (s *recvSide) shortInto(b *message.Buffer) (ok bool) {
	s.mu.Lock()
	for p := s.simple(); p != nil; p = s.simple() {
		s.fair.LookAhead()
		if ok = p.In.ShortInto(b); !ok {
			break
		}
		if s.fair.Next(); s.named {
			b.Prepend(s.nameOf(p, b.Message))
			break
		}
		if s.filter == nil || s.filter.wants(b.Head) {
			break
		}
	}
	s.mu.Unlock()
	return ok
}

// simple is the pipe whose turn it is if nothing but its queue need be looked at. mu is held.
func (s *recvSide) simple() *pipe.Pipe {
	if s.fair == nil || s.err != nil || s.waiting.first != nil || s.holder != nil || s.back != nil {
		return nil
	}
	return s.fair.Current()
}

// recv takes a message's last steps:
//
//  1. the pattern says whose message comes next;
//  2. it is cut out of what that pipe's queue has gathered, and its envelope taken off;
//  3. if there is none the call waits, if it may: it reads the connection by itself if it was lent one (lend.go).
//
// The pipe that is returned has a producer which waits for the room.
func (c *Core) recv(ctx context.Context, b *message.Buffer) (m message.Message, room *pipe.Pipe, err error) {
	nowait, err := begin(ctx)
	if err != nil {
		return m, nil, err
	}
	s := &c.in
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		if s.err != nil {
			return m, nil, s.err
		}
		m, room, ok, err := s.next(b)
		if err != nil {
			return m, nil, c.outOfTurn("Recv")
		}
		if ok {
			s.passOn()
			return m, room, nil
		}
		if nowait {
			return m, nil, ErrWouldBlock
		}
		if s.lent.free() {
			err = s.readLent(ctx)
		} else {
			err = s.wait(ctx)
		}
		if err != nil {
			return m, nil, err
		}
	}
}

// next takes the next message that is for the user. mu is held, and let go of to tell a producer of room.
func (s *recvSide) next(b *message.Buffer) (m message.Message, room *pipe.Pipe, ok bool, err error) {
	if s.back != nil {
		return s.takeBack(), nil, true, nil
	}
	for {
		p, err := s.choose.Choose()
		if err != nil || p == nil && s.holder == nil {
			return m, nil, false, err
		}
		var more bool
		if s.holder != nil {
			m, p, ok = s.held, s.holder, true
			s.held, s.holder = message.Message{}, nil
		} else if b == nil {
			m, ok, more = p.In.Next(&s.slab)
		} else {
			ok, more = p.In.Into(b)
			m = b.Message
		}
		keep := false
		if ok {
			m, keep = s.choose.Took(p, m)
			switch {
			case s.named && b == nil: // who is named is never held
				m = s.slab.Prepend(s.nameOf(p, m), m)
			case s.named:
				b.Prepend(s.nameOf(p, m))
				m = b.Message
			case !keep && s.skip != nil:
				s.skip(p)
			}
		} else {
			s.emptied(p)
		}
		switch {
		case keep && more:
			return m, p, true, nil
		case keep:
			return m, nil, true, nil
		case more:
			s.mu.Unlock()
			p.Far.Room()
			s.mu.Lock()
		}
	}
}

// nameOf is the name of who sent m, which came from p. mu is held.
func (s *recvSide) nameOf(p *pipe.Pipe, m message.Message) []byte {
	if from := m.Peer(); from != nil && !p.Given && from.RoutingID != "" && from.RoutingID != p.ID {
		return []byte(from.RoutingID) // another peer is there by now: this one's message is still its own
	}
	return p.Name
}

// emptied: p has no message now, or never again. mu is held.
func (s *recvSide) emptied(p *pipe.Pipe) {
	s.choose.Empty(p)
	if p.In.Over() {
		s.detach(p)
	}
}

// wait waits until something may have changed. mu is held, and let go of meanwhile.
func (s *recvSide) wait(ctx context.Context) (err error) {
	w := s.waiting.add()
	s.mu.Unlock()
	select {
	case <-w.ch:
	case <-ctx.Done():
		err = &waitError{context.Cause(ctx)}
	}
	s.mu.Lock()
	if woken := s.waiting.leave(w); woken && err != nil {
		s.waiting.wake()
	}
	return err
}

// passOn leaves things in order for the next call: if more than one message came, or nobody reads what was lent while
// others wait, they are seen to. mu is held.
func (s *recvSide) passOn() {
	if s.waiting.empty() {
		return
	}
	if s.lent.free() {
		s.giveBack(nil)
	}
	if p, _ := s.choose.Choose(); p != nil || s.back != nil {
		s.waiting.wake()
	}
}

// arrived says that p has messages again. mu is held.
func (s *recvSide) arrived(p *pipe.Pipe) {
	s.choose.Ready(p)
	s.readable.set()
	s.waiting.wake()
}

// received is arrived for messages of a peer, and reports whether a call was waiting for them. They may be none for the user:
// then who waits for the channel is not told. mu alone is held, and let go of for a moment.
func (s *recvSide) received(p *pipe.Pipe) (waited bool) {
	s.choose.Ready(p)
	outside := s.announce()
	return s.waiting.wake() || outside
}

// announce tells who waits for the channel, if there is something for the user, and reports whether that is somebody who
// reads what is lent. mu alone is held, and let go of for a moment.
func (s *recvSide) announce() (outside bool) {
	if !s.readable.asked() || (s.fair == nil || s.filter != nil) && s.can() == ErrWouldBlock {
		return false
	}
	outside = s.readable.tell != nil && s.readable.self
	s.readable.set()
	return outside
}

// attach adds a pipe, which may have messages already. mu is held.
func (s *recvSide) attach(p *pipe.Pipe) {
	s.choose.Attach(p)
	s.pipes++
	s.reclaim()
	switch {
	case p.In.Len() > 0:
		s.arrived(p)
	case s.fair != nil && p.In.Idle(): // a REQ looks for strays where it is not known that there are none
		s.choose.Empty(p) // a crowd that says nothing is not to be asked
	}
}

// can is what a Recv that does not wait would return. mu is held.
func (s *recvSide) can() error {
	if s.err != nil || s.back != nil {
		return s.err
	}
	for {
		p, err := s.choose.Choose()
		if err != nil {
			return ErrState
		}
		if s.holder != nil {
			return nil
		}
		if p == nil {
			return ErrWouldBlock
		}
		ok, room := p.In.HasNext()
		if !ok {
			s.emptied(p)
		} else if s.fair == nil || s.filter != nil {
			var more bool
			ok, more = s.hold(p)
			room = room || more
		}
		if room {
			s.mu.Unlock()
			p.Far.Room()
			s.mu.Lock()
		}
		if ok {
			return nil
		}
	}
}

// hold takes the next message of a pipe that has one out, and keeps it if it is for the user. mu is held.
func (s *recvSide) hold(p *pipe.Pipe) (ok, room bool) {
	m, _, room := p.In.Next(&s.slab)
	if s.choose.Fits(p, m) {
		s.held, s.holder = m, p
	} else if s.skip != nil {
		s.skip(p)
	}
	return s.holder != nil, room
}

// CanRecv is what Recv(NoWait) would return now.
func (c *Core) CanRecv() error {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	return c.in.can()
}

// Readable is closed once Recv need not wait, or the socket has ended.
func (c *Core) Readable() <-chan struct{} {
	c.in.mu.Lock()
	defer c.in.mu.Unlock()
	if c.in.lent.free() {
		c.in.giveBack(nil) // who waits for the channel does not read
	}
	return c.in.readable.get(c.in.can() != ErrWouldBlock)
}

func (s *recvSide) detach(p *pipe.Pipe) {
	if s.choose.Detach(p) {
		s.pipes--
	}
}

// freed wakes who waits, for a pipe has gone that had left nothing, and a newcomer may have waited for its end with messages. A
// call that finds a pipe at its end by itself looks on. mu is held.
func (s *recvSide) freed() {
	if p, _ := s.choose.Choose(); p != nil {
		s.readable.set()
		s.waiting.wake()
	}
}
