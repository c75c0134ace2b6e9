package client

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/glassmq/zmq/observe/fact"
)

// A Filter says which events are meant; the zero Filter means all.
type Filter struct {
	Since, Until time.Time
	Events       []string // names of kinds
	App          string
	Sock         string // a socket's name, or its key
	Peer         string // what a peer calls itself, or its address
	Severity     string // as bad as that, or worse
	Grep         string // a regular expression over the JSON line
	N            int    // the newest; 0: all
	Descending   bool   // the newest first: of Events
}

func (f Filter) query() url.Values {
	q := url.Values{}
	set := func(key, value string) {
		if value != "" {
			q.Set(key, value)
		}
	}
	set("since", stamp(f.Since))
	set("until", stamp(f.Until))
	set("event", strings.Join(f.Events, ","))
	set("app", f.App)
	set("sock", f.Sock)
	set("peer", f.Peer)
	set("sev", f.Severity)
	set("grep", f.Grep)
	if f.N > 0 {
		q.Set("n", strconv.Itoa(f.N))
	}
	if f.Descending {
		q.Set("order", "desc")
	}
	return q
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339Nano)
}

// Events yields what happened, the oldest first unless Descending. An error is the last thing that it yields.
func (c *Client) Events(ctx context.Context, f Filter) iter.Seq2[fact.Fact, error] {
	if f.N == 0 || f.Descending {
		return c.stored(ctx, f.query())
	}
	return func(yield func(fact.Fact, error) bool) { // the newest are asked for backwards, and turned round here
		query := f.query()
		query.Set("order", "desc")
		newest := make([]fact.Fact, 0, min(f.N, 1000))
		for fact, err := range c.stored(ctx, query) {
			if err != nil {
				yield(fact, err)
				return
			}
			newest = append(newest, fact)
		}
		for _, fact := range slices.Backward(newest) {
			if !yield(fact, nil) {
				return
			}
		}
	}
}

// stored yields the lines of one answer, as they come.
func (c *Client) stored(ctx context.Context, query url.Values) iter.Seq2[fact.Fact, error] {
	const path = "/api/v1/events"
	return func(yield func(fact.Fact, error) bool) {
		answer, err := c.get(ctx, path, query)
		if err != nil {
			yield(fact.Fact{}, err)
			return
		}
		defer answer.Body.Close()
		lines := bufio.NewScanner(answer.Body)
		lines.Buffer(nil, fact.MaxLine+1)
		lines.Split(splitLines) // of a line that is cut off, what is wrong is that it was
		for lines.Scan() {
			f, err := parse(lines.Bytes())
			if err != nil {
				yield(fact.Fact{}, c.broken(ctx, path, lines.Bytes(), err))
				return
			}
			if f != nil && !yield(*f, nil) {
				return
			}
		}
		if err := lines.Err(); err != nil {
			yield(fact.Fact{}, c.garbled(ctx, path, err))
		}
	}
}

// parse reads one line, which it does not keep. Nothing, and a state, is no fact.
func parse(line []byte) (*fact.Fact, error) {
	line = bytes.TrimSpace(line)
	if len(line) == 0 {
		return nil, nil
	}
	f, _, err := fact.Parse(bytes.Clone(line))
	if err != nil {
		return nil, fmt.Errorf("%w: %.60q", err, line)
	}
	return f, nil
}
