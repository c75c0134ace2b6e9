package monitor

import (
	"strconv"
	"strings"
	"time"
)

// kindWidth aligns what follows the kind on a terminal: the longest name in
// the story of a healthy socket, handshake_succeeded. Failures stick out.
const kindWidth = 19

// String is one line for people: the kind, the endpoint, then what is known.
// Text that a peer chose is escaped, so it cannot forge a line. The form may
// change; programs read the fields or JSON.
func (e Event) String() string {
	l := line{b: append(make([]byte, 0, 160), e.Kind.String()...)}
	for len(l.b) < kindWidth {
		l.b = append(l.b, ' ')
	}
	l.word("", e.Endpoint)
	l.count("conn", uint64(e.Conn))
	e.textPeer(&l)
	e.textCause(&l)
	e.textTotals(&l)
	return strings.TrimRight(string(l.b), " ")
}

func (e *Event) textPeer(l *line) {
	if e.Kind == Listening && e.Local != e.Endpoint {
		l.word("bound", e.Local)
	}
	if e.Remote != e.Endpoint {
		_, addr, ok := strings.Cut(e.Remote, "://")
		if !ok {
			addr = e.Remote
		}
		l.word("peer", addr)
	}
	l.word("", e.PeerType)
	l.word("id", e.PeerID)
	if e.Kind == HandshakeSucceeded {
		l.word("", e.Mechanism)
		l.word("zmtp", e.Version)
		l.word("user", e.UserID)
	}
}

func (e *Event) textCause(l *line) {
	if e.Kind&explained != 0 || e.Reason != "" {
		l.word("who", string(e.who()))
	}
	l.word("reason", string(e.Reason))
	switch {
	case e.Kind == HandshakeFailedProtocol:
		l.word("code", protocolCodes[e.code()].name)
	case e.Kind == HandshakeFailedAuth:
		l.count("status", e.code())
	}
	if e.Err != nil && e.Kind != ConnectDelayed && (e.Reason == "" || e.Reason == ReasonOther) {
		l.word("err", e.Err.Error())
	}
	l.count("attempt", uint64(max(e.Attempt, 0)))
	if e.Interval > 0 {
		l.word("interval", threeDigits(e.Interval).String())
	}
}

func (e *Event) textTotals(l *line) {
	if e.Duration > 0 {
		l.b = append(l.b, " after "...)
		l.b = append(l.b, threeDigits(e.Duration).String()...)
	}
	if e.ended() {
		l.b = strconv.AppendUint(append(l.b, " in="...), e.MessagesIn, 10)
		l.b = strconv.AppendUint(append(l.b, " out="...), e.MessagesOut, 10)
		l.count("unsent", e.Unsent)
	}
	if e.Kind.value() == queuesValue {
		l.b = strconv.AppendInt(append(l.b, " queue_in="...), int64(e.QueueIn), 10)
		l.b = strconv.AppendInt(append(l.b, " queue_out="...), int64(e.QueueOut), 10)
	}
	l.count("n", e.Count)
	if e.Kind&Subs != 0 {
		l.b = append(append(l.b, " topic="...), topicText(e.Topic)...)
	}
}

// ended says whether a connection that was up ended here: then its totals are
// known, also where they are 0.
func (e *Event) ended() bool { return e.Kind&(Disconnected|LocalClosed) != 0 }

// threeDigits rounds for people: nobody compares the nanoseconds of a life.
func threeDigits(d time.Duration) time.Duration {
	unit := time.Duration(1)
	for d/unit >= 1000 {
		unit *= 10
	}
	return d.Round(unit)
}

// topicText is at most the first 64 bytes of a prefix, quoted: prefixes are
// binary and may be megabytes.
func topicText(topic string) string { return strconv.Quote(topic[:min(len(topic), 64)]) }

// A line gathers words and key=value pairs; what is empty is left out.
type line struct{ b []byte }

func (l *line) word(key, value string) {
	if value == "" {
		return
	}
	l.b = append(l.b, ' ')
	if key != "" {
		l.b = append(append(l.b, key...), '=')
	}
	text := printable(value)
	if strings.ContainsAny(text, ` "`) {
		text = `"` + strings.ReplaceAll(text, `"`, `\"`) + `"`
	}
	l.b = append(l.b, text...)
}

func (l *line) count(key string, n uint64) {
	if n > 0 {
		l.b = strconv.AppendUint(append(append(append(l.b, ' '), key...), '='), n, 10)
	}
}
