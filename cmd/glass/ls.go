package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq/cmd/glass/internal/client"
	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/sheet"
	"github.com/glassmq/zmq/cmd/glass/internal/show"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
)

const lsText = `ls prints what an agent (glass serve) knows now, a row each:

%s  %-12s who subscribes to what

--sort takes the name of any column, in any case; numbers come from the largest on, text from A. --filter takes words: the rows
have all of them, in any column, and none of those with ! before them. With --at it is what was true at that time.`

const lsExamples = `  glass ls sockets
  glass ls conns --sort queue --top 10        who is slow
  glass ls conns --filter 'md-gw !10.0.0.7'   connections of md-gw, but not with that peer
  glass ls peers --at 14:03                   who was there
  glass ls conditions -o jsonl | jq -r .hint
  glass ls sockets --watch`

// A listing is the command line of ls.
type listing struct {
	remote
	rowing
	sort, filter, app, at string
	reverse               bool
	top                   int
	watch                 time.Duration
}

func newLs() *cobra.Command {
	var l listing
	cmd := &cobra.Command{
		Use:       "ls sockets|conns|peers|subs|conditions|closed|instances",
		Short:     "List sockets, connections, peers, subscriptions, conditions, what ended, processes",
		Long:      fmt.Sprintf(lsText, kindsText(), "subs"),
		Example:   lsExamples,
		ValidArgs: lsKinds(),
		Args:      oneOf("ls", lsKinds()),
		RunE:      func(cmd *cobra.Command, args []string) error { return l.run(cmd, args[0]) },
	}
	f := cmd.Flags()
	f.SortFlags = false
	l.rowing.flags(cmd, table.Forms...)
	f.StringVar(&l.sort, "sort", "", "order rows by this `column`")
	f.BoolVarP(&l.reverse, "reverse", "r", false, "the other way round")
	f.IntVar(&l.top, "top", 0, "only so `many` rows; 0: all")
	f.StringVar(&l.filter, "filter", "", "only rows that have these `words`, and none of those with ! before them")
	f.StringVar(&l.app, "app", "", "only what belongs to this `application`")
	f.StringVar(&l.at, "at", "", "what was true at this `time`: 10m ago, 14:03, 2026-11-22T14:03:00Z")
	f.DurationVar(&l.watch, "watch", 0, "again and again, after this `time`; without one, every second")
	f.Lookup("watch").NoOptDefVal = "1s"
	l.remote.flags(cmd)
	return cmd
}

func lsKinds() (names []string) {
	for _, s := range sheet.Sheets {
		names = append(names, s.Name)
	}
	return slices.Insert(names, 3, "subs")
}

func kindsText() string {
	var b strings.Builder
	for _, s := range sheet.Sheets {
		fmt.Fprintf(&b, "  %-12s %s\n", s.Name, s.About)
	}
	return b.String()
}

// oneOf is the check for a command that takes one of a few words.
func oneOf(command string, words []string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) != 1 || !slices.Contains(words, args[0]) {
			return usagef("%s takes one of %s", command, strings.Join(words, ", "))
		}
		return nil
	}
}

// run is:
//
//  1. the command line, as far as it can be checked without asking;
//  2. a snapshot of the agent's, and a table of it;
//  3. order, filter, print; with --watch, again.
func (l *listing) run(cmd *cobra.Command, kind string) error {
	at, err := parseMoment(l.at, time.Now())
	switch {
	case err != nil:
		return usagef("--at: %w", err)
	case l.top < 0:
		return usagef("--top %d: write a number of rows, or 0 for all", l.top)
	case l.watch < 0 || l.watch > 0 && l.watch < 100*time.Millisecond:
		return usagef("--watch %v: write 100ms or more", l.watch)
	case l.watch > 0 && !at.IsZero():
		return usagef("--watch with --at: what was true then does not change")
	}
	c, err := l.client()
	if err != nil {
		return err
	}
	defer c.Close()
	for n := 0; ; n++ {
		if err := l.once(cmd, c, kind, at); err != nil {
			return err
		}
		if l.watch == 0 || !wait(cmd.Context(), l.watch) {
			return nil
		}
	}
}

// wait says whether a time passed before ctx ended.
func wait(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

func (l *listing) once(cmd *cobra.Command, c *client.Client, kind string, at time.Time) error {
	t, notes, err := l.table(cmd.Context(), c, kind, at)
	if err != nil {
		if l.watch > 0 && cmd.Context().Err() != nil {
			return nil // Ctrl-C is how --watch ends
		}
		return err
	}
	if l.watch > 0 {
		redraw(cmd.OutOrStdout(), l.form.chosen)
	}
	if err := l.print(cmd, &t); err != nil {
		return err
	}
	for _, note := range notes {
		fmt.Fprintln(cmd.ErrOrStderr(), note)
	}
	return nil
}

// redraw begins the next table of --watch: on a terminal where the last one was, elsewhere after an empty line.
func redraw(w io.Writer, form string) {
	if form == table.JSON || form == table.JSONL {
		return
	}
	if width, _ := show.Screen(w, false); width > 0 {
		io.WriteString(w, "\x1b[H\x1b[2J")
		return
	}
	io.WriteString(w, "\n")
}

// table is the rows, and notes about those that are not there.
func (l *listing) table(ctx context.Context, c *client.Client, kind string, at time.Time) (t table.Table, notes []string, err error) {
	snapshot, err := c.StateAt(ctx, at)
	if err != nil {
		return t, nil, unanswered(err)
	}
	kindOf, _ := sheet.Of(kind)
	if s := sheet.OfApp(snapshot, l.app); kind == "subs" {
		kindOf, t, notes, err = l.subs(ctx, c, s, at)
	} else {
		t = kindOf.Table(s)
	}
	if err != nil {
		return t, nil, err
	}
	all := len(t.Rows)
	if err := l.arrange(&t, kindOf.Sort); err != nil {
		return t, nil, err
	}
	if len(t.Rows) == 0 {
		notes = append(notes, l.nothing(kind, kindOf.Empty, all, c.Server()))
	}
	if snapshot.Truncated > 0 && kind == "conns" {
		notes = append(notes, fmt.Sprintf("%d more connections are up, which are too many for the agent to follow", snapshot.Truncated))
	}
	return t, notes, nil
}

func (l *listing) subs(ctx context.Context, c *client.Client, s model.Snapshot, at time.Time) (sheet.Sheet, table.Table, []string, error) {
	kind := sheet.Sheet{Name: "subs", Empty: "nobody who is connected subscribes to anything: subscriptions show at PUB and XPUB sockets"}
	told := c.Events(ctx, client.Filter{Events: []string{"subscribed", "unsubscribed"}, App: l.app, Until: at})
	t, unknown, err := sheet.Subs(s, told)
	if err != nil {
		return kind, t, nil, unanswered(err)
	}
	if unknown > 0 {
		return kind, t, []string{fmt.Sprintf("the topics of %d more subscriptions are not known: they are older than what the agent has heard, or their program does not tell of them (monitor.Subs in observe.ForwardOptions.Mask)", unknown)}, nil
	}
	return kind, t, nil, nil
}

// arrange puts the rows into the order that was asked for, and leaves out those that were not.
func (l *listing) arrange(t *table.Table, column string) error {
	t.Filter(l.filter)
	if l.sort != "" {
		column = l.sort
	}
	switch {
	case column != "":
		i, err := t.Column(column)
		if err != nil {
			return usagef("--sort: %w", err)
		}
		t.Sort(i, l.reverse)
	case l.reverse:
		slices.Reverse(t.Rows)
	}
	t.Top(l.top)
	return nil
}

// nothing is why there is no row.
func (l *listing) nothing(kind, why string, all int, server string) string {
	switch {
	case all > 0:
		return fmt.Sprintf("no %s: --filter %q lets none of %d through", kind, l.filter, all)
	case l.app != "":
		return fmt.Sprintf("no %s of the application %q at %s: glass ls instances has the names", kind, l.app, server)
	}
	return fmt.Sprintf("no %s at %s: %s", kind, server, why)
}
