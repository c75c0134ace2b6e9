// Package whole follows the full states of one socket, each of which may come in several lines (fact.State.More).
package whole

import (
	"math"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// Lines are those of the full state under way. The zero value waits for the first.
type Lines struct {
	more bool
	at   time.Time // all lines of a state are of one moment
	last monitor.ConnID
}

// A Span is the connections that a line tells of, both included: of these, there is none but the line's peers. What it has no line
// for is not spoken of at all, if the state breaks off.
type Span struct{ From, To monitor.ConnID }

// Has says whether the line tells of c.
func (s Span) Has(c monitor.ConnID) bool { return s.From <= c && c <= s.To }

// Read takes the socket's next state in, and says whether it is a line of a full one.
func (l *Lines) Read(st *fact.State) (span Span, ok bool) {
	goesOn := l.more && !st.Full && st.At.Equal(l.at)
	if !st.Full && !goesOn { // what has changed since: of a state that broke off there will be no more
		*l = Lines{}
		return Span{}, false
	}
	span = Span{To: math.MaxUint64}
	if goesOn {
		span.From = l.last + 1
	}
	if st.More {
		span.To = max(span.From, 1) - 1 // nobody, if the line has no peers
		if n := len(st.Peers); n > 0 {
			span.To = st.Peers[n-1].Conn // they come in the order of their ids
		}
	}
	*l = Lines{more: st.More, at: st.At, last: span.To}
	return span, true
}
