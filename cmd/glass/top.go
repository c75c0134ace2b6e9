package main

import (
	"fmt"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/glassmq/zmq/cmd/glass/internal/client"
	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/sheet"
	"github.com/glassmq/zmq/cmd/glass/internal/show"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
	"github.com/glassmq/zmq/cmd/glass/internal/top"
	"github.com/glassmq/zmq/observe/fact"
)

const topText = `top shows what an agent (glass serve) knows, live, and lets you walk through it: Enter goes from a socket to its connections
and from a connection to its peer, Esc goes back, / filters, : goes to another list, s sorts, e shows the events of a row, x says
what is wrong with it and what to do. ? lists all keys.

Lists: %s.

With --at it shows that moment, as the agent's history has it. With --once, with -o json, and where the standard output is no
terminal, it prints one table and ends.`

const topExamples = `  glass top
  glass top conns --sort queue
  glass top conditions
  glass top --at 14:03
  glass top peers --once -o json | jq .`

// A topping is the command line of top.
type topping struct {
	remote
	rowing
	sort, filter, at string
	reverse, once    bool
	delay            time.Duration
}

func newTop() *cobra.Command {
	var t topping
	cmd := &cobra.Command{
		Use:       "top [" + strings.Join(top.Views(), "|") + "]",
		Short:     "Walk through sockets, connections and peers, live",
		Long:      fmt.Sprintf(topText, strings.Join(top.Views(), ", ")),
		Example:   topExamples,
		ValidArgs: top.Views(),
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return nil
			}
			return oneOf("top", top.Views())(nil, args)
		},
		RunE: func(cmd *cobra.Command, args []string) error { return t.run(cmd, append(args, "sockets")[0]) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.DurationVarP(&t.delay, "delay", "d", time.Second, "the `time` between two questions to the agent")
	f.StringVar(&t.sort, "sort", "", "order rows by this `column`")
	f.BoolVarP(&t.reverse, "reverse", "r", false, "the other way round")
	f.StringVar(&t.filter, "filter", "", "only rows that have these `words`, and none of those with ! before them")
	f.StringVar(&t.at, "at", "", "show this `time`: 10m ago, 14:03, 2026-11-22T14:03:00Z")
	f.BoolVar(&t.once, "once", false, "print one table, and end")
	t.rowing.flags(cmd, table.Forms...)
	t.remote.flags(cmd)
	return cmd
}

func (t *topping) run(cmd *cobra.Command, view string) error {
	at, err := parseMoment(t.at, time.Now())
	switch {
	case err != nil:
		return usagef("--at: %w", err)
	case t.delay < 100*time.Millisecond:
		return usagef("--delay %v: write 100ms or more", t.delay)
	}
	o := top.Options{View: view, Sort: t.sort, Reverse: t.reverse, Filter: t.filter, Delay: t.delay, At: at}
	if err := o.Check(); err != nil {
		return usagef("--sort: %w", err)
	}
	c, err := t.client()
	if err != nil {
		return err
	}
	defer c.Close()
	first, err := c.StateAt(cmd.Context(), at) // that nobody is there is better said before the screen is cleared
	if err != nil {
		return unanswered(err)
	}
	if t.once || t.form.chosen != table.Aligned || !interactive(cmd) {
		return t.table(cmd, c, first, view, at)
	}
	_, o.Colour = show.Screen(cmd.OutOrStdout(), t.noColour)
	if err := top.Run(cmd.Context(), c, first, cmd.InOrStdin(), cmd.OutOrStdout(), o); err != nil {
		return &failure{code: exitFailure, err: fmt.Errorf("the screen: %w", err)}
	}
	return nil
}

// interactive says whether somebody sits there: both ends are a terminal that can be drawn on.
func interactive(cmd *cobra.Command) bool {
	in, isIn := cmd.InOrStdin().(*os.File)
	out, isOut := cmd.OutOrStdout().(*os.File)
	return isIn && isOut && term.IsTerminal(int(in.Fd())) && term.IsTerminal(int(out.Fd())) && os.Getenv("TERM") != "dumb"
}

// table prints one table.
func (t *topping) table(cmd *cobra.Command, c *client.Client, first model.Snapshot, view string, at time.Time) error {
	l := listing{rowing: t.rowing, sort: t.sort, filter: t.filter, reverse: t.reverse}
	const events = 100 // the last ones: glass history has all
	rows, empty, column := table.Table{}, "nothing that the agent's history knows of has happened", ""
	if kind, ok := sheet.Of(view); ok {
		rows, empty, column = kind.Table(first), kind.Empty, kind.Sort
	} else {
		facts, err := collect(c.Events(cmd.Context(), client.Filter{Until: at, N: events}))
		if err != nil {
			return unanswered(err)
		}
		slices.Reverse(facts) // the newest first, as on the screen
		rows = sheet.Events(first.At, facts)
	}
	all := len(rows.Rows)
	if err := l.arrange(&rows, column); err != nil {
		return err
	}
	if len(rows.Rows) == 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), l.nothing(view, empty, all, c.Server()))
	}
	return t.print(cmd, &rows)
}

func collect(events iter.Seq2[fact.Fact, error]) (facts []fact.Fact, err error) {
	for f, err := range events {
		if err != nil {
			return nil, err
		}
		facts = append(facts, f)
	}
	return facts, nil
}
