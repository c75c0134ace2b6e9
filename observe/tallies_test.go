package observe

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

func socket(id uint64, name, typ string) monitor.Event {
	return monitor.Event{SocketID: id, SocketName: name, SocketType: typ}
}

func sockets(t *testing.T, ts *Tallies) (names []string) {
	t.Helper()
	for _, f := range gather(t, ts) {
		if f.GetName() == "zmq_socket_info" {
			for _, m := range f.Metric {
				names = append(names, m.Label[0].GetValue())
			}
		}
	}
	slices.Sort(names)
	return names
}

// A program that makes a socket for each request has as many series as it has sockets at once.
func TestUnnamedSocketsTakeOverEachOthersNumbers(t *testing.T) {
	s := newTale(t, TallyOptions{})
	for id := uint64(1); id <= 100; id++ {
		s.event(monitor.Listening, socket(2*id, "", "REQ"))
		s.event(monitor.Listening, socket(2*id+1, "", "REQ"))
		s.event(monitor.MonitorStopped, socket(2*id, "", "REQ"))
		s.event(monitor.MonitorStopped, socket(2*id+1, "", "REQ"))
	}
	if got := sockets(t, s.ts); !slices.Equal(got, []string{"req-1", "req-2"}) {
		t.Errorf("the sockets are %v", got)
	}
	if len(s.ts.sockets) > 0 {
		t.Errorf("%d sockets that have ended are remembered", len(s.ts.sockets))
	}
	s.want("of all that were", "zmq_socket_events_total", "event=listening socket=req-1: 100", "event=listening socket=req-2: 100",
		"event=monitor_stopped socket=req-1: 100", "event=monitor_stopped socket=req-2: 100")
}

func TestSocketsOfOneNameAreOne(t *testing.T) {
	s := newTale(t, TallyOptions{})
	for id := range uint64(3) {
		s.state(fact.State{Sock: id + 1, Name: "feed", Type: "PUB", MessagesOut: 5, SendHWM: 100 * int(3-id), Peers: []fact.Peer{{Conn: monitor.ConnID(id), QueueOut: int(id)}}})
	}
	s.want("", "zmq_socket_messages_total", "direction=tx: 15")
	s.want("", "zmq_socket_queued_messages", "direction=tx: 3")
	s.want("the lowest", "zmq_socket_queue_limit_messages", "direction=tx: 100")
}

func TestSocketsBeyondTheLimitAreCountedTogether(t *testing.T) {
	s := newTale(t, TallyOptions{MaxSockets: 2})
	for id := range uint64(5) {
		s.event(monitor.Listening, socket(id+1, fmt.Sprint("s", id), "PULL"))
	}
	if got := sockets(t, s.ts); !slices.Equal(got, []string{Other, "s0", "s1"}) {
		t.Errorf("the sockets are %v", got)
	}
	s.want("full", "zmq_monitor_series_truncated", "what=sockets: 3")
	s.event(monitor.MonitorStopped, socket(1, "s0", "PULL"))
	s.event(monitor.MonitorStopped, socket(4, "s3", "PULL"))
	s.event(monitor.Listening, socket(9, "late", "PULL"))
	if got := sockets(t, s.ts); !slices.Equal(got, []string{Other, "late", "s1"}) {
		t.Errorf("after one has closed the sockets are %v: what is over makes room", got)
	}
	s.want("later", "zmq_monitor_series_truncated", "what=sockets: 2")
}

func TestEndpointsBeyondTheLimitAreCountedTogether(t *testing.T) {
	s := newTale(t, TallyOptions{MaxEndpoints: 2})
	at := func(id uint64) monitor.Event {
		return monitor.Event{EndpointID: id, Endpoint: fmt.Sprint("tcp://db:", id), Side: monitor.SideConnect, Conn: monitor.ConnID(id)}
	}
	for id := uint64(1); id <= 4; id++ {
		s.event(monitor.Connected, at(id))
	}
	s.want("", "zmq_connect_attempts_total", "endpoint=tcp://db:1 result=ok: 1", "endpoint=tcp://db:2 result=ok: 1", "endpoint=_other result=ok: 2")
	s.want("", "zmq_monitor_series_truncated", "what=endpoints: 2")
	for _, id := range []uint64{1, 3} {
		s.event(monitor.Unbound, at(id))
	}
	s.event(monitor.Connected, at(4))
	s.event(monitor.Connected, at(5))
	s.want("there is room again, but what is counted together stays so", "zmq_connect_attempts_total",
		"endpoint=tcp://db:5 result=ok: 1", "endpoint=tcp://db:2 result=ok: 1", "endpoint=_other result=ok: 3")
	s.event(monitor.MonitorStopped, monitor.Event{})
	s.want("the socket's end is theirs", "zmq_connect_attempts_total", "endpoint=_other result=ok: 3")
	s.want("the socket's end is theirs", "zmq_monitor_series_truncated")
}

// Several processes: their socket numbers and names mean nothing to each other.
func TestInstancesAreApart(t *testing.T) {
	ts := NewTallies(TallyOptions{Instances: true})
	other := fact.Instance{ID: "there", App: "md", Host: "h2"}
	for _, i := range []fact.Instance{here, other} {
		ts.State(fact.State{Instance: i, Sock: 1, Name: "feed", Type: "PUSH", MessagesOut: 1})
	}
	s := &tale{t: t, ts: ts}
	s.want("", "zmq_socket_messages_total", "app=md direction=tx host=h1 inst=here: 1", "app=md direction=tx host=h2 inst=there: 1")
	ts.Retain(other, map[uint64]struct{}{7: {}}, start)
	s.want("a socket that has ended keeps its counts", "zmq_socket_messages_total", "app=md direction=tx host=h1 inst=here: 1", "app=md direction=tx host=h2 inst=there: 1")
	ts.Forget(other)
	s.want("a process that has ended does not", "zmq_socket_messages_total", "app=md direction=tx host=h1 inst=here: 1")
	ts.Miss(here, 3)
	s.want("", "zmq_monitor_events_dropped_total", "sink=metrics: 3")
}

// The budget: 165 series for a socket and 8 for an endpoint that it dials, with however many peers, and after everything
// has happened that can.
func TestSeriesStayWithinTheBudget(t *testing.T) {
	for typ := range map[string]bool{"PUB": true, "XPUB": true, "ROUTER": true, "REP": true, "PULL": true, "STREAM": true} {
		s := newTale(t, TallyOptions{})
		for k := range monitor.Kinds() {
			for r := range monitor.Reasons() {
				if k != monitor.MonitorStopped && k != monitor.PipesStats {
					e := socket(1, "feed", typ)
					e.Conn, e.Reason, e.Mechanism, e.Side, e.EndpointID, e.Endpoint = 1, r, "CURVE", monitor.SideConnect, 1, "tcp://db:1"
					s.event(k, e)
				}
			}
		}
		some := testutil.CollectAndCount(s.ts)
		var crowd []fact.Peer
		for conn := range monitor.ConnID(5000) {
			p := peer(conn+10, 1, 1)
			p.ID, p.RTT = fmt.Sprint("peer-", conn), time.Duration(conn)
			crowd = append(crowd, p)
		}
		s.state(fact.State{Sock: 1, Name: "feed", Type: typ, MessagesOut: 9, MessagesIn: 9, Peers: crowd})
		// A histogram is one metric to client_golang, and 12 series more to Prometheus.
		const buckets = len(buckets) + 2 // +Inf, sum and count, of which one is counted
		n := testutil.CollectAndCount(s.ts) + 3*buckets - 3
		t.Logf("%s: %d series", typ, n)
		if n > 165+8 {
			t.Errorf("%s has %d series", typ, n)
		}
		if n := testutil.CollectAndCount(s.ts); n > some+12 {
			t.Errorf("%s: %d metrics with 5000 peers, %d without: peers are no label", typ, n, some)
		}
		if n := testutil.CollectAndCount(s.ts.Peers(0)); n > 10*(100+1) {
			t.Errorf("%s: the first 100 of 5000 peers have %d series, want 10 each at most", typ, n)
		}
	}
}

// Who is in the first rows changes; what Other counts never falls, and is nobody's a second time.
func TestOtherPeersNeverFall(t *testing.T) {
	s := newTale(t, TallyOptions{})
	v := s.ts.Peers(1)
	round := func(a, b uint64) {
		s.state(fact.State{Peers: []fact.Peer{peer(1, a, a), peer(2, b, b)}})
	}
	check := func(when string, want ...string) {
		t.Helper()
		got := series(t, v, "zmq_peer_messages_total")
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", when, got, want)
		}
	}
	round(10, 5)
	check("1 has carried more", "direction=tx peer=_other: 5", "direction=tx peer=tcp://10.0.0.9:1: 10")
	round(11, 20)
	check("2 has", "direction=tx peer=_other: 6", "direction=tx peer=tcp://10.0.0.9:2: 20")
	round(30, 22)
	check("1 again", "direction=tx peer=_other: 8", "direction=tx peer=tcp://10.0.0.9:1: 30")
	s.want("", "zmq_monitor_series_truncated", "what=peers: 1")
	s.event(monitor.Disconnected, monitor.Event{Conn: 2, Side: monitor.SideBind})
	check("2 has gone", "direction=tx peer=_other: 8", "direction=tx peer=tcp://10.0.0.9:1: 30")
}

func TestPeersOfOneNameAreOne(t *testing.T) {
	s := newTale(t, TallyOptions{})
	a, b := peer(1, 1, 1), peer(2, 2, 2)
	a.ID, b.ID = "risk", "risk"
	shy := peer(3, 9, 9)
	shy.Ready = false // who has not shown that it may be here has no say in labels
	s.state(fact.State{Peers: []fact.Peer{a, b, shy}})
	v := s.ts.Peers(1)
	if got := series(t, v, "zmq_peer_messages_total"); !slices.Equal(got, []string{"direction=tx peer=risk: 3"}) {
		t.Errorf("the peers are %q", got)
	}
	// A busier one comes, and of the two one goes.
	for range 2 {
		s.state(fact.State{Peers: []fact.Peer{b, peer(4, 99, 99)}})
		if got := series(t, v, "zmq_peer_messages_total"); !slices.Equal(got, []string{"direction=tx peer=tcp://10.0.0.9:4: 99"}) {
			t.Errorf("the peers are %q: the row of two was shown already", got)
		}
	}
}

// A peer may call itself whatever it likes, also what all others are called together.
func TestAPeerThatCallsItselfOther(t *testing.T) {
	s := newTale(t, TallyOptions{})
	sly, slyer := peer(1, 9, 90), peer(2, 8, 80)
	sly.ID, slyer.Remote = Other, Other
	s.state(fact.State{Peers: []fact.Peer{sly, slyer, peer(3, 1, 10)}})
	v := s.ts.Peers(1)
	gather(t, v)
	if got := series(t, v, "zmq_peer_messages_total"); !slices.Equal(got, []string{"direction=tx peer=0x5f6f74686572: 17", "direction=tx peer=_other: 1"}) {
		t.Errorf("the peers are %q", got)
	}
}

var _ prometheus.Collector = (*peerView)(nil)

// What is no text must not bring a scrape down: names are a program's choice, and routing ids any peer's.
func TestNamesThatAreNoText(t *testing.T) {
	s := newTale(t, TallyOptions{Instances: true})
	odd := peer(1, 1, 1)
	odd.ID = "\x00\xff"
	odder := peer(2, 2, 2)
	odder.ID = "\x00\xfe"
	i := fact.Instance{ID: "\xff", App: "\xff", Host: "\xff"}
	s.ts.State(fact.State{Instance: i, Sock: 1, Name: "\xff", Type: "\xff", Peers: []fact.Peer{odd, odder},
		Endpoints: []fact.Endpoint{{ID: 1, Side: monitor.SideConnect, Endpoint: "\xff"}}})
	gather(t, s.ts)
	if got := len(series(t, s.ts.Peers(0), "zmq_peer_messages_total")); got != 2 {
		t.Errorf("two peers with bytes for a name are %d", got)
	}
}

// Other processes may say what they like: it costs no more than so much.
func TestWhatOthersSayIsBounded(t *testing.T) {
	ts := NewTallies(TallyOptions{Instances: true, MaxSockets: 2, MaxEndpoints: 2})
	for i := range uint64(3000) {
		of := fact.Instance{ID: fmt.Sprint("i", i), App: fmt.Sprint("a", i)}
		ts.Event(of, socket(i+1, fmt.Sprint("s", i), fmt.Sprint("T", i)))
		e := socket(1, "s", fmt.Sprint("T", i))
		e.Kind, e.Side, e.Endpoint, e.EndpointID = monitor.Connected, monitor.SideConnect, fmt.Sprint("tcp://", i), i+1
		ts.Event(here, e)
	}
	if n := testutil.CollectAndCount(ts); n > (2+mostInstances)*165+2*8 {
		t.Errorf("%d metrics", n)
	}
	s := &tale{t: t, ts: ts}
	s.want("the rest is admitted", "zmq_monitor_events_dropped_total", fmt.Sprintf("sink=metrics: %d", 3000-1-mostInstances))
}
