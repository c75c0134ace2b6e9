package interop

import (
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

var (
	handsOver = trait{func(c *zmq.Config) { c.RouterHandover = true }, options{"ROUTER_HANDOVER": 1}}
	asksAgain = trait{func(c *zmq.Config) { c.ReqRelaxed = true }, options{"REQ_RELAXED": 1}}
)

// What happens with the types that route, publish, and speak no ZMTP.
var typeScenes = []scene{
	{
		name: "a ROUTER's peer dials, and leaves", typ: zmq.ROUTER,
		play: func(t *testing.T, s subject, p *process) string {
			bound, _ := s.binds(t, loopback)
			peer := p.open(t, "DEALER", options{"ROUTING_ID": "guest"})
			peer.connect(t, bound)
			s.sees(t, up)
			peer.put(t, "hello")
			wantFrames(t, "the message", s.(party).show(t), "guest", "hello")
			peer.close(t)
			s.sees(t, ended)
			return bound
		},
		tells: "listening, accepted, handshake_succeeded, disconnected",
	},
	{
		name: "two peers of one name", typ: zmq.ROUTER,
		play: func(t *testing.T, s subject, p *process) string {
			bound, _ := s.binds(t, loopback)
			for range 2 {
				p.open(t, "DEALER", options{"ROUTING_ID": "guest"}).connect(t, bound)
				s.sees(t, monitor.Accepted)
				s.sees(t, up|ended)
			}
			return bound
		},
		tells:  "listening, accepted, handshake_succeeded, accepted, handshake_failed_protocol 0x10000018, disconnected",
		theirs: "listening, accepted, handshake_succeeded, accepted, handshake_succeeded",
		why:    "a connection that carries nothing is none",
	},
	{
		name: "one takes over the name of another", typ: zmq.ROUTER, traits: []trait{handsOver},
		play: func(t *testing.T, s subject, p *process) string {
			bound, _ := s.binds(t, loopback)
			for range 2 {
				peer := p.open(t, "DEALER", options{"ROUTING_ID": "guest", "RECONNECT_IVL": -1})
				peer.connect(t, bound)
				s.sees(t, up)
				peer.put(t, "hello")
				wantFrames(t, "the message", s.(party).show(t), "guest", "hello")
			}
			s.ends(t)
			s.sees(t, stopped)
			return bound
		},
		tells: "listening, accepted, handshake_succeeded, accepted, handshake_succeeded, closed, monitor_stopped",
	},
	{
		name: "a REQ asks again", typ: zmq.REQ, traits: []trait{asksAgain, dialsAnew},
		play: func(t *testing.T, s subject, p *process) string {
			peer := p.open(t, "ROUTER", nil)
			bound := peer.bind(t, loopback)
			s.dials(t, bound)
			s.sees(t, up)
			for _, question := range []string{"first", "second"} {
				s.(party).put(t, question)
				if m := peer.show(t); len(m) != 3 || m[2] != question {
					t.Errorf("ROUTER received %q", m)
				}
			}
			s.ends(t)
			s.sees(t, stopped)
			return bound
		},
		tells: "connect_delayed (operation now in progress), connected, handshake_succeeded, connect_retried, " +
			"connect_delayed (operation now in progress), connected, handshake_succeeded, monitor_stopped",
		theirs: "connect_delayed (operation now in progress), connected, handshake_succeeded, monitor_stopped",
		why:    "a late answer must not be taken for the next one's",
	},
	{
		name: "a subscriber comes, and goes", typ: zmq.PUB,
		play:  subscriberComesAndGoes,
		tells: "listening, accepted, handshake_succeeded, disconnected",
	},
	{
		name: "a subscriber comes to an XPUB, and goes", typ: zmq.XPUB,
		play:  subscriberComesAndGoes,
		tells: "listening, accepted, handshake_succeeded, disconnected",
	},
	{
		name: "a publisher is killed", typ: zmq.SUB,
		play: func(t *testing.T, s subject, p *process) string {
			mortal := startPeer(t)
			bound := mortal.open(t, "PUB", nil).bind(t, loopback)
			s.dials(t, bound)
			s.sees(t, up)
			s.(party).subscribe(t, "a")
			mortal.kill(t)
			s.sees(t, ended, retried)
			return bound
		},
		tells: "connect_delayed (operation now in progress), connected, handshake_succeeded, disconnected, connect_retried",
	},
	{
		name: "a stranger comes to a STREAM, and goes", typ: zmq.STREAM,
		play: func(t *testing.T, s subject, p *process) string {
			bound, _ := s.binds(t, loopback)
			r := dialRaw(t, bound)
			s.(party).show(t)
			r.CloseWrite()
			s.sees(t, ended)
			return bound
		},
		tells:  "listening, accepted, handshake_succeeded, disconnected",
		theirs: "listening, accepted, handshake_failed_no_detail (broken pipe), disconnected",
		why:    "a false alarm hides true ones",
	},
	{
		name: "a STREAM hangs up", typ: zmq.STREAM,
		play: func(t *testing.T, s subject, p *process) string {
			bound, _ := s.binds(t, loopback)
			r := dialRaw(t, bound)
			id := s.(party).show(t)[0]
			s.(party).put(t, id, "")
			if _, err := r.Read(make([]byte, 1)); err == nil {
				t.Error("the stranger heard something")
			}
			s.ends(t)
			s.sees(t, stopped)
			return bound
		},
		tells:  "listening, accepted, handshake_succeeded, closed, monitor_stopped",
		theirs: "listening, accepted, closed, monitor_stopped",
		why:    "`handshake_succeeded` when messages may flow",
	},
	{
		name: "a STREAM dials, and is hung up", typ: zmq.STREAM,
		play: func(t *testing.T, s subject, p *process) string {
			there, accept := listenRaw(t)
			s.dials(t, there)
			r := accept()
			s.(party).show(t)
			r.CloseWrite()
			s.sees(t, ended, retried)
			return there
		},
		tells:  "connect_delayed (operation now in progress), connected, handshake_succeeded, disconnected, connect_retried",
		theirs: "connect_delayed (operation now in progress), connected, handshake_failed_no_detail (broken pipe), disconnected, connect_retried",
		why:    "a false alarm hides true ones",
	},
}

func subscriberComesAndGoes(t *testing.T, s subject, p *process) string {
	bound, _ := s.binds(t, loopback)
	peer := p.open(t, "SUB", nil)
	peer.subscribe(t, "a")
	peer.connect(t, bound)
	s.sees(t, up)
	peer.unsubscribe(t, "a")
	peer.close(t)
	s.sees(t, ended)
	return bound
}

// The same over ipc.
var ipcScenes = []scene{
	{
		name: "bind over ipc, and close", typ: zmq.PULL,
		play: func(t *testing.T, s subject, p *process) string {
			bound, _ := s.binds(t, ipcEndpoint(t))
			s.ends(t)
			s.sees(t, stopped)
			return bound
		},
		tells: "listening, closed, monitor_stopped",
	},
	{
		name: "bind over ipc where there is no directory", typ: zmq.PULL,
		play: func(t *testing.T, s subject, p *process) string {
			endpoint := ipcEndpoint(t) + "/none/socket"
			if _, ok := s.binds(t, endpoint); ok {
				t.Error("it did bind")
			}
			s.ends(t)
			s.sees(t, stopped)
			return endpoint
		},
		tells:  "closed, bind_failed (no such file or directory), monitor_stopped",
		theirs: "closed, bind_failed (no such file or directory) at PATH, monitor_stopped",
		why:    "one string names one endpoint",
	},
	{
		name: "a peer dials over ipc, and leaves", typ: zmq.PULL,
		play: func(t *testing.T, s subject, p *process) string {
			bound, _ := s.binds(t, ipcEndpoint(t))
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
		name: "the peer dialled over ipc leaves, and comes back", typ: zmq.PUSH, traits: []trait{dialsAnew},
		play: func(t *testing.T, s subject, p *process) string {
			endpoint := ipcEndpoint(t)
			first := p.open(t, "PULL", nil)
			first.bind(t, endpoint)
			s.dials(t, endpoint)
			s.sees(t, up)
			first.close(t)
			s.sees(t, ended, retried, retried)
			p.open(t, "PULL", nil).bind(t, endpoint)
			s.sees(t, up)
			return endpoint
		},
		tells: "connected, handshake_succeeded, disconnected, connect_retried, closed, connect_retried, connected, handshake_succeeded",
	},
	{
		name: "dial nobody over ipc, once", typ: zmq.PUSH, traits: []trait{dialsOnce},
		play: func(t *testing.T, s subject, p *process) string {
			nobody := ipcEndpoint(t)
			s.dials(t, nobody)
			s.sees(t, monitor.Closed)
			s.ends(t)
			s.sees(t, stopped)
			return nobody
		},
		tells: "closed, monitor_stopped",
	},
}
