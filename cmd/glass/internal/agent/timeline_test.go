package agent

import (
	"encoding/json"
	"path/filepath"
	"testing"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// A peer's lives at two sockets: one of a program that was killed, whose last word names no peer, and one of libzmq's, whose events
// have no ids.
func TestATimelineHasTheWholeStoryOfItsSockets(t *testing.T) {
	h := openHistory(t, filepath.Join(t.TempDir(), "h.db"))
	now := time.Now().Add(-time.Hour)
	var facts []fact.Fact
	tell := func(who fact.Instance, e monitor.Event) {
		t.Helper()
		now = now.Add(time.Second)
		e.Seq, e.Time = uint64(len(facts)+1), now
		f, err := fact.Of(who, e)
		if err != nil {
			t.Fatal(err)
		}
		facts = append(facts, f)
	}
	ours := monitor.Event{Kind: monitor.Accepted, SocketID: 1, SocketType: "PUB", Conn: 4, EndpointID: 1, Side: monitor.SideBind, Endpoint: "tcp://*:1", Remote: "tcp://10.0.0.7:40000", FD: -1}
	tell(here, ours)
	ours.Kind, ours.PeerID = monitor.HandshakeSucceeded, "risk"
	tell(here, ours)
	tell(here, monitor.Event{Kind: monitor.MonitorStopped, SocketID: 1, SocketType: "PUB", FD: -1, Who: monitor.ByTimer})
	theirs := monitor.Event{Kind: monitor.Connected, SocketID: 2, SocketType: "SUB", Side: monitor.SideConnect, Remote: "tcp://10.0.0.7:5", FD: 8}
	tell(fact.Instance{ID: "bridge"}, theirs)
	theirs = monitor.Event{Kind: monitor.HandshakeSucceeded, SocketID: 2, SocketType: "SUB", Endpoint: "tcp://10.0.0.7:5", FD: -1}
	tell(fact.Instance{ID: "bridge"}, theirs)
	theirs.Kind, theirs.FD = monitor.Disconnected, 8
	tell(fact.Instance{ID: "bridge"}, theirs)
	if err := h.Append(facts); err != nil {
		t.Fatal(err)
	}
	a, _ := start(t, Options{History: h})
	for peer, want := range map[string]int{"risk": 1, "10.0.0.7": 2, "tcp://10.0.0.7:5": 1} {
		var line model.Timeline
		if err := json.Unmarshal([]byte(text(t, get(t, a, "/api/v1/timeline?peer="+peer))), &line); err != nil {
			t.Fatal(err)
		}
		if len(line.Lives) != want {
			t.Fatalf("%s has %d lives, want %d: %+v", peer, len(line.Lives), want, line.Lives)
		}
		for _, l := range line.Lives {
			if l.To.IsZero() || !l.Ready || l.Why == "" {
				t.Errorf("%s: a life is %+v", peer, l)
			}
		}
	}
}
