package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/show"
	"github.com/glassmq/zmq/monitor"
)

// A watcher watches one socket:
//
//  1. Bind and Connect, and a note of what is watched;
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
	if err := w.reach(); err != nil {
		return err
	}
	fmt.Fprintf(w.notes, "watching %v %s; %s\n", w.socket.Type(), strings.Join(w.places(), ", "), w.ends())
	cause, err := w.follow(ctx)
	if err != nil {
		return &failure{code: exitFailure, err: fmt.Errorf("printing events: %w", err)}
	}
	w.summary(time.Since(began))
	return w.verdict(cause)
}

// reach binds, then connects, in the order of the command line.
func (w *watcher) reach() error {
	for i, endpoint := range w.flags.binds {
		bound, err := w.socket.Bind(endpoint)
		if err != nil {
			return refused(err, w.sofar())
		}
		w.flags.binds[i] = bound
	}
	for _, endpoint := range w.flags.connects {
		if err := w.socket.Connect(endpoint); err != nil {
			return refused(err, w.sofar())
		}
	}
	return nil
}

// sofar prints what has happened, and returns the hint of what failed in it.
func (w *watcher) sofar() (hint string) {
	for e, ok := w.sub.Poll(); ok; e, ok = w.sub.Poll() {
		if _, err := w.see(e); err != nil {
			return hint // the error of Bind is the one to report
		}
		if e.Kind&monitor.Failures != 0 {
			hint = e.Hint()
		}
	}
	return hint
}

// places says what is watched, with the ports that the system chose.
func (w *watcher) places() (places []string) {
	for _, bound := range w.flags.binds {
		places = append(places, "bound to "+bound)
	}
	for _, endpoint := range w.flags.connects {
		places = append(places, "connecting to "+endpoint)
	}
	return places
}

func (w *watcher) ends() string {
	if w.flags.during > 0 {
		return fmt.Sprintf("ends after %v, or with Ctrl-C", w.flags.during)
	}
	return "Ctrl-C ends"
}

// follow prints events to the end, and returns its cause, nil if it is --until or -n.
func (w *watcher) follow(ctx context.Context) (cause, err error) {
	ctx, cancel := w.flags.bounded(ctx)
	defer cancel()
	ctx, fail := context.WithCancelCause(ctx)
	var serving sync.WaitGroup
	defer serving.Wait()
	defer w.socket.Close() // which ends serve
	serving.Go(func() {
		if err := serve(w.socket); err != nil {
			fail(err)
		}
	})
	for e := range w.sub.Events(ctx) {
		if over, err := w.see(e); over || err != nil {
			return nil, err
		}
	}
	for e, ok := w.sub.Poll(); ok; e, ok = w.sub.Poll() { // what had happened by then, and was not printed yet
		if over, err := w.see(e); over || err != nil {
			return nil, err
		}
	}
	return context.Cause(ctx), w.close()
}

// see prints one event, unless it is only there for --until, and says whether it is the last one.
func (w *watcher) see(e monitor.Event) (over bool, err error) {
	over = w.until.count(e.Kind)
	if e.Kind&(w.mask|monitor.Lost) != 0 {
		if _, err = w.out.Event(e); err != nil {
			return true, err
		}
	}
	return over || w.flags.most > 0 && w.out.Count() >= w.flags.most, nil
}

// close closes the socket and prints what comes of it.
func (w *watcher) close() error {
	w.socket.Close()
	for e := range w.sub.Events(context.Background()) { // to MonitorStopped, which is queued by now
		if e.Kind&(w.mask|monitor.Lost) == 0 {
			continue
		}
		if _, err := w.out.Event(e); err != nil {
			return err
		}
		if w.flags.most > 0 && w.out.Count() >= w.flags.most {
			return nil
		}
	}
	return nil
}

func (w *watcher) summary(took time.Duration) {
	n, took := w.out.Count(), took.Round(10*time.Millisecond)
	switch {
	case n > 0:
		fmt.Fprintf(w.notes, "%d events in %v: %s\n", n, took, w.out.Summary())
	case w.flags.grep != "" || w.flags.events != "all":
		fmt.Fprintf(w.notes, "no events in %v that --event and --grep let through\n", took)
	default:
		fmt.Fprintf(w.notes, "no events in %v\n", took)
	}
}

// verdict is whether what was waited for came, where cause ended the events.
func (w *watcher) verdict(cause error) error {
	ended := cause == nil || cause == errTimeUp || errors.Is(cause, context.Canceled)
	switch {
	case !ended: // serve could not go on
		return &failure{code: exitFailure, err: cause}
	case w.until.reached():
		return nil
	case cause == nil:
		cause = fmt.Errorf("-n %d events were printed first", w.flags.most)
	case cause == errTimeUp:
		return &failure{code: exitTimeout, err: fmt.Errorf("%v: %w", w.until, cause)}
	}
	return &failure{code: exitFailure, err: fmt.Errorf("%v: %w", w.until, cause)}
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
