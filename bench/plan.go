package main

import (
	"fmt"
	"slices"
	"strconv"
)

// knownRows are the ids that -only takes. The targets they are held to are
// those of the table in README.md.
var knownRows = []string{"S1", "S2", "S3", "S4", "S5", "S6", "S7", "S8", "S9", "S10", "S11", "S12", "S13", "S14"}

// An experiment is several sides measured in turn, round by round, and the
// rows drawn from what they gave.
type experiment struct {
	id, name string
	times    int  // rounds, as a multiple of -runs; 0 is 1
	few      bool // two rounds at most: it takes seconds, and spreads little
	quick    bool // -quick has it
	full     bool // only -full has it
	sides    []side
	rows     []rowSpec
}

// A side is one that takes part in an experiment.
type side struct {
	name string // "ours, RecvInto"
	who  string // the implementation: "ours"
	take trial
	s    settings
	once bool // in the first round only: -quick has no time for more
}

// A rowSpec says how a row is drawn from an experiment.
type rowSpec struct {
	id    string // the row's, if it is not the experiment's
	name  string // the row's case
	unit  string
	of    quantity
	ours  string // the side in the column "ours"
	base  string // the side that ratio divides by; "": libzmq
	point string // follows the names of the other sides, where each has several: " ×10"
	must  bound
	cpu   bool // with the columns of the CPU
	plot  plot
}

// A plot is where a row is a point of a curve.
type plot struct {
	Name string  `json:"name"` // the picture
	Axis string  `json:"axis"` // what X is
	X    float64 `json:"x"`
}

// A bound is a target. absolute: for ours itself; else for ratio.
type bound struct {
	op       string // "≥" or "≤"; "": none
	limit    float64
	absolute bool
}

func (b bound) String() string {
	if b.op == "" {
		return ""
	}
	return fmt.Sprintf("%s%g", b.op, b.limit)
}

func (b bound) holds(v float64) bool {
	if b.op == "≥" {
		return v >= b.limit
	}
	return v <= b.limit
}

func atLeast(ratio float64) bound { return bound{op: "≥", limit: ratio} }
func atMost(ratio float64) bound  { return bound{op: "≤", limit: ratio} }
func noMoreThan(v float64) bound  { return bound{op: "≤", limit: v, absolute: true} }

// plan is the experiments that c asks for, of the sides that can be measured here.
func plan(c choice, l *lab) []experiment {
	all := slices.Concat(
		planStreams(), planRoundTrips(), planInproc(), planFans(), planExchanges(), planVisits(), planMemory(),
		planAllocations(), planMonitor(), planCurve(), planTopics(l.subscriptions), planCrowds(l.crowd, c.quick), planRush(l.crowd),
	)
	all = slices.DeleteFunc(all, func(e experiment) bool { return !c.wants(e) })
	for i := range all {
		all[i] = c.shorten(all[i])
		if c.against != "" {
			all[i] = againstBefore(all[i])
		}
		all[i].sides = slices.DeleteFunc(all[i].sides, func(s side) bool { return l.absent[s.who] != nil })
	}
	return slices.DeleteFunc(all, func(e experiment) bool { return len(e.sides) == 0 })
}

// wants says whether e is to be measured.
func (c choice) wants(e experiment) bool {
	switch {
	case e.full && !c.full, c.quick && !e.quick:
		return false
	case len(c.only) == 0:
		return true
	}
	return slices.Contains(c.only, e.id) || slices.ContainsFunc(e.rows, func(r rowSpec) bool { return slices.Contains(c.only, r.id) })
}

// shorten leaves of e what -quick has time for.
func (c choice) shorten(e experiment) experiment {
	if !c.quick {
		return e
	}
	e.times = 1
	for i, s := range e.sides {
		e.sides[i].once = e.few || slices.Contains(others[:], s.who)
	}
	return e
}

// sidesOf are sides that do the same, under their implementations' names.
func sidesOf(take trial, s settings, who ...string) []side {
	var all []side
	for _, w := range who {
		all = append(all, side{name: w, who: w, take: take, s: s})
	}
	return all
}

// Who takes part where: everybody can stream, ask and publish.
var (
	everybody = []string{ours, libzmq, raw, pebbe, goZeromq, mangos}
	routers   = []string{ours, libzmq, raw, pebbe, goZeromq}
	three     = []string{ours, libzmq, raw}
	two       = []string{ours, libzmq}
)

func sizeName(bytes int) string {
	switch {
	case bytes >= 1<<20:
		return fmt.Sprintf("%d MiB", bytes>>20)
	case bytes >= 1<<10:
		return fmt.Sprintf("%d KiB", bytes>>10)
	}
	return fmt.Sprintf("%d B", bytes)
}

// manyName is n as people say it: 64, 10k, 1M.
func manyName(n int) string {
	switch {
	case n >= 1e6 && n%1e6 == 0:
		return strconv.Itoa(n/1e6) + "M"
	case n >= 1e3 && n%1e3 == 0:
		return strconv.Itoa(n/1e3) + "k"
	}
	return strconv.Itoa(n)
}
