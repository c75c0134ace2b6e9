package zmq_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// A run of the race detector that finds nothing proves something only if it would have found something. So this test runs
// itself once more, with a race to find. RACE=required in the environment makes a run without the detector fail.
func TestRaceCanary(t *testing.T) {
	switch {
	case os.Getenv("RACE_BAIT") != "":
		raceBait()
		return
	case !raceEnabled && os.Getenv("RACE") == "required":
		t.Fatal("RACE=required, and the tests were built without -race")
	case !raceEnabled:
		t.Skip("the race detector is off: go test -race")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	again := exec.CommandContext(t.Context(), self, "-test.run=^TestRaceCanary$", "-test.count=1")
	again.Env = append(os.Environ(), "RACE_BAIT=1", "GORACE=atexit_sleep_ms=0")
	out, err := again.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "WARNING: DATA RACE") {
		t.Errorf("a data race went unnoticed: %v\n%s", err, out)
	}
}

// raceBait is a data race.
func raceBait() {
	n, done := 0, make(chan struct{})
	go func() {
		n++
		close(done)
	}()
	n++
	<-done
}
