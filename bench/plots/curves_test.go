package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// What bench writes, and what becomes of it: rows of two plots, one of which has
// a single point, and one row that is no point at all.
const rows = `[
 {"id":"S1","unit":"msg/s","ours":20,"libzmq":10,"raw":40,"spread":{"ours":[10,30],"libzmq":[9,11],"raw":[40,40]},
  "others":{"mangos":{"median":2,"spread":[1,3]},"pebbe":{"median":null,"error":"hung"}},"plot":{"name":"PUSH to PULL, tcp","axis":"bytes","x":64}},
 {"id":"S1","unit":"msg/s","ours":25,"libzmq":null,"raw":50,"spread":{"ours":null,"libzmq":null,"raw":null},"plot":{"name":"PUSH to PULL, tcp","axis":"bytes","x":8}},
 {"id":"S5","unit":"del/s","ours":1,"spread":{"ours":[1,1]},"plot":{"name":"PUB to SUB","axis":"subscribers","x":1}},
 {"id":"S8","unit":"KiB","ours":9,"spread":{"ours":[9,9]}}
]`

func parse(t *testing.T, text string) []row {
	t.Helper()
	var all []row
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		t.Fatal(err)
	}
	return all
}

func TestPicturesOf(t *testing.T) {
	got := picturesOf(parse(t, rows))
	if len(got) != 1 {
		t.Fatalf("%d pictures, want one: %+v", len(got), got)
	}
	p := got[0]
	if p.slug() != "push-to-pull-tcp" || p.axis != "bytes" || p.unit != "msg/s" || !slices.Equal(p.ticks(), []float64{8, 64}) || !p.positive() {
		t.Errorf("%+v", p)
	}
	want := []curve{
		{"ours", []point{{8, 25, 25, 25}, {64, 20, 10, 30}}},
		{"libzmq", []point{{64, 10, 9, 11}}},
		{"raw", []point{{8, 50, 50, 50}, {64, 40, 40, 40}}},
		{"mangos", []point{{64, 2, 1, 3}}},
	}
	for i, c := range p.curves {
		if i >= len(want) || c.side != want[i].side || !slices.Equal(c.points, want[i].points) {
			t.Errorf("curve %d is %+v, want %+v", i, c, want)
		}
	}
	if len(p.curves) != len(want) {
		t.Errorf("%d curves, want %d", len(p.curves), len(want))
	}
}

// A run's file becomes a picture beside it, also where a value is 0 and has no logarithm.
func TestRunDraws(t *testing.T) {
	for name, text := range map[string]string{
		"two": rows,
		"zero": `[{"unit":"ns","ours":0,"plot":{"name":"PUSH to PULL, tcp","axis":"n","x":1}},
			{"unit":"ns","ours":2,"plot":{"name":"PUSH to PULL, tcp","axis":"n","x":10}}]`,
	} {
		path := filepath.Join(t.TempDir(), "run.json")
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := run(path); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		svg, err := os.ReadFile(filepath.Join(filepath.Dir(path), "run-push-to-pull-tcp.svg"))
		if err != nil || !bytes.Contains(svg, []byte("<svg")) || !bytes.Contains(svg, []byte("PUSH to PULL, tcp")) {
			t.Errorf("%s: no picture: %v, %.100s", name, err, svg)
		}
	}
}

func TestManyName(t *testing.T) {
	for x, want := range map[float64]string{1: "1", 64: "64", 1024: "1Ki", 1 << 20: "1Mi", 1000: "1k", 1e6: "1M", 512: "512", 10_000: "10k"} {
		if got := manyName(x); got != want {
			t.Errorf("%v is %s, want %s", x, got, want)
		}
	}
}
