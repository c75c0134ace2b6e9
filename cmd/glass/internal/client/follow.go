package client

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"time"

	"github.com/glassmq/zmq/observe/fact"
)

// ErrGap is what Follow yields where events were missed: they are not in the agent's memory any more. Events has them, if its
// history has.
var ErrGap = errors.New("events were missed: more happened than the agent keeps for those who were away")

// ErrThere is what Follow yields when it has begun, and when the agent is back: what happens from now on will come. What
// happened before is in Events.
var ErrThere = errors.New("the connection to the agent is there")

// ErrAway is what Follow yields when the agent has gone: it goes on asking.
var ErrAway = errors.New("the connection to the agent is lost")

// The wait between two attempts to come back: short, since an agent that restarts is there again within a second, and growing,
// since one that does not is not helped by being asked.
const (
	firstWait = 250 * time.Millisecond
	lastWait  = 5 * time.Second
)

// Follow yields ErrThere and what happens from then on, until ctx is done. If the agent goes it yields ErrAway, comes back by itself, and goes
// on behind the last event; where that cannot be done it yields ErrGap, and goes on too. Any other error is the last thing that
// it yields: the agent was not there to begin with, or refused.
func (c *Client) Follow(ctx context.Context, f Filter) iter.Seq2[fact.Fact, error] {
	return func(yield func(fact.Fact, error) bool) {
		last, wait, reached := "", firstWait, false
		for ctx.Err() == nil {
			done, heard, err := c.listen(ctx, f, &last, yield)
			reached = reached || heard
			switch e := (*Error)(nil); {
			case done || ctx.Err() != nil:
				return
			case !reached, errors.As(err, &e) && !e.passing():
				yield(fact.Fact{}, err)
				return
			case heard:
				wait = firstWait
				if !yield(fact.Fact{}, fmt.Errorf("%w: %s", ErrAway, c.Server())) {
					return
				}
			}
			if !pause(ctx, wait) {
				return
			}
			wait = min(2*wait, lastWait)
		}
	}
}

func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// listen is one connection: reached says whether there was one, done whether yield has had enough. Last is the id to go on
// behind.
func (c *Client) listen(ctx context.Context, f Filter, last *string, yield func(fact.Fact, error) bool) (done, reached bool, err error) {
	ctx, hangUp := context.WithCancel(ctx)
	defer hangUp()
	header := []string{"Accept", "text/event-stream"}
	if *last != "" {
		header = append(header, "Last-Event-ID", *last)
	}
	answer, err := c.get(ctx, "/events", f.query(), header...)
	if err != nil {
		return false, false, err
	}
	defer answer.Body.Close()
	if kind := answer.Header.Get("Content-Type"); !isEventStream(kind) {
		return false, false, &Error{Err: fmt.Errorf("what answers at %s/events is %q, and no stream of events", c.Server(), kind),
			Hint: "is that a glass agent? If not, name it with --server URL", Status: http.StatusOK}
	}
	quiet := time.AfterFunc(c.silence, hangUp)
	defer quiet.Stop()
	for e, err := range sentEvents(heard{answer.Body, quiet, c.silence}) {
		if err != nil {
			return false, true, err
		}
		if !c.pass(e, yield) {
			return true, true, nil
		}
		if e.id != "" { // a stream that goes on need not say at once where it is
			*last = e.id
		}
	}
	return false, true, nil
}

// A stream is heard when anything comes. An agent that has nothing to tell says where the stream is after 15 s, so three of them
// and no sign is one that is not there any more: its host has gone, or something on the way has forgotten the connection.
type heard struct {
	io.Reader
	quiet   *time.Timer
	silence time.Duration
}

func (h heard) Read(b []byte) (int, error) {
	n, err := h.Reader.Read(b)
	h.quiet.Reset(h.silence)
	return n, err
}

func isEventStream(kind string) bool {
	const want = "text/event-stream"
	return len(kind) >= len(want) && kind[:len(want)] == want
}

// pass hands one event on. What is no fact is left out: a later agent may send more than this glass knows.
func (c *Client) pass(e sent, yield func(fact.Fact, error) bool) (more bool) {
	if len(e.data) == 0 {
		return true // only its id counts
	}
	switch e.name {
	case "hello":
		return yield(fact.Fact{}, ErrThere)
	case "gap":
		return yield(fact.Fact{}, ErrGap)
	}
	f, err := parse(e.data)
	if err != nil || f == nil {
		return true
	}
	return yield(*f, nil)
}
