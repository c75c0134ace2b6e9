package socket

import (
	"bytes"
	"context"
	"strings"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/internal/pipe"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// PUB and XPUB:
//
//  1. what a peer subscribes to comes over its connection and takes effect at once, on the goroutine that read it
//     (Subscribed);
//  2. an XPUB's user hears of it (notice), and with XPubManual decides (Admit);
//  3. publish gives a message to every peer that wants it, and drops it for those that are full, or waits for them.

// publish gives a message to its audience: whoever subscribed to it, or over XSUB everybody.
func (c *Core) publish(ctx context.Context, nowait bool, frames [][]byte, m *message.Message) error {
	var idle, full [8]*pipe.Pipe
	first, late := idle[:0], full[:0]
	s := &c.out
	s.mu.Lock()
	to, err := c.audience(ctx, nowait, frames, m)
	if err != nil {
		s.mu.Unlock()
		return err
	}
	if s.copies += uint64(len(to)); len(to) == 0 {
		s.unwanted++
	}
	if len(to) > 1 && m == nil {
		frames = shared(frames)
	}
	for _, p := range to {
		switch putAny(p.Out, frames, m, len(to) > 1) {
		case pipe.First:
			first = append(first, p)
		case pipe.Full:
			if p.Near == nil {
				s.drop(p)
			} else {
				late = append(late, p)
			}
		case pipe.Closed:
			s.drop(nil)
		}
	}
	s.mu.Unlock()
	for _, p := range late { // over inproc the receiver may have taken more than it has said
		how := pipe.Full
		if p.Near.Settle(false) {
			how = putAny(p.Out, frames, m, true)
		}
		if how == pipe.First {
			first = append(first, p)
		} else if how != pipe.Queued {
			s.mu.Lock()
			s.drop(p)
			s.mu.Unlock()
		}
	}
	for _, p := range first {
		p.Far.Flush()
	}
	return nil
}

// shared gives large frames bytes of their own, once for all receivers.
func shared(frames [][]byte) [][]byte {
	for i, f := range frames {
		if len(f) >= message.LargeBody {
			own := append([][]byte(nil), frames...)
			for j := i; j < len(own); j++ {
				if len(own[j]) >= message.LargeBody {
					own[j] = bytes.Clone(own[j])
				}
			}
			return own
		}
	}
	return frames
}

// putAny queues a message in one of its two forms; share: large frames are nobody's to change.
func putAny(q *pipe.Queue, frames [][]byte, m *message.Message, share bool) pipe.Outcome {
	switch {
	case m != nil:
		return q.PutMessage(nil, *m)
	case share:
		return q.PutShared(frames)
	}
	return q.Put(nil, frames)
}

// audience is who gets a message; with NoDrop it waits until all of them have room. mu is held, and let go of meanwhile.
func (c *Core) audience(ctx context.Context, nowait bool, frames [][]byte, m *message.Message) ([]*pipe.Pipe, error) {
	s := &c.out
	for again := false; ; again = true {
		if s.err != nil {
			return nil, s.err
		}
		to := c.listeners(frames, m)
		full := (*pipe.Pipe)(nil)
		if s.noDrop {
			for _, p := range to {
				if p.Out.Awaits() && !p.Out.Closed() {
					s.flow.note(p)
					full = p
					break
				}
			}
		}
		switch {
		case full == nil:
			s.last = nil
			return to, nil
		case s.settleOne(full, again):
		case nowait:
			return nil, ErrWouldBlock
		default:
			if err := s.wait(ctx, again, full.Near != nil && !again); err != nil {
				return nil, err
			}
		}
	}
}

// listeners are whom a message is for. mu is held.
func (c *Core) listeners(frames [][]byte, m *message.Message) []*pipe.Pipe {
	s := &c.out
	if !c.rule.publishes {
		return s.fan.All()
	}
	to := s.fan.Audience(headOf(frames, m))
	if s.last == nil {
		return to
	}
	for i, p := range to { // XPubManualLastValue: what follows an Admit is for that peer alone
		if p == s.last {
			return to[i : i+1]
		}
	}
	return nil
}

// Subscribed obeys what a peer subscribes to, or no longer; it is called by who reads from the peer.
func (h *host) Subscribed(p *pipe.Pipe, from *monitor.Peer, prefix []byte, on bool) error {
	c := (*Core)(h)
	c.mu.Lock() // over inproc the other end may just be cutting the connection: nothing is told of it after its last event
	defer c.mu.Unlock()
	s := &c.out
	s.mu.Lock()
	if p.Deaf {
		s.mu.Unlock()
		return nil
	}
	if c.rule.receives && s.manual {
		s.mu.Unlock()
		c.notice(p, from, prefix, on)
		return nil
	}
	if on && s.tooMany(p, prefix) && !s.fan.Topics.Has(prefix, p) {
		s.mu.Unlock()
		return &zmtp.ProtocolError{Code: zmtp.SubscriptionLimit, Detail: "the peer subscribed to more than one peer may"}
	}
	changed, told, sole := s.subscribe(p, prefix, on)
	s.mu.Unlock()
	if told {
		c.notice(p, from, prefix, on)
	}
	if changed {
		c.subscribed(from, prefix, on)
	}
	if sole {
		h.Changed() // a publisher's peer is ready when it has subscribed
	}
	return nil
}

// tooMany reports whether one prefix more is over p's limit. mu is held.
func (s *sendSide) tooMany(p *pipe.Pipe, prefix []byte) bool {
	n, size := s.fan.Topics.Count(p)
	return s.mostTopics > 0 && n >= s.mostTopics || s.mostTopicBytes > 0 && size+len(prefix) > s.mostTopicBytes
}

// subscribe changes what p gets. changed: p had it not, or had it; told: an XPUB's user hears of it; sole: it is p's
// first. mu is held.
func (s *sendSide) subscribe(p *pipe.Pipe, prefix []byte, on bool) (changed, told, sole bool) {
	if on {
		fresh, first := s.fan.Topics.Add(prefix, p)
		n, _ := s.fan.Topics.Count(p)
		return fresh, first || s.verbose, fresh && n == 1
	}
	was, last := s.fan.Topics.Remove(prefix, p)
	if was {
		s.waiting.wakeAll() // a message that waits for p may be for others only
	}
	return was, last || s.verboser, false
}

// subscribed tells the event. Control lock held.
func (c *Core) subscribed(from *monitor.Peer, prefix []byte, on bool) {
	kind := monitor.Subscribed
	if !on {
		kind = monitor.Unsubscribed
	}
	e := &monitor.Event{Kind: kind}
	if c.hub.Wanted()&kind != 0 {
		e.Topic = string(prefix)
	}
	e.SetPeer(from)
	if from.Remote == from.Endpoint && strings.HasPrefix(from.Remote, "inproc://") {
		e.Kind |= monitor.Inproc
	}
	c.hub.Emit(e)
}

// notice passes a subscription on to an XPUB's user, as a message (RFC 29).
func (c *Core) notice(p *pipe.Pipe, from *monitor.Peer, prefix []byte, on bool) {
	(*host)(c).Upstream(p, from, notice(prefix, on))
}

// Upstream passes on what a subscriber says, whatever the mark says: to hold a subscription back would hold back the
// messages that it is about. A peer that says more than its user takes in is held to the limits of subscriptions.
func (h *host) Upstream(p *pipe.Pipe, from *monitor.Peer, frames ...[]byte) {
	if p.In == nil {
		return // PUB has no use for it (RFC 29: "SHALL NOT receive")
	}
	size := 0
	for _, f := range frames {
		size += len(f) + pipe.NoticeCost
	}
	c := (*Core)(h)
	c.out.mu.Lock()
	most := int64(c.out.mostTopicBytes)
	ends := len(frames) == 1 && len(frames[0]) > 0 && frames[0][0] == 0 // as often as it began, and who misses it keeps the topic for ever
	over := most > 0 && !ends && p.Heard.Load()+int64(size) > most
	if over {
		c.out.skip(p)
	}
	c.out.mu.Unlock()
	if over {
		return
	}
	p.Heard.Add(int64(size))
	if p.In.Tell(from, frames...) {
		c.in.mu.Lock()
		c.in.arrived(p)
		c.in.mu.Unlock()
	}
}

// forgetMost is how many subscriptions are taken back while senders wait: about 100 µs.
const forgetMost = 200

// forgetTopics takes back all that p subscribed to. Control lock held.
func (c *Core) forgetTopics(p *pipe.Pipe, from *monitor.Peer) {
	s := &c.out
	var told [][]byte
	s.mu.Lock()
	p.Deaf = true
	if s.last == p {
		s.last = nil
	}
	var each func(prefix []byte, last bool)
	if c.rule.receives {
		each = func(prefix []byte, last bool) {
			if last || s.verboser {
				told = append(told, bytes.Clone(prefix))
			}
		}
	}
	for s.fan.Topics.RemoveSome(p, forgetMost, each) { // a million take most of a second, and others send meanwhile
		s.mu.Unlock()
		s.mu.Lock()
	}
	s.mu.Unlock()
	for _, prefix := range told {
		c.notice(p, from, prefix, false)
	}
}

// Admit subscribes the peer that a message came from to a prefix, or with !on unsubscribes it: XPubManual.
func (c *Core) Admit(id monitor.ConnID, prefix []byte, on bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	p, from := c.pipeOf(id)
	if p == nil {
		return Because(ErrNotFound, "zmq: XPUB: the peer that this message came from is gone")
	}
	s := &c.out
	s.mu.Lock()
	if !s.manual {
		s.mu.Unlock()
		return Because(ErrInvalid, "zmq: XPUB: subscriptions take effect by themselves: set XPubManual to decide about them")
	}
	if p.Deaf {
		s.mu.Unlock()
		return Because(ErrNotFound, "zmq: XPUB: the peer that this message came from is gone")
	}
	changed, _, sole := s.subscribe(p, prefix, on)
	if s.manualLast && on {
		s.last = p
	}
	s.mu.Unlock()
	if changed {
		c.subscribed(from, prefix, on)
	}
	if sole {
		(*host)(c).Changed()
	}
	return nil
}

// pipeOf is the pipe of a live connection. Control lock held.
func (c *Core) pipeOf(id monitor.ConnID) (*pipe.Pipe, *monitor.Peer) {
	for _, conn := range c.connections() {
		if conn.ID == id && conn.IsReady() {
			return conn.Pipe, conn.Facts()
		}
	}
	for l := range c.links {
		if l.id == id {
			return l.pipe, l.peer
		}
	}
	return nil, nil
}
