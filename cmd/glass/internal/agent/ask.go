package agent

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/glassmq/zmq/cmd/glass/internal/history"
	"github.com/glassmq/zmq/cmd/glass/internal/page"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

var errNoHistory = errors.New("this agent keeps no history")

const cureNoHistory = "start it with --store PATH"

// Handler is everything that the agent answers.
func (a *Agent) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") })
	mux.HandleFunc("GET /api/v1/about", func(w http.ResponseWriter, _ *http.Request) { answer(w, a.about()) })
	mux.HandleFunc("GET /api/v1/state", a.state)
	mux.HandleFunc("GET /api/v1/graph", a.graph)
	mux.HandleFunc("GET /api/v1/events", a.events)
	mux.HandleFunc("GET /api/v1/timeline", a.timeline)
	mux.HandleFunc("GET /api/v1/samples", a.samples)
	mux.HandleFunc("GET /events", a.follow)
	mux.HandleFunc("POST /login", a.login)
	mux.HandleFunc("POST /api/v1/conn/close", a.closeConn)
	a.metrics(mux)
	if a.o.NoPage {
		mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
			fmt.Fprintln(w, "an agent of glass, without its page; see /api/v1/state, /events, /metrics")
		})
	} else {
		mux.Handle("GET /", page.Handler())
	}
	return a.guard(mux)
}

// metrics are those of the sockets, and of the agent itself.
func (a *Agent) metrics(mux *http.ServeMux) {
	all := prometheus.NewRegistry()
	all.MustRegister(a.tallies, &ownMetrics{a}, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	all.MustRegister(a.o.Metrics...)
	mux.Handle("GET /metrics", promhttp.HandlerFor(all, promhttp.HandlerOpts{}))
	if a.o.MetricsPeers {
		peers := prometheus.NewRegistry()
		peers.MustRegister(a.tallies.Peers(0))
		mux.Handle("GET /metrics/peers", promhttp.HandlerFor(peers, promhttp.HandlerOpts{}))
	}
}

// An about is who answers.
type about struct {
	Version string         `json:"version"`
	Started time.Time      `json:"started"`
	Ingest  string         `json:"ingest,omitempty"` // where programs send facts
	History *history.Stats `json:"history,omitempty"`
	NotKept uint64         `json:"not_kept,omitempty"` // facts that are not in the history, for the disk did not take them
	Trouble string         `json:"trouble,omitempty"`
	Own     string         `json:"own,omitempty"` // the instance whose connections can be closed from here
}

func (a *Agent) about() about {
	b := about{Version: a.o.Version, Started: a.started.UTC(), Ingest: a.Ingest()}
	if a.o.Close != nil {
		b.Own = a.o.Own.ID
	}
	if a.keeper != nil {
		stats := a.o.History.Stats()
		b.History = &stats
		var trouble error
		if _, b.NotKept, trouble = a.keeper.state(); trouble != nil {
			b.Trouble = trouble.Error()
		}
	}
	return b
}

// answer is JSON of v.
func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	json.NewEncoder(w).Encode(v) // an error is the asker's, who has gone
}

func (a *Agent) state(w http.ResponseWriter, r *http.Request) {
	if s, ok := a.at(w, r); ok {
		answer(w, s)
	}
}

func (a *Agent) graph(w http.ResponseWriter, r *http.Request) {
	if s, ok := a.at(w, r); ok {
		answer(w, s.Graph())
	}
}

// events writes facts as lines, as they were stored. A last line of words, as of a refusal, and an answer that is cut off: the rest
// could not be read.
func (a *Agent) events(w http.ResponseWriter, r *http.Request) {
	filter, err := filterOf(r.URL.Query())
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error(), "")
		return
	}
	if a.o.History == nil {
		a.remembered(w, filter)
		return
	}
	w.Header().Set("Content-Type", "application/jsonl")
	w.Header().Set("Cache-Control", "no-store")
	flush := http.NewResponseController(w)
	flush.Flush() // a search for what is rare may take long: who asks should know that it is under way
	a.keeper.settle(r.Context())
	for f, err := range a.o.History.Events(r.Context(), filter) {
		if err != nil {
			w.Write(refusal(err.Error(), strings.TrimPrefix(hintOf(err), ". Hint: ")))
			flush.Flush()
			panic(http.ErrAbortHandler) // half an answer must not look whole
		}
		if _, err := w.Write(append(f.Line, '\n')); err != nil {
			return
		}
	}
}

// remembered is events without a history: those that are in memory.
func (a *Agent) remembered(w http.ResponseWriter, filter history.Filter) {
	start, _, _ := a.ring.marks()
	all, _, _ := a.ring.after(start-1, nil, ringFacts)
	var found [][]byte
	for i := range all {
		line := all[len(all)-1-i].line
		if f, _, err := fact.Parse(line); err == nil && f != nil && filter.Match(f) {
			found = append(found, line)
		}
		if len(found) == filter.N && filter.N > 0 {
			break
		}
	}
	w.Header().Set("Content-Type", "application/jsonl")
	for i := range found {
		line := found[len(found)-1-i]
		if filter.Descending {
			line = found[i]
		}
		w.Write(append(line[:len(line):len(line)], '\n'))
	}
}

func (a *Agent) samples(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if a.o.History == nil {
		refuse(w, http.StatusNotFound, errNoHistory.Error(), cureNoHistory)
		return
	}
	filter := history.SampleFilter{Sock: q.Get("sock"), App: q.Get("app")}
	var err error
	filter.Since, err = moment(q, "since", err)
	filter.Until, err = moment(q, "until", err)
	if step := q.Get("step"); step != "" && err == nil {
		filter.Step, err = time.ParseDuration(step)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error(), "")
		return
	}
	all, err := a.o.History.Samples(r.Context(), filter)
	if err != nil {
		refuse(w, http.StatusInternalServerError, err.Error(), "")
		return
	}
	answer(w, struct {
		Samples []history.Sample `json:"samples"`
	}{all})
}

// closeConn ends one of this process's own connections.
func (a *Agent) closeConn(w http.ResponseWriter, r *http.Request) {
	var which struct {
		Inst string `json:"inst"`
		Conn string `json:"conn"` // "<inst>/<n>", or n
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<10)).Decode(&which); err != nil {
		refuse(w, http.StatusBadRequest, "that is no connection", `send {"inst": "…", "conn": "…"}`)
		return
	}
	n, err := strconv.ParseUint(which.Conn[strings.LastIndexByte(which.Conn, '/')+1:], 10, 64)
	switch {
	case err != nil:
		refuse(w, http.StatusBadRequest, fmt.Sprintf("%q is no connection", which.Conn), "its number, or its instance, a slash and its number")
	case a.o.Close == nil || which.Inst != a.o.Own.ID:
		refuse(w, http.StatusConflict, "that connection is another program's", "only that program can close it; the agent closes those of a proxy or demo in its own process")
	default:
		if err := a.o.Close(a.o.Own, monitor.ConnID(n)); err != nil {
			refuse(w, http.StatusConflict, err.Error(), "")
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

// filterOf reads the filter of a question.
func filterOf(q url.Values) (f history.Filter, err error) {
	f.App, f.Sock, f.Peer, f.Conn, f.Severity = q.Get("app"), q.Get("sock"), q.Get("peer"), q.Get("conn"), q.Get("sev")
	f.Since, err = moment(q, "since", err)
	f.Until, err = moment(q, "until", err)
	if err == nil {
		f.Events, err = history.EventNames(q.Get("event"))
	}
	if n := q.Get("n"); n != "" && err == nil {
		if f.N, err = strconv.Atoi(n); err != nil {
			err = fmt.Errorf("n=%q: a number of events", n)
		}
	}
	if err == nil && q.Get("grep") != "" {
		if f.Grep, err = regexp.Compile(q.Get("grep")); err != nil {
			err = fmt.Errorf("grep: %w", err)
		}
	}
	switch q.Get("order") {
	case "", "asc":
	case "desc":
		f.Descending = true
	default:
		err = errors.Join(err, fmt.Errorf("order=%q: asc or desc", q.Get("order")))
	}
	if err == nil {
		err = f.Check()
	}
	return f, err
}

// followed is the filter of a stream, nil for all. A stream is about what comes: times and numbers are no part of it.
func followed(q url.Values) (*history.Filter, error) {
	any := false
	for _, key := range []string{"app", "sock", "peer", "conn", "sev", "event", "grep"} {
		any = any || q.Get(key) != ""
	}
	f, err := filterOf(q)
	if !any || err != nil {
		return nil, err
	}
	f.Since, f.Until, f.N, f.Descending = time.Time{}, time.Time{}, 0, false
	return &f, nil
}

// moment reads a time of a question: RFC 3339, or how long ago, as in 10m. An error before it stays.
func moment(q url.Values, key string, before error) (time.Time, error) {
	text := q.Get(key)
	if text == "" || before != nil {
		return time.Time{}, before
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, nil
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return time.Now().Add(-ago), nil
	}
	return time.Time{}, fmt.Errorf("%s=%q: a time as RFC 3339 has it, or how long ago, as in 10m", key, text)
}
