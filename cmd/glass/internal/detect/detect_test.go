package detect

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// A scene is a Detector with a clock, and what it found.
type scene struct {
	t     *testing.T
	d     *Detector
	now   time.Time
	seq   uint64
	found []Found
}

func newScene(t *testing.T, o Thresholds) *scene {
	s := &scene{t: t, d: New(o), now: time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)}
	s.pass(0)
	return s
}

// pass lets time go on, a tick each second.
func (s *scene) pass(d time.Duration) {
	for end := s.now.Add(d); ; s.now = s.now.Add(time.Second) {
		s.found = append(s.found, s.d.Tick(s.now)...)
		if !s.now.Before(end) {
			return
		}
	}
}

var here = fact.Instance{ID: "i", App: "app", Host: "h", PID: 7}

// event happens to socket 1, a SUB that is called md, unless e says otherwise.
func (s *scene) event(e monitor.Event) {
	s.seq++
	e.Seq, e.Time = s.seq, s.now
	if e.SocketID == 0 {
		e.SocketID, e.SocketName, e.SocketType = 1, "md", "SUB"
	}
	s.found = append(s.found, s.d.Event(fact.Fact{Instance: here, Event: e, Name: e.Kind.String()})...)
}

// state is that of socket 1 when it has received n messages.
func (s *scene) state(n uint64) {
	s.found = append(s.found, s.d.State(fact.State{Instance: here, At: s.now, Seq: s.seq, Sock: 1, Name: "md", Type: "SUB", MessagesIn: n})...)
}

// want takes what was found so far: "raised server_down", in order.
func (s *scene) want(lines ...string) {
	s.t.Helper()
	var got []string
	for _, f := range s.found {
		got = append(got, f.State+" "+f.Name)
	}
	if strings.Join(got, ", ") != strings.Join(lines, ", ") {
		s.t.Fatalf("found %q, want %q", got, lines)
	}
	s.found = nil
}

func dialled(k monitor.Kind, conn monitor.ConnID) monitor.Event {
	return monitor.Event{Kind: k, Conn: conn, EndpointID: 1, Endpoint: "tcp://db:1", Side: monitor.SideConnect, Remote: "tcp://10.0.0.2:1", Local: "tcp://10.0.0.1:4000", FD: -1}
}

func because(e monitor.Event, r monitor.Reason) monitor.Event {
	e.Reason = r
	return e
}

// refuse is one attempt that nobody accepts.
func (s *scene) refuse(conn monitor.ConnID) {
	s.event(dialled(monitor.ConnectDelayed, conn))
	s.event(because(dialled(monitor.ConnectFailed, conn), monitor.ReasonRefused))
	s.event(dialled(monitor.ConnectRetried, 0))
}

func (s *scene) up(conn monitor.ConnID) {
	s.event(dialled(monitor.Connected, conn))
	s.event(dialled(monitor.HandshakeSucceeded, conn))
}

func TestAServerThatComesBackSoonIsNotDown(t *testing.T) {
	s := newScene(t, Thresholds{})
	for n := range monitor.ConnID(20) { // a hundred starts, each with a few refused attempts, are none the more a server that is down
		for i := range monitor.ConnID(4) {
			s.refuse(10*n + i + 1)
			s.pass(2 * time.Second)
		}
		s.up(10*n + 9)
		s.pass(40 * time.Second)
		s.event(because(dialled(monitor.Disconnected, 10*n+9), monitor.ReasonPeerClosed))
	}
	s.want()
}

func TestAServerIsDownOnceAndUpOnce(t *testing.T) {
	s := newScene(t, Thresholds{})
	for n := range monitor.ConnID(30) {
		s.refuse(n + 1)
		s.pass(3 * time.Second)
	}
	s.want("raised server_down")
	s.up(100)
	s.pass(4 * time.Second)
	s.event(because(dialled(monitor.Disconnected, 100), monitor.ReasonReset)) // too early: it is down still
	s.refuse(101)
	s.pass(20 * time.Second)
	s.want()
	s.up(102)
	s.pass(time.Minute)
	s.want("cleared server_down")
}

// What an endpoint suffers from changes: it has one condition at a time.
func TestAnEndpointHasOneTroubleAtATime(t *testing.T) {
	s := newScene(t, Thresholds{})
	for n := range monitor.ConnID(6) {
		s.refuse(n + 1)
		s.pass(3 * time.Second)
	}
	for n := range monitor.ConnID(8) {
		s.up(100 + n)
		s.pass(time.Second)
		s.event(because(dialled(monitor.Disconnected, 100+n), monitor.ReasonReset))
		s.pass(time.Second)
	}
	s.want("raised server_down", "cleared server_down", "raised flapping")
	s.event(dialled(monitor.Unbound, 0))
	s.want("cleared flapping")
}

// A server that was down for long, and is back with another key, is not down.
func TestTheLastAttemptsDecide(t *testing.T) {
	s := newScene(t, Thresholds{})
	for n := range monitor.ConnID(60) {
		s.refuse(n + 1)
		s.pass(5 * time.Second)
	}
	s.want("raised server_down")
	for n := range monitor.ConnID(4) {
		s.event(dialled(monitor.Connected, 100+n))
		s.event(because(dialled(monitor.HandshakeFailedProtocol, 100+n), monitor.ReasonWrongServerKey))
		s.event(because(dialled(monitor.Disconnected, 100+n), monitor.ReasonWrongServerKey))
		s.event(dialled(monitor.ConnectRetried, 0))
		s.pass(5 * time.Second)
	}
	s.want("cleared server_down", "raised handshake_failing")
}

// What a reader has lost, a whole state tells: an attempt that ended is not waited for, and what is up is not down.
func TestAWholeStateMakesUpForLostEvents(t *testing.T) {
	s := newScene(t, Thresholds{})
	s.event(dialled(monitor.ConnectDelayed, 1)) // its end is lost
	whole := fact.State{Instance: here, At: s.now, Seq: 1, Sock: 1, Name: "md", Type: "SUB", Full: true}
	whole.Endpoints = []fact.Endpoint{{ID: 1, Side: monitor.SideConnect, Endpoint: "tcp://db:1", Attempt: 1, NextTry: s.now}}
	s.d.State(whole)
	s.pass(30 * time.Second)
	s.want()
	for n := range monitor.ConnID(6) {
		s.refuse(n + 2)
		s.pass(3 * time.Second)
	}
	s.want("raised server_down")
	whole.Seq = s.seq
	whole.Endpoints[0].Conn, whole.Peers = 9, []fact.Peer{{Conn: 9, Ready: true}}
	s.d.State(whole)
	s.pass(6 * time.Second)
	s.want("cleared server_down")
	s.event(because(dialled(monitor.Disconnected, 9), monitor.ReasonReset))
	for n := range monitor.ConnID(6) {
		s.refuse(n + 20)
		s.pass(3 * time.Second)
	}
	s.want("raised server_down")
	whole.Endpoints, whole.Peers = nil, nil
	s.found = append(s.found, s.d.State(whole)...)
	s.want() // it is older than the events
	whole.Seq = s.seq
	s.found = append(s.found, s.d.State(whole)...)
	s.want("cleared server_down")
}

func TestTwoTimeoutsInARowAreABlackHole(t *testing.T) {
	s := newScene(t, Thresholds{BlackHole: time.Hour})
	for n := range monitor.ConnID(2) {
		s.event(dialled(monitor.ConnectDelayed, n+1))
		s.pass(5 * time.Second)
		s.event(because(dialled(monitor.ConnectFailed, n+1), monitor.ReasonTimeout))
	}
	s.want("raised black_hole")
}

// libzmq has no ids and tells of a refused attempt only that there will be another.
func TestEventsOfLibzmqWillDo(t *testing.T) {
	s := newScene(t, Thresholds{})
	at := func(k monitor.Kind) monitor.Event {
		return monitor.Event{Kind: k, Side: monitor.SideConnect, Remote: "tcp://127.0.0.1:5555", FD: 9}
	}
	for range 12 {
		s.event(at(monitor.ConnectDelayed))
		s.event(monitor.Event{Kind: monitor.Closed, Endpoint: "tcp://127.0.0.1:5555", FD: 9})
		s.event(at(monitor.ConnectRetried))
		s.pass(time.Second)
	}
	if len(s.found) == 1 && s.found[0].Endpoint != "tcp://127.0.0.1:5555" {
		t.Errorf("it is about %q", s.found[0].Endpoint)
	}
	if len(s.found) == 1 && !strings.HasPrefix(s.found[0].Why, "connecting to tcp://127.0.0.1:5555 does not succeed") {
		t.Errorf("it says %q", s.found[0].Why)
	}
	s.want("raised server_down")
	s.event(at(monitor.Connected))
	s.event(monitor.Event{Kind: monitor.HandshakeSucceeded, Endpoint: "tcp://127.0.0.1:5555", FD: -1})
	s.pass(10 * time.Second)
	s.want("cleared server_down")

	for range 4 {
		s.event(monitor.Event{Kind: monitor.Accepted, Side: monitor.SideBind, Local: "tcp://0.0.0.0:6666", FD: 10})
		e := monitor.Event{Kind: monitor.HandshakeFailedProtocol, Endpoint: "tcp://0.0.0.0:6666", Value: 0x11000002, Reason: monitor.ReasonMechanismMismatch, FD: -1}
		s.event(e)
		s.event(monitor.Event{Kind: monitor.Disconnected, Endpoint: "tcp://0.0.0.0:6666", FD: 10})
	}
	s.want("raised handshake_failing")
}

// libzmq does not dial again after a protocol error, and does not say so; ours says that it has given up.
func TestAnEndpointThatIsGivenUpIsInTrouble(t *testing.T) {
	s := newScene(t, Thresholds{})
	at := monitor.Event{Kind: monitor.Connected, Side: monitor.SideConnect, Remote: "tcp://127.0.0.1:5555", FD: 9}
	s.event(at)
	s.event(monitor.Event{Kind: monitor.HandshakeFailedProtocol, Endpoint: "tcp://127.0.0.1:5555", Value: 0x11000002, Reason: monitor.ReasonMechanismMismatch, FD: -1})
	s.event(monitor.Event{Kind: monitor.Disconnected, Endpoint: "tcp://127.0.0.1:5555", FD: 9})
	s.pass(9 * time.Second)
	s.want()
	s.pass(2 * time.Second)
	if len(s.found) != 1 || !strings.Contains(s.found[0].Why, "it is not tried again") || !strings.Contains(s.found[0].Hint, "call Connect again") {
		t.Fatalf("found %+v", s.found)
	}
	s.want("raised handshake_failing")

	s = newScene(t, Thresholds{})
	s.event(because(dialled(monitor.ConnectFailed, 1), monitor.ReasonRefused))
	s.event(because(dialled(monitor.GaveUp, 0), monitor.ReasonNoMoreRetries))
	s.want("raised server_down")
	s = newScene(t, Thresholds{})
	s.up(1)
	s.event(because(dialled(monitor.Disconnected, 1), monitor.ReasonPeerClosed))
	s.event(because(dialled(monitor.GaveUp, 0), monitor.ReasonNoMoreRetries))
	s.pass(time.Minute)
	s.want() // to be dialled once
}

func TestOneScannerAndOneConflictAreNothing(t *testing.T) {
	s := newScene(t, Thresholds{})
	knock := monitor.Event{Kind: monitor.HandshakeFailedProtocol, EndpointID: 2, Endpoint: "tcp://*:2", Side: monitor.SideBind, Conn: 5, Reason: monitor.ReasonNotZMTP, FD: -1}
	for n := range 40 { // one from each of many hosts, or of one host once in a while
		knock.Remote = fmt.Sprintf("tcp://10.0.0.%d:999", n%20)
		s.event(knock)
		s.pass(4 * time.Second)
	}
	claims := monitor.Event{Kind: monitor.IdentityConflict, EndpointID: 2, Endpoint: "tcp://*:2", Side: monitor.SideBind, Conn: 5, PeerID: "w", Remote: "tcp://10.0.0.2:1", FD: -1}
	for range 5 {
		s.event(claims)
		s.pass(31 * time.Second)
	}
	s.want()
}

// A process that is gone takes its conditions with it, as a socket that is closed does.
func TestConditionsEndWithTheirSocket(t *testing.T) {
	down := func(s *scene) {
		for n := range monitor.ConnID(6) {
			s.refuse(n + 1)
			s.pass(3 * time.Second)
		}
		s.want("raised server_down")
	}
	s := newScene(t, Thresholds{})
	down(s)
	s.event(monitor.Event{Kind: monitor.MonitorStopped, FD: -1})
	s.want("cleared server_down")
	down(s)
	s.state(0) // it sends states, and then no more
	s.pass(94 * time.Second)
	s.want()
	s.pass(5 * time.Second)
	s.want("cleared server_down")
	if len(s.d.processes) != 0 || s.d.sockets != 0 {
		t.Errorf("%d processes and %d sockets are left of a process that is gone", len(s.d.processes), s.d.sockets)
	}
	down(s)
	s.pass(9 * time.Minute) // libzmq: nobody knows
	s.want()
	s.pass(2 * time.Minute)
	s.want("cleared server_down")
}

// Whatever happens, what is raised is raised once, and cleared once, as the same thing; and all of it ends with the sockets.
func TestEveryConditionIsRaisedOnceAndClearedOnce(t *testing.T) {
	for seed := range uint64(15) {
		r := rand.New(rand.NewPCG(seed, 9))
		s := newScene(t, Thresholds{})
		for range 1500 {
			s.event(anything(r))
			if r.IntN(4) == 0 {
				s.state(uint64(r.IntN(50)))
			}
			if r.IntN(3) == 0 {
				s.pass(time.Duration(r.IntN(4)) * time.Second)
			}
		}
		raisedOnce(t, s.found)
		for n := range uint64(3) {
			s.event(monitor.Event{Kind: monitor.MonitorStopped, SocketID: n + 1, FD: -1})
		}
		if left := raisedOnce(t, s.found); left > 0 {
			t.Fatalf("seed %d: %d conditions have outlived their sockets", seed, left)
		}
	}
}

// raisedOnce checks that raising and clearing alternate, and says how many are raised in the end.
func raisedOnce(t *testing.T, found []Found) int {
	t.Helper()
	there := map[string]bool{}
	for _, f := range found {
		key := fmt.Sprint(f.ID, f.Name, f.Sock, f.Endpoint, f.Conn, f.Remote, f.Condition.Peer)
		if raised := f.State == fact.Raised; raised == there[key] {
			t.Fatalf("%s is %s again", key, f.State)
		}
		there[key] = !there[key]
		if !there[key] {
			delete(there, key)
		}
		if f.Why == "" || (f.Hint == "") != (f.State == fact.Cleared) || f.Since.IsZero() || f.Since.After(f.At) {
			t.Fatalf("words or times are missing: %+v", f)
		}
	}
	return len(there)
}

// anything is an event of one of three sockets, legal or not: of ours or of libzmq's.
func anything(r *rand.Rand) monitor.Event {
	kinds := []monitor.Kind{}
	for k := range monitor.Kinds() {
		if k != monitor.MonitorStopped {
			kinds = append(kinds, k)
		}
	}
	reasons := []monitor.Reason{"", monitor.ReasonRefused, monitor.ReasonTimeout, monitor.ReasonHWM, monitor.ReasonFDLimit, monitor.ReasonNotZMTP, monitor.ReasonReset, "of_tomorrow"}
	e := monitor.Event{
		Kind: kinds[r.IntN(len(kinds))], SocketID: uint64(r.IntN(3) + 1), SocketType: "ROUTER", EndpointID: uint64(r.IntN(3)), Conn: monitor.ConnID(r.IntN(6)),
		Side: []monitor.Side{"", monitor.SideBind, monitor.SideConnect}[r.IntN(3)], Reason: reasons[r.IntN(len(reasons))], FD: r.IntN(4) - 1,
		PeerID: []string{"", "w", "\x00abc", "\xff\xfe"}[r.IntN(4)], Count: uint64(r.IntN(3)), QueueOut: r.IntN(10),
		Local: "tcp://10.0.0.1:1", Remote: fmt.Sprintf("tcp://10.0.0.%d:%d", r.IntN(3), r.IntN(3)), Err: []error{nil, syscall.ECONNREFUSED}[r.IntN(2)],
	}
	e.Endpoint = fmt.Sprintf("tcp://e%d:1", e.EndpointID)
	return e
}

// More sockets, endpoints and peers than there can be honestly are not remembered.
func TestWhatIsRememberedIsBounded(t *testing.T) {
	s := newScene(t, Thresholds{})
	for n := range maxRows + 10 {
		conn := monitor.ConnID(n + 1)
		e := dialled(monitor.QueueFull, conn)
		e.EndpointID = uint64(conn)
		s.event(e)
		e.Kind, e.PeerID = monitor.IdentityConflict, fmt.Sprint("w", n)
		s.event(e)
		e.Kind, e.Side, e.Remote, e.EndpointID = monitor.HandshakeFailedNoDetail, monitor.SideBind, fmt.Sprintf("tcp://h%d:1", n), 1<<40
		s.event(e)
	}
	one := s.d.processes["i"].sockets[1]
	if len(one.queues) != maxRows || len(one.claims) != maxRows || len(one.doors) != maxRows || len(one.dials) != maxRows {
		t.Errorf("%d queues, %d claims, %d doors, %d dials", len(one.queues), len(one.claims), len(one.doors), len(one.dials))
	}
	for n := range maxSockets + 10 {
		s.event(monitor.Event{Kind: monitor.Listening, SocketID: uint64(n + 10), SocketType: "PUB", FD: -1})
	}
	if s.d.sockets != maxSockets {
		t.Errorf("%d sockets", s.d.sockets)
	}
}

func BenchmarkEvents(b *testing.B) {
	d := New(Thresholds{})
	e := dialled(monitor.Accepted, 1)
	for n := 0; b.Loop(); n++ {
		e.Seq, e.SocketID, e.Conn, e.Kind = uint64(n+1), uint64(n%50+1), monitor.ConnID(n%5000+1), monitor.Subscribed
		d.Event(fact.Fact{Instance: here, Event: e})
	}
}

// Lines come from elsewhere: whatever they say, what is raised alternates with what is cleared.
func FuzzLines(f *testing.F) {
	for _, line := range []string{
		`{"event":"connect_failed","inst":"i","seq":1,"sock":1,"conn":"i/1","side":"connect","endpoint_id":1,"endpoint":"tcp://db:1","reason":"refused"}`,
		`{"event":"state","inst":"i","seq":2,"sock":1,"sock_type":"SUB","tx_hwm":5,"rx_msgs":7,"full":true,"peers":[{"conn":3,"ready":true,"tx_queue":5,"local":"tcp://[::1]:1","remote":"tcp://[::1]:2"}]}`,
		`{"event":"connect_retried","sock":2,"remote":"tcp://db:1"}` + "\n" + `{"event":"handshake_failed_protocol","sock":2,"endpoint":"tcp://db:1"}`,
		`{"event":"identity_conflict","sock":1,"peer_id_hex":"77"}` + "\n" + `{"event":"dropped","sock":1,"n":18446744073709551615,"reason":"hwm","conn":"1"}`,
		`{"event":"accept_failed","reason":"fd_limit"}` + "\n" + `{"event":"monitor_stopped","sock":1}`,
	} {
		f.Add([]byte(line+"\n"+line+"\n"+line), uint8(4))
	}
	f.Fuzz(func(t *testing.T, lines []byte, seconds uint8) {
		s := newScene(t, Thresholds{})
		for line := range bytes.Lines(lines) {
			e, st, err := fact.Parse(line)
			switch {
			case err != nil:
			case st != nil:
				s.found = append(s.found, s.d.State(*st)...)
			default:
				s.found = append(s.found, s.d.Event(*e)...)
			}
			s.pass(time.Duration(seconds) * time.Second)
		}
		raisedOnce(t, s.found)
	})
}
