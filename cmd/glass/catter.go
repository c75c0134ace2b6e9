package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/lines"
	"github.com/glassmq/zmq/cmd/glass/internal/show"
	"github.com/glassmq/zmq/monitor"
)

// A catter is one cat:
//
//  1. Subscribe, Bind and Connect, and a note of where (reach);
//  2. a goroutine tells of connections (tell), one or two send and receive (work; traffic.go), until one of the ends: that
//     of the input, --count, --for, Ctrl-C, an error;
//  3. the socket closes, with time for what is queued (close);
//  4. the verdict: what was lost, and whether what was waited for came.
type catter struct {
	flags  *catting
	socket zmq.Socket
	sub    *monitor.Subscription
	end    byte // of a line
	in     *lines.Reader
	out    io.Writer
	notes  io.Writer
	told   *show.Stream // nil: quiet

	// Of the goroutine that receives, or if none does, of the one that sends; and of the one that sends, or asks:
	count int    // messages towards --count
	stuck string // what is waited for and has not come; "": nothing
}

// What ends a cat, as the cause of its context. All others are errors.
var (
	errEnough   = errors.New("--count is reached")
	errInputEnd = errors.New("the input has ended")

	errInterrupted = errors.New("interrupted")
)

func (k *catter) run(ctx context.Context) error {
	defer k.sub.Close()
	defer k.socket.Close()
	if err := k.reach(); err != nil {
		return err
	}
	var telling sync.WaitGroup
	telling.Go(k.tell)
	bounded, cancel := k.bounded(ctx)
	defer cancel()
	working, stop := context.WithCancelCause(bounded)
	k.work(working, stop)
	end := context.Cause(working)
	if end == context.Cause(ctx) {
		end = errInterrupted // and not the name of a signal
	}
	lost := k.close(ctx)
	telling.Wait() // to the last event, which is there when the socket is closed
	return k.verdict(end, lost)
}

// bounded is a context that ends after --for.
func (k *catter) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if k.flags.during == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, k.flags.during, errTimeUp)
}

// reach subscribes, binds and connects. Subscriptions come first: a publisher hears of all of them at once.
func (k *catter) reach() error {
	prefixes := k.flags.prefixes
	if k.socket.Type() == zmq.SUB && len(prefixes) == 0 {
		prefixes = []string{""}
	}
	if s, ok := k.socket.(subscriber); ok && len(prefixes) > 0 {
		if err := s.Subscribe(prefixes...); err != nil {
			return &failure{code: exitFailure, err: err}
		}
	}
	if err := k.flags.reach(k.socket); err != nil {
		hint := ""
		for e, ok := k.sub.Poll(); ok; e, ok = k.sub.Poll() {
			if e.Kind&monitor.Failures != 0 {
				hint = e.Hint()
			}
		}
		return refused(err, hint)
	}
	if len(k.flags.binds) > 0 {
		k.note("%v %s", k.socket.Type(), k.flags.places())
	}
	for _, line := range k.flags.exposures(k.socket) {
		k.note("%s", line)
	}
	return nil
}

// note is a line for people who want to hear of connections.
func (k *catter) note(format string, args ...any) {
	if !k.flags.quiet {
		fmt.Fprintf(k.notes, format+"\n", args...)
	}
}

// tell tells of connections until the socket is closed: what goes wrong with an endpoint, once until it is something else,
// and when an endpoint that we dial is ready again.
func (k *catter) tell() {
	if k.told == nil {
		return
	}
	troubles := make(map[uint64]monitor.Reason)
	for e := range k.sub.Events(context.Background()) {
		before, troubled := troubles[e.EndpointID]
		switch {
		case e.Kind&catTroubles != 0 && e.Level() >= slog.LevelWarn && (!troubled || e.Reason != before):
			troubles[e.EndpointID] = e.Reason
		case e.Kind == monitor.HandshakeSucceeded && troubled && e.Side == monitor.SideConnect:
			delete(troubles, e.EndpointID)
		default:
			continue
		}
		if _, err := k.told.Event(e); err != nil {
			return // nobody hears us
		}
	}
}

// afterInterrupt is how long what is queued may take to go after Ctrl-C: enough for a peer that is there, and too short to
// be annoyed by one that is not.
const afterInterrupt = 500 * time.Millisecond

// close closes the socket, and returns what was lost. interrupt is done after Ctrl-C, which may come in the middle of it.
func (k *catter) close(interrupt context.Context) error {
	if interrupt.Err() != nil {
		short, cancel := context.WithTimeout(context.Background(), afterInterrupt)
		defer cancel()
		return k.socket.Shutdown(short)
	}
	cut := context.AfterFunc(interrupt, func() { k.socket.Shutdown(zmq.NoWait) })
	defer cut()
	const long = 300 * time.Millisecond // a person wonders
	patience := time.AfterFunc(long, func() {
		k.note("waiting for what is queued to be taken, as long as the option linger says; Ctrl-C ends")
	})
	defer patience.Stop()
	return k.socket.Close()
}

// verdict is how the command ends: end is why work was over, lost what Close said.
func (k *catter) verdict(end, lost error) error {
	code, within := exitFailure, ""
	switch end {
	case errTimeUp:
		code, within = exitTimeout, fmt.Sprintf(" within %v", k.flags.during)
	case errInterrupted, errInputEnd:
		within = ": " + end.Error()
	case errEnough:
	default:
		return &failure{code: exitFailure, err: end}
	}
	switch {
	case lost != nil:
		return &failure{code: exitFailure, err: lost, hint: "nobody took them in time; -O linger=TIME gives more"}
	case k.stuck != "":
		return &failure{code: code, err: errors.New(k.stuck + within)}
	case k.count < k.flags.most:
		return &failure{code: code, err: fmt.Errorf("%d of %d messages%s", k.count, k.flags.most, within)}
	}
	return nil
}
