package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/history"
	"github.com/glassmq/zmq/observe"
	"github.com/glassmq/zmq/zmtp/curve"
)

// An agent says where everything is; a program that forwards to it is in its history when it has ended.
func TestServeFromTheFirstLineToTheLast(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "h.db")
	next, stop := served(t, "--ingest", "tcp://127.0.0.1:*", "--store", path)
	url := next(`^the page: (http://127\.0\.0\.1:\d+)$`)
	ingest := next(`^programs send events to (tcp://127\.0\.0\.1:\d+)$`)
	if kept := next(`^history: (.*), kept for 7d, at the most 2GiB$`); kept != path {
		t.Errorf("it keeps %s, want %s", kept, path)
	}
	heard := follow(t, url, "listening")
	x := zmq.NewContext(zmq.ContextConfig{})
	f, err := observe.Forward(t.Context(), x, ingest, observe.ForwardOptions{App: "prices"})
	if err != nil {
		t.Fatal(err)
	}
	s := zmq.NewPub(zmq.Config{Context: x, Name: "feed"})
	if _, err := s.Bind("tcp://127.0.0.1:*"); err != nil {
		t.Fatal(err)
	}
	if line := <-heard; !strings.Contains(line, `"sock_name":"feed"`) || !strings.Contains(line, `"app":"prices"`) {
		t.Errorf("the stream told %q", line)
	}
	x.Close()
	f.Close()
	if code := stop(); code != exitOK {
		t.Errorf("exit code %d", code)
	}
	h, err := history.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	found := false
	for f, err := range h.Events(t.Context(), history.Filter{Sock: "feed", Events: []string{"monitor_stopped"}}) {
		found = found || err == nil && f.App == "prices"
	}
	if !found {
		t.Error("the last event is not in the history")
	}
}

// served runs glass serve. next is what stands in brackets in a pattern, of the next line that it says.
func served(t *testing.T, args ...string) (next func(pattern string) string, stop func() (code int)) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	said, notes := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, append([]string{"serve", "--listen", "127.0.0.1:0"}, args...), strings.NewReader(""), io.Discard, notes)
		notes.Close()
	}()
	lines := make(chan string, 1000)
	go func() {
		for all := bufio.NewScanner(said); all.Scan(); {
			lines <- all.Text()
		}
		close(lines)
	}()
	next = func(pattern string) string {
		t.Helper()
		line, ok := <-lines
		if !ok {
			t.Fatalf("it ended before it said %s", pattern)
		}
		found := regexp.MustCompile(pattern).FindStringSubmatch(line)
		if found == nil {
			t.Fatalf("it said %q, want %s", line, pattern)
		}
		return found[1]
	}
	stop = sync.OnceValue(func() int { cancel(); return <-ended })
	t.Cleanup(func() { stop() })
	return next, stop
}

// Keys are made, the public ones change places, and a program forwards beyond this host.
func TestServeOverCurve(t *testing.T) {
	folder := t.TempDir()
	agentKey, clients := filepath.Join(folder, "agent.key"), filepath.Join(folder, "clients")
	if err := os.Mkdir(clients, 0o700); err != nil {
		t.Fatal(err)
	}
	keys := make(map[string]curve.KeyPair)
	for _, file := range []string{agentKey, filepath.Join(clients, "prices.key")} {
		if code := run(t.Context(), []string{"keygen", file}, strings.NewReader(""), io.Discard, io.Discard); code != exitOK {
			t.Fatalf("keygen %s: exit code %d", file, code)
		}
		c, err := curve.ReadCertificate(file + "_secret")
		if err != nil {
			t.Fatal(err)
		}
		keys[file] = c.KeyPair
	}
	next, _ := served(t, "--ingest", "tcp://0.0.0.0:*", "--ingest-curve-key", agentKey+"_secret", "--curve-clients", clients, "--store", "none")
	url, port := next(`^the page: (http://.*)$`), next(`^programs send events to tcp://0\.0\.0\.0:(\d+)$`)
	next(`^(no history): `) // and no warning before it, nor a hint
	heard := follow(t, url, "listening")
	x := zmq.NewContext(zmq.ContextConfig{})
	defer x.Close()
	m := curve.Client(keys[filepath.Join(clients, "prices.key")], keys[agentKey].Public)
	f, err := observe.Forward(t.Context(), x, "tcp://127.0.0.1:"+port, observe.ForwardOptions{App: "prices", Mechanism: m})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := zmq.NewPub(zmq.Config{Context: x, Name: "feed"}).Bind("tcp://127.0.0.1:*"); err != nil {
		t.Fatal(err)
	}
	if line := <-heard; !strings.Contains(line, `"sock_name":"feed"`) {
		t.Errorf("the stream told %q", line)
	}
}

// follow gives the first line of a kind that the agent's stream tells from now on.
func follow(t *testing.T, url, kind string) <-chan string {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+"/events?event="+kind, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	heard := make(chan string, 1)
	go func() {
		defer answer.Body.Close()
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			if strings.Contains(lines.Text(), `"event":"`+kind+`"`) {
				heard <- lines.Text()
				return
			}
		}
		close(heard)
	}()
	return heard
}

func TestRetention(t *testing.T) {
	for text, want := range map[string]string{"7d": "7d", "2GiB": "2GiB", "7d,2GiB": "7d,2GiB", "2g|12h": "12h0m0s,2GiB", "0": "0", "1w": "7d"} {
		var r retention
		if err := r.Set(text); err != nil || r.String() != want {
			t.Errorf("%q is %q, %v; want %q", text, r.String(), err, want)
		}
	}
	var r retention
	if err := r.Set("soon"); err == nil {
		t.Error(`"soon" is a retention`)
	}
}
