package top

import (
	"fmt"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/sheet"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
)

// A frame is, from above:
//
//	 glass  http://127.0.0.1:5590      4 sockets  5 conns  2 conditions   12:00:00
//	 sockets › md-gw/md-pub            /risk
//	 PEER        TYPE   TX/S …
//	›risk-1      SUB   6.24k …         rows, the cursor before one
//
//	 server_down  orders/push-1: nothing listens on …
//	 Enter open  Esc back  / filter …
const (
	above  = 2 // lines before the list
	below  = 2 // lines behind it
	margin = 1 // column: the cursor's
)

// page is how many rows, or lines of a text, are seen.
func (a *app) page() int {
	lines := a.height - above - below
	if !a.here().isText() {
		lines-- // headings
	}
	return max(1, lines)
}

// View is the frame.
func (a *app) View() tea.View {
	lines := []string{a.status(), a.path()}
	lines = append(lines, a.body()...)
	for len(lines) < a.height-below {
		lines = append(lines, "")
	}
	lines = append(lines[:max(0, a.height-below)], a.alarm(), a.foot())
	lines = lines[:min(len(lines), a.height)]
	for i, l := range lines {
		lines[i] = table.Cut(l, a.width) // what a terminal breaks moves all that is below
	}
	v := tea.NewView(strings.Join(lines, "\n"))
	v.AltScreen, v.WindowTitle = true, "glass top" // the mouse stays the terminal's: people mark addresses with it
	return v
}

func (a *app) paint(l table.Level, s string) string {
	if !a.o.Colour {
		return s
	}
	return l.Paint(s)
}

// spread is left and right at both ends of a line. If both do not fit, left gives way.
func (a *app) spread(left, right string) string {
	width := a.width - margin
	right = table.Cut(right, width)
	left = table.Cut(left, max(0, width-table.Width(right)-2))
	return left + strings.Repeat(" ", max(0, width-table.Width(left)-table.Width(right))) + right
}

// status is whom top asks, how much there is, and of when it is.
func (a *app) status() string {
	open := 0
	for _, x := range a.now.Sockets {
		if !x.Closed {
			open++
		}
	}
	conns := fmt.Sprint(len(a.now.Connections))
	if a.now.Truncated > 0 {
		conns = fmt.Sprintf("%d of %d", len(a.now.Connections), len(a.now.Connections)+a.now.Truncated)
	}
	counts := fmt.Sprintf("%s  %s conns  %s  ", sheet.Plural(open, "socket", "sockets"), conns, sheet.Plural(len(a.now.Conditions), "condition", "conditions"))
	when := a.now.At.Local().Format("15:04:05")
	switch {
	case !a.o.At.IsZero():
		when = a.paint(table.Warn, "at "+table.Clock(a.now.At, a.now.At))
	case a.trouble != nil:
		when = a.paint(table.Error, "last heard "+when)
	case a.paused:
		when = a.paint(table.Warn, "paused "+when)
	}
	return a.spread(" "+a.paint(table.Strong, "glass")+"  "+a.paint(table.Quiet, a.source.Server()), counts+when)
}

// path is how the user came here, and what the list leaves out.
func (a *app) path() string {
	var names []string
	for _, p := range a.places {
		names = append(names, table.Printable(p.name()))
	}
	here := a.here()
	left, right := " "+strings.Join(names, " › "), ""
	if !here.isText() {
		right = sheet.Plural(len(here.rows.Rows), "row", "rows")
		if len(here.rows.Rows) > a.page() {
			right = fmt.Sprintf("%d of %d", here.cursor+1, len(here.rows.Rows))
		}
	}
	if here.filter != "" && a.prompt == nil {
		right = a.paint(table.Warn, "/"+here.filter) + "  " + right
	}
	return a.spread(left, right)
}

// body is the list or the text.
func (a *app) body() []string {
	here := a.here()
	if here.isText() {
		return a.text(here)
	}
	if len(here.rows.Rows) == 0 {
		return append([]string{""}, indented(a.emptiness(here))...)
	}
	return a.list(here)
}

func (a *app) list(p *place) []string {
	l, page := p.fit(a.look()), a.page()
	lines := []string{" " + l.Head()}
	first := p.seen(page)
	for i := first; i < min(first+page, len(p.rows.Rows)); i++ {
		if i != p.cursor {
			lines = append(lines, " "+l.Row(i))
			continue
		}
		line := "›" + l.Bare().Row(i)
		lines = append(lines, "\x1b[7m"+line+strings.Repeat(" ", max(0, a.width-table.Width(line)))+"\x1b[0m")
	}
	return lines
}

// text is what is seen of a text.
func (a *app) text(p *place) []string {
	if p.view == detailView {
		p.lines = a.detail(p)
	}
	page := a.page()
	p.offset = max(0, min(p.offset, len(p.lines)-page))
	return indented(p.lines[p.offset:min(len(p.lines), p.offset+page)])
}

func indented(lines []string) []string {
	out := make([]string, len(lines))
	for i, l := range lines {
		out[i] = " " + l
	}
	return out
}

// detail is everything about a connection or a peer, as long as there is one.
func (a *app) detail(p *place) []string {
	d, err := a.subject(p)
	if err != nil {
		return a.ended(p)
	}
	d.Events = p.facts
	return d.Lines(a.look())
}

// subject is the connection or the peer that a text is about.
func (a *app) subject(p *place) (sheet.Detail, error) {
	if p.conn != "" {
		c, err := sheet.FindConn(a.now, p.conn)
		return sheet.OfConn(a.now, c), err
	}
	peer, err := sheet.FindPeer(a.now, p.peer)
	return sheet.OfPeer(a.now, peer), err
}

// ended is what is left of a connection or a peer that has gone.
func (a *app) ended(p *place) []string {
	lines := []string{table.Printable(p.name()) + " is not connected any more"}
	for _, c := range a.now.Closed {
		if c.Key == p.conn || p.peer != "" && sheet.PeerName(c.Connection) == p.peer {
			lines = append(lines, "")
			lines = append(lines, a.words(table.Row{Value: c})...)
			break
		}
	}
	rows := sheet.Events(a.now.At, p.facts)
	if text := rows.String(a.look()); text != "" {
		lines = append(append(lines, ""), strings.Split(strings.TrimSuffix(text, "\n"), "\n")...)
	}
	return lines
}

// emptiness is why a list has no rows.
func (a *app) emptiness(p *place) []string {
	s, _ := sheet.Of(p.view)
	why := s.Empty
	switch {
	case p.filter != "":
		why = "no row has " + p.filter + ": Esc takes off the filter"
	case p.view == eventsView && a.asking:
		why = "…"
	case p.view == eventsView:
		why = "nothing that the agent's history knows of has happened here"
	case p.socket != "":
		why = "nobody is connected to " + p.name() + ": Esc, then x says what is known about why"
	}
	return sheet.Folded("", why, a.width-margin)
}

// alarm is the worst that is wrong now, or why nothing is heard.
func (a *app) alarm() string {
	if a.trouble != nil {
		return " " + a.paint(table.Error, table.Cut("! "+a.trouble.Error()+"; asking again", a.width-margin))
	}
	var worst *model.Condition
	for i := range a.now.Conditions {
		if c := &a.now.Conditions[i]; worst == nil || c.Severity == "error" && worst.Severity != "error" {
			worst = c
		}
	}
	if worst == nil {
		return ""
	}
	level := table.Warn
	if worst.Severity == "error" {
		level = table.Error
	}
	text := fmt.Sprintf(" ! %s  %s", worst.Name, worst.Why)
	if more := len(a.now.Conditions) - 1; more > 0 {
		return a.spread(a.paint(level, table.Printable(text)), fmt.Sprintf("and %d more", more))
	}
	return a.paint(level, table.Cut(table.Printable(text), a.width-margin))
}

// foot is the prompt, or what the last key did, or which keys there are.
func (a *app) foot() string {
	switch {
	case a.prompt != nil:
		return " " + a.prompt.line(a.width-margin) + "  " + a.paint(table.Quiet, strings.Join(a.prompt.choices(), " "))
	case a.note != "":
		return " " + table.Cut(a.note, a.width-margin)
	}
	keys := "Enter open  Esc back  / filter  : go  s sort  e events  x why  p pause  ? help"
	if a.here().isText() {
		keys = "Esc back  ↑↓ scroll  e events  : go  ? help  q quit"
	}
	return " " + a.paint(table.Quiet, table.Cut(keys, a.width-margin))
}
