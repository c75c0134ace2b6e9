package main

import (
	"context"
	"os"
	"strings"
	"testing"
	"time"
)

// TestMain lets the test binary be the child process that bench itself is.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == roleCommand {
		os.Exit(playRole(os.Args[2:]))
	}
	// Under the race detector a process sleeps a second before it exits, and
	// the children are many.
	os.Setenv("GORACE", strings.TrimSpace(os.Getenv("GORACE")+" atexit_sleep_ms=0"))
	os.Exit(m.Run())
}

// testLab has windows that are long enough to count something in.
func testLab(t *testing.T) *lab {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{self: self, dir: t.TempDir(), warm: 5 * time.Millisecond, run: 20 * time.Millisecond, idle: 20}
	l.peer, l.libzmqVersion, l.libzmqAbsent = buildPeer(t.Context(), l.dir)
	return l
}

// TestSides runs every trial of every side once, in real processes. libzmq is
// skipped where it cannot be built.
func TestSides(t *testing.T) {
	l := testLab(t)
	for _, side := range []string{ours, raw, libzmq} {
		t.Run(side, func(t *testing.T) {
			if side == libzmq && l.libzmqAbsent != nil {
				t.Skipf("libzmq's side is not tested here: %v", l.libzmqAbsent)
			}
			for _, trial := range trialsOf(l, side) {
				t.Run(trial.name, func(t *testing.T) { trial.check(t) })
			}
		})
	}
}

type trialTest struct {
	name  string
	take  func(ctx context.Context) (sample, error)
	wants []quantity // which must be greater than 0
}

func (x trialTest) check(t *testing.T) {
	got, err := x.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, q := range x.wants {
		if got[q] <= 0 {
			t.Errorf("%s: %v, want more than 0", q, got[q])
		}
	}
	if got[p99] < got[p50] {
		t.Errorf("p99 %v is below p50 %v", got[p99], got[p50])
	}
}

func trialsOf(l *lab, side string) []trialTest {
	flow, turn := []quantity{rate, cpuPerM}, []quantity{p50, p99}
	small := settings{size: 64}
	stream := func(name string, s settings) trialTest {
		return trialTest{name, func(ctx context.Context) (sample, error) { return l.stream(ctx, side, s) }, flow}
	}
	roundTrip := func(transport string) trialTest {
		return trialTest{"round trip " + transport, func(ctx context.Context) (sample, error) {
			return l.roundTrip(ctx, side, transport, small)
		}, turn}
	}
	inproc := func(role, pattern string, wants []quantity) trialTest {
		s := settings{size: 64, pattern: pattern}
		return trialTest{role + pattern, func(ctx context.Context) (sample, error) {
			return l.inproc(ctx, side, role, s)
		}, wants}
	}
	trials := []trialTest{
		stream("64 B", small), stream("1 MiB", settings{size: 1 << 20}),
		roundTrip("tcp"), roundTrip("ipc"),
		inproc(roleInprocStream, "", flow),
		inproc(roleInprocRoundTrip, "pair", turn), inproc(roleInprocRoundTrip, "reqrep", turn),
	}
	if side != raw {
		sealed := append([]quantity{peakMiB}, flow...)
		trials = append(trials,
			trialTest{"CURVE", func(ctx context.Context) (sample, error) { return l.stream(ctx, side, secured(small)) }, sealed},
			trialTest{"CURVE handshakes", func(ctx context.Context) (sample, error) { return l.visits(ctx, side) }, sealed})
	}
	if side == ours {
		trials = append(trials,
			stream("RecvInto", settings{size: 64, into: true}),
			stream("3 frames", settings{size: 64, frames: 3}),
			stream("watched", settings{size: 64, watch: true}))
	}
	if side != raw {
		trials = append(trials, trialTest{"memory", func(ctx context.Context) (sample, error) {
			return l.memory(ctx, side)
		}, nil})
	}
	return trials
}

// A receiver to which nobody connects ends at its own limit, and says so.
func TestChildEndsAtItsLimit(t *testing.T) {
	l := testLab(t)
	s := settings{endpoint: anyPort, size: 64, limit: 50 * time.Millisecond}
	c, err := startChild(t.Context(), "raw pull", time.Minute, append([]string{l.self, roleCommand, raw, rolePull}, s.args()...))
	if err != nil {
		t.Fatal(err)
	}
	if endpoint, err := c.line(); err != nil || !strings.HasPrefix(endpoint, "tcp://127.0.0.1:") {
		t.Fatalf("announced %q, %v", endpoint, err)
	}
	_, err = c.reading()
	if err == nil || !strings.Contains(err.Error(), "not done after 50ms") {
		t.Fatalf("%v; want it to say that the limit of 50ms is over", err)
	}
	if again := c.end(); again != err {
		t.Errorf("end: %v, want what was said before", again)
	}
}

// A child that does not end itself is killed, and the error has its pid.
func TestHungChildIsKilled(t *testing.T) {
	l := testLab(t)
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	c, err := startChild(ctx, "raw pull", time.Minute, []string{l.self, roleCommand, raw, rolePull, "endpoint=" + anyPort})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.line(); err != nil {
		t.Fatal(err)
	}
	_, err = c.reading()
	if err == nil || !strings.Contains(err.Error(), "raw pull (pid ") || !strings.Contains(err.Error(), "killed at its time limit") {
		t.Fatalf("%v; want name, pid and that it was killed", err)
	}
	if c.cmd.ProcessState == nil {
		t.Error("the process was not waited for")
	}
}

// A role that fails hands its reason to the parent.
func TestChildTellsWhyItFailed(t *testing.T) {
	l := testLab(t)
	_, err := l.stream(t.Context(), "nobody", settings{size: 64})
	if err == nil || !strings.Contains(err.Error(), "no such role") {
		t.Fatalf("%v; want the child's own words", err)
	}
	if strings.Count(err.Error(), "no such role") != 1 {
		t.Errorf("%v; want it once", err)
	}
}

func TestBuildPeerWithoutCompiler(t *testing.T) {
	t.Setenv("CC", "no-such-compiler")
	if _, _, err := buildPeer(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "no C compiler") {
		t.Errorf("%v; want it to say that there is no C compiler", err)
	}
}

func TestSettingsSurviveTheCommandLine(t *testing.T) {
	want := settings{
		endpoint: "tcp://127.0.0.1:*", pattern: "pair", public: "p=?", size: 1 << 20, frames: 3, into: true, watch: true,
		warm: 5 * time.Millisecond, run: time.Second, limit: time.Minute, warmMessages: 7,
	}
	told := want
	told.secret = "nobody else's" // goes by the environment
	got, err := parseSettings(told.args())
	if err != nil || got != want {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	for _, bad := range []string{"colour=3", "size=big", "size"} {
		if _, err := parseSettings([]string{bad}); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
