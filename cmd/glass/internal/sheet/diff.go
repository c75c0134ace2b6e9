package sheet

import (
	"maps"
	"slices"
	"strings"

	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
)

// A Change is one node or one link that is not in both of two graphs, or whose state is another.
type Change struct {
	Change    string `json:"change"` // Came, Left or Became
	From      string `json:"from"`   // a node's id
	To        string `json:"to,omitempty"`
	Transport string `json:"transport,omitempty"`
	Before    string `json:"before,omitempty"` // the state of a link
	After     string `json:"after,omitempty"`
}

// The kinds of Change.
const (
	Came   = "+"
	Left   = "-"
	Became = "~"
)

type link struct{ from, to, transport string }

// GraphDiff is what became of the graph a: the nodes, and after them the links, that b has and a has not, or the other way
// round.
func GraphDiff(a, b model.Graph) table.Table {
	t := table.Table{Columns: []table.Column{
		{Name: " "}, {Name: "FROM", Elastic: true}, {Name: "TO", Elastic: true}, {Name: "VIA"}, {Name: "STATE"},
	}}
	was, is := nodesOf(a), nodesOf(b)
	all := maps.Clone(was)
	maps.Copy(all, is)
	for _, id := range slices.Sorted(maps.Keys(all)) {
		_, before := was[id]
		_, after := is[id]
		if before != after {
			t.Rows = append(t.Rows, Change{Change: sign(before), From: id}.row(all))
		}
	}
	return linkChanges(t, linksOf(a), linksOf(b), all)
}

func sign(before bool) string {
	if before {
		return Left
	}
	return Came
}

// linksOf are the links of g, and the states of each: several, where some of its connections are up and some are not.
func linksOf(g model.Graph) map[link]string {
	states := map[link][]string{}
	for _, e := range g.Edges {
		at := link{e.From, e.To, e.Transport}
		states[at] = include(states[at], e.State)
	}
	links := make(map[link]string, len(states))
	for at, all := range states {
		links[at] = strings.Join(all, ",")
	}
	return links
}

func linkChanges(t table.Table, was, is map[link]string, nodes map[string]model.Node) table.Table {
	all := maps.Clone(was)
	maps.Copy(all, is)
	ordered := slices.SortedFunc(maps.Keys(all), func(x, y link) int {
		return slices.Compare([]string{x.from, x.to, x.transport}, []string{y.from, y.to, y.transport})
	})
	for _, at := range ordered {
		before, there := was[at]
		after, here := is[at]
		c := Change{From: at.from, To: at.to, Transport: at.transport, Before: before, After: after, Change: Became}
		switch {
		case there && here && before == after:
			continue
		case there != here:
			c.Change = sign(there)
		}
		t.Rows = append(t.Rows, c.row(nodes))
	}
	return t
}

// row is c under the names that people know.
func (c Change) row(nodes map[string]model.Node) table.Row {
	level := map[string]table.Level{Came: table.Good, Left: table.Warn}[c.Change]
	state := stateWords(c.Before) + stateWords(c.After) // one of them is empty
	if c.Change == Became {
		state = stateWords(c.Before) + " → " + stateWords(c.After)
	}
	to := ""
	if c.To != "" {
		to = nodeLabel(nodes[c.To])
	}
	return table.Row{Key: strings.Join([]string{c.From, c.To, c.Transport}, " "), Value: c, Cells: []table.Cell{
		table.Text(c.Change).At(level), table.Text(nodeLabel(nodes[c.From])).At(level), table.Text(to).At(level), table.Text(c.Transport), table.Text(state),
	}}
}
