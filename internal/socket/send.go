package socket

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/internal/pattern"
	"github.com/glassmq/zmq/internal/pipe"
)

// A sendSide is what Send calls share.
type sendSide struct {
	only atomic.Pointer[pipe.Pipe] // the pipe, if there is one and the pattern has no choice: short messages need no lock but its queue's

	mu *sync.Mutex // REQ and REP are one state: both sides share the lock
	// mu guards:
	choose   pattern.Sender      // nil: the type does not send; it never changes, nor what it is:
	robin    *pattern.RoundRobin // choose, if it is nothing else
	router   *pattern.Router     // choose of a ROUTER or STREAM
	fan      *pattern.Fan        // choose of a PUB, XPUB or XSUB
	err      error               // ends every call: closed, terminated
	waiting  waitlist
	writable level
	near     []*pipe.Pipe // pipes over inproc, whose consumer settles late
	dropped  uint64       // messages that a pattern drops: for a peer that is gone, or full
	copies   uint64       // of a fan: one for each peer that a message was for
	unwanted uint64       // of a fan: messages that were for nobody
	flow     flow         // what is to be told of that

	raw                        bool       // STREAM: frames are the peer's bytes
	strict                     bool       // ROUTER: a peer that is not there is an error, and a full one is waited for
	noDrop                     bool       // PUB, XPUB: a full peer is waited for
	verbose, verboser          bool       // XPUB: repeated subscriptions are told, and every unsubscription
	manual, manualLast         bool       // XPUB: the user decides; and what follows is for that peer alone …
	last                       *pipe.Pipe // … which is this one
	mostTopics, mostTopicBytes int        // that one peer may subscribe to; 0: no limit
}

// Send queues frames as one message and copies their bytes. A nil error says: queued, whole.
func (c *Core) Send(ctx context.Context, frames [][]byte) error {
	switch len(frames) {
	case 1:
		if len(frames[0]) < message.LargeBody && mayBegin(ctx) && c.out.short(frames[0]) {
			return nil
		}
	case 2:
		if c.out.router != nil && len(frames[1]) < message.LargeBody && mayBegin(ctx) && c.out.shortTo(frames[0], frames[1]) {
			return nil
		}
	}
	return c.send(ctx, frames, nil)
}

// short is the way of nearly every message of a stream: a short one, behind others in the queue whose turn it is. It
// reports false for all that is not so simple. A message that goes this way while the socket closes is sent, or counted
// as dropped.
func (s *sendSide) short(frame []byte) (ok bool) {
	if p := s.only.Load(); p != nil {
		return p.Out.PutShort(frame)
	}
	if s.robin == nil {
		return false
	}
	s.mu.Lock()
	if s.err == nil && s.waiting.first == nil {
		if p := s.robin.Current(); p != nil && p.Out.PutShort(frame) {
			s.robin.Next()
			ok = true
		}
	}
	s.mu.Unlock()
	return ok
}

// shortTo is short for a ROUTER: a message of one frame for a peer for whom others wait to be written.
func (s *sendSide) shortTo(name, frame []byte) (ok bool) {
	s.mu.Lock()
	if s.err == nil && s.waiting.first == nil && !s.raw {
		p := s.router.Find(name)
		ok = p != nil && p.Out.PutShort(frame)
	}
	s.mu.Unlock()
	return ok
}

// chosen notes whether there is a choice. mu is held.
func (s *sendSide) chosen() {
	if s.robin == nil || s.err != nil || s.waiting.first != nil { // who waits goes first
		s.only.Store(nil)
		return
	}
	s.only.Store(s.robin.Only())
}

// SendMessage is Send for bytes that nobody changes any more: large ones are shared, not copied.
func (c *Core) SendMessage(ctx context.Context, m message.Message) error {
	return c.send(ctx, nil, &m)
}

// send takes a message's first steps:
//
//  1. the pattern says whose queue it goes to;
//  2. the queue takes it, unless it is full: then the next one;
//  3. if nobody can take it the call waits, if it may;
//  4. the first message in an empty queue makes this call, or a goroutine, its writer.
func (c *Core) send(ctx context.Context, frames [][]byte, m *message.Message) error {
	nowait, err := begin(ctx)
	if err != nil {
		return err
	}
	if max(len(frames), frameCount(m)) > mostFrames {
		return Because(ErrInvalid, "zmq: %s: a message of %d frames: at most %d", c.typ, max(len(frames), frameCount(m)), mostFrames)
	}
	if m == nil && len(frames) == 0 || m != nil && m.Len() == 0 {
		return Because(ErrInvalid, "zmq: %s: a message has at least one frame; an empty frame is []byte{}", c.typ)
	}
	s := &c.out
	switch {
	case c.req != nil:
		c.relax()
	case s.router != nil:
		return c.sendTo(ctx, nowait, frames, m)
	case c.sub != nil && c.passUp(frames, m):
		return nil
	case s.fan != nil:
		return c.publish(ctx, nowait, frames, m)
	}
	s.mu.Lock()
	for eager := false; ; eager = true {
		if err := s.err; err != nil {
			s.mu.Unlock()
			return err
		}
		if c.req != nil {
			c.forgetStrays()
		}
		p, how, err := s.put(frames, m)
		if err != nil {
			s.mu.Unlock()
			return c.outOfTurn("Send")
		}
		if p != nil || how == dropped {
			s.passOn()
			s.mu.Unlock()
			if how == pipe.First {
				p.Far.Flush()
			}
			return nil
		}
		if s.settle(eager) {
			continue
		}
		if nowait {
			s.mu.Unlock()
			return ErrWouldBlock
		}
		if err := s.wait(ctx, eager, len(s.near) > 0 && !eager); err != nil {
			s.mu.Unlock()
			return err
		}
	}
}

// mostFrames leaves room for an envelope in what a receiver of ours takes.
const mostFrames = 1<<16 - 256

// headOf is the first frame of a message in one of its two forms.
func headOf(frames [][]byte, m *message.Message) []byte {
	if m != nil {
		return m.Head
	}
	return frames[0]
}

func frameCount(m *message.Message) int {
	if m == nil {
		return 0
	}
	return m.Len()
}

// dropped is an Outcome of ours: nobody took the message, and nobody will.
const dropped pipe.Outcome = 255

// put finds a pipe that takes the message; nil if nobody can now. mu is held.
func (s *sendSide) put(frames [][]byte, m *message.Message) (*pipe.Pipe, pipe.Outcome, error) {
	for {
		p, envelope, err := s.choose.Choose()
		if p == nil || err != nil {
			return nil, pipe.Full, err
		}
		var how pipe.Outcome
		if m == nil {
			how = p.Out.Put(envelope, frames)
		} else {
			how = p.Out.PutMessage(envelope, *m)
		}
		if how == pipe.Queued || how == pipe.First {
			s.choose.Took(p)
			return p, how, nil
		}
		if s.choose.Drops() {
			s.choose.Took(p)
			if how == pipe.Closed {
				p = nil
			}
			s.drop(p)
			return nil, dropped, nil
		}
		s.flow.note(p)
		s.choose.Full(p)
	}
}

// settle asks the consumers of pipes over inproc what they have taken out since they last said: they say so once per
// half queue, and a mark is exact. It reports whether somebody can take a message now, for whatever reason: mu is held,
// and let go of meanwhile.
func (s *sendSide) settle(eager bool) (room bool) {
	if len(s.near) == 0 {
		return false
	}
	for i := 0; i < len(s.near); i++ {
		p := s.near[i]
		s.mu.Unlock()
		has := p.Near.Settle(eager)
		s.mu.Lock()
		if has {
			s.choose.Ready(p)
			room = room || s.router != nil
		}
	}
	p, _, err := s.choose.Choose()
	return room || p != nil || err != nil || s.err != nil || s.router != nil && s.strict && s.anyRoom()
}

// patience is how long a sender over inproc waits for half a queue of room before it asks to hear of every message: a
// fast receiver is there sooner, and a slow one costs a wake-up each either way.
const patience = time.Millisecond

// wait waits until something may have changed, at most for patience if that is asked; again, if the call has waited
// before and keeps its place. mu is held, and let go of
// meanwhile.
func (s *sendSide) wait(ctx context.Context, again, patient bool) error {
	w := (*waiter)(nil)
	if again {
		w = s.waiting.again()
	} else {
		w = s.waiting.add()
	}
	s.chosen()
	s.mu.Unlock()
	var late <-chan time.Time
	if patient {
		late = time.After(patience)
	}
	var err error
	select {
	case <-w.ch:
	case <-late:
	case <-ctx.Done():
		err = &waitError{context.Cause(ctx)}
	}
	s.mu.Lock()
	if woken := s.waiting.leave(w); woken && err != nil {
		s.waiting.wake()
	}
	s.chosen()
	return err
}

// passOn wakes the next call that waits if there is room for it as well. mu is held.
func (s *sendSide) passOn() {
	if !s.waiting.empty() {
		if p, _, err := s.choose.Choose(); p != nil || err != nil {
			s.waiting.wake()
		}
	}
}

// ready says that p has room again. No lock is held.
func (s *sendSide) ready(p *pipe.Pipe) {
	s.mu.Lock()
	s.choose.Ready(p)
	s.wakeOne()
	s.mu.Unlock()
}

// wakeOne lets one call go on; each that succeeds wakes the next. mu is held.
func (s *sendSide) wakeOne() {
	if s.robin != nil {
		s.waiting.wake()
	} else {
		s.waiting.wakeAll() // each waits for a peer of its own
	}
	s.writable.set()
}

// can is what a Send that does not wait would return. mu is held.
func (s *sendSide) can() error {
	for again := true; again; again = s.settle(true) {
		if s.err != nil {
			return s.err
		}
		switch {
		case s.router != nil && s.strict && s.anyRoom(), s.router != nil && !s.strict, s.fan != nil:
			return nil
		}
		for {
			p, _, err := s.choose.Choose()
			if err != nil {
				return ErrState
			}
			if p == nil {
				break
			}
			if s.choose.Drops() || !p.Out.Awaits() {
				return nil
			}
			s.flow.note(p)
			s.choose.Full(p)
		}
	}
	return ErrWouldBlock
}

// CanSend is what Send(NoWait) would return now.
func (c *Core) CanSend() error {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.out.can()
}

// Writable is closed once Send need not wait, or the socket has ended.
func (c *Core) Writable() <-chan struct{} {
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.out.writable.get(c.out.can() != ErrWouldBlock)
}

// attach and detach add and remove a pipe. mu is held.
func (s *sendSide) attach(p *pipe.Pipe) {
	s.choose.Attach(p)
	if p.Near != nil {
		s.near = append(s.near, p)
	}
	s.chosen()
	s.wakeOne()
}

func (s *sendSide) detach(p *pipe.Pipe) {
	s.choose.Detach(p)
	if s.router != nil || s.fan != nil {
		s.waiting.wakeAll() // somebody may wait for this peer
	}
	if i := slices.Index(s.near, p); i >= 0 {
		s.near = slices.Delete(s.near, i, i+1)
	}
	s.chosen()
}
