package sheet

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
	"github.com/glassmq/zmq/monitor"
)

// Conns are the connections of s that are up.
func Conns(s model.Snapshot) table.Table {
	t := table.Table{Columns: []table.Column{
		{Name: "SOCKET", Elastic: true}, {Name: "PEER", Elastic: true}, {Name: "TYPE"},
		{Name: "TX/S", Right: true}, {Name: "RX/S", Right: true}, {Name: "QUEUE", Right: true}, {Name: "DROPS", Right: true},
		{Name: "RTT", Right: true}, {Name: "UP", Right: true}, {Name: "CONN"}, {Name: "ADDRESS", Elastic: true, Spare: true},
		{Name: "STATE", Wide: true}, {Name: "SECURITY", Wide: true}, {Name: "ZMTP", Wide: true}, {Name: "SUBS", Right: true, Wide: true},
		{Name: "TX", Right: true, Wide: true}, {Name: "RX", Right: true, Wide: true},
		{Name: "TX BYTES", Right: true, Wide: true}, {Name: "RX BYTES", Right: true, Wide: true}, {Name: "IDLE", Right: true, Wide: true},
	}}
	of := bySocket(s)
	for _, c := range s.Connections {
		state := table.Text("ready")
		if !c.Ready {
			state = table.Text("handshake").At(table.Warn)
		}
		t.Rows = append(t.Rows, table.Row{Key: c.Key, Value: c, Cells: []table.Cell{
			table.Text(SocketName(c.App, c.Name, c.Type, SocketKey(c))), table.Text(PeerName(c)), peerType(c),
			table.Rate(c.RateOut), table.Rate(c.RateIn), connQueue(c, of[SocketKey(c)]), drops(c.Dropped),
			table.Millis(c.RTT), table.Ago(s.At, c.Since), table.Text(ShortKey(c.Key)), table.Text(bare(cmp.Or(c.Remote, c.Endpoint))),
			state, table.Text(security(c)), table.Text(c.Version), table.Count(c.Subscriptions),
			table.Count(c.MessagesOut), table.Count(c.MessagesIn), table.Bytes(c.BytesOut), table.Bytes(c.BytesIn), table.Ago(s.At, c.LastMessage),
		}})
	}
	return t
}

func bySocket(s model.Snapshot) map[string]model.Socket {
	of := make(map[string]model.Socket, len(s.Sockets))
	for _, x := range s.Sockets {
		of[x.Key] = x
	}
	return of
}

// SocketKey is the key of the socket that a connection is one of.
func SocketKey(c model.Connection) string { return fmt.Sprintf("%s/%d", c.Inst, c.Sock) }

// peerType is what the peer is; of one whose handshake is not through nobody knows.
func peerType(c model.Connection) table.Cell {
	if !c.Ready && c.PeerType == "" {
		return table.Text("…").At(table.Warn)
	}
	return table.Text(c.PeerType)
}

func security(c model.Connection) string {
	if c.UserID == "" {
		return c.Mechanism
	}
	return c.Mechanism + " " + c.UserID
}

// connQueue is how much waits in both directions, and whether one of them is at its mark.
func connQueue(c model.Connection, x model.Socket) table.Cell {
	cell := table.Count(c.QueueOut + c.QueueIn)
	if worst := max(fill(c.QueueOut, x.SendHWM).Level, fill(c.QueueIn, x.RecvHWM).Level); worst >= table.Warn {
		cell.Level = worst
	}
	return cell
}

// A Peer is who is at the other end of some connections.
type Peer struct {
	Name        string    `json:"peer"`
	Types       []string  `json:"peer_types"`
	Places      []string  `json:"addresses"`
	Sockets     []string  `json:"sockets"`
	Conns       []string  `json:"conns"`
	RateOut     float64   `json:"tx_rate"`
	RateIn      float64   `json:"rx_rate"`
	Queue       int       `json:"queue"`
	Dropped     uint64    `json:"dropped"`
	RTT         float64   `json:"rtt_ms,omitempty"` // the longest
	Since       time.Time `json:"since"`            // of the oldest connection
	LastMessage time.Time `json:"last_message,omitzero"`
}

// Peers are those who are connected in s: connections whose peers have one name are one peer's.
func Peers(s model.Snapshot) table.Table {
	t := table.Table{Columns: []table.Column{
		{Name: "PEER", Elastic: true}, {Name: "TYPE"}, {Name: "CONNS", Right: true}, {Name: "SOCKETS", Elastic: true},
		{Name: "TX/S", Right: true}, {Name: "RX/S", Right: true}, {Name: "QUEUE", Right: true}, {Name: "DROPS", Right: true},
		{Name: "RTT", Right: true}, {Name: "UP", Right: true}, {Name: "ADDRESS", Elastic: true, Spare: true}, {Name: "IDLE", Right: true, Wide: true},
	}}
	for _, p := range peersOf(s) {
		t.Rows = append(t.Rows, table.Row{Key: p.Name, Value: p, Cells: []table.Cell{
			table.Text(p.Name), table.Text(strings.Join(p.Types, ",")), table.Count(len(p.Conns)), table.Text(strings.Join(p.Sockets, " ")),
			table.Rate(p.RateOut), table.Rate(p.RateIn), table.Count(p.Queue), drops(p.Dropped),
			table.Millis(p.RTT), table.Ago(s.At, p.Since), table.Text(strings.Join(p.Places, " ")), table.Ago(s.At, p.LastMessage),
		}})
	}
	return t
}

func peersOf(s model.Snapshot) []Peer {
	all := map[string]*Peer{}
	for _, c := range s.Connections {
		name := PeerName(c)
		p := all[name]
		if p == nil {
			p = &Peer{Name: name, Since: c.Since}
			all[name] = p
		}
		p.add(c)
	}
	var peers []Peer
	for _, name := range slices.Sorted(maps.Keys(all)) {
		peers = append(peers, *all[name])
	}
	return peers
}

func (p *Peer) add(c model.Connection) {
	p.Types = include(p.Types, c.PeerType)
	p.Places = include(p.Places, Place(c))
	p.Sockets = include(p.Sockets, SocketName(c.App, c.Name, c.Type, SocketKey(c)))
	p.Conns = append(p.Conns, c.Key)
	p.RateOut, p.RateIn = p.RateOut+c.RateOut, p.RateIn+c.RateIn
	p.Queue, p.Dropped, p.RTT = p.Queue+c.QueueOut+c.QueueIn, p.Dropped+c.Dropped, max(p.RTT, c.RTT)
	if c.Since.Before(p.Since) {
		p.Since = c.Since
	}
	if c.LastMessage.After(p.LastMessage) {
		p.LastMessage = c.LastMessage
	}
}

// include keeps a few words, each once, in order.
func include(words []string, word string) []string {
	at, there := slices.BinarySearch(words, word)
	if there || word == "" {
		return words
	}
	return slices.Insert(words, at, word)
}

// Closed are the connections of s that ended last.
func Closed(s model.Snapshot) table.Table {
	t := table.Table{Columns: []table.Column{
		{Name: "ENDED", Right: true}, {Name: "SOCKET", Elastic: true}, {Name: "PEER", Elastic: true}, {Name: "REASON"}, {Name: "WHO"},
		{Name: "LASTED", Right: true}, {Name: "TX", Right: true}, {Name: "RX", Right: true}, {Name: "UNSENT", Right: true},
		{Name: "CONN", Wide: true}, {Name: "PHASE", Wide: true}, {Name: "WHY", Elastic: true, Spare: true}, {Name: "HINT", Wide: true},
	}}
	for _, c := range s.Closed {
		t.Rows = append(t.Rows, table.Row{Key: c.Key, Value: c, Cells: []table.Cell{
			moment(s.At, c.Ended), table.Text(SocketName(c.App, c.Name, c.Type, SocketKey(c.Connection))), table.Text(PeerName(c.Connection)),
			table.Text(string(c.Reason)).At(endLevel(c)), table.Text(string(c.Who)),
			table.Millis(c.Duration), table.Count(c.MessagesOut), table.Count(c.MessagesIn), drops(c.Unsent),
			table.Text(ShortKey(c.Key)), table.Text(string(c.Phase)), table.Text(c.Why), table.Text(c.Hint),
		}})
	}
	return t
}

// endLevel is how bad an end was: as the event says that told of it. Of one that nobody saw there is nothing to say.
func endLevel(c model.Closed) table.Level {
	if c.Reason == "" {
		return table.Plain
	}
	e := monitor.Event{Kind: monitor.Disconnected, Reason: c.Reason, Unsent: c.Unsent}
	if c.Ready && c.Who == monitor.ByLocal {
		e.Kind = monitor.LocalClosed
	}
	return severity(strings.ToLower(e.Level().String()))
}
