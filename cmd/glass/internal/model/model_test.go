package model

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

var start = time.Date(2026, 11, 22, 2, 0, 0, 0, time.UTC)

// A tape tells a model of one process.
type tape struct {
	*Model
	fact.Instance
	now time.Time
	seq map[uint64]uint64
}

func newTape(m *Model, id string) *tape {
	return &tape{Model: m, Instance: fact.Instance{ID: id, App: "app-" + id, Host: "h", PID: 7}, now: start, seq: make(map[uint64]uint64)}
}

func (t *tape) event(e monitor.Event) *tape {
	if e.SocketID == 0 {
		e.SocketID = 1
	}
	if e.SocketType == "" {
		e.SocketName, e.SocketType = fmt.Sprint("s", e.SocketID), "ROUTER"
	}
	if e.Seq == 0 {
		e.Seq = t.seq[e.SocketID] + 1
	}
	t.seq[e.SocketID] = e.Seq
	if e.Time.IsZero() {
		e.Time = t.now
	}
	t.Apply(fact.Fact{Instance: t.Instance, Event: e, Name: e.Kind.String()})
	return t
}

func (t *tape) pass(d time.Duration) *tape {
	for range int(d / time.Second) {
		t.now = t.now.Add(time.Second)
		t.Tick(t.now)
	}
	return t
}

// state is socket 1's; whatever it lacks of a whole one is filled in.
func (t *tape) state(st fact.State) *tape {
	st.Instance, st.At, st.Sock, st.Name, st.Type = t.Instance, t.now, 1, "s1", "ROUTER"
	if st.Seq == 0 {
		st.Seq = t.seq[1]
	}
	t.seq[1] = max(t.seq[1], st.Seq)
	t.Update(st)
	return t
}

func accepted(c monitor.ConnID) monitor.Event {
	return monitor.Event{
		Kind: monitor.Accepted, Conn: c, EndpointID: 1, Side: monitor.SideBind, Endpoint: "tcp://*:1", Local: "tcp://10.0.0.1:1",
		Remote: fmt.Sprintf("tcp://10.0.0.2:%d", c), FD: int(c) + 10,
	}
}

func (t *tape) end(c monitor.ConnID, r monitor.Reason) *tape {
	e := accepted(c)
	e.Kind, e.Reason, e.Phase = monitor.Disconnected, r, monitor.InTraffic
	return t.event(e)
}

func peers(conns ...monitor.ConnID) (all []fact.Peer) {
	for _, c := range conns {
		all = append(all, fact.Peer{Conn: c, Side: monitor.SideBind, EndpointName: "tcp://*:1", Since: start, Ready: true, Remote: fmt.Sprintf("tcp://10.0.0.2:%d", c)})
	}
	return all
}

func keys(s Snapshot) (all []string) {
	for _, c := range s.Connections {
		all = append(all, c.Key)
	}
	return all
}

func TestAWholeStateIsAllThereIs(t *testing.T) {
	m := newTape(New(), "i").event(accepted(1)).event(accepted(2)).event(accepted(3))
	m.state(fact.State{Full: true, Peers: peers(2, 4), Seq: 9})
	s := m.Snapshot()
	if got := fmt.Sprint(keys(s)); got != "[i/2 i/4]" {
		t.Errorf("connected are %s", got)
	}
	if len(s.Closed) != 2 || s.Closed[0].Reason != "" || !strings.Contains(s.Closed[0].Why, "did not get here") {
		t.Errorf("closed are %+v", s.Closed)
	}
	// The event of its end comes all the same, later than the state that knew of it.
	m.event(monitor.Event{Kind: monitor.Disconnected, Conn: 3, Seq: 8, Reason: monitor.ReasonReset, Who: monitor.ByNetwork, Phase: monitor.InTraffic, Duration: 5 * time.Second})
	s = m.Snapshot()
	for _, c := range s.Closed {
		if (c.Reason == monitor.ReasonReset) != (c.Key == "i/3") {
			t.Errorf("%s ended because of %q", c.Key, c.Reason)
		}
	}
	if len(s.Closed) != 2 {
		t.Errorf("%d are closed", len(s.Closed))
	}
}

// What a state has taken in is not taken in again.
func TestAnEventThatAStateKnewOfChangesNothing(t *testing.T) {
	m := newTape(New(), "i").state(fact.State{Full: true, Seq: 9, Peers: peers(1), Dropped: 4})
	late := accepted(5) // it has come and gone
	late.Seq = 7
	drop := accepted(1)
	drop.Kind, drop.Count, drop.Seq = monitor.Dropped, 4, 8
	m.event(late).event(drop)
	s := m.Snapshot()
	if got := fmt.Sprint(keys(s)); got != "[i/1]" || s.Sockets[0].Dropped != 4 {
		t.Errorf("connected are %s, dropped %d", got, s.Sockets[0].Dropped)
	}
}

// A state that goes on in another line has not told all.
func TestAStateThatGoesOnEndsNobodyItDoesNotSpeakOf(t *testing.T) {
	m := newTape(New(), "i")
	for c := range monitor.ConnID(6) {
		m.event(accepted(c + 1))
	}
	m.state(fact.State{Full: true, More: true, Peers: peers(1, 3), Endpoints: []fact.Endpoint{{ID: 1, Side: monitor.SideBind}}})
	if got := fmt.Sprint(keys(m.Snapshot())); got != "[i/1 i/3 i/4 i/5 i/6]" {
		t.Errorf("connected are %s", got)
	}
	m.state(fact.State{Peers: peers(5)})
	if s := m.Snapshot(); fmt.Sprint(keys(s)) != "[i/1 i/3 i/5]" || len(s.Sockets[0].Endpoints) != 1 {
		t.Errorf("it is whole, connected are %v, endpoints %v", keys(s), s.Sockets[0].Endpoints)
	}
}

// A whole state whose last lines were lost says nothing of those that were in them, and what comes next is none of its lines.
func TestAStateThatBreaksOffEndsNobody(t *testing.T) {
	m := newTape(New(), "i")
	for c := range monitor.ConnID(6) {
		m.event(accepted(c + 1))
	}
	m.state(fact.State{Full: true, More: true, Peers: peers(1, 2, 3)}).pass(time.Second)
	m.state(fact.State{Peers: peers(6)})
	if got := fmt.Sprint(keys(m.Snapshot())); got != "[i/1 i/2 i/3 i/4 i/5 i/6]" {
		t.Errorf("connected are %s", got)
	}
}

// A clock that is set back makes one second of no rate.
func TestRatesGoOnWhenAClockIsSetBack(t *testing.T) {
	m := newTape(New(), "i")
	n := uint64(0)
	second := func() float64 {
		m.pass(time.Second)
		n += 100
		st := fact.State{Instance: m.Instance, At: m.now, Sock: 1, Type: "PUB", MessagesOut: n}
		if n > 300 {
			st.At = st.At.Add(-time.Hour)
		}
		m.Update(st)
		return m.Snapshot().Sockets[0].RateOut
	}
	for i, want := range []float64{0, 100, 100, 0, 100, 100} {
		if got := second(); got != want {
			t.Errorf("in second %d the rate is %v, want %v", i, got, want)
		}
	}
}

// Two conditions of one moment that only the place tells apart keep their order.
func TestConditionsHaveAnOrder(t *testing.T) {
	a := Condition{Condition: fact.Condition{Name: "handshake_failing", Remote: "tcp://10.0.0.1"}}
	b := a
	b.Remote = "tcp://10.0.0.2"
	if a.compare(b) >= 0 || b.compare(a) <= 0 {
		t.Error("which is first is not known")
	}
}

// A sampler may be overtaken by events: it has only numbers to tell then.
func TestAnOldStateBringsNobodyBack(t *testing.T) {
	m := newTape(New(), "i").event(accepted(1)).event(accepted(2)).end(1, monitor.ReasonPeerClosed)
	m.state(fact.State{Full: true, Seq: 2, Peers: []fact.Peer{{Conn: 1}, {Conn: 2, QueueOut: 7}}, MessagesIn: 5})
	s := m.Snapshot()
	if len(s.Connections) != 1 || s.Connections[0].QueueOut != 7 || s.Connections[0].Remote != "tcp://10.0.0.2:2" || s.Sockets[0].MessagesIn != 5 {
		t.Errorf("connected are %+v", s.Connections)
	}
}

// Who collects gets events and states in one batch, and may give the events first: what the first whole state knows of before
// is not lost, and what has ended since does not come back.
func TestTheFirstWholeStateMayBeLate(t *testing.T) {
	m := newTape(New(), "i")
	m.seq[1] = 20 // what happened before is in the state
	m.event(accepted(3)).end(2, monitor.ReasonReset).event(monitor.Event{Kind: monitor.Unbound, EndpointID: 2, Side: monitor.SideBind})
	whole := fact.State{
		Full: true, Seq: 20, Peers: peers(1, 2),
		Endpoints: []fact.Endpoint{{ID: 1, Side: monitor.SideBind, Endpoint: "tcp://*:1"}, {ID: 2, Side: monitor.SideBind, Endpoint: "tcp://*:2"}},
	}
	m.state(whole)
	s := m.Snapshot()
	if got := fmt.Sprint(keys(s)); got != "[i/1 i/3]" || len(s.Sockets[0].Endpoints) != 1 || s.Connections[0].Remote == "" {
		t.Errorf("connected are %s, endpoints %+v", got, s.Sockets[0].Endpoints)
	}
	m.end(1, monitor.ReasonReset).state(whole)
	if got := fmt.Sprint(keys(m.Snapshot())); got != "[i/3]" {
		t.Errorf("a second one that is late brings back: connected are %s", got)
	}
}

func TestAProcessThatFallsSilentIsGoneAndMayComeBack(t *testing.T) {
	m := newTape(New(), "i").event(accepted(1)).state(fact.State{Full: true, Peers: peers(1)})
	m.pass(94 * time.Second)
	if s := m.Snapshot(); s.Instances[0].Gone || len(s.Connections) != 1 {
		t.Fatalf("after 94 s: %+v", s)
	}
	m.pass(3 * time.Second)
	s := m.Snapshot()
	if !s.Instances[0].Gone || len(s.Connections) != 0 || !s.Sockets[0].Closed || len(s.Closed) != 1 {
		t.Fatalf("after 97 s: %+v", s)
	}
	m.state(fact.State{Full: true, Peers: peers(1)})
	s = m.Snapshot()
	if s.Instances[0].Gone || len(s.Connections) != 1 || s.Sockets[0].Closed {
		t.Fatalf("it is back: %+v", s)
	}
	m.event(monitor.Event{Kind: monitor.MonitorStopped})
	m.state(fact.State{Full: true, Peers: peers(1)}) // taken before the end, told after it
	if s := m.Snapshot(); !s.Instances[0].Gone || !s.Sockets[0].Closed || len(s.Connections) != 0 {
		t.Fatalf("its socket has closed: %+v", s)
	}
}

func TestLostEventsAreCounted(t *testing.T) {
	m := newTape(New(), "i").event(monitor.Event{Kind: monitor.Lost, Count: 7}).event(monitor.Event{Kind: monitor.Lost, Count: 5})
	if s := m.Snapshot(); s.Instances[0].Lost != 12 {
		t.Errorf("lost are %d", s.Instances[0].Lost)
	}
}

// Whoever comes late hears of the end of what began before.
func TestAnEndWithoutABeginningIsTold(t *testing.T) {
	e := accepted(3)
	e.Kind, e.Seq, e.Duration, e.Reason, e.MessagesIn, e.PeerID = monitor.Disconnected, 40, 8*time.Second, monitor.ReasonPeerClosed, 6, "w"
	s := newTape(New(), "i").event(e).Snapshot()
	if len(s.Closed) != 1 || !s.Closed[0].Since.Equal(start.Add(-8*time.Second)) || s.Closed[0].MessagesIn != 6 || s.Closed[0].PeerID != "w" || s.Closed[0].Duration != 8000 {
		t.Errorf("closed are %+v", s.Closed)
	}
	e.Kind, e.Conn, e.Seq, e.Phase = monitor.LocalClosed, 4, 41, monitor.InConnect // an attempt, which was no connection
	if s := newTape(New(), "i").event(e).Snapshot(); len(s.Closed) != 0 {
		t.Errorf("an attempt is among the closed: %+v", s.Closed)
	}
}

func TestRatesAreOfTheLastSecond(t *testing.T) {
	m := newTape(New(), "i")
	for n := range uint64(10) {
		m.state(fact.State{MessagesOut: 500 * n, Peers: []fact.Peer{{Conn: 1, MessagesIn: 20 * n, QueueIn: 3}}}).pass(time.Second)
	}
	s := m.Snapshot()
	if s.Sockets[0].RateOut != 500 || s.Connections[0].RateIn != 20 || len(s.Sockets[0].History) != 10 || s.Sockets[0].History[9].Out != 500 || s.Sockets[0].History[9].Queue != 3 {
		t.Fatalf("while it sends: %+v", s.Sockets[0])
	}
	m.pass(5 * time.Second) // no state: nothing has changed
	if s := m.Snapshot(); s.Sockets[0].RateOut != 0 || s.Connections[0].RateIn != 0 || !s.Sockets[0].LastMessage.Equal(start.Add(9*time.Second)) {
		t.Fatalf("when it has stopped: %+v", s.Sockets[0])
	}
	m.state(fact.State{MessagesOut: 4600}) // after a pause: what was sent was sent in the last second
	if s := m.Snapshot(); s.Sockets[0].RateOut != 100 {
		t.Fatalf("when it sends again: %+v", s.Sockets[0].RateOut)
	}
	m.pass(100 * time.Second)
	if n := len(m.Snapshot().Sockets[0].History); n != keepHistory {
		t.Errorf("the history has %d points", n)
	}
}

func TestConditionsComeAndGo(t *testing.T) {
	m := newTape(New(), "i").event(accepted(1))
	c := fact.Condition{Name: "flapping", State: fact.Raised, Since: start, Sock: 1, Endpoint: "tcp://db:1", Why: "why"}
	tell := func(c fact.Condition) {
		f, err := fact.Found(m.Instance, m.now, c)
		if err != nil {
			t.Fatal(err)
		}
		m.Apply(f)
	}
	tell(c)
	other := c
	other.Endpoint = "tcp://db:2"
	other.Since = start.Add(-time.Second)
	tell(other)
	s := m.Snapshot()
	if len(s.Conditions) != 2 || s.Conditions[0].Endpoint != "tcp://db:2" || s.Conditions[0].App != "app-i" {
		t.Fatalf("conditions are %+v", s.Conditions)
	}
	c.State, c.Why = fact.Cleared, "over"
	tell(c)
	if s := m.Snapshot(); len(s.Conditions) != 1 {
		t.Fatalf("conditions are %+v", s.Conditions)
	}
}

func TestTheModelIsBounded(t *testing.T) {
	m := newTape(New(), "i")
	for c := range monitor.ConnID(maxConnections + 50) {
		m.event(accepted(c + 1))
	}
	s := m.Snapshot()
	if len(s.Connections) != maxConnections || s.Truncated != 50 || s.Sockets[0].Connections != maxConnections+50 {
		t.Fatalf("%d connections, %d left out, %d in all", len(s.Connections), s.Truncated, s.Sockets[0].Connections)
	}
	for c := range monitor.ConnID(30) {
		m.end(maxConnections+50-c, monitor.ReasonPeerClosed) // those that were left out
	}
	if s := m.Snapshot(); s.Truncated != 20 || len(s.Closed) != 30 {
		t.Fatalf("%d left out, %d closed", s.Truncated, len(s.Closed))
	}
	for n := range uint64(maxSockets + 9) {
		m.event(monitor.Event{Kind: monitor.Listening, SocketID: n + 1, EndpointID: 1, Side: monitor.SideBind})
	}
	if s := m.Snapshot(); len(s.Sockets) != maxSockets || s.Overlooked != 9 {
		t.Fatalf("%d sockets, %d facts overlooked", len(s.Sockets), s.Overlooked)
	}
	for n := range uint64(maxSockets) {
		m.event(monitor.Event{Kind: monitor.MonitorStopped, SocketID: n + 1})
	}
	if s := m.Snapshot(); len(s.Sockets) != keepSockets || len(s.Connections) != 0 || len(s.Closed) != keepClosed || s.Truncated != 0 || m.endpoints != 0 || m.conns != 0 {
		t.Fatalf("%d sockets, %d connections, %d closed, %d left out, %d endpoints", len(s.Sockets), len(s.Connections), len(s.Closed), s.Truncated, m.endpoints)
	}
}

func TestTheLastThatEndedAreKeptInOrder(t *testing.T) {
	m := newTape(New(), "i")
	for c := range monitor.ConnID(keepClosed + 30) {
		m.event(accepted(c+1)).end(c+1, monitor.ReasonReset)
		closed := m.Snapshot().Closed
		if len(closed) != min(int(c)+1, keepClosed) || closed[0].Key != fmt.Sprintf("i/%d", c+1) || closed[len(closed)-1].Key != fmt.Sprintf("i/%d", max(1, int(c)+2-keepClosed)) {
			t.Fatalf("after %d: %d, from %s to %s", c+1, len(closed), closed[0].Key, closed[len(closed)-1].Key)
		}
	}
}

// A process that is killed says nothing, and one that only sends events may be silent for days: it makes room when it must.
func TestTheLongDeadMakeRoom(t *testing.T) {
	m := New()
	for n := range maxSockets {
		newTape(m, fmt.Sprint("old", n)).event(accepted(1))
	}
	late := newTape(m, "late").event(accepted(1))
	if s := m.Snapshot(); s.Overlooked != 1 || len(s.Instances) != maxSockets {
		t.Fatalf("%d facts overlooked, %d instances", s.Overlooked, len(s.Instances))
	}
	late.now = start.Add(2 * time.Hour)
	m.Tick(late.now)
	late.event(accepted(2))
	if s := m.Snapshot(); len(s.Sockets) != maxSockets || s.Instances[0].ID != "late" || m.conns != maxSockets || len(s.Connections) != maxSockets {
		t.Fatalf("%d sockets, %d connections, the first instance is %s", len(s.Sockets), m.conns, s.Instances[0].ID)
	}
}

// The JSON is the contract with the page and the other commands: lists are lists, also when they are empty.
func TestAnEmptySnapshotHasEmptyLists(t *testing.T) {
	b, err := json.Marshal(New().Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"instances", "sockets", "connections", "conditions", "closed"} {
		if !strings.Contains(string(b), `"`+key+`":[]`) {
			t.Errorf("no %s in %s", key, b)
		}
	}
	b, _ = json.Marshal(New().Graph())
	if string(b) != `{"nodes":[],"edges":[]}` {
		t.Errorf("an empty graph is %s", b)
	}
}

func TestASnapshotSharesNothing(t *testing.T) {
	m := newTape(New(), "i").event(accepted(1)).event(monitor.Event{Kind: monitor.Listening, EndpointID: 1, Side: monitor.SideBind}).end(1, "").event(accepted(2)).pass(2 * time.Second)
	before := m.Snapshot()
	kept, _ := json.Marshal(before)
	m.end(2, monitor.ReasonReset).pass(70 * time.Second)
	m.event(monitor.Event{Kind: monitor.Unbound, EndpointID: 1, Side: monitor.SideBind})
	if after, _ := json.Marshal(before); string(after) != string(kept) {
		t.Errorf("a snapshot has changed:\n%s\n%s", kept, after)
	}
}

// Lines come from elsewhere: whatever they say, the model stands, and keeps its counts.
func FuzzLines(f *testing.F) {
	for _, line := range []string{
		`{"event":"accepted","inst":"i","seq":1,"sock":1,"conn":"i/1","side":"bind","endpoint_id":1,"local":"tcp://10.0.0.1:1","remote":"tcp://10.0.0.2:1"}`,
		`{"event":"state","inst":"i","seq":2,"sock":1,"full":true,"more":true,"peers":[{"conn":3,"local":"tcp://[::1]:1","remote":"tcp://[::1]:2"}],"endpoints":[{"id":1,"side":"connect"}]}`,
		`{"event":"connected","sock":2,"zmq_value":7,"fd":7,"remote":"tcp://db:1"}` + "\n" + `{"event":"disconnected","sock":2,"fd":7,"endpoint":"tcp://db:1"}`,
		`{"event":"condition","condition":"drops","state":"raised"}` + "\n" + `{"event":"monitor_stopped","sock":1,"seq":18446744073709551615}`,
		`{"event":"state","sock":1,"peers":[{"conn":1,"tx_msgs":18446744073709551615,"since":"9999-12-31T23:59:59Z"}]}`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, lines []byte) {
		m := New()
		for line := range bytes.Lines(lines) {
			e, st, err := fact.Parse(line)
			switch {
			case err != nil:
			case st != nil:
				m.Update(*st)
			default:
				m.Apply(*e)
			}
			m.Tick(m.now.Add(time.Second))
		}
		s := m.Snapshot()
		s.Graph()
		if len(s.Connections) != m.conns || len(s.Sockets) != m.sockets || s.Truncated != 0 {
			t.Fatalf("%d connections, counted %d; %d sockets, counted %d; %d left out", len(s.Connections), m.conns, len(s.Sockets), m.sockets, s.Truncated)
		}
	})
}

// A second of an agent's model: 20,000 events of 5,000 connections, the state of each, a tick and a snapshot. Half a core is
// 500 ms.
func BenchmarkSecond(b *testing.B) {
	m := newTape(New(), "i")
	const conns = 5000
	state := fact.State{Full: true}
	for c := range monitor.ConnID(conns) {
		m.event(accepted(c + 1))
	}
	b.ReportAllocs()
	for first := monitor.ConnID(1); b.Loop(); first += 10_000 {
		for c := first; c < first+10_000; c++ {
			m.end(c, monitor.ReasonPeerClosed)
			m.event(accepted(c + conns))
		}
		state.Peers = state.Peers[:0]
		for c := range monitor.ConnID(conns) {
			state.Peers = append(state.Peers, fact.Peer{Conn: first + 10_000 + c, Ready: true, MessagesIn: uint64(first), Local: "tcp://10.0.0.1:1", Remote: fmt.Sprintf("tcp://10.0.0.2:%d", c)})
		}
		m.state(state).pass(time.Second)
		if n := len(m.Snapshot().Connections); n != conns {
			b.Fatal(n)
		}
	}
}
