package sheet

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
)

// An edge of text is level with its state: one that is not up is what a reader looks for.
func edgeLevel(state string) table.Level {
	switch state {
	case "ready":
		return table.Plain
	case model.GaveUp:
		return table.Error
	}
	return table.Warn
}

// edgeDoes is how fast a link is, or what it waits for, in the words that tables have for it.
func edgeDoes(e model.Edge) string {
	if e.State == "ready" {
		return table.Short(e.Rate) + "/s"
	}
	return table.Printable(stateWords(e.State))
}

// nodeLabel is what a node is called, as sockets are in tables.
func nodeLabel(n model.Node) string {
	switch {
	case !n.Known:
		return "? " + bare(n.Label)
	case n.Label == strings.ToLower(n.Type): // it has no name
		return SocketName(n.App, "", n.Type, n.ID)
	}
	return SocketName(n.App, n.Label, n.Type, n.ID)
}

// GraphOf keeps of g what belongs to one application, and to whom that is linked; all of it for "".
func GraphOf(g model.Graph, app string) model.Graph {
	if app == "" {
		return g
	}
	of, linked := nodesOf(g), map[string]bool{}
	g.Edges = only(g.Edges, func(e model.Edge) bool { return of[e.From].App == app || of[e.To].App == app })
	for _, e := range g.Edges {
		linked[e.From], linked[e.To] = true, true
	}
	g.Nodes = only(g.Nodes, func(n model.Node) bool { return n.App == app || linked[n.ID] })
	return g
}

// GraphText writes g as a list: each socket, and under it who dialled it (←). What a socket dialled that is not in the model
// stands under the socket itself (→). What is not up comes in colour.
func GraphText(w io.Writer, g model.Graph, look table.Look) error {
	of := nodesOf(g)
	under := map[string][]branch{}
	for _, e := range g.Edges {
		b := branch{"→", e, of[e.To]}
		at := e.From
		if of[e.To].Known {
			b.arrow, b.other, at = "←", of[e.From], e.To
		}
		under[at] = append(under[at], b)
	}
	var b strings.Builder
	for _, n := range g.Nodes {
		if len(under[n.ID]) > 0 {
			writeNode(&b, n, under[n.ID], look)
		}
	}
	for _, n := range lonely(g) {
		fmt.Fprintln(&b, clip(nodeLine(n)+"  nobody", look))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// A branch is one edge under the node at one end, to that at the other.
type branch struct {
	arrow string
	edge  model.Edge
	other model.Node
}

func nodesOf(g model.Graph) map[string]model.Node {
	of := make(map[string]model.Node, len(g.Nodes))
	for _, n := range g.Nodes {
		of[n.ID] = n
	}
	return of
}

// lonely are the nodes without an edge.
func lonely(g model.Graph) []model.Node {
	linked := map[string]bool{}
	for _, e := range g.Edges {
		linked[e.From], linked[e.To] = true, true
	}
	return only(g.Nodes, func(n model.Node) bool { return !linked[n.ID] })
}

func nodeLine(n model.Node) string {
	return table.Printable(strings.Join(slices.DeleteFunc([]string{nodeLabel(n), n.Type, on(n.Host)}, func(s string) bool { return s == "" }), "  "))
}

func writeNode(b *strings.Builder, n model.Node, branches []branch, look table.Look) {
	fmt.Fprintln(b, clip(nodeLine(n), look))
	slices.SortStableFunc(branches, func(x, y branch) int {
		return strings.Compare(nodeLabel(x.other), nodeLabel(y.other))
	})
	for i, one := range branches {
		fork := "├─"
		if i == len(branches)-1 {
			fork = "└─"
		}
		line := clip("  "+fork+one.line(), look)
		if look.Colour {
			line = edgeLevel(one.edge.State).Paint(line)
		}
		fmt.Fprintln(b, line)
	}
}

func (b branch) line() string {
	text := fmt.Sprintf("%s %-6s %s", b.arrow, table.Printable(b.edge.Transport), nodeLine(b.other))
	if n := peersAlike(b.edge); n > 1 {
		text += fmt.Sprintf("  ×%d", n)
	}
	return text + "  " + edgeDoes(b.edge)
}

// peersAlike is how many connections an edge stands for: of one whose both ends are known, it has both keys.
func peersAlike(e model.Edge) int {
	if e.Matched == model.ByAddress || e.Matched == model.ByProcess {
		return len(e.Conns) / 2
	}
	return len(e.Conns)
}
