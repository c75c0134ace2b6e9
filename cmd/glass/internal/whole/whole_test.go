package whole

import (
	"math"
	"testing"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

func line(at int64, full, more bool, conns ...monitor.ConnID) *fact.State {
	st := &fact.State{At: time.Unix(at, 0), Full: full, More: more}
	for _, c := range conns {
		st.Peers = append(st.Peers, fact.Peer{Conn: c})
	}
	return st
}

// Over all its lines a full state tells of every connection, and of each once.
func TestAFullStateTellsOfAll(t *testing.T) {
	const all = math.MaxUint64
	for name, c := range map[string]struct {
		lines []*fact.State
		spans []Span // of lines that are no part of a full state: none, as the zero one
	}{
		"one line":            {[]*fact.State{line(1, true, false, 3, 5)}, []Span{{0, all}}},
		"nobody":              {[]*fact.State{line(1, true, false)}, []Span{{0, all}}},
		"three lines":         {[]*fact.State{line(1, true, true, 3, 5), line(1, false, true, 9), line(1, false, false, 12)}, []Span{{0, 5}, {6, 9}, {10, all}}},
		"broken off":          {[]*fact.State{line(1, true, true, 3), line(2, false, false, 9), line(1, false, false, 9)}, []Span{{0, 3}, {}, {}}},
		"and begun anew":      {[]*fact.State{line(1, true, true, 3), line(2, true, true, 4), line(2, false, false, 9)}, []Span{{0, 3}, {0, 4}, {5, all}}},
		"lines without peers": {[]*fact.State{line(1, true, true), line(1, false, true, 4), line(1, false, true), line(1, false, false)}, []Span{{0, 0}, {1, 4}, {5, 4}, {5, all}}},
		"changes only":        {[]*fact.State{line(1, false, false, 3)}, []Span{{}}},
	} {
		var l Lines
		for i, st := range c.lines {
			span, ok := l.Read(st)
			if span != c.spans[i] || ok != (c.spans[i] != Span{}) && name != "lines without peers" {
				t.Errorf("%s, line %d: %v, %v, want %v", name, i, span, ok, c.spans[i])
			}
		}
	}
	if s := (Span{4, 6}); s.Has(3) || !s.Has(4) || !s.Has(6) || s.Has(7) {
		t.Error("a span has others than its own")
	}
}
