package top

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/client"
	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/sheet"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
	"github.com/glassmq/zmq/observe/fact"
)

// The views that are no sheet.
const (
	eventsView = "events" // a list of what happened
	detailView = "detail" // a text about one connection or peer
	textView   = "text"   // a text that does not change
)

// Views are the lists that a user can go to.
func Views() (names []string) {
	for _, s := range sheet.Sheets {
		names = append(names, s.Name)
	}
	return append(names, eventsView)
}

// eventsShown is how many: what a person scrolls through. glass history has all.
const eventsShown = 500

// A place is one list or text, and where the user is in it.
type place struct {
	view  string
	title string // in the path; "": the view's name

	socket, inst, conn, peer string        // what it is narrowed to; "": nothing
	events                   client.Filter // which ones it shows, or has to do with
	told                     bool          // of a text: there are such events

	sort    string
	reverse bool
	filter  string

	facts  []fact.Fact  // the latest answer
	all    table.Table  // what it says
	rows   table.Table  // what is seen of it: filtered, in order
	fitted table.Layout // of rows, for a look
	look   table.Look
	lines  []string // of a text

	key    string // the row where the user is; "": the first one, whichever that is
	cursor int    // its index
	offset int    // the first row, or line, that is seen
}

// check says whether the place can be.
func (p *place) check() error {
	if !slices.Contains(Views(), p.view) {
		return fmt.Errorf("there is no view %q: there are %s", p.view, strings.Join(Views(), ", "))
	}
	if p.sort == "" {
		return nil
	}
	t := p.table(model.Snapshot{})
	_, err := t.Column(p.sort)
	return err
}

func (p *place) isText() bool { return p.view == detailView || p.view == textView }

// eventful says whether the place shows events.
func (p *place) eventful() bool { return p.view == eventsView || p.view == detailView }

// wants is which events the place shows.
func (p *place) wants(at time.Time) client.Filter {
	f := p.events
	f.Until, f.N = at, eventsShown
	if p.view == detailView {
		f.N = 20
	}
	return f
}

// lay makes the rows anew, of an answer.
func (p *place) lay(now model.Snapshot) {
	if p.isText() {
		return // its lines depend on the width: see frame.go
	}
	p.all = p.table(now)
	p.arrange()
}

// arrange filters and orders the rows, and finds the one again where the user was.
func (p *place) arrange() {
	p.rows = table.Table{Columns: p.all.Columns, Rows: slices.Clone(p.all.Rows)}
	p.rows.Filter(p.filter)
	if column, err := p.rows.Column(p.sort); err == nil && p.sort != "" {
		p.rows.Sort(column, p.reverse)
		p.rows.Columns = slices.Clone(p.rows.Columns)
		p.rows.Columns[column].Name += sortSign(p.rows.Columns[column].Right != p.reverse)
	} else if p.reverse {
		slices.Reverse(p.rows.Rows)
	}
	p.look = table.Look{}
	p.find()
}

func sortSign(down bool) string {
	if down {
		return "▾"
	}
	return "▴"
}

// fit is the layout of the rows in a look.
func (p *place) fit(look table.Look) table.Layout {
	if p.look != look {
		p.fitted, p.look = p.rows.Layout(look), look
	}
	return p.fitted
}

func (p *place) table(now model.Snapshot) table.Table {
	if p.view == eventsView {
		newest := slices.Clone(p.facts)
		slices.Reverse(newest)
		return sheet.Events(now.At, newest)
	}
	s, _ := sheet.Of(p.view)
	p.sort = cmp.Or(p.sort, s.Sort)
	t := s.Table(p.narrow(now))
	if p.socket != "" {
		t.Columns[0].Wide = true // it says the same in every row
	}
	return t
}

// narrow keeps of a snapshot what the place is about.
func (p *place) narrow(now model.Snapshot) model.Snapshot {
	if p.socket == "" && p.inst == "" {
		return now
	}
	in := func(inst, socket string) bool { return p.inst == inst || p.socket == socket }
	now.Sockets = slices.DeleteFunc(slices.Clone(now.Sockets), func(x model.Socket) bool { return !in(x.Inst, x.Key) })
	now.Connections = slices.DeleteFunc(slices.Clone(now.Connections), func(c model.Connection) bool { return !in(c.Inst, sheet.SocketKey(c)) })
	return now
}

// find puts the cursor back onto its row. If that has gone, it stays at the same height.
func (p *place) find() {
	if p.key == "" {
		p.cursor = 0
		return
	}
	at := slices.IndexFunc(p.rows.Rows, func(r table.Row) bool { return r.Key == p.key })
	if at >= 0 {
		p.cursor = at
		return
	}
	p.cursor = max(0, min(p.cursor, len(p.rows.Rows)-1))
	if r, ok := p.row(); ok {
		p.key = r.Key
	}
}

// row is the one under the cursor.
func (p *place) row() (table.Row, bool) {
	if p.isText() || p.cursor >= len(p.rows.Rows) {
		return table.Row{}, false
	}
	return p.rows.Rows[p.cursor], true
}

// move goes n rows or lines down; a text scrolls, in which page lines are seen.
func (p *place) move(n, page int) {
	if p.isText() {
		p.offset = max(0, min(p.offset+n, len(p.lines)-page))
		return
	}
	p.cursor = max(0, min(p.cursor+n, len(p.rows.Rows)-1))
	p.key = ""
	if r, ok := p.row(); ok && p.cursor > 0 {
		p.key = r.Key
	}
}

// seen is the first row that is seen if page rows are, so that the cursor is among them.
func (p *place) seen(page int) int {
	switch {
	case p.cursor < p.offset:
		p.offset = p.cursor
	case p.cursor >= p.offset+page:
		p.offset = p.cursor - page + 1
	}
	p.offset = max(0, min(p.offset, len(p.rows.Rows)-page))
	return p.offset
}

// name is the place in the path.
func (p *place) name() string { return cmp.Or(p.title, p.view) }
