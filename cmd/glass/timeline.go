package main

import (
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/sheet"
	"github.com/glassmq/zmq/cmd/glass/internal/show"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
)

const timelineText = `timeline prints the life of one peer across all its connections, as the history of an agent (glass serve) has it: when it came,
when it went, why, and what it carried meanwhile.

A peer is called by its routing id, its user, or its address, with or without the port. At sockets of libzmq, whose events have no
names, only its address finds it, where they have one.`

const timelineExamples = `  glass timeline risk-2
  glass timeline 10.0.0.7 --since 2h
  glass timeline risk-2 -o jsonl | jq -r .reason | sort | uniq -c`

// A recalling is the command line of timeline.
type recalling struct {
	remote
	rowing
	since, until string
}

func newTimeline() *cobra.Command {
	var r recalling
	cmd := &cobra.Command{
		Use:     "timeline PEER",
		Short:   "Show one peer's life: when it came and went, and why",
		Long:    timelineText,
		Example: timelineExamples,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return usagef("timeline takes one peer: its routing id, its user or its address")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return r.run(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	r.rowing.flags(cmd, table.Forms...)
	f.StringVar(&r.since, "since", "", "only lives that lasted at this `time` or began after it: 2h ago, 14:03, 2026-11-22T14:03:00Z")
	f.StringVar(&r.until, "until", "", "only lives that began before this `time`")
	r.remote.flags(cmd)
	return cmd
}

func (r *recalling) run(cmd *cobra.Command, peer string) error {
	now := time.Now()
	since, err := parseMoment(r.since, now)
	if err != nil {
		return usagef("--since: %w", err)
	}
	until, err := parseMoment(r.until, now)
	if err != nil {
		return usagef("--until: %w", err)
	}
	c, err := r.client()
	if err != nil {
		return err
	}
	defer c.Close()
	t, err := c.Timeline(cmd.Context(), peer)
	if err != nil {
		return unanswered(err)
	}
	all := len(t.Lives)
	t.Lives = slices.DeleteFunc(t.Lives, func(l model.Life) bool {
		return !l.To.IsZero() && l.To.Before(since) || !until.IsZero() && l.From.After(until)
	})
	if len(t.Lives) == 0 {
		fmt.Fprintln(cmd.ErrOrStderr(), nobody(peer, all, c.Server()))
	}
	if r.form.chosen == table.Aligned || r.form.chosen == table.Wide {
		r.line(cmd, t, since, now)
	}
	rows := sheet.Lives(t, now)
	return r.print(cmd, &rows)
}

// nobody is why there is no life.
func nobody(peer string, all int, server string) string {
	if all > 0 {
		return fmt.Sprintf("%s has %s, none of them between --since and --until", peer, sheet.Plural(all, "life", "lives"))
	}
	return fmt.Sprintf("no connection of a peer called %q in the history of %s: glass ls peers and glass ls closed have names", peer, server)
}

// line draws the lives before they are listed.
func (r *recalling) line(cmd *cobra.Command, t model.Timeline, since, now time.Time) {
	w := cmd.OutOrStdout()
	width, colour := show.Screen(w, r.noColour)
	drawn := sheet.Lifeline(t, since, now, table.Look{Width: width, Colour: colour})
	if len(drawn) == 0 {
		return
	}
	for _, line := range drawn {
		fmt.Fprintln(w, line)
	}
	fmt.Fprintf(w, "%s\n\n", sheet.LifelineLegend)
	fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s\n", t.Peer, sheet.Availability(t, since, now))
}
