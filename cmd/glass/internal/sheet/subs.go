package sheet

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// A Sub is one subscription of one peer that is connected.
type Sub struct {
	App    string    `json:"app,omitempty"`
	Socket string    `json:"sock_name,omitempty"`
	Peer   string    `json:"peer"`
	Conn   string    `json:"conn"`
	Topic  string    `json:"topic"` // at most its first 64 bytes, as in Go's quotes
	Since  time.Time `json:"since"`
}

// Subs are the subscriptions of those who are connected in s, by the events that tell of each. Unknown is how many there are
// besides: they were made before anybody told the agent.
func Subs(s model.Snapshot, told iter.Seq2[fact.Fact, error]) (t table.Table, unknown int, err error) {
	t = table.Table{Columns: []table.Column{
		{Name: "SOCKET", Elastic: true}, {Name: "TOPIC", Elastic: true}, {Name: "PEER", Elastic: true}, {Name: "FOR", Right: true}, {Name: "CONN"},
	}}
	since, err := subscriptions(told)
	if err != nil {
		return t, 0, err
	}
	for _, c := range s.Connections {
		topics := since[c.Key]
		unknown += max(0, c.Subscriptions-len(topics))
		for topic, at := range topics {
			sub := Sub{c.App, c.Name, PeerName(c), c.Key, topic, at}
			t.Rows = append(t.Rows, table.Row{Key: c.Key + " " + topic, Value: sub, Cells: []table.Cell{
				table.Text(SocketName(c.App, c.Name, c.Type, SocketKey(c))), table.Text(`"` + topic + `"`), table.Text(sub.Peer),
				table.Ago(s.At, at), table.Text(ShortKey(c.Key)),
			}})
		}
	}
	slices.SortFunc(t.Rows, func(a, b table.Row) int {
		return cmp.Or(strings.Compare(a.Cells[0].Text, b.Cells[0].Text), strings.Compare(a.Cells[1].Text, b.Cells[1].Text), strings.Compare(a.Key, b.Key))
	})
	return t, unknown, nil
}

// subscriptions are when each connection made those that it still has.
func subscriptions(told iter.Seq2[fact.Fact, error]) (map[string]map[string]time.Time, error) {
	since := map[string]map[string]time.Time{}
	for f, err := range told {
		if err != nil {
			return nil, err
		}
		conn := f.ConnKey(f.Conn)
		switch f.Kind {
		case monitor.Subscribed:
			if since[conn] == nil {
				since[conn] = map[string]time.Time{}
			}
			since[conn][f.Topic] = f.Time
		case monitor.Unsubscribed:
			delete(since[conn], f.Topic)
		}
	}
	return since, nil
}
