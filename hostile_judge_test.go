package zmq_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/internal/assault"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// over follows the story to the terminal event of the attacker's connection, which is the first that is not old's.
func (a *raid) over() (conn []zmq.Event) {
	a.t.Helper()
	var id monitor.ConnID
	known := map[monitor.ConnID]bool{}
	for {
		e, err := a.watch.Next(within(a.t))
		if err != nil {
			a.t.Fatalf("the connection has not ended: %v, after\n%s", err, storyText(a.story))
		}
		a.story = append(a.story, e)
		if e.Kind&(monitor.Accepted|monitor.Connected) != 0 && !known[e.Conn] {
			known[e.Conn] = true
			if len(known) == 1 && a.old == nil || len(known) == 2 && a.old != nil {
				id = e.Conn
			}
		}
		if e.Conn == id && id != 0 && e.Kind&(monitor.ConnectDelayed|monitor.Flow) == 0 { // when drops are told is a matter of time
			if conn = append(conn, e); e.Terminal() {
				return conn
			}
		}
	}
}

func storyText(story []zmq.Event) string {
	var b strings.Builder
	for _, e := range story {
		fmt.Fprintln(&b, e)
	}
	return b.String()
}

// judge holds the connection's events, and what the attacker was sent, against the list.
func (a *raid) judge(conn []zmq.Event) {
	a.t.Helper()
	role := assault.Listener
	if a.dialled {
		role = assault.Dialler
	}
	want := a.in.Ending.Story(role)
	var got []string
	for _, e := range conn {
		line := e.Kind.String()
		if e.Kind&(monitor.Accepted|monitor.Connected|monitor.HandshakeSucceeded) == 0 {
			line += fmt.Sprintf(" %s %s %s", e.Who, e.Phase, e.Reason)
			wantWords(a.t, e)
			if e.Value != 0 {
				line += " " + assault.Number(e.Value)
			}
		}
		got = append(got, line)
	}
	if !slices.Equal(got, want) {
		a.t.Errorf("the connection's story is\n\t%s\nwant\n\t%s\n%s", strings.Join(got, "\n\t"), strings.Join(want, "\n\t"), storyText(conn))
	}
	last := conn[len(conn)-1]
	if n := uint64(len(a.in.Delivers)); last.MessagesIn != n && (a.typ == "PULL" || a.typ == "PAIR") {
		a.t.Errorf("%d messages counted, %d are delivered", last.MessagesIn, n)
	}
	if last.Reason == monitor.ReasonHandshakeTimeout {
		a.timed(last.Duration)
	}
	a.sent()
}

// timed holds the end of a slow peer against the limit: never before, and where the clock is ours not a moment after.
func (a *raid) timed(took time.Duration) {
	cfg, _ := configOf(a.in)
	if limit := cfg.HandshakeTimeout; took < limit || took > limit && a.field.memory || took > limit+patience/2 {
		a.t.Errorf("given up after %v, HandshakeTimeout is %v", took, limit)
	}
}

// sent holds what the attacker was sent, up to the end, against what it should have been.
func (a *raid) sent() {
	a.t.Helper()
	if a.attacker.Gone() {
		return
	}
	got, err := a.attacker.Rest(within(a.t))
	if err != nil {
		a.t.Fatalf("the connection was not closed: %v", err)
	}
	if a.in.Mechanism != "NULL" && a.in.Mechanism != "NULL-domain" {
		a.sentSecured()
		return
	}
	opening := a.attacker.Unread()
	told, whole := bytes.CutPrefix(got, opening)
	if !whole && len(opening) > 0 { // it ended before it had subscribed
		told, whole = bytes.CutPrefix(got, bytes.TrimSuffix(opening, spelled(a.t, "SUBSCRIBE", a.typ)))
	}
	if !whole { // it never came to READY, or an ERROR took its place
		told, whole = bytes.CutPrefix(got, opening[:64])
	}
	if !whole {
		a.t.Errorf("the attacker was sent %q, want our opening", got)
		return
	}
	var said string
	if head, n, err := zmtp.ParseHeader(told, 0); err == nil && head.Command && len(told) == n+int(head.Size) {
		if cmd, err := zmtp.ParseCommand(told[n:]); err == nil && cmd.Name == zmtp.ERROR {
			said, _ = zmtp.ParseError(cmd.Data)
		}
	}
	switch {
	case a.in.Ending.Answered && said == "":
		a.t.Errorf("the attacker was sent %q, want an ERROR that says why", told)
	case !a.in.Ending.Answered && len(told) > 0:
		a.t.Errorf("the attacker was sent %q as well", told)
	}
}

// sentSecured holds what an attacker was sent in a handshake of several rounds against what it may be: commands, an ERROR only
// as the last and where it is expected, and nothing sealed before the attacker was let in.
func (a *raid) sentSecured() {
	a.t.Helper()
	told := a.attacker.Told()
	for i, word := range told {
		failed := strings.HasPrefix(word, "ERROR")
		if failed && (i < len(told)-1 || !a.in.Ending.Answered) || strings.HasSuffix(word, "bytes") ||
			word == "MESSAGE" && !a.in.Ending.Ready() {
			a.t.Errorf("the attacker was sent %q", told)
		}
	}
	if last := told[len(told)-1]; a.in.Ending.Answered && !strings.HasPrefix(last, "ERROR") {
		a.t.Errorf("the attacker was sent %q, want an ERROR that says why", told)
	}
}

// wantWords holds what an operator reads of a failure against what it must be: there, and one line of plain text whatever
// the peer has said.
func wantWords(t testing.TB, e zmq.Event) {
	t.Helper()
	if e.Why() == "" || e.Hint() == "" || e.Reason == monitor.ReasonOther || e.Reason == "" {
		t.Errorf("%v: why %q, hint %q", e, e.Why(), e.Hint())
	}
	if e.Kind == monitor.HandshakeFailedProtocol && e.Value == 0 {
		t.Errorf("%v has no code", e)
	}
	for _, text := range []string{e.String(), e.Why(), e.Hint()} {
		if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) || len(text) > 1000 {
			t.Errorf("not a short line of plain text: %q", text)
		}
	}
	if text, err := e.MarshalJSON(); err != nil || !json.Valid(text) {
		t.Errorf("%v is %s as JSON, %v", e, text, err)
	}
}

// received takes out what the program is to receive, and looks that there is no more.
func (a *raid) received() {
	a.t.Helper()
	for _, want := range a.in.Delivers {
		if got, err := a.inbox.next(within(a.t)); err != nil || !slices.Equal(got, want) {
			a.t.Fatalf("received %q, %v, want %q", got, err, want)
		}
		if a.typ == "REP" {
			send(a.t, a.ours.(zmq.Sender), "to nobody")
		}
	}
	if what := a.inbox.peek(); what != "" {
		a.t.Errorf("there is more to receive: %s", what)
	}
}

// end closes our socket and reads the story to its end.
func (a *raid) end() {
	t := a.t
	t.Helper()
	must(t, a.ours.Shutdown(zmq.NoWait))
	for e := range a.watch.Events(within(t)) {
		a.story = append(a.story, e)
	}
	wantLegal(t, a.story)
	if a.dialled {
		a.wantRetry()
	}
}

// wantLegal holds a whole story against the grammar, and looks that every connection has its terminal event.
func wantLegal(t testing.TB, story []zmq.Event) {
	t.Helper()
	if err := monitor.Check(slices.Values(story)); err != nil {
		t.Errorf("%v in\n%s", err, storyText(story))
	}
	open := map[monitor.ConnID]bool{}
	for _, e := range story {
		if e.Conn != 0 {
			open[e.Conn] = true
		}
		if e.Terminal() {
			delete(open, e.Conn)
		}
	}
	if len(open) > 0 || len(story) == 0 || story[len(story)-1].Kind != monitor.MonitorStopped {
		t.Errorf("connections %v have no terminal event, or the story no end, in\n%s", open, storyText(story))
	}
}

// wantRetry looks that the dialler tells why it dials again.
func (a *raid) wantRetry() {
	a.t.Helper()
	var ended zmq.Event
	for _, e := range a.story {
		switch {
		case e.Terminal():
			ended = e
		case e.Kind == monitor.ConnectRetried:
			if e.Reason != ended.Reason || e.Who != ended.Who {
				a.t.Errorf("%v\nis the retry after\n%v", e, ended)
			}
			return
		}
	}
	a.t.Errorf("nothing was dialled again in\n%s", storyText(a.story))
}
