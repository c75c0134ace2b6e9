package sheet

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/agenttest"
	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

var update = flag.Bool("update", false, "write testdata anew; a person reads the difference")

// golden compares with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

func told(yield func(fact.Fact, error) bool) {
	for _, f := range agenttest.Facts() {
		if !yield(f, nil) {
			return
		}
	}
}

func TestSheets(t *testing.T) {
	for _, s := range Sheets {
		rows := s.Table(agenttest.Snapshot())
		golden(t, s.Name+".txt", rows.String(table.Look{})+"\n"+rows.String(table.Look{Wide: true}))
		none := s.Table(model.Snapshot{})
		if len(none.Rows) != 0 || s.Empty == "" || s.About == "" {
			t.Errorf("%s of nothing has %d rows, and says %q", s.Name, len(none.Rows), s.Empty)
		}
		if _, err := rows.Column(s.Sort); s.Sort != "" && err != nil {
			t.Errorf("%s is sorted by %v", s.Name, err)
		}
		for _, r := range rows.Rows {
			if len(r.Cells) != len(rows.Columns) || r.Key == "" || r.Value == nil {
				t.Errorf("%s: row %+v", s.Name, r)
			}
		}
	}
	events := Events(agenttest.Noon, agenttest.Facts())
	golden(t, "events.txt", events.String(table.Look{}))
}

// What is bad is coloured, and nothing else: a screen in order has no colour.
func TestLevels(t *testing.T) {
	level := func(rows table.Table, key, column string) table.Level {
		at, err := rows.Column(column)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows.Rows {
			if strings.HasSuffix(r.Key, key) {
				return r.Cells[at].Level
			}
		}
		t.Fatalf("no row %s", key)
		return 0
	}
	s := agenttest.Snapshot()
	for _, c := range []struct {
		rows        table.Table
		key, column string
		want        table.Level
	}{
		{Sockets(s), "k7q2m4aaaabbbbccccddddeeee/1", "drops", table.Warn},
		{Sockets(s), "k7q2m4aaaabbbbccccddddeeee/1", "state", table.Plain},
		{Sockets(s), "k7q2m4aaaabbbbccccddddeeee/1", "queue", table.Error}, // one peer's is at its mark
		{Sockets(s), "o5tt1paaaabbbbccccddddeeee/1", "queue", table.Plain},
		{Sockets(s), "k7q2m4aaaabbbbccccddddeeee/1", "peers", table.Warn}, // one shakes hands
		{Sockets(s), "k7q2m4aaaabbbbccccddddeeee/2", "drops", table.Quiet},
		{Sockets(s), "o5tt1paaaabbbbccccddddeeee/1", "state", table.Warn},
		{Conns(s), "/12", "queue", table.Error}, // at its mark
		{Conns(s), "/15", "queue", table.Plain},
		{Conns(s), "/16", "type", table.Warn},
		{Conditions(s), "risk-2", "sev", table.Warn},
		{Closed(s), "/10", "reason", table.Warn},
		{Instances(s), "b2nn8yaaaabbbbccccddddeeee", "state", table.Warn},
		{Instances(s), "b2nn8yaaaabbbbccccddddeeee", "lost", table.Warn},
	} {
		if got := level(c.rows, c.key, c.column); got != c.want {
			t.Errorf("%s of %s has level %d, want %d", c.column, c.key, got, c.want)
		}
	}
	for _, c := range []struct {
		queued, mark int
		want         table.Level
	}{{0, 1000, table.Quiet}, {749, 1000, table.Plain}, {750, 1000, table.Warn}, {1000, 1000, table.Error}, {1 << 20, 0, table.Plain}} {
		if got := fill(c.queued, c.mark).Level; got != c.want {
			t.Errorf("%d of %d has level %d, want %d", c.queued, c.mark, got, c.want)
		}
	}
}

func TestStateIsThatOfTheWorstEndpoint(t *testing.T) {
	of := func(states ...string) string {
		var x model.Socket
		for _, s := range states {
			x.Endpoints = append(x.Endpoints, model.Endpoint{State: s})
		}
		words, _ := SocketState(x)
		return words
	}
	for want, states := range map[string][]string{
		"nowhere": nil, "listening": {model.Listening}, "connected": {model.Listening, model.Connected}, "connecting": {model.Connected, model.Connecting},
		"retrying": {model.Connected, model.Waiting, model.Connecting}, "gave up": {model.GaveUp, model.Waiting},
	} {
		if got := of(states...); got != want {
			t.Errorf("%v: %s, want %s", states, got, want)
		}
	}
}

func TestSpark(t *testing.T) {
	now := agenttest.Noon
	at := func(ago int, out, in float64) model.Point {
		return model.Point{Time: now.Add(-time.Duration(ago) * time.Second), Out: out, In: in}
	}
	for name, c := range map[string]struct {
		points []model.Point
		want   string
	}{
		"nothing is known":        {nil, "      "},
		"nothing happened":        {[]model.Point{at(1, 0, 0), at(11, 0, 0)}, "    ▁▁"},
		"it rises":                {[]model.Point{at(55, 1, 0), at(45, 2, 0), at(35, 4, 0), at(25, 6, 0), at(15, 7, 0), at(5, 0, 8)}, "▃▄▅▇▇█"},
		"the highest of a span":   {[]model.Point{at(9, 8, 0), at(5, 1, 0), at(1, 4, 0)}, "     █"},
		"older than a minute":     {[]model.Point{at(61, 8, 0), at(1, 4, 0)}, "     █"},
		"from another host's day": {[]model.Point{at(-3, 8, 0)}, "      "},
	} {
		if got := Spark(c.points, now, time.Minute, 6); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestWhoAPeerIs(t *testing.T) {
	for want, c := range map[string]model.Connection{
		"risk-1":         {PeerID: "risk-1", UserID: "u", PeerApp: "risk", Remote: "tcp://10.0.0.7:1"},
		"u":              {UserID: "u", PeerApp: "risk", Remote: "tcp://10.0.0.7:1"},
		"risk":           {PeerApp: "risk", Remote: "tcp://10.0.0.7:1"},
		"10.0.0.7":       {Remote: "tcp://10.0.0.7:41234", Side: monitor.SideBind},
		"[::1]":          {Remote: "tcp://[::1]:41234", Side: monitor.SideBind},
		"10.0.0.7:5556":  {Remote: "tcp://10.0.0.7:5556", Side: monitor.SideConnect},
		"ipc:///run/x":   {Remote: "ipc:///run/x", Side: monitor.SideConnect},
		"db:5556":        {Endpoint: "tcp://db:5556", Side: monitor.SideConnect},
		"pid=12,uid=100": {Remote: "pid=12,uid=100", Side: monitor.SideBind},
	} {
		if got := PeerName(c); got != want {
			t.Errorf("%+v is %q, want %q", c, got, want)
		}
	}
}

func TestFind(t *testing.T) {
	s := agenttest.Snapshot()
	for name, key := range map[string]string{
		"md-pub": "k7q2m4aaaabbbbccccddddeeee/1", "md-gw/md-pub": "k7q2m4aaaabbbbccccddddeeee/1", "k7q2m4aaaabbbbccccddddeeee/2": "k7q2m4aaaabbbbccccddddeeee/2",
		"o5/1": "o5tt1paaaabbbbccccddddeeee/1", "push-1": "o5tt1paaaabbbbccccddddeeee/1", "orders/push-1": "o5tt1paaaabbbbccccddddeeee/1",
	} {
		if x, err := FindSocket(s, name); err != nil || x.Key != key {
			t.Errorf("%s is %s, %v", name, x.Key, err)
		}
	}
	for name, key := range map[string]string{"k7q2m4/12": "k7q2m4aaaabbbbccccddddeeee/12", "10.0.0.7:50022": "k7q2m4aaaabbbbccccddddeeee/12", "tcp://10.0.0.7:41234": "k7q2m4aaaabbbbccccddddeeee/9"} {
		if c, err := FindConn(s, name); err != nil || c.Key != key {
			t.Errorf("%s is %s, %v", name, c.Key, err)
		}
	}
	if p, err := FindPeer(s, "risk-2"); err != nil || len(p.Conns) != 1 {
		t.Errorf("risk-2 is %+v, %v", p, err)
	}
	for name, want := range map[string]string{
		"nobody":   `no peer is called "nobody"; glass ls peers has their names`,
		"10.0.0.7": `"10.0.0.7" can be 2 peers; write one of risk-1, risk-2`,
		"":         `no peer is called ""; glass ls peers has their names`,
	} {
		_, err := FindPeer(s, name)
		var u *Unclear
		if !errors.As(err, &u) || u.Error()+"; "+u.Hint() != want {
			t.Errorf("%q: %v", name, err)
		}
	}
	for _, kind := range []string{"socket", "conn", "peer"} {
		for _, name := range Names(s, kind) { // what is offered is understood
			var err error
			switch kind {
			case "socket":
				_, err = FindSocket(s, name)
			case "conn":
				_, err = FindConn(s, name)
			default:
				_, err = FindPeer(s, name)
			}
			if err != nil {
				t.Errorf("%s %s: %v", kind, name, err)
			}
		}
	}
}

func TestDetails(t *testing.T) {
	s := agenttest.Snapshot()
	text := func(d Detail) string {
		d.Events = agenttest.Facts()[4:]
		return strings.Join(d.Lines(table.Look{Width: 100}), "\n") + "\n"
	}
	golden(t, "detail_socket.txt", text(OfSocket(s, s.Sockets[0]))+"\n----\n"+text(OfSocket(s, s.Sockets[2])))
	golden(t, "detail_conn.txt", text(OfConn(s, s.Connections[0]))+"\n----\n"+text(OfConn(s, s.Connections[3])))
	hour := OfSocket(s, s.Sockets[1])
	at := func(minutes int, rate float64) model.Point {
		return model.Point{Time: s.At.Add(-time.Duration(minutes) * time.Minute), Out: rate}
	}
	hour.Past("last hour", time.Hour, 2*time.Minute, nil) // no history
	hour.Past("last hour", time.Hour, 2*time.Minute, []model.Point{at(40, 1), at(20, 8), at(18, 4)})
	golden(t, "detail_hour.txt", text(hour))
	peer, err := FindPeer(s, "risk-2")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "detail_peer.txt", text(OfPeer(s, peer)))
	d := OfPeer(s, peer)
	d.Gap = "no events: it keeps no history"
	if lines := d.Lines(table.Look{}); lines[len(lines)-1] != d.Gap {
		t.Errorf("the last line is %q", lines[len(lines)-1])
	}
}

func TestADetailAsJSONHasTheEventsAsTheyCame(t *testing.T) {
	d := OfSocket(agenttest.Snapshot(), agenttest.Snapshot().Sockets[1])
	d.Events = agenttest.Facts()[:1]
	line, err := json.Marshal(d)
	if err != nil {
		t.Fatal(err)
	}
	var got map[string]json.RawMessage
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatal(err)
	}
	if string(got["events"]) != "["+string(d.Events[0].Line)+"]" || string(got["closed"]) != "[]" || string(got["conditions"]) != "[]" || got["socket"] == nil || got["peer"] != nil {
		t.Errorf("got %s", line)
	}
}

// The events of a connection are those that bear its key; of a peer, those that bear its name.
func TestWhichEventsADetailIsAbout(t *testing.T) {
	s := agenttest.Snapshot()
	if sock, peer, grep := OfSocket(s, s.Sockets[0]).Filter(); sock != s.Sockets[0].Key || peer+grep != "" {
		t.Error(sock, peer, grep)
	}
	if sock, peer, grep := OfConn(s, s.Connections[1]).Filter(); grep != `"conn":"(k7q2m4aaaabbbbccccddddeeee/12)"` || sock+peer != "" {
		t.Error(sock, peer, grep)
	}
	for name, want := range map[string]string{"risk-2": "risk-2", "md-gw": "", "192.168.7.20": "192.168.7.20"} {
		p, err := FindPeer(s, name)
		if err != nil {
			t.Fatal(err)
		}
		if _, peer, grep := OfPeer(s, p).Filter(); peer != want || (want == "") != (grep != "") {
			t.Error(name, peer, grep)
		}
	}
}

func TestSubs(t *testing.T) {
	rows, unknown, err := Subs(agenttest.Snapshot(), told)
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "subs.txt", rows.String(table.Look{}))
	if unknown != 2 { // risk-2's second one, and that of 192.168.7.20
		t.Errorf("%d are not known, want 2", unknown)
	}
	gone := agenttest.Facts()[1]
	gone.Kind = monitor.Unsubscribed
	rows, _, err = Subs(agenttest.Snapshot(), func(yield func(fact.Fact, error) bool) { told(yield); yield(gone, nil) })
	if err != nil || len(rows.Rows) != 1 {
		t.Errorf("after one was taken back there are %d, %v", len(rows.Rows), err)
	}
	broken := errors.New("broken")
	if _, _, err := Subs(agenttest.Snapshot(), func(yield func(fact.Fact, error) bool) { yield(fact.Fact{}, broken) }); !errors.Is(err, broken) {
		t.Error(err)
	}
}

func TestGraph(t *testing.T) {
	g := agenttest.Snapshot().Graph()
	var text, dot, mermaid bytes.Buffer
	if err := errors.Join(GraphText(&text, g, table.Look{}), GraphDOT(&dot, g), GraphMermaid(&mermaid, g)); err != nil {
		t.Fatal(err)
	}
	golden(t, "graph.txt", text.String())
	golden(t, "graph.dot", dot.String())
	golden(t, "graph.mmd", mermaid.String())
	of := GraphOf(g, "orders")
	if len(of.Edges) != 1 || len(of.Nodes) != 2 {
		t.Errorf("of orders: %+v", of)
	}
	if all := GraphOf(g, ""); len(all.Nodes) != len(g.Nodes) {
		t.Errorf("of all: %+v", all)
	}
}

// What a peer calls itself is quoted for each language that draws it.
func TestADrawingCannotBeForged(t *testing.T) {
	g := model.Graph{Nodes: []model.Node{{ID: `a"];evil[label="`, Label: "x\"]\nend --> #<script>&", Known: true}}}
	var dot, mermaid bytes.Buffer
	if err := errors.Join(GraphDOT(&dot, g), GraphMermaid(&mermaid, g)); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(dot.String(), `"a\"];evil[label=\""`) || strings.Count(dot.String(), "\n") != 6 {
		t.Errorf("dot:\n%s", dot.String())
	}
	if strings.ContainsAny(strings.Split(mermaid.String(), "\n")[1][6:], `<>&`) || strings.Count(mermaid.String(), `"`) != 2 {
		t.Errorf("mermaid:\n%s", mermaid.String())
	}
}

func TestGraphDiff(t *testing.T) {
	s := agenttest.Snapshot()
	before := s.Graph()
	s.Connections = slices.DeleteFunc(s.Connections, func(c model.Connection) bool { return c.PeerID == "risk-2" })
	s.Connections[2].Ready = true // its handshake is through
	after := s.Graph()
	rows := GraphDiff(before, after)
	golden(t, "diff.txt", rows.String(table.Look{}))
	if back := GraphDiff(after, before); len(back.Rows) != len(rows.Rows) || back.Rows[0].Value.(Change).Change != Came {
		t.Errorf("and back:\n%s", back.String(table.Look{}))
	}
	if same := GraphDiff(before, before); len(same.Rows) != 0 {
		t.Errorf("nothing changed, and it says\n%s", same.String(table.Look{}))
	}
}

func TestTimeline(t *testing.T) {
	line, err := agenttest.Timeline("risk-2")
	if err != nil {
		t.Fatal(err)
	}
	now := agenttest.Noon
	rows := Lives(line, now)
	drawn := append(Lifeline(line, time.Time{}, now, table.Look{Width: 60}), Availability(line, time.Time{}, now), "")
	drawn = append(drawn, Lifeline(line, now.Add(-20*time.Minute), now, table.Look{Width: 60})...)
	golden(t, "timeline.txt", rows.String(table.Look{})+"\n"+strings.Join(drawn, "\n")+"\n")
	if none := Lifeline(model.Timeline{}, time.Time{}, now, table.Look{}); len(none) != 0 || Availability(model.Timeline{}, now, now) != "" {
		t.Errorf("no life is drawn as %q", none)
	}
	if small := Lifeline(line, time.Time{}, now, table.Look{Width: 20}); small != nil {
		t.Errorf("in 20 columns: %q", small)
	}
}

// The cursor of top stands on a row by its key: conditions that only the place tells apart have keys of their own, and so have what
// was found in one moment.
func TestConditionsHaveKeysOfTheirOwn(t *testing.T) {
	keys := map[string]bool{}
	for _, c := range []fact.Condition{
		{Name: "handshake_failing", Sock: 1, Remote: "tcp://10.0.0.1"}, {Name: "handshake_failing", Sock: 1, Remote: "tcp://10.0.0.2"},
		{Name: "handshake_failing", Sock: 2, Remote: "tcp://10.0.0.2"}, {Name: "identity_conflict", Sock: 2, Peer: "a"}, {Name: "identity_conflict", Sock: 2, Peer: "b"},
	} {
		keys[conditionKey(model.Condition{Condition: c, Inst: "i"})] = true
		for _, state := range []string{fact.Raised, fact.Cleared} {
			c.State = state
			f, err := fact.Found(fact.Instance{ID: "i"}, agenttest.Noon, c)
			if err != nil {
				t.Fatal(err)
			}
			keys[factKey(f)] = true
		}
	}
	if len(keys) != 15 {
		t.Errorf("15 rows have %d keys: %v", len(keys), keys)
	}
}

// What an agent says of others, it has from them: nothing of it reaches the terminal as it is.
func TestNamesFromOutsideArePrintable(t *testing.T) {
	const bell = "\x1b]0;x\x07"
	g := model.Graph{
		Nodes: []model.Node{{ID: "a/1", Label: bell, Type: bell, App: bell, Host: bell, Known: true}, {ID: "peer:b", Label: bell, Type: bell}},
		Edges: []model.Edge{{From: "a/1", To: "peer:b", Transport: bell, State: bell}},
	}
	var out bytes.Buffer
	for _, draw := range []func(*bytes.Buffer) error{
		func(w *bytes.Buffer) error { return GraphText(w, g, table.Look{}) },
		func(w *bytes.Buffer) error { return GraphDOT(w, g) },
		func(w *bytes.Buffer) error { return GraphMermaid(w, g) },
	} {
		if err := draw(&out); err != nil {
			t.Fatal(err)
		}
	}
	c := model.Condition{Condition: fact.Condition{Name: bell, Severity: bell, Peer: bell, Why: bell, Hint: bell}}
	out.WriteString(strings.Join(ConditionLines(c, agenttest.Noon, table.Look{}), "\n"))
	if i := strings.IndexAny(out.String(), "\x1b\x07"); i >= 0 {
		t.Errorf("a control character at %d of\n%q", i, out.String())
	}
}
