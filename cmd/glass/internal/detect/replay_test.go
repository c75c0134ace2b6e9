package detect

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/kernel"
	"github.com/glassmq/zmq/observe/fact"
)

var update = flag.Bool("update", false, "write what the detectors make of the recordings, for a person to read")

// tail is how long the clock goes on after the last line: long enough for what ends by itself, too short for a process to be
// given up.
const tail = 70 * time.Second

// Each recording is real sockets in trouble, or not (record). What the detectors make of it stands beside it.
func TestRecordings(t *testing.T) {
	files, err := filepath.Glob("testdata/*.jsonl")
	if err != nil || len(files) < 12 {
		t.Fatalf("%d recordings, %v", len(files), err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".jsonl")
		t.Run(name, func(t *testing.T) {
			got := story(replay(t, file, Thresholds{Host: "h"}))
			golden := "testdata/" + name + ".txt"
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if got != string(want) {
				t.Errorf("got\n%s\nwant\n%s", got, want)
			}
		})
	}
}

// A told is something that was found, so long after the beginning.
type told struct {
	after time.Duration
	Found
}

// replay gives a recording to a new Detector, with the recording's own clock: a tick each second.
func replay(t *testing.T, file string, o Thresholds) (all []told) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	d := New(o)
	var began, now time.Time
	keep := func(found []Found) {
		for _, f := range found {
			all = append(all, told{now.Sub(began), f})
		}
	}
	until := func(at time.Time) {
		for ; !now.After(at); now = now.Add(time.Second) {
			keep(d.Tick(now))
		}
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	lines.Buffer(nil, fact.MaxLine)
	for lines.Scan() {
		in := read(t, lines.Bytes())
		if began.IsZero() {
			began, now = in.at, in.at
		}
		until(in.at)
		switch {
		case in.fact != nil:
			keep(d.Event(*in.fact))
		case in.state != nil:
			keep(d.State(*in.state))
		default:
			keep(d.TCP(in.at, in.conns))
		}
	}
	until(now.Add(tail))
	return all
}

type input struct {
	at    time.Time
	fact  *fact.Fact
	state *fact.State
	conns []kernel.Conn
}

func read(t *testing.T, line []byte) (in input) {
	t.Helper()
	var k struct {
		Event string        `json:"event"`
		TS    time.Time     `json:"ts"`
		Conns []kernel.Conn `json:"conns"`
	}
	err := json.Unmarshal(line, &k)
	in.at, in.conns = k.TS, k.Conns
	if err == nil && k.Event != "kernel" {
		in.fact, in.state, err = fact.Parse(bytes.Clone(line))
	}
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	return in
}

// story is what was found, in whole seconds.
func story(all []told) string {
	var b strings.Builder
	for _, f := range all {
		fmt.Fprintf(&b, "+%v %s %s %s sock=%d %s %s endpoint=%s conn=%s remote=%s peer=%s n=%d since=+%v\n  why  %s\n", f.after.Truncate(time.Second), f.State, f.Name, f.Severity,
			f.Sock, f.SockType, f.SockName, f.Endpoint, f.Conn, f.Remote, f.Condition.Peer, f.Count, f.Since.Sub(f.At.Add(-f.after)).Truncate(time.Second), f.Why)
		if f.Hint != "" {
			fmt.Fprintf(&b, "  hint %s\n", f.Hint)
		}
	}
	return b.String()
}
