package interop

import (
	"slices"
	"strings"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// What happens with a peer that is one.
var peerScenes = []scene{
	{
		name: "a peer dials, and leaves", typ: zmq.PULL,
		play: func(t *testing.T, s subject, p *process) string {
			bound, _ := s.binds(t, loopback)
			peer := p.open(t, "PUSH", nil)
			peer.connect(t, bound)
			s.sees(t, up)
			peer.close(t)
			s.sees(t, ended)
			return bound
		},
		tells: "listening, accepted, handshake_succeeded, disconnected",
	},
	{
		name: "a peer dials, and is killed", typ: zmq.PULL,
		play: func(t *testing.T, s subject, p *process) string {
			bound, _ := s.binds(t, loopback)
			mortal := startPeer(t)
			mortal.open(t, "PUSH", nil).connect(t, bound)
			s.sees(t, up)
			mortal.kill(t)
			s.sees(t, ended)
			return bound
		},
		tells: "listening, accepted, handshake_succeeded, disconnected",
	},
	{
		name: "the dialled peer leaves, and comes back", typ: zmq.PUSH, traits: []trait{dialsAnew},
		play: func(t *testing.T, s subject, p *process) string {
			first := p.open(t, "PULL", nil)
			bound := first.bind(t, loopback)
			s.dials(t, bound)
			s.sees(t, up)
			first.close(t)
			s.sees(t, ended, retried, retried) // nobody is there now
			p.open(t, "PULL", nil).bind(t, bound)
			s.sees(t, up)
			return bound
		},
		tells: "connect_delayed (operation now in progress), connected, handshake_succeeded, disconnected, connect_retried, " +
			"connect_delayed (operation now in progress), closed, connect_retried, " +
			"connect_delayed (operation now in progress), connected, handshake_succeeded",
	},
	{
		name: "the dialled peer is killed", typ: zmq.PUSH,
		play: func(t *testing.T, s subject, p *process) string {
			mortal := startPeer(t)
			bound := mortal.open(t, "PULL", nil).bind(t, loopback)
			s.dials(t, bound)
			s.sees(t, up)
			mortal.kill(t)
			s.sees(t, ended, retried)
			return bound
		},
		tells: "connect_delayed (operation now in progress), connected, handshake_succeeded, disconnected, connect_retried",
	},
	{
		name: "a peer is dialled by name", typ: zmq.PUSH,
		play: func(t *testing.T, s subject, p *process) string {
			peer := p.open(t, "PULL", nil)
			bound := peer.bind(t, loopback)
			s.dials(t, strings.Replace(bound, "127.0.0.1", "localhost", 1))
			s.sees(t, up)
			peer.close(t)
			s.sees(t, ended, retried)
			return bound
		},
		tells: "connect_delayed (operation now in progress), connected, handshake_succeeded, disconnected, connect_retried",
		theirs: "connect_delayed (operation now in progress) at tcp://localhost:PORT, connected at tcp://localhost:PORT, " +
			"handshake_succeeded at tcp://localhost:PORT, disconnected at tcp://localhost:PORT, connect_retried",
		why: "events can be joined by their endpoint",
	},
	{
		name: "a peer dials, and falls silent", typ: zmq.PULL, traits: []trait{beating},
		play: func(t *testing.T, s subject, p *process) string {
			bound, _ := s.binds(t, loopback)
			r := startRelay(t, bound)
			p.open(t, "PUSH", nil).connect(t, r.endpoint())
			s.sees(t, up)
			r.blackHole()
			s.sees(t, ended)
			return bound
		},
		tells: "listening, accepted, handshake_succeeded, disconnected",
	},
	{
		name: "the dialled peer falls silent", typ: zmq.PUSH, traits: []trait{beating},
		play: func(t *testing.T, s subject, p *process) string {
			r := startRelay(t, p.open(t, "PULL", nil).bind(t, loopback))
			s.dials(t, r.endpoint())
			s.sees(t, up)
			r.blackHole()
			s.sees(t, ended, retried)
			return r.endpoint()
		},
		tells: "connect_delayed (operation now in progress), connected, handshake_succeeded, disconnected, connect_retried",
	},
	{
		name: "a message that is too large", typ: zmq.PULL, traits: []trait{smallOnly},
		play: func(t *testing.T, s subject, p *process) string {
			bound, _ := s.binds(t, loopback)
			peer := p.open(t, "PUSH", nil)
			peer.connect(t, bound)
			s.sees(t, up)
			peer.send(t, 1, "large", 1001)
			s.sees(t, ended)
			return bound
		},
		tells: "listening, accepted, handshake_succeeded, disconnected",
	},
	{
		name: "a frame that cannot be", typ: zmq.PULL,
		play: rawDials(func(t *testing.T, s subject, r *raw) {
			r.send(t, slices.Concat(rawGreeting(1), rawReady("Socket-Type", "PUSH")))
			s.sees(t, up)
			r.send(t, []byte{flagLong, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 'x'})
		}),
		tells: "listening, accepted, handshake_succeeded, disconnected",
	},
	{
		name: "a PAIR's second peer", typ: zmq.PAIR,
		play: func(t *testing.T, s subject, p *process) string {
			bound, _ := s.binds(t, loopback)
			p.open(t, "PAIR", nil).connect(t, bound)
			s.sees(t, up)
			second := p.open(t, "PAIR", nil)
			second.connect(t, bound)
			s.sees(t, monitor.Accepted)
			if _, mine := s.(ourSubject); mine {
				s.sees(t, ended)
			} else {
				s.sees(t, up)
			}
			return bound
		},
		tells:  "listening, accepted, handshake_succeeded, accepted, handshake_failed_protocol 0x10000000, disconnected",
		theirs: "listening, accepted, handshake_succeeded, accepted, handshake_succeeded",
		why:    "every refusal is explained, on both sides",
	},
}
