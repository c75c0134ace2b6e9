package show

import (
	"errors"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/glassmq/zmq/monitor"
)

// noon is when everything happens: in the local zone, as text shows it.
var noon = time.Date(2026, 11, 22, 12, 0, 0, 123456789, time.Local)

func event(k monitor.Kind, conn monitor.ConnID, r monitor.Reason) monitor.Event {
	return monitor.Event{Kind: k, Time: noon, SocketID: 1, SocketName: "orders", SocketType: "PULL", EndpointID: 1, Endpoint: "tcp://h:1",
		Side: monitor.SideConnect, Conn: conn, FD: -1, Reason: r}
}

func refused(conn monitor.ConnID) monitor.Event {
	e := event(monitor.ConnectFailed, conn, monitor.ReasonRefused)
	e.Err = syscall.ECONNREFUSED
	return e
}

// written is what a Stream makes of events.
func written(t *testing.T, o Options, events ...monitor.Event) string {
	t.Helper()
	var b strings.Builder
	s := NewStream(&b, o)
	for _, e := range events {
		if _, err := s.Event(e); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func TestALineOfText(t *testing.T) {
	e := event(monitor.Listening, 0, "")
	unnamed := e
	unnamed.SocketName = ""
	got := written(t, Options{Form: Text, Names: 8}, e, unnamed)
	want := "12:00:00.123 orders   " + e.String() + "\n" + "12:00:00.123 PULL     " + e.String() + "\n"
	if got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}

// A line of words stands under every failure, and once under each: what follows from a failure has the same cause.
func TestAFailureIsExplainedOnce(t *testing.T) {
	handshake := event(monitor.HandshakeFailedProtocol, 2, monitor.ReasonNotZMTP)
	after := event(monitor.Disconnected, 2, monitor.ReasonNotZMTP)
	reset := event(monitor.Disconnected, 3, monitor.ReasonReset)
	again := event(monitor.Disconnected, 4, monitor.ReasonReset)
	left := event(monitor.Disconnected, 5, monitor.ReasonPeerClosed)
	retriedRefused := event(monitor.ConnectRetried, 0, monitor.ReasonRefused)
	retriedLeft := event(monitor.ConnectRetried, 0, monitor.ReasonPeerClosed)
	conflict := event(monitor.IdentityConflict, 6, monitor.ReasonIdentityConflict)
	refusal, end := conflict, conflict
	refusal.Kind, end.Kind = monitor.HandshakeFailedProtocol, monitor.Disconnected
	dropped := event(monitor.Dropped, 7, monitor.ReasonHWM)
	for name, c := range map[string]struct {
		story []monitor.Event
		words []bool // under which of them
	}{
		"a conflict, its refusal, its end":    {[]monitor.Event{conflict, refusal, end}, []bool{true, false, false}},
		"drops that go on":                    {[]monitor.Event{dropped, dropped}, []bool{true, false}},
		"refused, then the pause":             {[]monitor.Event{refused(1), retriedRefused}, []bool{true, false}},
		"refused twice":                       {[]monitor.Event{refused(1), retriedRefused, refused(2)}, []bool{true, false, true}},
		"a handshake, then its connection":    {[]monitor.Event{handshake, after}, []bool{true, false}},
		"two connections break the same way":  {[]monitor.Event{reset, again}, []bool{true, true}},
		"the pause is all there is to see":    {[]monitor.Event{retriedRefused}, []bool{true}},
		"a peer leaves, and is dialled again": {[]monitor.Event{left, retriedLeft}, []bool{false, true}},
		"nothing is wrong":                    {[]monitor.Event{event(monitor.Connected, 1, "")}, []bool{false}},
	} {
		var want []string
		for i, e := range c.story {
			want = append(want, e.String())
			if c.words[i] {
				want = append(want, e.Why()+". Hint: "+e.Hint())
			}
		}
		got := strings.Split(strings.TrimSuffix(written(t, Options{Form: Text}, c.story...), "\n"), "\n")
		for i := range got {
			got[i] = strings.TrimPrefix(strings.TrimPrefix(got[i], "12:00:00.123 orders "), indent)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("%s: got\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
}

func TestGrep(t *testing.T) {
	story := []monitor.Event{refused(1), event(monitor.ConnectRetried, 0, monitor.ReasonRefused), event(monitor.Connected, 2, "")}
	for name, c := range map[string]struct {
		grep, form string
		lines      int
	}{
		"the kind":                         {"connected", Text, 1},
		"what only the words say":          {"start the server", Text, 2},
		"a key of JSON":                    {`"event":"connected"`, JSONL, 1},
		"what JSON does not show":          {"^12:00:00", JSONL, 0},
		"words of what follows, if alone":  {"connect_retried", Text, 2},
		"the beginning of the line itself": {"^12:00:00.123 orders connected", Text, 1},
	} {
		got := written(t, Options{Form: c.form, Grep: regexp.MustCompile(c.grep)}, story...)
		if n := strings.Count(got, "\n"); n != c.lines {
			t.Errorf("%s: %q lets %d lines through, want %d:\n%s", name, c.grep, n, c.lines, got)
		}
	}
}

func TestTextIsFoldedBetweenWords(t *testing.T) {
	for _, width := range []int{40, 80, 120} {
		form := &text{width: width, told: map[endpoint]verdict{}}
		e := refused(1)
		e.Endpoint = "tcp://h:1/ü"
		b, err := form.line(&e)
		if err != nil {
			t.Fatal(err)
		}
		lines := strings.Split(strings.TrimSuffix(string(b), "\n"), "\n")
		for i, line := range lines {
			if n := utf8.RuneCountInString(line); n > width && strings.Contains(strings.TrimSpace(line), " ") {
				t.Errorf("line %d has %d columns of %d: %s", i, n, width, line)
			}
			if i > 0 && !strings.HasPrefix(line, indent) {
				t.Errorf("line %d does not stand under the name: %q", i, line)
			}
		}
		joined := strings.Join(strings.Fields(string(b)), " ")
		if want := strings.Join(strings.Fields("12:00:00.123 orders "+e.String()+" "+e.Why()+". Hint: "+e.Hint()), " "); joined != want {
			t.Errorf("at width %d folding lost or changed words:\n%s\n%s", width, joined, want)
		}
	}
}

func TestColoursGoByLevel(t *testing.T) {
	for k, want := range map[monitor.Kind]string{
		monitor.BindFailed: "\x1b[31mbind_failed", monitor.ConnectRetried: "\x1b[33mconnect_retried",
		monitor.Listening: "orders listening", monitor.ConnectDelayed: "\x1b[2mconnect_delayed",
	} {
		form := &text{colour: true, told: map[endpoint]verdict{}}
		e := event(k, 0, "")
		b, err := form.line(&e)
		if err != nil || !strings.Contains(string(b), want) {
			t.Errorf("%v: %q, %v: want %q in it", k, b, err, want)
		}
		plain := &text{told: map[endpoint]verdict{}}
		p, _ := plain.line(&e)
		if string(unpainted(b)) != string(p) {
			t.Errorf("%v: without its colours it is %q, want %q", k, unpainted(b), p)
		}
	}
}

func TestACaptionIsForPeopleOnly(t *testing.T) {
	for form, want := range map[string]string{Text: "\n── a storm\n", JSONL: ""} {
		var b strings.Builder
		if err := NewStream(&b, Options{Form: form}).Caption("a storm"); err != nil || b.String() != want {
			t.Errorf("%s: %q, %v; want %q", form, b.String(), err, want)
		}
	}
}

func TestSummaryCountsWhatWasWritten(t *testing.T) {
	var b strings.Builder
	s := NewStream(&b, Options{Form: Text, Grep: regexp.MustCompile("listening|connected")})
	for _, k := range []monitor.Kind{monitor.Listening, monitor.Connected, monitor.Unbound, monitor.Connected} {
		if shown, err := s.Event(event(k, 0, "")); err != nil || shown != (k != monitor.Unbound) {
			t.Errorf("%v: shown is %v, %v", k, shown, err)
		}
	}
	if got := s.Summary(); got != "connected 2, listening 1" || s.Count() != 3 {
		t.Errorf("%q, %d in all", got, s.Count())
	}
}

type full struct{}

var errFull = errors.New("full")

func (full) Write([]byte) (int, error) { return 0, errFull }

func TestAWriterThatFailsIsHeard(t *testing.T) {
	for _, form := range []string{Text, JSONL} {
		s := NewStream(full{}, Options{Form: form})
		if _, err := s.Event(event(monitor.Listening, 0, "")); !errors.Is(err, errFull) {
			t.Errorf("%s: %v", form, err)
		}
	}
}
