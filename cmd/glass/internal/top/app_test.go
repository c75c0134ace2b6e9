package top

import (
	"context"
	"errors"
	"flag"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/x/ansi"

	"github.com/glassmq/zmq/cmd/glass/internal/agenttest"
	"github.com/glassmq/zmq/cmd/glass/internal/client"
	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/cmd/glass/internal/sheet"
	"github.com/glassmq/zmq/cmd/glass/internal/table"
	"github.com/glassmq/zmq/observe/fact"
)

var update = flag.Bool("update", false, "write testdata anew; a person reads the difference")

// A scene is a source that says what the test wants.
type scene struct {
	now   model.Snapshot
	err   error
	asked []client.Filter
	at    []time.Time
}

func (s *scene) StateAt(_ context.Context, at time.Time) (model.Snapshot, error) {
	s.at = append(s.at, at)
	return s.now, s.err
}

func (s *scene) Events(_ context.Context, f client.Filter) iter.Seq2[fact.Fact, error] {
	s.asked = append(s.asked, f)
	return func(yield func(fact.Fact, error) bool) {
		for _, f := range agenttest.Facts() {
			if !yield(f, nil) {
				return
			}
		}
	}
}

func (s *scene) Server() string { return "http://127.0.0.1:5590" }

// A user sits before an app: what he presses takes effect, and what it asks is answered, before he looks.
type user struct {
	t      *testing.T
	app    *app
	source *scene
	last   tea.Cmd // what the last key led to beside questions
}

func sit(t *testing.T, o Options) *user {
	t.Helper()
	u := &user{t: t, source: &scene{now: agenttest.Snapshot()}}
	if o.View == "" {
		o.View = "sockets"
	}
	u.app = newApp(t.Context(), u.source, u.source.now, o)
	u.settle(u.app.Init())
	return u
}

var named = map[string]tea.KeyPressMsg{
	"enter": {Code: tea.KeyEnter}, "esc": {Code: tea.KeyEscape}, "up": {Code: tea.KeyUp}, "down": {Code: tea.KeyDown}, "tab": {Code: tea.KeyTab},
	"backspace": {Code: tea.KeyBackspace}, "ctrl+c": {Code: 'c', Mod: tea.ModCtrl}, "ctrl+u": {Code: 'u', Mod: tea.ModCtrl}, "ctrl+w": {Code: 'w', Mod: tea.ModCtrl},
	"pgdown": {Code: tea.KeyPgDown}, "pgup": {Code: tea.KeyPgUp}, "end": {Code: tea.KeyEnd}, "home": {Code: tea.KeyHome},
}

// press presses keys: names of keys, or texts letter by letter.
func (u *user) press(keys ...string) {
	for _, key := range keys {
		if k, ok := named[key]; ok {
			u.send(k)
			continue
		}
		for _, r := range key {
			u.send(tea.KeyPressMsg{Code: r, Text: string(r)})
		}
	}
}

func (u *user) send(m tea.Msg) {
	_, cmd := u.app.Update(m)
	u.settle(cmd)
}

func (u *user) settle(cmd tea.Cmd) {
	for u.app.asking && cmd != nil {
		_, cmd = u.app.Update(cmd())
	}
	u.last = cmd
}

// frame is what is seen, without colours.
func (u *user) frame() string {
	lines := strings.Split(ansi.Strip(u.app.View().Content), "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n")
}

func (u *user) sees(words ...string) {
	u.t.Helper()
	for _, w := range words {
		if !strings.Contains(u.frame(), w) {
			u.t.Errorf("no %q in\n%s", w, u.frame())
		}
	}
}

func (u *user) seesNot(word string) {
	u.t.Helper()
	if strings.Contains(u.frame(), word) {
		u.t.Errorf("%q in\n%s", word, u.frame())
	}
}

// One walk through everything, frame by frame, on a terminal of 80×24.
func TestAWalk(t *testing.T) {
	u := sit(t, Options{})
	var story strings.Builder
	for _, step := range [][]string{
		{}, {"down"}, {"enter"}, {"s", "s", "s"}, {"enter"}, {"e"}, {"enter"}, {"esc", "esc", "esc"}, {"w"}, {"w", "esc", "x"},
		{"esc", "/", "ris"}, {"k !orders"}, {"enter", "r"}, {"esc", ":", "c"}, {"ond", "tab", "enter"}, {"down", "x"}, {":peers", "enter", "down", "enter"},
		{":closed", "enter"}, {"enter"}, {":instances", "enter", "down"}, {"enter"}, {":events", "enter"}, {":nothing", "enter"}, {"?"}, {"end"}, {"esc", "p"},
	} {
		u.press(step...)
		story.WriteString("==== " + strings.Join(step, " ") + "\n" + u.frame() + "\n")
	}
	path := filepath.Join("testdata", "walk.txt")
	if *update {
		if err := os.WriteFile(path, []byte(story.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if story.String() != string(want) {
		t.Errorf("%s is otherwise; got\n%s", path, story.String())
	}
}

// Every frame has exactly the terminal's lines, and none is wider: whatever the size, the place and the prompt.
func TestFramesFit(t *testing.T) {
	for _, size := range []struct{ width, height int }{{80, 24}, {200, 60}, {40, 10}, {20, 6}, {10, 3}, {3, 2}, {1, 1}} {
		u := sit(t, Options{Colour: true})
		u.source.now = agenttest.Busy(300)
		u.send(tea.WindowSizeMsg{Width: size.width, Height: size.height})
		for _, keys := range []string{"", "enter", "G", "w", "enter", "e", "x", "?", ":peers", "enter", "y", "/!", "enter", ":", "conditions and more words than fit into any line of a small terminal", "esc", ":events", "enter"} {
			u.press(keys)
			lines := strings.Split(u.app.View().Content, "\n")
			if len(lines) != size.height {
				t.Errorf("%v after %q: %d lines", size, keys, len(lines))
			}
			for _, l := range lines {
				if n := table.Width(l); n > size.width {
					t.Errorf("%v after %q: %d columns: %q", size, keys, n, l)
				}
			}
		}
	}
}

// The cursor stays on its row while rows come, go and change places; if its row goes, it stays at its height.
func TestTheCursorStaysOnItsRow(t *testing.T) {
	u := sit(t, Options{View: "conns", Sort: "tx/s"})
	u.press("down")
	row, _ := u.app.here().row()
	was := row.Key
	for i := range u.source.now.Connections {
		c := &u.source.now.Connections[i]
		if c.Key != was {
			c.RateOut = 1e6 + float64(i)
		}
	}
	u.tick()
	if row, _ := u.app.here().row(); row.Key != was || u.app.here().cursor == 1 {
		t.Errorf("the cursor is on row %d, %s; it was on %s", u.app.here().cursor, row.Key, was)
	}
	at := u.app.here().cursor
	u.source.now.Connections = slices.DeleteFunc(u.source.now.Connections, func(c model.Connection) bool { return c.Key == was })
	u.tick()
	if got := u.app.here().cursor; got != min(at, len(u.source.now.Connections)-1) {
		t.Errorf("its row has gone, and the cursor went from %d to %d", at, got)
	}
	u.source.now.Connections = nil
	u.tick()
	u.sees("nobody is connected")
	u.press("enter", "x", "y", "e", "down", "G", "s") // on no row
}

// tick is the end of a pause.
func (u *user) tick() { u.send(again{u.app.beat}) }

// On the first row the cursor stays on top: who looks at the busiest wants to see the busiest.
func TestTheFirstRowIsTheFirstRow(t *testing.T) {
	u := sit(t, Options{View: "conns", Sort: "tx/s"})
	u.source.now.Connections[4].RateOut = 1e9
	u.tick()
	if row, _ := u.app.here().row(); row.Key != u.source.now.Connections[4].Key {
		t.Errorf("the cursor went along with %s", row.Key)
	}
}

func TestWhatTheAgentIsAsked(t *testing.T) {
	u := sit(t, Options{})
	u.press("down", "e") // md-gw/md-pub
	u.press("esc", "enter", "enter")
	u.press(":instances", "enter", "down", "e")
	u.press(":conditions", "enter", "e")
	var asked []client.Filter
	for _, f := range u.source.asked {
		asked = append(asked, client.Filter{Sock: f.Sock, Peer: f.Peer, Grep: f.Grep, App: f.App, N: f.N})
	}
	want := []client.Filter{
		{Sock: "k7q2m4aaaabbbbccccddddeeee/1", N: 500},
		{Grep: `"conn":"(k7q2m4aaaabbbbccccddddeeee/12)"`, N: 20},
		{App: "md-gw", N: 500},
		{Sock: "o5tt1paaaabbbbccccddddeeee/1", N: 500},
	}
	if !reflect.DeepEqual(asked, want) {
		t.Errorf("asked\n%+v\nwant\n%+v", asked, want)
	}
}

// An agent that goes is told of, and asked again; the last that it said stays on the screen.
func TestTheAgentGoesAndComesBack(t *testing.T) {
	u := sit(t, Options{})
	u.source.err = errors.New("no agent listens at http://127.0.0.1:5590")
	u.tick()
	u.sees("! no agent listens at http://127.0.0.1:5590; asking again", "last heard 12:00:00", "md-gw/md-pub")
	if u.last == nil {
		t.Error("it is not asked again")
	}
	u.source.err = nil
	u.source.now.At = agenttest.Noon.Add(9 * time.Second)
	u.tick()
	u.sees("12:00:09", "server_down")
	u.seesNot("last heard")
}

func TestPause(t *testing.T) {
	u := sit(t, Options{})
	u.press("p")
	asked := len(u.source.at)
	u.tick()
	u.sees("paused 12:00:00")
	if len(u.source.at) != asked {
		t.Error("asked during a pause")
	}
	u.press("p")
	if len(u.source.at) != asked+1 {
		t.Error("not asked at once after a pause")
	}
	old := u.app.beat - 1
	u.send(again{old})
	if len(u.source.at) != asked+1 {
		t.Error("asked by the end of a pause that is none any more: each would begin another")
	}
}

// What is wanted while a question is under way is asked as soon as that is answered, and an answer for a place where the user
// is not any more does no harm.
func TestAQuestionDuringAQuestion(t *testing.T) {
	u := sit(t, Options{})
	_, first := u.app.Update(again{u.app.beat})
	if _, second := u.app.Update(tea.KeyPressMsg{Code: 'e', Text: "e"}); second != nil || !u.app.hurry {
		t.Fatal("two questions at once")
	}
	u.sees("…")
	u.settle(first)
	u.sees("slow_subscriber raised")
	if len(u.source.asked) != 1 {
		t.Errorf("events were asked for %d times", len(u.source.asked))
	}
}

func TestATimeThatIsPast(t *testing.T) {
	u := sit(t, Options{At: agenttest.Noon})
	u.sees("at 12:00:00")
	if u.app.Init() != nil {
		t.Error("what is past is asked for again")
	}
	u.press("e")
	if got := u.source.asked[0].Until; !got.Equal(agenttest.Noon) {
		t.Errorf("events until %v", got)
	}
}

func TestAConnectionThatEndedSaysWhy(t *testing.T) {
	u := sit(t, Options{View: "conns", Sort: "queue"})
	u.press("enter")
	u.sees("risk-2", "1000 of 1000 out")
	was := u.source.now.Connections[1]
	u.source.now.Connections = slices.Delete(u.source.now.Connections, 1, 2)
	u.source.now.Closed = append([]model.Closed{{Connection: was, Reason: "reset", Why: "the connection was reset", Hint: "look there", Duration: 5}}, u.source.now.Closed...)
	u.tick()
	u.sees("risk-2 is not connected any more", "why  the connection was reset", "do   look there", "dropped")
}

func TestColourIsForMeaning(t *testing.T) {
	plain := sit(t, Options{})
	if s := strings.NewReplacer("\x1b[7m", "", "\x1b[0m", "").Replace(plain.app.View().Content); strings.Contains(s, "\x1b") {
		t.Errorf("colours without being asked for: %q", s)
	}
	u := sit(t, Options{Colour: true})
	for _, want := range []string{"\x1b[31m ! server_down", "\x1b[33mretrying\x1b[0m", "\x1b[33m1840\x1b[0m", "\x1b[7m›md-gw/ctl"} {
		if s := u.app.View().Content; !strings.Contains(s, want) {
			t.Errorf("no %q in %q", want, s)
		}
	}
	u.source.now = agenttest.Snapshot()
	u.source.now.Conditions = nil
	u.source.now.Sockets = u.source.now.Sockets[1:2] // ctl, with which nothing is wrong
	u.tick()
	if s := u.app.View().Content; strings.Contains(s, "\x1b[3") {
		t.Errorf("colours where all is in order: %q", s)
	}
}

func TestWhatAPeerWritesMovesNothing(t *testing.T) {
	u := sit(t, Options{View: "conns"})
	u.source.now.Connections[0].PeerID = "evil\x1b[2J\nrow"
	u.source.now.Sockets[0].Name = "x\x1b]52;c;AAAA\x07"
	u.source.now.Conditions[0].Why = "a\nb\x1b[31m"
	u.tick()
	for _, keys := range []string{"", "enter", "e", "esc", "esc", ":sockets", "enter", "enter", ":conditions", "enter", "x", ":peers", "enter", "enter"} {
		u.press(keys)
		s := strings.NewReplacer("\x1b[7m", "", "\x1b[0m", "").Replace(u.app.View().Content)
		if strings.ContainsAny(s, "\x1b\x07") || strings.Count(s, "\n") != 23 {
			t.Fatalf("after %q: %q", keys, s)
		}
	}
}

func TestPrompt(t *testing.T) {
	u := sit(t, Options{})
	u.press("/", "md x", "ctrl+w", "backspace", "enter")
	if got := u.app.here().filter; got != "md" {
		t.Errorf("the filter is %q", got)
	}
	u.press("/", "zzz")
	u.sees("no row has mdzzz")
	u.press("esc")
	if got := u.app.here().filter; got != "md" {
		t.Errorf("after Esc the filter is %q", got)
	}
	u.press("/", "ctrl+u")
	u.send(tea.PasteMsg{Content: "orders\n\x1b"})
	if got := u.app.prompt.text; got != `orders \x1b` {
		t.Errorf("pasted %q", got)
	}
	u.press("ctrl+c", ":", "backspace") // a backspace in an empty line leaves it
	if u.app.prompt != nil {
		t.Error("still writing")
	}
	u.press(":c", "enter")
	u.sees("c can be conns, conditions, closed")
	u.press(":conns", "enter")
	if u.app.here().view != "conns" || len(u.app.places) != 1 {
		t.Errorf("at %s", u.app.path())
	}
}

func TestTheEnds(t *testing.T) {
	for _, keys := range [][]string{{"q"}, {"ctrl+c"}, {":q", "enter"}, {":quit", "enter"}, {"enter", "enter", "q"}} {
		u := sit(t, Options{})
		u.press(keys...)
		if u.last == nil {
			t.Fatalf("%v does not end it", keys)
		}
		if _, ok := u.last().(tea.QuitMsg); !ok {
			t.Errorf("%v does not end it", keys)
		}
	}
	u := sit(t, Options{})
	u.press("esc", "esc", "backspace") // there is nowhere to go back to
	u.sees("md-gw/md-pub")
}

// y gives the row's JSON to the terminal.
func TestCopy(t *testing.T) {
	u := sit(t, Options{View: "conditions"})
	u.press("y")
	u.sees("copied as JSON")
	if got := reflect.ValueOf(u.last()).String(); !strings.HasPrefix(got, `{"condition":"server_down"`) {
		t.Errorf("copied %s", got)
	}
	u.press("down")
	u.seesNot("copied")
}

func TestSortGoesRoundTheColumns(t *testing.T) {
	u := sit(t, Options{View: "instances"})
	seen := []string{}
	for range len(u.app.here().all.Columns) {
		u.press("s")
		seen = append(seen, u.app.here().sort)
	}
	if want := []string{"HOST", "PID", "STATE", "SOCKETS", "CONNS", "LOST", "SINCE", "HEARD", "INSTANCE", "APP"}; !slices.Equal(seen, want) {
		t.Errorf("sorted by %v", seen)
	}
	u.press("S")
	u.sees("INSTANCE▴")
	u.press("r")
	u.sees("INSTANCE▾")
}

func TestOptionsThatCannotBeMeant(t *testing.T) {
	for want, o := range map[string]Options{
		`there is no view "cons": there are sockets`: {View: "cons"},
		`no column is called "speed": there are`:     {View: "conns", Sort: "speed"},
	} {
		if err := o.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v", o, err)
		}
	}
	if !slices.Contains(Views(), sheet.Sheets[0].Name) || len(Views()) != len(sheet.Sheets)+1 {
		t.Error(Views())
	}
}

// What it costs to show 5,000 connections: a second's answer, a letter of a filter, a key.
func BenchmarkFrame(b *testing.B) {
	a := newApp(b.Context(), &scene{}, agenttest.Busy(5000), Options{View: "conns", Sort: "queue"})
	a.wide = true
	b.Run("answer", func(b *testing.B) {
		for b.Loop() {
			a.lay()
			a.View()
		}
	})
	b.Run("filter", func(b *testing.B) {
		for b.Loop() {
			a.here().filter = "sub-49"
			a.here().arrange()
			a.View()
		}
	})
	b.Run("key", func(b *testing.B) {
		for b.Loop() {
			a.here().move(1, 20)
			a.View()
		}
	})
}
