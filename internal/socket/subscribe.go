package socket

import (
	"bytes"
	"sync"
	"sync/atomic"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/internal/peer"
	"github.com/glassmq/zmq/internal/pipe"
	"github.com/glassmq/zmq/internal/topic"
)

// SUB and XSUB:
//
//  1. what the socket subscribes to is kept and counted here (Subscribe; XSUB's Send);
//  2. every publisher hears of what changes, and a new one of all there is, before anything else is said to it (greet);
//  3. SUB looks again at what comes (wants): a publisher may send what was unsubscribed a moment ago, or everything.

// A subscriber is what these types add to a socket. Its lock is taken after the control lock.
type subscriber struct {
	all  atomic.Bool // something matches everything: nothing need be looked up
	mute bool        // XSUB: matches everything, whatever is subscribed
	mu   sync.Mutex
	// mu guards:
	topics  topic.Counted
	invert  bool
	verbose bool // each Unsubscribe is passed on, and not only the last
	conns   map[*peer.Conn]struct{}
	links   map[*pipe.Pipe]struct{} // over inproc
}

func newSubscriber() *subscriber {
	return &subscriber{conns: map[*peer.Conn]struct{}{}, links: map[*pipe.Pipe]struct{}{}}
}

// wants reports whether a message that begins with head is for the user. The receiving lock is held.
func (s *subscriber) wants(head []byte) bool {
	if s.all.Load() {
		return true
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.topics.Match(head) != s.invert
}

// looked notes whether wants need not look. mu is held.
func (s *subscriber) looked() {
	s.all.Store(s.mute || !s.invert && s.topics.Count(nil) > 0)
}

// Subscribe adds prefixes, or takes them back: each as often as it was added. It fails, and then nothing has changed, if
// one was not there.
func (c *Core) Subscribe(prefixes []string, on bool) error {
	if err := c.Refused(); err != nil {
		return err
	}
	s := c.sub
	s.mu.Lock()
	if !on {
		if missing, ok := s.missing(prefixes); ok {
			s.mu.Unlock()
			return Because(ErrNotFound, "zmq: %s: not subscribed to %q: nothing was unsubscribed", c.typ, shorten(missing))
		}
	}
	var flush []*pipe.Pipe
	var said []*peer.Conn
	for _, prefix := range prefixes {
		f, w := s.turn([]byte(prefix), on)
		flush, said = append(flush, f...), append(said, w...)
	}
	s.mu.Unlock()
	flushAll(flush, said)
	return nil
}

// missing finds a prefix that is asked for more often than it was added. mu is held.
func (s *subscriber) missing(prefixes []string) (string, bool) {
	asked := map[string]int{}
	for _, prefix := range prefixes {
		if asked[prefix]++; asked[prefix] > s.topics.Count([]byte(prefix)) {
			return prefix, true
		}
	}
	return "", false
}

// turn changes one prefix, and has it said to every publisher. mu is held.
func (s *subscriber) turn(prefix []byte, on bool) (flush []*pipe.Pipe, said []*peer.Conn) {
	pass := true
	if on {
		s.topics.Add(prefix)
	} else if was, last := s.topics.Remove(prefix); !s.verbose {
		pass = was && last
	}
	s.looked()
	if !pass {
		return nil, nil
	}
	for conn := range s.conns {
		if q := conn.Pipe.Out; q != nil && q.Len() > 0 { // XSUB: behind the messages that it sent before
			q.Tell(nil, notice(prefix, on))
		} else {
			conn.Subscribe(prefix, on)
		}
		said = append(said, conn)
	}
	for p := range s.links {
		if p.Out.Tell(nil, notice(prefix, on)) {
			flush = append(flush, p)
		}
	}
	return flush, said
}

// notice is a subscription as a message (RFC 23: 1 or 0 and the prefix).
func notice(prefix []byte, on bool) []byte {
	b := make([]byte, 1+len(prefix))
	if on {
		b[0] = 1
	}
	copy(b[1:], prefix)
	return b
}

// flushAll lets what was queued go. No lock is held.
func flushAll(pipes []*pipe.Pipe, conns []*peer.Conn) {
	for _, p := range pipes {
		p.Far.Flush()
	}
	for _, conn := range conns {
		conn.Flush()
	}
}

// greet says to a publisher what is subscribed, before anything else is said to it, and keeps it in the know. Control
// lock held.
func (s *subscriber) greet(conn *peer.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := conn.Pipe.Out
	again := q != nil && q.Len() > 0 // an Unsubscribe of before the break may be among what is queued
	for prefix := range s.topics.All() {
		if conn.Subscribe(prefix, true); again {
			q.Tell(nil, notice(prefix, true))
		}
	}
	s.conns[conn] = struct{}{}
}

// greetLink is greet for a publisher over inproc, whose queue is p.Out: it hears when it is told to look. Control lock
// held.
func (s *subscriber) greetLink(p *pipe.Pipe) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for prefix := range s.topics.All() {
		p.Out.Tell(nil, notice(prefix, true))
	}
	s.links[p] = struct{}{}
}

func (s *subscriber) leave(conn *peer.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

func (s *subscriber) leaveLink(p *pipe.Pipe) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.links, p)
}

// passUp is XSUB's Send of a subscription: a message of one frame that begins with 1 or 0 (RFC 29). ok is false if it
// is something else, and goes to every publisher as it stands.
func (c *Core) passUp(frames [][]byte, m *message.Message) (ok bool) {
	head := headOf(frames, m)
	if max(len(frames), frameCount(m)) != 1 || len(head) == 0 || head[0] > 1 {
		return false
	}
	c.sub.mu.Lock()
	flush, said := c.sub.turn(head[1:], head[0] == 1)
	c.sub.mu.Unlock()
	flushAll(flush, said)
	return true
}

// ParseSubscription takes apart what an XPUB receives.
func ParseSubscription(m message.Message) (prefix []byte, on, ok bool) {
	if m.Len() != 1 || len(m.Head) == 0 || m.Head[0] > 1 {
		return nil, false, false
	}
	return m.Head[1:], m.Head[0] == 1, true
}

// hear obeys the subscriptions that have come over inproc: they lie in up, which the subscriber's socket feeds. No lock
// is held.
func (l *link) hear() {
	l.hearing.Lock()
	defer l.hearing.Unlock()
	for {
		m, ok, _ := l.up.Next(&l.slab)
		if !ok {
			return
		}
		if prefix, on, ok := ParseSubscription(m); ok {
			(*host)(l.owner).Subscribed(l.pipe, l.peer, bytes.Clone(prefix), on) // its error would end a connection: within a process nobody attacks
		} else {
			(*host)(l.owner).Upstream(l.pipe, l.peer, frameList(m)...)
		}
	}
}

func frameList(m message.Message) [][]byte { return append([][]byte{m.Head}, m.Tail()...) }

// Topics is the number of different prefixes that this socket, or its peers, subscribed to.
func (c *Core) Topics() int {
	if c.sub != nil {
		c.sub.mu.Lock()
		defer c.sub.mu.Unlock()
		return c.sub.topics.Len()
	}
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	return c.out.fan.Topics.Prefixes()
}
