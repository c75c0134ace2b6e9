package zmq_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// What the engine's speed rests on, counted and not timed, so that a busy machine says the same: how often a message makes the
// process enter the kernel or lose the processor, and what a connection that does nothing costs. bench has the times. Who looks for what
// is about to come looks more often where that takes longer: TestGuardCalls takes the least of a few.

// guarded are the two ways in which messages go, both ends in one process, over TCP.
var guarded = map[string]struct {
	play     func(t testing.TB, n int)
	calls    float64 // system calls a message, or a round trip, at most …
	switches float64 // … and times that a thread of the process gave up its processor
}{
	// One call writes what has gathered, and one reads a buffer: some hundredths together.
	"a message of a stream": {guardedStream, 0.1, 0.1},
	// Nine or ten: at either end a write, a read that finds nothing, one that finds the message, and a look at the poller. Both
	// ends share a processor, mostly, and wake each other there.
	"a round trip": {guardedRoundTrips, 14, 2},
	// Nobody writes, or reads, each by itself.
	"one of a hundred requests": {guardedRequests, 1, 0.5},
}

func guardedStream(t testing.TB, n int) {
	pull, push := zmq.NewPull(zmq.Config{}), zmq.NewPush(zmq.Config{})
	defer pull.Close()
	defer push.Close()
	must(t, push.Connect(guardedBind(t, pull)))
	var sending sync.WaitGroup
	sending.Go(func() {
		body := make([]byte, 64)
		for range n {
			must(t, push.Send(context.Background(), body))
		}
	})
	var b zmq.Buffer
	for range n {
		must(t, pull.RecvInto(context.Background(), &b))
	}
	sending.Wait()
}

func guardedRoundTrips(t testing.TB, n int) {
	guardedExchange(t, zmq.NewRep(zmq.Config{}), zmq.NewReq(zmq.Config{}), 1, n)
}

func guardedRequests(t testing.TB, n int) {
	guardedExchange(t, zmq.NewRouter(zmq.Config{}), zmq.NewDealer(zmq.Config{}), 100, n)
}

// guardedExchange has n questions asked, and so many on their way at once.
func guardedExchange(t testing.TB, answerer, asker interface {
	zmq.Sender
	zmq.Receiver
}, flight, n int) {
	defer answerer.Close()
	defer asker.Close()
	must(t, asker.Connect(guardedBind(t, answerer)))
	var answering sync.WaitGroup
	answering.Go(func() {
		var b zmq.Buffer
		var frames [][]byte
		for range n {
			must(t, answerer.RecvInto(context.Background(), &b))
			frames = b.AppendFrames(frames[:0])
			must(t, answerer.Send(context.Background(), frames...))
		}
	})
	body := make([]byte, 64)
	var b zmq.Buffer
	for i := range n + flight {
		if i >= flight {
			must(t, asker.RecvInto(context.Background(), &b))
		}
		if i < n {
			must(t, asker.Send(context.Background(), body))
		}
	}
	answering.Wait()
}

func guardedBind(t testing.TB, s zmq.Socket) string {
	bound, err := s.Bind("tcp://127.0.0.1:*")
	must(t, err)
	return bound
}

// TestGuardSwitches asks the kernel how often this process gave up a processor of its own will.
func TestGuardSwitches(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector switches")
	}
	const n = 5000
	for name, g := range guarded {
		t.Run(name, func(t *testing.T) {
			before := switches(t)
			g.play(t, n)
			per := float64(switches(t)-before) / n
			t.Logf("%.3f context switches", per)
			if per > g.switches {
				t.Errorf("%s costs %.3f context switches, want at most %v", name, per, g.switches)
			}
		})
	}
}

func switches(t *testing.T) int64 {
	t.Helper()
	var u syscall.Rusage
	must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return u.Nvcsw
}

// TestGuardAnswers has one processor, so nobody else writes while this goroutine works. Who works off what has come leaves the
// writing to somebody who will find more than one answer; the last one it writes by itself, for nobody knows when the next comes.
func TestGuardAnswers(t *testing.T) {
	const n = 100
	router := zmq.NewRouter(zmq.Config{Context: newContext(t)})
	conn := passerby(t, guardedBind(t, router), 0)
	defer conn.Close()
	_, err := conn.Write(append(spelled(t, "peer", "ROUTER"), spelled(t, fmt.Sprintf(`repeat:%d{ frame{ "ask" } }`, n), "ROUTER")...))
	must(t, err)
	peer := func() (p monitor.PeerState) {
		for _, p = range router.State().Peers {
		}
		return p
	}
	until(t, patience, "all have come", func() bool { return peer().QueueIn == n })
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	begun := peer().MessagesOut
	for i := range n {
		m, err := router.Recv(zmq.NoWait)
		must(t, err)
		for end := time.Now().Add(50 * time.Microsecond); time.Now().Before(end); { // longer than a socket is busy
		}
		send(t, router, string(m.Frame(0)), "answer")
		if out := peer().MessagesOut - begun; i == 0 && out != 0 {
			t.Errorf("the first answer was written at once, with %d more requests at hand", n-1)
		}
	}
	until(t, patience, "all are written", func() bool { return peer().MessagesOut == begun+n })
	_, err = conn.Write(spelled(t, `frame{ "ask" }`, "ROUTER"))
	must(t, err)
	m, err := router.Recv(within(t))
	must(t, err)
	if send(t, router, string(m.Frame(0)), "answer"); peer().MessagesOut != begun+n+1 {
		t.Error("the only answer was left to somebody else")
	}
}

// guardRole is set in the process whose system calls are counted.
const guardRole = "ZMQ_GUARD_ROLE"

// TestGuardCalls counts the system calls of a process that does nothing else, with strace, and takes off what one costs that
// sends a single message.
func TestGuardCalls(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector makes calls")
	}
	if name, n, ok := strings.Cut(os.Getenv(guardRole), ";"); ok {
		many, err := strconv.Atoi(n)
		must(t, err)
		guarded[name].play(t, many)
		return
	}
	if _, err := exec.LookPath("strace"); err != nil {
		t.Skip("there is no strace")
	}
	if out, err := exec.Command("strace", "-c", "-o", filepath.Join(t.TempDir(), "try"), "true").CombinedOutput(); err != nil {
		t.Skipf("strace may not trace here: %s", out)
	}
	const n = 2000
	for name, g := range guarded {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			per := math.Inf(1)
			for try := 0; try < 5 && per > g.calls; try++ { // who waits looks for what comes: the later that is, on a busy machine, the more often
				per = min(per, float64(systemCalls(t, name, n)-systemCalls(t, name, 1))/(n-1))
				t.Logf("%.3f system calls", per)
			}
			if per > g.calls {
				t.Errorf("%s costs %.3f system calls, want at most %v", name, per, g.calls)
			}
		})
	}
}

// systemCalls is how many system calls a process makes that plays so many messages.
func systemCalls(t *testing.T, name string, n int) int {
	t.Helper()
	summary := filepath.Join(t.TempDir(), "calls")
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	c := exec.CommandContext(ctx, "strace", "-f", "-c", "-o", summary, os.Args[0], "-test.run=^TestGuardCalls$")
	c.Env = append(os.Environ(), fmt.Sprintf("%s=%s;%d", guardRole, name, n))
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	text, err := os.ReadFile(summary)
	must(t, err)
	// The last line is: 100.00 seconds usecs/call calls errors total
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		if f := strings.Fields(lines.Text()); len(f) > 3 && f[len(f)-1] == "total" {
			total, err := strconv.Atoi(f[3])
			must(t, err)
			return total
		}
	}
	t.Fatalf("no total in %s", text)
	return 0
}

// TestGuardChatty holds a ROUTER with clients that ask now and then: however often they have asked, each costs a few KiB.
func TestGuardChatty(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector has memory of its own")
	}
	own := curve.NewKeyPair()
	for name, c := range map[string]struct {
		server, client zmtp.Mechanism
		asked          int
		most           int64 // bytes of an end
	}{
		"in the clear": {nil, nil, 2000, 12 << 10},
		"CURVE":        {curve.Server(own), curve.Client(curve.NewKeyPair(), own.Public), 800, 20 << 10},
	} {
		t.Run(name, func(t *testing.T) {
			const clients = 50
			x := newContext(t)
			router := zmq.NewRouter(zmq.Config{Context: x, Mechanism: c.server, Authenticate: anybody(c.server)})
			bound := guardedBind(t, router)
			var all [clients]*zmq.Dealer
			for i := range all {
				all[i] = zmq.NewDealer(zmq.Config{Context: x, Mechanism: c.client})
				connect(t, all[i], bound)
				must(t, all[i].WaitReady(within(t), 1))
			}
			body, ctx := make([]byte, 64), context.Background()
			before := inUse()
			for range c.asked {
				for _, asker := range all {
					must(t, asker.Send(ctx, body))
					m, err := router.Recv(ctx)
					must(t, err)
					must(t, router.Send(ctx, m.Frame(0), body))
					_, err = asker.Recv(ctx)
					must(t, err)
				}
			}
			each := (inUse() - before) / (2 * clients)
			t.Logf("each end of a connection grew by %d bytes", each)
			if each > c.most {
				t.Errorf("at most %d are allowed", c.most)
			}
			runtime.KeepAlive(all)
		})
	}
}

// TestGuardIdle holds a thousand connections that have said hello and nothing else: each costs, at either end, one goroutine and
// a few KiB.
func TestGuardIdle(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector needs memory of its own")
	}
	const n = 1000
	pull, push := zmq.NewPull(zmq.Config{}), zmq.NewPush(zmq.Config{})
	defer pull.Close()
	defer push.Close()
	bound := guardedBind(t, pull)
	must(t, push.Connect(bound)) // whatever there is one of
	must(t, pull.WaitReady(within(t), 1))
	must(t, push.WaitReady(within(t), 1))
	memory, goroutines := inUse(), runtime.NumGoroutine()
	for range n {
		must(t, push.Connect(bound))
	}
	must(t, pull.WaitReady(within(t), 1+n))
	must(t, push.WaitReady(within(t), 1+n))
	each := float64(runtime.NumGoroutine()-goroutines) / n
	kib := float64(inUse()-memory) / n / 1024
	t.Logf("both ends of a connection: %.2f goroutines, %.1f KiB", each, kib)
	if each > 2 {
		t.Errorf("both ends of an idle connection are %.2f goroutines, want 2", each)
	}
	if kib > 24 {
		t.Errorf("both ends of an idle connection are %.1f KiB, want at most 24", kib)
	}
}
