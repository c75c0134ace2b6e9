package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// write prints rows in form, "table" or "json".
func write(w io.Writer, form, on string, rows []row) error {
	for i := range rows {
		rows[i].On = on
	}
	if form == "json" {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(rows)
	}
	return writeTable(w, on, rows)
}

// writeTable prints a line a row, and below it what went wrong.
func writeTable(w io.Writer, on string, rows []row) error {
	fmt.Fprintf(w, "%s\nmedians (min–max); ratio: ours/libzmq; S11: watched/not watched; cpu: seconds per million messages, both ends (S9); MiB: peak memory, both ends\n\n", on)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	line := func(cells ...string) { fmt.Fprintln(t, strings.TrimRight(strings.Join(cells, "\t"), "\t")) }
	line("row", "case", "unit", "ours", "libzmq", "ratio", "must", "ok", "raw", "of raw", "cpu ours", "libzmq", "ratio", "must", "ok", "MiB ours", "libzmq")
	for _, r := range rows {
		line(append([]string{
			r.ID, r.Case, r.Unit,
			cell(r.Ours, r.Spread.Ours), cell(r.Libzmq, r.Spread.Libzmq), cell(r.Ratio, r.Spread.Ratio),
			r.Must, yesNo(r.OK), cell(r.Raw, nil), cell(r.OfRaw, nil),
		}, append(cpuCells(r.CPU), peakCells(r.Peak)...)...)...)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	for _, r := range rows {
		if r.Error != "" {
			fmt.Fprintf(w, "\n%s %s: %s\n", r.ID, r.Case, r.Error)
		}
	}
	return nil
}

func cpuCells(c *cpu) []string {
	if c == nil {
		return make([]string, 5)
	}
	if c.Ratio == nil {
		return []string{cell(c.Ours, nil), "", "", "", ""}
	}
	return []string{cell(c.Ours, nil), cell(c.Libzmq, nil), cell(c.Ratio, nil), c.Must, yesNo(c.OK)}
}

func peakCells(p *peak) []string {
	if p == nil {
		return nil
	}
	return []string{cell(p.Ours, nil), cell(p.Libzmq, nil)}
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
