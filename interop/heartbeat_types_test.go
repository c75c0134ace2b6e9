package interop

import (
	"testing"

	"github.com/glassmq/zmq"
)

// Whatever the types, PING and PONG never reach a pattern: connections of all of them live side by side for longer than the silence that
// would end them, both engines asking, and then carry messages as if nothing had been.
func TestHeartbeatsOfAllTypes(t *testing.T) {
	t.Parallel() // it waits, most of the time
	p := startPeer(t)
	type couple struct {
		talk  func(*testing.T, *ours, *socket)
		o     *ours
		s     *socket
		relay *relay
	}
	var couples []couple
	for _, pair := range pairs {
		cfg, theirs := generous(pair.ours), options{}
		cfg.HeartbeatInterval, cfg.HeartbeatTimeout, cfg.HeartbeatTTL = ourBeats.HeartbeatInterval, ourBeats.HeartbeatTimeout, ourBeats.HeartbeatTTL
		for _, o := range []options{theirGenerous, theirBeats} {
			for name, value := range o {
				theirs[name] = value
			}
		}
		o, s := open(t, pair.ours, cfg), p.open(t, pair.theirs, theirs)
		r := startRelay(t, o.bind(t, loopback))
		s.connect(t, r.endpoint())
		met(t, o, s)
		couples = append(couples, couple{pair.talk, o, s, r})
	}
	const beatsOfSilence = int(2 * silence / beats)
	for _, c := range couples {
		c.relay.await(t, beatsOfSilence, beat{"PONG", "dialler"})
		c.talk(t, c.o, c.s)
		c.o.none(t, ends)
		c.s.none(t, ends)
		if peers := c.o.State().Peers; len(peers) != 1 || peers[0].RTT <= 0 {
			t.Errorf("our %v's peers: %+v", c.o.Type(), peers)
		}
	}
}

// A subscriber that falls silent takes its subscriptions along, and a DEALER its name.
func TestSilenceIsForgotten(t *testing.T) {
	t.Parallel() // it waits, most of the time
	p := startPeer(t)
	t.Run("subscriber", func(t *testing.T) {
		cfg := ourBeats
		o, s := open(t, zmq.XPUB, cfg), p.open(t, "SUB", nil)
		s.subscribe(t, "a")
		r := startRelay(t, o.bind(t, loopback))
		s.connect(t, r.endpoint())
		wantFrames(t, "what our XPUB received", o.show(t), "\x01a")
		r.blackHole()
		wantFrames(t, "what our XPUB received", o.show(t), "\x00a")
		if n := o.Socket.(*zmq.XPub).TopicsCount(); n != 0 {
			t.Errorf("%d topics", n)
		}
	})
	t.Run("dealer", func(t *testing.T) {
		cfg := ourBeats
		cfg.RouterNotify = zmq.NotifyDisconnect
		o, s := open(t, zmq.ROUTER, cfg), p.open(t, "DEALER", options{"ROUTING_ID": "silent"})
		r := startRelay(t, o.bind(t, loopback))
		s.connect(t, r.endpoint())
		s.put(t, "hello")
		wantFrames(t, "what we received", o.show(t), "silent", "hello")
		r.blackHole()
		wantFrames(t, "it went", o.show(t), "silent", "")
		if err := o.Socket.(*zmq.Router).CanSendTo([]byte("silent")); err == nil {
			t.Error("we can send to it")
		}
	})
}
