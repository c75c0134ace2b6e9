package interop

import (
	"fmt"
	"slices"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// Who connects may be there first: what is sent meanwhile waits and arrives, in order.
func TestConnectBeforeBind(t *testing.T) {
	p := startPeer(t)
	t.Run("we connect", func(t *testing.T) {
		there := freeEndpoint(t)
		o := open(t, zmq.PUSH, zmq.Config{})
		o.connect(t, there)
		for i := range 100 {
			o.send(t, message("early", i, []int{10, 300}))
		}
		o.await(t, monitor.ConnectRetried)
		s := p.open(t, "PULL", nil)
		s.bind(t, there)
		same(t, "what they received", s.recv(t, 100).done(t).Messages, expected(100, "early", 10, 300))
	})
	t.Run("they connect", func(t *testing.T) {
		there := freeEndpoint(t)
		s := p.open(t, "PUSH", nil)
		s.connect(t, there)
		s.send(t, 100, "early", 10, 300)
		s.await(t, monitor.ConnectRetried)
		o := open(t, zmq.PULL, zmq.Config{})
		o.bind(t, there)
		same(t, "what we received", o.take(t, 100), expected(100, "early", 10, 300))
	})
}

// Our PUSH deals its messages out, one to each PULL in turn (RFC 30).
func TestRoundRobinFromUs(t *testing.T) {
	p := startPeer(t)
	bothWays(t, func(t *testing.T, weBind bool) {
		o := open(t, zmq.PUSH, zmq.Config{})
		var pulls []*socket
		for range 3 {
			s := p.open(t, "PULL", nil)
			join(t, o, s, weBind)
			pulls = append(pulls, s)
		}
		o.ready(t, 3)
		var got []*call
		for _, s := range pulls {
			got = append(got, s.recv(t, 100))
		}
		for i := range 300 {
			o.send(t, message("dealt", i, []int{12}))
		}
		var hands [][]string
		for _, g := range got {
			hands = append(hands, g.done(t).Messages)
		}
		dealt(t, hands)
	})
}

// Their PUSH deals to three PULLs of ours.
func TestRoundRobinToUs(t *testing.T) {
	p := startPeer(t)
	bothWays(t, func(t *testing.T, weBind bool) {
		s := p.open(t, "PUSH", nil)
		var pulls []*ours
		for range 3 {
			o := open(t, zmq.PULL, zmq.Config{})
			join(t, o, s, weBind)
			pulls = append(pulls, o)
		}
		sent := s.send(t, 300, "dealt", 12)
		var hands [][]string
		for _, o := range pulls {
			hands = append(hands, o.take(t, 100))
		}
		sent.done(t)
		dealt(t, hands)
	})
}

// dealt fails the test unless the hands were dealt card by card from 300, in whatever order the players sat.
func dealt(t *testing.T, hands [][]string) {
	t.Helper()
	deck := expected(300, "dealt", 12)
	var seats []int
	for player, hand := range hands {
		seat := slices.Index(deck, hand[0])
		seats = append(seats, seat)
		for i, card := range hand {
			if at := slices.Index(deck, card); at != seat+3*i {
				t.Fatalf("PULL %d: message %d is number %d of those sent, not %d", player, i, at, seat+3*i)
			}
		}
	}
	if slices.Sort(seats); !slices.Equal(seats, []int{0, 1, 2}) {
		t.Errorf("the first messages are numbers %v", seats)
	}
}

// Three PUSHes have filled our queues: PULL takes a message of each in turn.
func TestFairQueueing(t *testing.T) {
	p := startPeer(t)
	bothWays(t, func(t *testing.T, weBind bool) {
		o := open(t, zmq.PULL, zmq.Config{})
		const each = 500 // below the mark: all of them can be here
		var senders [3]*socket
		for who := range senders { // all are there before one leaves: who comes to where another left is taken for its second coming
			senders[who] = p.open(t, "PUSH", nil)
			join(t, o, senders[who], weBind)
		}
		for who, s := range senders {
			s.send(t, each, fmt.Sprint("sender ", who), 12).done(t)
			s.tell(t, "close", args{"linger": -1}).done(t)
		}
		for range 3 { // each has sent everything, and left: that is when a libzmq that lingers lets go
			if e := o.await(t, monitor.Disconnected); e.Reason != monitor.ReasonPeerClosed || e.MessagesIn != each {
				t.Errorf("a sender left with %d messages received, because %s: %v", e.MessagesIn, e.Reason, e)
			}
		}
		seen := map[string]int{}
		for i := range 3 * each {
			m := printed(o.recv(t).AppendFrames(nil))
			seen[m] = i
		}
		for who := range 3 {
			for i, m := range expected(each, fmt.Sprint("sender ", who), 12) {
				if at, ok := seen[m]; !ok || at/3 != i {
					t.Fatalf("message %d of sender %d came in round %d (%v), not in round %d", i, who, at/3, ok, i)
				}
			}
		}
	})
}

// A PUSH that never pauses does not keep two others from being heard: as soon as what they sent is here, every third
// message is theirs.
func TestNobodyStarves(t *testing.T) {
	p := startPeer(t)
	o := open(t, zmq.PULL, zmq.Config{})
	there := o.bind(t, loopback)
	flood := startPeer(t).open(t, "PUSH", nil)
	flood.connect(t, there)
	o.await(t, monitor.HandshakeSucceeded)
	flood.stream(t, "loud", 10)
	const quiet = 100
	var senders [2]*socket
	for who := range senders { // both are there before one leaves: who comes after that waits for what was left
		senders[who] = p.open(t, "PUSH", nil)
		senders[who].connect(t, there)
		o.await(t, monitor.HandshakeSucceeded)
	}
	for who, s := range senders {
		s.send(t, quiet, fmt.Sprint("quiet ", who), 12).done(t)
		s.tell(t, "close", args{"linger": -1}).done(t)
		o.await(t, monitor.Disconnected)
	}
	heard := 0
	for range 3*quiet + 3 {
		if m := o.recv(t); m.Len() == 1 {
			heard++
		}
	}
	if heard != 2*quiet {
		t.Errorf("of the first %d messages %d are of the quiet senders, who had sent %d", 3*quiet+3, heard, 2*quiet)
	}
	flood.stop(t)
}
