package monitor

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestLog(t *testing.T) {
	var b bytes.Buffer
	log := Log(slog.New(slog.NewJSONHandler(&b, &slog.HandlerOptions{Level: slog.LevelInfo})))
	log(Event{Kind: ConnectDelayed, Conn: 7})
	if b.Len() != 0 {
		t.Errorf("connect_delayed is for debugging, but was logged: %s", &b)
	}
	log(Event{
		Kind: ConnectRetried, Seq: 4, Time: jsonTime, SocketName: "md", Endpoint: "tcp://db:1", FD: -1,
		Reason: ReasonRefused, Err: syscall.ECONNREFUSED, Interval: 183 * time.Millisecond,
	})
	var got map[string]any
	if err := json.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, &b)
	}
	for key, want := range map[string]any{
		"time": "2026-11-22T02:13:04.118204911+01:00", "level": "WARN", "msg": "connect_retried", "seq": 4.0,
		"sock_name": "md", "endpoint": "tcp://db:1", "reason": "refused", "error": "ECONNREFUSED", "who": "peer",
		"interval_ms": 183.0, "why": "nothing listens on tcp://db:1; the next attempt is in 183ms",
	} {
		if got[key] != want {
			t.Errorf("%s is %v, want %v", key, got[key], want)
		}
	}
	if _, ok := got["fd"]; ok {
		t.Error("fd is unknown but there")
	}
}

// slog and JSON say the same under the same keys.
func TestLogValueHasTheKeysOfJSON(t *testing.T) {
	e := Event{
		Kind: Disconnected, Seq: 1, SocketID: 3, Conn: 7, FD: 4, Endpoint: "tcp://db:1", Reason: ReasonReset,
		Err: syscall.ECONNRESET, Duration: time.Second, BytesIn: 1 << 63, PeerID: "a",
	}
	var viaJSON map[string]any
	if err := json.Unmarshal(e.appendJSON(nil), &viaJSON); err != nil {
		t.Fatal(err)
	}
	viaLog := map[string]slog.Value{}
	for _, a := range e.LogValue().Group() {
		viaLog[a.Key] = a.Value
	}
	for key := range viaJSON {
		if key == "v" || key == "sev" || strings.HasPrefix(key, "zmq_") {
			continue // the form, the record's level, the frame
		}
		if _, ok := viaLog[key]; !ok {
			t.Errorf("JSON has %s, slog has not", key)
		}
		delete(viaLog, key)
	}
	for key := range viaLog {
		t.Errorf("slog has %s, JSON has not", key)
	}
}

type writes struct {
	lines []string
	err   error
}

func (w *writes) Write(b []byte) (int, error) {
	w.lines = append(w.lines, string(b))
	return len(b), w.err
}

func TestJSONSinkWritesWholeLines(t *testing.T) {
	w := &writes{err: errors.New("disk full")} // which must not stop the socket
	sink := JSON(w)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 50 {
				sink(Event{Kind: Subscribed, Topic: "a\nb", FD: -1})
			}
		})
	}
	wg.Wait()
	if len(w.lines) != 200 {
		t.Fatalf("%d writes for 200 events", len(w.lines))
	}
	for _, line := range w.lines {
		if !json.Valid([]byte(line)) || strings.Index(line, "\n") != len(line)-1 {
			t.Fatalf("not one line: %q", line)
		}
	}
}

func TestJSONSinkDoesNotAllocateMuch(t *testing.T) {
	sink := JSON(io.Discard)
	e := Event{Kind: Accepted, Seq: 1, Time: jsonTime, Endpoint: "tcp://*:1", Remote: "tcp://10.0.0.9:1", Conn: 7, FD: 3}
	sink(e)
	if n := testing.AllocsPerRun(100, func() { sink(e) }); n > 12 {
		t.Errorf("%v allocations for a line", n)
	}
}

func TestCounters(t *testing.T) {
	var c Counters
	if c.Get(Connected, "") != 0 {
		t.Error("nothing was counted, but something is there")
	}
	for _, e := range []Event{
		{Kind: ConnectFailed, Reason: ReasonRefused},
		{Kind: ConnectFailed, Reason: ReasonRefused},
		{Kind: ConnectFailed, Reason: ReasonTimeout},
		{Kind: ConnectFailed, Reason: "from_the_future"},
		{Kind: ConnectFailed, Reason: "and_another"},
		{Kind: HandshakeSucceeded},
		{Kind: AcceptFailed, Reason: ReasonFDLimit, Count: 48_000}, // one event stands for many
		{Kind: Lost, Count: 3},
		{Kind: 1 << 40},
		{Kind: 1 << 41},
	} {
		c.Add(e)
	}
	for _, want := range []struct {
		k Kind
		r Reason
		n uint64
	}{
		{ConnectFailed, ReasonRefused, 2},
		{ConnectFailed, ReasonTimeout, 1},
		{ConnectFailed, ReasonOther, 2},
		{ConnectFailed, "", 5},
		{ConnectFailed, ReasonReset, 0},
		{HandshakeSucceeded, "", 1},
		{AcceptFailed, ReasonFDLimit, 48_000},
		{ConnectFailed | AcceptFailed, "", 48_005},
		{Lost, "", 3},
		{0, "", 2},
	} {
		if got := c.Get(want.k, want.r); got != want.n {
			t.Errorf("%v of reason %q: %d, want %d", want.k, want.r, got, want.n)
		}
	}
}

// A collector in another process must not be made to grow by what it is sent.
func TestCountersStaySmall(t *testing.T) {
	var c Counters
	for i := range uint64(10_000) {
		c.Add(Event{Kind: Kind(i)<<29 | 1<<29, Reason: Reason(strings.Repeat("x", int(i%100)+1))})
	}
	if len(c.n) != 1 {
		t.Errorf("%d counters for events nobody knows", len(c.n))
	}
}

func BenchmarkJSON(b *testing.B) {
	sink := JSON(io.Discard)
	e := Event{
		Kind: Disconnected, Seq: 1, Time: jsonTime, Endpoint: "tcp://*:5555", Remote: "tcp://10.0.0.9:41234", Conn: 7, FD: 3,
		Side: SideBind, Reason: ReasonReset, Err: syscall.ECONNRESET, Duration: 1234567,
	}
	b.ReportAllocs()
	for b.Loop() {
		sink(e)
	}
}
