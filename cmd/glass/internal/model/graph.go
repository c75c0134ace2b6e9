package model

import (
	"maps"
	"net/netip"
	"slices"
	"strings"

	"github.com/glassmq/zmq/monitor"
)

// A Graph is who is connected to whom: the JSON of GET /api/v1/graph.
type Graph struct {
	Nodes []Node `json:"nodes"` // by id
	Edges []Edge `json:"edges"`
}

// A Node is a socket of the model, or a peer that is only known from its other end.
type Node struct {
	ID    string `json:"id"` // Socket.Key, or "peer:<address>"
	Label string `json:"label"`
	App   string `json:"app,omitempty"`
	Host  string `json:"host,omitempty"`
	Type  string `json:"type,omitempty"`
	Known bool   `json:"known"` // it is in the model
}

// An Edge is all connections from one node to another that are alike, or what an endpoint dials without one. From dialled.
type Edge struct {
	From      string   `json:"from"`
	To        string   `json:"to"`
	Conns     []string `json:"conn"`      // the keys of the ends that are in the model
	Transport string   `json:"transport"` // tcp, ipc, inproc, other
	State     string   `json:"state"`     // "ready", "handshake"; without a connection the endpoint's state
	Matched   string   `json:"matched"`   // how both ends were joined

	MessagesOut uint64  `json:"tx_msgs"` // of From
	MessagesIn  uint64  `json:"rx_msgs"`
	Rate        float64 `json:"rate"` // messages a second, both ways
}

// Graph is who is connected to whom now.
func (m *Model) Graph() Graph { return m.Snapshot().Graph() }

// Graph is who was connected to whom then.
func (s Snapshot) Graph() Graph {
	g := grapher{matcher: newMatcher(&s), nodes: make(map[string]Node), edges: make(map[edgeKey]*Edge), up: make(map[string]bool)}
	g.at = g.listeners()
	for i := range s.Sockets {
		g.socket(&s.Sockets[i])
	}
	for i := range s.Connections {
		g.connection(i)
	}
	for i := range s.Sockets {
		g.waits(&s.Sockets[i])
	}
	out := Graph{Nodes: make([]Node, 0, len(g.nodes)), Edges: make([]Edge, 0, len(g.order))}
	for _, id := range slices.Sorted(maps.Keys(g.nodes)) {
		out.Nodes = append(out.Nodes, g.nodes[id])
	}
	for _, key := range g.order {
		out.Edges = append(out.Edges, *g.edges[key])
	}
	return out
}

type edgeKey struct{ from, to, transport, state, matched string }

type grapher struct {
	*matcher
	at    map[uint16][]listener
	up    map[string]bool // connections
	nodes map[string]Node
	edges map[edgeKey]*Edge
	order []edgeKey
}

func (g *grapher) socket(s *Socket) {
	if s.Closed {
		return
	}
	label := s.Name
	if label == "" {
		label = strings.ToLower(s.Type)
	}
	g.nodes[s.Key] = Node{ID: s.Key, Label: label, App: s.App, Host: g.of[s.Inst].Host, Type: s.Type, Known: true}
}

// connection draws one, once for both ends.
func (g *grapher) connection(i int) {
	c := &g.Connections[i]
	g.up[c.Key] = true
	if j := g.mate[i]; j >= 0 {
		if dials := &g.Connections[j]; c.Side == monitor.SideBind {
			g.edge(dials.socket(), c.socket(), dials, g.how[i], c.Key)
		}
		return
	}
	if c.Side == monitor.SideConnect {
		to, how := g.dialled(c.Inst, c.Remote, c.PeerType)
		g.edge(c.socket(), to, c, how)
		return
	}
	mirrored := *c
	mirrored.MessagesOut, mirrored.MessagesIn = c.MessagesIn, c.MessagesOut
	g.edge(g.stranger(c), c.socket(), &mirrored, ByNothing)
}

// dialled is the node at an address.
func (g *grapher) dialled(inst, remote, typ string) (id, how string) {
	if s := listening(g.at, g.of[inst].Host, remote); s != nil {
		return s.Key, ByEndpoint
	}
	id = "peer:" + remote
	if _, there := g.nodes[id]; !there || typ != "" {
		g.nodes[id] = Node{ID: id, Label: remote, Type: typ}
	}
	return id, ByNothing
}

// stranger is who came from elsewhere: one node for each name, and for what has none, one for each host. Its port, which the
// system chose, says nothing.
func (g *grapher) stranger(c *Connection) string {
	at := host(c.Remote)
	id, label := "peer:"+at, at
	if at == "" { // libzmq's monitor does not say from where
		id, label = "peer:?"+c.socket(), "unknown"
	}
	if c.PeerID != "" {
		id, label = id+"#"+c.PeerID, c.PeerID
	}
	n := Node{ID: id, Label: label, Type: c.PeerType}
	if before, there := g.nodes[id]; there && before.Type != n.Type {
		n.Type = ""
	}
	g.nodes[id] = n
	return id
}

// host is an address without its port.
func host(addr string) string {
	if a, ok := address(addr); ok {
		return "tcp://" + bracketed(a.Addr())
	}
	return addr
}

func bracketed(a netip.Addr) string {
	if a.Is6() {
		return "[" + a.String() + "]"
	}
	return a.String()
}

func (g *grapher) edge(from, to string, c *Connection, how string, others ...string) {
	state := "handshake"
	if c.Ready {
		state = "ready"
	}
	e := g.between(edgeKey{from, to, transportOf(c.Local + c.Remote), state, how})
	e.Conns = append(append(e.Conns, c.Key), others...)
	e.MessagesOut += c.MessagesOut
	e.MessagesIn += c.MessagesIn
	e.Rate += c.RateOut + c.RateIn
}

// transportOf is the transport of an address. Whoever sends facts chooses its words: of them only those are taken that there are.
func transportOf(addr string) string {
	switch name, _, ok := strings.Cut(addr, "://"); {
	case ok && (name == "tcp" || name == "ipc" || name == "inproc"):
		return name
	}
	return "other"
}

func (g *grapher) between(key edgeKey) *Edge {
	e := g.edges[key]
	if e == nil {
		e = &Edge{From: key.from, To: key.to, Conns: []string{}, Transport: key.transport, State: key.state, Matched: key.matched}
		g.edges[key] = e
		g.order = append(g.order, key)
	}
	return e
}

// waits draws what a socket dials in vain: a link that is missing.
func (g *grapher) waits(s *Socket) {
	for _, ep := range s.Endpoints {
		if ep.State != Waiting && ep.State != GaveUp && ep.State != Connecting {
			continue
		}
		if g.up[ep.Conn] {
			continue // its handshake runs, and it is drawn already
		}
		to, how := g.dialled(s.Inst, ep.Endpoint, "")
		g.between(edgeKey{s.Key, to, transportOf(ep.Endpoint), ep.State, how})
	}
}
