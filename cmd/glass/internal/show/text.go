package show

import (
	"log/slog"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/glassmq/zmq/monitor"
)

// text is the form for people: the local time, whose event it is, the event, and under each failure its why and hint.
type text struct {
	colour bool
	width  int // columns of the terminal; 0: not known, so lines are not folded
	names  int // columns of the longest name so far
	dates  bool
	told   map[endpoint]verdict
}

type endpoint struct {
	inst       string // "" for this process
	socket, id uint64
}

// A verdict is what was last said in words of an endpoint. A conflict of identities is followed by a failed handshake, this
// by the end of the connection, and all by the pause before the next attempt: the cause is the same, and it is said once.
type verdict struct {
	conn monitor.ConnID
	hint string
}

func (t *text) line(e *monitor.Event) ([]byte, error) {
	name := e.SocketName
	if name == "" {
		name = e.SocketType
	}
	n := entry{at: e.Time, name: name, level: e.Level(), words: e.String()}
	if t.failure("", e) {
		n.why, n.hint = e.Why(), e.Hint()
	}
	return t.entry(n), nil
}

// An entry is one line, and what stands under it.
type entry struct {
	at          time.Time
	name, words string
	level       slog.Level
	why, hint   string // "" for none
}

func (t *text) entry(n entry) []byte {
	t.names = max(t.names, utf8.RuneCountInString(n.name))
	stamp, margin := "15:04:05.000", indent
	if t.dates {
		stamp, margin = "2006-01-02 "+stamp, dated+indent
	}
	b := append(t.paint(nil, dim, n.at.Local().Format(stamp)), ' ')
	b = append(append(b, n.name...), strings.Repeat(" ", t.names-utf8.RuneCountInString(n.name)+1)...)
	b = t.paint(b, levelColour(n.level), t.fold(n.words, margin, len(margin)+t.names+1))
	b = append(b, '\n')
	if n.hint != "" {
		b = append(append(b, margin...), t.fold(n.why+". Hint: "+n.hint, margin, len(margin))...)
		b = append(b, '\n')
	}
	return b
}

// failure says whether e needs words: it is a warning or worse, and its cause was not just told.
func (t *text) failure(inst string, e *monitor.Event) bool {
	hint := e.Hint()
	if hint == "" || e.Level() < slog.LevelWarn {
		return false
	}
	before := t.told[endpoint{inst, e.SocketID, e.EndpointID}]
	if before.hint != hint {
		return true
	}
	same := e.Conn != 0 && e.Conn == before.conn
	return !same && e.Kind != monitor.ConnectRetried
}

// wrote keeps what e said in words.
func (t *text) wrote(e *monitor.Event) { t.keep("", e) }

func (t *text) keep(inst string, e *monitor.Event) {
	if t.failure(inst, e) {
		t.told[endpoint{inst, e.SocketID, e.EndpointID}] = verdict{e.Conn, e.Hint()}
	}
}

// indent puts words, and what does not fit into a line, under the name: the column of the time stays free for times.
const indent = "             "

// dated is as wide as a date before the time.
const dated = "           "

// fold breaks s, which begins in a column, where the terminal would break it, but between words.
func (t *text) fold(s, margin string, column int) string {
	if t.width == 0 || column+len(s) <= t.width {
		return s
	}
	var b strings.Builder
	for i, word := range strings.Split(s, " ") {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case column+1+n > t.width:
			b.WriteString("\n" + margin)
			column = len(margin)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}

func (t *text) caption(s string) []byte {
	return append(t.paint([]byte{'\n'}, bold, "── "+s), '\n')
}

// The colours, as terminals have had them since ECMA-48.
const (
	none   = ""
	bold   = "1"
	dim    = "2"
	red    = "31"
	yellow = "33"
)

func levelColour(l slog.Level) string {
	switch {
	case l >= slog.LevelError:
		return red
	case l >= slog.LevelWarn:
		return yellow
	case l < slog.LevelInfo:
		return dim
	}
	return none
}

func (t *text) paint(b []byte, colour, s string) []byte {
	if !t.colour || colour == none {
		return append(b, s...)
	}
	b = append(append(append(b, "\x1b["...), colour...), 'm')
	return append(append(b, s...), "\x1b[0m"...)
}
