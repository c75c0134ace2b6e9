package main

import (
	"encoding/json"
	"errors"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"glass": main})
}

// raceEndsAtOnce spares each process that is built with -race the second for which it else sleeps at its end.
const raceEndsAtOnce = "atexit_sleep_ms=0"

// The scripts are in testdata/script, one for each thing that a user does. Besides testscript's own commands there are:
//
//	exits CODE COMMAND…  the command's exit code
//	vacant NAME          $NAME is an endpoint where nobody listens
//	taken NAME           $NAME is an endpoint where somebody else listens, to the end of the script
//	cmpkinds KIND…       the last output is lines of text with these kinds, in this order
//	events [KIND…]       the last output is JSON lines with the keys that every event has, and has these kinds
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", raceEndsAtOnce)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "vacant": vacant, "taken": taken, "cmpkinds": cmpkinds, "events": events,
		},
	})
}

func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	code := 0
	err = ts.Exec(args[1], args[2:]...)
	if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
		code = exit.ExitCode()
	} else {
		ts.Check(err)
	}
	if code != want {
		ts.Fatalf("exit code %d, want %d", code, want)
	}
}

func listen(ts *testscript.TestScript) net.Listener {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	return l
}

func vacant(ts *testscript.TestScript, _ bool, args []string) {
	l := listen(ts)
	ts.Setenv(args[0], "tcp://"+l.Addr().String())
	ts.Check(l.Close())
}

func taken(ts *testscript.TestScript, _ bool, args []string) {
	l := listen(ts)
	ts.Setenv(args[0], "tcp://"+l.Addr().String())
	ts.Defer(func() { l.Close() })
}

func cmpkinds(ts *testscript.TestScript, _ bool, want []string) {
	var got []string
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		if words := strings.Fields(line); len(words) > 2 && line[0] != ' ' {
			got = append(got, words[2])
		}
	}
	if !slices.Equal(got, want) {
		ts.Fatalf("the kinds are %v, want %v", got, want)
	}
}

func events(ts *testscript.TestScript, _ bool, kinds []string) {
	seen := map[string]bool{}
	for line := range strings.Lines(ts.ReadFile("stdout")) {
		var e map[string]any
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			ts.Fatalf("%v in line %s", err, line)
		}
		for _, key := range []string{"v", "ts", "inst", "seq", "app", "pid", "event", "sev", "sock", "sock_type"} {
			if e[key] == nil {
				ts.Fatalf("no key %s in %s", key, line)
			}
		}
		if conn, ok := e["conn"].(string); ok && !strings.HasPrefix(conn, e["inst"].(string)+"/") {
			ts.Fatalf("conn is %s: want the instance before it", conn)
		}
		if failed := strings.Contains(e["event"].(string), "failed"); failed && (e["why"] == nil || e["hint"] == nil || e["reason"] == nil) {
			ts.Fatalf("a failure without reason, why and hint: %s", line)
		}
		seen[e["event"].(string)] = true
	}
	for _, kind := range kinds {
		if !seen[kind] {
			ts.Fatalf("no %s among the events", kind)
		}
	}
}
