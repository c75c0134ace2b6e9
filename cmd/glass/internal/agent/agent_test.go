package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/history"
	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

var here = fact.Instance{ID: "k7q2m4", App: "md-gw", PID: 812}

// happened is an event of a socket, as a line.
func happened(t testing.TB, seq uint64) fact.Fact {
	t.Helper()
	f, err := fact.Of(here, monitor.Event{Kind: monitor.Listening, Seq: seq, Time: time.Now(), SocketID: 1, SocketName: "md", SocketType: "PUB",
		EndpointID: 1, Endpoint: "tcp://*:5556", Side: monitor.SideBind, Local: "tcp://0.0.0.0:5556", FD: 9})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// notes are what an operator was told.
type notes struct {
	mu  sync.Mutex
	all []string
}

func (n *notes) take(line string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all = append(n.all, line)
}

func (n *notes) String() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return strings.Join(n.all, "\n")
}

// start runs an agent until stop, or to the end of the test.
func start(t *testing.T, o Options) (a *Agent, stop func() error) {
	t.Helper()
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	if o.Note == nil {
		o.Note = func(line string) { t.Log(line) }
	}
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	stop = sync.OnceValue(func() error { cancel(); return <-ended })
	t.Cleanup(func() {
		if err := stop(); err != nil {
			t.Error(err)
		}
	})
	return a, stop
}

func openHistory(t *testing.T, path string) *history.History {
	t.Helper()
	h, err := history.Open(path, history.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return h
}

// get asks, with headers in pairs.
func get(t *testing.T, a *Agent, path string, header ...string) *http.Response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for ; len(header) > 1; header = header[2:] {
		if header[0] == "Host" {
			r.Host = header[1]
		}
		r.Header.Set(header[0], header[1])
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { answer.Body.Close() })
	return answer
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What real sockets do is true in the state, in the graph, among the events and in the metrics.
func TestFromASocketToEveryAnswer(t *testing.T) {
	a, _ := start(t, Options{History: openHistory(t, filepath.Join(t.TempDir(), "h.db")), MetricsPeers: true})
	x := zmq.NewContext(zmq.ContextConfig{})
	defer x.Close()
	var watching sync.WaitGroup
	w := a.Watch(x, here)
	watching.Go(func() { w.Run(t.Context()) })
	in, out := zmq.NewPull(zmq.Config{Context: x, Name: "in"}), zmq.NewPush(zmq.Config{Context: x, Name: "out"})
	at, err := in.Bind("tcp://127.0.0.1:*")
	if err != nil {
		t.Fatal(err)
	}
	if err := out.Connect(at); err != nil {
		t.Fatal(err)
	}
	if err := out.Send(t.Context(), []byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := in.Recv(t.Context()); err != nil {
		t.Fatal(err)
	}
	var s model.Snapshot
	until(t, func() bool {
		if err := json.Unmarshal([]byte(text(t, get(t, a, "/api/v1/state"))), &s); err != nil {
			t.Fatal(err)
		}
		return len(s.Connections) == 2 && s.Connections[0].MessagesIn+s.Connections[1].MessagesIn == 1
	})
	var g model.Graph
	if err := json.Unmarshal([]byte(text(t, get(t, a, "/api/v1/graph"))), &g); err != nil || len(g.Nodes) != 2 || len(g.Edges) != 1 {
		t.Errorf("the graph is %+v, %v", g, err)
	}
	until(t, func() bool {
		return strings.Contains(text(t, get(t, a, "/api/v1/events?event=handshake_succeeded&sock=in")), `"sock_name":"in"`)
	})
	metrics := text(t, get(t, a, "/metrics"))
	for _, want := range []string{`zmq_socket_messages_total{`, `app="md-gw"`, `socket="in"`, "zmq_monitor_store_events", "zmq_monitor_instances 1"} {
		if !strings.Contains(metrics, want) {
			t.Errorf("no %s among the metrics", want)
		}
	}
	if peers := text(t, get(t, a, "/metrics/peers")); !strings.Contains(peers, "zmq_peer_") {
		t.Errorf("no peers among the metrics of peers: %.300s", peers)
	}
	x.Close()
	watching.Wait() // the end of the Context is the end of the watching
}

// until waits for the agent's pulse and its disk, which have no event of their own.
func until(t *testing.T, ok func() bool) {
	t.Helper()
	for limit := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(limit) {
			t.Fatal("it never came to that")
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestQuestionsThatCannotBe(t *testing.T) {
	a, _ := start(t, Options{})
	for path, want := range map[string]struct {
		status int
		words  string
	}{
		"/api/v1/events?since=noon":             {400, "RFC 3339"},
		"/api/v1/events?order=up":               {400, "asc or desc"},
		"/api/v1/events?grep=(":                 {400, "grep"},
		"/api/v1/events?n=many":                 {400, "a number"},
		"/api/v1/state?at=yesterday":            {400, "RFC 3339"},
		"/api/v1/state?at=2020-01-01T00:00:00Z": {404, "no history"},
		"/api/v1/timeline":                      {400, "which peer"},
		"/api/v1/timeline?peer=x":               {404, "no history"},
		"/api/v1/samples":                       {404, "no history"},
		"/metrics/peers":                        {404, ""},
		"/static/app.js":                        {404, ""},
	} {
		r := get(t, a, path)
		if got := text(t, r); r.StatusCode != want.status || !strings.Contains(got, want.words) {
			t.Errorf("%s: %s %s, want %d and %q", path, r.Status, got, want.status, want.words)
		}
	}
}

// What a page has been told, one change after the other, is what is true.
func TestChangesAddUp(t *testing.T) {
	x := zmq.NewContext(zmq.ContextConfig{})
	defer x.Close()
	a, err := New(Options{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	told := map[string]map[string]string{"instances": {}, "sockets": {}, "connections": {}}
	var before *frame
	state := fact.State{Instance: here, Sock: 1, Type: "PUB", Full: true}
	for step := range 12 {
		now := time.Now().Add(time.Duration(step) * time.Second)
		state.At, state.Peers = now, nil
		for i := range 900 * (step % 4) {
			state.Peers = append(state.Peers, fact.Peer{Conn: monitor.ConnID(i + 1 + 100*step), FD: -1, Ready: true, MessagesOut: uint64(step * i)})
		}
		a.Take(nil, []fact.State{state})
		a.pass(now)
		f := a.frame()
		for _, c := range f.since(before) {
			if len(c.Connections) > pieceRows {
				t.Fatalf("%d connections in one message", len(c.Connections))
			}
			take(told["instances"], c.Instances, c.GoneInstances, "inst")
			take(told["sockets"], c.Sockets, c.GoneSockets, "key")
			take(told["connections"], c.Connections, c.GoneConnections, "conn")
		}
		before = f
		if len(told["connections"]) != len(f.connections) || len(told["sockets"]) != 1 || len(told["instances"]) != 1 {
			t.Fatalf("step %d: told of %d connections, there are %d", step, len(told["connections"]), len(f.connections))
		}
		for key, row := range f.connections {
			if told["connections"][key] != string(row) {
				t.Fatalf("step %d: told %s, it is %s", step, told["connections"][key], row)
			}
		}
	}
	if unchanged := before.since(before); len(unchanged) != 1 || len(unchanged[0].Sockets)+len(unchanged[0].Connections) != 0 || unchanged[0].Closed != nil {
		t.Errorf("of nothing it tells %+v", unchanged)
	}
}

func take(told map[string]string, rows []json.RawMessage, gone []string, key string) {
	for _, row := range rows {
		var fields map[string]any
		json.Unmarshal(row, &fields)
		told[fields[key].(string)] = string(row)
	}
	for _, key := range gone {
		delete(told, key)
	}
}

func TestOnlyConnectionsOfItsOwnAreClosed(t *testing.T) {
	var closed []monitor.ConnID
	a, _ := start(t, Options{Own: here, Close: func(_ fact.Instance, c monitor.ConnID) error { closed = append(closed, c); return nil }})
	for _, c := range []struct {
		body, header string
		want         int
	}{
		{`{"inst":"k7q2m4","conn":"k7q2m4/9"}`, "1", http.StatusNoContent},
		{`{"inst":"k7q2m4","conn":"k7q2m4/9"}`, "", http.StatusForbidden},
		{`{"inst":"other","conn":"other/9"}`, "1", http.StatusConflict},
		{`{"inst":"k7q2m4","conn":"all"}`, "1", http.StatusBadRequest},
		{`nonsense`, "1", http.StatusBadRequest},
	} {
		r, _ := http.NewRequest(http.MethodPost, a.URL()+"/api/v1/conn/close", strings.NewReader(c.body))
		r.Header.Set("X-Glass", c.header)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		if answer.StatusCode != c.want {
			t.Errorf("%s with X-Glass %q: %s, want %d", c.body, c.header, answer.Status, c.want)
		}
	}
	if fmt.Sprint(closed) != "[9]" {
		t.Errorf("closed %v", closed)
	}
}

// An idle agent is small; what a busy one keeps is bounded by the ring.
func TestAnIdleAgentIsSmall(t *testing.T) {
	if _, err := os.Stat("/proc/self/statm"); err != nil {
		t.Skip("no /proc here")
	}
	a, _ := start(t, Options{})
	if n := len(a.ring.lines); n != 0 {
		t.Errorf("the ring has %d places before anything happened", n)
	}
	feed(t, a, 1, 100)
	if a.ring.held > 100<<10 || len(a.ring.lines) != 256 {
		t.Errorf("a hundred events take %d bytes and %d places", a.ring.held, len(a.ring.lines))
	}
}

// A process that is gone leaves its series for the last scrapes, and no longer: programs that start anew all day do not pile up.
func TestTheMetricsOfTheGoneGo(t *testing.T) {
	a, err := New(Options{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	series := func() int {
		n, err := testutil.GatherAndCount(gatherer(a), "zmq_socket_info")
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	now := time.Now()
	a.Take([]fact.Fact{happened(t, 1)}, []fact.State{{Instance: here, At: now, Sock: 1, Name: "md", Type: "PUB", Full: true}})
	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {3 * time.Minute, 1}, {10 * time.Minute, 0}} {
		a.pass(now.Add(step.after))
		a.forget(now.Add(step.after))
		if got := series(); got != step.want {
			t.Errorf("after %v there are %d series, want %d", step.after, got, step.want)
		}
	}
}

func gatherer(a *Agent) prometheus.Gatherer {
	r := prometheus.NewRegistry()
	r.MustRegister(a.tallies)
	return r
}

// The past has the numbers that were sampled then.
func TestThePastHasItsNumbers(t *testing.T) {
	h := openHistory(t, filepath.Join(t.TempDir(), "h.db"))
	a, _ := start(t, Options{History: h})
	began := time.Now().Add(-10 * time.Minute)
	f := happened(t, 1)
	f.Time = began
	f, err := fact.Of(here, f.Event)
	if err != nil {
		t.Fatal(err)
	}
	a.Take([]fact.Fact{f}, nil)
	for i := range 60 {
		a.Take(nil, []fact.State{{Instance: here, At: began.Add(time.Duration(i) * time.Second), Sock: 1, Name: "md", Type: "PUB", Full: true, MessagesOut: uint64(100 * i)}})
	}
	at := began.Add(45 * time.Second).UTC().Format(time.RFC3339Nano)
	var s model.Snapshot
	until(t, func() bool {
		if err := json.Unmarshal([]byte(text(t, get(t, a, "/api/v1/state?at="+at))), &s); err != nil {
			t.Fatal(err)
		}
		return len(s.Sockets) == 1 && s.Sockets[0].RateOut > 0
	})
	if got := s.Sockets[0]; got.RateOut != 100 || len(got.History) < 3 || !slices.IsSortedFunc(got.History, func(x, y model.Point) int { return x.Time.Compare(y.Time) }) {
		t.Errorf("the socket then was %+v", got)
	}
}

func FuzzFilter(f *testing.F) {
	for _, q := range []string{"", "since=10m&until=2026-11-22T14:03:00Z&event=failures,condition&n=5&order=desc", "grep=(", "sev=warn&sock=a/1&peer=x&conn=a/9", "n=-1", "since=99999999h"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := url.ParseQuery(text)
		if err != nil {
			return
		}
		filter, err := filterOf(q)
		if err == nil && filter.Check() != nil {
			t.Errorf("%q was let through: %v", text, filter.Check())
		}
		if follow, err := followed(q); err == nil && follow != nil {
			follow.Match(&fact.Fact{Instance: here, Line: []byte("{}")})
		}
	})
}

// TestMain looks whether anything of the agents is left.
func TestMain(m *testing.M) {
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); err != nil && code == 0 {
		fmt.Println(err)
		code = 1
	}
	os.Exit(code)
}
