package main

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq/cmd/glass/internal/client"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
	"github.com/glassmq/zmq/observe/fact"
)

const (
	mostRecalled = 5               // events that are told
	recallTime   = 2 * time.Second // for which an agent is waited for
)

// recall is what an agent has seen go wrong at an endpoint in the last hour, a line each. An agent that nobody has named may be
// absent, and is then not spoken of.
//
// It asks by the endpoint as it was written and as it was reached: who listens there knows it by another name than who dials.
func (r *remote) recall(cmd *cobra.Command, endpoints ...string) []string {
	var names []string
	for _, endpoint := range endpoints {
		if _, name, _ := strings.Cut(endpoint, "://"); name != "" {
			names = append(names, regexp.QuoteMeta(name))
		}
	}
	lines, err := r.eventsOf(cmd.Context(), "("+strings.Join(slices.Compact(names), "|")+`)\b`)
	if named := cmd.Flags().Changed("server") || os.Getenv("GLASS_SERVER") != ""; err != nil && named {
		return []string{err.Error()}
	}
	return lines
}

// eventsOf asks the agent for the newest warnings and errors whose line matches a regular expression.
func (r *remote) eventsOf(ctx context.Context, expression string) (lines []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, recallTime)
	defer cancel()
	c, err := r.client()
	if err != nil {
		return nil, err
	}
	defer c.Close()
	asked := client.Filter{Since: time.Now().Add(-time.Hour), Severity: "warn", Grep: expression, N: mostRecalled}
	for f, err := range c.Events(ctx, asked) {
		if err != nil {
			return lines, err
		}
		lines = append(lines, recalled(&f))
	}
	return lines, nil
}

// recalled is a fact as a line: when, whose, what, why. A process may call itself as it likes, but not write to a terminal.
func recalled(f *fact.Fact) string {
	name, why := f.Name, f.Why()
	if f.Condition != nil {
		name, why = f.Condition.Name+" "+f.Condition.State, f.Condition.Why
	}
	words := []string{f.Time.Local().Format("15:04:05"), f.App, f.SocketName, name, why}
	return table.Printable(strings.Join(slices.DeleteFunc(words, func(s string) bool { return s == "" }), " "))
}
