package ingest

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// The programs of examples/bridge, at work in programs that use real libzmq.

// bridgeSource is where they are.
const bridgeSource = "../../../../examples/bridge"

// A watched is a way to start a program that has a bridge in it: testdata/watched does what the tests say, in each language.
type watched struct {
	language string
	start    func(t *testing.T, agent string) *exec.Cmd
}

// everyWatched are all of them; Node's only where npm's package zeromq is, which is large: npm install in examples/bridge/node
// fetches it.
func everyWatched() []watched {
	all := []watched{{"python", pythonProgram}, {"c", cProgram}}
	if _, err := os.Stat(bridgeSource + "/node/node_modules/zeromq"); err == nil {
		all = append(all, watched{"node", nodeProgram})
	}
	return all
}

// missing skips a test, or fails it where libzmq is required.
func missing(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("ZMQ_INTEROP") == "required" {
		t.Fatalf("%s is required, and is not there", what)
	}
	t.Skipf("no %s here", what)
}

func pythonProgram(t *testing.T, agent string) *exec.Cmd {
	const python = "/usr/bin/python3"
	if exec.Command(python, "-c", "import zmq").Run() != nil {
		missing(t, "python3-zmq")
	}
	c := exec.Command(python, "testdata/watched/watched.py", agent)
	c.Env = append(os.Environ(), "PYTHONPATH="+bridgeSource+"/python", "PYTHONDONTWRITEBYTECODE=1")
	return c
}

func cProgram(t *testing.T, agent string) *exec.Cmd {
	if _, err := exec.LookPath("cc"); err != nil {
		missing(t, "C compiler")
	}
	if _, err := os.Stat("/usr/include/zmq.h"); err != nil {
		missing(t, "libzmq3-dev")
	}
	program := filepath.Join(t.TempDir(), "watched")
	compile := exec.Command("cc", "-std=c99", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-Werror", "-O1", "-o", program, "-I"+bridgeSource+"/c",
		"testdata/watched/watched.c", bridgeSource+"/c/glass_bridge.c", "-lzmq", "-lpthread")
	if out, err := compile.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return exec.Command(program, agent)
}

func nodeProgram(t *testing.T, agent string) *exec.Cmd {
	return exec.Command("node", "testdata/watched/watched.mjs", bridgeSource+"/node", agent)
}

// A spawned program is one that runs, and what it says.
type spawned struct {
	t     *testing.T
	pid   int
	in    io.WriteCloser
	said  chan string
	ended sync.WaitGroup
	state *os.ProcessState // once it has ended
}

func (w watched) run(t *testing.T, agent string) *spawned {
	t.Helper()
	return started(t, w.start(t, agent))
}

func started(t *testing.T, c *exec.Cmd) *spawned {
	t.Helper()
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	c.Stderr = os.Stderr
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	p := &spawned{t: t, pid: c.Process.Pid, in: in, said: make(chan string, 1<<16)}
	p.ended.Go(func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.said <- lines.Text()
		}
		close(p.said)
		c.Wait()
		p.state = c.ProcessState
	})
	t.Cleanup(func() {
		in.Close()
		c.Process.Signal(syscall.SIGCONT)
		c.Process.Kill() // it has ended if all is well
		p.ended.Wait()
	})
	return p
}

func (p *spawned) do(command string) {
	p.t.Helper()
	if _, err := fmt.Fprintln(p.in, command); err != nil {
		p.t.Fatal(err)
	}
}

// storm has so many peers come and go, and waits until all were heard.
func (p *spawned) storm(n int) {
	p.t.Helper()
	p.do(fmt.Sprint("storm ", n))
	if got := next(p.t, p.said); got != "done" {
		p.t.Fatalf("the program says %q", got)
	}
}

// What happens to a libzmq socket comes in under its name, in order and without a gap.
func TestBridgesTellWhatHappens(t *testing.T) {
	for _, w := range everyWatched() {
		t.Run(w.language, func(t *testing.T) {
			d := newDesk(t)
			p := w.run(t, d.Endpoint())
			endpoint := next(t, p.said)
			p.storm(1)
			want := []monitor.Kind{monitor.Listening, monitor.Accepted, monitor.HandshakeSucceeded, monitor.Disconnected}
			for i, kind := range want {
				f := next(t, d.facts)
				if f.Kind != kind || f.Seq != uint64(i+1) || f.App != "wörker" || f.SocketName != "jobs; a=b" || f.SocketType != "PULL" || f.PID != p.pid {
					t.Errorf("event %d is %+v of %+v, want %v", i+1, f.Event, f.Instance, kind)
				}
				if f.Addr() != endpoint {
					t.Errorf("%v is about %s, want %s", f.Kind, f.Addr(), endpoint)
				}
			}
			p.do("quit 0")
			for f := next(t, d.facts); f.Kind != monitor.MonitorStopped; f = next(t, d.facts) {
				if f.Kind&(monitor.Closed|monitor.Disconnected) == 0 {
					t.Errorf("at the end %+v", f.Event)
				}
			}
			p.in.Close()
			p.ended.Wait()
			if !p.state.Success() {
				t.Errorf("the program ended with %v", p.state)
			}
			if s := d.Stats(); s.Refused > 0 {
				t.Errorf("%+v: %v", s, next(t, d.notes))
			}
		})
	}
}

// Without an agent nothing waits, and when there is one it hears what was kept, and how much was not: the two are all.
func TestBridgesDoNotNeedTheAgent(t *testing.T) {
	for _, w := range everyWatched() {
		t.Run(w.language, func(t *testing.T) {
			x := zmq.NewContext(zmq.ContextConfig{})
			defer x.Close()
			held, err := Listen(x, "tcp://127.0.0.1:*", func([]fact.Fact, []fact.State) {}, func(string) {}, Options{})
			if err != nil {
				t.Fatal(err)
			}
			endpoint := held.Endpoint()
			held.Close()
			p := w.run(t, endpoint)
			next(t, p.said)
			const peers = 600
			p.storm(peers) // 1801 events, and the bridge keeps 1000
			facts := make(chan fact.Fact, 1<<16)
			in, err := Listen(x, endpoint, func(some []fact.Fact, _ []fact.State) {
				for _, f := range some {
					facts <- f
				}
			}, func(line string) { t.Error(line) }, Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer in.Close()
			next(t, facts) // the agent is there: what happens now goes through, and before it the number of what was lost
			p.storm(1)
			const all = 3*(peers+1) + 1
			lost := 0
			for seen := 1; seen+lost < all; { // the bridge may be behind: what it has not read when the program ends is lost
				switch f := next(t, facts); {
				case f.Kind == monitor.Lost:
					lost += int(f.Count)
				case f.Kind&(monitor.Accepted|monitor.HandshakeSucceeded|monitor.Disconnected) != 0:
					seen++
				default:
					t.Errorf("%+v", f.Event)
				}
			}
			if lost < 100 {
				t.Errorf("%d events of %d are said to be lost: the bridge keeps 1000", lost, all)
			}
			p.do("quit 0")
			for f := next(t, facts); f.Kind != monitor.MonitorStopped; f = next(t, facts) {
				if f.Kind != monitor.Closed {
					t.Errorf("at the end %+v", f.Event)
				}
			}
		})
	}
}

// zeromq for Node gives names where libzmq has numbers: its bridge puts the numbers back.
func TestTheNumbersOfProtocolErrorsAreLibzmqs(t *testing.T) {
	text, err := os.ReadFile(bridgeSource + "/node/glass_bridge.mjs")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, m := range regexp.MustCompile(`ERR_(Z\w+): (0x\w+)`).FindAllStringSubmatch(string(text), -1) {
		found[m[1]] = m[2]
	}
	if len(found) < 20 {
		t.Fatalf("only %d protocol errors in it", len(found))
	}
	for c := range monitor.Codes() {
		if got, ok := found[c.Name]; ok && c.Class == monitor.ClassProtocol {
			if got != fmt.Sprintf("0x%08x", c.Number) {
				t.Errorf("%s is %s, want %#x", c.Name, got, c.Number)
			}
			delete(found, c.Name)
		}
	}
	if len(found) > 0 {
		t.Errorf("unknown: %v", found)
	}
}

// agentAt is an agent in a process of its own.
func agentAt(t *testing.T, endpoint string) *spawned {
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), "GLASS_INGEST_AGENT="+endpoint)
	return started(t, c)
}

// An agent that hangs is the same as one that is not there; one that died and came again is heard by, and hears, everybody.
func TestBridgesOutliveTheAgent(t *testing.T) {
	for _, w := range everyWatched() {
		t.Run(w.language, func(t *testing.T) {
			agent := agentAt(t, "tcp://127.0.0.1:*")
			endpoint := next(t, agent.said)
			p := w.run(t, endpoint)
			next(t, p.said)
			if got := next(t, agent.said); got != "listening" {
				t.Fatalf("the agent says %q", got)
			}
			syscall.Kill(agent.pid, syscall.SIGSTOP)
			began := time.Now()
			p.storm(500)
			t.Logf("500 peers while the agent stood still: %v", time.Since(began))
			syscall.Kill(agent.pid, syscall.SIGCONT)
			for range 1500 { // nothing was lost: it fitted into the queue and the kernel
				if got := next(t, agent.said); !slices.Contains([]string{"accepted", "handshake_succeeded", "disconnected"}, got) {
					t.Fatalf("the agent says %q", got)
				}
			}
			syscall.Kill(agent.pid, syscall.SIGKILL)
			for range agent.said { // it is gone
			}
			p.storm(10)
			again := agentAt(t, endpoint)
			if got := next(t, again.said); !strings.HasPrefix(got, endpoint) {
				t.Fatalf("the agent says %q", got)
			}
			p.storm(1)
			p.do("quit 0")
			accepted := 0
			for said := next(t, again.said); said != "monitor_stopped"; said = next(t, again.said) {
				if said == "accepted" {
					accepted++
				}
			}
			if accepted < 1 || accepted > 11 {
				t.Errorf("after its return the agent heard of %d peers", accepted)
			}
		})
	}
}
