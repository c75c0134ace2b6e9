package interop

import (
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// Heartbeats of 50 ms, and silence of twenty times that is the end: long enough for a busy machine to be on time.
const (
	beats   = 50 * time.Millisecond
	silence = 20 * beats
)

// theirBeats are options for a libzmq that sends heartbeats, in its milliseconds.
var theirBeats = options{"HEARTBEAT_IVL": beats.Milliseconds(), "HEARTBEAT_TIMEOUT": silence.Milliseconds(), "HEARTBEAT_TTL": silence.Milliseconds()}

// ourBeats is a Config that does the same.
var ourBeats = zmq.Config{HeartbeatInterval: beats, HeartbeatTimeout: silence, HeartbeatTTL: silence}

// joinOver is join with a relay between.
func joinOver(t *testing.T, o *ours, s *socket, weBind bool) *relay {
	t.Helper()
	var r *relay
	if weBind {
		r = startRelay(t, o.bind(t, loopback))
		s.connect(t, r.endpoint())
	} else {
		r = startRelay(t, s.bind(t, loopback))
		o.connect(t, r.endpoint())
	}
	o.ready(t, 1)
	s.ready(t, 1)
	return r
}

// side is who has called, in the words of the relay.
func side(weBind, ours bool) string {
	if weBind == ours {
		return "listener"
	}
	return "dialler"
}

// An idle connection lives on while either side asks and the other answers, for longer than the silence that would end
// it.
func TestIdleConnectionLives(t *testing.T) {
	t.Parallel() // it waits, most of the time
	p := startPeer(t)
	for _, who := range []struct {
		name   string
		ours   zmq.Config
		theirs options
		weAsk  bool
	}{
		{"they ask", zmq.Config{}, theirBeats, false},
		{"we ask", ourBeats, nil, true},
	} {
		t.Run(who.name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, weBind bool) {
				o, s := open(t, zmq.PULL, who.ours), p.open(t, "PUSH", who.theirs)
				r := joinOver(t, o, s, weBind)
				const enough = int(3 * silence / beats / 2)
				r.await(t, enough, beat{"PONG", side(weBind, !who.weAsk)})
				sent := s.send(t, 1, "still there", 10)
				same(t, "what we received", o.take(t, 1), expected(1, "still there", 10))
				sent.done(t)
				o.none(t, ends)
				s.none(t, ends)
				if rtt := o.State().Peers[0].RTT; (rtt > 0) != who.weAsk {
					t.Errorf("round trip of our last PING: %v", rtt)
				}
			})
		})
	}
}

// Whoever sent heartbeats notices a peer that is silent, and so does whoever was asked to hang up after a while.
func TestSilenceEndsTheConnection(t *testing.T) {
	t.Parallel() // it waits, most of the time
	p := startPeer(t)
	for _, row := range []struct {
		name   string
		ours   zmq.Config
		theirs options
		reason monitor.Reason // why we end it; "": libzmq does
	}{
		{"we asked", ourBeats, nil, monitor.ReasonHeartbeatTimeout},
		{"they asked", zmq.Config{}, options{"HEARTBEAT_IVL": 50, "HEARTBEAT_TIMEOUT": 300}, ""},
		{"they said for how long", zmq.Config{}, options{"HEARTBEAT_IVL": 50, "HEARTBEAT_TIMEOUT": 60000, "HEARTBEAT_TTL": 300}, monitor.ReasonTTLExpired},
		{"we said for how long", zmq.Config{HeartbeatInterval: beats, HeartbeatTimeout: zmq.Off, HeartbeatTTL: 300 * time.Millisecond}, nil, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, weBind bool) {
				o, s := open(t, zmq.PULL, row.ours), p.open(t, "PUSH", row.theirs)
				r := joinOver(t, o, s, weBind)
				if row.ours.HeartbeatInterval > 0 { // what was asked for has been heard
					r.await(t, 1, beat{"PING", side(weBind, true)})
				} else {
					r.await(t, 1, beat{"PING", side(weBind, false)})
				}
				r.blackHole()
				if row.reason == "" {
					s.await(t, monitor.Disconnected)
					return
				}
				noticed, ended := o.await(t, monitor.HeartbeatTimeout), o.await(t, monitor.Disconnected)
				if noticed.Conn != ended.Conn || ended.Reason != row.reason || ended.Who != monitor.ByTimer {
					t.Errorf("we noticed %v and ended it with %v", noticed, ended)
				}
			})
		})
	}
}

// While our queue is full we do not read, so their PINGs go without an answer, and ours keep them from giving up on us
// all the same. Nobody is judged, nothing is lost.
func TestOurFullQueueIsNoSilence(t *testing.T) {
	t.Parallel() // it waits, most of the time
	p := startPeer(t)
	bothWays(t, func(t *testing.T, weBind bool) {
		cfg := ourBeats
		cfg.RecvHWM, cfg.RecvBuffer = 10, 4096
		theirs := options{"SNDHWM": 10, "SNDBUF": 4096}
		for name, value := range theirBeats {
			theirs[name] = value
		}
		o, s := open(t, zmq.PULL, cfg), p.open(t, "PUSH", theirs)
		r := joinOver(t, o, s, weBind)
		sent := s.stream(t, "full", 64<<10)
		const enough = int(2 * silence / beats)
		r.await(t, enough, beat{"PING", side(weBind, true)})
		o.none(t, ends)
		s.none(t, ends)
		s.stop(t)
		n := sent.done(t).Count
		if n < 10 {
			t.Fatalf("%d messages do not fill a queue of 10", n)
		}
		for i := range n {
			if m := readSequel(o.recv(t).AppendFrames(nil)); m != (taken{Tag: "full", N: i}) {
				t.Fatalf("message %d is %+v", i, m)
			}
		}
		o.none(t, ends)
		s.none(t, ends)
	})
}

// While their queue is full our PINGs go without an answer, and theirs keep us from giving up on them. (libzmq judges us
// by the answer that it does not read itself: so its own limit is out of reach here.)
func TestTheirFullQueueIsNoSilence(t *testing.T) {
	t.Parallel() // it waits, most of the time
	p := startPeer(t)
	bothWays(t, func(t *testing.T, weBind bool) {
		cfg := ourBeats
		cfg.SendHWM, cfg.SendBuffer = 10, 4096
		o := open(t, zmq.PUSH, cfg)
		s := p.open(t, "PULL", options{"RCVHWM": 10, "RCVBUF": 4096, "HEARTBEAT_IVL": beats.Milliseconds(), "HEARTBEAT_TIMEOUT": 60000})
		r := joinOver(t, o, s, weBind)
		stream := o.stream(t, "full", 0, 64<<10)
		const enough = int(2 * silence / beats)
		r.await(t, enough, beat{"PING", side(weBind, false)})
		o.none(t, ends)
		s.none(t, ends)
		n := stream.halt()
		if n < 20 {
			t.Fatalf("%d messages do not fill two queues of 10", n)
		}
		s.drain(t)
		s.took.last(t, "the last message", func(m taken) bool { return m.N == n-1 })
		if first, next := run(t, "full", s.took.events()); first != 0 || next != n {
			t.Errorf("messages %d to %d arrived of %d", first, next-1, n)
		}
		o.none(t, ends)
		s.none(t, ends)
	})
}
