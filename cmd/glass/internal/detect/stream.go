package detect

import (
	"fmt"
	"time"

	"github.com/glassmq/zmq/observe/fact"
)

// A stream is what a socket receives: how often something comes, as far as states that come once a second can tell.
type stream struct {
	alarm alarm
	known bool
	n     uint64    // messages
	since time.Time // when it was looked at first
	grown time.Time // when something came last; zero: nothing has yet

	lessons int
	usual   time.Duration // a moving average of the pauses
	longest time.Duration
	back    int // times that something came since it was silent
}

// weight of the newest pause in the average: the last dozen counts.
const weight = 1.0 / 8

// learnable says of which types silence means something: where others ask, nobody asking is no trouble.
func learnable(typ string) bool { return typ == "SUB" || typ == "XSUB" || typ == "PULL" }

// state is a look at the counter.
func (t *stream) state(s *socket, st *fact.State) {
	if !t.known || st.MessagesIn < t.n {
		*t = stream{alarm: t.alarm, known: true, n: st.MessagesIn, since: s.now()}
		return
	}
	if st.MessagesIn == t.n {
		return
	}
	t.n = st.MessagesIn
	switch {
	case t.alarm.raised:
		t.back++
	case !t.grown.IsZero():
		t.learn(s.now().Sub(t.grown))
	}
	t.grown = s.now()
	if t.back >= 2 { // one message is no stream
		t.back = 0
		s.clear(&t.alarm, fmt.Sprintf("%s receives again", s), 0)
	}
}

func (t *stream) learn(pause time.Duration) {
	t.longest = max(t.longest, pause)
	if t.lessons++; t.lessons == 1 {
		t.usual = pause
		return
	}
	t.usual += time.Duration(weight * float64(pause-t.usual))
}

// limit is how long s may be silent; 0: as long as it likes.
func (t *stream) limit(s *socket) time.Duration {
	if configured, ok := s.o().Expect[s.name]; ok {
		return max(configured, 0)
	}
	if !learnable(s.typ) || t.lessons < s.o().Lessons || t.grown.Sub(t.since) < s.o().Learn {
		return 0
	}
	return max(s.o().Silence, 10*t.usual, 3*t.longest)
}

// tick judges the silence, up to the last time that the process told of its sockets: had something come, it would have said so.
// Events alone do not count: while many of them wait for the agent there are no states.
func (t *stream) tick(s *socket) {
	from := t.grown
	if from.IsZero() {
		from = t.since
	}
	limit, silent := t.limit(s), s.p.stated.Sub(from)
	if !t.known || limit == 0 || silent <= limit || t.alarm.raised {
		return
	}
	c := fact.Condition{Name: SilentStream, Severity: "warn", Since: from}
	usual := "it was to have one every " + span(limit)
	if _, configured := s.o().Expect[s.name]; !configured {
		usual = fmt.Sprintf("there was one every %s or sooner, and no pause longer than %s", span(t.usual), span(t.longest))
	}
	c.Why = fmt.Sprintf("%s has received nothing for %s: %s; %s", s, span(silent), usual, t.from(s, &c))
	s.raise(&t.alarm, c)
}

// from is from whom it could have come, with what to do about it.
func (t *stream) from(s *socket, c *fact.Condition) string {
	c.Hint = hintQuiet
	switch len(s.peers) {
	case 0:
		c.Hint = hintAlone
		return "nobody is connected"
	case 1:
		for conn, p := range s.peers {
			c.Conn, c.Remote, c.Peer = s.p.ConnKey(conn), p.remote, p.id
			return p.String() + " is connected, and quiet"
		}
	}
	return fmt.Sprintf("%d peers are connected, and quiet", len(s.peers))
}
