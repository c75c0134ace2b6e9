package observe

import (
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// However many peers a socket has, each line is one that an agent reads, and together they are the state.
func TestASocketWithManyPeersIsToldInSeveralLines(t *testing.T) {
	whole := fact.State{Instance: here, At: start, Sock: 1, Name: "feed", Type: "ROUTER", Full: true,
		Endpoints: []fact.Endpoint{{ID: 1, Side: monitor.SideBind, Endpoint: "tcp://*:1"}}}
	for conn := range monitor.ConnID(peersPerLine + 1) {
		p := peer(conn+1, 1<<60, 1<<60)
		p.ID, p.Local, p.User = "a routing id of some length", "tcp://[2001:db8:1234:5678:9abc:def0:1234:5678]:65535", "somebody"
		whole.Peers = append(whole.Peers, p)
	}
	parts := split(whole)
	if len(parts) != 2 {
		t.Fatalf("%d lines", len(parts))
	}
	var peers []fact.Peer
	for i, part := range parts {
		if part.Full != (i == 0) || part.More != (i < 1) || (len(part.Endpoints) > 0) != (i == 0) {
			t.Errorf("line %d: full %v, more %v, %d endpoints", i, part.Full, part.More, len(part.Endpoints))
		}
		line, err := part.Line()
		if err != nil {
			t.Fatal(err)
		}
		_, got, err := fact.Parse(line)
		if err != nil {
			t.Fatalf("line %d of %d bytes: %v", i, len(line), err)
		}
		peers = append(peers, got.Peers...)
	}
	if len(peers) != len(whole.Peers) || peers[0].Conn != 1 || peers[len(peers)-1].Conn != peersPerLine+1 {
		t.Errorf("%d peers came of %d", len(peers), len(whole.Peers))
	}
	if none := split(fact.State{Full: true}); len(none) != 1 || none[0].More {
		t.Errorf("a socket without peers is told as %+v", none)
	}
}

// What the subscription had lost already is not counted a second time when it cannot be told.
func TestALossThatCannotBeToldIsOneLoss(t *testing.T) {
	f, err := Forward(t.Context(), zmq.NewContext(zmq.ContextConfig{}), "tcp://127.0.0.1:1", ForwardOptions{Linger: time.Nanosecond})
	if err != nil {
		t.Fatal(err)
	}
	f.Close() // from here on there is no room, and no goroutine
	f.event(monitor.Event{Kind: monitor.Lost, Count: 5, SocketID: 1})
	f.event(monitor.Event{Kind: monitor.Listening, SocketID: 1})
	if f.Lost() != 6 || f.untold.count != 6 {
		t.Errorf("lost %d, to be told %d; want 6 each", f.Lost(), f.untold.count)
	}
}
