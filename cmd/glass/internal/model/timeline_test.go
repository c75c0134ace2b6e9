package model

import (
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// A reel is a history: facts of one process.
type reel struct {
	facts []fact.Fact
	now   time.Time
}

func (r *reel) event(k monitor.Kind, c monitor.ConnID, more func(*monitor.Event)) {
	e := accepted(c)
	r.now = r.now.Add(time.Second)
	e.Kind, e.Time, e.SocketID, e.SocketType, e.Seq = k, r.now, 1, "ROUTER", uint64(len(r.facts)+1)
	if more != nil {
		more(&e)
	}
	r.facts = append(r.facts, fact.Fact{Instance: fact.Instance{ID: "i", App: "app"}, Event: e, Name: k.String()})
}

// live is one connection of the peer id, from beginning to end.
func (r *reel) live(c monitor.ConnID, id string) {
	r.event(monitor.Accepted, c, nil)
	r.event(monitor.HandshakeSucceeded, c, func(e *monitor.Event) { e.PeerID, e.UserID = id, "user-"+id })
	r.event(monitor.Dropped, c, func(e *monitor.Event) { e.PeerID, e.Count = id, 4 })
	r.event(monitor.Disconnected, c, func(e *monitor.Event) {
		e.PeerID, e.Reason, e.Duration, e.MessagesIn, e.Unsent = id, monitor.ReasonReset, 3*time.Second, 9, 2
	})
}

func (r *reel) all() iter.Seq2[fact.Fact, error] {
	return func(yield func(fact.Fact, error) bool) {
		for _, f := range r.facts {
			if !yield(f, nil) {
				return
			}
		}
	}
}

func TestAPeerIsFollowedOverItsLives(t *testing.T) {
	r := &reel{now: start}
	r.event(monitor.HandshakeSucceeded, 90, func(e *monitor.Event) { e.PeerID, e.Duration = "risk", 5*time.Second }) // it began before the history
	r.event(monitor.Disconnected, 90, func(e *monitor.Event) { e.PeerID, e.Duration = "risk", time.Minute })
	r.live(1, "risk")
	r.live(2, "other")
	r.live(3, "risk")
	r.event(monitor.Accepted, 4, nil)
	r.event(monitor.HandshakeSucceeded, 4, func(e *monitor.Event) { e.PeerID = "risk" })
	for peer, conns := range map[string]string{
		"risk": "[i/90 i/1 i/3 i/4]", "user-other": "[i/2]", "10.0.0.2": "[i/90 i/1 i/2 i/3 i/4]", "tcp://10.0.0.2:3": "[i/3]", "10.0.0.2:3": "[i/3]",
		"nobody": "[]", "": "[]", "10.0.0.": "[]",
	} {
		line, err := TimelineOf(peer, r.all())
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, l := range line.Lives {
			got = append(got, l.Key)
		}
		if fmt.Sprint(got) != conns {
			t.Errorf("%q: lives %v, want %s", peer, got, conns)
		}
	}
	line, _ := TimelineOf("risk", r.all())
	first, whole, last := line.Lives[0], line.Lives[1], line.Lives[3]
	if first.To.Sub(first.From) != time.Minute {
		t.Errorf("a life that began before the history lasted %v", first.To.Sub(first.From))
	}
	if whole.Reason != monitor.ReasonReset || whole.Why == "" || whole.Duration != 3000 || whole.MessagesIn != 9 || whole.Dropped != 6 || !whole.Ready || whole.App != "app" {
		t.Errorf("a whole life is %+v", whole)
	}
	if !last.To.IsZero() || !last.Ready || last.Duration != 0 {
		t.Errorf("a life that lasts is %+v", last)
	}
}

func TestAHistoryThatCannotBeReadIsAnError(t *testing.T) {
	broken := errors.New("disk")
	facts := func(yield func(fact.Fact, error) bool) { yield(fact.Fact{}, broken) }
	if _, err := TimelineOf("risk", facts); err != broken {
		t.Errorf("timeline: %v", err)
	}
	if _, err := Rebuild(start, facts); err != broken {
		t.Errorf("rebuild: %v", err)
	}
}

// The past is what the model would have been then.
func TestAPastMomentIsRebuilt(t *testing.T) {
	r := &reel{now: start}
	r.live(1, "a")
	r.event(monitor.Accepted, 2, nil)
	r.event(monitor.HandshakeSucceeded, 2, func(e *monitor.Event) { e.PeerID = "b" })
	for after, want := range map[time.Duration]string{
		0: "[] 0", time.Second: "[i/1] 0", 3 * time.Second: "[i/1] 0", 4 * time.Second: "[] 1", 5 * time.Second: "[i/2] 1", time.Hour: "[i/2] 1",
	} {
		m, err := Rebuild(start.Add(after), r.all())
		if err != nil {
			t.Fatal(err)
		}
		s := m.Snapshot()
		if got := fmt.Sprint(keys(s), " ", len(s.Closed)); got != want || !s.At.Equal(start.Add(after)) {
			t.Errorf("after %v: %s at %v, want %s", after, got, s.At, want)
		}
	}
}

// A process that was killed says nothing of its end: what the model finds out live stands in the history, and so in the past that
// is made of it.
func TestAKilledProcessIsGoneInThePastToo(t *testing.T) {
	live := newTape(New(), "i").state(fact.State{Full: true}).event(accepted(1))
	history := []fact.Fact{}
	e := accepted(1)
	e.Seq, e.Time, e.SocketID, e.SocketType = 1, start, 1, "ROUTER"
	history = append(history, fact.Fact{Instance: live.Instance, Event: e, Name: "accepted"})
	for live.now.Before(start.Add(3 * time.Minute)) {
		live.now = live.now.Add(time.Second)
		history = append(history, live.Tick(live.now)...)
	}
	if len(history) != 2 || history[1].Kind != monitor.MonitorStopped || history[1].Seq != 0 || history[1].SocketID != 1 {
		t.Fatalf("the history is %+v", history)
	}
	for after, conns := range map[time.Duration]int{90 * time.Second: 1, 100 * time.Second: 0} {
		m, err := Rebuild(start.Add(after), (&reel{facts: history}).all())
		if err != nil {
			t.Fatal(err)
		}
		if s := m.Snapshot(); len(s.Connections) != conns || s.Instances[0].Gone != (conns == 0) {
			t.Errorf("after %v: %d connections, gone: %v", after, len(s.Connections), s.Instances[0].Gone)
		}
	}
}
