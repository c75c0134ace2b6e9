package sheet

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
)

// Sockets are the sockets of s that are open.
func Sockets(s model.Snapshot) table.Table {
	t := table.Table{Columns: []table.Column{
		{Name: "SOCKET", Elastic: true}, {Name: "TYPE"}, {Name: "PEERS", Right: true},
		{Name: "TX/S", Right: true}, {Name: "RX/S", Right: true}, {Name: "QUEUE", Right: true}, {Name: "DROPS", Right: true},
		{Name: "STATE"}, {Name: "LAST MIN"}, {Name: "ENDPOINT", Elastic: true, Spare: true},
		{Name: "TX", Right: true, Wide: true}, {Name: "RX", Right: true, Wide: true}, {Name: "HWM", Right: true, Wide: true},
		{Name: "IDLE", Right: true, Wide: true}, {Name: "UP", Right: true, Wide: true}, {Name: "KEY", Wide: true},
	}}
	worst := pressed(s)
	for _, x := range s.Sockets {
		if x.Closed {
			continue
		}
		state, level := SocketState(x)
		t.Rows = append(t.Rows, table.Row{Key: x.Key, Value: x, Cells: []table.Cell{
			table.Text(SocketName(x.App, x.Name, x.Type, x.Key)), table.Text(x.Type), peers(x),
			table.Rate(x.RateOut), table.Rate(x.RateIn), queue(x, worst[x.Key]), drops(x.Dropped),
			table.Text(state).At(level), {Text: Spark(x.History, s.At, time.Minute, 8)}, table.Text(endpoints(x)),
			table.Count(x.MessagesOut), table.Count(x.MessagesIn), {Text: marks(x), Order: float64(max(x.SendHWM, x.RecvHWM))},
			table.Ago(s.At, x.LastMessage), table.Ago(s.At, x.Since), table.Text(ShortKey(x.Key)),
		}})
	}
	return t
}

// peers is how many are connected: of those that are not ready yet, the number beside it.
func peers(x model.Socket) table.Cell {
	c := table.Count(x.Ready)
	if waiting := x.Connections - x.Ready; waiting > 0 {
		c.Text, c.Level = fmt.Sprintf("%d+%d", x.Ready, waiting), table.Warn
	}
	return c
}

// pressed is how bad the worst queue of each socket is: a mark is one peer's, so the sum of all says nothing.
func pressed(s model.Snapshot) map[string]table.Level {
	worst, of := map[string]table.Level{}, bySocket(s)
	for _, c := range s.Connections {
		key := SocketKey(c)
		worst[key] = max(worst[key], connQueue(c, of[key]).Level)
	}
	return worst
}

// queue is how much waits at a socket.
func queue(x model.Socket, worst table.Level) table.Cell {
	c := table.Count(x.QueueOut + x.QueueIn)
	if worst >= table.Warn {
		c.Level = worst
	}
	return c
}

func marks(x model.Socket) string {
	if x.SendHWM == x.RecvHWM {
		return mark(x.SendHWM)
	}
	return mark(x.SendHWM) + "/" + mark(x.RecvHWM)
}

func mark(n int) string {
	if n == 0 {
		return "-"
	}
	return fmt.Sprint(n)
}

// states are what endpoints do, the worst first, in words.
var states = []struct {
	state, words string
	level        table.Level
}{
	{model.GaveUp, "gave up", table.Error},
	{model.Waiting, "retrying", table.Warn},
	{model.Connecting, "connecting", table.Warn},
	{model.Connected, "connected", table.Plain},
	{model.Listening, "listening", table.Plain},
}

// SocketState is what the worst of a socket's endpoints does.
func SocketState(x model.Socket) (words string, level table.Level) {
	if x.Closed {
		return "closed", table.Quiet
	}
	for _, s := range states {
		if slices.ContainsFunc(x.Endpoints, func(e model.Endpoint) bool { return e.State == s.state }) {
			return s.words, s.level
		}
	}
	return "nowhere", table.Quiet // neither bound nor connected
}

// stateWords are the words for a state, which is its own word if it has none.
func stateWords(state string) string {
	for _, s := range states {
		if s.state == state {
			return s.words
		}
	}
	return state
}

// endpointState is what one endpoint does.
func endpointState(e model.Endpoint) (words string, level table.Level) {
	return SocketState(model.Socket{Endpoints: []model.Endpoint{e}})
}

// endpoints is where a socket is, in as few words as possible.
func endpoints(x model.Socket) string {
	if len(x.Endpoints) == 0 {
		return ""
	}
	first := x.Endpoints[0].Bound
	if first == "" {
		first = x.Endpoints[0].Endpoint
	}
	if more := len(x.Endpoints) - 1; more > 0 {
		return fmt.Sprintf("%s +%d", first, more)
	}
	return first
}

// Instances are the processes of s.
func Instances(s model.Snapshot) table.Table {
	t := table.Table{Columns: []table.Column{
		{Name: "APP", Elastic: true}, {Name: "HOST", Elastic: true}, {Name: "PID", Right: true}, {Name: "STATE"},
		{Name: "SOCKETS", Right: true}, {Name: "CONNS", Right: true}, {Name: "LOST", Right: true},
		{Name: "SINCE", Right: true}, {Name: "HEARD", Right: true}, {Name: "INSTANCE"},
	}}
	sockets, conns := map[string]int{}, map[string]int{}
	for _, x := range s.Sockets {
		if !x.Closed {
			sockets[x.Inst]++
		}
	}
	for _, c := range s.Connections {
		conns[c.Inst]++
	}
	for _, i := range s.Instances {
		state := table.Text("live")
		if i.Gone {
			state = table.Text("gone").At(table.Warn)
		}
		t.Rows = append(t.Rows, table.Row{Key: i.ID, Value: i, Cells: []table.Cell{
			table.Text(i.App), table.Text(i.Host), table.Count(i.PID), state,
			table.Count(sockets[i.ID]), table.Count(conns[i.ID]), drops(i.Lost),
			table.Ago(s.At, i.Since), table.Ago(s.At, i.Last), table.Text(ShortKey(i.ID)),
		}})
	}
	return t
}

// blocks are eighths of a character's height, from nearly nothing.
var blocks = []rune("▁▂▃▄▅▆▇█")

// Spark is what a socket did in a time before now, in so many characters: how high each stands, of the highest. A blank is a time
// of which nothing is known, the lowest block one in which nothing happened.
func Spark(history []model.Point, now time.Time, span time.Duration, width int) string {
	highest, values := 0.0, make([]float64, width)
	for i := range values {
		values[i] = -1
	}
	for _, p := range history {
		age := now.Sub(p.Time)
		if age < 0 || age >= span {
			continue
		}
		at := width - 1 - int(age*time.Duration(width)/span)
		values[at] = max(values[at], p.Out+p.In)
		highest = max(highest, p.Out+p.In)
	}
	var b strings.Builder
	for _, v := range values {
		b.WriteRune(block(v, highest))
	}
	return b.String()
}

// block is how high one time of a spark stands.
func block(v, highest float64) rune {
	switch {
	case v < 0:
		return ' '
	case v == 0:
		return blocks[0]
	}
	return blocks[1+int(v/highest*float64(len(blocks)-2)+0.5)]
}
