package main

import (
	"context"
	"encoding/json"
	"errors"
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

const describeText = `describe prints everything that an agent (glass serve) knows about one socket, connection or peer: its numbers, what is wrong
with it and what to do, who is connected to it, who was, and its last events.

A socket is called by its name, with its application if that is not enough: md-gw/md-pub. A connection is called by what stands
under CONN in glass ls conns, or by the peer's address. A peer is called by its routing id, its user, or its address.`

const describeExamples = `  glass describe socket md-gw/md-pub
  glass describe conn k7q2m4/9
  glass describe peer risk-2
  glass describe peer 10.0.0.7 --at 14:03 -o json | jq .conditions`

// A describing is the command line of describe.
type describing struct {
	remote
	rowing
	at   string
	most int
}

func newDescribe() *cobra.Command {
	var d describing
	kinds := []string{"socket", "conn", "peer"}
	cmd := &cobra.Command{
		Use:     "describe socket|conn|peer NAME",
		Short:   "Say everything about one socket, connection or peer, with what is wrong and its last events",
		Long:    describeText,
		Example: describeExamples,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 2 {
				return usagef("describe takes a kind, socket, conn or peer, and a name")
			}
			return oneOf("describe", kinds)(nil, args[:1])
		},
		ValidArgsFunction: d.complete,
		RunE:              func(cmd *cobra.Command, args []string) error { return d.run(cmd, args[0], args[1]) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	d.rowing.flags(cmd, show.Text, table.JSON)
	f.StringVar(&d.at, "at", "", "what was true at this `time`: 10m ago, 14:03, 2026-11-22T14:03:00Z")
	f.IntVarP(&d.most, "events", "n", 20, "the last so `many` events; 0: none")
	d.remote.flags(cmd)
	return cmd
}

// complete offers the kinds, and the names that the agent has, if one answers at once.
func (d *describing) complete(cmd *cobra.Command, args []string, _ string) (names []string, _ cobra.ShellCompDirective) {
	if len(args) == 0 {
		return []string{"socket", "conn", "peer"}, cobra.ShellCompDirectiveNoFileComp
	}
	if err := applySettings(cmd, ""); err != nil { // which a command that runs has done already
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	c, err := d.client()
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(cmd.Context(), time.Second) // the user waits at the prompt
	defer cancel()
	s, err := c.State(ctx)
	if err != nil || len(args) > 1 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return sheet.Names(s, args[0]), cobra.ShellCompDirectiveNoFileComp
}

func (d *describing) run(cmd *cobra.Command, kind, name string) error {
	at, err := parseMoment(d.at, time.Now())
	switch {
	case err != nil:
		return usagef("--at: %w", err)
	case d.most < 0:
		return usagef("-n %d: write a number of events, or 0 for none", d.most)
	}
	c, err := d.client()
	if err != nil {
		return err
	}
	defer c.Close()
	s, err := c.StateAt(cmd.Context(), at)
	if err != nil {
		return unanswered(err)
	}
	about, err := detailOf(s, kind, name)
	if err != nil {
		return unclear(err)
	}
	d.recall(cmd.Context(), c, &about, at)
	if about.Socket != nil {
		hour(cmd.Context(), c, &about, s.At)
	}
	return d.say(cmd, about)
}

func detailOf(s model.Snapshot, kind, name string) (sheet.Detail, error) {
	switch kind {
	case "socket":
		x, err := sheet.FindSocket(s, name)
		return sheet.OfSocket(s, x), err
	case "conn":
		c, err := sheet.FindConn(s, name)
		return sheet.OfConn(s, c), err
	}
	p, err := sheet.FindPeer(s, name)
	return sheet.OfPeer(s, p), err
}

// unclear is a failure for a name that means nothing, or several things.
func unclear(err error) error {
	f := &failure{code: exitFailure, err: err}
	if u := (*sheet.Unclear)(nil); errors.As(err, &u) {
		f.hint = u.Hint()
	}
	return f
}

// recall adds the last events. An agent that has none to give, because it keeps no history, has said all the rest.
func (d *describing) recall(ctx context.Context, c *client.Client, about *sheet.Detail, at time.Time) {
	if d.most == 0 {
		return
	}
	f := client.Filter{Until: at, N: d.most}
	f.Sock, f.Peer, f.Grep = about.Filter()
	for fact, err := range c.Events(ctx, f) {
		if err != nil {
			about.Gap = "no events: " + err.Error()
			return
		}
		about.Events = append(about.Events, fact)
	}
}

// hour adds what a socket did in the hour before. Not every agent has a history, and what it would say is no more than a line.
func hour(ctx context.Context, c *client.Client, about *sheet.Detail, at time.Time) {
	const step = 2 * time.Minute
	samples, err := c.Samples(ctx, about.Socket.Key, at.Add(-time.Hour), step)
	if err != nil {
		return
	}
	var rates []model.Point
	for _, s := range samples {
		rates = append(rates, model.Point{Time: s.At, Out: s.RateOut, In: s.RateIn})
	}
	about.Past("last hour", time.Hour, step, rates)
}

func (d *describing) say(cmd *cobra.Command, about sheet.Detail) error {
	var text string
	if d.form.chosen == table.JSON {
		line, err := json.Marshal(about)
		if err != nil {
			return &failure{code: exitFailure, err: err}
		}
		text = string(line) + "\n"
	} else {
		width, colour := show.Screen(cmd.OutOrStdout(), d.noColour)
		text = strings.Join(about.Lines(table.Look{Width: width, Colour: colour}), "\n") + "\n"
	}
	if _, err := fmt.Fprint(cmd.OutOrStdout(), text); err != nil {
		return &failure{code: exitFailure, err: fmt.Errorf("printing: %w", err)}
	}
	return nil
}
