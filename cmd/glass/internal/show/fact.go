package show

import (
	"fmt"
	"log/slog"
	"strings"
	"unicode"

	"github.com/glassmq/zmq/observe/fact"
)

// fact is a line for what happened in some process, and the words of a failure or condition under it. Its writer may be
// anybody, so no text goes to the terminal as it came.
func (t *text) fact(f *fact.Fact) []byte {
	n := entry{at: f.Time, name: plain(whose(f)), level: f.Level(), words: plain(happening(f))}
	switch c := f.Condition; {
	case c != nil:
		n.level = levelOf(c.Severity)
		n.words = plain(about(c))
		if c.State == fact.Raised {
			n.why, n.hint = plain(c.Why), plain(c.Hint)
		}
	case t.failure(f.Instance.ID, &f.Event):
		n.why, n.hint = plain(f.Why()), plain(f.Hint())
		t.keep(f.Instance.ID, &f.Event)
	}
	return t.entry(n)
}

// whose is the service and its socket.
func whose(f *fact.Fact) string {
	name := f.SocketName
	if name == "" {
		name = f.SocketType
	}
	switch {
	case f.App == "":
		return name
	case name == "":
		return f.App
	}
	return f.App + "/" + name
}

// happening is the event under its own name, which may be one that this glass does not know.
func happening(f *fact.Fact) string {
	words, known := f.Event.String(), f.Kind.String()
	if f.Name == known {
		return words
	}
	rest := strings.TrimLeft(strings.TrimPrefix(words, known), " ")
	return strings.TrimRight(fmt.Sprintf("%-19s %s", f.Name, rest), " ")
}

func about(c *fact.Condition) string {
	words := fmt.Sprintf("%-19s %s", c.Name, c.State)
	conn := c.Conn[strings.LastIndexByte(c.Conn, '/')+1:] // the instance before it is for programs
	for _, part := range []struct{ name, value string }{{"", c.Endpoint}, {"conn=", conn}, {"peer=", c.Peer}, {"from=", c.Remote}} {
		if part.value != "" {
			words += " " + part.name + part.value
		}
	}
	if c.Count > 0 {
		words += fmt.Sprintf(" n=%d", c.Count)
	}
	return words
}

func levelOf(severity string) slog.Level {
	var l slog.Level
	if l.UnmarshalText([]byte(severity)) != nil {
		return slog.LevelInfo // a severity of tomorrow
	}
	return l
}

// plain is s without what could act on a terminal: controls, changes of direction.
func plain(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return unicode.ReplacementChar
	}, s)
}
