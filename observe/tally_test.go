package observe

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

var (
	start = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	here  = fact.Instance{ID: "here", App: "md", Host: "h1", PID: 812}
)

// A tale feeds Tallies with what one socket goes through, and numbers the events.
type tale struct {
	t   *testing.T
	ts  *Tallies
	seq uint64
}

func newTale(t *testing.T, o TallyOptions) *tale { return &tale{t: t, ts: NewTallies(o)} }

// event happens to socket 1, a second after the one before, unless e says otherwise.
func (s *tale) event(k monitor.Kind, e monitor.Event) {
	s.seq++
	e.Kind, e.Seq, e.Time = k, s.seq, start.Add(time.Duration(s.seq)*time.Second)
	if e.SocketID == 0 && k != monitor.Lost {
		e.SocketID, e.SocketName, e.SocketType = 1, "feed", "ROUTER"
	}
	s.ts.Event(here, e)
}

// state is socket 1's now, whole; or of the event that it says.
func (s *tale) state(st fact.State) {
	if st.Seq == 0 {
		st.Seq = s.seq
	}
	st.Instance, st.At, st.Full = here, start.Add(time.Duration(st.Seq)*time.Second), true
	if st.Sock == 0 {
		st.Sock, st.Name, st.Type = 1, "feed", "ROUTER"
	}
	s.ts.State(st)
}

// want compares the series of one metric that are not 0, as "label=value label=value: number", in any order.
func (s *tale) want(when, name string, lines ...string) {
	s.t.Helper()
	got := map[string]bool{}
	for _, line := range series(s.t, s.ts, name) {
		got[line] = true
	}
	for _, line := range lines {
		if !got[line] {
			s.t.Errorf("%s: %s has no %q", when, name, line)
		}
		delete(got, line)
	}
	for line := range got {
		s.t.Errorf("%s: %s has %q", when, name, line)
	}
}

func series(t *testing.T, c prometheus.Collector, name string) (lines []string) {
	t.Helper()
	for _, f := range gather(t, c) {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.Metric {
			if v := m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount()); v != 0 {
				var labels []string
				for _, l := range m.Label {
					if l.GetName() != "socket" || l.GetValue() != "feed" {
						labels = append(labels, l.GetName()+"="+l.GetValue())
					}
				}
				lines = append(lines, fmt.Sprintf("%s: %v", strings.Join(labels, " "), v))
			}
		}
	}
	return lines
}

func gather(t *testing.T, c prometheus.Collector) []*dto.MetricFamily {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(c)
	all, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func peer(conn monitor.ConnID, out, bytes uint64) fact.Peer {
	return fact.Peer{Conn: conn, Side: monitor.SideBind, Ready: true, MessagesOut: out, BytesOut: bytes, Remote: fmt.Sprint("tcp://10.0.0.9:", conn)}
}

// A connection's totals come twice: in states while it lives, in its last event. Nothing is counted twice, nothing is
// missed, in whichever order the two arrive.
func TestTotalsAreCountedOnce(t *testing.T) {
	ended := monitor.Event{Conn: 7, Side: monitor.SideBind, Reason: monitor.ReasonPeerClosed, Phase: monitor.InTraffic, MessagesOut: 15, BytesOut: 150}
	for name, story := range map[string]func(s *tale){
		"event only": func(s *tale) { s.event(monitor.Disconnected, ended) },
		"state, event": func(s *tale) {
			s.state(fact.State{MessagesOut: 10, Peers: []fact.Peer{peer(7, 10, 100)}})
			s.event(monitor.Disconnected, ended)
		},
		"state, event, state": func(s *tale) {
			s.state(fact.State{MessagesOut: 10, Peers: []fact.Peer{peer(7, 10, 100)}})
			s.event(monitor.Disconnected, ended)
			s.state(fact.State{MessagesOut: 15})
		},
		"a state that knows of the event already": func(s *tale) {
			s.state(fact.State{MessagesOut: 10, Peers: []fact.Peer{peer(7, 10, 100)}})
			s.state(fact.State{Seq: 99, MessagesOut: 15})
			s.event(monitor.Disconnected, ended)
		},
		"the same, and no state before": func(s *tale) {
			s.state(fact.State{Seq: 99, MessagesOut: 15})
			s.event(monitor.Disconnected, ended)
		},
		"a state twice": func(s *tale) {
			for range 2 {
				s.state(fact.State{MessagesOut: 15, Peers: []fact.Peer{peer(7, 15, 150)}})
			}
		},
		"the event is lost": func(s *tale) {
			s.state(fact.State{MessagesOut: 15, Peers: []fact.Peer{peer(7, 15, 150)}})
			s.event(monitor.Lost, monitor.Event{Count: 1})
			s.state(fact.State{MessagesOut: 15})
		},
		"the event is lost, and another is not": func(s *tale) {
			s.state(fact.State{MessagesOut: 15, Peers: []fact.Peer{peer(7, 15, 150)}})
			s.event(monitor.Lost, monitor.Event{Count: 1})
			s.state(fact.State{Seq: 99, MessagesOut: 15})
			s.event(monitor.Disconnected, ended)
		},
	} {
		s := newTale(t, TallyOptions{})
		s.event(monitor.Listening, monitor.Event{})
		story(s)
		s.want(name, "zmq_socket_messages_total", "direction=tx: 15")
		s.want(name, "zmq_socket_wire_bytes_total", "direction=tx: 150")
	}
}

func TestDialling(t *testing.T) {
	s := newTale(t, TallyOptions{})
	at := func(e monitor.Event) monitor.Event {
		e.EndpointID, e.Endpoint, e.Side = 4, "tcp://db:1", monitor.SideConnect
		return e
	}
	s.event(monitor.ConnectDelayed, at(monitor.Event{Conn: 1}))
	s.event(monitor.ConnectFailed, at(monitor.Event{Conn: 1, Reason: monitor.ReasonRefused, Phase: monitor.InConnect}))
	s.event(monitor.ConnectRetried, at(monitor.Event{Interval: 200 * time.Millisecond}))
	s.want("refused", "zmq_connect_retry_interval_seconds", "endpoint=tcp://db:1: 0.2")
	s.event(monitor.ConnectFailed, at(monitor.Event{Conn: 2, Reason: "of tomorrow"}))
	s.event(monitor.Connected, at(monitor.Event{Conn: 3, Duration: 3 * time.Millisecond}))
	s.event(monitor.HandshakeSucceeded, at(monitor.Event{Conn: 3, Mechanism: "CURVE", Duration: time.Second}))
	s.want("ready", "zmq_connect_attempts_total", "endpoint=tcp://db:1 result=refused: 1", "endpoint=tcp://db:1 result=other: 1", "endpoint=tcp://db:1 result=ok: 1")
	s.want("ready", "zmq_connect_retry_interval_seconds")
	s.want("ready", "zmq_connect_duration_seconds", ": 1")
	s.want("ready", "zmq_handshake_duration_seconds", "mechanism=CURVE: 1")
	s.want("ready", "zmq_socket_connections_opened_total", "side=connect: 1")
	s.event(monitor.Unbound, at(monitor.Event{Reason: monitor.ReasonDisconnect, Unsent: 4}))
	s.event(monitor.LocalClosed, at(monitor.Event{Conn: 3, Reason: monitor.ReasonDisconnect, Phase: monitor.InTraffic, Unsent: 2}))
	s.want("an endpoint that is gone is no series for ever, and a connection that lingers does not bring it back", "zmq_connect_attempts_total")
	s.want("at the end", "zmq_socket_connections_closed_total", "reason=local: 1")
	s.want("at the end", "zmq_socket_dropped_messages_total", "reason=linger_expired: 6")
	s.event(monitor.ConnectDelayed, at(monitor.Event{Conn: 4}))
	s.event(monitor.Lost, monitor.Event{Count: 2}) // among them the endpoint's last
	s.state(fact.State{Seq: 50, Endpoints: []fact.Endpoint{{ID: 9, Side: monitor.SideConnect, Endpoint: "tcp://other:1"}}})
	for _, f := range gather(t, s.ts) {
		if f.GetName() == "zmq_connect_retry_interval_seconds" && len(f.Metric) != 1 {
			t.Errorf("an endpoint whose end was lost is still there: %v", f.Metric)
		}
	}
	s.event(monitor.ConnectDelayed, at(monitor.Event{Conn: 5}))
	s.event(monitor.LocalClosed, at(monitor.Event{Conn: 5, Reason: monitor.ReasonDisconnect, Phase: monitor.InConnect}))
	s.want("an attempt that is called off", "zmq_connect_attempts_total", "endpoint=tcp://db:1 result=canceled: 1")
	s.want("an attempt that is called off was no connection", "zmq_socket_connections_closed_total", "reason=local: 1")
}

func TestWhyConnectionsEnd(t *testing.T) {
	for want, e := range map[string]monitor.Event{
		"local":             {Kind: monitor.LocalClosed, Reason: monitor.ReasonClose},
		"handover":          {Kind: monitor.LocalClosed, Reason: monitor.ReasonHandover},
		"peer":              {Kind: monitor.Disconnected, Reason: monitor.ReasonPeerClosed},
		"reset":             {Kind: monitor.Disconnected, Reason: monitor.ReasonReset},
		"heartbeat_timeout": {Kind: monitor.Disconnected, Reason: monitor.ReasonTTLExpired},
		"handshake":         {Kind: monitor.Disconnected, Reason: monitor.ReasonReset, Phase: monitor.InMechanism},
		"protocol":          {Kind: monitor.Disconnected, Reason: monitor.ReasonBadFrame},
		"too_large":         {Kind: monitor.Disconnected, Reason: monitor.ReasonOversizeMessage},
		"fd_limit":          {Kind: monitor.Disconnected, Reason: monitor.ReasonFDLimit},
		"other":             {Kind: monitor.Disconnected, Reason: monitor.ReasonOther},
	} {
		s := newTale(t, TallyOptions{})
		e.Conn = 1
		s.event(e.Kind, e)
		s.want(want, "zmq_socket_connections_closed_total", "reason="+want+": 1")
	}
}

// Every reason that there is ends in a class of its metric, and no peer can make one.
func TestReasonsAreBounded(t *testing.T) {
	for r := range monitor.Reasons() {
		for _, phase := range []monitor.Phase{monitor.InGreeting, monitor.InTraffic} {
			e := monitor.Event{Kind: monitor.Disconnected, Conn: 1, Reason: r, Phase: phase}
			if class := closedClass(&e); class < 0 || phase == monitor.InGreeting && closedClasses[class] != "handshake" && r != monitor.ReasonHandover {
				t.Errorf("%s in %s: class %d", r, phase, class)
			}
		}
	}
	s := newTale(t, TallyOptions{})
	s.event(monitor.HandshakeFailedProtocol, monitor.Event{Conn: 1, Reason: "made up"})
	s.event(monitor.HandshakeSucceeded, monitor.Event{Conn: 1, Mechanism: "made up"})
	s.event(monitor.Dropped, monitor.Event{Reason: "made up", Count: 3})
	s.event(1<<40, monitor.Event{})
	s.event(monitor.Accepted|monitor.Connected, monitor.Event{})
	s.want("made up", "zmq_handshake_failures_total", "reason=other: 1")
	s.want("made up", "zmq_handshake_duration_seconds", "mechanism=other: 1")
	s.want("made up", "zmq_socket_dropped_messages_total", "reason=other: 3")
	s.want("made up", "zmq_socket_events_total", "event=handshake_failed_protocol: 1", "event=handshake_succeeded: 1", "event=dropped: 1", "event=other: 2")
}

func TestFullQueues(t *testing.T) {
	s := newTale(t, TallyOptions{})
	bound := monitor.Event{Conn: 7, Side: monitor.SideBind}
	s.event(monitor.QueueFull, bound) // at 1 s, so full since 0.9 s
	s.state(fact.State{Seq: 3, Peers: []fact.Peer{peer(7, 0, 0)}})
	s.want("full", "zmq_socket_pipes_full", "direction=tx: 1")
	s.want("full", "zmq_socket_pipe_full_seconds_total", "direction=tx: 2.1")
	s.event(monitor.QueueDrained, monitor.Event{Conn: 7, Side: monitor.SideBind, Duration: 2500 * time.Millisecond})
	s.want("drained", "zmq_socket_pipes_full")
	s.want("drained", "zmq_socket_pipe_full_seconds_total", "direction=tx: 2.5")
	s.event(monitor.QueueFull, bound) // at 3 s
	s.event(monitor.Disconnected, bound)
	s.want("the peer has gone, and its queue with it", "zmq_socket_pipes_full")
	s.want("the peer has gone, and its queue with it", "zmq_socket_pipe_full_seconds_total", "direction=tx: 3.6")
	dialled := monitor.Event{Conn: 8, EndpointID: 2, Endpoint: "tcp://db:1", Side: monitor.SideConnect}
	s.event(monitor.QueueFull, dialled)
	s.event(monitor.Disconnected, dialled)
	s.want("where we dial the queue stays", "zmq_socket_pipes_full", "direction=tx: 1")
	s.event(monitor.Unbound, monitor.Event{EndpointID: 2, Endpoint: "tcp://db:1", Side: monitor.SideConnect})
	s.want("Disconnect", "zmq_socket_pipes_full")
}

func TestStatesOfPeers(t *testing.T) {
	s := newTale(t, TallyOptions{})
	two := []fact.Peer{peer(1, 0, 0), peer(2, 0, 0)}
	two[0].QueueOut, two[1].QueueOut, two[1].QueueIn, two[1].Ready, two[0].RTT = 3, 5, 1, false, time.Millisecond
	two[0].Subscriptions = 4
	s.state(fact.State{Seq: 1, SendHWM: 10, Peers: two, Endpoints: []fact.Endpoint{{ID: 1, Side: monitor.SideConnect, Endpoint: "tcp://db:1", Conn: 3}}})
	s.want("", "zmq_socket_queued_messages", "direction=tx: 8", "direction=rx: 1")
	s.want("", "zmq_socket_queued_messages_max", "direction=tx: 5", "direction=rx: 1")
	s.want("", "zmq_socket_queue_limit_messages", "direction=tx: 10", "direction=rx: +Inf")
	s.want("", "zmq_socket_connections", "side=bind state=ready: 1", "side=bind state=handshaking: 1", "side=connect state=connecting: 1")
	s.state(fact.State{Seq: 1, SendHWM: 10, Peers: two, Endpoints: []fact.Endpoint{{ID: 1, Side: monitor.SideConnect, Endpoint: "tcp://db:1", Conn: 3}}})
	s.want("one round trip that was seen twice is one", "zmq_heartbeat_rtt_seconds", ": 1")
	s.event(monitor.Disconnected, monitor.Event{Conn: 2, Side: monitor.SideBind})
	s.want("after an end no state has told of yet", "zmq_socket_queued_messages", "direction=tx: 3")

	// A state that says only what has changed.
	changed := peer(1, 9, 9)
	s.ts.State(fact.State{Instance: here, At: start.Add(time.Hour), Seq: 9, Sock: 1, Name: "feed", Type: "ROUTER", MessagesOut: 9, Peers: []fact.Peer{changed, peer(4, 0, 0)}})
	s.want("changed", "zmq_socket_queued_messages")
	s.want("changed", "zmq_socket_connections", "side=bind state=ready: 2", "side=connect state=connecting: 1")
	s.want("changed", "zmq_socket_last_message_timestamp_seconds", fmt.Sprintf("direction=tx: %v", float64(start.Add(time.Hour).Unix())))
}

// A state of many peers comes in several lines, and is whole with the last.
func TestAStateInSeveralLines(t *testing.T) {
	s := newTale(t, TallyOptions{})
	lines := func(more ...fact.State) {
		for i, st := range more {
			st.Instance, st.At, st.Seq, st.Sock, st.Name, st.Type = here, start, 100, 1, "feed", "ROUTER"
			st.Full, st.More = i == 0, i < len(more)-1
			s.ts.State(st)
		}
	}
	s.state(fact.State{Peers: []fact.Peer{peer(1, 0, 10), peer(2, 0, 10), peer(3, 0, 10), peer(4, 0, 10)}})
	s.event(monitor.Lost, monitor.Event{Count: 2}) // among them the ends of 2 and 3
	lines(fact.State{Peers: []fact.Peer{peer(1, 0, 10)}}, fact.State{}, fact.State{Peers: []fact.Peer{peer(4, 0, 10), peer(5, 0, 10)}})
	s.want("", "zmq_socket_connections", "side=bind state=ready: 3")
	s.event(monitor.Disconnected, monitor.Event{Conn: 4, Side: monitor.SideBind, BytesOut: 11})
	s.want("4 was not forgotten between two lines", "zmq_socket_wire_bytes_total", "direction=tx: 51")
}

func TestTheMetricsAreClean(t *testing.T) {
	s := newTale(t, TallyOptions{Instances: true})
	s.state(fact.State{Peers: []fact.Peer{peer(1, 1, 1)}})
	for _, c := range []prometheus.Collector{s.ts, s.ts.Peers(1)} {
		problems, err := testutil.CollectAndLint(c)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range problems {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}
