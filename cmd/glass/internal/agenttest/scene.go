// Package agenttest is an agent for the tests of those who ask one: it speaks the agent's HTTP, and tells one scene, in which
// there is something of everything.
package agenttest

import (
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// Noon is when the scene is, in the local zone, as people read it.
var Noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.Local)

func ago(d time.Duration) time.Time { return Noon.Add(-d) }

// The processes of the scene: a market data gateway, the risk service that reads it, an order service, and one that has gone.
var (
	gateway = fact.Instance{ID: "k7q2m4aaaabbbbccccddddeeee", App: "md-gw", Host: "h1", PID: 812}
	risk    = fact.Instance{ID: "r3xw9zaaaabbbbccccddddeeee", App: "risk", Host: "h2", PID: 4711}
	orders  = fact.Instance{ID: "o5tt1paaaabbbbccccddddeeee", App: "orders", Host: "h1", PID: 901}
	batch   = fact.Instance{ID: "b2nn8yaaaabbbbccccddddeeee", App: "batch", Host: "h3", PID: 77}
)

// Snapshot is the scene as an agent has it: GET /api/v1/state.
func Snapshot() model.Snapshot {
	return model.Snapshot{
		At: Noon, Seq: 4242,
		Instances: []model.Instance{
			{Instance: batch, Since: ago(26 * time.Hour), Last: ago(3 * time.Minute), Gone: true, Lost: 7},
			{Instance: gateway, Since: ago(2 * time.Hour), Last: ago(time.Second)},
			{Instance: orders, Since: ago(50 * time.Minute), Last: Noon},
			{Instance: risk, Since: ago(40 * time.Minute), Last: Noon},
		},
		Sockets:     sockets(),
		Connections: connections(),
		Conditions:  conditions(),
		Closed:      closed(),
	}
}

func sockets() []model.Socket {
	return []model.Socket{
		{Key: gateway.ID + "/1", Inst: gateway.ID, App: gateway.App, ID: 1, Name: "md-pub", Type: "PUB", Since: ago(2 * time.Hour),
			Endpoints:   []model.Endpoint{{ID: 1, Side: monitor.SideBind, Endpoint: "tcp://*:5556", Bound: "tcp://0.0.0.0:5556", State: model.Listening}},
			Connections: 4, Ready: 3, MessagesOut: 9_182_334, Dropped: 1840, RateOut: 12_480, QueueOut: 1012, SendHWM: 1000, RecvHWM: 1000,
			LastMessage: Noon, History: wave(12_480)},
		{Key: gateway.ID + "/2", Inst: gateway.ID, App: gateway.App, ID: 2, Name: "ctl", Type: "ROUTER", Since: ago(2 * time.Hour),
			Endpoints: []model.Endpoint{{ID: 2, Side: monitor.SideBind, Endpoint: "ipc:///run/md-gw.ctl", Bound: "ipc:///run/md-gw.ctl", State: model.Listening}},
			SendHWM:   1000, RecvHWM: 1000, History: wave(0)},
		{Key: orders.ID + "/1", Inst: orders.ID, App: orders.App, ID: 1, Type: "PUSH", Since: ago(50 * time.Minute),
			Endpoints: []model.Endpoint{{ID: 1, Side: monitor.SideConnect, Endpoint: "tcp://10.0.0.5:5557", State: model.Waiting, Attempt: 31,
				NextTry: Noon.Add(8 * time.Second), Error: "connection refused"}},
			MessagesOut: 210, QueueOut: 40, SendHWM: 1000, RecvHWM: 1000, LastMessage: ago(31 * time.Second), History: wave(2)},
		{Key: risk.ID + "/1", Inst: risk.ID, App: risk.App, ID: 1, Name: "md-sub", Type: "SUB", Since: ago(40 * time.Minute),
			Endpoints: []model.Endpoint{{ID: 1, Side: monitor.SideConnect, Endpoint: "tcp://h1:5556", State: model.Connected, Conn: risk.ID + "/1"}},
			Ready:     1, Connections: 1, MessagesIn: 5_002_133, RateIn: 6_240.5, SendHWM: 1000, RecvHWM: 50_000, LastMessage: Noon, History: wave(6_240)},
		{Key: batch.ID + "/1", Inst: batch.ID, App: batch.App, ID: 1, Name: "report", Type: "REQ", Since: ago(26 * time.Hour), Closed: true},
	}
}

// wave is a minute with a hill in it, as high as peak.
func wave(peak float64) (points []model.Point) {
	for i := range 60 {
		share := 1 - float64((i-40)*(i-40))/1600
		points = append(points, model.Point{Time: ago(time.Duration(59-i) * time.Second), Out: peak * max(0.1, share)})
	}
	return points
}

func connections() []model.Connection {
	pub := model.Connection{Inst: gateway.ID, App: gateway.App, Sock: 1, Name: "md-pub", Type: "PUB", Side: monitor.SideBind, EndpointID: 1,
		Endpoint: "tcp://*:5556", Local: "tcp://10.0.0.1:5556", Mechanism: "CURVE", Version: "3.1", Ready: true, PeerType: "SUB", LastMessage: Noon}
	to := func(n, remote string, change func(*model.Connection)) model.Connection {
		c := pub
		c.Key, c.Remote = gateway.ID+"/"+n, remote
		change(&c)
		return c
	}
	return []model.Connection{
		to("9", "tcp://10.0.0.7:41234", func(c *model.Connection) {
			c.PeerID, c.UserID, c.Since, c.PeerApp, c.PeerSock = "risk-1", "risk", ago(40*time.Minute), risk.App, risk.ID+"/1"
			c.MessagesOut, c.BytesOut, c.RateOut, c.Subscriptions, c.RTT = 5_002_133, 480_204_768, 6_240.5, 1, 0.31
		}),
		to("12", "tcp://10.0.0.7:50022", func(c *model.Connection) {
			c.PeerID, c.UserID, c.Since, c.Dropped, c.QueueOut = "risk-2", "risk", ago(12*time.Minute), 1840, 1000
			c.MessagesOut, c.BytesOut, c.RateOut, c.Subscriptions, c.RTT, c.LastMessage = 4_180_201, 401_299_296, 6_239.5, 2, 214, ago(6*time.Second)
		}),
		to("15", "tcp://192.168.7.20:33070", func(c *model.Connection) {
			c.Since, c.Mechanism, c.QueueOut, c.Subscriptions = ago(90*time.Second), "NULL", 12, 1
		}),
		to("16", "tcp://192.168.7.99:40000", func(c *model.Connection) {
			c.Since, c.Ready, c.PeerType, c.Mechanism, c.Version, c.LastMessage = ago(2*time.Second), false, "", "", "", time.Time{}
		}),
		{Key: risk.ID + "/1", Inst: risk.ID, App: risk.App, Sock: 1, Name: "md-sub", Type: "SUB", Side: monitor.SideConnect, EndpointID: 1,
			Endpoint: "tcp://h1:5556", Local: "tcp://10.0.0.7:41234", Remote: "tcp://10.0.0.1:5556", Mechanism: "CURVE", Version: "3.1", Ready: true,
			PeerType: "PUB", PeerApp: gateway.App, PeerSock: gateway.ID + "/1", Since: ago(40 * time.Minute), MessagesIn: 5_002_133, BytesIn: 480_204_768,
			RateIn: 6_240.5, RTT: 0.29, LastMessage: Noon},
	}
}

func conditions() []model.Condition {
	return []model.Condition{
		{Condition: fact.Condition{Name: "server_down", State: fact.Raised, Since: ago(5 * time.Minute), Severity: "error", Sock: 1, SockType: "PUSH",
			Endpoint: "tcp://10.0.0.5:5557", Count: 31, Why: "nothing listens on tcp://10.0.0.5:5557: 31 attempts in 5m were refused",
			Hint: "start the server, or compare its port and interface with this endpoint"}, Inst: orders.ID, App: orders.App},
		{Condition: fact.Condition{Name: "slow_subscriber", State: fact.Raised, Since: ago(6 * time.Second), Severity: "warn", Sock: 1, SockName: "md-pub",
			SockType: "PUB", Conn: gateway.ID + "/12", Remote: "tcp://10.0.0.7:50022", Peer: "risk-2", Count: 1840,
			Why:  "risk-2 has not read for 6.2 s: its TCP receive window is closed 94 % of the time; 1840 messages dropped",
			Hint: "the subscriber process is the bottleneck, not the network: look at what it does between two receives"}, Inst: gateway.ID, App: gateway.App},
	}
}

func closed() []model.Closed {
	was := connections()[1]
	was.Key, was.Remote, was.Since, was.Dropped, was.QueueOut = gateway.ID+"/10", "tcp://10.0.0.7:49800", ago(38*time.Minute), 0, 0
	stranger := connections()[3]
	stranger.Key, stranger.Remote = gateway.ID+"/14", "tcp://192.168.7.99:39990"
	return []model.Closed{
		{Connection: stranger, Ended: ago(30 * time.Second), Who: monitor.ByPeer, Phase: monitor.InGreeting, Reason: monitor.ReasonNotZMTP, Duration: 1.8,
			Why: "tcp://192.168.7.99:39990 connected but does not speak ZeroMQ: HTTP request", Hint: "a browser, health check, scanner or TLS client has this port: point it elsewhere"},
		{Connection: was, Ended: ago(13 * time.Minute), Who: monitor.ByNetwork, Phase: monitor.InTraffic, Reason: monitor.ReasonReset, Duration: 1_500_000, Unsent: 12,
			Why: "the connection was reset", Hint: "the peer's process was killed, or something between cuts connections"},
	}
}
