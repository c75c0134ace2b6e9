// Package show turns events into what a reader of glass sees: lines of text for people, lines of JSON for programs. It is
// the one place that writes events to the standard output.
package show

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"sync"

	"golang.org/x/term"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// The forms of a Stream.
const (
	Text  = "text"
	JSONL = "jsonl"
)

// Options say what a Stream looks like.
type Options struct {
	Form     string // Text or JSONL
	NoColour bool   // also on a terminal
	Instance fact.Instance
	Grep     *regexp.Regexp // only events whose lines match; nil: all
	Names    int            // columns of the longest name to expect, so that what follows stands in a column
	Dates    bool           // before the times
}

// A Stream writes events as lines, and counts those it wrote. It may be used from several goroutines.
type Stream struct {
	grep *regexp.Regexp
	form form

	mu sync.Mutex // guards what follows, and keeps lines whole
	w  io.Writer
	n  map[monitor.Kind]int
}

type form interface {
	line(e *monitor.Event) ([]byte, error)
	wrote(e *monitor.Event)
	fact(f *fact.Fact) []byte
	caption(s string) []byte
}

// NewStream writes to w. Text is coloured if w is a terminal, and neither NO_COLOR (no-color.org), TERM=dumb nor the
// options say otherwise.
func NewStream(w io.Writer, o Options) *Stream {
	s := &Stream{w: w, grep: o.Grep, n: make(map[monitor.Kind]int)}
	if o.Form == JSONL {
		s.form = jsonl{o.Instance}
		return s
	}
	width, colour := Screen(w, o.NoColour)
	s.form = &text{colour: colour, width: width, names: o.Names, dates: o.Dates, told: make(map[endpoint]verdict)}
	return s
}

// Screen is what w is to a reader: how many columns wide it is, 0 if it is no terminal or does not tell, and whether to
// colour what goes there: on a terminal, unless noColour, NO_COLOR (no-color.org) or TERM=dumb says otherwise.
func Screen(w io.Writer, noColour bool) (width int, colour bool) {
	f, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return 0, false
	}
	colour = !noColour && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0, colour
	}
	return width, colour
}

// Event writes e, with one Write, and says whether it did: not if the options' Grep matches nothing in its lines. An
// error is the writer's.
func (s *Stream) Event(e monitor.Event) (shown bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	line, err := s.form.line(&e)
	if err != nil || s.grep != nil && !s.grep.Match(unpainted(line)) {
		return false, err
	}
	s.n[e.Kind]++
	s.form.wrote(&e)
	_, err = s.w.Write(line)
	return true, err
}

// Fact writes what happened in some process, with one Write. JSON is its line, as it came.
func (s *Stream) Fact(f fact.Fact) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n[f.Kind]++
	_, err := s.w.Write(s.form.fact(&f))
	return err
}

var painted = regexp.MustCompile("\x1b\\[[0-9]*m")

// unpainted is a line as it would be without colours: what a person who greps has in mind. No event has an escape
// character of its own, because monitor's texts escape it.
func unpainted(line []byte) []byte { return painted.ReplaceAll(line, nil) }

// Caption writes a heading; JSON has none.
func (s *Stream) Caption(words string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	line := s.form.caption(words)
	if line == nil {
		return nil
	}
	_, err := s.w.Write(line)
	return err
}

// Count is how many events were written.
func (s *Stream) Count() (sum int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range s.n {
		sum += n
	}
	return sum
}

// Summary is how many events of each kind were written: "listening 1, accepted 3", in the order of the kinds' numbers.
func (s *Stream) Summary() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var parts []string
	for k := range monitor.Kinds() {
		if s.n[k] > 0 {
			parts = append(parts, fmt.Sprintf("%v %d", k, s.n[k]))
		}
	}
	return strings.Join(parts, ", ")
}

// jsonl is the form for programs.
type jsonl struct{ of fact.Instance }

func (j jsonl) line(e *monitor.Event) ([]byte, error) {
	b, err := j.of.JSON(*e)
	return append(b, '\n'), err
}

func (jsonl) wrote(*monitor.Event)     {}
func (jsonl) fact(f *fact.Fact) []byte { return append(f.Line[:len(f.Line):len(f.Line)], '\n') }
func (jsonl) caption(string) []byte    { return nil }
