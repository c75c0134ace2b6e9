package main

import (
	"context"
	"os"
	"slices"
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
	return &lab{
		programs: map[string][]string{ours: {self, roleCommand, ours}, raw: {self, roleCommand, raw}},
		absent:   map[string]error{}, versions: map[string]string{},
		dir: t.TempDir(), warm: 5 * time.Millisecond, run: 20 * time.Millisecond, idle: 20, crowd: 20, subscriptions: 2000,
	}
}

// TestSides runs every trial of every side once, in real processes. Who cannot be
// built here is skipped.
func TestSides(t *testing.T) {
	l := testLab(t)
	l.build(t.Context())
	for _, who := range append([]string{ours, raw, libzmq}, others[:]...) {
		t.Run(who, func(t *testing.T) {
			if err := l.absent[who]; err != nil {
				if who == libzmq && os.Getenv("ZMQ_INTEROP") == "required" {
					t.Fatal(err)
				}
				t.Skipf("%s's side is not tested here: %v", who, err)
			}
			for _, x := range trialsOf(who) {
				t.Run(x.name, func(t *testing.T) { x.check(t, l, who) })
			}
		})
	}
}

type trialTest struct {
	name  string
	take  trial
	s     settings
	wants []quantity // which must be greater than 0
}

// check takes a trial: a longer one where nothing came in a short one, which is so now and then on a busy machine.
func (x trialTest) check(t *testing.T, l *lab, who string) {
	patient := *l
	got, err := x.take(&patient, t.Context(), who, x.s)
	for err == nil && patient.run < 2*time.Second && slices.ContainsFunc(x.wants, func(q quantity) bool { return got[q] <= 0 }) {
		patient.warm, patient.run = 5*patient.warm, 5*patient.run
		got, err = x.take(&patient, t.Context(), who, x.s)
	}
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
	if got[lostEvents] != 0 {
		t.Errorf("%v events were not told", got[lostEvents])
	}
}

// trialsOf is each form of each trial that a plan has for who, once.
func trialsOf(who string) []trialTest {
	flow, turn := []quantity{rate, cpuPerM, peakMiB}, []quantity{p50, p99, rate, cpuPerM, peakMiB}
	small := settings{size: 64}
	trials := []trialTest{
		{"stream", (*lab).stream, small, flow},
		{"stream of 1 MiB", (*lab).stream, settings{size: 1 << 20}, flow},
		{"stream ipc", (*lab).stream, settings{size: 64, transport: "ipc"}, flow},
		{"round trip", (*lab).roundTrip, small, turn},
		{"round trip of 1 MiB", (*lab).roundTrip, settings{size: 1 << 20}, turn},
		{"round trip ipc", (*lab).roundTrip, settings{size: 64, transport: "ipc"}, turn},
		{"inproc stream", inprocOf(roleInprocStream), small, flow},
		{"inproc round trip", inprocOf(roleInprocRoundTrip), settings{size: 64, pattern: "reqrep"}, turn},
		{"fan to 1", (*lab).fan, settings{size: 64, clients: 1}, flow},
		{"fan to 8", (*lab).fan, settings{size: 64, clients: 8}, flow},
	}
	if who != mangos { // has no ROUTER
		trials = append(trials,
			trialTest{"exchange", (*lab).exchange, settings{size: 64, clients: 4, flight: 10}, flow})
	}
	if who != mangos && who != goZeromq { // whose two ends wait for each other to read
		trials = append(trials,
			trialTest{"exchange of 1 MiB", (*lab).exchange, settings{size: 1 << 20, clients: 1, flight: 100}, flow})
	}
	switch who {
	case ours:
		trials = append(append(trials,
			trialTest{"RecvInto", (*lab).stream, settings{size: 64, into: true}, flow},
			trialTest{"3 frames", (*lab).stream, settings{size: 64, frames: 3}, flow},
			trialTest{"watched", (*lab).stream, settings{size: 64, watch: true}, flow}), trialsOfTwo()...)
		fallthrough
	case raw:
		trials = append(trials, trialsOfThree()...)
	case libzmq:
		trials = append(append(trials, trialsOfTwo()...), trialsOfThree()...)
	}
	return trials
}

func trialsOfThree() []trialTest {
	return []trialTest{
		{"inproc PAIR", inprocOf(roleInprocRoundTrip), settings{size: 64, pattern: "pair"}, []quantity{p50}},
		{"fan that waits", (*lab).fan, settings{size: 64, clients: 8, pattern: "wait"}, []quantity{rate, cpuPerM, peakMiB}},
		{"visits", (*lab).visits, settings{watch: true}, []quantity{rate, cpuPerM, peakMiB}},
		{"one of 20 busy", (*lab).crowdStream, settings{size: 64, pattern: "one", clients: 20}, []quantity{listenerNs}},
		{"all of 20 busy", (*lab).crowdStream, settings{size: 64, pattern: "all", clients: 20}, []quantity{listenerNs}},
		{"20 ask", (*lab).crowdExchange, settings{size: 64, clients: 20}, []quantity{listenerNs, rate}},
	}
}

func trialsOfTwo() []trialTest {
	return []trialTest{
		{"CURVE", (*lab).stream, secured(settings{size: 64}), []quantity{rate, cpuPerM, peakMiB}},
		{"CURVE handshakes", (*lab).visits, secured(settings{}), []quantity{rate, cpuPerM, peakMiB}},
		{"memory", (*lab).memory, settings{}, []quantity{peakMiB}},
		{"inproc exchange", inprocOf(roleInprocExchange), settings{size: 64, clients: 1, flight: 100}, []quantity{rate, cpuPerM}},
		{"rush", (*lab).rush, settings{clients: 20}, []quantity{readyMs, peakMiB}},
		{"topics", (*lab).topics, settings{clients: 2000}, []quantity{sendNs, peakMiB}},
	}
}

// A receiver to which nobody connects ends at its own limit, and says so.
func TestChildEndsAtItsLimit(t *testing.T) {
	l := testLab(t)
	s := settings{endpoint: anyPort, size: 64, limit: 50 * time.Millisecond}
	c, err := startChild(t.Context(), "raw pull", time.Minute, append(l.programs[raw], append([]string{rolePull}, s.args()...)...))
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
	c, err := startChild(ctx, "raw pull", time.Minute, append(l.programs[raw], rolePull, "endpoint="+anyPort))
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
	l.programs["nobody"] = append(slices.Clone(l.programs[ours][:2]), "nobody")
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
		endpoint: "tcp://127.0.0.1:*", pattern: "pair", public: "p=?", as: "PUSH", size: 1 << 20, frames: 3, clients: 9, flight: 8, into: true, watch: true,
		warm: 5 * time.Millisecond, run: time.Second, limit: time.Minute, warmMessages: 7,
	}
	told := want
	told.secret = "nobody else's" // goes by the environment
	told.transport = "ipc"        // is the lab's
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
