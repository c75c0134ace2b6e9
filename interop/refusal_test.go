package interop

import (
	"fmt"
	"strings"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// Two types that cannot talk: our event says so and names both, where libzmq says only that the connection has ended.
// And the next peer, at the same endpoint, is served.
func TestWrongTypes(t *testing.T) {
	p := startPeer(t)
	for _, pair := range []struct {
		ours          zmq.Type
		theirs, right string
		talk          func(*testing.T, *ours, *socket)
	}{
		{zmq.PULL, "PULL", "PUSH", theyTell},
		{zmq.PUSH, "PUB", "PULL", weTell},
		{zmq.PAIR, "DEALER", "PAIR", weTell},
		{zmq.REQ, "REQ", "REP", weAsk},
		{zmq.REP, "SUB", "REQ", theyAsk},
		{zmq.ROUTER, "REP", "DEALER", weRouteBack},
		{zmq.DEALER, "REQ", "ROUTER", weAskAtOnce},
		{zmq.PUB, "PULL", "SUB", wePublish},
		{zmq.SUB, "XSUB", "PUB", theyPublish},
	} {
		t.Run(fmt.Sprint(pair.ours, " and their ", pair.theirs), func(t *testing.T) {
			bothWays(t, func(t *testing.T, weBind bool) {
				there := freeEndpoint(t)
				o, wrong := open(t, pair.ours, generous(pair.ours)), p.open(t, pair.theirs, nil)
				if weBind {
					o.bind(t, there)
					wrong.connect(t, there)
				} else {
					wrong.bind(t, there)
					o.connect(t, there)
				}
				failed := o.await(t, monitor.HandshakeFailedProtocol)
				if failed.Reason != monitor.ReasonIncompatibleSocketType || failed.SocketType != pair.ours.String() || failed.PeerType != pair.theirs {
					t.Errorf("we say of it: %v", failed)
				}
				if why := failed.Why(); !strings.Contains(why, pair.theirs) || !strings.Contains(why, "a "+pair.ours.String()) {
					t.Errorf("and in words: %s", why)
				}
				if ended := o.await(t, monitor.Disconnected); ended.Conn != failed.Conn || ended.Reason != failed.Reason {
					t.Errorf("and of its end: %v", ended)
				}
				wrong.await(t, monitor.Disconnected)
				wrong.close(t)

				good := p.open(t, pair.right, theirGenerous)
				if weBind {
					good.connect(t, there)
				} else {
					good.bind(t, there)
				}
				met(t, o, good)
				pair.talk(t, o, good)
			})
		})
	}
}

// Every two types that cannot talk: both are named, on both sides of the connection.
func TestEveryWrongPair(t *testing.T) {
	p := startPeer(t)
	for ours := zmq.PAIR; ours <= zmq.XSUB; ours++ {
		o := open(t, ours, zmq.Config{ReconnectMin: zmq.Off})
		there := o.bind(t, loopback)
		refused := func(theirs string, weDial bool) {
			t.Helper()
			failed := o.await(t, monitor.HandshakeFailedProtocol)
			if failed.Reason != monitor.ReasonIncompatibleSocketType || failed.PeerType != theirs || failed.Value != 0x10000018 || (failed.Side == monitor.SideConnect) != weDial {
				t.Errorf("our %v says of their %s: %v", ours, theirs, failed)
			}
			if ended := o.await(t, monitor.Disconnected); ended.Conn != failed.Conn || ended.Reason != failed.Reason {
				t.Errorf("and of its end: %v", ended)
			}
		}
		for theirs := zmq.PAIR; theirs <= zmq.XSUB; theirs++ {
			if zmtp.Compatible(ours.String(), theirs.String()) {
				continue
			}
			s := p.open(t, theirs.String(), nil)
			s.connect(t, there)
			refused(theirs.String(), false)
			s.await(t, monitor.Disconnected)
			if ours != zmq.PAIR { // which may not have two endpoints
				o.connect(t, s.bind(t, loopback))
				refused(theirs.String(), true)
			}
			s.close(t)
		}
	}
}

// A message above the limit ends the connection that it would come over, before it has come. libzmq dials again and is
// served, and another peer, which talks all the while, notices nothing.
func TestOversizeFromThem(t *testing.T) {
	p := startPeer(t)
	for _, tooLarge := range [][]int{{1001}, {600, 0, 401}, {1 << 20}} {
		t.Run(fmt.Sprint(tooLarge), func(t *testing.T) {
			o := open(t, zmq.PULL, zmq.Config{MaxMessageSize: 1000})
			there := o.bind(t, loopback)
			other := startPeer(t).open(t, "PUSH", nil)
			other.connect(t, there)
			other.stream(t, "other", 500)
			arrived := o.drain(t)
			awaitMany(t, arrived, enough, "a message of the other peer")

			s := p.open(t, "PUSH", options{"RECONNECT_IVL": 20})
			s.connect(t, there)
			s.send(t, 1, "at the limit", 999, 1)
			s.send(t, 1, "above it", tooLarge...)
			ended := o.await(t, monitor.Disconnected)
			if ended.Reason != monitor.ReasonOversizeMessage || ended.Who != monitor.ByPeer || ended.MessagesIn != 1 {
				t.Errorf("we say of it: %v", ended)
			}
			s.await(t, monitor.Disconnected)
			s.await(t, monitor.HandshakeSucceeded)
			s.send(t, 1, "again", 1000)
			arrived.await(t, "their next message", func(a arrival) bool {
				return a.Torn == printed(message("again", 0, []int{1000}))
			})
			awaitMany(t, arrived, enough, "a message of the other peer")
			other.stop(t)
			var conns []monitor.ConnID
			for _, a := range arrived.events() {
				if a.Tag == "other" && (len(conns) == 0 || conns[len(conns)-1] != a.conn) {
					conns = append(conns, a.conn)
				}
			}
			if len(conns) != 1 {
				t.Fatalf("the other peer's messages came over connections %v", conns)
			}
			run(t, "other", over(arrived, conns[0]))
		})
	}
}

// Their limit is theirs to enforce: they hang up, and we dial again and go on with the next message. (A libzmq that had
// dialled never dials again after that: it must be told to.)
func TestOversizeFromUs(t *testing.T) {
	p := startPeer(t)
	bothWays(t, func(t *testing.T, weBind bool) {
		o, s := open(t, zmq.PUSH, zmq.Config{}), p.open(t, "PULL", options{"MAXMSGSIZE": 1000})
		join(t, o, s, weBind)
		o.send(t, message("at the limit", 0, []int{1000}))
		same(t, "what they received", s.recv(t, 1).done(t).Messages, expected(1, "at the limit", 1000))
		o.send(t, message("above it", 0, []int{1001}))
		ended := o.await(t, monitor.Disconnected)
		if ended.Who == monitor.ByLocal || ended.MessagesOut != 2 {
			t.Errorf("we say of it: %v", ended)
		}
		s.await(t, monitor.Disconnected)
		if weBind {
			s.connect(t, o.State().Endpoints[0].Bound)
		}
		o.ready(t, 1)
		s.ready(t, 1)
		o.send(t, message("again", 0, []int{1000}))
		same(t, "what they received", s.recv(t, 1).done(t).Messages, expected(1, "again", 1000))
	})
}

// A PAIR has one peer: the second is told so, the first notices nothing, and when it leaves the next one is let in.
func TestSecondPeerOfAPair(t *testing.T) {
	p := startPeer(t)
	o := open(t, zmq.PAIR, zmq.Config{})
	there := o.bind(t, loopback)
	first, second := p.open(t, "PAIR", nil), p.open(t, "PAIR", nil)
	first.connect(t, there)
	o.ready(t, 1)
	second.connect(t, there)
	if refused := o.await(t, monitor.HandshakeFailedProtocol); refused.Reason != monitor.ReasonPairTaken {
		t.Errorf("we say of it: %v", refused)
	}
	o.await(t, monitor.Disconnected)
	second.await(t, monitor.Disconnected)
	weTell(t, o, first)
	theyTell(t, o, first)
	first.close(t)
	o.await(t, monitor.Disconnected)
	second.close(t) // it does not dial again after a refusal
	third := p.open(t, "PAIR", nil)
	third.connect(t, there)
	o.ready(t, 1)
	weTell(t, o, third)
}
