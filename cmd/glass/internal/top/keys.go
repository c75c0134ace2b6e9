package top

import (
	"cmp"
	"encoding/json"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/glassmq/zmq/cmd/glass/internal/client"
	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/sheet"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
)

// press obeys one key.
func (a *app) press(key tea.KeyPressMsg) tea.Cmd {
	if a.prompt != nil {
		return a.write(key)
	}
	a.note = ""
	if n, moves := a.distance(key.String()); moves {
		a.here().move(n, a.page())
		return nil
	}
	switch key.String() {
	case "q", "ctrl+c":
		return tea.Quit
	case "ctrl+z":
		return tea.Suspend
	case "enter", "right", "l":
		return a.open()
	case "esc", "left", "h", "backspace":
		return a.back()
	case ":":
		a.prompt = &prompt{sign: ":"}
	case "/":
		a.prompt = &prompt{sign: "/", text: a.here().filter, before: a.here().filter}
	case "?":
		return a.enter(&place{view: textView, title: "help", lines: helpLines()})
	}
	return a.act(key.String())
}

// act does what a key means for the list or the row.
func (a *app) act(key string) tea.Cmd {
	switch key {
	case "s":
		a.sortNext(1)
	case "S", "shift+s":
		a.sortNext(-1)
	case "r":
		a.here().reverse = !a.here().reverse
		a.here().arrange()
	case "w":
		a.wide = !a.wide
	case "p", "space":
		return a.hold()
	case "e":
		return a.eventsOf()
	case "x":
		return a.explain()
	case "y":
		return a.copy()
	}
	return nil
}

// distance is how far a key goes.
func (a *app) distance(key string) (n int, moves bool) {
	const all = 1 << 30
	switch key {
	case "down", "j", "ctrl+n":
		return 1, true
	case "up", "k", "ctrl+p":
		return -1, true
	case "pgdown", "ctrl+f":
		return a.page(), true
	case "pgup", "ctrl+b":
		return -a.page(), true
	case "home", "g":
		return -all, true
	case "end", "G", "shift+g":
		return all, true
	}
	return 0, false
}

// write is a key while a line is being written. A filter takes effect with every letter.
func (a *app) write(key tea.KeyPressMsg) tea.Cmd {
	p := a.prompt
	done, wanted := p.write(key)
	if p.sign == "/" {
		a.here().filter = p.text
		if done && !wanted {
			a.here().filter = p.before
		}
		a.here().arrange()
	}
	if !done {
		return nil
	}
	a.prompt = nil
	if p.sign == ":" && wanted {
		return a.obey(strings.TrimSpace(p.text))
	}
	return nil
}

// obey does a command: the name of a view, or as much of one as only one has.
func (a *app) obey(text string) tea.Cmd {
	names := commandsLike(text)
	switch {
	case text == "":
		return nil
	case text == "q" || text == "q!":
		return tea.Quit
	case len(names) == 0:
		a.note = "no view is called " + table.Printable(text) + ": there are " + strings.Join(Views(), ", ")
		return nil
	case len(names) > 1 && names[0] != text:
		a.note = table.Printable(text) + " can be " + strings.Join(names, ", ")
		return nil
	}
	switch names[0] {
	case "quit":
		return tea.Quit
	case "help":
		return a.enter(&place{view: textView, title: "help", lines: helpLines()})
	}
	a.places = nil // a command goes to a list, not deeper
	return a.enter(&place{view: names[0]})
}

// enter goes to a place, and asks for what it needs.
func (a *app) enter(p *place) tea.Cmd {
	a.places = append(a.places, p)
	a.lay()
	if p.eventful() {
		return a.ask()
	}
	return nil
}

// back takes off the filter, or else goes to where the user came from.
func (a *app) back() tea.Cmd {
	here := a.here()
	switch {
	case here.filter != "":
		here.filter = ""
	case len(a.places) > 1:
		a.places = a.places[:len(a.places)-1]
	}
	a.lay()
	return nil
}

// open goes into the row.
func (a *app) open() tea.Cmd {
	row, ok := a.here().row()
	if !ok {
		return nil
	}
	switch v := row.Value.(type) {
	case model.Socket:
		return a.enter(&place{view: "conns", title: sheet.SocketName(v.App, v.Name, v.Type, v.Key), socket: v.Key})
	case model.Instance:
		return a.enter(&place{view: "sockets", title: cmp.Or(v.App, sheet.ShortKey(v.ID)), inst: v.ID})
	case model.Connection:
		return a.enter(&place{view: detailView, title: sheet.PeerName(v), conn: v.Key, events: filterOf(sheet.OfConn(a.now, v)), told: true})
	case sheet.Peer:
		return a.enter(&place{view: detailView, title: v.Name, peer: v.Name, events: filterOf(sheet.OfPeer(a.now, v)), told: true})
	}
	return a.explain()
}

func filterOf(d sheet.Detail) (f client.Filter) {
	f.Sock, f.Peer, f.Grep = d.Filter()
	return f
}

// eventsOf goes to what happened to the row; from a text, to what it is about.
func (a *app) eventsOf() tea.Cmd {
	about, ok := a.about()
	if !ok {
		return nil
	}
	return a.enter(&place{view: eventsView, events: about, told: true})
}

// about is which events the row has to do with, or the text.
func (a *app) about() (client.Filter, bool) {
	here := a.here()
	if here.isText() {
		return here.events, here.told
	}
	row, _ := here.row()
	switch v := row.Value.(type) {
	case model.Socket:
		return filterOf(sheet.OfSocket(a.now, v)), true
	case model.Connection:
		return filterOf(sheet.OfConn(a.now, v)), true
	case model.Closed:
		return filterOf(sheet.OfConn(a.now, v.Connection)), true
	case sheet.Peer:
		return filterOf(sheet.OfPeer(a.now, v)), true
	case model.Instance:
		return client.Filter{App: v.App}, v.App != ""
	case model.Condition:
		return client.Filter{Sock: sheet.ConditionSocketKey(v)}, true
	}
	return client.Filter{}, false
}

// explain goes to words about the row.
func (a *app) explain() tea.Cmd {
	row, ok := a.here().row()
	if !ok {
		return nil
	}
	about, told := a.about()
	return a.enter(&place{view: textView, title: "why", lines: a.words(row), events: about, told: told})
}

// copy puts the row's JSON into the terminal's clipboard (OSC 52), also from far away by ssh.
func (a *app) copy() tea.Cmd {
	row, ok := a.here().row()
	if !ok {
		return nil
	}
	text, err := json.Marshal(row.Value)
	if err != nil {
		a.note = err.Error()
		return nil
	}
	a.note = "copied as JSON, if this terminal lets programs set its clipboard"
	return tea.SetClipboard(string(text))
}

// hold stops the time, or lets it go on.
func (a *app) hold() tea.Cmd {
	a.paused = !a.paused
	if a.paused || !a.o.At.IsZero() {
		return nil
	}
	return a.ask()
}

// sortNext sorts by the next column that is seen.
func (a *app) sortNext(step int) {
	here := a.here()
	if here.isText() || len(here.all.Columns) == 0 {
		return
	}
	at, err := here.all.Column(here.sort)
	if err != nil {
		at = -1
		if step < 0 {
			at = 0
		}
	}
	columns := len(here.all.Columns)
	for range columns {
		at = (at + step + columns) % columns
		if c := here.all.Columns[at]; a.wide || !c.Wide {
			here.sort = c.Name
			break
		}
	}
	here.reverse = false
	here.arrange()
}
