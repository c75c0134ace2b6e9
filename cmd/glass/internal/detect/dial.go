package detect

import (
	"fmt"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// A place is an endpoint: by its id, or where libzmq has none by its address.
type place struct {
	id uint64
	at string
}

// placeOf is e's.
func placeOf(e *monitor.Event) place {
	if e.EndpointID != 0 {
		return place{id: e.EndpointID}
	}
	return place{at: e.Addr()}
}

// A dial is an endpoint that is connected to: a row of attempts that fail, or of connections that do not last.
type dial struct {
	endpoint string
	alarm    alarm

	pending   time.Time     // since when an attempt goes unanswered; zero: none does
	up        bool          // the transport is
	ready     time.Time     // since when; zero: it is not
	handshake monitor.Event // that failed, of the attempt under way; Kind 0: none

	quiet time.Time // since when libzmq may have given up, which it does without a word; zero: it has not

	failed uint64    // attempts in a row
	ways   []way     // in which the last of them failed
	begun  time.Time // the first of them
	last   monitor.Event

	lives []life // that have ended within the window
}

// The ways in which an attempt fails, each a condition.
type way int

const (
	refused way = iota
	unanswered
	closed
	denied
)

// maxWays is how many attempts decide what an endpoint suffers from: a server that was down for hours, and is up with another key,
// is not down any more.
const maxWays = 5

var wayNames = [...]string{ServerDown, BlackHole, AcceptsThenCloses, HandshakeFailing}

// dialEvent follows the attempts at an endpoint.
func (s *socket) dialEvent(e *monitor.Event) {
	d := s.dial(e)
	if d == nil {
		return
	}
	if e.Kind&(monitor.ConnectDelayed|monitor.Connected|monitor.ConnectRetried) != 0 {
		d.quiet = time.Time{}
	}
	switch e.Kind {
	case monitor.ConnectDelayed:
		if d.pending.IsZero() {
			d.pending = s.now()
		}
	case monitor.Connected:
		d.pending, d.up = time.Time{}, true
	case monitor.HandshakeSucceeded:
		d.ready, d.pending = s.now(), time.Time{}
		if !d.alarm.raised { // the row is over; one that was told is over when the connection lasts
			d.failed, d.ways = 0, nil
		}
	case monitor.HandshakeFailedNoDetail, monitor.HandshakeFailedProtocol, monitor.HandshakeFailedAuth:
		d.handshake = *e
	case monitor.ConnectFailed:
		d.fail(s, e, wayOf(e))
	case monitor.Disconnected, monitor.LocalClosed:
		d.ended(s, e)
	case monitor.ConnectRetried:
		if e.EndpointID == 0 && !d.up { // libzmq does not tell of an attempt that failed, only that there will be another
			d.fail(s, e, refused)
		}
		d.up = false
	case monitor.GaveUp:
		d.giveUp(s)
	case monitor.Unbound:
		s.leave(d, placeOf(e))
	}
}

// dial is the endpoint that e is about; nil if it is not one that is dialled.
func (s *socket) dial(e *monitor.Event) *dial {
	at := placeOf(e)
	d := s.dials[at]
	if d == nil && e.Side == monitor.SideConnect && len(s.dials) < maxRows {
		d = &dial{endpoint: e.Endpoint}
		if d.endpoint == "" {
			d.endpoint = at.at
		}
		s.dials[at] = d
	}
	return d
}

func wayOf(e *monitor.Event) way {
	if e.Reason == monitor.ReasonTimeout {
		return unanswered
	}
	return refused
}

// ended is the end of a connection or of an attempt.
func (d *dial) ended(s *socket, e *monitor.Event) {
	ready, failure := d.ready, d.handshake
	d.ready, d.pending, d.handshake = time.Time{}, time.Time{}, monitor.Event{}
	switch {
	case e.Kind == monitor.LocalClosed: // by our own will
	case !ready.IsZero():
		d.lived(s, e, s.now().Sub(ready))
	case failure.Kind&(monitor.HandshakeFailedProtocol|monitor.HandshakeFailedAuth) != 0:
		d.fail(s, &failure, denied)
	case failure.Kind != 0:
		d.fail(s, &failure, closed)
	default:
		d.fail(s, e, closed)
	}
}

// fail is an attempt that came to nothing.
func (d *dial) fail(s *socket, e *monitor.Event, how way) {
	if d.failed == 0 {
		d.begun = s.now()
	}
	d.pending, d.last = time.Time{}, *e
	d.failed++
	d.ways = append(d.ways[max(0, len(d.ways)-maxWays+1):], how)
	if e.EndpointID == 0 && how == denied {
		d.quiet = s.now()
	}
	d.judge(s)
}

// giveUp is an endpoint that will not be tried again: what the last attempt suffered from is there to stay.
func (d *dial) giveUp(s *socket) {
	if d.failed == 0 {
		return // it was to be dialled once, and was
	}
	d.tell(s, d.ways[len(d.ways)-1], "; it is not tried again", hintGaveUp)
}

// judge raises what most of the last attempts were.
func (d *dial) judge(s *socket) {
	var count [len(wayNames)]int
	most := d.ways[len(d.ways)-1]
	for _, w := range d.ways {
		if count[w]++; count[w] > count[most] {
			most = w
		}
	}
	lasts := s.now().Sub(d.begun) >= s.o().Down
	switch enough := d.failed >= uint64(s.o().Failures); {
	case most == denied && count[denied] >= s.o().Handshakes:
	case most == unanswered && count[unanswered] >= 2: // each of them took the whole of its time
	case enough && lasts:
	default:
		return
	}
	d.tell(s, most, "", "")
}

// tell raises a way; more is what is to be said on top, and hint, if it is not empty, what else to do.
func (d *dial) tell(s *socket, how way, more, hint string) {
	c := fact.Condition{Name: wayNames[how], Severity: "error", Since: d.begun, Count: d.failed, Why: sentence(&d.last), Hint: hintOf(&d.last)}
	if how == closed {
		c.Why = fmt.Sprintf("what listens at %s accepts the connection and ends it before the handshake is done", d.endpoint)
		c.Hint = hintCloses
	}
	c.Why += fmt.Sprintf(": %s failed %s%s", many(d.failed, "attempt"), within(s.now().Sub(d.begun)), more)
	if hint != "" {
		c.Hint += "; " + hint
	}
	d.raise(s, c)
}

// raise puts c in the place of another that the endpoint has.
func (d *dial) raise(s *socket, c fact.Condition) {
	if d.alarm.raised && d.alarm.c.Name != c.Name {
		s.clear(&d.alarm, "it is "+c.Name+" now", d.failed)
	}
	c.Endpoint = d.endpoint
	s.raise(&d.alarm, c)
}

// dialState is the present, for whoever has missed events: after it an attempt is known to be over, a connection to be up.
func (s *socket) dialState(st *fact.State) {
	there := make(map[place]bool, len(st.Endpoints))
	for i := range st.Endpoints {
		ep := &st.Endpoints[i]
		at := place{id: ep.ID}
		there[at] = true
		d := s.dials[at]
		_, ready := s.peers[ep.Conn]
		switch {
		case d == nil:
		case ready:
			if d.pending = (time.Time{}); d.ready.IsZero() {
				d.ready = s.now()
			}
		case ep.Conn == 0:
			d.pending, d.ready = time.Time{}, time.Time{}
		}
	}
	for at, d := range s.dials {
		if !there[at] && at.id != 0 {
			s.leave(d, at)
		}
	}
}

// leave ends an endpoint.
func (s *socket) leave(d *dial, at place) {
	s.clear(&d.alarm, "the socket does not connect there any more", d.failed)
	delete(s.dials, at)
}

// dialTick is what time brings: an attempt that nobody answers, and a connection that lasts.
func (s *socket) dialTick() {
	for _, d := range s.dials {
		switch {
		case !d.ready.IsZero():
			d.steady(s)
		case !d.quiet.IsZero() && s.now().Sub(d.quiet) >= s.o().Down:
			d.giveUp(s)
		case !d.pending.IsZero() && s.now().Sub(d.pending) >= s.o().BlackHole && !d.alarm.raised:
			why := fmt.Sprintf("%s does not answer: one attempt has been waiting for %s", d.endpoint, span(s.now().Sub(d.pending)))
			d.raise(s, fact.Condition{Name: BlackHole, Severity: "error", Since: d.pending, Count: d.failed + 1, Why: why, Hint: hintBlackHole})
		}
	}
}

// steady is a connection that is up: when it has lasted, the trouble is over.
func (d *dial) steady(s *socket) {
	patience := s.o().Steady
	if d.alarm.c.Name == Flapping {
		patience *= 2
	}
	lasts := s.now().Sub(d.ready)
	if lasts < patience {
		return
	}
	why := fmt.Sprintf("the connection to %s has been up for %s", d.endpoint, span(lasts))
	if d.failed > 0 {
		why += ", after " + many(d.failed, "attempt") + " that failed"
	}
	s.clear(&d.alarm, why, d.failed)
	d.failed, d.ways, d.lives = 0, nil, nil
}
