package detect

import (
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/kernel"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// Messages that are lost with a connection are in the event of its end.
func TestDropsThatComeOnceAreNoCondition(t *testing.T) {
	s := newScene(t, Thresholds{})
	drop := dialled(monitor.Dropped, 1)
	drop.Count = 5
	for _, r := range []monitor.Reason{monitor.ReasonPeerGone, monitor.ReasonLingerExpired, monitor.ReasonLateReply} {
		s.event(because(drop, r))
	}
	s.pass(time.Minute)
	s.want()
	s.event(because(drop, monitor.ReasonHWM))
	s.pass(5 * time.Second)
	s.want("raised drops")
}

func TestAQueueThatIsFullForAMomentIsNotSlow(t *testing.T) {
	s := newScene(t, Thresholds{})
	for range 30 {
		s.event(dialled(monitor.QueueFull, 1))
		s.pass(time.Second)
		s.event(dialled(monitor.QueueDrained, 1))
		s.pass(4 * time.Second) // room
	}
	s.want()
	for range 15 { // full for most of the time, with a message taken now and then: where nobody asks the kernel
		s.event(dialled(monitor.QueueFull, 1))
		s.pass(time.Second)
		s.event(dialled(monitor.QueueDrained, 1))
		s.pass(time.Second)
	}
	s.want("raised slow_subscriber")
	s.event(because(dialled(monitor.Disconnected, 1), monitor.ReasonReset))
	s.want("cleared slow_subscriber")
}

// What the kernel counts between two looks says whose fault it is.
func TestWhoseFaultItIs(t *testing.T) {
	second := time.Second
	for name, c := range map[string]struct {
		after kernel.TCPInfo // the second look, 2 s after one of all zeros
		why   string
	}{
		"peer":          {kernel.TCPInfo{Busy: 2 * second, RwndLimited: 19 * second / 10}, "the peer does not read, its receive window was closed for 95 % of the last 2s"},
		"probed":        {kernel.TCPInfo{Busy: 2 * second, Probes: 1}, "the peer does not read"},
		"loss":          {kernel.TCPInfo{Busy: 2 * second, TotalRetrans: 60, SegsOut: 1000}, "the network loses packets: 60 of 1000 segments"},
		"cut":           {kernel.TCPInfo{Busy: 2 * second, Retransmits: 5, TotalRetrans: 1, SegsOut: 100}, "and the last one 5 times without an answer"},
		"buffer":        {kernel.TCPInfo{Busy: 2 * second, SndbufLimited: second, RTT: 80 * time.Millisecond}, "our send buffer is too small for this path: it was full for 50 % of the last 2s, at 100ms round trip"},
		"path":          {kernel.TCPInfo{Busy: 2 * second, DeliveryRate: 1_250_000, SegsOut: 1000, TotalRetrans: 3}, "the network is the limit: the connection was busy for 100 % of the last 2s and carries 1.2 MB/s"},
		"writer":        {kernel.TCPInfo{Busy: second / 5}, "this process does not write"},
		"window, again": {kernel.TCPInfo{Busy: 2 * second, RwndLimited: second, TotalRetrans: 60, SegsOut: 100}, "the peer does not read"},
	} {
		s := newScene(t, Thresholds{Host: "h"})
		s.event(dialled(monitor.QueueFull, 1))
		conn := kernel.Conn{}
		q := s.d.processes["i"].sockets[1].queues[1]
		pair, ok := q.pair()
		if !ok {
			t.Fatal("the queue has no addresses")
		}
		conn.Local, conn.Remote = pair[0], pair[1]
		s.d.TCP(s.now, []kernel.Conn{conn})
		s.pass(2 * time.Second)
		conn.TCPInfo = c.after
		s.d.TCP(s.now, []kernel.Conn{conn})
		s.pass(4 * time.Second)
		if len(s.found) != 1 || !strings.Contains(s.found[0].Why, c.why) || s.found[0].Hint == "" || s.found[0].Remote != "tcp://10.0.0.2:1" {
			t.Errorf("%s: found %+v\nwant one that says %q", name, s.found, c.why)
		}
	}
}

// Another host's addresses mean nothing to this host's kernel, and nobody waits for it.
func TestTheKernelOfAnotherHostIsNotAsked(t *testing.T) {
	s := newScene(t, Thresholds{Host: "elsewhere"})
	s.event(dialled(monitor.QueueFull, 1))
	s.pass(6 * time.Second)
	if len(s.found) != 1 || !strings.Contains(s.found[0].Why, "nothing is known of the connection below") {
		t.Errorf("found %+v", s.found)
	}
}

// learned is a stream of one message a second that is known.
func learned(t *testing.T, o Thresholds) (*scene, uint64) {
	s := newScene(t, o)
	n := uint64(0)
	for range 40 {
		n++
		s.state(n)
		s.pass(time.Second)
	}
	return s, n
}

func TestAStreamThatFallsSilent(t *testing.T) {
	s, n := learned(t, Thresholds{})
	for range 15 {
		s.event(monitor.Event{Kind: monitor.Listening, SocketID: 2, SocketType: "REP", EndpointID: 9, Side: monitor.SideBind, Endpoint: "tcp://*:9", FD: -1})
		s.pass(time.Second)
	}
	s.want() // events say nothing of messages
	s.d.State(fact.State{Instance: here, At: s.now, Sock: 2, Type: "REP"})
	s.pass(time.Second)
	s.want("raised silent_stream")
	s.state(n + 1)
	s.pass(3 * time.Second)
	s.want() // one message is no stream
	s.state(n + 2)
	s.want("cleared silent_stream")
}

// While nothing is heard of the process at all nobody knows whether the stream is silent.
func TestAProcessThatIsNotHeardHasNoSilentStream(t *testing.T) {
	s, _ := learned(t, Thresholds{})
	s.pass(80 * time.Second)
	s.want()
}

func TestSilenceThatIsConfigured(t *testing.T) {
	s, n := learned(t, Thresholds{Expect: map[string]time.Duration{"md": -1}})
	for range 400 {
		s.state(n)
		s.pass(time.Second)
	}
	s.want()
	s = newScene(t, Thresholds{Expect: map[string]time.Duration{"md": time.Minute}}) // not one has come, and nothing was learned
	for range 70 {
		s.state(0)
		s.pass(time.Second)
	}
	s.want("raised silent_stream")
}

// whole is a full state of socket 1 in which these peers have a full queue.
func (s *scene) whole(seq uint64, more bool, conns ...monitor.ConnID) fact.State {
	st := fact.State{Instance: here, At: s.now, Seq: seq, Sock: 1, Name: "md", Type: "SUB", Full: true, More: more, SendHWM: 10}
	for _, c := range conns {
		st.Peers = append(st.Peers, fact.Peer{Conn: c, Remote: "tcp://10.0.0.2:1", QueueOut: 10, Ready: true})
	}
	return st
}

func (s *scene) told(st fact.State) { s.found = append(s.found, s.d.State(st)...) }

// A state that was taken before a connection ended may come after the event of its end: nobody is slow any more.
func TestAnOldStateFillsNoQueueOfTheDead(t *testing.T) {
	s := newScene(t, Thresholds{})
	s.up(1)
	old := s.whole(s.seq, false, 1)
	s.event(because(dialled(monitor.Disconnected, 1), monitor.ReasonReset))
	s.told(old)
	s.pass(time.Minute)
	s.want()
	if n := len(s.d.processes["i"].sockets[1].peers); n != 0 {
		t.Errorf("%d peers are back from the dead", n)
	}
}

// A state that is older than the last event tells all the same of those who are there.
func TestAnOldStateFillsTheQueueOfTheLiving(t *testing.T) {
	s := newScene(t, Thresholds{})
	s.up(1)
	old := s.whole(s.seq, false, 1)
	s.event(dialled(monitor.Accepted, 2))
	s.told(old)
	s.pass(time.Minute)
	s.want("raised slow_subscriber")
}

// The event of its end was lost: that it is not there any more shows in the next whole state, also where that has several lines.
func TestAQueueEndsWithAConnectionThatNobodySawEnd(t *testing.T) {
	for lines := range 2 {
		s := newScene(t, Thresholds{})
		s.told(s.whole(0, false, 1, 2, 3))
		s.pass(time.Minute)
		s.want("raised slow_subscriber", "raised slow_subscriber", "raised slow_subscriber")
		if lines == 0 {
			s.told(s.whole(0, false, 3))
		} else {
			s.told(s.whole(0, true, 1))
			s.want()
			rest := s.whole(0, false)
			rest.Full = false
			s.told(rest)
		}
		s.want("cleared slow_subscriber", "cleared slow_subscriber")
		if n := len(s.d.processes["i"].sockets[1].peers); n != 1 {
			t.Errorf("%d peers are left", n)
		}
	}
}

// Where a socket has so many peers that its state takes several lines its endpoints are followed as anywhere.
func TestAnEndpointThatIsLeftInAStateOfSeveralLines(t *testing.T) {
	s := newScene(t, Thresholds{})
	for n := range monitor.ConnID(6) {
		s.refuse(n + 1)
		s.pass(3 * time.Second)
	}
	s.want("raised server_down")
	st := s.whole(s.seq, true, 1)
	s.told(st)
	s.want("cleared server_down")
}
