package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq/cmd/glass/internal/check"
	"github.com/glassmq/zmq/cmd/glass/internal/client"
	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/probe"
)

const checkText = `check holds a number against thresholds, for Nagios and its kin, for cron, for Kubernetes, and says it as they read it:
  connect ENDPOINT...   how many seconds it takes until a socket there has said what it is, by a probe as that of glass probe;
                        that it does not is critical
  connect               whether the endpoints that sockets dial are connected, 1 or 0 (critical 1:)
  peers                 how many peers each socket has that are ready (critical 1:)
  peers ENDPOINT...     how many connections whoever listens there has accepted; on this host, over tcp, on Linux
  traffic               messages a second, sent and received together, of each socket; thresholds have to be given
  queue                 how full the fullest queue of each socket is, in per cent of its high-water mark (warning 50, critical 90)
  drops                 how many messages each socket has lost within --within (warning 0)

What has no ENDPOINT is asked of an agent (glass serve), and --app, --sock and --type say of which sockets; of several sockets or
endpoints the worst is told.

A threshold is a range of what is in order, as Nagios has it: 10 is 0 to 10, "10:" is 10 or more, "~:10" is 10 or less, 10:20 is
from one to the other, and @10:20 is all but that. Numbers of seconds may be written as 100ms.

Exit codes are those of Nagios' plugins and not those of other commands: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN, which is also
a command line that cannot be meant, and an agent that does not answer.`

const checkExamples = `  glass check connect tcp://db:5556 --expect-type ROUTER -w 100ms -c 1s
  glass check peers --sock md-pub -w 3: -c 1:            three subscribers should be there, and one must
  glass check traffic --app md-gw -c 1:                  at least a message a second
  glass check queue -o prometheus >/var/lib/node_exporter/glass_queue.prom
  glass check drops --within 1h -w 0 -c 1000
  glass check peers tcp://127.0.0.1:5556 -w :200`

var checkKinds = []string{"connect", "peers", "traffic", "queue", "drops"}

// usualLimits are the thresholds of the kinds that have some, as they would be written.
var usualLimits = map[string]struct{ warn, critical string }{
	"connect": {"", "1:"}, "peers": {"", "1:"}, "queue": {"50", "90"}, "drops": {"0", ""},
}

// A checking is the command line of check.
type checking struct {
	remote
	form           choice
	warn, critical string
	sockets        check.Choice
	within         time.Duration

	timeout time.Duration
	keys    security
	expect  []string
}

func newCheck() *cobra.Command {
	c := checking{form: choice{check.Nagios, check.Forms}, keys: security{clientOnly: true}}
	cmd := &cobra.Command{
		Use:       "check KIND [ENDPOINT...]",
		Short:     "Hold a number against thresholds, for Nagios, cron, Kubernetes",
		Long:      checkText,
		Example:   checkExamples,
		ValidArgs: checkKinds,
		Args:      cobra.ArbitraryArgs,
		RunE:      func(cmd *cobra.Command, args []string) error { return c.run(cmd, args) },
	}
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return c.end(cmd.OutOrStdout(), check.Ignorance("flags", err))
	})
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&c.warn, "warn", "w", "", "a warning if the number is not in this `range`")
	f.StringVarP(&c.critical, "critical", "c", "", "critical if it is not in this `range`")
	f.VarP(&c.form, "output", "o", "`form`: nagios, one line with performance data; json; prometheus, a text file for node_exporter; text, for people")
	f.StringVar(&c.sockets.App, "app", "", "only sockets of this `application`")
	f.StringVar(&c.sockets.Socket, "sock", "", "only sockets of this `name`, or the one of this key")
	f.StringVar(&c.sockets.Type, "type", "", "only sockets of this `type`, as in PUB")
	f.DurationVar(&c.within, "within", 5*time.Minute, "drops: of so much `time` until now")
	f.DurationVar(&c.timeout, "timeout", 5*time.Second, "the `time` for all of it")
	f.StringSliceVar(&c.expect, "expect-type", nil, "connect: be content with this socket `type` only, as in ROUTER, or one of several: PUB,XPUB")
	c.remote.flags(cmd)
	c.keys.clientFlags(cmd)
	complete(cmd, "output", c.form.among)
	complete(cmd, "type", typeNames())
	complete(cmd, "expect-type", typeNames())
	return cmd
}

func (c *checking) run(cmd *cobra.Command, args []string) error {
	kind := "arguments"
	r, err := c.check(cmd.Context(), args)
	if len(args) > 0 {
		kind = args[0]
	}
	if err != nil {
		hint := ""
		if f := (*failure)(nil); errors.As(err, &f) && f.hint != "" {
			hint = ". Hint: " + f.hint
		}
		r = check.Ignorance(kind, fmt.Errorf("%w%s", err, hint))
	}
	return c.end(cmd.OutOrStdout(), r)
}

// end prints a result; the exit code is its level, about which there is nothing more to say.
func (c *checking) end(w io.Writer, r check.Result) error {
	text, err := r.Format(c.form.chosen)
	if err == nil {
		_, err = io.WriteString(w, text)
	}
	if err != nil {
		return &failure{code: int(check.Unknown), err: fmt.Errorf("printing: %w", err)}
	}
	if r.Level == check.OK {
		return nil
	}
	return &failure{code: int(r.Level), err: errors.New(r.Text), told: true}
}

// check makes a check.
func (c *checking) check(ctx context.Context, args []string) (r check.Result, err error) {
	if len(args) == 0 {
		return r, fmt.Errorf("check takes one of %s", strings.Join(checkKinds, ", "))
	}
	kind, endpoints := args[0], args[1:]
	limits, err := c.limits(kind, len(endpoints) > 0)
	switch {
	case err != nil:
		return r, err
	case c.timeout <= 0 || c.within <= 0:
		return r, errors.New("--timeout and --within: write a time, as in 5s")
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	if len(endpoints) > 0 {
		return c.probe(ctx, kind, endpoints, limits)
	}
	return c.ask(ctx, kind, limits)
}

// limits are the thresholds, or those that the kind has.
func (c *checking) limits(kind string, probing bool) (l check.Limits, err error) {
	usual, has := usualLimits[kind]
	warn, critical := c.warn, c.critical
	switch given := warn != "" || critical != ""; {
	case !has && kind != "traffic":
		return l, fmt.Errorf("there is no check of %q: there are %s", kind, strings.Join(checkKinds, ", "))
	case !has && !given:
		return l, fmt.Errorf("%s: say what is in order with --warn or --critical, as in --critical 1: for one message a second or more", kind)
	case probing && kind == "connect":
	case !given:
		warn, critical = usual.warn, usual.critical
	}
	if l.Warn, err = check.ParseRange(warn); err != nil {
		return l, fmt.Errorf("--warn: %w", err)
	}
	if l.Critical, err = check.ParseRange(critical); err != nil {
		return l, fmt.Errorf("--critical: %w", err)
	}
	return l, nil
}

// probe finds out by itself.
func (c *checking) probe(ctx context.Context, kind string, endpoints []string, l check.Limits) (r check.Result, err error) {
	if kind != "connect" && kind != "peers" {
		return r, fmt.Errorf("%s is asked of an agent (glass serve), and takes no endpoint", kind)
	}
	if c.sockets != (check.Choice{}) {
		return r, fmt.Errorf("--app, --sock and --type choose among an agent's sockets: leave out the endpoint, or them")
	}
	expect, err := parseTypes("--expect-type", c.expect...)
	if err != nil {
		return r, err
	}
	figures := make([]check.Figure, 0, len(endpoints))
	for _, text := range endpoints {
		asking := asking{security: c.keys, timeout: c.timeout}
		to, o, err := asking.check(text)
		if err != nil {
			return r, err
		}
		o.Host = kind == "peers"
		began := time.Now()
		report := probe.Run(ctx, text, to, o)
		if kind == "peers" {
			figures = append(figures, check.Accepted(&report, l))
		} else {
			figures = append(figures, check.Reached(&report, time.Since(began), l, expect...))
		}
	}
	return check.Judge(kind, l, "endpoints", figures), nil
}

// ask asks an agent.
func (c *checking) ask(ctx context.Context, kind string, l check.Limits) (r check.Result, err error) {
	if len(c.expect) > 0 {
		return r, errors.New("--expect-type is for a connect with an endpoint; --type chooses among an agent's sockets")
	}
	agent, err := c.client()
	if err != nil {
		return r, err
	}
	defer agent.Close()
	s, err := agent.State(ctx)
	if err != nil {
		return r, unanswered(err)
	}
	sockets, gone, err := c.sockets.Sockets(&s)
	if gone {
		r = check.Ignorance(kind, err)
		r.Level = check.Critical
		return r, nil
	}
	if err != nil {
		return r, err
	}
	figures, err := c.figures(ctx, agent, kind, &s, sockets, l)
	if err != nil {
		return r, err
	}
	if len(figures) == 0 {
		return r, errors.New("none of these sockets dials an endpoint")
	}
	return check.Judge(kind, l, map[bool]string{true: "endpoints", false: "sockets"}[kind == "connect"], figures), nil
}

func (c *checking) figures(ctx context.Context, agent *client.Client, kind string, s *model.Snapshot, sockets []check.Socket, l check.Limits) ([]check.Figure, error) {
	switch kind {
	case "connect":
		return check.Connects(sockets, l), nil
	case "peers":
		return check.Peers(sockets, l), nil
	case "traffic":
		return check.Traffic(s, sockets, l), nil
	case "queue":
		return check.Queues(s, sockets, l), nil
	}
	lost := make(check.Loss)
	asked := client.Filter{Since: time.Now().Add(-c.within), App: c.sockets.App, Events: []string{"dropped", "disconnected", "local_closed"}}
	for f, err := range agent.Events(ctx, asked) {
		if err != nil {
			return nil, unanswered(err)
		}
		lost.Add(&f)
	}
	return check.Drops(sockets, lost, c.within.String(), l), nil
}
