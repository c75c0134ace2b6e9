package model

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// sketch is a graph in lines: from -> to, transport, state, how both ends were joined, and by how many ends.
func sketch(g Graph) string {
	var b strings.Builder
	for _, e := range g.Edges {
		fmt.Fprintf(&b, "%s -> %s %s %s %s %d\n", e.From, e.To, e.Transport, e.State, e.Matched, len(e.Conns))
	}
	return b.String()
}

// Real sockets, in what looks like two processes: both ends of each connection are found, over every transport.
func TestBothEndsAreJoined(t *testing.T) {
	x := zmq.NewContext(zmq.ContextConfig{})
	defer x.Close()
	hub := zmq.NewRouter(zmq.Config{Context: x, Name: "hub"})
	var at []string
	for _, endpoint := range []string{"tcp://127.0.0.1:*", "ipc://*", "inproc://here"} {
		bound, err := hub.Bind(endpoint)
		if err != nil {
			t.Fatal(err)
		}
		at = append(at, bound)
	}
	worker := zmq.NewDealer(zmq.Config{Context: x, Name: "worker"})
	for _, endpoint := range append(at, at[0]) {
		if err := worker.Connect(endpoint); err != nil {
			t.Fatal(err)
		}
	}
	for _, s := range []zmq.Socket{hub, worker} {
		if err := s.WaitReady(t.Context(), 4); err != nil {
			t.Fatal(err)
		}
	}
	self := fact.Self("both")
	m := New()
	m.Update(fact.StateOf(self, time.Now(), hub.State(), 0, 0))
	other := self // over inproc there is one process; over the others this is the same one, to the kernel
	m.Update(fact.StateOf(other, time.Now(), worker.State(), 0, 0))
	want := fmt.Sprintf("I/%[2]d -> I/%[1]d tcp ready address 4\nI/%[2]d -> I/%[1]d ipc ready process 2\nI/%[2]d -> I/%[1]d inproc ready process 2\n", hub.ID(), worker.ID())
	lines := strings.Split(strings.ReplaceAll(sketch(m.Graph()), self.ID, "I"), "\n")
	for _, line := range strings.Split(want, "\n") {
		if !contains(lines, line) {
			t.Errorf("no edge %q among %q", line, lines)
		}
	}
	for _, c := range m.Snapshot().Connections {
		if c.PeerSock == "" || c.PeerApp != "both" {
			t.Errorf("the other end of %s is %q of %q", c.Key, c.PeerSock, c.PeerApp)
		}
	}
}

func contains(lines []string, line string) bool {
	for _, l := range lines {
		if l == line {
			return true
		}
	}
	return false
}

// process is one with a socket that has these endpoints and peers.
func process(m *Model, id, host string, st fact.State) {
	st.Instance, st.At, st.Sock, st.Full = fact.Instance{ID: id, App: id, Host: host, PID: 7}, start, 1, true
	for i := range st.Peers {
		st.Peers[i].Conn, st.Peers[i].Since, st.Peers[i].Ready = monitor.ConnID(i+1), start, true
	}
	m.Update(st)
}

func TestTheGraphOfSeveralHosts(t *testing.T) {
	m := New()
	const bind, connect = monitor.SideBind, monitor.SideConnect
	process(m, "server", "h1", fact.State{
		Name: "md", Type: "PUB",
		Endpoints: []fact.Endpoint{{ID: 1, Side: bind, Endpoint: "tcp://*:5", Bound: "tcp://0.0.0.0:5"}, {ID: 2, Side: bind, Endpoint: "tcp://10.0.0.1:6", Bound: "tcp://10.0.0.1:6"}},
		Peers: []fact.Peer{
			{Side: bind, Local: "tcp://10.0.0.1:5", Remote: "tcp://10.0.0.2:40000", Type: "SUB", MessagesOut: 7},
			{Side: bind, Local: "tcp://10.0.0.1:5", Remote: "tcp://10.0.0.9:40001", Type: "SUB", MessagesOut: 3, ID: "risk-2"},
			{Side: bind, Local: "tcp://10.0.0.1:5", Remote: "tcp://10.0.0.9:40002", Type: "SUB"},
			{Side: bind, Local: "tcp://10.0.0.1:5", Remote: "tcp://10.0.0.9:40003", Type: "SUB"},
			{Side: bind, Local: "tcp://127.0.0.1:5", Remote: "tcp://127.0.0.1:40000", Type: "SUB"},
		},
	})
	process(m, "seen", "h2", fact.State{
		Name: "a", Type: "SUB",
		Endpoints: []fact.Endpoint{{ID: 1, Side: connect, Endpoint: "tcp://10.0.0.1:5", Conn: 1}, {ID: 2, Side: connect, Endpoint: "tcp://10.0.0.1:6", Attempt: 3, NextTry: start, Error: "refused"}},
		Peers:     []fact.Peer{{Side: connect, Local: "tcp://10.0.0.2:40000", Remote: "tcp://10.0.0.1:5", Type: "PUB", MessagesIn: 7}},
	})
	process(m, "behind-nat", "h3", fact.State{ // its own address is not what the server sees
		Name: "b", Type: "SUB", Peers: []fact.Peer{{Side: connect, Local: "tcp://192.168.0.5:40001", Remote: "tcp://10.0.0.1:6", Type: "PUB"}},
	})
	process(m, "loopback", "h4", fact.State{ // its loopback is not the server's
		Name: "c", Type: "SUB", Peers: []fact.Peer{{Side: connect, Local: "tcp://127.0.0.1:40000", Remote: "tcp://127.0.0.1:5", Type: "PUB"}},
	})
	want := `peer:tcp://10.0.0.9#risk-2 -> server/1 tcp ready none 1
peer:tcp://10.0.0.9 -> server/1 tcp ready none 2
peer:tcp://127.0.0.1 -> server/1 tcp ready none 1
behind-nat/1 -> server/1 tcp ready endpoint 1
loopback/1 -> peer:tcp://127.0.0.1:5 tcp ready none 1
seen/1 -> server/1 tcp ready address 2
seen/1 -> server/1 tcp waiting endpoint 0
`
	g := m.Graph()
	got := strings.Split(sketch(g), "\n")
	if len(got) != len(strings.Split(want, "\n")) {
		t.Errorf("got %d edges", len(got)-1)
	}
	for _, line := range strings.Split(want, "\n") {
		if !contains(got, line) {
			t.Errorf("no edge %q among\n%s", line, sketch(g))
		}
	}
	for _, e := range g.Edges {
		if e.From == "seen/1" && e.State == "ready" && (e.MessagesIn != 7 || e.MessagesOut != 0) || e.From == "peer:tcp://10.0.0.9#risk-2" && e.MessagesIn != 3 {
			t.Errorf("counts are of From: %+v", e)
		}
	}
	nodes := map[string]Node{}
	for _, n := range g.Nodes {
		nodes[n.ID] = n
	}
	if n := nodes["peer:tcp://10.0.0.9#risk-2"]; n.Label != "risk-2" || n.Known || n.Type != "SUB" {
		t.Errorf("a stranger is %+v", n)
	}
	if n := nodes["server/1"]; n.Label != "md" || !n.Known || n.Host != "h1" || n.Type != "PUB" {
		t.Errorf("a socket is %+v", n)
	}
}

// A graph is the same whichever map was walked first.
func TestAGraphHasAnOrder(t *testing.T) {
	var first string
	for range 20 {
		m := New()
		for n := range 5 {
			process(m, fmt.Sprint("p", n), "h", fact.State{Name: "s", Type: "SUB", Peers: []fact.Peer{{Side: monitor.SideConnect, Remote: fmt.Sprintf("tcp://10.0.0.%d:1", n)}}})
		}
		b, err := json.Marshal(m.Graph())
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = string(b)
		}
		if first != string(b) {
			t.Fatalf("got %s\nand %s", first, b)
		}
	}
}

// Addresses are words of other programs: only transports that there are become transports.
func TestATransportOfAStrangersInventionIsOther(t *testing.T) {
	m := New()
	process(m, "p", "h", fact.State{
		Name: "s", Type: "SUB", Peers: []fact.Peer{{Side: monitor.SideConnect, Remote: "\x1b[2Jboo://x"}, {Side: monitor.SideConnect, Remote: "nothing"}},
		Endpoints: []fact.Endpoint{{ID: 1, Side: monitor.SideConnect, Endpoint: "\x1b]0;://x", NextTry: start}},
	})
	g := m.Graph()
	if len(g.Edges) != 3 {
		t.Fatalf("edges are %+v", g.Edges)
	}
	for _, e := range g.Edges {
		if e.Transport != "other" {
			t.Errorf("an edge is of %q", e.Transport)
		}
	}
}
