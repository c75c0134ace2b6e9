package main

import (
	"bytes"
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/agent"
	"github.com/glassmq/zmq/cmd/glass/internal/agenttest"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe"
	"github.com/glassmq/zmq/observe/fact"
)

// said runs glass in this process, and returns its exit code and outputs.
func said(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var out, notes bytes.Buffer
	code = run(ctx, args, strings.NewReader(""), &out, &notes)
	return code, out.String(), notes.String()
}

// What an agent knows is held against thresholds, and the exit code is Nagios'.
func TestCheckAsksAnAgent(t *testing.T) {
	const secret = "2b7e151628aed2a6abf7158809cf4f3c"
	agent := agenttest.Agent{Token: secret}
	var asked []string
	agent.Asked = func(r *http.Request) { asked = append(asked, r.URL.Path+"?"+r.URL.RawQuery) }
	server := httptest.NewServer(agent.Handler())
	defer server.Close()
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"peers --sock md-pub", 0, "GLASS PEERS OK - md-gw/md-pub: 3 peers ready | 'md-gw/md-pub'=3;;1:;0\n"},
		{"peers --sock md-pub -w 4: -c 1:", 1, "GLASS PEERS WARNING - md-gw/md-pub: 3 peers ready | 'md-gw/md-pub'=3;4:;1:;0\n"},
		{"peers --app orders", 2, "GLASS PEERS CRITICAL - orders/push-1: 0 peers ready | 'orders/push-1'=0;;1:;0\n"},
		{"peers --app batch", 2, "GLASS PEERS CRITICAL - no socket is left that fits --app batch: their processes have gone, or have closed them\n"},
		{"peers --app nobody", 3, "GLASS PEERS UNKNOWN - the agent knows of 5 sockets, and none that fits --app nobody\n"},
		{"traffic --type sub -c 1:", 0, "GLASS TRAFFIC OK - risk/md-sub: 6240 messages/s (out 0, in 6240) | 'risk/md-sub'=6240.5;;1:;0\n"},
		{"traffic --type sub", 3, "GLASS TRAFFIC UNKNOWN - traffic: say what is in order with --warn or --critical"},
		{"queue --app md-gw", 2, "GLASS QUEUE CRITICAL - md-gw/md-pub: 100 % of the mark: 1000 messages to risk-2; risk-2 has not read"},
		{"queue --sock md-sub -o text", 0, "queue: OK, risk/md-sub: 0 % of the mark: 0 messages"},
		{"drops --app md-gw --within 1h", 1, "GLASS DROPS WARNING - md-gw/md-pub: 932 messages lost in the last 1h0m0s, most of them for hwm | "},
		{"drops --app md-gw --within 1h -c 500 -o json", 2, `{"check":"drops","status":"CRITICAL","exit":2,`},
		{"drops --app risk -o prometheus", 0, "# HELP glass_check_status "},
		{"connect", 2, "GLASS CONNECT CRITICAL - orders/push-1 tcp://10.0.0.5:5557: not connected, and waiting to try again, attempt 31: connection refused | "},
		{"connect --app md-gw", 3, "GLASS CONNECT UNKNOWN - none of these sockets dials an endpoint\n"},
	} {
		args := append([]string{"check"}, strings.Fields(c.args)...)
		code, stdout, stderr := said(t, append(args, "--server", server.URL, "--token-file", token)...)
		if code != c.code || !strings.HasPrefix(stdout, c.want) || stderr != "" {
			t.Errorf("check %s: exit code %d, want %d:\n%s%s\nwant %s", c.args, code, c.code, stdout, stderr, c.want)
		}
	}
	found := false
	for _, question := range asked {
		found = found || strings.HasPrefix(question, "/api/v1/events?app=md-gw&event=dropped%2Cdisconnected%2Clocal_closed&") && strings.Contains(question, "since=")
	}
	if !found {
		t.Errorf("the agent was not asked for the events of the last hour: %q", asked)
	}
	code, stdout, _ := said(t, "check", "peers", "--server", server.URL)
	if code != 3 || !strings.HasPrefix(stdout, "GLASS PEERS UNKNOWN - ") || !strings.Contains(stdout, "token") {
		t.Errorf("without the token: exit code %d, %s", code, stdout)
	}
}

// What cannot be meant is UNKNOWN, on the standard output, where Nagios reads it.
func TestCheckUsage(t *testing.T) {
	t.Setenv("GLASS_SERVER", "http://127.0.0.1:1")
	for args, want := range map[string]string{
		"":                                     "GLASS ARGUMENTS UNKNOWN - check takes one of connect, peers, traffic, queue, drops",
		"health":                               `there is no check of "health": there are connect`,
		"peers -w ten":                         `--warn: "ten" is no number`,
		"peers -c 3:1":                         "--critical: the range 3:1 ends before it begins",
		"peers --fast":                         "GLASS FLAGS UNKNOWN - unknown flag: --fast",
		"peers -o xml":                         "one of nagios, json, prometheus, text",
		"queue tcp://a:1":                      "queue is asked of an agent (glass serve), and takes no endpoint",
		"connect tcp://a":                      "GLASS CONNECT UNKNOWN - ",
		"connect inproc://a":                   "inproc is inside one program",
		"connect tcp://a:1 --app x":            "leave out the endpoint, or them",
		"connect tcp://a:1 --expect-type PULP": "--expect-type",
		"connect tcp://a:1 --curve-key k":      "say with --server-key who the server must be",
		"peers --expect-type PUB":              "--type chooses among an agent's sockets",
		"peers --timeout 0":                    "write a time, as in 5s",
		"peers":                                "no agent listens at http://127.0.0.1:1. Hint: start one with glass serve",
	} {
		code, stdout, stderr := said(t, append([]string{"check"}, strings.Fields(args)...)...)
		if code != 3 || !strings.Contains(stdout, want) || !strings.Contains(stdout, "UNKNOWN") || strings.Count(stdout, "\n") != 1 || stderr != "" {
			t.Errorf("check %s: exit code %d, want 3 and %q:\n%s%s", args, code, want, stdout, stderr)
		}
	}
}

// The agent as it is: what a program tells it of a publisher, a subscriber and what they have lost.
func TestCheckAsksGlassServe(t *testing.T) {
	a, err := agent.New(agent.Options{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := a.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	defer running.Wait()
	defer stop()
	x := zmq.NewContext(zmq.ContextConfig{})
	defer x.Shutdown(zmq.NoWait)
	pub := zmq.NewPub(zmq.Config{Context: x, Name: "md"})
	at, err := pub.Bind("tcp://127.0.0.1:*")
	if err != nil {
		t.Fatal(err)
	}
	sub := dial(t, zmq.NewSub(zmq.Config{Context: x, Name: "risk", Subscribe: []string{""}}), at)
	if err := pub.WaitReady(t.Context(), 1); err != nil {
		t.Fatal(err)
	}
	if err := pub.Send(t.Context(), []byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := sub.Recv(t.Context()); err != nil {
		t.Fatal(err)
	}
	for pub.State().Peers[0].QueueOut > 0 { // what has come may still be called unwritten
		time.Sleep(time.Millisecond)
	}
	me, now := fact.Self("gw"), time.Now()
	a.Take(nil, []fact.State{observe.StateOf(me, pub, now), observe.StateOf(me, sub, now)})
	lost, err := fact.Of(me, monitor.Event{Kind: monitor.Dropped, Seq: 100, Time: now, SocketID: pub.ID(), SocketName: "md", SocketType: "PUB", FD: -1,
		Reason: monitor.ReasonHWM, Count: 7})
	if err != nil {
		t.Fatal(err)
	}
	a.Take([]fact.Fact{lost}, nil)
	for _, c := range []struct {
		args string
		code int
		want string
	}{
		{"peers", 0, "GLASS PEERS OK - 2 sockets | 'gw/md'=1;;1:;0 'gw/risk'=1;;1:;0\nOK gw/md: 1 peer ready\nOK gw/risk: 1 peer ready\n"},
		{"connect", 0, "GLASS CONNECT OK - gw/risk " + at + ": connected | "},
		{"queue --sock md", 0, "GLASS QUEUE OK - gw/md: 0 % of the mark: 0 messages to tcp://127.0.0.1:"},
		{"drops --sock md", 1, "GLASS DROPS WARNING - gw/md: 7 messages lost in the last 5m0s, most of them for hwm | 'gw/md'=7;0;;0\n"},
		{"drops --sock risk", 0, "GLASS DROPS OK - gw/risk: 0 messages lost"},
		{"traffic --sock md -c 0:", 0, "GLASS TRAFFIC OK - gw/md: "},
	} {
		args := append([]string{"check"}, strings.Fields(c.args)...)
		code, stdout, stderr := said(t, append(args, "--server", a.URL())...)
		if code != c.code || !strings.HasPrefix(stdout, c.want) || stderr != "" {
			t.Errorf("check %s: exit code %d, want %d:\n%s%s\nwant %s", c.args, code, c.code, stdout, stderr, c.want)
		}
	}
}
