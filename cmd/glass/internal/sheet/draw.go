package sheet

import (
	"fmt"
	"io"
	"strings"

	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
)

// GraphDOT writes g for graphviz's dot.
func GraphDOT(w io.Writer, g model.Graph) error {
	var b strings.Builder
	b.WriteString("digraph glass {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n  edge [fontname=\"sans-serif\"];\n")
	for _, n := range g.Nodes {
		style := ""
		if !n.Known {
			style = ", style=\"rounded,dashed\""
		}
		fmt.Fprintf(&b, "  %s [label=%s%s];\n", dotQuote(n.ID), dotQuote(nodeWords(n, "\n")), style)
	}
	for _, e := range g.Edges {
		style := ""
		if e.State != "ready" {
			style = ", style=dashed, color=\"#b45309\", fontcolor=\"#b45309\""
		}
		fmt.Fprintf(&b, "  %s -> %s [label=%s%s];\n", dotQuote(e.From), dotQuote(e.To), dotQuote(edgeWords(e)), style)
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// dotQuote is s as a quoted string of the DOT language: only quotes and, for line breaks, backslashes mean something there.
func dotQuote(s string) string {
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`).Replace(s) + `"`
}

func nodeWords(n model.Node, sep string) string {
	words := table.Printable(nodeLabel(n))
	if rest := strings.TrimSpace(n.Type + " " + on(n.Host)); rest != "" {
		words += sep + table.Printable(rest)
	}
	return words
}

func edgeWords(e model.Edge) string {
	words := table.Printable(e.Transport)
	if n := peersAlike(e); n > 1 {
		words += fmt.Sprintf(" ×%d", n)
	}
	return words + " " + edgeDoes(e)
}

// GraphMermaid writes g for Mermaid, which wikis and code hosts draw.
func GraphMermaid(w io.Writer, g model.Graph) error {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	id := make(map[string]string, len(g.Nodes))
	for i, n := range g.Nodes {
		id[n.ID] = fmt.Sprintf("n%d", i)
		open, shut := "[", "]"
		if !n.Known {
			open, shut = "([", "])"
		}
		fmt.Fprintf(&b, "  %s%s%s%s\n", id[n.ID], open, mermaidQuote(nodeWords(n, "<br>")), shut)
	}
	for _, e := range g.Edges {
		arrow := "-->"
		if e.State != "ready" {
			arrow = "-.->"
		}
		fmt.Fprintf(&b, "  %s %s|%s| %s\n", id[e.From], arrow, mermaidQuote(edgeWords(e)), id[e.To])
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// mermaidQuote is s as a string of Mermaid, which has its own entities, #…;, for what it would take as its own, and draws HTML.
func mermaidQuote(s string) string {
	s = strings.NewReplacer("#", "#35;", `"`, "#quot;", "&", "#amp;", "<br>", "<br>", "<", "#lt;", ">", "#gt;").Replace(s)
	return `"` + s + `"`
}
