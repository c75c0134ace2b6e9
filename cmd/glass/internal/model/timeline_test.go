package model

import (
	"errors"
	"fmt"
	"iter"
	"strings"
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

// A process that was killed has one word in the history for each of its sockets, and none for its connections.
func TestTheLivesAtAProcessThatWasKilledEnd(t *testing.T) {
	r := &reel{now: start}
	r.live(1, "risk")
	r.event(monitor.Accepted, 2, nil)
	r.event(monitor.HandshakeSucceeded, 2, func(e *monitor.Event) { e.PeerID = "risk" })
	r.event(monitor.MonitorStopped, 0, func(e *monitor.Event) {
		*e = monitor.Event{Kind: e.Kind, Time: e.Time, SocketID: 1, Who: monitor.ByTimer}
	})
	line, err := TimelineOf("risk", r.all())
	if err != nil || len(line.Lives) != 2 {
		t.Fatalf("got %+v, %v", line, err)
	}
	if l := line.Lives[1]; !l.To.Equal(r.now) || l.Duration != 2000 || !l.Ready || !strings.Contains(l.Why, "has not been heard of") {
		t.Errorf("its last life is %+v", l)
	}
}

// Sockets are read one after the other: when one's story ends has nothing to do with the others'.
func TestATimelineOfSeveralSockets(t *testing.T) {
	var stories []iter.Seq2[fact.Fact, error]
	for sock := range uint64(3) {
		r := &reel{now: start.Add(-time.Duration(sock) * time.Hour)}
		of := func(e *monitor.Event) { e.SocketID, e.Conn, e.EndpointID, e.Seq = sock+1, 0, 0, 0 }
		r.event(monitor.Accepted, 7, of)
		r.event(monitor.MonitorStopped, 0, of)
		stories = append(stories, r.all())
	}
	line, err := TimelineOf("10.0.0.2", stories...)
	if err != nil || len(line.Lives) != 3 {
		t.Fatalf("got %+v, %v", line, err)
	}
	known := map[string]bool{}
	for i, l := range line.Lives {
		if known[l.Key] = true; l.Sock != uint64(3-i) || l.Duration != 1000 {
			t.Errorf("life %d is %+v", i, l)
		}
	}
	if len(known) != 3 {
		t.Errorf("they are called %v", known)
	}
}

// The events of libzmq have no ids: what joins them is the descriptor.
func TestAPeerOfLibzmqsIsFollowed(t *testing.T) {
	r := &reel{now: start}
	bare := func(k monitor.Kind, fd int) {
		r.event(k, 0, func(e *monitor.Event) {
			*e = monitor.Event{Kind: k, Time: e.Time, Seq: e.Seq, SocketID: 1, SocketType: "SUB", FD: fd, Endpoint: "tcp://10.0.0.5:1"}
			if k == monitor.Connected {
				e.Side, e.Endpoint, e.Remote = monitor.SideConnect, "", "tcp://10.0.0.5:1"
			}
		})
	}
	bare(monitor.Connected, 9)
	bare(monitor.HandshakeSucceeded, -1)
	bare(monitor.Disconnected, 9)
	bare(monitor.Connected, 9)
	bare(monitor.Connected, 9) // the end between was lost
	line, err := TimelineOf("10.0.0.5:1", r.all())
	if err != nil || len(line.Lives) != 3 {
		t.Fatalf("got %+v, %v", line, err)
	}
	if a, b, c := line.Lives[0], line.Lives[1], line.Lives[2]; !a.Ready || a.Duration != 2000 || b.Ready || b.Duration != 1000 || !c.To.IsZero() {
		t.Errorf("its lives are %+v", line.Lives)
	}
}

// Who asks for a user that was turned away sees that.
func TestALifeThatWasDeniedIsTheUsers(t *testing.T) {
	r := &reel{now: start}
	r.event(monitor.Accepted, 1, nil)
	r.event(monitor.HandshakeFailedAuth, 1, func(e *monitor.Event) { e.UserID, e.Reason = "bob", monitor.ReasonAuthDenied })
	r.event(monitor.Disconnected, 1, func(e *monitor.Event) { e.Reason = monitor.ReasonAuthDenied })
	if line, err := TimelineOf("bob", r.all()); err != nil || len(line.Lives) != 1 || line.Lives[0].Reason != monitor.ReasonAuthDenied || line.Lives[0].Ready {
		t.Errorf("got %+v, %v", line, err)
	}
}
