package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/show"
	"github.com/glassmq/zmq/monitor"
)

// A watcher watches one socket:
//
//  1. Bind and Connect, a note of what is watched, and a warning if strangers can connect;
//  2. events, until the first of --until, -n, --for and Ctrl-C;
//  3. if time or Ctrl-C was the end, the socket closes and says how its connections end;
//  4. the counts, and the verdict.
type watcher struct {
	flags  *watching
	socket zmq.Socket
	sub    *monitor.Subscription // from before anything could happen
	mask   monitor.Mask          // what to print of it
	until  goal
	out    *show.Stream
	notes  io.Writer
}

func (w *watcher) run(ctx context.Context) error {
	began := time.Now()
	defer w.sub.Close()
	defer w.socket.Close() // what it had queued and dropped is in its events
	if err := w.flags.reach(w.socket); err != nil {
		return refused(err, w.sofar())
	}
	fmt.Fprintf(w.notes, "watching %v %s; %s\n", w.socket.Type(), w.flags.places(), w.ends())
	for _, line := range w.flags.exposures(w.socket) {
		fmt.Fprintln(w.notes, line)
	}
	end, err := w.follow(ctx)
	if err != nil {
		return &failure{code: exitFailure, err: err}
	}
	w.summary(time.Since(began))
	return w.verdict(end)
}

// sofar prints what has happened, and returns the hint of what failed in it.
func (w *watcher) sofar() (hint string) {
	for e, ok := w.sub.Poll(); ok; e, ok = w.sub.Poll() {
		if _, err := w.print(e); err != nil {
			return hint // the error of Bind is the one to report
		}
		if e.Kind&monitor.Failures != 0 {
			hint = e.Hint()
		}
	}
	return hint
}

func (w *watcher) ends() string {
	if w.flags.during > 0 {
		return fmt.Sprintf("ends after %v, or with Ctrl-C", w.flags.during)
	}
	return "Ctrl-C ends"
}

// follow prints events to the end, and returns what that was: errTimeUp, the end of ctx, or nil for --until and -n.
func (w *watcher) follow(ctx context.Context) (end, err error) {
	ctx, cancel := w.flags.bounded(ctx)
	defer cancel()
	var serving sync.WaitGroup
	var served error
	serving.Go(func() {
		if served = serve(w.socket); served != nil {
			cancel()
		}
	})
	over, err := w.read(ctx)
	if !over && err == nil {
		end, err = context.Cause(ctx), w.close()
	}
	w.socket.Close() // which ends serve
	serving.Wait()
	return end, errors.Join(err, served)
}

// read prints events until --until or -n says that they are over, or ctx is.
func (w *watcher) read(ctx context.Context) (over bool, err error) {
	for e := range w.sub.Events(ctx) {
		if over, err := w.see(e); over || err != nil {
			return over, err
		}
	}
	for e, ok := w.sub.Poll(); ok; e, ok = w.sub.Poll() { // what had happened by then, and was not read yet
		if over, err := w.see(e); over || err != nil {
			return over, err
		}
	}
	return false, nil
}

// see takes note of one event for --until, and prints it.
func (w *watcher) see(e monitor.Event) (over bool, err error) {
	now := w.until.count(e.Kind)
	enough, err := w.print(e)
	return now || enough, err
}

// print prints one event if it was asked for, and says whether it is the last one for -n. A loss is always told.
func (w *watcher) print(e monitor.Event) (enough bool, err error) {
	if e.Kind&(w.mask|monitor.Lost) == 0 {
		return false, nil
	}
	if _, err := w.out.Event(e); err != nil {
		return false, fmt.Errorf("printing events: %w", err)
	}
	return w.flags.most > 0 && w.out.Count() >= w.flags.most, nil
}

// close closes the socket and prints what comes of it.
func (w *watcher) close() error {
	w.socket.Close()
	for e := range w.sub.Events(context.Background()) { // to MonitorStopped, which is queued by now
		if enough, err := w.print(e); enough || err != nil {
			return err
		}
	}
	return nil
}

func (w *watcher) summary(took time.Duration) {
	n, took := w.out.Count(), took.Round(time.Millisecond)
	switch {
	case n > 0:
		fmt.Fprintf(w.notes, "in %v: %s\n", took, w.out.Summary())
	case w.flags.grep != "" || w.flags.events != "all":
		fmt.Fprintf(w.notes, "in %v: no event that --event and --grep let through\n", took)
	default:
		fmt.Fprintf(w.notes, "in %v: no event\n", took)
	}
}

// verdict is whether what was waited for came, by the end that follow returned.
func (w *watcher) verdict(end error) error {
	switch {
	case w.until.reached():
		return nil
	case end == nil:
		return &failure{code: exitFailure, err: fmt.Errorf("%v: -n %d events were printed first", w.until, w.flags.most)}
	case end == errTimeUp:
		return &failure{code: exitTimeout, err: fmt.Errorf("%v within %v", w.until, w.flags.during)}
	}
	return &failure{code: exitFailure, err: fmt.Errorf("%v: interrupted", w.until)}
}

// serve keeps the peers of s going until it is closed.
func serve(s zmq.Socket) (err error) {
	ctx := context.Background() // Close ends every call
	switch s := s.(type) {
	case *zmq.Req: // nothing comes to who asks nothing
	case *zmq.Rep:
		for err == nil {
			var request zmq.Message
			if request, err = s.Recv(ctx); err == nil {
				err = s.SendMessage(ctx, request)
			}
		}
	case zmq.Receiver:
		var b zmq.Buffer
		for err == nil {
			err = s.RecvInto(ctx, &b)
		}
	}
	if errors.Is(err, zmq.ErrClosed) {
		return nil
	}
	return err
}
