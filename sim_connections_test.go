package zmq_test

import (
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// The ends of a town's connections, and of its lives.

func (w *town) age() time.Duration { return time.Since(w.began) }

func isInproc(endpoint string) bool { return strings.HasPrefix(endpoint, "inproc:") }

// An end is one side of a connection over tcp, whose addresses tell which is the other.
type end struct {
	of      *life
	in, out uint64
	bytes   [2]uint64      // in and out
	event   *monitor.Event // the last, nil while it lives
}

// ends are the connections that were ready, by the two addresses: the dialler's first, the other's second.
func (w *town) ends() map[string]*[2]*end {
	all := map[string]*[2]*end{}
	add := func(side monitor.Side, local, remote string, e *end) {
		key, i := local+" to "+remote, 0
		if side == monitor.SideBind {
			key, i = remote+" to "+local, 1
		}
		if !strings.HasPrefix(local, "tcp:") || !strings.HasPrefix(remote, "tcp:") {
			return
		}
		if all[key] == nil {
			all[key] = &[2]*end{}
		}
		all[key][i] = e
	}
	for _, l := range w.lives {
		for _, e := range l.story.Events() {
			if e.Terminal() {
				add(e.Side, e.Local, e.Remote, &end{l, e.MessagesIn, e.MessagesOut, [2]uint64{e.BytesIn, e.BytesOut}, &e})
			}
		}
		if l.of.now() != l {
			continue
		}
		for _, p := range l.State().Peers {
			add(p.Side, p.Local, p.Remote, &end{l, p.MessagesIn, p.MessagesOut, [2]uint64{p.BytesIn, p.BytesOut}, nil})
		}
	}
	return all
}

// holdTogether: nobody has received over a connection what the other has not sent; while it lives, everything.
func (w *town) holdTogether(all map[string]*[2]*end) {
	for key, both := range all {
		for i := range both {
			from, to := both[i], both[1-i]
			if from == nil || to == nil { // a stranger's, or one that was not accepted
				continue
			}
			lost := int(from.out) - int(to.in)
			if w.trade.name == "streams" {
				lost = int(from.bytes[1]) - int(to.bytes[0])
			}
			if lost < 0 || lost > 0 && w.unbroken(from, to) {
				w.t.Errorf("+%v: %s: %v has sent %d messages, %v, and %v has received %d, %v", w.age(), key, from.of, from.out, from.event, to.of, to.in, to.event)
			}
		}
	}
}

// unbroken reports whether all must have arrived: both ends live, or the sender has hung up in peace, nothing has befallen the
// bytes, and the receiver has heard his end of file.
func (w *town) unbroken(from, to *end) bool {
	if from.event == nil || to.event == nil {
		return from.event == to.event
	}
	inPeace := from.event.Reason == monitor.ReasonDisconnect || from.event.Reason == monitor.ReasonUnbind || from.event.Reason == monitor.ReasonClose
	return inPeace && from.event.Kind == monitor.LocalClosed && from.event.Unsent == 0 &&
		to.event.Kind == monitor.Disconnected && to.event.Who == monitor.ByPeer && !w.wasDoomed(from.event)
}

// wasDoomed reports whether a connection lived, as far as its end tells, while those to its place were being corrupted: a frame
// that says it is longer than it is ends in an end of file, too.
func (w *town) wasDoomed(e *monitor.Event) bool {
	began := e.Time.Add(-e.Duration - 2*time.Second) // it was dialled a while before it was there
	return slices.ContainsFunc(w.doomed[e.Endpoint], func(d [2]time.Time) bool { return !d[0].After(e.Time) && !d[1].Before(began) })
}

// closed looks at a life that has ended: what it has not sent it has said.
func (l *life) closed(err error) {
	var dropped *zmq.DroppedError
	if err != nil && !errors.As(err, &dropped) {
		l.w.t.Errorf("%v: Close said %v", l, err)
	}
	l.balance(l.State())
}

// closeBooks counts what the hour was made of.
func (w *town) closeBooks() {
	w.holdTogether(w.ends())
	for _, l := range w.lives {
		events := l.story.Events()
		w.done.events += len(events)
		w.done.received += int(l.taken)
		for i := range l.letters {
			if !l.letters[i].refused {
				w.done.sent++
			}
		}
		for _, e := range events {
			if e.Terminal() {
				w.done.connections++
			}
		}
	}
}
