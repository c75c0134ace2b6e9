package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		s    series
		want float64
	}{{series{3}, 3}, {series{9, 1, 2}, 2}, {series{4, 1, 3, 2}, 2.5}} {
		if got := c.s.median(); got == nil || *got != c.want {
			t.Errorf("median of %v is %v, want %v", c.s, got, c.want)
		}
	}
	if got := (series{}).median(); got != nil {
		t.Errorf("median of nothing is %v", *got)
	}
	s := series{3, 1, 2}
	s.median()
	if !slices.Equal(s, series{3, 1, 2}) {
		t.Errorf("median reordered its series to %v", s)
	}
}

func TestRatioIsRoundByRound(t *testing.T) {
	// A machine that halves its speed from round to round is the same for both.
	got := series{40, 20, 10}.over(series{20, 10, 5, 99})
	if !slices.Equal(got, series{2, 2, 2}) {
		t.Errorf("%v, want 2 in each round", got)
	}
	if got := (series{1}).over(series{0}); got != nil {
		t.Errorf("a ratio to nothing is %v", got)
	}
}

// trialOf gives out prepared samples; a nil one is a failure.
func trialOf(samples ...sample) func(context.Context, *lab) (sample, error) {
	i := -1
	return func(context.Context, *lab) (sample, error) {
		if i++; samples[i] == nil {
			return nil, fmt.Errorf("round %d broke", i)
		}
		return samples[i], nil
	}
}

// A whole experiment, from its sides to its row.
func TestRowOfThreeSides(t *testing.T) {
	e := experiment{
		id: "S1", name: "64 B",
		sides: []side{
			{ours, trialOf(sample{rate: 10, cpuPerM: 1}, sample{rate: 30, cpuPerM: 1}, sample{rate: 20, cpuPerM: 1})},
			{libzmq, trialOf(sample{rate: 5, cpuPerM: 2}, sample{rate: 10, cpuPerM: 2}, sample{rate: 10, cpuPerM: 2})},
			{raw, trialOf(sample{rate: 40}, sample{rate: 40}, sample{rate: 40})},
		},
		rows: []rowSpec{{name: "64 B", unit: "msg/s", of: rate, ours: ours, must: atLeast(2), cpu: true, save: atMost(0.7)}},
	}
	rows, err := new(lab).measure(t.Context(), []experiment{e}, 3, io.Discard)
	if err != nil || len(rows) != 1 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	b, err := json.Marshal(rows[0])
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"S1","case":"64 B","unit":"msg/s","ours":20,"libzmq":10,"ratio":2,"raw":40,"of_raw":0.5,"must":"≥2","ok":true,` +
		`"spread":{"ours":[10,30],"libzmq":[5,10],"ratio":[2,3],"raw":[40,40]},` +
		`"cpu":{"ours":1,"libzmq":2,"ratio":0.5,"raw":0,"must":"≤0.7","ok":true},"rounds":3,"on":""}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
}

// No side always comes after the same other one.
func TestRoundsAlternate(t *testing.T) {
	var order strings.Builder
	e := experiment{}
	for _, name := range []string{"A", "B", "C"} {
		e.sides = append(e.sides, side{name, func(context.Context, *lab) (sample, error) {
			order.WriteString(name)
			return sample{}, nil
		}})
	}
	new(lab).conduct(t.Context(), e, 3)
	if order.String() != "ABCCBAABC" {
		t.Errorf("the order was %s", order.String())
	}
}

// Without libzmq our figures and the ceiling remain, and nothing is judged.
func TestRowWithoutLibzmq(t *testing.T) {
	absent := &lab{libzmqAbsent: errors.New("no zmq.h")}
	for _, e := range plan(choice{}, absent) {
		for _, s := range e.sides {
			if s.name == libzmq {
				t.Fatalf("%s %s would measure libzmq, which is not there", e.id, e.name)
			}
		}
	}
	o := outcome{samples: map[string][]sample{ours: {{rate: 10}}, raw: {{rate: 20}}}}
	r := o.row("S1", rowSpec{of: rate, ours: ours, must: atLeast(2), cpu: true, save: atMost(0.7)})
	if *r.Ours != 10 || *r.Raw != 20 || r.Libzmq != nil || r.Ratio != nil || r.OK != nil || r.CPU.OK != nil || r.Error != "" {
		t.Errorf("%+v", r)
	}
}

// A side that fails is not asked again and does not stop the others. Ours has
// then missed its target, whatever it did before.
func TestRowOfAFailingSide(t *testing.T) {
	e := experiment{id: "S8", sides: []side{
		{ours, trialOf(sample{idleKiB: 9}, nil)},
		{libzmq, trialOf(sample{idleKiB: 28}, sample{idleKiB: 28}, sample{idleKiB: 28})},
	}, rows: []rowSpec{{name: "idle", of: idleKiB, ours: ours, must: noMoreThan(20)}}}
	rows, err := new(lab).measure(t.Context(), []experiment{e}, 3, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	r := rows[0]
	if r.Error != "round 1 broke" || r.Rounds != 1 || *r.Ours != 9 || len(r.Spread.Libzmq) != 2 || *r.OK {
		t.Errorf("%+v", r)
	}
	if err := failures(rows); err == nil {
		t.Error("a run with an incomplete row succeeded")
	}
}

func TestVerdicts(t *testing.T) {
	v := func(x float64) *float64 { return &x }
	for _, c := range []struct {
		must        bound
		mine, ratio *float64
		want        string
	}{
		{atLeast(2), v(1), v(2), "yes"},
		{atLeast(2), v(1), v(1.99), "NO"},
		{atMost(0.4), v(100), v(0.4), "yes"},
		{atMost(0.4), v(100), v(0.41), "NO"},
		{noMoreThan(20), v(20), v(9), "yes"},
		{noMoreThan(20), v(21), nil, "NO"},
		{noMoreThan(0), v(0.001), nil, "NO"},
		{noMoreThan(0), v(0), nil, "yes"},
		{atLeast(2), v(1), nil, "-"},
		{bound{}, v(1), v(1), "-"},
	} {
		if got := yesNo(verdict(c.must, c.mine, c.ratio)); got != c.want {
			t.Errorf("%v held against %v and %v: %s, want %s", c.must, c.mine, c.ratio, got, c.want)
		}
	}
}

func TestShort(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", 0.0084: "0.008", 0.4: "0.4", 0.9996: "1.00", 18.24: "18.2", 99.96: "100", 9_994: "9994",
		9_996: "10.0k", 612_300: "612k", 999_600: "1.00M", 8_923_000: "8.92M", 31.5e6: "31.5M",
	} {
		if got := short(v); got != want {
			t.Errorf("short(%v) = %s, want %s", v, got, want)
		}
	}
}

func TestTable(t *testing.T) {
	o := outcome{
		samples: map[string][]sample{ours: {{rate: 9e6, cpuPerM: 0.3}, {rate: 8e6, cpuPerM: 0.3}}, libzmq: {{rate: 3e6, cpuPerM: 0.6}, {rate: 4e6, cpuPerM: 0.6}}},
		failed:  map[string]error{raw: errors.New("raw pull (pid 7) hung")},
	}
	rows := []row{o.row("S1", rowSpec{name: "16 B", unit: "msg/s", of: rate, ours: ours, must: atLeast(2), cpu: true, save: atMost(0.7)})}
	var b bytes.Buffer
	if err := write(&b, "table", "a machine", rows); err != nil {
		t.Fatal(err)
	}
	got := strings.Split(b.String(), "\n")
	if got[0] != "a machine" {
		t.Errorf("the first line is %q, want the machine", got[0])
	}
	want := "S1 16 B msg/s 8.50M (8.00M–9.00M) 3.50M (3.00M–4.00M) 2.50 (2.00–3.00) ≥2 yes - - 0.3 0.6 0.5 ≤0.7 yes"
	if line := strings.Join(strings.Fields(got[4]), " "); line != want {
		t.Errorf("got  %s\nwant %s", line, want)
	}
	if !strings.HasSuffix(b.String(), "\nS1 16 B: raw pull (pid 7) hung\n") {
		t.Errorf("the failure is not below the table:\n%s", b.String())
	}
}

// The columns of memory stay under their names in a row that has none for the CPU.
func TestTableOfMemory(t *testing.T) {
	o := outcome{samples: map[string][]sample{ours: {{rate: 900, peakMiB: 24.2}}, libzmq: {{rate: 1000, peakMiB: 12.5}}}}
	rows := []row{
		o.row("S12", rowSpec{name: "with", unit: "per s", of: rate, ours: ours, must: atLeast(0.8), peak: true}),
		o.row("S8", rowSpec{name: "without", unit: "per s", of: rate, ours: ours}),
	}
	var b bytes.Buffer
	if err := write(&b, "table", "a machine", rows); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(b.String(), "\n")
	head, _, found := strings.Cut(lines[3], "MiB ours")
	if cells := []rune(lines[4]); !found || len(cells) < len(head) || !strings.HasPrefix(string(cells[len(head):]), "24.2") { // head is ASCII
		t.Errorf("24.2 is not below MiB ours:\n%s", b.String())
	}
	if *rows[0].Peak.Libzmq != 12.5 || rows[1].Peak != nil {
		t.Errorf("%+v, %+v", rows[0].Peak, rows[1].Peak)
	}
}

func TestJSONIsAnArrayOfRows(t *testing.T) {
	var b bytes.Buffer
	if err := write(&b, "json", "a machine", []row{{ID: "S1"}, {ID: "S10"}}); err != nil {
		t.Fatal(err)
	}
	var rows []map[string]any
	if err := json.Unmarshal(b.Bytes(), &rows); err != nil || len(rows) != 2 {
		t.Fatalf("%v in %s", err, b.String())
	}
	for _, key := range []string{"ours", "libzmq", "ratio", "raw", "ok"} {
		if v, there := rows[0][key]; !there || v != nil {
			t.Errorf("%s of an empty row is %v, want null", key, v)
		}
	}
	if rows[1]["id"] != "S10" || rows[1]["on"] != "a machine" {
		t.Errorf("second row: %v", rows[1])
	}
}

func TestChoice(t *testing.T) {
	ids := func(args ...string) string {
		t.Helper()
		c, err := parseChoice(args, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, e := range plan(c, new(lab)) {
			ids = append(ids, e.id)
		}
		return strings.Join(slices.Compact(ids), ",")
	}
	for args, want := range map[string]string{
		"":                "S1,S2,S3,S4,S8,S10,S11,S12",
		"-quick":          "S1,S3,S4,S8,S10,S11",
		"-quick -only=s2": "S2",
		"-only=S3,S1":     "S1,S3",
		"-only=S9":        "S1",
	} {
		if got := ids(strings.Fields(args)...); got != want {
			t.Errorf("bench %s: %s, want %s", args, got, want)
		}
	}
	for _, bad := range []string{"-only=S99", "-o=xml", "-runs=-1", "S1"} {
		if _, err := parseChoice([]string{bad}, io.Discard); err == nil {
			t.Errorf("bench %s was accepted", bad)
		}
	}
}
