package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/client"
	"github.com/glassmq/zmq/cmd/glass/internal/show"
	"github.com/glassmq/zmq/observe/fact"
)

// lastTen are those that --follow begins with, as journalctl's.
const lastTen = 10

// A follower prints what was, and goes on with what is:
//
//  1. the newest facts of the history;
//  2. each fact that the agent tells of as it happens;
//  3. and when the stream of those begins, or facts were missed, what the history has of the time between.
type follower struct {
	asked *remembering
	agent *client.Client
	out   *show.Stream
	last  fact.Fact // the newest that was printed; its Line is nil if none was
	seen  map[string]bool
	past  client.Filter // what was asked for first
	gap   bool          // something may have happened since last that was not printed
}

// trail follows the agent until ctx is done, which is how the user ends it.
func (r *remembering) trail(ctx context.Context, c *client.Client) error {
	f := &follower{asked: r, agent: c, out: r.lines(), seen: make(map[string]bool), gap: true}
	past := r.asAsked()
	if past.N == 0 && r.since == "" {
		past.N = lastTen
	}
	f.past = past
	if err := f.print(ctx, past); err != nil {
		return f.ended(ctx, err)
	}
	live := r.asAsked()
	live.N, live.Since = 0, time.Time{} // what comes is not of the past
	for one, err := range c.Follow(ctx, live) {
		if err := f.take(ctx, one, err); err != nil {
			return f.ended(ctx, err)
		}
	}
	return f.ended(ctx, nil)
}

// take prints one fact, or says what there is instead of one.
func (f *follower) take(ctx context.Context, one fact.Fact, err error) error {
	switch {
	case errors.Is(err, client.ErrThere):
		return f.between(ctx)
	case errors.Is(err, client.ErrAway):
		f.gap = true
		fmt.Fprintf(f.asked.cmd.ErrOrStderr(), "%v; waiting for it\n", err)
		return nil
	case errors.Is(err, client.ErrGap):
		f.gap = true
		return f.between(ctx)
	case err != nil:
		return err
	}
	return f.one(one)
}

// between prints what the history has since the last fact that was printed.
func (f *follower) between(ctx context.Context) error {
	if !f.gap {
		return nil
	}
	f.gap = false
	of := f.past
	if f.last.Line != nil {
		of = f.asked.asAsked()
		of.N, of.Since = 0, f.last.Time
	}
	return f.print(ctx, of)
}

// print prints what the history has.
func (f *follower) print(ctx context.Context, of client.Filter) error {
	for one, err := range f.agent.Events(ctx, of) {
		if err != nil {
			return err
		}
		if err := f.one(one); err != nil {
			return err
		}
	}
	return nil
}

// maxSeen are the lines that are remembered, so that none is printed twice: more than can be of one moment.
const maxSeen = 10_000

func (f *follower) one(one fact.Fact) error {
	key := string(one.Line)
	if f.seen[key] {
		return nil
	}
	if len(f.seen) >= maxSeen {
		clear(f.seen)
	}
	f.seen[key] = true
	if one.Time.After(f.last.Time) || f.last.Line == nil {
		f.last = one
	}
	if err := f.out.Fact(one); err != nil {
		return unprinted(err)
	}
	return nil
}

// ended is nil if the user ended it.
func (f *follower) ended(ctx context.Context, err error) error {
	var known *failure
	switch {
	case err == nil || ctx.Err() != nil:
		return nil
	case errors.As(err, &known):
		return err
	}
	return remembered(err)
}
