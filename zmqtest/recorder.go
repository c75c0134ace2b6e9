package zmqtest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// A Recorder keeps a socket's story. Its methods may be called from any goroutine, but those that can end the test
// (WaitFor) from the test's own only. What they return is exact: an event that was emitted before the call is in it.
type Recorder struct {
	tb      testing.TB
	name    string // whose story it is
	mask    zmq.Mask
	sub     *monitor.Subscription
	reading sync.WaitGroup

	mu sync.Mutex
	// mu guards who reads the subscription, and:
	events  []zmq.Event
	lines   teller
	story   []string      // a line for each event
	wanted  int           // lines that Want has seen
	changed chan struct{} // closed, and renewed, when there is more
}

// Record keeps the events of s in m from now on; a goroutine reads along, and should a storm be faster all the same,
// the story says what was lost. When tb ends, by tb.Cleanup, the Recorder stops, and monitor.CheckMask reads the story:
// a sequence of events that cannot be fails tb.
func Record(tb testing.TB, s zmq.Socket, m zmq.Mask) *Recorder {
	name := s.Name()
	if name == "" {
		name = fmt.Sprintf("%v %d", s.Type(), s.ID())
	}
	return record(tb, name, time.Now(), s.Watch(m), m)
}

func record(tb testing.TB, name string, began time.Time, sub *monitor.Subscription, m zmq.Mask) *Recorder {
	r := &Recorder{tb: tb, name: name, mask: m, sub: sub, lines: newTeller(began), changed: make(chan struct{})}
	r.reading.Go(r.read)
	tb.Cleanup(r.end)
	return r
}

// read keeps the subscription from falling behind while nobody asks.
func (r *Recorder) read() {
	for over := false; !over; {
		<-r.sub.Ready()
		r.mu.Lock()
		over = r.take()
		r.mu.Unlock()
	}
}

// take adds what has happened to the story, and reports whether that is all there will be. mu is held, so nobody else
// reads: a subscription that is ready and has no event is at its end.
func (r *Recorder) take() (over bool) {
	before := len(r.events)
	for !over {
		select {
		case <-r.sub.Ready():
		default:
			r.tell(before)
			return false
		}
		e, ok := r.sub.Poll()
		if over = !ok; ok {
			r.events = append(r.events, e)
		}
	}
	r.tell(before)
	return true
}

// tell writes the lines of what is new, and wakes who waits for it. mu is held.
func (r *Recorder) tell(from int) {
	if from == len(r.events) {
		return
	}
	for i := from; i < len(r.events); i++ {
		r.story = append(r.story, r.lines.line(&r.events[i]))
	}
	close(r.changed)
	r.changed = make(chan struct{})
}

func (r *Recorder) end() {
	r.mu.Lock()
	r.take()
	r.mu.Unlock()
	r.sub.Close()
	r.reading.Wait()
	if err := monitor.CheckMask(r.mask, slices.Values(r.events)); err != nil {
		r.tb.Errorf("zmqtest: the story of %s cannot be: %v\n%s", r.name, err, r.Story())
	}
}

// Events is the whole story so far. The slice is the caller's.
func (r *Recorder) Events() []zmq.Event {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.take()
	return slices.Clone(r.events)
}

// Story is the whole story so far, a line for each event: when it happened, counted from the Record call, its kind, the
// endpoint as the user wrote it, and what of the rest is the same in every run. Connections that came up are numbered
// #1, #2 and so on.
func (r *Recorder) Story() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.take()
	return text(r.story)
}

// Want fails tb unless these lines are, word for word, the story since the last Want. In a bubble call synctest.Wait
// before.
func (r *Recorder) Want(lines ...string) {
	r.tb.Helper()
	r.mu.Lock()
	r.take()
	got := slices.Clone(r.story[r.wanted:])
	r.wanted = len(r.story)
	r.mu.Unlock()
	if !slices.Equal(got, lines) {
		r.tb.Errorf("the story of %s was\n%swant\n%s", r.name, text(got), text(lines))
	}
}

// patience is what WaitFor waits: in a bubble more than any of a socket's own limits, else what nobody wants to wait.
const patience = time.Minute

// WaitFor waits until n events of the kinds in m are in the story, counted from its beginning, and returns the nth. If
// the socket ends before, or a minute passes, it ends the test.
func (r *Recorder) WaitFor(m zmq.Mask, n int) zmq.Event {
	r.tb.Helper()
	limit := time.NewTimer(patience)
	defer limit.Stop()
	for {
		r.mu.Lock()
		over := r.take()
		e, ok := r.nth(m, n)
		changed := r.changed
		r.mu.Unlock()
		switch {
		case ok:
			return e
		case over:
			r.tb.Fatalf("the story of %s is at its end without %d × %v:\n%s", r.name, n, m, r.Story())
		}
		select {
		case <-changed:
		case <-limit.C:
			r.tb.Fatalf("%v without %d × %v; the story of %s:\n%s", patience, n, m, r.name, r.Story())
		}
	}
}

// nth is the nth event of the kinds in m. mu is held.
func (r *Recorder) nth(m zmq.Mask, n int) (e zmq.Event, ok bool) {
	for _, e := range r.events {
		if e.Kind&m != 0 {
			n--
		}
		if e.Kind&m != 0 && n == 0 {
			return e, true
		}
	}
	return e, false
}

// text is lines as a story is printed.
func text(lines []string) string {
	if len(lines) == 0 {
		return ""
	}
	return strings.Join(lines, "\n") + "\n"
}
