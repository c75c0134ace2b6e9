package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/history"
	"github.com/glassmq/zmq/observe"
)

// An agent says where everything is; a program that forwards to it is in its history when it has ended.
func TestServeFromTheFirstLineToTheLast(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state", "h.db")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	said, notes := io.Pipe()
	ended := make(chan int, 1)
	go func() {
		ended <- run(ctx, []string{"serve", "--listen", "127.0.0.1:0", "--ingest", "tcp://127.0.0.1:*", "--store", path}, strings.NewReader(""), io.Discard, notes)
		notes.Close()
	}()
	lines := bufio.NewScanner(said)
	next := func(pattern string) string {
		t.Helper()
		if !lines.Scan() {
			t.Fatalf("it ended before it said %s", pattern)
		}
		found := regexp.MustCompile(pattern).FindStringSubmatch(lines.Text())
		if found == nil {
			t.Fatalf("it said %q, want %s", lines.Text(), pattern)
		}
		return found[1]
	}
	url := next(`^the page: (http://127\.0\.0\.1:\d+)$`)
	ingest := next(`^programs send events to (tcp://127\.0\.0\.1:\d+)$`)
	if kept := next(`^history: (.*), kept for 7d, at the most 2GiB$`); kept != path {
		t.Errorf("it keeps %s, want %s", kept, path)
	}
	go io.Copy(io.Discard, said)

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
	stop()
	if code := <-ended; code != exitOK {
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
