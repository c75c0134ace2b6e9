package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq/cmd/glass/internal/client"
	"github.com/glassmq/zmq/cmd/glass/internal/history"
	"github.com/glassmq/zmq/cmd/glass/internal/sheet"
	"github.com/glassmq/zmq/cmd/glass/internal/show"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
	"github.com/glassmq/zmq/observe/fact"
)

const historyText = `history prints what happened: events and conditions, as an agent (glass serve) keeps them, one a line and the newest last. Under a
failure stands why it happened, and what to change.

It asks the agent of --server, or reads a file of a history itself with --file: whether an agent is writing to it or not.

--sql asks the file in SQL. The tables are events, samples (the numbers of each socket, every ten seconds) and outbox; the view
readable has events with their times and words in columns. The sqlite3 shell reads the file as well.

A time is how long ago it was (10m, 2h, 3d), a time of day (14:03), or a date (2026-11-22, 2026-11-22T14:03:00Z).`

const historyExamples = `  glass history --since 10m --sev warn              what went wrong in the last ten minutes
  glass history -n 20 -f                            the last 20, and what comes
  glass history --peer risk-2 -r                    one peer, with the connections on which it was; the newest first
  glass history --event failures,condition --sock md-pub --since 14:00 --until 14:30
  glass history --file history.db --grep 10.0.0.7 -o jsonl | jq -r .why
  glass history --sql "SELECT reason, count(*) FROM events WHERE event = 'disconnected' GROUP BY 1"`

// A remembering is the command line of history.
type remembering struct {
	remote
	rowing
	filter                     history.Filter
	since, until, events, grep string
	file, sql                  string
	follow                     bool
	cmd                        *cobra.Command
}

func newHistory() *cobra.Command {
	var r remembering
	cmd := &cobra.Command{
		Use:     "history",
		Short:   "Print what happened",
		Long:    historyText,
		Example: historyExamples,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r.cmd = cmd
			if err := r.plan(time.Now()); err != nil {
				return err
			}
			return r.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVarP(&r.since, "since", "S", "", "only what happened at this `time` or after it")
	f.StringVarP(&r.until, "until", "U", "", "only what happened until this `time`")
	f.IntVarP(&r.filter.N, "lines", "n", 0, "only the newest `number`; 0: all")
	f.BoolVarP(&r.filter.Descending, "reverse", "r", false, "the newest first")
	f.BoolVarP(&r.follow, "follow", "f", false, "go on with what happens, until Ctrl-C; before it the last ten, or as many as -n says")
	f.StringVar(&r.events, "event", "all", "only these `kinds`: names of events, condition, or failures, lifecycle, classic, flow, subs; with commas between")
	f.StringVar(&r.filter.Severity, "sev", "", "only what is at least so bad: debug, info, warn or error")
	f.StringVar(&r.filter.App, "app", "", "only this `service`")
	f.StringVar(&r.filter.Sock, "sock", "", "only this `socket`: its name, its key \"inst/sock\", or the type of those without a name")
	f.StringVar(&r.filter.Peer, "peer", "", "only this `peer`: its routing id, its user, or its address with or without the port")
	f.StringVarP(&r.grep, "grep", "g", "", "only what this regular `expression` matches in, over the JSON that -o jsonl prints")
	r.rowing.flags(cmd, show.Text, table.Aligned, table.Wide, table.JSON, table.JSONL)
	f.StringVar(&r.file, "file", "", "read this `file`, and ask no agent")
	f.StringVar(&r.sql, "sql", "", "print the answer to this `SELECT`, of --file, or of the file that glass serve keeps if it is not told otherwise")
	r.remote.flags(cmd)
	complete(cmd, "event", append(kindNames(), "condition"))
	complete(cmd, "sev", []string{"debug", "info", "warn", "error"})
	return cmd
}

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usagef("%s takes flags only, not %q", cmd.Name(), args[0])
	}
	return nil
}

// plan reads what flags alone cannot.
func (r *remembering) plan(now time.Time) (err error) {
	if r.filter.Since, err = parseMoment(r.since, now); err != nil {
		return usagef("--since: %w", err)
	}
	if r.filter.Until, err = parseMoment(r.until, now); err != nil {
		return usagef("--until: %w", err)
	}
	if r.filter.Events, err = history.EventNames(r.events); err != nil {
		return usagef("--event: %w", err)
	}
	if r.grep != "" {
		if r.filter.Grep, err = regexp.Compile(r.grep); err != nil {
			return usagef("--grep %q: %w", r.grep, err)
		}
	}
	if err := r.filter.Check(); err != nil {
		return usage(err)
	}
	changed := r.cmd.Flags().Changed
	switch {
	case r.follow && (r.file != "" || r.sql != ""):
		return usagef("--follow needs the agent: it is told as things happen, and a file is not")
	case r.follow && (r.filter.Descending || r.until != ""):
		return usagef("--follow goes on without end: leave out --reverse and --until")
	case r.follow && (r.form.chosen == table.JSON || r.form.chosen == table.Aligned || r.form.chosen == table.Wide):
		return usagef("--follow prints line by line: -o text or -o jsonl")
	case r.sql != "" && (r.since+r.until+r.grep != "" || changed("event") || r.filter.N > 0 || r.filter.Descending ||
		r.filter.App+r.filter.Sock+r.filter.Peer+r.filter.Severity != ""):
		return usagef("--sql says all that is wanted: leave the other flags out, but for -o and --file")
	case r.file != "" && changed("server"):
		return usagef("--file or --server: the one is read, the other is asked")
	}
	return nil
}

func (r *remembering) run(ctx context.Context) error {
	if r.file == "" && r.sql == "" {
		c, err := r.client()
		if err != nil {
			return err
		}
		defer c.Close()
		if r.follow {
			return r.trail(ctx, c)
		}
		return r.print(c.Events(ctx, r.asAsked()), "the history of "+c.Server())
	}
	path := r.file
	if path == "" {
		var err error
		if path, err = usualStore(); err != nil {
			return &failure{code: exitFailure, err: err, hint: "name the file with --file"}
		}
	}
	h, err := history.Read(path)
	if err != nil {
		return agentFailure(err)
	}
	defer h.Close()
	if r.sql != "" {
		return r.answer(ctx, h)
	}
	return r.print(h.Events(ctx, r.filter), h.Path())
}

// asAsked is the filter in the form in which the agent takes it.
func (r *remembering) asAsked() client.Filter {
	f := r.filter
	return client.Filter{Since: f.Since, Until: f.Until, Events: f.Events, App: f.App, Sock: f.Sock, Peer: f.Peer, Severity: f.Severity,
		Grep: r.grep, N: f.N, Descending: f.Descending}
}

// print writes what comes, in the form that was asked for, and says so if nothing does.
func (r *remembering) print(facts iter.Seq2[fact.Fact, error], source string) (err error) {
	n := 0
	counted := func(yield func(fact.Fact, error) bool) {
		for f, err := range facts {
			if err == nil {
				n++
			}
			if !yield(f, err) {
				return
			}
		}
	}
	switch r.form.chosen {
	case table.Aligned, table.Wide, table.JSON:
		err = r.printRows(counted)
	default:
		err = r.printLines(counted)
	}
	if err == nil && n == 0 {
		fmt.Fprintln(r.cmd.ErrOrStderr(), r.nothing(source))
	}
	return err
}

// nothing says what was asked, where there is no answer.
func (r *remembering) nothing(source string) string {
	if r.filter.Check() == nil && r.filter.Events == nil && r.since+r.until+r.grep+r.filter.App+r.filter.Sock+r.filter.Peer+r.filter.Severity == "" {
		return "nothing is in " + source + ": no program has told of its sockets yet, or what was told was older, or more, than is kept (glass serve --retain)"
	}
	return "nothing in " + source + " is as asked for; leave flags out, one after the other, to see which is too narrow"
}

func (r *remembering) lines() *show.Stream {
	form := show.Text
	if r.form.chosen == table.JSONL {
		form = show.JSONL
	}
	return show.NewStream(r.cmd.OutOrStdout(), show.Options{Form: form, NoColour: r.noColour, Dates: true})
}

func (r *remembering) printLines(facts iter.Seq2[fact.Fact, error]) error {
	out := r.lines()
	for f, err := range facts {
		if err != nil {
			return remembered(err)
		}
		if err := out.Fact(f); err != nil {
			return unprinted(err)
		}
	}
	return nil
}

// mostRows are those of a table, whose columns are as wide as all of its rows make them.
const mostRows = 100_000

func (r *remembering) printRows(facts iter.Seq2[fact.Fact, error]) error {
	if r.form.chosen == table.JSON {
		return r.printArray(facts)
	}
	var all []fact.Fact
	for f, err := range facts {
		if err != nil {
			return remembered(err)
		}
		if all = append(all, f); len(all) > mostRows {
			return usagef("more than %d rows: ask for less, with -n or --since, or print lines, with -o text", mostRows)
		}
	}
	rows := sheet.Events(time.Now(), all)
	return r.rowing.print(r.cmd, &rows)
}

// printArray prints the lines as they come, with what makes them one array.
func (r *remembering) printArray(facts iter.Seq2[fact.Fact, error]) error {
	w, before := r.cmd.OutOrStdout(), "["
	for f, err := range facts {
		if err != nil {
			return remembered(err)
		}
		if _, err := fmt.Fprintf(w, "%s%s", before, f.Line); err != nil {
			return unprinted(err)
		}
		before = ",\n"
	}
	if before == "[" {
		before = "[]"
	} else {
		before = "]"
	}
	if _, err := io.WriteString(w, before+"\n"); err != nil {
		return unprinted(err)
	}
	return nil
}

// remembered is a failure for an error of the agent or of the file.
func remembered(err error) error {
	var f *history.Failure
	switch {
	case errors.Is(err, context.Canceled):
		return &failure{code: exitFailure, err: errors.New("interrupted")}
	case errors.As(err, &f):
		return agentFailure(err)
	}
	return unanswered(err)
}

func unprinted(err error) error {
	return &failure{code: exitFailure, err: fmt.Errorf("printing: %w", err)}
}
