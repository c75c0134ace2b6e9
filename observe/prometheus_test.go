package observe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/observe"
)

// tool finds a program of the package prometheus; without it the test is skipped, where ZMQ_INTEROP=required does not
// forbid that.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	switch {
	case err == nil:
	case os.Getenv("ZMQ_INTEROP") == "required":
		t.Fatalf("%s is missing: install the package prometheus", name)
	default:
		t.Skipf("%s is missing", name)
	}
	return path
}

// A program with two sockets, one message between them and an endpoint where nobody is.
func program(t *testing.T) (c *observe.Collector, f *observe.Forwarder) {
	t.Helper()
	x := zmq.NewContext(zmq.ContextConfig{})
	t.Cleanup(func() { x.Shutdown(zmq.NoWait) })
	c = observe.NewCollector(x, observe.CollectorOptions{})
	t.Cleanup(c.Close)
	f, err := observe.Forward(t.Context(), x, "tcp://127.0.0.1:1", observe.ForwardOptions{Linger: time.Millisecond})
	must(t, err)
	t.Cleanup(func() { f.Close() })
	pull := zmq.NewPull(zmq.Config{Context: x, Name: "jobs"})
	push := zmq.NewPush(zmq.Config{Context: x, Name: "work"})
	at, err := pull.Bind("tcp://127.0.0.1:*")
	must(t, err)
	must(t, push.Connect(at))
	must(t, push.Send(t.Context(), []byte("hello")))
	if _, err := pull.Recv(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c, f
}

func serve(t *testing.T) *httptest.Server {
	t.Helper()
	c, f := program(t)
	all, peers := prometheus.NewPedanticRegistry(), prometheus.NewPedanticRegistry()
	all.MustRegister(c, f)
	peers.MustRegister(c.Peers(10))
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.HandlerFor(all, promhttp.HandlerOpts{}))
	mux.Handle("/metrics/peers", promhttp.HandlerFor(peers, promhttp.HandlerOpts{}))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func TestPromtoolChecksTheMetrics(t *testing.T) {
	path := tool(t, "promtool")
	s := serve(t)
	for _, page := range []string{"/metrics", "/metrics/peers"} {
		resp, err := http.Get(s.URL + page)
		must(t, err)
		body, err := io.ReadAll(resp.Body)
		must(t, err)
		resp.Body.Close()
		cmd := exec.CommandContext(t.Context(), path, "check", "metrics")
		cmd.Stdin = bytes.NewReader(body)
		if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: promtool says %v\n%s", page, err, out)
		}
		if !strings.Contains(string(body), `socket="work"`) {
			t.Errorf("%s has nothing of the socket work:\n%s", page, body)
		}
	}
}

// A real Prometheus scrapes a program of ours, and answers what an operator asks.
func TestPrometheusScrapes(t *testing.T) {
	path := tool(t, "prometheus")
	s := serve(t)
	target, err := url.Parse(s.URL)
	must(t, err)
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	must(t, os.WriteFile(config, fmt.Appendf(nil, `
global: {scrape_interval: 200ms, scrape_timeout: 200ms}
scrape_configs:
- {job_name: zmq, static_configs: [{targets: ['%[1]s']}]}
- {job_name: peers, metrics_path: /metrics/peers, static_configs: [{targets: ['%[1]s']}]}
`, target.Host), 0o666))

	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	listen := freeAddress(t)
	var log bytes.Buffer
	cmd := exec.CommandContext(ctx, path, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+listen)
	cmd.Stdout, cmd.Stderr = &log, &log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second
	must(t, cmd.Start())
	defer func() {
		cancel()
		cmd.Wait()
		if t.Failed() {
			t.Logf("prometheus said\n%s", log.String())
		}
	}()

	api := "http://" + listen
	for query, want := range map[string]string{
		`up{job="zmq"}`: "1",
		`zmq_socket_messages_total{job="zmq",socket="jobs",direction="rx"}`:                     "1",
		`sum(zmq_socket_connections{job="zmq",state="ready"})`:                                  "2",
		`zmq_handshake_duration_seconds_count{job="zmq",socket="work",mechanism="NULL"}`:        "1",
		`zmq_socket_connections_closed_total{job="zmq",socket="work",reason="reset"}`:           "0",
		`zmq_monitor_events_dropped_total{job="zmq",sink="forward"}`:                            "0",
		`sum(zmq_peer_messages_total{job="peers",socket="work",direction="tx"})`:                "1",
		`count(count by (__name__, socket) ({job="zmq",socket="jobs"})) > 15`:                   "*",
		`histogram_quantile(0.5, zmq_connect_duration_seconds_bucket{job="zmq",socket="work"})`: "*",
	} {
		if got := ask(ctx, t, api, query); got != want && want != "*" || got == "" {
			t.Errorf("%s is %q, want %s", query, got, want)
		}
	}
}

// ask asks until there is an answer: Prometheus has to start, and to have scraped.
func ask(ctx context.Context, t *testing.T, api, query string) string {
	t.Helper()
	again := time.NewTicker(100 * time.Millisecond)
	defer again.Stop()
	for {
		if value, ok := answer(ctx, api, query); ok {
			return value
		}
		select {
		case <-ctx.Done():
			return ""
		case <-again.C:
		}
	}
}

func answer(ctx context.Context, api, query string) (string, bool) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, api+"/api/v1/query?query="+url.QueryEscape(query), nil)
	if err != nil {
		return "", false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return "", false
	}
	defer resp.Body.Close()
	var a struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil || len(a.Data.Result) != 1 {
		return "", false
	}
	value, ok := a.Data.Result[0].Value[1].(string)
	return value, ok
}

// freeAddress is one of loopback where nobody listens.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}
