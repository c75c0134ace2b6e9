package sheet

import (
	"cmp"
	"encoding/json"
	"strings"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
	"github.com/glassmq/zmq/observe/fact"
)

// Conditions are what is wrong in s.
func Conditions(s model.Snapshot) table.Table {
	t := table.Table{Columns: []table.Column{
		{Name: "SEV"}, {Name: "CONDITION"}, {Name: "FOR", Right: true}, {Name: "SOCKET", Elastic: true}, {Name: "ABOUT", Elastic: true},
		{Name: "N", Right: true}, {Name: "WHY", Elastic: true}, {Name: "HINT", Wide: true, Elastic: true},
	}}
	for _, c := range s.Conditions {
		t.Rows = append(t.Rows, table.Row{Key: conditionKey(c), Value: c, Cells: []table.Cell{
			table.Text(c.Severity).At(severity(c.Severity)), table.Text(c.Name).At(severity(c.Severity)), table.Ago(s.At, c.Since),
			table.Text(conditionSocket(c)), table.Text(conditionAbout(c)), table.Count(c.Count), table.Text(c.Why), table.Text(c.Hint),
		}})
	}
	return t
}

// conditionKey: a detector raises a condition once for each of these.
func conditionKey(c model.Condition) string {
	return strings.Join([]string{c.Inst, ShortKey(ConditionSocketKey(c)), c.Name, c.Conn, c.Endpoint, c.Remote, c.Peer}, " ")
}

// ConditionSocketKey is the key of the socket that a condition is about; "" if it is about the whole process.
func ConditionSocketKey(c model.Condition) string {
	if c.Sock == 0 {
		return ""
	}
	return SocketKey(model.Connection{Inst: c.Inst, Sock: c.Sock})
}

func conditionSocket(c model.Condition) string {
	if c.Sock == 0 && c.SockName == "" {
		return c.App
	}
	return SocketName(c.App, c.SockName, c.SockType, ConditionSocketKey(c))
}

// conditionAbout is the narrowest thing that a condition is about.
func conditionAbout(c model.Condition) string {
	return cmp.Or(c.Peer, bare(c.Remote), bare(c.Endpoint))
}

// Events are facts as rows, the newest last, as they came.
func Events(now time.Time, facts []fact.Fact) table.Table {
	t := table.Table{Columns: []table.Column{
		{Name: "TIME"}, {Name: "SOCKET", Elastic: true}, {Name: "EVENT"}, {Name: "PEER", Elastic: true}, {Name: "REASON", Spare: true}, {Name: "WHY", Elastic: true, Spare: true},
	}}
	for _, f := range facts {
		level := severity(FactSeverity(f))
		why, _ := FactWords(f)
		t.Rows = append(t.Rows, table.Row{Key: factKey(f), Value: json.RawMessage(f.Line), Cells: []table.Cell{
			moment(now, f.Time), table.Text(factSocket(f)), table.Text(FactName(f)).At(level),
			table.Text(factPeer(f)), table.Text(string(f.Reason)), table.Text(why),
		}})
	}
	return t
}

func factKey(f fact.Fact) string {
	if c := f.Condition; c != nil { // several are found at one moment
		return strings.Join([]string{f.Time.UTC().Format(time.RFC3339Nano), c.State, conditionKey(model.Condition{Condition: *c, Inst: f.Instance.ID})}, " ")
	}
	return strings.Join([]string{f.Instance.ID, f.Time.UTC().Format(time.RFC3339Nano), f.Name, f.Instance.ConnKey(f.Conn)}, " ")
}

func factSocket(f fact.Fact) string {
	if f.SocketID == 0 && f.SocketName == "" {
		return f.App
	}
	return SocketName(f.App, f.SocketName, f.SocketType, SocketKey(model.Connection{Inst: f.Instance.ID, Sock: f.SocketID}))
}

// factPeer is whom, or where, something happened with.
func factPeer(f fact.Fact) string {
	c := model.Connection{PeerID: f.PeerID, UserID: f.UserID, Remote: f.Remote, Endpoint: f.Endpoint, Side: f.Side}
	if f.Condition != nil {
		c.PeerID = f.Condition.Peer
	}
	return PeerName(c)
}

// FactName is what happened; of a condition, which one and whether it came or went.
func FactName(f fact.Fact) string {
	if f.Condition != nil {
		return f.Condition.Name + " " + f.Condition.State
	}
	return f.Name
}

// FactSeverity is how bad it is, as in the key "sev".
func FactSeverity(f fact.Fact) string {
	if f.Condition != nil {
		return f.Condition.Severity
	}
	return strings.ToLower(f.Level().String())
}

// FactWords are why it happened and what to do about it; nothing, if it is in order.
func FactWords(f fact.Fact) (why, hint string) {
	if f.Condition != nil {
		return f.Condition.Why, f.Condition.Hint
	}
	if hint = f.Event.Hint(); hint == "" {
		return "", ""
	}
	return f.Event.Why(), hint
}
