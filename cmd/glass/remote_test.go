package main

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/client"
	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/observe"
)

// serveForTest is glass serve, to the end of the test: where it is asked, and where programs send events.
func serveForTest(t *testing.T) (server, ingest string) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	notes, stderr := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--listen", "127.0.0.1:0", "--ingest", "tcp://127.0.0.1:*", "--store", filepath.Join(t.TempDir(), "history.db")},
			nil, io.Discard, stderr)
		stderr.Close()
	}()
	t.Cleanup(func() {
		cancel()
		if code := <-ended; code != exitOK {
			t.Errorf("glass serve ended with %d", code)
		}
	})
	lines := bufio.NewScanner(notes)
	for ingest == "" && lines.Scan() {
		if at, ok := strings.CutPrefix(lines.Text(), "the page: "); ok {
			server = at
		}
		if at, ok := strings.CutPrefix(lines.Text(), "programs send events to "); ok {
			ingest = at
		}
	}
	go func() {
		for lines.Scan() { // it must not wait for who reads its notes
		}
	}()
	if server == "" || ingest == "" {
		t.Fatalf("glass serve says neither page nor endpoint: %q, %q", server, ingest)
	}
	return server, ingest
}

// until asks the agent until it knows something.
func until(t *testing.T, server, what string, known func(model.Snapshot) bool) {
	t.Helper()
	c, err := client.New(server, client.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for {
		s, err := c.State(ctx)
		if err != nil {
			t.Fatalf("waiting for %s: %v", what, err)
		}
		if known(s) {
			return
		}
		if !wait(ctx, 10*time.Millisecond) { // so as not to keep the agent from what is waited for
			t.Fatalf("waiting for %s: %v", what, ctx.Err())
		}
	}
}

// worksAt says whether so many workers are connected, seen from both ends.
func worksAt(want int) func(model.Snapshot) bool {
	return func(s model.Snapshot) bool {
		ready := 0
		for _, c := range s.Connections {
			if c.Ready {
				ready++
			}
		}
		return ready == 2*want && len(s.Connections) == 2*want
	}
}

// All of it for real: sockets of this library, forwarded to glass serve, with its history; and the commands that ask it.
func TestAWorkerComesAndGoes(t *testing.T) {
	server, ingest := serveForTest(t)
	asked := func(args ...string) (out, notes string) {
		t.Helper()
		var stdout, stderr bytes.Buffer
		if code := run(t.Context(), append(args, "--server", server), nil, &stdout, &stderr); code != exitOK {
			t.Fatalf("glass %v: exit code %d: %s", args, code, stderr.String())
		}
		return stdout.String(), stderr.String()
	}
	says := func(want []string, args ...string) {
		t.Helper()
		out := ""
		for began := time.Now(); time.Since(began) < 20*time.Second; wait(t.Context(), 10*time.Millisecond) {
			if out, _ = asked(args...); containsAll(out, want) { // the history is written in batches, a little later
				return
			}
		}
		t.Errorf("glass %v: want %q in\n%s", args, want, out)
	}
	_, notes := asked("ls", "sockets")
	if !strings.Contains(notes, "no process sends its events") {
		t.Errorf("an agent that nobody told of anything says %q", notes)
	}

	x := zmq.NewContext(zmq.ContextConfig{})
	defer x.Close()
	forward, err := observe.Forward(t.Context(), x, ingest, observe.ForwardOptions{App: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	defer forward.Close()
	desk := zmq.NewRouter(zmq.Config{Context: x, Name: "desk"})
	defer desk.Close()
	at, err := desk.Bind("tcp://127.0.0.1:*")
	if err != nil {
		t.Fatal(err)
	}
	worker := func() *zmq.Dealer {
		w := zmq.NewDealer(zmq.Config{Context: x, Name: "worker", RoutingID: "w-1"})
		if err := w.Connect(at); err != nil {
			t.Fatal(err)
		}
		return w
	}
	first := worker()
	until(t, server, "the worker", worksAt(1))
	says([]string{"shop/desk", "ROUTER", "listening", "shop/worker", "DEALER", "connected"}, "ls", "sockets")
	says([]string{`"sock_name":"desk"`, `"peer_id":"w-1"`, `"ready":true`}, "ls", "conns", "-o", "jsonl")
	says([]string{"\nw-1   DEALER      1  shop/desk "}, "ls", "peers")
	says([]string{"shop/desk  ROUTER", "└─← tcp    shop/worker  DEALER"}, "graph")
	says([]string{"peer        w-1  DEALER", "handshake_succeeded"}, "describe", "peer", "w-1")
	says([]string{"shop/desk"}, "top", "conns", "--filter", "w-1")
	there := time.Now()

	first.Close()
	until(t, server, "the worker's end", worksAt(0))
	says([]string{"w-1", "peer_closed"}, "ls", "closed")
	if out, notes := asked("ls", "conns"); out != "" || !strings.Contains(notes, "nobody is connected") {
		t.Errorf("after the worker left there are connections:\n%s%s", out, notes)
	}
	second := worker()
	defer second.Close()
	until(t, server, "the second worker", worksAt(1))
	says([]string{"━", "┥", "  up  "}, "timeline", "w-1")
	says([]string{`"reason":"peer_closed"`, "}\n{"}, "timeline", "w-1", "-o", "jsonl")
	says([]string{`"peer_id":"w-1"`}, "ls", "conns", "-o", "json", "--at", there.Format(time.RFC3339Nano))
	says([]string{"-  shop/worker  shop/desk  tcp  ready", "+  shop/worker  shop/desk  tcp  ready"}, "graph", "--diff", there.Format(time.RFC3339Nano)+"..")
}

func containsAll(s string, words []string) bool {
	for _, w := range words {
		if !strings.Contains(s, w) {
			return false
		}
	}
	return true
}
