package check

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// A Choice says which sockets are meant; an empty field, all.
type Choice struct{ App, Socket, Type string }

func (c Choice) takes(s *model.Socket) bool {
	return (c.App == "" || s.App == c.App) && (c.Type == "" || strings.EqualFold(s.Type, c.Type)) &&
		(c.Socket == "" || s.Name == c.Socket || s.Key == c.Socket)
}

// String is the choice as it was asked for.
func (c Choice) String() string {
	text := ""
	for _, part := range []struct{ flag, value string }{{"--app", c.App}, {"--sock", c.Socket}, {"--type", c.Type}} {
		if part.value != "" {
			text += " " + part.flag + " " + part.value
		}
	}
	return strings.TrimPrefix(text, " ")
}

// Sockets are those of c that live, under names for people. If there are none the error says so; gone: there were, and their
// processes have gone, which is worse than not to know.
func (c Choice) Sockets(s *model.Snapshot) (all []Socket, gone bool, err error) {
	away := make(map[string]bool)
	for _, i := range s.Instances {
		away[i.ID] = i.Gone
	}
	names := make(map[string]int)
	for i := range s.Sockets {
		switch from := &s.Sockets[i]; {
		case !c.takes(from):
		case away[from.Inst] || from.Closed:
			gone = true
		default:
			all = append(all, Socket{from, nameOf(from)})
			names[nameOf(from)]++
		}
	}
	for i, x := range all {
		if names[x.Name] > 1 {
			all[i].Name += "@" + x.Inst[:min(8, len(x.Inst))] + fmt.Sprint("/", x.ID)
		}
	}
	switch {
	case len(all) > 0:
		return all, false, nil
	case gone:
		return nil, true, fmt.Errorf("no socket is left that fits %s: their processes have gone, or have closed them", cmp.Or(c.String(), "all"))
	case len(s.Sockets) == 0:
		return nil, false, fmt.Errorf("the agent knows of no socket")
	}
	return nil, false, fmt.Errorf("the agent knows of %d sockets, and none that fits %s", len(s.Sockets), c)
}

// A Socket is one under a name for people: "app/name", and more where that is not enough.
type Socket struct {
	*model.Socket
	Name string
}

func nameOf(s *model.Socket) string {
	name := cmp.Or(s.Name, fmt.Sprintf("%s-%d", strings.ToLower(s.Type), s.ID))
	if s.App == "" {
		return name
	}
	return s.App + "/" + name
}

// Peers are how many are ready, of each socket.
func Peers(sockets []Socket, l Limits) (figures []Figure) {
	for _, s := range sockets {
		n := float64(s.Ready)
		figures = append(figures, Figure{Of: s.Name, Value: n, Level: l.Level(n), Text: count(s.Ready, "peer") + " ready"})
	}
	return figures
}

// count is "1 peer", "2 peers".
func count[N int | uint64](n N, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// Traffic is how many messages a second each socket sends and receives.
func Traffic(s *model.Snapshot, sockets []Socket, l Limits) (figures []Figure) {
	for _, x := range sockets {
		n := x.RateOut + x.RateIn
		f := Figure{Of: x.Name, Value: n, Level: l.Level(n), Text: fmt.Sprintf("%.4g messages/s (out %.4g, in %.4g)", n, x.RateOut, x.RateIn)}
		if n == 0 && !x.LastMessage.IsZero() {
			f.Text = fmt.Sprintf("no messages for %v", s.At.Sub(x.LastMessage).Round(1e9))
		}
		figures = append(figures, f)
	}
	return figures
}

// Queues are how full the fullest queue of each socket is, in per cent of its mark; of a socket without marks, or whose marks
// the agent does not know, 0.
func Queues(s *model.Snapshot, sockets []Socket, l Limits) (figures []Figure) {
	fullest := make(map[string]Figure)
	for _, c := range s.Connections {
		key := fmt.Sprintf("%s/%d", c.Inst, c.Sock)
		at := slices.IndexFunc(sockets, func(x Socket) bool { return x.Key == key })
		if at < 0 {
			continue
		}
		for _, q := range []struct {
			way           string
			queued, limit int
		}{{"to", c.QueueOut, sockets[at].SendHWM}, {"from", c.QueueIn, sockets[at].RecvHWM}} {
			if q.limit <= 0 {
				continue
			}
			full := 100 * float64(q.queued) / float64(q.limit)
			if f, some := fullest[key]; !some || full > f.Value {
				peer := cmp.Or(c.PeerID, c.Remote, "its peer")
				fullest[key] = Figure{Value: full, Text: fmt.Sprintf("%.0f %% of the mark: %s %s %s", full, count(q.queued, "message"), q.way, peer)}
			}
		}
	}
	for _, x := range sockets {
		f, some := fullest[x.Key]
		if !some {
			f.Text = "no peer, or no mark; " + count(x.QueueOut+x.QueueIn, "message") + " queued"
		}
		f.Of, f.Unit, f.Level = x.Name, "%", l.Level(f.Value)
		if c := condition(s, x, "slow_subscriber"); c != nil && f.Level != OK {
			f.Text, f.Hint = f.Text+"; "+c.Why, c.Hint
		}
		figures = append(figures, f)
	}
	return figures
}

// condition is the one of this name that is raised for a socket.
func condition(s *model.Snapshot, x Socket, name string) *model.Condition {
	for i, c := range s.Conditions {
		if c.Inst == x.Inst && c.Sock == x.ID && c.Name == name {
			return &s.Conditions[i]
		}
	}
	return nil
}

// Connects are the endpoints that the sockets dial, and whether each is connected: 1, or 0.
func Connects(sockets []Socket, l Limits) (figures []Figure) {
	for _, x := range sockets {
		for _, e := range x.Endpoints {
			if e.Side != monitor.SideConnect {
				continue
			}
			f := Figure{Of: x.Name + " " + e.Endpoint, Value: 1, Text: "connected"}
			if e.State != model.Connected {
				f.Value, f.Text = 0, notYet(e)
			}
			f.Level = l.Level(f.Value)
			figures = append(figures, f)
		}
	}
	return figures
}

func notYet(e model.Endpoint) string {
	text := map[string]string{model.Connecting: "connecting", model.Waiting: "not connected, and waiting to try again", model.GaveUp: "given up"}[e.State]
	text = cmp.Or(text, e.State, "not connected")
	if e.Attempt > 0 {
		text += fmt.Sprintf(", attempt %d", e.Attempt)
	}
	if e.Error != "" {
		text += ": " + e.Error
	}
	return text
}

// A Loss adds up messages that were lost, by socket and reason, from events.
type Loss map[string]map[monitor.Reason]uint64

// Add takes one event in.
func (l Loss) Add(f *fact.Fact) {
	n := f.Unsent
	if f.Name == monitor.Dropped.String() {
		n = f.Count
	}
	if n == 0 {
		return
	}
	key := fmt.Sprintf("%s/%d", f.Instance.ID, f.SocketID)
	if l[key] == nil {
		l[key] = make(map[monitor.Reason]uint64)
	}
	l[key][f.Reason] += n
}

// Drops are how many messages each socket has lost; within is the time in words.
func Drops(sockets []Socket, lost Loss, within string, l Limits) (figures []Figure) {
	for _, x := range sockets {
		total, most := uint64(0), monitor.Reason("")
		for r, n := range lost[x.Key] {
			if total += n; most == "" || n > lost[x.Key][most] || n == lost[x.Key][most] && r < most {
				most = r
			}
		}
		f := Figure{Of: x.Name, Value: float64(total), Level: l.Level(float64(total)), Text: count(total, "message") + " lost in the last " + within}
		if total > 0 {
			e := monitor.Event{Kind: monitor.Dropped, Reason: most}
			f.Text, f.Hint = f.Text+", most of them for "+string(most), e.Hint()
		}
		figures = append(figures, f)
	}
	return figures
}
