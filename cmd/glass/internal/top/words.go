package top

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/sheet"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
	"github.com/glassmq/zmq/observe/fact"
)

// keys are all keys, as the help has them.
var keys = [...]struct{ keys, does string }{
	{"↑ ↓  j k", "to the next row"},
	{"PgUp PgDn  g G", "a page; to the first row, to the last"},
	{"Enter", "into the row: a socket's connections, a connection's peer"},
	{"Esc", "take off the filter; back"},
	{":", "go to a list; Tab completes"},
	{"/", "only rows that have these words; with ! before one, that have not"},
	{"s  S", "sort by the next column, by the one before"},
	{"r", "the other way round"},
	{"w", "more columns, or fewer"},
	{"e", "what happened to the row"},
	{"x", "what is wrong with the row, why, and what to do"},
	{"y", "copy the row as JSON"},
	{"p", "stop the time; let it go on"},
	{"?", "this text"},
	{"q", "quit"},
}

func helpLines() (lines []string) {
	for _, k := range keys {
		lines = append(lines, fmt.Sprintf("%-16s %s", k.keys, k.does))
	}
	lines = append(lines, "", "lists:  "+strings.Join(Views(), "  "))
	return append(lines, "",
		"LAST MIN is a minute of messages, in and out, against its own highest second.",
		"PEERS 3+1: three are connected, and one's handshake runs.",
		"QUEUE: messages that wait, in both directions; red at the high-water mark.")
}

// words are what can be said about a row: what is wrong, why, what to do.
func (a *app) words(row table.Row) []string {
	switch v := row.Value.(type) {
	case model.Condition:
		return append(a.condition(v), "", "glass explain "+v.Name+" says more")
	case model.Closed:
		return a.reasons(fmt.Sprintf("%s ended after %s", sheet.PeerName(v.Connection), table.Millis(v.Duration).Text), string(v.Reason), v.Why, v.Hint)
	case model.Socket:
		return a.wrong(sheet.OfSocket(a.now, v), v.Endpoints)
	case model.Connection:
		return a.wrong(sheet.OfConn(a.now, v), nil)
	case sheet.Peer:
		return a.wrong(sheet.OfPeer(a.now, v), nil)
	case json.RawMessage:
		return a.event(v)
	}
	return []string{"nothing is known beyond the row"}
}

func (a *app) look() table.Look {
	return table.Look{Width: a.width - margin, Colour: a.o.Colour, Wide: a.wide}
}

func (a *app) condition(c model.Condition) []string {
	return sheet.ConditionLines(c, a.now.At, a.look())
}

// wrong are the conditions of something, and the errors of its endpoints.
func (a *app) wrong(d sheet.Detail, endpoints []model.Endpoint) (lines []string) {
	for _, c := range d.Conditions {
		lines = append(append(lines, a.condition(c)...), "")
	}
	for _, e := range endpoints {
		if e.Error != "" {
			lines = append(lines, table.Printable(fmt.Sprintf("%s: %s, after %d attempts", e.Endpoint, e.Error, max(e.Attempt, 1))), "")
		}
	}
	if len(lines) == 0 {
		return []string{"nothing is wrong with " + table.Printable(d.Title) + " that a detector can see"}
	}
	return lines[:len(lines)-1]
}

// reasons are why something ended.
func (a *app) reasons(head, reason, why, hint string) []string {
	lines := []string{table.Printable(head)}
	lines = append(lines, sheet.Folded("  why  ", why, a.width-margin)...)
	lines = append(lines, sheet.Folded("  do   ", hint, a.width-margin)...)
	if reason != "" {
		lines = append(lines, "", "glass explain "+reason+" says more")
	}
	return lines
}

// event is an event in words, and everything that it says.
func (a *app) event(line json.RawMessage) []string {
	f, _, err := fact.Parse(line)
	if err != nil || f == nil {
		return []string{"this line cannot be read"}
	}
	why, hint := sheet.FactWords(*f)
	if why == "" {
		why, hint = f.Kind.Explain()
	}
	code := string(f.Reason)
	if code == "" {
		code = strings.Fields(sheet.FactName(*f) + " ")[0]
	}
	lines := append(a.reasons(sheet.FactName(*f), code, why, hint), "")
	var said map[string]json.RawMessage
	if json.Unmarshal(line, &said) != nil {
		return lines
	}
	for _, key := range slices.Sorted(maps.Keys(said)) {
		lines = append(lines, table.Printable(fmt.Sprintf("  %-12s %s", key, strings.Trim(string(said[key]), `"`))))
	}
	return lines
}
