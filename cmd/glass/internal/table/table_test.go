package table

import (
	"bytes"
	"math"
	"strings"
	"testing"
	"time"
)

// peers is a table with something of everything: a number, a text that may be cut, one that may go, one that is only wide.
func peers() Table {
	t := Table{Columns: []Column{
		{Name: "PEER", Elastic: true}, {Name: "TX/S", Right: true}, {Name: "WHY", Elastic: true, Spare: true}, {Name: "ZMTP", Wide: true},
	}}
	for _, p := range []struct {
		name string
		rate float64
		why  string
	}{
		{"risk-1", 6240.5, ""},
		{"risk-2", 9, "it does not read, and its queue is at the mark"},
		{"Österreich", 0, "an address"},
	} {
		t.Rows = append(t.Rows, Row{Key: p.name, Value: map[string]any{"peer": p.name, "rate": p.rate}, Cells: []Cell{
			Text(p.name), Rate(p.rate), Text(p.why).At(Warn), Text("3.1"),
		}})
	}
	return t
}

func TestColumnsAreAligned(t *testing.T) {
	for name, c := range map[string]struct {
		look Look
		want string
	}{
		"all of it": {Look{}, `
PEER         TX/S  WHY
risk-1      6.24k
risk-2          9  it does not read, and its queue is at the mark
Österreich      0  an address
`},
		"wide": {Look{Wide: true}, `
PEER         TX/S  WHY                                             ZMTP
risk-1      6.24k                                                  3.1
risk-2          9  it does not read, and its queue is at the mark  3.1
Österreich      0  an address                                      3.1
`},
		"on a terminal the elastic one gives way": {Look{Width: 40}, `
PEER         TX/S  WHY
risk-1      6.24k
risk-2          9  it does not read, an…
Österreich      0  an address
`},
		"on a smaller one the spare one goes": {Look{Width: 20}, `
PEER         TX/S
risk-1      6.24k
risk-2          9
Österreich      0
`},
		"and on one that is too small, lines end": {Look{Width: 14}, `
PEER        T…
risk-1      6…
risk-2       9
Österreich   0
`},
	} {
		table := peers()
		if got := "\n" + table.String(c.look); got != c.want {
			t.Errorf("%s: got%swant%s", name, got, c.want)
		}
	}
}

// No line is wider than the terminal, whatever its width: what a terminal breaks is no table.
func TestNoLineIsWiderThanTheTerminal(t *testing.T) {
	for width := 1; width < 100; width++ {
		table := peers()
		for line := range strings.Lines(table.String(Look{Width: width, Wide: true, Colour: true})) {
			if n := Width(strings.TrimSuffix(line, "\n")); n > width {
				t.Errorf("%d columns of %d: %q", n, width, line)
			}
		}
	}
}

func TestColoursAreForTheWordsAlone(t *testing.T) {
	table := peers()
	got := table.String(Look{Colour: true})
	for _, want := range []string{"\x1b[1mPEER\x1b[0m", "\x1b[33man address\x1b[0m\n", "      \x1b[2m0\x1b[0m  "} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
}

func TestWhatAPeerWritesCannotForgeARow(t *testing.T) {
	table := Table{Columns: []Column{{Name: "PEER"}}}
	for _, s := range []string{"a\nb", "\x1b[2J\x1b[31mred", "right\u202eleft", "tab\there", "\xff\xfe", "\u0000"} {
		table.Rows = append(table.Rows, Row{Cells: []Cell{Text(s)}})
	}
	text := table.String(Look{})
	if n := strings.Count(text, "\n"); n != 1+len(table.Rows) || strings.ContainsAny(text, "\x1b\u202e\t\x00") {
		t.Errorf("%d lines of %d rows: %q", n, len(table.Rows), text)
	}
}

func TestJSON(t *testing.T) {
	for form, want := range map[string]string{
		JSON:  `[{"peer":"risk-1","rate":6240.5},{"peer":"risk-2","rate":9},{"peer":"Österreich","rate":0}]` + "\n",
		JSONL: "{\"peer\":\"risk-1\",\"rate\":6240.5}\n{\"peer\":\"risk-2\",\"rate\":9}\n{\"peer\":\"Österreich\",\"rate\":0}\n",
	} {
		var b bytes.Buffer
		table := peers()
		if err := table.Write(&b, form, false); err != nil || b.String() != want {
			t.Errorf("%s: %v\n%swant\n%s", form, err, b.String(), want)
		}
	}
	var none, b bytes.Buffer
	empty := Table{Columns: peers().Columns}
	if err := empty.Write(&none, JSON, false); err != nil || none.String() != "[]\n" {
		t.Errorf("no rows as JSON are %q, %v", none.String(), err)
	}
	if err := empty.Write(&b, Aligned, false); err != nil || b.Len() > 0 {
		t.Errorf("no rows are %q, %v", b.String(), err)
	}
}

func order(t *Table) (keys string) {
	for _, r := range t.Rows {
		keys += " " + r.Key
	}
	return keys[min(1, len(keys)):]
}

func TestSort(t *testing.T) {
	for name, c := range map[string]struct {
		column  string
		reverse bool
		want    string
	}{
		"text from A":                 {"peer", false, "risk-1 risk-2 Österreich"},
		"and back":                    {"PEER", true, "Österreich risk-2 risk-1"},
		"numbers from the largest":    {"tx/s", false, "risk-1 risk-2 Österreich"},
		"and from the smallest":       {"txs", true, "Österreich risk-2 risk-1"},
		"what is equal, by its key":   {"zmtp", false, "risk-1 risk-2 Österreich"},
		"also when the rest turns":    {"z-m-t-p", true, "risk-1 risk-2 Österreich"},
		"nothing comes before a text": {"why", false, "risk-1 Österreich risk-2"},
	} {
		table := peers()
		i, err := table.Column(c.column)
		if err != nil {
			t.Fatal(err)
		}
		table.Sort(i, c.reverse)
		if got := order(&table); got != c.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	table := peers()
	if _, err := table.Column("speed"); err == nil || err.Error() != `no column is called "speed": there are peer, tx/s, why, zmtp` {
		t.Error(err)
	}
}

func TestFilter(t *testing.T) {
	for text, want := range map[string]string{
		"":             "risk-1 risk-2 Österreich",
		"RISK":         "risk-1 risk-2",
		"risk !queue":  "risk-1",
		"!risk":        "Österreich",
		"ö an":         "Österreich",
		"risk nothing": "",
		"!":            "risk-1 risk-2 Österreich",
		"6.24k":        "risk-1",
	} {
		table := peers()
		table.Filter(text)
		if got := order(&table); got != want {
			t.Errorf("%q lets %q through, want %q", text, got, want)
		}
	}
	table := peers()
	if table.Top(2); order(&table) != "risk-1 risk-2" {
		t.Error(order(&table))
	}
}

func TestNumbersAreShort(t *testing.T) {
	for n, want := range map[float64]string{
		0: "0", 0.004: "0", 0.25: "0.25", 1: "1", 7.5: "7.5", 9.996: "10", 12: "12", 99.96: "100", 812.4: "812", 999.4: "999", 999.6: "1k",
		1250: "1.25k", 12_480: "12.5k", 99_960: "100k", 999_499: "999k", 999_600: "1M", 66_400_000: "66.4M", 1e12: "1T", -1250: "-1.25k",
		math.Inf(1): "-", 1.8e19: "18E",
	} {
		if got := Short(n); got != want {
			t.Errorf("%v is %s, want %s", n, got, want)
		}
	}
	for n := 0.001; n < 1e20; n *= 1.07 {
		if got := Short(n); len(got) > 5 {
			t.Errorf("%v is %s, which has more than five characters", n, got)
		}
	}
}

func TestSpansHaveTwoUnits(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s": 0, "1µs": 1, "85µs": 85 * time.Microsecond, "1.8ms": 1800 * time.Microsecond, "310ms": 310 * time.Millisecond, "999ms": time.Second - 1,
		"7.5s": 7599 * time.Millisecond, "59s": time.Minute - 1, "1m": time.Minute, "12m40s": 12*time.Minute + 40*time.Second, "2h": 2*time.Hour + time.Second,
		"2h5m": 2*time.Hour + 5*time.Minute, "3d4h": 76 * time.Hour, "1d": 24*time.Hour + time.Minute, "-5m": -5 * time.Minute,
	} {
		if got := Span(d); got != want {
			t.Errorf("%d is %s, want %s", d, got, want)
		}
	}
}

func TestAgesAndClocks(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.Local)
	if got := Ago(now, time.Time{}); got.Text != "" || got.Order >= Ago(now, now).Order {
		t.Errorf("never is %+v, and must sort behind now", got)
	}
	if got := Ago(now, now.Add(time.Second)).Text; got != "0s" {
		t.Errorf("what another host's clock says is to come is %s ago", got)
	}
	for want, at := range map[string]time.Time{"11:59:00": now.Add(-time.Minute), "00:00:00": now.Add(-12 * time.Hour), "11-21 23:59": now.Add(-12*time.Hour - time.Minute), "": {}} {
		if got := Clock(now, at); got != want {
			t.Errorf("%v is %q, want %q", at, got, want)
		}
	}
}
