package interop

import (
	"net"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// A scene is something that happens to one socket: played with a socket of ours and with one of libzmq, watched by the
// monitor of each.
type scene struct {
	name   string
	typ    zmq.Type
	traits []trait
	play   func(t *testing.T, s subject, p *process) (endpoint string) // with p's sockets as the others

	tells  string // by the classic mask
	theirs string // what libzmq tells instead, where that is not the same …
	why    string // … and why it is meant so: docs/events.md, "Where it differs from libzmq"
}

// The same scene makes the same classic story, kind for kind in the same order, with the same numbers and addresses; or
// the table below says what differs, and why.
func TestBothMonitors(t *testing.T) {
	p, watched := startPeer(t), startPeer(t)
	page, err := os.ReadFile("../docs/events.md")
	if err != nil {
		t.Fatal(err)
	}
	_, meant, _ := strings.Cut(string(page), "## Where it differs from libzmq")
	for _, sc := range slices.Concat(endpointScenes, peerScenes, handshakeScenes, typeScenes, ipcScenes) {
		t.Run(sc.name, func(t *testing.T) {
			t.Run("ours", func(t *testing.T) {
				sc.check(t, p, newOurSubject(t, sc.typ, sc.traits), sc.tells)
			})
			t.Run("libzmq", func(t *testing.T) {
				want := sc.tells
				if sc.theirs != "" {
					want = sc.theirs
				}
				sc.check(t, p, newTheirSubject(t, watched, sc.typ, sc.traits), want)
			})
			if (sc.theirs == "") != (sc.why == "") || !strings.Contains(meant, sc.why) {
				t.Errorf("a difference has a reason, which docs/events.md gives, and a reason has a difference: %q", sc.why)
			}
		})
	}
}

func (sc *scene) check(t *testing.T, p *process, s subject, want string) {
	endpoint := sc.play(t, s, p)
	told := s.told(endpoint)
	// How often a dial fails while nobody is there is a matter of time, and not of order.
	for _, failed := range []string{"connect_delayed (operation now in progress), closed, connect_retried, ", "closed, connect_retried, "} {
		for strings.Contains(told, failed+failed) {
			told = strings.ReplaceAll(told, failed+failed, failed)
		}
	}
	if told != want {
		t.Errorf("it tells\n%s, and not\n%s", told, want)
	}
}

// What scenes wait for most.
const (
	stopped = monitor.MonitorStopped
	ended   = monitor.Disconnected
	retried = monitor.ConnectRetried
	up      = monitor.HandshakeSucceeded
)

var endpointScenes = []scene{
	{
		name: "bind and close", typ: zmq.PULL,
		play: func(t *testing.T, s subject, p *process) string {
			bound, _ := s.binds(t, loopback)
			s.ends(t)
			s.sees(t, stopped)
			return bound
		},
		tells: "listening, closed, monitor_stopped",
	},
	{
		name: "bind to every interface", typ: zmq.PULL,
		play: func(t *testing.T, s subject, p *process) string {
			bound, _ := s.binds(t, "tcp://*:*")
			there := strings.Replace(bound, "0.0.0.0", "127.0.0.1", 1)
			p.open(t, "PUSH", nil).connect(t, there)
			s.sees(t, up)
			s.unbinds(t, bound)
			s.sees(t, monitor.Closed)
			return "" // of which no address is
		},
		tells: "listening at tcp://0.0.0.0:PORT, accepted at tcp://127.0.0.1:PORT, handshake_succeeded at tcp://127.0.0.1:PORT, closed at tcp://0.0.0.0:PORT",
	},
	{
		name: "bind to an address in use", typ: zmq.PULL,
		play: func(t *testing.T, s subject, p *process) string {
			taken, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			defer taken.Close()
			endpoint := "tcp://" + taken.Addr().String()
			if _, ok := s.binds(t, endpoint); ok {
				t.Error("two have bound to one address")
			}
			s.ends(t)
			s.sees(t, stopped)
			return endpoint
		},
		tells:  "closed, bind_failed (address already in use), monitor_stopped",
		theirs: "closed, bind_failed (address already in use) at 127.0.0.1:PORT, monitor_stopped",
		why:    "one string names one endpoint",
	},
	{
		name: "unbind with a live peer", typ: zmq.PULL,
		play: func(t *testing.T, s subject, p *process) string {
			bound, _ := s.binds(t, loopback)
			peer := p.open(t, "PUSH", nil)
			peer.connect(t, bound)
			s.sees(t, up)
			s.unbinds(t, bound)
			peer.await(t, ended)
			s.ends(t)
			s.sees(t, stopped)
			return bound
		},
		tells: "listening, accepted, handshake_succeeded, closed, monitor_stopped",
	},
	{
		name: "close with a live peer that dialled", typ: zmq.PULL,
		play: func(t *testing.T, s subject, p *process) string {
			bound, _ := s.binds(t, loopback)
			p.open(t, "PUSH", nil).connect(t, bound)
			s.sees(t, up)
			s.ends(t)
			s.sees(t, stopped)
			return bound
		},
		tells: "listening, accepted, handshake_succeeded, closed, monitor_stopped",
	},
	{
		name: "close with a live peer that was dialled", typ: zmq.PUSH,
		play: func(t *testing.T, s subject, p *process) string {
			bound := p.open(t, "PULL", nil).bind(t, loopback)
			s.dials(t, bound)
			s.sees(t, up)
			s.ends(t)
			s.sees(t, stopped)
			return bound
		},
		tells: "connect_delayed (operation now in progress), connected, handshake_succeeded, monitor_stopped",
	},
	{
		name: "disconnect a live peer", typ: zmq.PUSH,
		play: func(t *testing.T, s subject, p *process) string {
			peer := p.open(t, "PULL", nil)
			bound := peer.bind(t, loopback)
			s.dials(t, bound)
			s.sees(t, up)
			s.hangsUp(t, bound)
			peer.await(t, ended)
			s.ends(t)
			s.sees(t, stopped)
			return bound
		},
		tells: "connect_delayed (operation now in progress), connected, handshake_succeeded, monitor_stopped",
	},
	{
		name: "disconnect while the back-off runs", typ: zmq.PUSH,
		play: func(t *testing.T, s subject, p *process) string {
			nobody := freeEndpoint(t)
			s.dials(t, nobody)
			s.sees(t, retried)
			s.hangsUp(t, nobody)
			s.ends(t)
			s.sees(t, stopped)
			return nobody
		},
		tells: "connect_delayed (operation now in progress), closed, connect_retried, monitor_stopped",
	},
	{
		name: "dial nobody", typ: zmq.PUSH, traits: []trait{dialsAnew},
		play: func(t *testing.T, s subject, p *process) string {
			nobody := freeEndpoint(t)
			s.dials(t, nobody)
			s.sees(t, retried, retried, monitor.ConnectDelayed)
			return nobody
		},
		tells: "connect_delayed (operation now in progress), closed, connect_retried, connect_delayed (operation now in progress)",
	},
	{
		name: "dial nobody, once", typ: zmq.PUSH, traits: []trait{dialsOnce},
		play: func(t *testing.T, s subject, p *process) string {
			nobody := freeEndpoint(t)
			s.dials(t, nobody)
			s.sees(t, monitor.Closed)
			s.ends(t)
			s.sees(t, stopped)
			return nobody
		},
		tells: "connect_delayed (operation now in progress), closed, monitor_stopped",
	},
}
