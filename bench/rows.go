package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
)

// measure runs the experiments, tells progress what it is at, and draws the
// rows. Only ctx's end is an error: a side that fails is noted in its rows.
func (l *lab) measure(ctx context.Context, experiments []experiment, runs int, progress io.Writer) ([]row, error) {
	var rows []row
	for _, e := range experiments {
		fmt.Fprintf(progress, "%s %s\n", e.id, e.name)
		rounds := runs * max(e.times, 1)
		if e.few {
			rounds = min(rounds, 2)
		}
		o := l.conduct(ctx, e, rounds)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		for _, spec := range e.rows {
			rows = append(rows, o.row(e.id, spec))
		}
	}
	return rows, nil
}

// An outcome is what the sides of an experiment gave, a sample a round.
type outcome struct {
	samples map[string][]sample
	failed  map[string]error
}

// conduct measures all sides once a round, A B C C B A, so that whatever else
// the machine does in the meantime falls on all of them. Every other round
// goes backwards, so that no side always runs in the heat of the same other.
// A side that fails is not tried again.
func (l *lab) conduct(ctx context.Context, e experiment, rounds int) outcome {
	o := outcome{map[string][]sample{}, map[string]error{}}
	for round := range rounds {
		for i := range e.sides {
			if round%2 == 1 {
				i = len(e.sides) - 1 - i
			}
			s := e.sides[i]
			if o.failed[s.name] != nil || ctx.Err() != nil || s.once && round > 0 {
				continue
			}
			got, err := s.take(l, ctx, s.who, s.s)
			if err != nil {
				o.failed[s.name] = err
				continue
			}
			o.samples[s.name] = append(o.samples[s.name], got)
		}
	}
	return o
}

// A series is one quantity of one side, an element a round.
type series []float64

func (o outcome) series(side string, q quantity) series {
	var s series
	for _, got := range o.samples[side] {
		if v, there := got[q]; there {
			s = append(s, v)
		}
	}
	return s
}

// median is nil for an empty series; of an even number it is the mean of the
// middle two.
func (s series) median() *float64 {
	if len(s) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(s))
	m := (sorted[(len(sorted)-1)/2] + sorted[len(sorted)/2]) / 2
	return &m
}

// span is the least and the greatest; nil for an empty series.
func (s series) span() []float64 {
	if len(s) == 0 {
		return nil
	}
	return []float64{slices.Min(s), slices.Max(s)}
}

// over is s/base, round by round: what disturbed a round disturbed both. A
// base of 0 (nothing was measured there) gives no ratio.
func (s series) over(base series) series {
	var r series
	for i := range min(len(s), len(base)) {
		if base[i] != 0 {
			r = append(r, s[i]/base[i])
		}
	}
	return r
}

// A row is one line of the result. A number that could not be measured, or
// does not exist for this row, is null.
type row struct {
	ID     string            `json:"id"`
	Case   string            `json:"case"`
	Unit   string            `json:"unit"`
	Ours   *float64          `json:"ours"`
	Libzmq *float64          `json:"libzmq"`
	Ratio  *float64          `json:"ratio"` // ours/libzmq; S11: watched/not watched; S14: with many/with one connection; -against: now/before
	Raw    *float64          `json:"raw"`
	OfRaw  *float64          `json:"of_raw"` // ours/raw
	Must   string            `json:"must"`   // what ratio must be, or ours where that is absolute
	OK     *bool             `json:"ok"`     // null: nothing to hold against must
	Spread spread            `json:"spread"`
	CPU    *columns          `json:"cpu,omitempty"` // seconds, user and system, of both ends, per million messages
	Peak   *columns          `json:"peak_mib,omitempty"`
	Others map[string]figure `json:"others,omitempty"` // the other libraries
	Before *figure           `json:"before,omitempty"` // ours at another revision, with -against
	Plot   *plot             `json:"plot,omitempty"`
	Rounds int               `json:"rounds"`
	Error  string            `json:"error,omitempty"`
	On     string            `json:"on"` // machine and versions: a figure means little without
}

// A spread is [min, max] over the rounds.
type spread struct {
	Ours   []float64 `json:"ours"`
	Libzmq []float64 `json:"libzmq"`
	Ratio  []float64 `json:"ratio"`
	Raw    []float64 `json:"raw"`
}

// columns are medians of a second quantity: CPU, memory.
type columns struct {
	Ours   *float64 `json:"ours"`
	Libzmq *float64 `json:"libzmq"`
	Ratio  *float64 `json:"ratio"`
	Raw    *float64 `json:"raw"`
}

// A figure is what a row has of another side.
type figure struct {
	Median *float64  `json:"median"`
	Spread []float64 `json:"spread"`
	CPU    *float64  `json:"cpu"`
	Peak   *float64  `json:"peak_mib"`
	Error  string    `json:"error,omitempty"` // that another library fails is a result
}

func (o outcome) row(id string, spec rowSpec) row {
	theirName, rawName := libzmq+spec.point, raw+spec.point
	base := cmp.Or(spec.base, theirName)
	mine, theirs, ceiling := o.series(spec.ours, spec.of), o.series(theirName, spec.of), o.series(rawName, spec.of)
	ratio := mine.over(o.series(base, spec.of))
	r := row{
		ID: cmp.Or(spec.id, id), Case: spec.name, Unit: spec.unit,
		Ours: mine.median(), Libzmq: theirs.median(), Ratio: ratio.median(),
		Raw: ceiling.median(), OfRaw: mine.over(ceiling).median(),
		Must: spec.must.String(), Rounds: len(mine),
		Spread: spread{mine.span(), theirs.span(), ratio.span(), ceiling.span()},
		Peak:   o.columns(peakMiB, spec.ours, theirName, rawName),
		Others: o.others(spec.of),
		Error:  o.errors(spec.ours, base, theirName, rawName),
	}
	r.OK = verdict(spec.must, r.Ours, r.Ratio)
	if r.OK != nil && o.failed[spec.ours] != nil {
		*r.OK = false // rounds that went well do not make up for one that hung
	}
	if spec.cpu {
		r.CPU = o.columns(cpuPerM, spec.ours, theirName, rawName)
	}
	if spec.plot.Name != "" {
		r.Plot = &spec.plot
	}
	if then, there := o.figure(nameBefore(spec.ours), spec.of); there {
		r.Before = &then
	}
	return r
}

// columns is nil if nothing of q was measured.
func (o outcome) columns(q quantity, mine, theirs, ceiling string) *columns {
	a, b, c := o.series(mine, q), o.series(theirs, q), o.series(ceiling, q)
	if len(a)+len(b)+len(c) == 0 {
		return nil
	}
	return &columns{Ours: a.median(), Libzmq: b.median(), Ratio: a.over(b).median(), Raw: c.median()}
}

// others is what the other libraries reached, nil if none took part.
func (o outcome) others(of quantity) map[string]figure {
	var all map[string]figure
	for _, who := range others {
		f, there := o.figure(who, of)
		if !there {
			continue
		}
		if all == nil {
			all = map[string]figure{}
		}
		all[who] = f
	}
	return all
}

func (o outcome) figure(name string, of quantity) (f figure, there bool) {
	s := o.series(name, of)
	return figure{
		Median: s.median(), Spread: s.span(),
		CPU: o.series(name, cpuPerM).median(), Peak: o.series(name, peakMiB).median(),
		Error: o.errors(name),
	}, len(s) > 0 || o.failed[name] != nil
}

// verdict is nil if there is no target or nothing to hold against it.
func verdict(must bound, mine, ratio *float64) *bool {
	v := ratio
	if must.absolute {
		v = mine
	}
	if must.op == "" || v == nil {
		return nil
	}
	ok := must.holds(*v)
	return &ok
}

// errors is what failed among sides, each once.
func (o outcome) errors(sides ...string) string {
	slices.Sort(sides)
	var all []error
	for _, name := range slices.Compact(sides) {
		all = append(all, o.failed[name])
	}
	if err := errors.Join(all...); err != nil {
		return err.Error()
	}
	return ""
}

// per is a/b, and 0 where b is.
func per(a, b float64) float64 {
	if b == 0 {
		return 0
	}
	return a / b
}

func round3(v float64) float64 { return math.Round(v*1000) / 1000 }
