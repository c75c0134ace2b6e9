package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/glassmq/zmq/internal/assault"
)

// A tally is what became of one target.
type tally struct {
	target
	tried, otherwise, died int
	kinds                  map[string]int // of differences, by their first words
}

// replayAll tries every input on every target that it suits, and prints.
func replayAll(ctx context.Context, out io.Writer, all []*assault.Input, targets []target, c choice) (code int, err error) {
	began := time.Now()
	var tallies []*tally
	for _, t := range targets {
		tallies = append(tallies, &tally{target: t, kinds: map[string]int{}})
	}
	for _, in := range all {
		for _, typ := range in.Types {
			for _, role := range in.Roles {
				var lines []string
				for _, t := range tallies {
					lines = append(lines, t.try(ctx, &trial{in: in, typ: typ, role: role, patience: c.patience}, c.verbose)...)
				}
				if ctx.Err() != nil {
					return 2, fmt.Errorf("not done after %v: %w", c.limit, ctx.Err())
				}
				if len(lines) > 0 {
					fmt.Fprintf(out, "%s, %s, %s, %s: %v\n%s\n", in.Name, typ, role, in.Mechanism, in.Ending, strings.Join(lines, "\n"))
				}
			}
		}
	}
	for _, t := range tallies {
		t.print(out)
	}
	fmt.Fprintf(out, "%v\n", time.Since(began).Round(time.Second))
	switch {
	case tallies[0].tried == 0:
		return 2, fmt.Errorf("nothing on the list is for %s", tallies[0].name())
	case tallies[0].otherwise > 0:
		return 1, nil
	}
	return 0, nil
}

// try is one input at one target; the lines are what it did otherwise, or all that it did.
func (t *tally) try(ctx context.Context, r *trial, verbose bool) (lines []string) {
	if !t.suits(r.in, r.typ, r.role) {
		return nil
	}
	o := r.run(ctx, t.target)
	otherwise := r.differences(t.name() == "ours")
	t.tried++
	if o.died {
		t.died++
	}
	if len(otherwise) > 0 {
		t.otherwise++
	}
	for _, d := range otherwise {
		kind, _, _ := strings.Cut(d, ":")
		t.kinds[short(kind, 50)]++
		lines = append(lines, fmt.Sprintf("    %s: %s", t.name(), short(d, 400)))
	}
	if verbose && o.impossible == nil {
		lines = append(lines, fmt.Sprintf("    %s did: %s after %v; answered [%s]; received %s; served a good peer: %v; told [%s]", t.name(), o.how(),
			o.after.Round(time.Millisecond), strings.Join(o.told, ", "), short(messagesText(o.received), 400), o.served == nil, strings.Join(o.events, ", ")))
	}
	return lines
}

func (t *tally) print(out io.Writer) {
	fmt.Fprintf(out, "%s: %d tried, %d otherwise than the list has it, died %d times\n", t.name(), t.tried, t.otherwise, t.died)
	kinds := make([]string, 0, len(t.kinds))
	for kind := range t.kinds {
		kinds = append(kinds, kind)
	}
	slices.SortFunc(kinds, func(a, b string) int { return t.kinds[b] - t.kinds[a] })
	for _, kind := range kinds[:min(len(kinds), 12)] {
		fmt.Fprintf(out, "    %5d  %s\n", t.kinds[kind], kind)
	}
}

func messagesText(all [][]string) string {
	if len(all) == 0 {
		return "nothing"
	}
	return fmt.Sprintf("%d messages: %q", len(all), all)
}

// short keeps a line a line.
func short(s string, most int) string {
	if len(s) > most {
		return s[:most] + "…"
	}
	return s
}

func printList(out io.Writer, all []*assault.Input) {
	for _, in := range all {
		fmt.Fprintf(out, "%s: %s %s %s %s: %v\n", in.Name, strings.Join(in.Types, " "), strings.Join(in.Roles, " "), in.Mechanism, strings.Join(in.Sources, " "), in.Ending)
	}
	fmt.Fprintf(out, "%d inputs\n", len(all))
}
