package main

import (
	"context"
	"fmt"
	"slices"
)

// knownRows are the ids that -only takes. The targets they are held to are
// those of the table in README.md.
var knownRows = []string{"S1", "S2", "S3", "S4", "S8", "S9", "S10", "S11", "S12"}

// An experiment is several sides measured in turn, round by round, and the
// rows drawn from what they gave.
type experiment struct {
	id, name string
	times    int  // rounds, as a multiple of -runs; 0 is 1
	long     bool // -quick leaves it out, unless -only names its id
	sides    []side
	rows     []rowSpec
}

// A side is one that takes part in an experiment.
type side struct {
	name  string
	trial func(context.Context, *lab) (sample, error)
}

// A rowSpec says how a row is drawn from an experiment.
type rowSpec struct {
	name string // the row's case
	unit string
	of   quantity
	ours string // the side in the column "ours"
	base string // the side that ratio divides by; "": libzmq
	must bound
	cpu  bool  // with the columns of S9
	save bound // what the ratio of those must be
	peak bool  // with the columns of memory
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

// plan is the experiments that c asks for, and that this machine can do.
func plan(c choice, l *lab) []experiment {
	var all []experiment
	all = append(all, planStreams()...)
	all = append(all, planRoundTrips()...)
	all = append(all, planInproc()...)
	all = append(all, planMemory())
	all = append(all, planAllocations()...)
	all = append(all, planMonitor())
	all = append(all, planCurve()...)

	all = slices.DeleteFunc(all, func(e experiment) bool { return !c.wants(e) })
	if l.libzmqAbsent != nil {
		for i := range all {
			all[i].sides = slices.DeleteFunc(all[i].sides, func(s side) bool { return s.name == libzmq })
		}
	}
	return all
}

// wants says whether e is to be measured. S9 is columns of S1.
func (c choice) wants(e experiment) bool {
	if len(c.only) == 0 {
		return !(c.quick && e.long)
	}
	return slices.Contains(c.only, e.id) || e.id == "S1" && slices.Contains(c.only, "S9")
}

// Names of sides that are ours, but not as the plain ours.
const (
	oursInto    = "ours, RecvInto"
	oursWatched = "ours, watched"
)

func streamOf(name, implementation string, s settings) side {
	return side{name, func(ctx context.Context, l *lab) (sample, error) {
		return l.stream(ctx, implementation, s)
	}}
}

// planStreams is S1 and S2, with S9 as columns.
func planStreams() []experiment {
	var all []experiment
	for _, size := range []int{16, 64, 128} {
		all = append(all, planStream("S1", size, atLeast(2)))
	}
	for _, size := range []int{256, 1 << 10, 4 << 10} {
		all = append(all, planStream("S2", size, atLeast(1.6)))
	}
	for _, size := range []int{16 << 10, 64 << 10, 1 << 20} {
		all = append(all, planStream("S2", size, atLeast(1.1)))
	}
	return all
}

func planStream(id string, size int, must bound) experiment {
	name := sizeName(size)
	row := rowSpec{name: name, unit: "msg/s", of: rate, ours: ours, must: must, cpu: true}
	if id == "S1" {
		row.save = atMost(0.7)
	}
	into := row
	into.name, into.ours = name+" RecvInto", oursInto
	return experiment{
		id: id, name: name, long: id == "S2",
		sides: []side{
			streamOf(ours, ours, settings{size: size}),
			streamOf(libzmq, libzmq, settings{size: size}),
			streamOf(oursInto, ours, settings{size: size, into: true}),
			streamOf(raw, raw, settings{size: size}),
		},
		rows: []rowSpec{row, into},
	}
}

// planRoundTrips is S3. Whether the system puts two processes on one core or
// on two changes a round trip threefold, and it decides once per process: so
// there are twice the rounds, and the spread is part of the result.
func planRoundTrips() []experiment {
	var all []experiment
	for _, transport := range []string{"tcp", "ipc"} {
		e := experiment{id: "S3", name: transport + " 64 B", times: 2, long: transport == "ipc", rows: []rowSpec{
			{name: transport + " 64 B p50", unit: "µs", of: p50, ours: ours, must: atMost(0.4)},
			{name: transport + " 64 B p99", unit: "µs", of: p99, ours: ours, must: atMost(0.4)},
		}}
		for _, who := range []string{ours, libzmq, raw} {
			e.sides = append(e.sides, side{who, func(ctx context.Context, l *lab) (sample, error) {
				return l.roundTrip(ctx, who, transport, settings{size: 64})
			}})
		}
		all = append(all, e)
	}
	return all
}

// planInproc is S4.
func planInproc() []experiment {
	of := func(name, role, pattern string, row rowSpec) experiment {
		row.name, row.ours = name, ours
		e := experiment{id: "S4", name: name, rows: []rowSpec{row}}
		for _, who := range []string{ours, libzmq, raw} {
			e.sides = append(e.sides, side{who, func(ctx context.Context, l *lab) (sample, error) {
				return l.inproc(ctx, who, role, settings{size: 64, pattern: pattern})
			}})
		}
		return e
	}
	turn := rowSpec{unit: "µs", of: p50, must: atMost(0.2)}
	return []experiment{
		of("inproc 64 B", roleInprocStream, "", rowSpec{unit: "msg/s", of: rate, must: atLeast(3), cpu: true}),
		of("inproc PAIR turn p50", roleInprocRoundTrip, "pair", turn),
		of("inproc REQ turn p50", roleInprocRoundTrip, "reqrep", turn),
	}
}

// planMemory is S8.
func planMemory() experiment {
	e := experiment{id: "S8", name: "idle connections", rows: []rowSpec{
		{name: "per idle connection", unit: "KiB", of: idleKiB, ours: ours, must: noMoreThan(20)},
	}}
	for _, who := range []string{ours, libzmq} {
		e.sides = append(e.sides, side{who, func(ctx context.Context, l *lab) (sample, error) {
			return l.memory(ctx, who)
		}})
	}
	return e
}

// planAllocations is S10: each end in a process of its own, so that what it
// allocates is its own work.
func planAllocations() []experiment {
	of := func(name string, s settings, rows ...rowSpec) experiment {
		for i := range rows {
			rows[i].unit, rows[i].ours = "allocs", ours
		}
		return experiment{id: "S10", name: name, sides: []side{streamOf(ours, ours, s)}, rows: rows}
	}
	return []experiment{
		of("allocations, 1 frame", settings{size: 64},
			rowSpec{name: "Send 64 B", of: sendMallocs, must: noMoreThan(0)},
			rowSpec{name: "Recv 64 B", of: recvMallocs, must: noMoreThan(0.1)}),
		of("allocations, 3 frames", settings{size: 64, frames: 3},
			rowSpec{name: "Send 8+8+64 B", of: sendMallocs, must: noMoreThan(0)},
			rowSpec{name: "Recv 8+8+64 B", of: recvMallocs, must: noMoreThan(0.1)}),
		of("allocations, RecvInto", settings{size: 64, into: true},
			rowSpec{name: "RecvInto 64 B", of: recvMallocs, must: noMoreThan(0)}),
	}
}

// planMonitor is S11. It looks for one percent, so it takes twice the rounds.
func planMonitor() experiment {
	return experiment{
		id: "S11", name: "monitor", times: 2,
		sides: []side{
			streamOf(ours, ours, settings{size: 64}),
			streamOf(oursWatched, ours, settings{size: 64, watch: true}),
		},
		rows: []rowSpec{
			{name: "64 B, no watcher", unit: "msg/s", of: rate, ours: ours, cpu: true},
			{name: "64 B, Watch(All) unread", unit: "msg/s", of: rate, ours: oursWatched, base: ours, must: atLeast(0.99), cpu: true},
		},
	}
}

// planCurve is S12. Who binds is the server; who connects knows its key.
func planCurve() []experiment {
	of := func(name, unit string, trial func(context.Context, *lab, string) (sample, error)) experiment {
		e := experiment{id: "S12", name: name, long: true, rows: []rowSpec{
			{name: name, unit: unit, of: rate, ours: ours, must: atLeast(0.8), cpu: true, peak: true},
		}}
		for _, who := range []string{ours, libzmq} {
			e.sides = append(e.sides, side{who, func(ctx context.Context, l *lab) (sample, error) {
				return trial(ctx, l, who)
			}})
		}
		return e
	}
	var all []experiment
	for _, size := range []int{64, 1 << 10, 64 << 10} {
		all = append(all, of("CURVE "+sizeName(size), "msg/s", func(ctx context.Context, l *lab, who string) (sample, error) {
			return l.stream(ctx, who, secured(settings{size: size}))
		}))
	}
	return append(all, of("CURVE handshakes", "per s", func(ctx context.Context, l *lab, who string) (sample, error) {
		return l.visits(ctx, who)
	}))
}

func sizeName(bytes int) string {
	switch {
	case bytes >= 1<<20:
		return fmt.Sprintf("%d MiB", bytes>>20)
	case bytes >= 1<<10:
		return fmt.Sprintf("%d KiB", bytes>>10)
	}
	return fmt.Sprintf("%d B", bytes)
}
