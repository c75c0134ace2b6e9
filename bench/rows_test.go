package main

import (
	"bytes"
	"cmp"
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
func trialOf(samples ...sample) trial {
	i := -1
	return func(*lab, context.Context, string, settings) (sample, error) {
		if i++; samples[i] == nil {
			return nil, fmt.Errorf("round %d broke", i)
		}
		return samples[i], nil
	}
}

// A whole experiment, from its sides to its row.
func TestRowOfManySides(t *testing.T) {
	e := experiment{
		id: "S1", name: "64 B",
		sides: []side{
			{name: ours, take: trialOf(sample{rate: 10, cpuPerM: 1}, sample{rate: 30, cpuPerM: 1}, sample{rate: 20, cpuPerM: 1})},
			{name: libzmq, take: trialOf(sample{rate: 5, cpuPerM: 2}, sample{rate: 10, cpuPerM: 2}, sample{rate: 10, cpuPerM: 2})},
			{name: raw, take: trialOf(sample{rate: 40}, sample{rate: 40}, sample{rate: 40})},
			{name: pebbe, take: trialOf(sample{rate: 1, cpuPerM: 4, peakMiB: 7}), once: true},
		},
		rows: []rowSpec{
			{name: "64 B", unit: "msg/s", of: rate, ours: ours, must: atLeast(2), cpu: true, plot: plot{"streams", "bytes", 64}},
			{id: "S9", name: "64 B", of: cpuPerM, ours: ours, must: atMost(0.7)},
		},
	}
	rows, err := new(lab).measure(t.Context(), []experiment{e}, 3, io.Discard)
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	b, err := json.Marshal(rows[0])
	if err != nil {
		t.Fatal(err)
	}
	want := `{"id":"S1","case":"64 B","unit":"msg/s","ours":20,"libzmq":10,"ratio":2,"raw":40,"of_raw":0.5,"must":"≥2","ok":true,` +
		`"spread":{"ours":[10,30],"libzmq":[5,10],"ratio":[2,3],"raw":[40,40]},` +
		`"cpu":{"ours":1,"libzmq":2,"ratio":0.5,"raw":null},` +
		`"others":{"pebbe":{"median":1,"spread":[1,1],"cpu":4,"peak_mib":7}},` +
		`"plot":{"name":"streams","axis":"bytes","x":64},"rounds":3,"on":""}`
	if string(b) != want {
		t.Errorf("got  %s\nwant %s", b, want)
	}
	if r := rows[1]; r.ID != "S9" || *r.Ratio != 0.5 || !*r.OK || *r.Others[pebbe].Median != 4 {
		t.Errorf("S9 is %+v", r)
	}
}

// No side always comes after the same other one.
func TestRoundsAlternate(t *testing.T) {
	var order strings.Builder
	e := experiment{}
	for _, name := range []string{"A", "B", "C"} {
		e.sides = append(e.sides, side{name: name, take: func(*lab, context.Context, string, settings) (sample, error) {
			order.WriteString(name)
			return sample{}, nil
		}})
	}
	new(lab).conduct(t.Context(), e, 3)
	if order.String() != "ABCCBAABC" {
		t.Errorf("the order was %s", order.String())
	}
}

// A step's ratio is to the first one of ours, its columns are its own.
func TestRowOfSteps(t *testing.T) {
	o := outcome{samples: map[string][]sample{
		"ours ×1": {{listenerNs: 100}}, "libzmq ×1": {{listenerNs: 300}}, "raw ×1": {{listenerNs: 50}},
		"ours ×10": {{listenerNs: 110}}, "libzmq ×10": {{listenerNs: 400}}, "raw ×10": {{listenerNs: 55}},
	}}
	r := o.row("S14", planCrowds(10, false)[0].rows[1])
	if *r.Ours != 110 || *r.Libzmq != 400 || *r.Raw != 55 || *r.Ratio != 1.1 || !*r.OK || *r.OfRaw != 2 {
		t.Errorf("%+v", r)
	}
}

// That another library fails is said, and is no failure of the run.
func TestRowOfAFailingOther(t *testing.T) {
	o := outcome{
		samples: map[string][]sample{ours: {{rate: 10}}, mangos: {{rate: 2}}},
		failed:  map[string]error{mangos: errors.New("mangos pull (pid 7) hung")},
	}
	rows := []row{o.row("S1", rowSpec{name: "64 B", of: rate, ours: ours})}
	if f := rows[0].Others[mangos]; *f.Median != 2 || f.Error != "mangos pull (pid 7) hung" || rows[0].Error != "" {
		t.Errorf("%+v", rows[0])
	}
	if err := failures(rows); err != nil {
		t.Error(err)
	}
	if got := troubles(rows); len(got) != 1 || !strings.Contains(got[0], "S1 64 B: mangos pull") {
		t.Errorf("troubles: %q", got)
	}
}

// Without libzmq our figures and the ceiling remain, and nothing is judged.
func TestRowWithoutLibzmq(t *testing.T) {
	absent := &lab{crowd: 10, subscriptions: 10, absent: map[string]error{libzmq: errors.New("no zmq.h"), pebbe: errors.New("no zmq.h")}}
	for _, e := range plan(choice{}, absent) {
		for _, s := range e.sides {
			if s.who == libzmq || s.who == pebbe {
				t.Fatalf("%s %s would measure %s, which is not there", e.id, e.name, s.name)
			}
		}
	}
	o := outcome{samples: map[string][]sample{ours: {{rate: 10}}, raw: {{rate: 20}}}}
	r := o.row("S1", rowSpec{of: rate, ours: ours, must: atLeast(2), cpu: true})
	if *r.Ours != 10 || *r.Raw != 20 || r.Libzmq != nil || r.Ratio != nil || r.OK != nil || r.Error != "" {
		t.Errorf("%+v", r)
	}
}

// A side that fails is not asked again and does not stop the others. Ours has
// then missed its target, whatever it did before.
func TestRowOfAFailingSide(t *testing.T) {
	e := experiment{id: "S8", sides: []side{
		{name: ours, take: trialOf(sample{idleKiB: 9}, nil)},
		{name: libzmq, take: trialOf(sample{idleKiB: 28}, sample{idleKiB: 28}, sample{idleKiB: 28})},
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

var aMachine = description{Commit: "abc", Machine: "a machine", Missing: []string{"mangos: no network"}}

func TestTable(t *testing.T) {
	o := outcome{
		samples: map[string][]sample{
			ours:   {{rate: 9e6, cpuPerM: 0.3, peakMiB: 20}, {rate: 8e6, cpuPerM: 0.3, peakMiB: 20}},
			libzmq: {{rate: 3e6, cpuPerM: 0.6, peakMiB: 5}, {rate: 4e6, cpuPerM: 0.6, peakMiB: 5}},
			pebbe:  {{rate: 1e6, cpuPerM: 1.5, peakMiB: 30}},
		},
		failed: map[string]error{raw: errors.New("raw pull (pid 7) hung")},
	}
	rows := []row{
		o.row("S1", rowSpec{name: "16 B", unit: "msg/s", of: rate, ours: ours, must: atLeast(2), cpu: true}),
		o.row("S8", rowSpec{name: "none", unit: "KiB", of: idleKiB, ours: "nobody"}),
	}
	var b bytes.Buffer
	if err := write(&b, "table", aMachine, rows); err != nil {
		t.Fatal(err)
	}
	got := strings.Split(b.String(), "\n")
	if !strings.Contains(got[0], "a machine") || !strings.Contains(got[0], "not measured: mangos: no network") {
		t.Errorf("the first line is %q, want the machine and who is missing", got[0])
	}
	words := func(i int) string { return strings.Join(strings.Fields(got[i]), " ") }
	if want := "row case unit ours libzmq ratio must ok raw of raw pebbe cpu ours libzmq raw pebbe MiB ours libzmq raw pebbe"; words(3) != want {
		t.Errorf("got  %s\nwant %s", words(3), want)
	}
	want := "S1 16 B msg/s 8.50M (8.00M–9.00M) 3.50M (3.00M–4.00M) 2.50 (2.00–3.00) ≥2 yes - - 1.00M 0.3 0.6 - 1.50 20.0 5.00 - 30.0"
	if words(4) != want {
		t.Errorf("got  %s\nwant %s", words(4), want)
	}
	if strings.Count(got[4], "-") != strings.Count(want, "-") || len(rows[1].Others) != 0 {
		t.Errorf("%q, %+v", got[4], rows[1].Others)
	}
	if !strings.HasSuffix(b.String(), "\nS1 16 B: raw pull (pid 7) hung\n\nS8 none: raw pull (pid 7) hung\n") {
		t.Errorf("the failure is not below the table:\n%s", b.String())
	}
}

// What a change cost: of the sides, ours and ours before remain, and a ratio that
// all rounds agree about is told from one that they do not.
func TestAgainst(t *testing.T) {
	l := &lab{crowd: 10, subscriptions: 10}
	for _, e := range plan(choice{against: "HEAD~1"}, l) {
		names := map[string]bool{}
		for _, s := range e.sides {
			if names[s.name] = true; s.who != ours && s.who != before {
				t.Errorf("%s %s measures %s", e.id, e.name, s.name)
			}
		}
		for _, r := range e.rows {
			if !names[r.ours] || !names[r.base] || r.must.op != "" {
				t.Errorf("%s %s: %s is compared with %s, must %v; there are %v", e.id, r.name, r.ours, r.base, r.must, names)
			}
		}
	}
	o := outcome{samples: map[string][]sample{
		ours:             {{rate: 11, cpuPerM: 1, peakMiB: 8}, {rate: 24}},
		nameBefore(ours): {{rate: 10}, {rate: 20, cpuPerM: 2, peakMiB: 9}},
	}}
	rows := []row{o.row("S1", rowSpec{name: "16 B", unit: "msg/s", of: rate, ours: ours, base: nameBefore(ours), cpu: true})}
	var b bytes.Buffer
	if err := write(&b, "against", aMachine, rows); err != nil {
		t.Fatal(err)
	}
	got := strings.Join(strings.Fields(strings.Split(b.String(), "\n")[4]), " ")
	if want := "S1 16 B msg/s 15.0 (10.0–20.0) 17.5 (11.0–24.0) 1.15 (1.10–1.20) more 2.00 1.00 9.00 8.00"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := clearly(1, []float64{2, 2}); got != "-" {
		t.Errorf("one round is clearly %s", got)
	}
	b.Reset()
	writeMarkdown(&b, aMachine, rows, nil)
	if want := "\n| S1 | 16 B | msg/s | 15.0 (10.0–20.0) | 17.5 (11.0–24.0) | 1.15 (1.10–1.20) | more |"; !strings.Contains(b.String(), want) {
		t.Errorf("%q is not in\n%s", want, b.String())
	}
	for want, ratios := range map[string][]float64{"more": {1.01, 2}, "less": {0.5, 0.99}, "no": {0.9, 1.1}, "-": nil} {
		if got := clearly(2, ratios); got != want {
			t.Errorf("%v is clearly %s, want %s", ratios, got, want)
		}
	}
}

// The file that is kept names the machine, shows the pictures, and has every row.
func TestMarkdown(t *testing.T) {
	o := outcome{samples: map[string][]sample{ours: {{rate: 9e6}}}, failed: map[string]error{libzmq: errors.New("it\nhung")}}
	rows := []row{o.row("S1", rowSpec{name: "16 B", unit: "msg/s", of: rate, ours: ours, must: atLeast(2)})}
	var b bytes.Buffer
	writeMarkdown(&b, aMachine, rows, []string{"x-streams.svg"})
	for _, want := range []string{
		"- commit: abc\n", "- machine: a machine\n", "- not measured: mangos: no network\n", "![](x-streams.svg)\n",
		"\n| S1 | 16 B | msg/s | 9.00M | - | - | ≥2 | - |", "\n- S1 16 B: it hung\n",
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is not in\n%s", want, b.String())
		}
	}
}

func TestJSONIsAnArrayOfRows(t *testing.T) {
	var b bytes.Buffer
	if err := write(&b, "json", aMachine, []row{{ID: "S1"}, {ID: "S10", On: "a machine"}}); err != nil {
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
		for _, e := range plan(c, &lab{crowd: 10, subscriptions: 10}) {
			ids = append(ids, e.id)
			for _, r := range e.rows {
				ids = append(ids, cmp.Or(r.id, e.id))
			}
		}
		slices.Sort(ids)
		return strings.Join(slices.Compact(ids), ",")
	}
	all := strings.Join(slices.Sorted(slices.Values(knownRows)), ",")
	for args, want := range map[string]string{
		"":                all,
		"-quick":          all,
		"-full":           all,
		"-against=HEAD":   all,
		"-quick -only=s2": "S2",
		"-only=S3,S14":    "S14,S3",
		"-only=S9":        "S1,S9",
		"-only=S7 -quick": "S7",
		"-only=S13 -full": "S13",
	} {
		if got := ids(strings.Fields(args)...); got != want {
			t.Errorf("bench %s: %s, want %s", args, got, want)
		}
	}
	for _, bad := range []string{"-only=S99", "-o=xml", "-runs=-1", "S1", "-quick -full", "-against=-f"} {
		if _, err := parseChoice(strings.Fields(bad), io.Discard); err == nil {
			t.Errorf("bench %s was accepted", bad)
		}
	}
}
