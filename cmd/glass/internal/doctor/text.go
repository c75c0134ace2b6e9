package doctor

import (
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/glassmq/zmq/cmd/glass/internal/probe"
)

// A Style is how text looks.
type Style struct {
	Colour bool
	Width  int // columns; 0: lines are not folded
}

// The colours, as terminals have had them since ECMA-48.
const (
	bold  = "1"
	dim   = "2"
	red   = "31"
	green = "32"
)

// marks say what came of a check without a colour as well.
var marks = map[State]struct{ mark, colour string }{Good: {"✓", green}, Bad: {"✗", red}, Unrun: {"–", dim}}

func (s Style) paint(colour, text string) string {
	if !s.Colour {
		return text
	}
	return "\x1b[" + colour + "m" + text + "\x1b[0m"
}

// Text is a diagnosis in full.
func (s Style) Text(d *Diagnosis) string {
	var b strings.Builder
	b.WriteString(s.paint(bold, d.Report.Endpoint) + "\n")
	for _, c := range d.Checks {
		m := marks[c.State]
		took := ""
		if c.Took > 0 {
			took = fmt.Sprintf(" (%.2f ms)", float64(c.Took)/float64(time.Millisecond))
		}
		b.WriteString("  " + s.paint(m.colour, m.mark) + " " + s.line(c.Name, c.Detail+took)[4:])
	}
	v := &d.Verdict
	if d.Well() {
		b.WriteString(s.line("fine", v.Why))
	} else {
		b.WriteString(s.line("cause", v.Why) + s.line("fix", v.Hint) + s.line("side", sideWords[v.Side]))
	}
	for i, g := range v.Likely {
		word := "likely"
		if i > 0 {
			word = "or"
		}
		b.WriteString(s.line(word, g.Why))
	}
	for _, note := range v.Notes {
		b.WriteString(s.line("note", note))
	}
	return b.String()
}

// sideWords say where something has to be changed.
var sideWords = map[probe.Side]string{
	probe.Here:    "ours: change something here",
	probe.There:   "the peer's: nothing to change here",
	probe.Either:  "ours or the peer's: which of them has to change cannot be told from here",
	probe.Network: "the way between: look at firewalls, routes and whether the host is up",
}

// nameWidth is that of the column before a text.
const nameWidth = len("routing id")

// line is a name and a text, behind four columns for a mark. It is folded between words where the terminal would break it. An
// empty text is no line.
func (s Style) line(name, text string) string {
	if text == "" {
		return ""
	}
	const indent = 4 + nameWidth + 2
	var b strings.Builder
	fmt.Fprintf(&b, "    %-*s  ", nameWidth, name)
	column := indent
	for i, word := range strings.Split(text, " ") {
		n := utf8.RuneCountInString(word)
		switch {
		case i == 0:
		case s.Width > 0 && column+1+n > s.Width:
			b.WriteString("\n" + strings.Repeat(" ", indent))
			column = indent
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String() + "\n"
}

// Turn is a change while it keeps looking, as a line; endpoint is "" where there is one only.
func (s Style) Turn(endpoint string, c Change) string {
	m := marks[Good]
	if !c.Well {
		m = marks[Bad]
	}
	return fmt.Sprintf("%s %s %s\n", s.paint(dim, c.At.Local().Format("15:04:05.000")), s.paint(m.colour, m.mark),
		strings.TrimSpace(endpoint+" "+c.Name+": "+c.Why))
}

// Summary is what a course came to, as a line.
func (s Style) Summary(c *Course, took time.Duration) string {
	text := fmt.Sprintf("in %v: looks %d, bad %d, changes %d", took.Round(time.Millisecond), c.Looks, c.Bad, c.Changed)
	if least, median, most := c.Pings(); most > 0 {
		text += fmt.Sprintf(", ping %.2f to %.2f ms, half of them below %.2f", ms(least), ms(most), ms(median))
	}
	if c.Flaps() {
		text += "; it flaps"
	}
	return text + "\n"
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// History is what an agent has seen of an endpoint, below its diagnosis.
func (s Style) History(lines []string) string {
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(s.line("agent", line))
	}
	return b.String()
}
