package agenttest

import (
	"fmt"
	"syscall"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// Facts are what happened in the scene, the oldest first.
func Facts() []fact.Fact {
	var all []fact.Fact
	tell := func(i fact.Instance, e monitor.Event) {
		f, err := fact.Of(i, e)
		if err != nil {
			panic(err) // the scene is fixed, and every event of it has a line
		}
		all = append(all, f)
	}
	pub := monitor.Event{SocketID: 1, SocketName: "md-pub", SocketType: "PUB", EndpointID: 1, Endpoint: "tcp://*:5556", Side: monitor.SideBind,
		Local: "tcp://10.0.0.1:5556", FD: -1, Mechanism: "CURVE", Version: "3.1", UserID: "risk", PeerType: "SUB"}
	at := func(e monitor.Event, d time.Duration, kind monitor.Kind, conn monitor.ConnID, remote, id string) monitor.Event {
		e.Time, e.Kind, e.Conn, e.Remote, e.PeerID, e.Seq = ago(d), kind, conn, remote, id, uint64(len(all)+1)
		return e
	}
	const one, first, second = "tcp://10.0.0.7:41234", "tcp://10.0.0.7:49800", "tcp://10.0.0.7:50022"
	tell(gateway, at(pub, 40*time.Minute, monitor.HandshakeSucceeded, 9, one, "risk-1"))
	tell(gateway, subscribe(at(pub, 40*time.Minute-time.Second, monitor.Subscribed, 9, one, "risk-1"), "md."))
	tell(gateway, at(pub, 38*time.Minute, monitor.Accepted, 10, first, "risk-2"))
	end := at(pub, 13*time.Minute, monitor.Disconnected, 10, first, "risk-2")
	end.Reason, end.Who, end.Phase, end.Err, end.Duration, end.MessagesOut, end.Unsent = monitor.ReasonReset, monitor.ByNetwork, monitor.InTraffic, syscall.ECONNRESET, 25*time.Minute, 9000, 12
	tell(gateway, end)
	tell(gateway, at(pub, 12*time.Minute, monitor.HandshakeSucceeded, 12, second, "risk-2"))
	tell(gateway, subscribe(at(pub, 12*time.Minute-time.Second, monitor.Subscribed, 12, second, "risk-2"), "md.EURUSD"))
	refused := monitor.Event{SocketID: 1, SocketType: "PUSH", EndpointID: 1, Endpoint: "tcp://10.0.0.5:5557", Side: monitor.SideConnect, FD: -1, Attempt: 31,
		Err: syscall.ECONNREFUSED, Reason: monitor.ReasonRefused, Who: monitor.ByPeer, Phase: monitor.InConnect}
	tell(orders, at(refused, 22*time.Second, monitor.ConnectFailed, 31, "tcp://10.0.0.5:5557", ""))
	dropped := at(pub, 4*time.Second, monitor.Dropped, 12, second, "risk-2")
	dropped.Reason, dropped.Count = monitor.ReasonHWM, 920
	tell(gateway, dropped)
	slow := conditions()[1]
	raised, err := fact.Found(gateway, ago(3*time.Second), slow.Condition)
	if err != nil {
		panic(err) // as above
	}
	return append(all, raised)
}

func subscribe(e monitor.Event, topic string) monitor.Event {
	e.Topic = topic
	return e
}

// Timeline is the life of risk-2.
func Timeline(peer string) (model.Timeline, error) {
	return model.TimelineOf(peer, func(yield func(fact.Fact, error) bool) {
		for _, f := range Facts() {
			if !yield(f, nil) {
				return
			}
		}
	})
}

// Busy is the scene with n connections more at the publisher.
func Busy(n int) model.Snapshot {
	s := Snapshot()
	for i := range n {
		c := s.Connections[0]
		c.Key, c.Remote = fmt.Sprintf("%s/%d", gateway.ID, 1000+i), fmt.Sprintf("tcp://10.1.%d.%d:5%04d", i/250, i%250+1, i%10_000)
		c.PeerID, c.PeerApp, c.PeerSock = fmt.Sprintf("sub-%04d", i), "", ""
		c.RateOut = float64(i % 97)
		s.Connections = append(s.Connections, c)
	}
	return s
}
