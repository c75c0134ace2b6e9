package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/agent"
	"github.com/glassmq/zmq/cmd/glass/internal/credential"
	"github.com/glassmq/zmq/cmd/glass/internal/history"
	"github.com/glassmq/zmq/cmd/glass/internal/ingest"
	"github.com/glassmq/zmq/observe/fact"
)

const serveText = `serve is the agent: programs tell it what happens to their sockets, and it knows what is true now, what happened before,
and what is wrong. It has a web page, and answers top, ls, describe, graph, timeline, history and check.

Go programs tell it with observe.Forward, programs with libzmq by forwarding the frames of their monitor sockets: the
examples are in examples/bridge. Both send without waiting, so that an agent that is slow or away never holds them up.

It listens on this host alone. Where other machines reach its page, it wants --token-file, and TLS so that nobody reads the
token on the way; where they send it events, CURVE: its own key (glass keygen), and the public keys of those who may. Message
contents never come here; keys and passwords neither.`

const serveExamples = `  glass serve
  glass serve --retain 30d,10GiB --store /var/lib/glass/history.db
  glass serve --listen 0.0.0.0:5590 --token-file token --tls-cert cert.pem --tls-key key.pem
  glass serve --ingest tcp://0.0.0.0:5580 --ingest-curve-key agent.key_secret --curve-clients clients
  curl -s http://127.0.0.1:5590/api/v1/state | jq .conditions`

// A serving is the command line of serve.
type serving struct {
	o            agent.Options
	in           intake
	open         ingest.Options // of in
	store, token string
	retain       retention
}

func newServe() *cobra.Command {
	s := serving{retain: retention{7 * 24 * time.Hour, 2 << 30}}
	cmd := &cobra.Command{
		Use:     "serve",
		Short:   "Take in events of many programs: a page, metrics, a history",
		Long:    serveText,
		Example: serveExamples,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return s.run(cmd) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&s.o.Listen, "listen", "127.0.0.1:5590", "the `address` of the page and of everything over HTTP; port 0: one of the system's choice")
	s.in.flags(cmd)
	f.StringVar(&s.store, "store", "", "the `file` of the history, or none (default $XDG_STATE_HOME/glass/history.db)")
	f.Var(&s.retain, "retain", "keep the history for so long, or so many bytes, or both: `7d,2GiB`; 0 is without a bound")
	f.StringVar(&s.token, "token-file", "", "who asks must say the token in this `file`, which is its owner's alone")
	f.StringVar(&s.o.TLSCert, "tls-cert", "", "serve HTTPS, with the certificate in this PEM `file`")
	f.StringVar(&s.o.TLSKey, "tls-key", "", "the `file` with its private key")
	f.BoolVar(&s.o.MetricsPeers, "metrics-peers", false, "also /metrics/peers: series for each peer, under names that peers choose")
	f.IntVar(&s.o.MetricsMaxSockets, "metrics-max-sockets", 256, "so many `sockets` have series of their own in /metrics; the others are counted together, as _other")
	f.IntVar(&s.o.MetricsMaxEndpoints, "metrics-max-endpoints", 512, "and so many `endpoints`, of all sockets together")
	f.BoolVar(&s.o.NoPage, "no-page", false, "no web page, only what programs read")
	return cmd
}

// run serves until Ctrl-C.
func (s *serving) run(cmd *cobra.Command) error {
	notes := cmd.ErrOrStderr()
	s.o.Version = version()
	s.o.Note = func(line string) { fmt.Fprintln(notes, line) }
	var err error
	if s.token != "" {
		if s.o.Token, err = credential.Token(s.token); err != nil {
			return usagef("--token-file: %w", err)
		}
	}
	if s.open, err = s.in.options(); err != nil {
		return err
	}
	if s.o.MetricsMaxSockets < 1 || s.o.MetricsMaxEndpoints < 1 {
		return usagef("--metrics-max-sockets and --metrics-max-endpoints are numbers from 1 on")
	}
	if s.o.History, err = s.history(); err != nil {
		return err
	}
	x := zmq.NewContext(zmq.ContextConfig{})
	defer x.Close()
	s.o.Ingest = func(take func([]fact.Fact, []fact.State)) (agent.Source, error) {
		from, err := ingest.Listen(x, s.in.endpoint, take, s.o.Note, s.open)
		if err != nil {
			return nil, fmt.Errorf("--ingest: %w", err)
		}
		return from, nil
	}
	a, err := agent.New(s.o)
	if err != nil {
		if s.o.History != nil {
			s.o.History.Close()
		}
		return agentFailure(err)
	}
	s.greet(a)
	if err := a.Run(cmd.Context()); err != nil {
		return agentFailure(err)
	}
	return nil
}

// greet says where everything is.
func (s *serving) greet(a *agent.Agent) {
	what := "the page: "
	if s.o.NoPage {
		what = "http: "
	}
	s.o.Note(what + a.URL())
	s.o.Note("programs send events to " + a.Ingest())
	if s.o.History != nil {
		s.o.Note(fmt.Sprintf("history: %s, %s", s.o.History.Path(), s.retain.words()))
	} else {
		s.o.Note("no history: what happens is remembered until the agent ends")
	}
	if exposed := s.in.exposure(a.Ingest(), s.open); exposed != "" {
		s.o.Note(exposed)
	}
}

// history opens the file of --store; nil for none.
func (s *serving) history() (*history.History, error) {
	path := s.store
	switch path {
	case "none":
		return nil, nil
	case "":
		var err error
		if path, err = usualStore(); err != nil {
			return nil, &failure{code: exitFailure, err: err, hint: "name the file with --store PATH, or --store none"}
		}
	}
	h, err := history.Open(path, history.Options{Retain: s.retain.time, RetainBytes: s.retain.bytes})
	if err != nil {
		return nil, agentFailure(err)
	}
	return h, nil
}

// usualStore is the file of the history if none is named.
func usualStore() (string, error) {
	state, err := stateFolder()
	return filepath.Join(state, "glass", "history.db"), err
}

// stateFolder is where programs keep what should outlive them (XDG Base Directory Specification).
func stateFolder() (string, error) {
	if dir := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("there is no home for the history: %w", err)
	}
	return filepath.Join(home, ".local", "state"), nil
}

// A retention is a flag: how long the history is kept, and how large it may become.
type retention struct {
	time  time.Duration
	bytes int64
}

func (r *retention) Type() string { return "retention" }

func (r *retention) String() string {
	var parts []string
	if r.time > 0 {
		parts = append(parts, agoText(r.time))
	}
	if b := size(r.bytes); b > 0 {
		parts = append(parts, b.String())
	}
	if len(parts) == 0 {
		return "0"
	}
	return strings.Join(parts, ",")
}

// words are for a person.
func (r *retention) words() string {
	if r.time == 0 && r.bytes == 0 {
		return "kept for ever"
	}
	return "kept for " + strings.Replace(r.String(), ",", ", at the most ", 1)
}

// Set reads 7d, 2GiB, 7d,2GiB or 0. What is not named is without a bound.
func (r *retention) Set(text string) error {
	*r = retention{}
	for _, part := range strings.FieldsFunc(text, func(c rune) bool { return c == ',' || c == '|' || c == ' ' }) {
		if part == "0" {
			continue
		}
		if d, err := parseAgo(part); err == nil {
			r.time = d
			continue
		}
		var b size
		if err := b.Set(part); err != nil {
			return fmt.Errorf("%q: write a time, as in 7d, or a size, as in 2GiB, or both with a comma between", part)
		}
		r.bytes = int64(b)
	}
	return nil
}

// agoText is a time as parseAgo reads it.
func agoText(d time.Duration) string {
	if days := d / (24 * time.Hour); days > 0 && d%(24*time.Hour) == 0 {
		return fmt.Sprintf("%dd", days)
	}
	return d.String()
}
