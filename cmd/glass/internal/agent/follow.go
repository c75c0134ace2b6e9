package agent

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/history"
	"github.com/glassmq/zmq/observe/fact"
)

const (
	followers = 128                   // streams at a time
	spread    = 40 * time.Millisecond // between two writes to one follower: many facts go in one write
	alive     = 15 * time.Second      // of silence, and the follower hears where it is, so that nothing on the way takes the stream for dead
	patience  = 15 * time.Second      // for a follower that does not read
	together  = 512                   // facts that are written at once
	catchUp   = 200_000               // facts that are sent from the history to one that comes back; beyond, it is told of a gap
)

// A pace is how long a stream waits: alive and patience, but for tests.
type pace struct{ alive, patience time.Duration }

// A follower is one stream of server-sent events:
//
//  1. facts from the history, if it comes back from so long ago;
//  2. facts from the ring, as they come;
//  3. with ?changes=1, once a second what has changed.
//
// An event's id is "<number>-<kept>": the running number of this run, and the number of the last fact that the history had, which
// is good for the next run. After a restart, a few facts may be told twice, and none is left out.
type follower struct {
	a      *Agent
	filter *history.Filter // nil: all
	w      http.ResponseWriter
	flush  *http.ResponseController
	number uint64
	kept   int64 // in the history, and not behind number
	wrote  bool  // since the last flush
	seen   *frame
	facts  []told
}

func (a *Agent) follow(w http.ResponseWriter, r *http.Request) {
	filter, err := followed(r.URL.Query())
	if err != nil {
		refuse(w, http.StatusBadRequest, err.Error(), "")
		return
	}
	select {
	case a.seats <- struct{}{}:
		defer func() { <-a.seats }()
	default:
		refuse(w, http.StatusServiceUnavailable, fmt.Sprintf("%d streams are open already", followers), "close a page or a command that follows")
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Accel-Buffering", "no") // what nginx needs to hear
	f := &follower{a: a, filter: filter, w: w, flush: http.NewResponseController(w), number: a.ring.end()}
	last := r.Header.Get("Last-Event-ID")
	if last == "" {
		last = r.URL.Query().Get("last_event_id") // a page that opens its stream anew cannot set a header
	}
	f.run(r.Context(), last, r.URL.Query().Get("changes") == "1")
}

// run writes until the follower has gone; its error has nobody to be told to.
func (f *follower) run(ctx context.Context, last string, changes bool) {
	if f.hello(last) != nil || last != "" && f.resume(ctx, last) != nil {
		return
	}
	var beats <-chan struct{}
	if changes {
		defer f.a.beats.watch()()
		f.a.beats.set(f.a.frame()) // nobody should wait a second for the first
	}
	idle := time.NewTimer(f.a.pace.alive)
	defer idle.Stop()
	for {
		more, err := f.news()
		if err == nil && changes {
			beats, err = f.changes()
		}
		wrote := f.wrote
		if err == nil {
			err = f.send()
		}
		if err != nil || !pause(ctx, spread) {
			return
		}
		if wrote { // what a filter leaves out is silence, too
			idle.Reset(f.a.pace.alive)
		}
		select {
		case <-ctx.Done():
			return
		case <-more:
		case <-beats:
		case <-idle.C:
			// An event without data is none to who hears it, but its id counts: who is told little comes back to where this is.
			if f.write("id: %s\n\n", f.id()) != nil {
				return
			}
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

// write is bounded in time: who does not read loses the stream, and resumes.
func (f *follower) write(format string, args ...any) error {
	if err := f.flush.SetWriteDeadline(time.Now().Add(f.a.pace.patience)); err != nil {
		return err
	}
	f.wrote = true
	_, err := fmt.Fprintf(f.w, format, args...)
	return err
}

// send sends what has been written, and takes the deadline away: over HTTP/2 it is a timer, which ends the stream whether or not
// anything is being written.
func (f *follower) send() error {
	if !f.wrote {
		return nil
	}
	f.wrote = false
	if err := f.flush.Flush(); err != nil {
		return err
	}
	return f.flush.SetWriteDeadline(time.Time{})
}

// id is of an event at number. A follower may be behind what the history has: then it keeps the last mark that was not ahead of
// it, for behind that one nothing is left out.
func (f *follower) id() string {
	if _, stored, kept := f.a.ring.marks(); stored <= f.number {
		f.kept = kept
	}
	return fmt.Sprintf("%d-%d", f.number, f.kept)
}

// hello says who is there, and to a newcomer where in the stream he is: he may be gone before the next fact. Who comes back has
// the id of where he was.
func (f *follower) hello(last string) error {
	id := ""
	if last == "" {
		id = "id: " + f.id() + "\n"
	}
	err := f.write("retry: 1000\n%sevent: hello\ndata: %s\n\n", id, row(f.a.about()))
	if err != nil {
		return err
	}
	return f.send()
}

// news writes the facts that are new; more is closed when there are others.
func (f *follower) news() (more <-chan struct{}, err error) {
	for {
		var gone uint64
		f.facts, gone, more = f.a.ring.after(f.number, f.facts[:0], together)
		if gone > 0 {
			f.number += gone
			if err := f.gap(gone); err != nil {
				return nil, err
			}
		}
		if len(f.facts) == 0 {
			return more, nil
		}
		for _, t := range f.facts {
			f.number = t.number
			if f.wants(t.line) {
				if err := f.fact(f.id(), t.line); err != nil {
					return nil, err
				}
			}
		}
	}
}

// wants reads the line again if there is a filter: those who have one are few, and facts that are kept as lines are small.
func (f *follower) wants(line []byte) bool {
	if f.filter == nil {
		return true
	}
	parsed, _, err := fact.Parse(line)
	return err == nil && parsed != nil && f.filter.Match(parsed)
}

func (f *follower) fact(id string, line []byte) error {
	return f.write("id: %s\ndata: %s\n\n", id, line)
}

// gap says that facts are left out; missed is how many, 0 if nobody knows.
func (f *follower) gap(missed uint64) error {
	return f.write("id: %s\nevent: gap\ndata: {\"missed\":%d}\n\n", f.id(), missed)
}

// changes writes what has changed since the frame before; beats is closed with the next.
func (f *follower) changes() (beats <-chan struct{}, err error) {
	now, beats := f.a.beats.now()
	if now == nil || now == f.seen {
		return beats, nil
	}
	for _, piece := range now.since(f.seen) {
		b, err := json.Marshal(piece)
		if err != nil {
			return nil, err
		}
		if err := f.write("event: changes\ndata: %s\n\n", b); err != nil {
			return nil, err
		}
	}
	f.seen = now
	return beats, nil
}

// resume goes on behind the id of the last event that the follower had: from the ring if it is there, else from the history, and
// if it cannot it says so.
func (f *follower) resume(ctx context.Context, last string) error {
	number, kept, ok := parseID(last)
	start, stored, end := f.a.ring.marks()
	ours := ok && number >= start-1 && number <= f.number // one that is still to come is of nobody's
	switch {
	case ours && f.a.ring.has(number):
		f.number, f.kept = number, min(kept, end)
		return nil
	case ok && kept > 0 && kept <= end && end-kept <= catchUp:
		f.number, f.kept = stored, end
		if f.replay(ctx, kept, end) == nil {
			return f.send()
		}
	}
	if ours {
		f.number, f.kept = number, min(kept, end)
		return nil // news says how many are missed
	}
	f.number, f.kept = start-1, 0
	return f.gap(0)
}

// replay writes facts that the history has behind one number, up to another. Their ids have no running number: who stops in the
// middle goes on there.
func (f *follower) replay(ctx context.Context, kept, end int64) error {
	if f.a.o.History == nil {
		return errNoHistory
	}
	past := history.Filter{}
	if f.filter != nil {
		past = *f.filter
	}
	past.After = kept
	for r, err := range f.a.o.History.Rows(ctx, past) {
		if err != nil {
			return err
		}
		if r.ID > end {
			return nil // it is in the ring as well, behind stored
		}
		if err := f.fact(fmt.Sprintf("0-%d", r.ID), r.Line); err != nil {
			return err
		}
	}
	return nil
}

func parseID(id string) (number uint64, kept int64, ok bool) {
	n, k, _ := strings.Cut(id, "-")
	number, err := strconv.ParseUint(n, 10, 64)
	if err != nil {
		return 0, 0, false
	}
	if k != "" {
		kept, err = strconv.ParseInt(k, 10, 64)
	}
	return number, kept, err == nil && kept >= 0
}
