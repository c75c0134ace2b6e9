package detect

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/whole"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// A socket is one socket, with what each family remembers of it.
type socket struct {
	p         *process
	id        uint64
	name, typ string
	seq       uint64 // of the last event
	lines     whole.Lines
	raised    map[*alarm]struct{}

	peers  map[monitor.ConnID]peer
	dials  map[place]*dial
	doors  map[visitor]*door
	claims map[string]*claim
	queues map[monitor.ConnID]*queue
	drops  drops
	stream stream
}

// A peer is one whose handshake is through: for words.
type peer struct{ remote, id string }

// String is what the peer calls itself and where it is.
func (p peer) String() string {
	if p.id == "" {
		return p.remote
	}
	return p.id + " (" + p.remote + ")"
}

// maxPeers is how many peers have a name in words.
const maxPeers = 20_000

func newSocket(p *process, id uint64) *socket {
	return &socket{
		p: p, id: id, raised: make(map[*alarm]struct{}),
		peers: make(map[monitor.ConnID]peer), dials: make(map[place]*dial), doors: make(map[visitor]*door),
		claims: make(map[string]*claim), queues: make(map[monitor.ConnID]*queue),
	}
}

func (s *socket) now() time.Time { return s.p.d.now }
func (s *socket) o() *Thresholds { return &s.p.d.o }

func (s *socket) event(e *monitor.Event) {
	s.dialEvent(e)
	s.doorEvent(e)
	s.claimEvent(e)
	s.queueEvent(e)
	s.dropEvent(e)
	s.p.fds.event(s, e)
	switch {
	case e.Conn == 0:
	case e.Kind == monitor.HandshakeSucceeded:
		s.greet(e.Conn, peer{e.Remote, text(e.PeerID)})
	case e.Terminal():
		delete(s.peers, e.Conn)
	}
}

// state takes in what is true of s. A state that is older than the events knows less than they: whom it speaks of may have gone.
func (s *socket) state(st *fact.State) {
	span, isWhole := s.lines.Read(st)
	if st.Seq >= s.seq {
		if isWhole {
			s.only(span, st)
		}
		for i := range st.Peers {
			if p := &st.Peers[i]; p.Ready {
				s.greet(p.Conn, peer{p.Remote, text(p.ID)})
			}
		}
		if st.Full { // its endpoints are all in the first line
			s.dialState(st)
		}
	}
	s.queueState(st)
	s.stream.state(s, st)
}

// only forgets the connections whose ends were lost.
func (s *socket) only(span whole.Span, st *fact.State) {
	there := make(map[monitor.ConnID]bool, len(st.Peers))
	for i := range st.Peers {
		there[st.Peers[i].Conn] = true
	}
	for c := range s.peers {
		if span.Has(c) && !there[c] {
			delete(s.peers, c)
		}
	}
	for c := range s.queues {
		if span.Has(c) && !there[c] {
			s.unqueue(c, "is not there any more")
		}
	}
}

func (s *socket) tick() {
	s.dialTick()
	s.doorTick()
	s.claimTick()
	s.queueTick()
	s.dropTick()
	s.stream.tick(s)
}

func (s *socket) greet(c monitor.ConnID, p peer) {
	if len(s.peers) < maxPeers {
		s.peers[c] = p
	}
}

// text is what a peer calls itself: an id that begins with a zero byte was made up by our side (RFC 28), and one that is not text
// is hexadecimal.
func text(id string) string {
	if id == "" || id[0] == 0 {
		return ""
	}
	if quoted := strconv.Quote(id); quoted != `"`+id+`"` {
		return fmt.Sprintf("%x", id)
	}
	return id
}

// host is an address without the port, which the system chose.
func host(remote string) string {
	i := strings.LastIndexByte(remote, ':')
	if !strings.HasPrefix(remote, "tcp://") || i < len("tcp://") {
		return remote
	}
	return remote[:i]
}

// String is the socket in words: "SUB md".
func (s *socket) String() string {
	if s.name == "" {
		return s.typ + " socket " + strconv.FormatUint(s.id, 10)
	}
	return s.typ + " " + s.name
}

// An alarm is a condition that may be raised.
type alarm struct {
	raised bool
	c      fact.Condition
}

// raise says once that c is so. What looks the same from outside, such as two Connects to one endpoint, is one condition.
func (s *socket) raise(a *alarm, c fact.Condition) {
	c.State, c.Sock, c.SockName, c.SockType = fact.Raised, s.id, s.name, s.typ
	if a.raised || s.hasRaised(&c) {
		return
	}
	if c.Since.IsZero() {
		c.Since = s.now()
	}
	c.Since = c.Since.UTC()
	a.raised, a.c = true, c
	s.raised[a] = struct{}{}
	s.p.d.found = append(s.p.d.found, Found{s.p.Instance, c, s.now()})
}

func (s *socket) hasRaised(c *fact.Condition) bool {
	for a := range s.raised {
		have := &a.c
		if have.Name == c.Name && have.Endpoint == c.Endpoint && have.Conn == c.Conn && have.Remote == c.Remote && have.Peer == c.Peer {
			return true
		}
	}
	return false
}

// clear says once that it is so no more; n is how many it was in the end.
func (s *socket) clear(a *alarm, why string, n uint64) {
	if !a.raised {
		return
	}
	c := a.c
	c.State, c.Severity, c.Why, c.Hint, c.Count = fact.Cleared, "info", why, "", max(n, c.Count)
	*a = alarm{}
	delete(s.raised, a)
	s.p.d.found = append(s.p.d.found, Found{s.p.Instance, c, s.now()})
}

// times are the last few moments of something that comes one by one.
type times []time.Time

// maxTimes is more than any threshold asks for.
const maxTimes = 16

// add counts one at now, and forgets what is older than window.
func (ts *times) add(now time.Time, window time.Duration) (n int) {
	kept := (*ts)[:0]
	for _, t := range *ts {
		if now.Sub(t) <= window {
			kept = append(kept, t)
		}
	}
	if len(kept) == maxTimes {
		copy(kept, kept[1:])
		kept = kept[:maxTimes-1]
	}
	*ts = append(kept, now)
	return len(*ts)
}

// span is a length of time as people say it.
func span(d time.Duration) string {
	switch {
	case d < 10*time.Second:
		return d.Round(100 * time.Millisecond).String()
	case d < time.Hour:
		return d.Round(time.Second).String()
	}
	return d.Round(time.Minute).String()
}

// within is the time over which something was counted.
func within(d time.Duration) string {
	if d < time.Second {
		return "within a second"
	}
	return "in " + span(d)
}

// many is a number with its noun: "1 message", "2 messages".
func many(n uint64, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.FormatUint(n, 10) + " " + what + "s"
}
