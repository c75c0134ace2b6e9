package client_test

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/agenttest"
	"github.com/glassmq/zmq/cmd/glass/internal/client"
	"github.com/glassmq/zmq/observe/fact"
)

func to(t *testing.T, server string, o client.Options) *client.Client {
	t.Helper()
	c, err := client.New(server, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func serve(t *testing.T, a *agenttest.Agent) *client.Client {
	t.Helper()
	s := httptest.NewServer(a.Handler())
	t.Cleanup(s.Close)
	return to(t, s.URL, client.Options{Token: a.Token})
}

func TestStateComesAsItIs(t *testing.T) {
	c := serve(t, &agenttest.Agent{Token: "opensesame-opensesame"})
	got, err := c.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := agenttest.Snapshot()
	if len(got.Connections) != len(want.Connections) || !got.At.Equal(want.At) || got.Connections[1].QueueOut != 1000 ||
		got.Conditions[0].Why != want.Conditions[0].Why || got.Closed[1].Reason != want.Closed[1].Reason || got.Sockets[2].Endpoints[0].Error != "connection refused" {
		t.Errorf("got %+v", got)
	}
	graph, err := c.Graph(t.Context(), time.Time{})
	if err != nil || !reflect.DeepEqual(graph, want.Graph()) {
		t.Errorf("%v: %+v", err, graph)
	}
	line, err := c.Timeline(t.Context(), "risk-2")
	if err != nil || len(line.Lives) != 2 || line.Peer != "risk-2" {
		t.Errorf("%v: %+v", err, line)
	}
	then, err := c.StateAt(t.Context(), want.At.Add(-time.Hour))
	if err != nil || !then.At.Equal(want.At.Add(-time.Hour)) || len(then.Sockets) != len(want.Sockets)-1 {
		t.Errorf("%v: an hour ago: %v, %d sockets", err, then.At, len(then.Sockets))
	}
}

func names(t *testing.T, c *client.Client, f client.Filter) (all []string) {
	t.Helper()
	for e, err := range c.Events(t.Context(), f) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, e.Name)
	}
	return all
}

func TestEventsComeTheOldestFirst(t *testing.T) {
	c := serve(t, &agenttest.Agent{})
	all := names(t, c, client.Filter{})
	if len(all) != len(agenttest.Facts()) || all[0] != "handshake_succeeded" || all[len(all)-1] != "condition" {
		t.Errorf("all: %v", all)
	}
	if got := names(t, c, client.Filter{N: 3}); !reflect.DeepEqual(got, all[len(all)-3:]) {
		t.Errorf("the last three are %v", got)
	}
	for range c.Events(t.Context(), client.Filter{}) {
		break // who has enough leaves, and nothing hangs
	}
}

// Every field of a Filter goes to the agent under the name that the API has for it.
func TestAFilterIsAskedFor(t *testing.T) {
	var asked url.Values
	c := serve(t, &agenttest.Agent{Asked: func(r *http.Request) { asked = r.URL.Query() }})
	since := time.Date(2026, 11, 22, 12, 0, 0, 5, time.FixedZone("", 3600))
	names(t, c, client.Filter{Since: since, Until: since.Add(time.Hour), Events: []string{"connected", "closed"}, App: "md & gw", Sock: "a/1",
		Peer: "risk-2", Severity: "warn", Grep: "x+", N: 7})
	want := url.Values{"since": {"2026-11-22T11:00:00.000000005Z"}, "until": {"2026-11-22T12:00:00.000000005Z"}, "event": {"connected,closed"},
		"app": {"md & gw"}, "sock": {"a/1"}, "peer": {"risk-2"}, "sev": {"warn"}, "grep": {"x+"}, "n": {"7"}, "order": {"desc"}}
	if !reflect.DeepEqual(asked, want) {
		t.Errorf("asked %v, want %v", asked, want)
	}
}

func TestAddressesThatCannotBeMeant(t *testing.T) {
	for _, server := range []string{"ftp://x", "http://", "http://user:pass@x", "http://x?y", "http://x#y", "http://[::1", "tcp://127.0.0.1:5590"} {
		if _, err := client.New(server, client.Options{}); err == nil || strings.Contains(err.Error(), "pass@") {
			t.Errorf("%s: %v", server, err)
		}
	}
	c := to(t, "127.0.0.1:5590", client.Options{})
	if c.Server() != "http://127.0.0.1:5590" {
		t.Error(c.Server())
	}
}

// Whatever goes wrong, the error says what, and the hint what to do.
func TestTroubleHasWords(t *testing.T) {
	vacant, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	vacant.Close()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	answers := func(status int, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			io.WriteString(w, body)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	tls := httptest.NewUnstartedServer(http.NotFoundHandler())
	tls.Config.ErrorLog = log.New(io.Discard, "", 0) // it is refused, as it should be
	tls.StartTLS()
	defer tls.Close()
	guarded := httptest.NewServer((&agenttest.Agent{Token: "opensesame-opensesame"}).Handler())
	defer guarded.Close()
	for name, c := range map[string]struct {
		server    string
		token     string
		err, hint string
		timeout   bool
	}{
		"nobody there":            {"http://" + vacant.Addr().String(), "", "no agent listens at http://127.0.0.1:", "glass serve", false},
		"nobody who answers":      {"http://" + silent.Addr().String(), "", "does not answer", "stopped", true},
		"no such host":            {"http://no-such-host.invalid", "", "has no address", "--server", false},
		"a token is wanted":       {guarded.URL, "", "wants a token", "--token-file", false},
		"it is the wrong one":     {guarded.URL, "another-another-another", "does not take this token", "--token-file", false},
		"no agent":                {answers(404, "404 page not found"), "", "knows no /api/v1/state", "is that a glass agent", false},
		"no JSON":                 {answers(200, "<html>"), "", "the answer of", "is that a glass agent", false},
		"half of it":              {answers(200, `{"sockets":[{"key":`), "", "went away while it answered", "ask again", false},
		"not the token's fault":   {answers(403, `{"error":"this agent is not called \"gw\"","hint":"ask it by its address"}`), "opensesame-opensesame", `: this agent is not called "gw"`, "by its address", false},
		"its own words":           {answers(400, `{"error":"at: no time","hint":"write RFC 3339"}`), "", ": at: no time", "write RFC 3339", false},
		"its own words, as text":  {answers(500, "the history is full\x1b[2J\nmore"), "", `the history is full\x1b[2J`, "", false},
		"no words":                {answers(503, ""), "", "503 Service Unavailable", "", false},
		"a stranger's TLS":        {tls.URL, "", "certificate", "--ca", false},
		"TLS where there is none": {"https" + strings.TrimPrefix(guarded.URL, "http"), "", "does not speak TLS", "write http://", false},
		"it sends elsewhere":      {redirecting(t), "", "sends us elsewhere: 302", "--server", false},
	} {
		_, err := to(t, c.server, client.Options{Token: c.token, Timeout: 200 * time.Millisecond}).State(t.Context())
		var e *client.Error
		if !errors.As(err, &e) || !strings.Contains(e.Error(), c.err) || !strings.Contains(e.Hint, c.hint) || e.Timeout != c.timeout {
			t.Errorf("%s: %v (%+v)", name, err, e)
		}
		if c.token != "" && strings.Contains(fmt.Sprintf("%v %+v", err, e), c.token) {
			t.Errorf("%s: the error has the token: %v", name, err)
		}
	}
}

func redirecting(t *testing.T) string {
	s := httptest.NewServer(http.RedirectHandler("http://192.0.2.1/", http.StatusFound))
	t.Cleanup(s.Close)
	return s.URL
}

func TestTLSWithTheAgentsOwnAuthority(t *testing.T) {
	s := httptest.NewTLSServer((&agenttest.Agent{}).Handler())
	defer s.Close()
	roots := x509.NewCertPool()
	roots.AddCert(s.Certificate())
	if _, err := to(t, s.URL, client.Options{Roots: roots}).State(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestWhoGivesUpIsToldSo(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := serve(t, &agenttest.Agent{Asked: func(*http.Request) { cancel() }})
	if _, err := c.State(ctx); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// A line that is no fact ends the answer with an error; nothing of it is kept secret.
func TestALineThatIsNoFact(t *testing.T) {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Write(agenttest.Facts()[0].Line)
		io.WriteString(w, "\n\n[]\n")
	}))
	defer s.Close()
	var seen []fact.Fact
	var last error
	for f, err := range to(t, s.URL, client.Options{}).Events(t.Context(), client.Filter{}) {
		if err != nil {
			last = err
			continue
		}
		seen = append(seen, f)
	}
	if len(seen) != 1 || last == nil || !strings.Contains(last.Error(), `"[]"`) {
		t.Errorf("%d facts, error %v", len(seen), last)
	}
}

// An answer that is cut off in the middle of a line is one that was cut off, not one of somebody who is no agent; and why an agent
// breaks off, it says itself.
func TestAnAnswerThatBreaksOff(t *testing.T) {
	first := string(agenttest.Facts()[0].Line) + "\n"
	for rest, want := range map[string]struct{ words, hint string }{
		"{\"event\":\"conn": {"went away while it answered", "ask again"},
		"{\"error\":\"the history is damaged\",\"hint\":\"restore it\"}\n": {"breaks off: the history is damaged", "restore it"},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			io.WriteString(w, first+rest)
			http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}))
		n := 0
		var last error
		for _, err := range to(t, s.URL, client.Options{}).Events(t.Context(), client.Filter{}) {
			n, last = n+1, err
		}
		s.Close()
		var e *client.Error
		if n != 2 || !errors.As(last, &e) || !strings.Contains(e.Error(), want.words) || !strings.Contains(e.Hint, want.hint) {
			t.Errorf("after %q: %d, %v (%+v)", rest, n, last, e)
		}
	}
}

// The past takes an agent longer than the present, and it is given longer; but not for ever.
func TestThePastMayTakeLonger(t *testing.T) {
	slow := 300 * time.Millisecond
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-time.After(slow): // it rebuilds
			io.WriteString(w, "{}")
		case <-r.Context().Done():
		}
	}))
	defer s.Close()
	then := time.Now().Add(-time.Hour)
	c := to(t, s.URL, client.Options{Timeout: slow / 3})
	for name, ask := range map[string]func() error{
		"state":    func() error { _, err := c.StateAt(t.Context(), then); return err },
		"graph":    func() error { _, err := c.Graph(t.Context(), then); return err },
		"timeline": func() error { _, err := c.Timeline(t.Context(), "x"); return err },
	} {
		if err := ask(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	var e *client.Error
	if _, err := c.State(t.Context()); !errors.As(err, &e) || !e.Timeout || !strings.Contains(e.Hint, "is it stopped") {
		t.Errorf("of now: %v (%+v)", err, e)
	}
	hasty := to(t, s.URL, client.Options{Timeout: time.Millisecond})
	if _, err := hasty.StateAt(t.Context(), then); !errors.As(err, &e) || !e.Timeout || !strings.Contains(e.Error(), "within 12ms") || !strings.Contains(e.Hint, "--retain") {
		t.Errorf("of the past, for too long: %v (%+v)", err, e)
	}
}

func TestSamples(t *testing.T) {
	var asked url.Values
	c := serve(t, &agenttest.Agent{Asked: func(r *http.Request) { asked = r.URL.Query() }})
	since := time.Date(2026, 11, 22, 11, 0, 0, 0, time.UTC)
	got, err := c.Samples(t.Context(), agenttest.Snapshot().Sockets[0].Key, since, 2*time.Minute)
	if err != nil || len(got) != 20 || got[19].RateOut != 10_000 || !got[1].At.Equal(got[0].At.Add(2*time.Minute)) {
		t.Errorf("%v: %+v", err, got)
	}
	if want := (url.Values{"sock": {"k7q2m4aaaabbbbccccddddeeee/1"}, "since": {"2026-11-22T11:00:00Z"}, "step": {"2m0s"}}); !reflect.DeepEqual(asked, want) {
		t.Errorf("asked %v, want %v", asked, want)
	}
}
