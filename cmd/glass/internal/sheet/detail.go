package sheet

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
	"github.com/glassmq/zmq/observe/fact"
)

// A Detail is everything about one thing.
type Detail struct {
	Title      string             `json:"-"`
	Socket     *model.Socket      `json:"socket,omitempty"` // one of these three
	Connection *model.Connection  `json:"connection,omitempty"`
	Peer       *Peer              `json:"peer,omitempty"`
	Conditions []model.Condition  `json:"conditions"`
	Conns      []model.Connection `json:"connections"` // of a socket or a peer
	Closed     []model.Closed     `json:"closed"`      // that ended lately
	Events     []fact.Fact        `json:"-"`           // the last ones, the oldest first
	Gap        string             `json:"-"`           // why there are no events

	at     time.Time
	fields []field
}

// MarshalJSON has the events as they came.
func (d Detail) MarshalJSON() ([]byte, error) {
	lines := make([]json.RawMessage, len(d.Events))
	for i, f := range d.Events {
		lines[i] = f.Line
	}
	type bare Detail
	return json.Marshal(struct {
		bare
		Events []json.RawMessage `json:"events"`
	}{bare(d), lines})
}

// A field is one line of what is known.
type field struct{ name, text string }

func (d *Detail) add(name string, parts ...string) {
	parts = slices.DeleteFunc(parts, func(s string) bool { return s == "" })
	if len(parts) > 0 {
		d.fields = append(d.fields, field{name, table.Printable(strings.Join(parts, "  "))})
	}
}

// OfSocket is everything in s about one of its sockets.
func OfSocket(s model.Snapshot, x model.Socket) Detail {
	state, _ := SocketState(x)
	d := Detail{Title: SocketName(x.App, x.Name, x.Type, x.Key), Socket: &x, at: s.At}
	d.add("socket", d.Title, x.Type, state)
	d.add("key", x.Key)
	d.process(s, x.Inst)
	d.since(x.Since)
	for _, e := range x.Endpoints {
		d.endpoint(e)
	}
	d.add("peers", peers(x).Text)
	d.add("rate", Spark(x.History, s.At, time.Minute, 30), table.Short(x.RateOut)+"/s out", table.Short(x.RateIn)+"/s in")
	d.traffic(x.MessagesOut, x.MessagesIn, x.LastMessage)
	d.add("queue", fmt.Sprintf("%d out  %d in", x.QueueOut, x.QueueIn), markFor(x))
	d.add("dropped", fmt.Sprint(x.Dropped))
	ours := func(inst string, sock uint64) bool { return inst == x.Inst && sock == x.ID }
	d.Conns = only(s.Connections, func(c model.Connection) bool { return ours(c.Inst, c.Sock) })
	d.Closed = only(s.Closed, func(c model.Closed) bool { return ours(c.Inst, c.Sock) })
	d.Conditions = only(s.Conditions, func(c model.Condition) bool { return ours(c.Inst, c.Sock) })
	return d
}

// OfConn is everything in s about one of its connections.
func OfConn(s model.Snapshot, c model.Connection) Detail {
	x := bySocket(s)[SocketKey(c)]
	d := Detail{Title: PeerName(c), Connection: &c, at: s.At}
	state := "ready"
	if !c.Ready {
		state = "handshake runs"
	}
	d.add("connection", ShortKey(c.Key), state)
	d.add("key", c.Key)
	d.add("socket", SocketName(c.App, c.Name, c.Type, SocketKey(c)), c.Type)
	d.add("endpoint", c.Endpoint, string(c.Side))
	d.add("addresses", c.Local, "⇄", c.Remote)
	d.add("peer", c.PeerID, c.PeerType, pid(c.PeerPID))
	if c.PeerApp != "" || c.PeerSock != "" {
		other := bySocket(s)[c.PeerSock]
		d.add("other end", SocketName(c.PeerApp, other.Name, other.Type, c.PeerSock), c.PeerSock)
	}
	d.add("security", security(c))
	d.add("zmtp", c.Version)
	d.since(c.Since)
	d.add("rate", table.Short(c.RateOut)+"/s out", table.Short(c.RateIn)+"/s in")
	d.traffic(c.MessagesOut, c.MessagesIn, c.LastMessage)
	d.add("bytes", table.Short(float64(c.BytesOut))+" out", table.Short(float64(c.BytesIn))+" in")
	d.add("queue", fmt.Sprintf("%d of %s out  %d of %s in", c.QueueOut, mark(x.SendHWM), c.QueueIn, mark(x.RecvHWM)))
	d.add("dropped", fmt.Sprint(c.Dropped))
	d.add("round trip", table.Millis(c.RTT).Text)
	if c.Subscriptions > 0 {
		d.add("subscribes", "to "+Plural(c.Subscriptions, "prefix", "prefixes"))
	}
	d.Conditions = only(s.Conditions, func(e model.Condition) bool { return e.Conn == c.Key })
	return d
}

// OfPeer is everything in s about one peer.
func OfPeer(s model.Snapshot, p Peer) Detail {
	d := Detail{Title: p.Name, Peer: &p, at: s.At}
	d.add("peer", p.Name, strings.Join(p.Types, ","))
	d.add("addresses", p.Places...)
	d.add("sockets", p.Sockets...)
	d.since(p.Since)
	d.add("rate", table.Short(p.RateOut)+"/s out", table.Short(p.RateIn)+"/s in")
	d.add("queue", fmt.Sprint(p.Queue))
	d.add("dropped", fmt.Sprint(p.Dropped))
	d.add("round trip", table.Millis(p.RTT).Text)
	d.Conns = only(s.Connections, func(c model.Connection) bool { return slices.Contains(p.Conns, c.Key) })
	d.Closed = only(s.Closed, func(c model.Closed) bool { return PeerName(c.Connection) == p.Name })
	d.Conditions = only(s.Conditions, func(c model.Condition) bool {
		return c.Peer == p.Name || slices.Contains(p.Conns, c.Conn)
	})
	return d
}

func (d *Detail) process(s model.Snapshot, inst string) {
	for _, i := range s.Instances {
		if i.ID == inst {
			gone := ""
			if i.Gone {
				gone = "not heard of for " + table.Ago(s.At, i.Last).Text
			}
			d.add("process", i.App, pid(i.PID), on(i.Host), gone)
		}
	}
}

// markFor is a socket's high-water marks, if they are known.
func markFor(x model.Socket) string {
	if x.SendHWM == 0 && x.RecvHWM == 0 {
		return ""
	}
	return "mark for each peer: " + marks(x)
}

func pid(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("pid %d", n)
}

func on(host string) string {
	if host == "" {
		return ""
	}
	return "on " + host
}

func (d *Detail) since(t time.Time) {
	if !t.IsZero() {
		d.add("up", table.Ago(d.at, t).Text, "since "+table.Clock(d.at, t))
	}
}

func (d *Detail) traffic(out, in uint64, last time.Time) {
	idle := ""
	if !last.IsZero() {
		idle = "the last one " + table.Ago(d.at, last).Text + " ago"
	}
	d.add("messages", fmt.Sprintf("%d out", out), fmt.Sprintf("%d in", in), idle)
}

func (d *Detail) endpoint(e model.Endpoint) {
	words, _ := endpointState(e)
	bound, attempt, next := "", "", ""
	if e.Bound != e.Endpoint {
		bound = e.Bound
	}
	if e.Attempt > 0 && e.State != model.Connected {
		attempt = fmt.Sprintf("attempt %d", e.Attempt)
	}
	if wait := e.NextTry.Sub(d.at); !e.NextTry.IsZero() && wait > 0 {
		next = "next in " + table.Span(wait)
	}
	d.add(string(e.Side), e.Endpoint, bound, words, attempt, next, e.Error)
}

// Filter is which events d is about: of conns those that bear their keys, since an address may be somebody else's by now.
func (d Detail) Filter() (sock, peer, grep string) {
	switch {
	case d.Socket != nil:
		return d.Socket.Key, "", ""
	case d.Connection != nil:
		return "", "", connsPattern([]string{d.Connection.Key})
	}
	if named := slices.ContainsFunc(d.Conns, func(c model.Connection) bool { return c.PeerApp == d.Peer.Name && c.PeerID == "" && c.UserID == "" }); named {
		return "", "", connsPattern(d.Peer.Conns) // the name is ours: no event has it
	}
	return "", d.Peer.Name, ""
}

// connsPattern is a regular expression for the lines about these connections. Keys are letters, digits and a slash.
func connsPattern(keys []string) string {
	const most = 50 // of a peer with more, some will do
	return `"conn":"(` + strings.Join(keys[:min(len(keys), most)], "|") + `)"`
}

// Past adds, under the rate of now, what a socket did in a time before: how fast it was in each step of it, where it was not idle.
func (d *Detail) Past(name string, span, step time.Duration, rates []model.Point) {
	if len(rates) == 0 {
		return
	}
	steps, highest := map[time.Time]float64{}, 0.0
	for _, p := range rates {
		steps[p.Time.Truncate(step)] = p.Out + p.In
		highest = max(highest, p.Out+p.In)
	}
	var all []model.Point
	for t := rates[0].Time.Truncate(step); t.Before(d.at); t = t.Add(step) {
		all = append(all, model.Point{Time: t.Add(step / 2), Out: steps[t]}) // its middle: the last step has not ended yet
	}
	line := field{name, Spark(all, d.at, span, 30) + "  at the most " + table.Short(highest) + "/s"}
	at := 1 + slices.IndexFunc(d.fields, func(f field) bool { return f.name == "rate" })
	d.fields = slices.Insert(d.fields, at, line)
}

// Lines is d as text: what is known, what is wrong, who is connected, who was, what happened.
func (d Detail) Lines(look table.Look) []string {
	var lines []string
	for _, f := range d.fields {
		lines = append(lines, clip(fmt.Sprintf("%-11s %s", f.name, f.text), look))
	}
	for _, c := range d.Conditions {
		lines = append(lines, "")
		lines = append(lines, ConditionLines(c, d.at, look)...)
	}
	lines = append(lines, part("connections", Conns(model.Snapshot{At: d.at, Connections: d.Conns}), look)...)
	lines = append(lines, part("ended lately", Closed(model.Snapshot{At: d.at, Closed: d.Closed[:min(len(d.Closed), 5)]}), look)...)
	if d.Gap != "" {
		return append(lines, "", d.Gap)
	}
	return append(lines, part("last events", Events(d.at, d.Events), look)...)
}

func clip(s string, look table.Look) string {
	if look.Width > 0 {
		return table.Cut(s, look.Width)
	}
	return s
}

func part(title string, t table.Table, look table.Look) []string {
	if len(t.Rows) == 0 {
		return nil
	}
	head := title
	if look.Colour {
		head = table.Strong.Paint(title)
	}
	inner := look
	if inner.Width > 0 {
		inner.Width -= 2
	}
	lines := []string{"", head}
	for line := range strings.Lines(t.String(inner)) {
		lines = append(lines, "  "+strings.TrimSuffix(line, "\n"))
	}
	return lines
}

// ConditionLines is a condition in words: what is wrong and since when, why, what to do.
func ConditionLines(c model.Condition, at time.Time, look table.Look) []string {
	head := table.Printable(c.Name)
	if look.Colour {
		head = severity(c.Severity).Paint(head)
	}
	about := cmp.Or(c.Peer, c.Remote, c.Endpoint, c.SockName)
	lines := []string{head + "  " + table.Printable(strings.Join([]string{c.Severity, "for " + table.Ago(at, c.Since).Text, about}, "  "))}
	lines = append(lines, Folded("  why  ", c.Why, look.Width)...)
	return append(lines, Folded("  do   ", c.Hint, look.Width)...)
}

// Folded is text under a heading, broken between words where the terminal ends.
func Folded(head, text string, width int) (lines []string) {
	if text == "" {
		return nil
	}
	line := head
	for i, word := range strings.Fields(table.Printable(text)) {
		switch {
		case i == 0:
			line += word
		case width > 0 && table.Width(line)+1+table.Width(word) > width:
			lines = append(lines, line)
			line = strings.Repeat(" ", table.Width(head)) + word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
