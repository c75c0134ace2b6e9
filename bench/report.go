package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
)

// write prints rows in form, "table", "against" or "json".
func write(w io.Writer, form string, on description, rows []row) error {
	switch form {
	case "json":
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(rows)
	case "against":
		return writeTable(w, on, rows, againstLegend, againstCells)
	}
	return writeTable(w, on, rows, legend, rowCells)
}

// What the two tables' columns mean beyond their names.
const (
	legend        = "medians (min–max); ratio: ours/libzmq; S11: watched/not watched; S14: with many/with one connection; " + costs
	againstLegend = "before, now: medians (min–max); ratio: now/before, round by round; clear: all rounds say so; " + costs
	costs         = "cpu: seconds per million messages, all processes; MiB: peak memory, all processes"
)

// writeTable prints a line a row, below head what the cells are, and at the end
// what went wrong.
func writeTable(w io.Writer, on description, rows []row, head string, cells func([]row) [][]string) error {
	fmt.Fprintf(w, "%s\n%s\n\n", on.line(), head)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, line := range cells(rows) {
		fmt.Fprintln(t, strings.TrimRight(strings.Join(line, "\t"), "\t"))
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, line := range troubles(rows) {
		fmt.Fprintf(w, "\n%s\n", line)
	}
	return nil
}

// troubles are what went wrong, in the rows' order.
func troubles(rows []row) []string {
	var all []string
	for _, r := range rows {
		if r.Error != "" {
			all = append(all, fmt.Sprintf("%s %s: %s", r.ID, r.Case, r.Error))
		}
		for _, who := range others {
			if f := r.Others[who]; f.Error != "" {
				all = append(all, fmt.Sprintf("%s %s: %s", r.ID, r.Case, f.Error))
			}
		}
	}
	return all
}

// rowCells is the table, its heading first. The columns of who took part in no
// row are left out.
func rowCells(rows []row) [][]string {
	heading := []string{"row", "case", "unit", "ours", "libzmq", "ratio", "must", "ok", "raw", "of raw"}
	present := presentOthers(rows)
	heading = append(append(heading, present...), "cpu ours", "libzmq", "raw")
	heading = append(heading, present...)
	heading = append(append(heading, "MiB ours", "libzmq", "raw"), present...)
	lines := [][]string{heading}
	for _, r := range rows {
		line := []string{
			r.ID, r.Case, r.Unit,
			cell(r.Ours, r.Spread.Ours), cell(r.Libzmq, r.Spread.Libzmq), cell(r.Ratio, r.Spread.Ratio),
			r.Must, yesNo(r.OK), cell(r.Raw, nil), cell(r.OfRaw, nil),
		}
		for _, who := range present {
			line = append(line, cell(r.Others[who].Median, nil))
		}
		line = append(line, r.CPU.cells()...)
		for _, who := range present {
			line = append(line, r.ofCPU(who))
		}
		line = append(line, r.Peak.cells()...)
		for _, who := range present {
			line = append(line, cell(r.Others[who].Peak, nil))
		}
		lines = append(lines, line)
	}
	return lines
}

// presentOthers are the other libraries that are in any row.
func presentOthers(rows []row) []string {
	var present []string
	for _, who := range others {
		if slices.ContainsFunc(rows, func(r row) bool { _, there := r.Others[who]; return there }) {
			present = append(present, who)
		}
	}
	return present
}

func (c *columns) cells() []string {
	if c == nil {
		return []string{"-", "-", "-"}
	}
	return []string{cell(c.Ours, nil), cell(c.Libzmq, nil), cell(c.Raw, nil)}
}

// ofCPU is who's CPU, in rows that show it.
func (r row) ofCPU(who string) string {
	if r.CPU == nil {
		return "-"
	}
	return cell(r.Others[who].CPU, nil)
}

// againstCells is the table of what a change cost.
func againstCells(rows []row) [][]string {
	lines := [][]string{{"row", "case", "unit", "before", "now", "ratio", "clear", "cpu before", "now", "MiB before", "now"}}
	for _, r := range rows {
		then := figure{}
		if r.Before != nil {
			then = *r.Before
		}
		line := []string{r.ID, r.Case, r.Unit, cell(then.Median, then.Spread), cell(r.Ours, r.Spread.Ours), cell(r.Ratio, r.Spread.Ratio), clearly(r.Rounds, r.Spread.Ratio), "-", "-", "-", "-"}
		if r.CPU != nil {
			line[7], line[8] = cell(then.CPU, nil), cell(r.CPU.Ours, nil)
		}
		if r.Peak != nil {
			line[9], line[10] = cell(then.Peak, nil), cell(r.Peak.Ours, nil)
		}
		lines = append(lines, line)
	}
	return lines
}

// clearly says whether all rounds found the same side ahead; one alone says nothing.
func clearly(rounds int, ratios []float64) string {
	switch {
	case rounds < 2 || len(ratios) < 2:
		return "-"
	case ratios[0] > 1:
		return "more"
	case ratios[1] < 1:
		return "less"
	}
	return "no"
}

// cell is a median with its spread; "-" if there is none.
func cell(v *float64, span []float64) string {
	if v == nil {
		return "-"
	}
	if len(span) < 2 || span[0] == span[1] {
		return short(*v)
	}
	return fmt.Sprintf("%s (%s–%s)", short(*v), short(span[0]), short(span[1]))
}

// short is v with three digits: 8.92M, 612k, 18.2, 0.008.
func short(v float64) string {
	switch {
	case v >= 999_500:
		return threeDigits(v/1e6) + "M"
	case v >= 9_995:
		return threeDigits(v/1e3) + "k"
	}
	return threeDigits(v)
}

func threeDigits(v float64) string {
	switch {
	case v >= 99.95:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case v >= 9.995:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case v >= 0.9995:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(round3(v), 'f', -1, 64)
}

func yesNo(ok *bool) string {
	switch {
	case ok == nil:
		return "-"
	case *ok:
		return "yes"
	}
	return "NO"
}
