package monitor

import (
	"fmt"
	"iter"
	"math/bits"
	"time"
)

// Check reads a story, of one socket or several, and returns nil if every
// event is legal after those before it; else it names the first that is not,
// and the rule. The rules are the tables in docs/events.md ("The grammar"),
// and:
//
//   - an event has one kind; those about a connection carry its Conn, those
//     about an endpoint or the socket carry none
//   - Seq grows, per socket; Time does not go back (where both have a
//     monotonic reading: a wall clock may be set)
//   - a Conn belongs to one socket and one endpoint, has one terminal event,
//     and no event after it: ids are not used again
//   - a Connect has one attempt or connection at a time
//   - an attempt that is called off (LocalClosed while it is pending) counts as
//     ConnectFailed for its endpoint
//   - Closed after ConnectFailed names the same Attempt
//   - nothing follows MonitorStopped
//
// What was not seen is excused, but no more than that. A socket whose first
// event is not its number 1 began before the story, and Lost tells of a gap:
// from there, a connection or endpoint that is new to the story may be
// anywhere in its life, and at a gap those that are known may have moved on,
// but what had ended stays ended. Kinds without a name, and CloseFailed, are
// legal anywhere. A story may stop in the middle.
//
// Check supposes that the reader saw all Lifecycle kinds; see CheckMask.
func Check(story iter.Seq[Event]) error { return CheckMask(Lifecycle, story) }

// CheckMask is Check for a reader with mask m: kinds that m leaves out may have
// happened unseen.
func CheckMask(m Mask, story iter.Seq[Event]) error {
	c := checker{
		silent:    Lifecycle &^ m,
		sockets:   make(map[uint64]*socketLife),
		endpoints: make(map[endpointKey]*endpointLife),
		conns:     make(map[ConnID]*connLife),
	}
	n := 0
	for e := range story {
		n++
		if err := c.event(&e); err != nil {
			return fmt.Errorf("event %d of the story (seq %d, %v): %w", n, e.Seq, e.Kind, err)
		}
	}
	return nil
}

// everything is what can have happened in a gap.
const everything = ^Kind(0)

type checker struct {
	silent    Mask // kinds that may have happened although they were not seen
	gap       bool // a Lost was seen
	sockets   map[uint64]*socketLife
	endpoints map[endpointKey]*endpointLife
	conns     map[ConnID]*connLife
}

type socketLife struct {
	late    bool // the story began in the middle of its life
	begun   bool // it has an event before this one
	seq     uint64
	time    time.Time
	stopped bool
}

type endpointKey struct{ socket, endpoint uint64 }

type endpointLife struct {
	at      states
	conn    ConnID // of the last attempt
	attempt int
}

type connLife struct {
	at       states
	endpoint endpointKey
	last     Kind
}

func (c *checker) event(e *Event) error {
	if bits.OnesCount64(uint64(e.Kind)) != 1 {
		return fmt.Errorf("an event has exactly one kind")
	}
	s := c.socket(e)
	if err := s.event(e); err != nil {
		return err
	}
	if e.Kind == Lost {
		return c.lost(e)
	}
	switch {
	case e.Kind&ofConn != 0 && e.Conn == 0:
		return fmt.Errorf("it is about a connection but has no Conn")
	case e.Kind&notOfConn != 0 && e.Conn != 0:
		return fmt.Errorf("it is not about a connection but has a Conn")
	}
	late := s.late || c.gap
	before, err := c.conn(e, late)
	if err != nil {
		return err
	}
	kind := e.Kind
	if kind == LocalClosed && e.Side != SideBind && before&connDialing != 0 {
		kind = ConnectFailed // called off
		if before != connDialing {
			kind |= LocalClosed // or not: in a gap its connection may have come up
		}
	}
	return c.endpoint(e, kind, late)
}

func (c *checker) socket(e *Event) *socketLife {
	s := c.sockets[e.SocketID]
	if s == nil {
		s = &socketLife{late: e.Seq != 1}
		c.sockets[e.SocketID] = s
	}
	return s
}

func (s *socketLife) event(e *Event) error {
	switch {
	case s.stopped:
		return fmt.Errorf("nothing follows monitor_stopped")
	case s.begun && e.Seq <= s.seq:
		return fmt.Errorf("its number is not above %d, that of the event before it", s.seq)
	case monotonic(s.time) && monotonic(e.Time) && e.Time.Before(s.time):
		return fmt.Errorf("it happened %v before the event before it", s.time.Sub(e.Time))
	}
	s.begun, s.seq, s.time = true, e.Seq, e.Time
	s.stopped = e.Kind == MonitorStopped
	return nil
}

// monotonic says whether t has a monotonic reading: == sees it, Round(0)
// strips it (package time).
func monotonic(t time.Time) bool { return t != t.Round(0) }

func (c *checker) lost(e *Event) error {
	if e.Count == 0 {
		return fmt.Errorf("it stands for no event")
	}
	c.gap = true
	for _, life := range c.conns {
		life.at = connGrammar.unseen(life.at, everything)
	}
	for _, life := range c.endpoints {
		life.at = endpointGrammar.unseen(life.at, everything)
	}
	return nil
}

// conn walks e's connection on, and returns where it can have been before.
func (c *checker) conn(e *Event, late bool) (before states, err error) {
	key := endpointKey{e.SocketID, e.EndpointID}
	if e.Conn == 0 || connGrammar.of()&e.Kind == 0 {
		return 0, nil
	}
	life := c.conns[e.Conn]
	if life == nil {
		life = &connLife{at: firstState(e.Side), endpoint: key}
		if late {
			life.at = connLate &^ connEnded // its terminal event is not behind it, or this is another's id
		}
		c.conns[e.Conn] = life
	}
	if life.endpoint != key {
		return 0, fmt.Errorf("connection %d is of endpoint %d of socket %d: an id is not used again", e.Conn, life.endpoint.endpoint, life.endpoint.socket)
	}
	before = connGrammar.unseen(life.at, c.silent)
	life.at = connGrammar.next(before, e.Kind)
	if life.at == 0 {
		return 0, refuse("connection", uint64(e.Conn), &connGrammar, before, life.last)
	}
	life.last = e.Kind
	return before, nil
}

func firstState(s Side) states {
	switch s {
	case SideBind:
		return connNew
	case SideConnect:
		return connDialing
	}
	return connNew | connDialing
}

// endpoint walks e's endpoint on. kind is what e counts as there.
func (c *checker) endpoint(e *Event, kind Kind, late bool) error {
	if e.EndpointID == 0 || endpointGrammar.of()&kind == 0 {
		return nil
	}
	key := endpointKey{e.SocketID, e.EndpointID}
	life := c.endpoints[key]
	if life == nil {
		life = &endpointLife{at: endNew}
		if late {
			life.at = endLate
		}
		c.endpoints[key] = life
	}
	if err := c.attempt(e, kind, life); err != nil {
		return err
	}
	at := endpointGrammar.unseen(life.at, c.silent)
	life.at = endpointGrammar.next(at, kind)
	if life.at == 0 {
		return refuse("endpoint", e.EndpointID, &endpointGrammar, at, 0)
	}
	return nil
}

// attempt holds the two rules that join a Connect with its attempts.
func (c *checker) attempt(e *Event, kind Kind, life *endpointLife) error {
	switch {
	case kind&(ConnectDelayed|Connected|ConnectFailed) != 0:
		before := c.conns[life.conn]
		if before != nil && life.conn != e.Conn && connGrammar.unseen(before.at, c.silent)&connEnded == 0 {
			return fmt.Errorf("endpoint %d dials while its connection %d has not ended", e.EndpointID, life.conn)
		}
		life.conn, life.attempt = e.Conn, e.Attempt
	case kind == Closed:
		if life.at == endFailed && e.Attempt != life.attempt {
			return fmt.Errorf("it closes attempt %d, but attempt %d is the one that failed", e.Attempt, life.attempt)
		}
	}
	return nil
}

func refuse(what string, id uint64, g *grammar, at states, last Kind) error {
	after := ""
	if last != 0 {
		after = ", after " + last.String()
	}
	if legal := g.legal(at); legal != 0 {
		return fmt.Errorf("%s %d is %s%s: legal are %v", what, id, g.name(at), after, legal)
	}
	return fmt.Errorf("%s %d is %s%s: nothing more is legal", what, id, g.name(at), after)
}

// name is a set of states in words: "up", "ready or silent".
func (g *grammar) name(at states) (words string) {
	for bit, name := range g.names {
		if at&(1<<bit) == 0 {
			continue
		}
		if words != "" {
			words += " or "
		}
		words += name
	}
	return words
}
