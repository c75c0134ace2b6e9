package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq/cmd/glass/internal/client"
	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/sheet"
	"github.com/glassmq/zmq/cmd/glass/internal/show"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
)

const graphText = `graph prints who is connected to whom, of all processes that an agent (glass serve) hears of. A link goes from who dialled to
whom, and is drawn once where both ends are known. An end that is not known has a ? before it: that process does not send its
events to the agent. What is dialled in vain is there, too, with what it waits for.

--diff A..B prints what came (+), what left (-) and what became otherwise (~) between two times; without B, until now.`

const graphExamples = `  glass graph
  glass graph --at 14:03:10
  glass graph --diff 14:00..14:05            who left between
  glass graph --diff 10m..                   what became of it since
  glass graph -o dot | dot -Tsvg > graph.svg
  glass graph -o mermaid --app md-gw`

// The forms of a graph besides those of rows.
const (
	dot     = "dot"
	mermaid = "mermaid"
)

// A graphing is the command line of graph.
type graphing struct {
	remote
	rowing
	at, diff, app string
}

func newGraph() *cobra.Command {
	var g graphing
	cmd := &cobra.Command{
		Use:     "graph",
		Short:   "Show who is connected to whom, now or at a time, or what changed between two",
		Long:    graphText,
		Example: graphExamples,
		Args:    cobra.NoArgs,
		RunE:    func(cmd *cobra.Command, _ []string) error { return g.run(cmd) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	g.rowing.flags(cmd, show.Text, dot, mermaid, table.JSON, table.JSONL)
	f.StringVar(&g.at, "at", "", "who was connected at this `time`: 10m ago, 14:03, 2026-11-22T14:03:00Z")
	f.StringVar(&g.diff, "diff", "", "what changed between two times, `A..B`; without B, until now")
	f.StringVar(&g.app, "app", "", "only this `application`, and to whom it is connected")
	g.remote.flags(cmd)
	return cmd
}

func (g *graphing) run(cmd *cobra.Command) error {
	now := time.Now()
	at, err := parseMoment(g.at, now)
	switch {
	case err != nil:
		return usagef("--at: %w", err)
	case g.diff != "" && g.at != "":
		return usagef("--diff has its own times: leave out --at")
	case g.diff != "" && (g.form.chosen == dot || g.form.chosen == mermaid):
		return usagef("--diff is a list of changes: -o %s draws one graph", g.form.chosen)
	case g.diff == "" && g.form.chosen == table.JSONL:
		return usagef("-o jsonl is for the rows of --diff: -o json prints the graph")
	}
	c, err := g.client()
	if err != nil {
		return err
	}
	defer c.Close()
	if g.diff != "" {
		return g.compare(cmd, c, now)
	}
	drawn, err := g.ask(cmd.Context(), c, at)
	if err != nil {
		return err
	}
	if len(drawn.Nodes) == 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "no socket at %s: glass ls instances says which processes send their events\n", c.Server())
	}
	if err := g.draw(cmd, drawn); err != nil {
		return &failure{code: exitFailure, err: fmt.Errorf("printing: %w", err)}
	}
	return nil
}

// ask is the agent's graph, as far as it was asked for.
func (g *graphing) ask(ctx context.Context, c *client.Client, at time.Time) (model.Graph, error) {
	drawn, err := c.Graph(ctx, at)
	if err != nil {
		return drawn, unanswered(err)
	}
	return sheet.GraphOf(drawn, g.app), nil
}

func (g *graphing) draw(cmd *cobra.Command, drawn model.Graph) error {
	w := cmd.OutOrStdout()
	switch g.form.chosen {
	case dot:
		return sheet.GraphDOT(w, drawn)
	case mermaid:
		return sheet.GraphMermaid(w, drawn)
	case table.JSON:
		return json.NewEncoder(w).Encode(drawn)
	}
	width, colour := show.Screen(w, g.noColour)
	return sheet.GraphText(w, drawn, table.Look{Width: width, Colour: colour})
}

// compare prints what changed between the two times of --diff.
func (g *graphing) compare(cmd *cobra.Command, c *client.Client, now time.Time) error {
	from, to, err := parseSpan(g.diff, now)
	if err != nil {
		return usagef("--diff: %w", err)
	}
	before, err := g.ask(cmd.Context(), c, from)
	if err != nil {
		return err
	}
	after, err := g.ask(cmd.Context(), c, to)
	if err != nil {
		return err
	}
	changes := sheet.GraphDiff(before, after)
	if len(changes.Rows) == 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "nothing changed between %s and %s\n", clock(from), clock(to))
	}
	return g.print(cmd, &changes)
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "now"
	}
	return t.Local().Format("2006-01-02 15:04:05")
}

// parseSpan reads A..B. The second time is the zero one for now, of which the agent need not ask its history.
func parseSpan(text string, now time.Time) (from, to time.Time, err error) {
	a, b, two := strings.Cut(text, "..")
	if !two || strings.TrimSpace(a) == "" {
		return from, to, fmt.Errorf("%q: write two times with two dots between, as in 14:00..14:05; without the second one it is now", text)
	}
	if from, err = parseMoment(a, now); err != nil {
		return from, to, err
	}
	if to, err = parseMoment(b, now); err != nil {
		return from, to, err
	}
	if !to.IsZero() && !from.Before(to) {
		return from, to, fmt.Errorf("%q: the first time is not before the second", text)
	}
	return from, to, nil
}
