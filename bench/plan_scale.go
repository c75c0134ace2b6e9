package main

import "fmt"

// planVisits is S7.
func planVisits() []experiment {
	return []experiment{{
		id: "S7", name: "connections", quick: true,
		sides: sidesOf((*lab).visits, settings{watch: true}, three...),
		rows: []rowSpec{
			{name: "connect, ask, close", unit: "per s", of: rate, ours: ours, must: atLeast(1.2), cpu: true},
			{name: "events that were not told", unit: "events", of: lostEvents, ours: ours, must: noMoreThan(0)},
		},
	}}
}

// planMemory is S8.
func planMemory() []experiment {
	return []experiment{{
		id: "S8", name: "idle connections", quick: true,
		sides: sidesOf((*lab).memory, settings{}, two...),
		rows: []rowSpec{
			{name: "per idle connection", unit: "KiB", of: idleKiB, ours: ours, must: noMoreThan(20)},
		},
	}}
}

// steps are 1, 10, 100 … up to most, and most.
func steps(most int) []int {
	var all []int
	for n := 1; n < most; n *= 10 {
		all = append(all, n)
	}
	return append(all, most)
}

// planTopics is S13. The target is of the last step; the others show the way there.
func planTopics(most int) []experiment {
	var all []experiment
	for _, n := range steps(most) {
		name := manyName(n) + " prefixes"
		match := rowSpec{
			name: name + ", match", unit: "ns", of: sendNs, ours: ours, cpu: true,
			plot: plot{"a message that nobody gets", "prefixes", float64(n)},
		}
		size := rowSpec{name: name + ", memory each", unit: "B", of: prefixBytes, ours: ours}
		rows := []rowSpec{match}
		if n == most {
			match.must, size.must = atMost(1), atMost(1)
		}
		if n >= 10_000 { // below, the process's own pages are more than all prefixes
			rows = []rowSpec{match, size}
		}
		all = append(all, experiment{
			id: "S13", name: name, few: true, quick: n == most,
			sides: sidesOf((*lab).topics, settings{clients: n}, two...), rows: rows,
		})
	}
	return all
}

// A crowdForm is one of S14's.
type crowdForm struct {
	name  string
	s     settings
	take  trial
	must  float64 // how much more a message may cost than with one connection; 0: no target
	quick bool
}

// planCrowds is S14: what a message costs the socket that has most connections,
// against what it costs with one. All steps are sides of one experiment, so
// that a ratio is of one round.
func planCrowds(most int, quick bool) []experiment {
	at := steps(most)
	if quick {
		at = []int{1, most}
	}
	forms := []crowdForm{
		{"one busy", settings{size: 64, pattern: "one"}, (*lab).crowdStream, 1.2, true},
		{"all busy", settings{size: 64, pattern: "all"}, (*lab).crowdStream, 4, true},
		{"ROUTER, all ask", settings{size: 64}, (*lab).crowdExchange, 0, false},
	}
	var all []experiment
	for _, f := range forms {
		all = append(all, f.plan(at))
	}
	return all
}

func (f crowdForm) plan(steps []int) experiment {
	e := experiment{id: "S14", name: f.name, few: true, quick: f.quick}
	for _, n := range steps {
		at := fmt.Sprintf(" ×%d", n)
		s := f.s
		s.clients = n
		for _, who := range three {
			e.sides = append(e.sides, side{name: who + at, who: who, take: f.take, s: s})
		}
		row := rowSpec{
			name: fmt.Sprintf("%s of %s", f.name, manyName(n)), unit: "ns CPU", of: listenerNs,
			ours: ours + at, base: ours + " ×1", point: at,
			plot: plot{"a message among connections, " + f.name, "connections", float64(n)},
		}
		if n > 1 && f.must > 0 {
			row.must = atMost(f.must)
		}
		e.rows = append(e.rows, row)
	}
	return e
}

// planRush is S14's connections at once. By default half of a thousand from one
// host are turned away at first, and come again, so there are no 10,000.
func planRush(most int) []experiment {
	var all []experiment
	for _, n := range steps(min(most, 1000)) {
		name := manyName(n) + " connect at once"
		all = append(all, experiment{
			id: "S14", name: name, few: true,
			sides: sidesOf((*lab).rush, settings{clients: n}, two...),
			rows: []rowSpec{{
				name: name, unit: "ms", of: readyMs, ours: ours,
				plot: plot{"until all are ready", "connections at once", float64(n)},
			}},
		})
	}
	return all
}
