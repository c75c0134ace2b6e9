package zmqtest

import (
	"syscall"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// Each fact has its place, and what differs from run to run has none.
func TestLines(t *testing.T) {
	began := time.Now()
	lines := newTeller(began)
	for _, c := range []struct {
		e    zmq.Event
		want string
	}{
		{zmq.Event{Kind: monitor.Listening, Local: "tcp://0.0.0.0:49152", FD: 7}, "+0s listening tcp://hub:1"},
		{zmq.Event{Kind: monitor.ConnectDelayed, Conn: 30, Attempt: 1, Phase: monitor.InConnect, Err: syscall.EINPROGRESS},
			"+0s connect_delayed tcp://hub:1 attempt=1"},
		{zmq.Event{Kind: monitor.ConnectFailed, Conn: 30, Attempt: 1, Who: monitor.ByPeer, Phase: monitor.InConnect, Reason: monitor.ReasonRefused, Duration: 5},
			"+0s connect_failed tcp://hub:1 attempt=1 reason=refused"},
		{zmq.Event{Kind: monitor.ConnectFailed, Conn: 31, Attempt: 2, Who: monitor.ByNetwork, Phase: monitor.InResolve, Reason: monitor.ReasonResolve},
			"+0s connect_failed tcp://hub:1 attempt=2 phase=resolve reason=resolve"},
		{zmq.Event{Kind: monitor.Closed, Attempt: 2, FD: 9}, "+0s closed tcp://hub:1 attempt=2"},
		{zmq.Event{Kind: monitor.LocalClosed, Conn: 33, Attempt: 2, Who: monitor.ByLocal, Phase: monitor.InConnect, Reason: monitor.ReasonDisconnect},
			"+0s local_closed tcp://hub:1 attempt=2 reason=disconnect"},
		{zmq.Event{Kind: monitor.ConnectRetried, Attempt: 2, Reason: monitor.ReasonRefused, Interval: 200 * time.Millisecond}, "+0s connect_retried tcp://hub:1 interval=200ms"},
		{zmq.Event{Kind: monitor.Connected, Conn: 35, Attempt: 3, Remote: "tcp://127.0.0.1:4"}, "+0s connected tcp://hub:1 #1 attempt=3"},
		{zmq.Event{Kind: monitor.HandshakeSucceeded, Conn: 35, Attempt: 3, PeerType: "REQ", PeerID: "a\nb", UserID: "ada"},
			`+0s handshake_succeeded tcp://hub:1 #1 peer=REQ id="a\nb" user="ada"`},
		{zmq.Event{Kind: monitor.Accepted, Conn: 36}, "+0s accepted tcp://hub:1 #2"},
		{zmq.Event{Kind: monitor.HandshakeFailedProtocol, Conn: 36, Who: monitor.ByLocal, Phase: monitor.InMetadata, Reason: monitor.ReasonPairTaken},
			"+0s handshake_failed_protocol tcp://hub:1 #2 who=local phase=metadata reason=pair_taken"},
		{zmq.Event{Kind: monitor.Disconnected, Conn: 35, Who: monitor.ByNetwork, Phase: monitor.InTraffic, Reason: monitor.ReasonReset,
			MessagesIn: 1, MessagesOut: 2, Unsent: 3, Duration: time.Second},
			"+0s disconnected tcp://hub:1 #1 who=network phase=traffic reason=reset in=1 out=2 unsent=3"},
		{zmq.Event{Kind: monitor.LocalClosed, Conn: 36, Who: monitor.ByLocal, Phase: monitor.InLinger, Reason: monitor.ReasonLingerExpired},
			"+0s local_closed tcp://hub:1 #2 phase=linger reason=linger_expired"},
		{zmq.Event{Kind: monitor.GaveUp, Attempt: 3, Reason: monitor.ReasonNoMoreRetries}, "+0s gave_up tcp://hub:1 attempt=3 reason=no_more_retries"},
		{zmq.Event{Kind: monitor.AcceptFailed, Reason: monitor.ReasonFDLimit, Count: 12}, "+0s accept_failed tcp://hub:1 reason=fd_limit n=12"},
		{zmq.Event{Kind: monitor.QueueFull, Conn: 40, QueueOut: 1000}, "+0s queue_full tcp://hub:1 #3 queue_out=1000"},
		{zmq.Event{Kind: monitor.Subscribed, Conn: 40, Topic: "a b"}, `+0s subscribed tcp://hub:1 #3 topic="a b"`},
	} {
		c.e.Endpoint, c.e.Time = "tcp://hub:1", began
		if got := lines.line(&c.e); got != c.want {
			t.Errorf("got  %s\nwant %s", got, c.want)
		}
	}
	late := zmq.Event{Kind: monitor.MonitorStopped, Time: began.Add(90 * time.Second)}
	if got, want := lines.line(&late), "+1m30s monitor_stopped"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
