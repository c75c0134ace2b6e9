package main

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/glassmq/zmq/monitor"
)

// A goal is what --until waits for. The zero goal is none, and reached.
type goal struct {
	text       string
	kinds      monitor.Mask
	want, have int
}

// parseGoal reads "connected=3", or "connected" for the first; several kinds count together ("failures=1").
func parseGoal(text string) (g goal, err error) {
	if text == "" {
		return goal{}, nil
	}
	kinds, count, counted := strings.Cut(text, "=")
	g = goal{text: text, want: 1}
	if g.kinds, err = parseKinds(kinds); err != nil {
		return goal{}, err
	}
	if g.kinds&^monitor.Inproc == 0 {
		return goal{}, fmt.Errorf("that is no kind of event")
	}
	if !counted {
		return g, nil
	}
	g.want, err = strconv.Atoi(count)
	if err != nil || g.want < 1 {
		return goal{}, fmt.Errorf("%q is no count: write a number from 1 on", count)
	}
	return g, nil
}

// count takes note of one event and says whether it is the one that was waited for.
func (g *goal) count(k monitor.Kind) (now bool) {
	if k&g.kinds == 0 {
		return false
	}
	g.have++
	return g.have == g.want
}

func (g *goal) reached() bool { return g.have >= g.want }

// String is how far it came.
func (g goal) String() string {
	return fmt.Sprintf("%s did not happen (%d of %d)", g.text, g.have, g.want)
}
