package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/glassmq/zmq/cmd/glass/internal/agent"
	"github.com/glassmq/zmq/cmd/glass/internal/history"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// past is what the tests' history has: a subscriber comes, is slow, and goes; another service cannot bind.
func past(first time.Time) (facts []fact.Fact, err error) {
	gateway, other := fact.Instance{ID: "k7q2m4", App: "md-gw", Host: "h1", PID: 812}, fact.Instance{ID: "zz", App: "orders", PID: 7}
	add := func(f fact.Fact, wrong error) {
		if facts = append(facts, f); wrong != nil {
			err = wrong
		}
	}
	pub := func(seq uint64, kind monitor.Kind, change func(*monitor.Event)) {
		e := monitor.Event{Kind: kind, Seq: seq, Time: first.Add(time.Duration(seq) * time.Minute), SocketID: 3, SocketName: "md-pub", SocketType: "PUB",
			EndpointID: 1, Endpoint: "tcp://*:5556", Side: monitor.SideBind, Conn: 9, Remote: "tcp://10.0.0.7:49800", FD: -1}
		if change != nil {
			change(&e)
		}
		add(fact.Of(gateway, e))
	}
	pub(1, monitor.Accepted, nil)
	pub(2, monitor.HandshakeSucceeded, func(e *monitor.Event) { e.PeerType, e.PeerID, e.Mechanism, e.Version = "SUB", "risk-2", "NULL", "3.1" })
	add(fact.Found(gateway, first.Add(150*time.Second), fact.Condition{Name: "slow_subscriber", State: fact.Raised, Severity: "warn", Sock: 3, SockName: "md-pub",
		SockType: "PUB", Conn: "k7q2m4/9", Peer: "risk-2", Count: 1840, Why: "risk-2 does not read\x1b[2J", Hint: "look at its process"}))
	pub(3, monitor.Disconnected, func(e *monitor.Event) {
		e.PeerType, e.PeerID, e.Who, e.Phase, e.Reason, e.MessagesOut = "SUB", "risk-2", monitor.ByNetwork, monitor.InTraffic, monitor.ReasonReset, 9000
	})
	add(fact.Of(other, monitor.Event{Kind: monitor.BindFailed, Seq: 1, Time: first.Add(4 * time.Minute), SocketID: 1, SocketType: "REP", EndpointID: 1,
		Endpoint: "tcp://127.0.0.1:5557", Side: monitor.SideBind, Reason: monitor.ReasonAddressInUse, FD: -1}))
	tomorrow, _, wrong := fact.Parse([]byte(fmt.Sprintf(`{"v":1,"ts":%q,"inst":"zz","seq":2,"app":"orders","event":"of_tomorrow","sev":"info","sock":1,"sock_type":"REP","new":7}`,
		first.Add(5*time.Minute).UTC().Format(time.RFC3339Nano))))
	if wrong != nil {
		return nil, wrong
	}
	add(*tomorrow, nil)
	return facts, err
}

// remembers makes a file of a history, with what happened at noon in 2026, in the zone of the tests.
func remembers(ts *testscript.TestScript, _ bool, args []string) {
	facts, err := past(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	ts.Check(err)
	h, err := history.Open(ts.MkAbs(args[0]), history.Options{})
	ts.Check(err)
	ts.Check(h.Append(facts))
	ts.Check(h.AppendSamples([]fact.State{{Instance: facts[0].Instance, At: facts[0].Time, Sock: 3, Name: "md-pub", Type: "PUB", Full: true, MessagesOut: 9000}}))
	ts.Check(h.Close())
}

// agentWithHistory is an agent, as glass serve has it, that remembers past, which began an hour ago, and a copy of its file.
func agentWithHistory(t *testing.T) (a *agent.Agent, path string, stop func()) {
	t.Helper()
	facts, err := past(time.Now().Add(-time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	kept := func() *history.History {
		h, err := history.Open(filepath.Join(t.TempDir(), "history.db"), history.Options{})
		if err == nil {
			err = h.Append(facts)
		}
		if err != nil {
			t.Fatal(err)
		}
		return h
	}
	copied := kept()
	copied.Close()
	a, err = agent.New(agent.Options{Listen: "127.0.0.1:0", History: kept(), NoPage: true})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { a.Run(ctx) })
	stop = sync.OnceFunc(func() { cancel(); running.Wait() })
	t.Cleanup(stop)
	return a, copied.Path(), stop
}

// What the agent has kept comes first, then what happens: nothing is missing in between, and nothing comes twice.
func TestHistoryFollowsTheAgent(t *testing.T) {
	a, _, stop := agentWithHistory(t)
	out, w := io.Pipe()
	var notes strings.Builder
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	code := 0
	running.Go(func() {
		code = run(ctx, []string{"history", "-f", "-n", "3", "-o", "jsonl", "--server", a.URL()}, strings.NewReader(""), w, &notes)
		w.Close()
	})
	lines := bufio.NewScanner(out)
	read := func() (f *fact.Fact) {
		t.Helper()
		for {
			if !lines.Scan() {
				t.Fatal("it ended")
			}
			f, _, err := fact.Parse(append([]byte(nil), lines.Bytes()...))
			if err != nil {
				t.Fatal(err)
			}
			if f.Condition == nil { // detectors may have found something
				return f
			}
		}
	}
	for _, want := range []string{"disconnected", "bind_failed", "of_tomorrow"} {
		if f := read(); f.Name != want {
			t.Errorf("of the past came %s, want %s", f.Name, want)
		}
	}
	for seq := uint64(1); seq <= 50; seq++ {
		f, err := fact.Of(fact.Instance{ID: "live"}, monitor.Event{Kind: monitor.Listening, Seq: seq, Time: time.Now(), SocketID: 1, SocketType: "REP", FD: -1})
		if err != nil {
			t.Fatal(err)
		}
		a.Take([]fact.Fact{f}, nil)
	}
	for seq := uint64(1); seq <= 50; seq++ {
		if f := read(); f.Instance.ID != "live" || f.Seq != seq {
			t.Fatalf("number %d of %q came, want %d", f.Seq, f.Instance.ID, seq)
		}
	}
	var draining sync.WaitGroup
	draining.Go(func() { io.Copy(io.Discard, out) })
	cancel() // Ctrl-C
	running.Wait()
	draining.Wait()
	stop()
	if code != exitOK || notes.String() != "" {
		t.Errorf("exit code %d, notes %q", code, notes.String())
	}
}

// The agent and the file say the same, whatever is asked.
func TestHistoryOfTheAgentIsThatOfTheFile(t *testing.T) {
	a, path, stop := agentWithHistory(t)
	said := func(args ...string) string {
		var out, notes strings.Builder
		if code := run(context.Background(), append([]string{"history"}, args...), strings.NewReader(""), &out, &notes); code != exitOK {
			t.Fatalf("%v: exit code %d, %s", args, code, notes.String())
		}
		return out.String()
	}
	for _, args := range [][]string{{}, {"-n", "2"}, {"-r"}, {"-r", "-n", "2"}, {"--peer", "risk-2"}, {"--sev", "error"}, {"--sock", "md-pub", "-o", "jsonl"},
		{"--since", "2h", "--until", "57m", "-o", "json"}, {"--grep", `"reason":"reset"`}, {"--app", "orders", "-o", "wide"}} {
		file, asked := said(append(args, "--file", path)...), said(append(args, "--server", a.URL())...)
		if file != asked || file == "" || file == "[]\n" {
			t.Errorf("%v: the file says\n%s\nthe agent says\n%s", args, file, asked)
		}
	}
	stop()
}
