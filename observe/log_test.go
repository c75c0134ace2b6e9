package observe_test

import (
	"bytes"
	"cmp"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe"
)

// logged runs a story through Log, and gives what was logged as "minute:second level kind repeated".
func logged(every time.Duration, story func(event func(at time.Duration, e monitor.Event))) []string {
	var out bytes.Buffer
	h := slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch a.Key {
		case slog.TimeKey:
			return slog.String("", a.Value.Time().Format("04:05"))
		case slog.LevelKey, slog.MessageKey:
			return slog.String("", a.Value.String())
		case "repeated":
			return a
		}
		return slog.Attr{}
	}})
	sink := observe.Log(slog.New(h), every)
	story(func(at time.Duration, e monitor.Event) {
		e.Time, e.SocketID, e.Side, e.FD = time.Unix(0, 0).UTC().Add(at), 1, cmp.Or(e.Side, monitor.SideConnect), -1
		sink(e)
	})
	return strings.Split(strings.TrimSpace(strings.ReplaceAll(out.String(), `""=`, "")), "\n")
}

func TestLogOfAStorm(t *testing.T) {
	got := logged(time.Minute, func(event func(time.Duration, monitor.Event)) {
		fail := func(at time.Duration, endpoint uint64, why monitor.Reason) {
			event(at, monitor.Event{Kind: monitor.ConnectDelayed, EndpointID: endpoint, Conn: 1})
			event(at, monitor.Event{Kind: monitor.ConnectFailed, EndpointID: endpoint, Conn: 1, Reason: why})
			event(at, monitor.Event{Kind: monitor.Closed, EndpointID: endpoint})
			event(at, monitor.Event{Kind: monitor.ConnectRetried, EndpointID: endpoint, Reason: why})
		}
		for s := range 150 {
			fail(time.Duration(s)*time.Second, 1, monitor.ReasonRefused)
		}
		fail(150*time.Second, 1, monitor.ReasonTimeout) // another trouble
		fail(150*time.Second, 2, monitor.ReasonRefused) // another endpoint's
		event(155*time.Second, monitor.Event{Kind: monitor.Connected, EndpointID: 1, Conn: 9})
		event(155*time.Second, monitor.Event{Kind: monitor.HandshakeSucceeded, EndpointID: 1, Conn: 9})
		fail(160*time.Second, 1, monitor.ReasonRefused) // within the minute since 120 s
		event(200*time.Second, monitor.Event{Kind: monitor.Unbound, EndpointID: 1})
		fail(201*time.Second, 1, monitor.ReasonRefused) // an endpoint that is gone was forgotten
	})
	once := func(at string) []string {
		return []string{at + " DEBUG connect_delayed", at + " WARN connect_failed", at + " INFO closed", at + " WARN connect_retried"}
	}
	var want []string
	want = append(want, once("00:00")...)
	for _, line := range append(once("01:00"), once("02:00")...) {
		want = append(want, line+" repeated=59")
	}
	want = append(want, "02:30 WARN connect_failed", "02:30 WARN connect_retried")
	want = append(want, once("02:30")...)
	// Since 2:00 of the first endpoint: 4 × 29, and of the attempt that timed out connect_delayed and closed.
	want = append(want, "02:35 INFO connected", "02:35 INFO handshake_succeeded repeated=118")
	want = append(want, "03:20 INFO unbound repeated=4")
	want = append(want, once("03:21")...)
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// What is no trouble is logged each time, and with as much as monitor.Log has.
func TestLogOfACalmDay(t *testing.T) {
	got := logged(0, func(event func(time.Duration, monitor.Event)) {
		for i := range 3 {
			event(0, monitor.Event{Kind: monitor.Connected, EndpointID: 1, Conn: monitor.ConnID(i)})
			event(0, monitor.Event{Kind: monitor.Disconnected, EndpointID: 1, Conn: monitor.ConnID(i), Reason: monitor.ReasonPeerClosed})
		}
	})
	if len(got) != 6 {
		t.Errorf("6 events without trouble are %d lines: %v", len(got), got)
	}
	for name, sink := range map[string]func(*slog.Logger) func(monitor.Event){
		"Log": func(l *slog.Logger) func(monitor.Event) { return observe.Log(l, 0) }, "monitor.Log": monitor.Log,
	} {
		var out bytes.Buffer
		e := monitor.Event{Kind: monitor.ConnectFailed, Time: time.Unix(0, 0), SocketID: 3, SocketName: "feed", Endpoint: "tcp://db:1", Reason: monitor.ReasonRefused, FD: -1}
		sink(slog.New(slog.NewJSONHandler(&out, nil)))(e)
		for _, want := range []string{`"msg":"connect_failed"`, `"level":"WARN"`, `"sock_name":"feed"`, `"reason":"refused"`, `"hint":"start the server`} {
			if !strings.Contains(out.String(), want) {
				t.Errorf("%s: no %s in %s", name, want, out.String())
			}
		}
	}
}

// Where peers come to us, one's success says nothing about another's trouble.
func TestLogOfAServer(t *testing.T) {
	bound := func(k monitor.Kind, why monitor.Reason) monitor.Event {
		return monitor.Event{Kind: k, Reason: why, EndpointID: 1, Conn: 1, Side: monitor.SideBind}
	}
	got := logged(time.Minute, func(event func(time.Duration, monitor.Event)) {
		for range 3 {
			event(0, bound(monitor.HandshakeFailedProtocol, monitor.ReasonNotZMTP))
		}
		event(time.Second, bound(monitor.HandshakeSucceeded, ""))
		event(time.Minute, bound(monitor.HandshakeFailedProtocol, monitor.ReasonNotZMTP))
	})
	want := "00:00 ERROR handshake_failed_protocol, 00:01 INFO handshake_succeeded, 01:00 ERROR handshake_failed_protocol repeated=2"
	if strings.Join(got, ", ") != want {
		t.Errorf("got %s\nwant %s", strings.Join(got, ", "), want)
	}
}

// The sink keeps nothing of what has ended.
func TestLogForgets(t *testing.T) {
	got := logged(time.Hour, func(event func(time.Duration, monitor.Event)) {
		for range 3 {
			event(0, monitor.Event{Kind: monitor.GaveUp, Reason: monitor.ReasonOther})
		}
		event(0, monitor.Event{Kind: monitor.MonitorStopped})
		event(time.Second, monitor.Event{Kind: monitor.GaveUp, Reason: monitor.ReasonOther})
	})
	if want := "00:00 ERROR gave_up, 00:00 INFO monitor_stopped repeated=2, 00:01 ERROR gave_up"; strings.Join(got, ", ") != want {
		t.Errorf("got %s\nwant %s", strings.Join(got, ", "), want)
	}
}
