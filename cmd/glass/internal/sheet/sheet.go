// Package sheet is what an agent knows, as tables: one for sockets, for connections, for peers, and so on. The commands that
// list and the screen of top show the same rows, with the same words and the same colours.
//
//	sheet.go      which sheets there are, and the words that rows share
//	sockets.go    sockets, instances
//	conns.go      connections, those that ended, peers
//	trouble.go    conditions, events
//	subs.go       who subscribes to what
//	find.go       which socket, connection or peer a name means
//	detail.go     everything about one of them
//	graph.go      who is connected to whom, as text, for dot and for mermaid
//	timeline.go   one peer's lives
package sheet

import (
	"strings"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
	"github.com/glassmq/zmq/monitor"
)

// A Sheet makes one kind of table.
type Sheet struct {
	Name  string // as the user calls it
	About string // what its rows are
	Empty string // why there may be none, and what to do
	Sort  string // the column that it is sorted by, if nobody says otherwise; "" for the order in which the agent has them
	Table func(model.Snapshot) table.Table
}

const unfed = "no process sends its events to this agent: in Go, observe.Forward does; for libzmq see examples/bridge; or start glass demo"

// Sheets are all that a snapshot has rows for.
var Sheets = []Sheet{
	{"sockets", "open sockets", unfed, "socket", Sockets},
	{"conns", "connections that are up", "nobody is connected; glass ls sockets says which endpoints wait, glass ls conditions why", "socket", Conns},
	{"peers", "who is connected, over however many connections", "nobody is connected; glass ls closed has who was", "peer", Peers},
	{"conditions", "what is wrong now", "nothing is wrong that a detector can see; glass explain lists what they look for", "", Conditions},
	{"closed", "the connections that ended last", "no connection has ended since the agent began to listen; glass history goes farther back", "", Closed},
	{"instances", "processes that send their events", unfed, "app", Instances},
}

// Of is the sheet of this name.
func Of(name string) (Sheet, bool) {
	for _, s := range Sheets {
		if s.Name == name {
			return s, true
		}
	}
	return Sheet{}, false
}

// OfApp keeps of s what belongs to one application; all of it for "".
func OfApp(s model.Snapshot, app string) model.Snapshot {
	if app == "" {
		return s
	}
	s.Instances = only(s.Instances, func(i model.Instance) bool { return i.App == app })
	s.Sockets = only(s.Sockets, func(x model.Socket) bool { return x.App == app })
	s.Connections = only(s.Connections, func(c model.Connection) bool { return c.App == app })
	s.Conditions = only(s.Conditions, func(c model.Condition) bool { return c.App == app })
	s.Closed = only(s.Closed, func(c model.Closed) bool { return c.App == app })
	return s
}

// only is a new slice: what came in may be shown elsewhere. Of nothing it is empty, and in JSON no null.
func only[T any](all []T, keep func(T) bool) []T {
	kept := []T{}
	for _, one := range all {
		if keep(one) {
			kept = append(kept, one)
		}
	}
	return kept
}

// SocketName is how a socket is called in a row: its application, and its name or else its type and number.
func SocketName(app, name, typ, key string) string {
	if name == "" {
		_, number, _ := strings.Cut(key, "/")
		name = strings.ToLower(typ)
		if number != "" {
			name += "-" + number
		}
	}
	if app != "" {
		name = app + "/" + name
	}
	return name
}

// ShortKey is a key as people can read it: of an instance's 26 letters six are plenty, and Find takes them.
func ShortKey(key string) string {
	inst, number, ok := strings.Cut(key, "/")
	if !ok {
		return inst[:min(len(inst), 8)]
	}
	return inst[:min(len(inst), 6)] + "/" + number
}

// PeerName is who the peer of a connection is, as well as that is known: what it calls itself, who it has proved to be, which
// socket of another process it is, the process that the kernel names, or where it comes from.
func PeerName(c model.Connection) string {
	switch {
	case c.PeerID != "":
		return c.PeerID
	case c.UserID != "":
		return c.UserID
	case c.PeerApp != "":
		return c.PeerApp
	}
	return Place(c)
}

// Place is where the peer of a connection is: its address without a scheme and, where somebody accepted it, without the port,
// which is another one each time.
func Place(c model.Connection) string {
	address := bare(c.Remote)
	if address == "" {
		address = bare(c.Endpoint)
	}
	if c.Side != monitor.SideBind || !strings.HasPrefix(c.Remote, "tcp://") {
		return address
	}
	host, _, ok := cutLast(address, ":")
	if !ok {
		return address
	}
	return host
}

// bare is an address without tcp://, which most have; the others say more by their scheme than by the rest.
func bare(address string) string { return strings.TrimPrefix(address, "tcp://") }

func cutLast(s, sep string) (before, after string, found bool) {
	i := strings.LastIndex(s, sep)
	if i < 0 {
		return s, "", false
	}
	return s[:i], s[i+len(sep):], true
}

// severity is the colour of a severity.
func severity(sev string) table.Level {
	switch sev {
	case "error":
		return table.Error
	case "warn":
		return table.Warn
	case "debug":
		return table.Quiet
	}
	return table.Plain
}

// drops is a count of what is lost, which is never nothing to look at.
func drops(n uint64) table.Cell {
	c := table.Count(n)
	if n > 0 {
		c.Level = table.Warn
	}
	return c
}

// fill is a queue's length, and how bad that is: at the mark of one peer the next message waits or is dropped.
func fill(queued, mark int) table.Cell {
	c := table.Count(queued)
	switch {
	case mark > 0 && queued >= mark:
		c.Level = table.Error
	case mark > 0 && queued >= mark-mark/4:
		c.Level = table.Warn
	}
	return c
}

// moment is a time as a cell.
func moment(now, t time.Time) table.Cell {
	return table.Cell{Text: table.Clock(now, t), Order: float64(t.UnixNano()), Level: table.Quiet}
}
