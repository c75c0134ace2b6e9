package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq/cmd/glass/internal/show"
	"github.com/glassmq/zmq/observe/fact"
)

// A streaming is what the commands have in common that print events as they happen.
type streaming struct {
	form     choice
	noColour bool
	grep     string
	during   time.Duration
}

// flags declares the flags that every such command has; during is the default of --for, 0 for no end.
func (s *streaming) flags(cmd *cobra.Command, during time.Duration) {
	s.form = choice{show.Text, []string{show.Text, show.JSONL}}
	f := cmd.Flags()
	f.VarP(&s.form, "output", "o", "`form` of the events: text or jsonl, one JSON object a line")
	f.BoolVar(&s.noColour, "no-color", false, "no colours on a terminal either (also: the environment variable NO_COLOR)")
	f.DurationVar(&s.during, "for", during, "end after this `time`, as in 10s or 2m; 0: only Ctrl-C ends")
	complete(cmd, "output", s.form.among)
}

// complete lets the shell complete a flag of cmd.
func complete(cmd *cobra.Command, flag string, words []string) {
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp)); err != nil {
		panic(err) // the flag was declared a line before
	}
}

// completeList lets the shell complete a flag that takes words with commas between: the one after the last comma.
func completeList(cmd *cobra.Command, flag string, words []string) {
	offer := func(_ *cobra.Command, _ []string, begun string) (offers []string, _ cobra.ShellCompDirective) {
		before := begun[:strings.LastIndexByte(begun, ',')+1]
		for _, word := range words {
			offers = append(offers, before+word)
		}
		return offers, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
	}
	if err := cmd.RegisterFlagCompletionFunc(flag, offer); err != nil {
		panic(err) // the flag was declared a line before
	}
}

// completeAssignment lets the shell complete the name in a flag that takes name=value.
func completeAssignment(cmd *cobra.Command, flag string, names []string) {
	var offers []string
	for _, name := range names {
		offers = append(offers, name+"=")
	}
	if err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(offers, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace)); err != nil {
		panic(err) // the flag was declared a line before
	}
}

// open checks what flags alone cannot, and makes the stream to cmd's standard output.
func (s *streaming) open(cmd *cobra.Command, o show.Options) (*show.Stream, error) {
	if s.during < 0 {
		return nil, usagef("--for %v: a time that is past; write 10s or 2m", s.during)
	}
	if s.grep != "" {
		re, err := regexp.Compile(s.grep)
		if err != nil {
			return nil, usagef("--grep %q: %w", s.grep, err)
		}
		o.Grep = re
	}
	o.Form, o.NoColour = s.form.chosen, s.noColour
	o.Instance = fact.Self("glass")
	return show.NewStream(cmd.OutOrStdout(), o), nil
}

// errTimeUp is the cause of a context's end that --for set.
var errTimeUp = errors.New("the time of --for is over")

// bounded is a context that ends after --for.
func (s *streaming) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if s.during == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, s.during, errTimeUp)
}

// A choice is a flag that is one of a few words.
type choice struct {
	chosen string
	among  []string
}

func (c *choice) String() string { return c.chosen }
func (c *choice) Type() string   { return strings.Join(c.among, "|") }
func (c *choice) Set(word string) error {
	if !slices.Contains(c.among, word) {
		return fmt.Errorf("one of %s", strings.Join(c.among, ", "))
	}
	c.chosen = word
	return nil
}
