package sheet

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
)

// Lives are those of a timeline, a row each, the latest last.
func Lives(t model.Timeline, now time.Time) table.Table {
	rows := table.Table{Columns: []table.Column{
		{Name: "FROM", Right: true}, {Name: "TO", Right: true}, {Name: "LASTED", Right: true}, {Name: "SOCKET", Elastic: true},
		{Name: "TX", Right: true}, {Name: "RX", Right: true}, {Name: "DROPS", Right: true}, {Name: "ENDED BY"}, {Name: "REASON"},
		{Name: "ADDRESS", Elastic: true, Spare: true}, {Name: "WHY", Elastic: true, Spare: true}, {Name: "CONN", Wide: true},
	}}
	for _, l := range t.Lives {
		to, lasted := moment(now, l.To), table.Millis(l.Duration)
		if l.To.IsZero() {
			to, lasted = table.Text("up").At(table.Good), table.Ago(now, l.From).At(table.Plain)
		}
		socket := SocketName(l.App, l.Name, l.Type, SocketKey(model.Connection{Inst: l.Inst, Sock: l.Sock}))
		rows.Rows = append(rows.Rows, table.Row{Key: l.Key, Value: l, Cells: []table.Cell{
			moment(now, l.From), to, lasted, table.Text(socket),
			table.Count(l.MessagesOut), table.Count(l.MessagesIn), drops(l.Dropped), table.Text(string(l.Who)), table.Text(string(l.Reason)).At(lifeLevel(l)),
			table.Text(bare(l.Remote)), table.Text(l.Why), table.Text(ShortKey(l.Key)),
		}})
	}
	return rows
}

// lifeLevel is how bad the end of a life was.
func lifeLevel(l model.Life) table.Level {
	c := model.Closed{Who: l.Who, Reason: l.Reason, Unsent: l.Dropped}
	c.Ready = l.Ready
	return endLevel(c)
}

// Lifeline is a timeline drawn in so many columns: a line for each socket, with a bar for each life, over the times of both
// ends.
func Lifeline(t model.Timeline, from, now time.Time, look table.Look) []string {
	const narrowest = 16 // columns of time, below which a drawing says nothing
	if len(t.Lives) == 0 {
		return nil
	}
	names, of := lines(t)
	label := 0
	for _, n := range names {
		label = max(label, table.Width(n))
	}
	label = min(label, 24)
	width := cmp.Or(look.Width, 100) - label - 2
	if from.IsZero() {
		from = t.Lives[0].From
	}
	if width < narrowest || !now.After(from) {
		return nil
	}
	scale := scale{from, now.Sub(from), width}
	out := []string{strings.Repeat(" ", label+2) + scale.ruler(now)}
	for _, name := range names {
		text := table.Cut(name, label)
		out = append(out, text+strings.Repeat(" ", label-table.Width(text)+2)+scale.draw(of[name], now, look.Colour))
	}
	return out
}

// lines are the sockets that a peer was at, in the order in which it came to them.
func lines(t model.Timeline) (names []string, of map[string][]model.Life) {
	of = map[string][]model.Life{}
	for _, l := range t.Lives {
		name := table.Printable(SocketName(l.App, l.Name, l.Type, SocketKey(model.Connection{Inst: l.Inst, Sock: l.Sock})))
		if of[name] == nil {
			names = append(names, name)
		}
		of[name] = append(of[name], l)
	}
	return names, of
}

// A scale is a piece of time in columns.
type scale struct {
	from  time.Time
	whole time.Duration
	width int
}

// at is the column of a moment, within the scale.
func (s scale) at(t time.Time) int {
	return min(max(int(float64(t.Sub(s.from))/float64(s.whole)*float64(s.width)), 0), s.width-1)
}

// ruler is the times of both ends.
func (s scale) ruler(now time.Time) string {
	left, right := table.Clock(now, s.from), "now"
	return left + strings.Repeat(" ", max(1, s.width-len(left)-len(right))) + right
}

// What stands in a column. Where several lives share one, the worst end is what counts.
const (
	gone    = ' '
	alive   = '━'
	stillUp = '▶'
	ended   = '┥' // in order
	broke   = '╳' // otherwise
)

func (s scale) draw(lives []model.Life, now time.Time, colour bool) string {
	columns := []rune(strings.Repeat(string(gone), s.width))
	for _, l := range lives {
		to, end := l.To, stillUp
		switch {
		case to.IsZero():
			to = now
		case lifeLevel(l) > table.Good:
			end = broke
		default:
			end = ended
		}
		if to.Before(s.from) {
			continue
		}
		last := s.at(to)
		for i := s.at(l.From); i < last; i++ {
			if columns[i] == gone {
				columns[i] = alive
			}
		}
		if columns[last] != broke {
			columns[last] = end
		}
	}
	text := strings.TrimRight(string(columns), " ")
	if colour {
		text = strings.ReplaceAll(text, string(broke), table.Warn.Paint(string(broke)))
		text = strings.ReplaceAll(text, string(stillUp), table.Good.Paint(string(stillUp)))
	}
	return text
}

// LifelineLegend says what the signs of a Lifeline mean.
const LifelineLegend = "━ connected  ▶ still is  ┥ ended in order  ╳ broke"

// Availability is how much of the time since from a peer was connected to something, and how often it broke.
func Availability(t model.Timeline, from, now time.Time) string {
	if len(t.Lives) == 0 {
		return ""
	}
	if from.IsZero() {
		from = t.Lives[0].From
	}
	broken := len(only(t.Lives, func(l model.Life) bool { return lifeLevel(l) > table.Good }))
	up, whole := covered(t, from, now), max(now.Sub(from), 1)
	return fmt.Sprintf("connected for %s of %s (%.4g %%), %s, %d broke", table.Span(up), table.Span(whole),
		100*float64(up)/float64(whole), Plural(len(t.Lives), "life", "lives"), broken)
}

// covered is for how long at least one of a peer's lives lasted.
func covered(t model.Timeline, from, now time.Time) (up time.Duration) {
	lives := slices.SortedFunc(slices.Values(t.Lives), func(a, b model.Life) int { return a.From.Compare(b.From) })
	reached := from
	for _, l := range lives {
		to := l.To
		if to.IsZero() {
			to = now
		}
		if l.From.After(reached) {
			reached = l.From
		}
		if to.After(reached) {
			up, reached = up+to.Sub(reached), to
		}
	}
	return up
}

// Plural is a number of things, in words.
func Plural(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n, " ", many)
}
