package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/glassmq/zmq/monitor"
)

// Each reason, event and status that an event can have is explained, with why and what to do.
func TestEveryCodeIsExplained(t *testing.T) {
	t.Parallel()
	seen := map[monitor.Class]int{}
	for c := range monitor.Codes() {
		if c.Class == monitor.ClassErrno {
			continue // those of the system that stand for nothing of ours have their number only
		}
		seen[c.Class]++
		var out, notes bytes.Buffer
		if code := run(t.Context(), []string{"explain", c.Name, "-o", "json"}, nil, &out, &notes); code != exitOK {
			t.Errorf("%s %s: exit code %d, %s", c.Class, c.Name, code, &notes)
			continue
		}
		var entries []entry
		if err := json.Unmarshal(out.Bytes(), &entries); err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if e.Class == string(monitor.ClassErrno) {
				continue
			}
			if len(e.Views) == 0 {
				t.Errorf("%s %s has no words", e.Class, e.Code)
			}
			for _, v := range e.Views {
				if v.Why == "" || v.Do == "" || strings.ContainsAny(v.Why+v.Do, "{}[]") {
					t.Errorf("%s %s: why %q, do %q", e.Class, e.Code, v.Why, v.Do)
				}
			}
		}
	}
	for _, class := range []monitor.Class{monitor.ClassEvent, monitor.ClassReason, monitor.ClassProtocol, monitor.ClassZAP} {
		if seen[class] == 0 {
			t.Errorf("no code of class %s", class)
		}
	}
}
