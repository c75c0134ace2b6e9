package monitor

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"math"
	"net"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

var jsonTime = time.Date(2026, 11, 22, 2, 13, 4, 118204911, time.FixedZone("", 3600))

func TestJSON(t *testing.T) {
	for name, c := range map[string]struct {
		e    Event
		want string
	}{
		"accepted": {
			Event{Kind: Accepted, Seq: 41, Time: jsonTime, SocketID: 3, SocketName: "md-pub", SocketType: "PUB", EndpointID: 2,
				Endpoint: "tcp://*:5556", Side: SideBind, Conn: 9, Local: "tcp://10.0.0.1:5556", Remote: "tcp://10.0.0.9:41234", FD: 17},
			`{"v":1,"ts":"2026-11-22T01:13:04.118204911Z","seq":41,"event":"accepted","zmq_event":32,"zmq_value":17,"sev":"info",` +
				`"sock":3,"sock_name":"md-pub","sock_type":"PUB","conn":"9","side":"bind","transport":"tcp","endpoint_id":2,` +
				`"endpoint":"tcp://*:5556","local":"tcp://10.0.0.1:5556","remote":"tcp://10.0.0.9:41234","fd":17}`,
		},
		"a refused dial": {
			Event{Kind: ConnectFailed, Seq: 2, SocketID: 1, Side: SideConnect, EndpointID: 1, Endpoint: "tcp://db:1", Conn: 4, FD: -1,
				Phase: InConnect, Reason: ReasonRefused, Err: &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)},
				Attempt: 3, Duration: 1_800_000},
			`{"v":1,"seq":2,"event":"connect_failed","sev":"warn","sock":1,"conn":"4","side":"connect","transport":"tcp","endpoint_id":1,` +
				`"endpoint":"tcp://db:1","phase":"connect","who":"peer","reason":"refused","errno":` + itoa(int(syscall.ECONNREFUSED)) + `,"error":"ECONNREFUSED",` +
				`"why":"nothing listens on tcp://db:1","hint":"start the server, or compare its port and interface with this endpoint: a server bound to 127.0.0.1 cannot be reached from another host",` +
				`"attempt":3,"dur_ms":1.8}`,
		},
		"an end with nothing sent": {
			Event{Kind: Disconnected, Conn: 4, FD: -1, Who: ByPeer, Reason: ReasonPeerClosed, PeerID: "\x00\x01", PeerType: "REQ"},
			`{"v":1,"event":"disconnected","zmq_event":512,"sev":"info","conn":"4","peer_type":"REQ","peer_id_hex":"0001",` +
				`"who":"peer","reason":"peer_closed","why":"the peer closed the connection",` +
				`"hint":"normal if the peer stopped or disconnected; otherwise its own events say why it left",` +
				`"dur_ms":0,"tx_msgs":0,"rx_msgs":0,"tx_bytes":0,"rx_bytes":0,"dropped":0}`,
		},
		"pipes_stats of empty queues": {
			Event{Kind: PipesStats, Conn: 4, FD: -1},
			`{"v":1,"event":"pipes_stats","zmq_event":65536,"zmq_value":0,"sev":"debug","conn":"4","tx_queue":0,"rx_queue":0}`,
		},
		"a subscription to everything": {
			Event{Kind: Subscribed, Conn: 4, FD: -1},
			`{"v":1,"event":"subscribed","sev":"debug","conn":"4","topic":""}`,
		},
		"a binary subscription": {
			Event{Kind: Subscribed, Conn: 4, FD: -1, Topic: "k\x00\"\xff"},
			`{"v":1,"event":"subscribed","sev":"debug","conn":"4","topic":"k\\x00\\\"\\xff"}`,
		},
		"lost": {
			Event{Kind: Lost, Seq: 12, FD: -1, Count: 7},
			`{"v":1,"seq":12,"event":"lost","sev":"warn","why":"this reader of events was too slow: 7 events were dropped before it took them",` +
				`"hint":"do less for each event or read on a goroutine of its own; take a new snapshot with WatchState to know the present again","n":7}`,
		},
		"a kind without a name": {
			Event{Kind: 0x8000, FD: -1, Value: 3},
			`{"v":1,"event":"0x8000","zmq_event":32768,"zmq_value":3,"sev":"info"}`,
		},
	} {
		got, err := json.Marshal(c.e)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if string(got) != c.want {
			t.Errorf("%s:\n got %s\nwant %s", name, got, c.want)
		}
	}
}

func itoa(n int) string { b, _ := json.Marshal(n); return string(b) }

// Every kind with every field: what was written is what is read, and reading
// it again writes the same line.
func TestJSONRoundTrip(t *testing.T) {
	full := Event{
		Seq: math.MaxUint64, Time: jsonTime.UTC(), SocketID: 3, SocketName: "md", SocketType: "PUB", EndpointID: 2,
		Endpoint: "tcp://*:5556", Side: SideBind, Conn: math.MaxUint64, Local: "tcp://10.0.0.1:5556", Remote: "tcp://10.0.0.9:41234", FD: 0,
		Attempt: 3, Interval: 183*time.Millisecond + 1, Err: syscall.ECONNRESET, Who: ByNetwork, Phase: InTraffic, Reason: ReasonReset,
		PeerID: "\x00\xffid", PeerType: "REQ", Mechanism: "CURVE", UserID: "ada \u2028 \"<\\", Version: "3.1",
		Duration: math.MaxInt64, MessagesIn: 1, MessagesOut: 2, BytesIn: 3, BytesOut: math.MaxUint64, Unsent: 5,
		QueueIn: 6, QueueOut: 7, Count: 8, Topic: "\x00topic\\\"\n\xff",
	}
	for k := range Kinds() {
		e := full
		e.Kind = k
		if k&ClassicV2 != 0 {
			e.Value = e.values()[0]
		}
		line := e.appendJSON(nil)
		var back Event
		if err := json.Unmarshal(line, &back); err != nil {
			t.Errorf("%v: %v in %s", k, err, line)
			continue
		}
		if back != e {
			t.Errorf("%v:\nwrote %+v\nread  %+v", k, e, back)
		}
		if again := back.appendJSON(nil); !bytes.Equal(again, line) {
			t.Errorf("%v:\nwrote     %s\nthen read %s", k, line, again)
		}
	}
}

// Durations pass through no float: what a nanosecond is at 292 years, it is.
func TestDurationsSurviveJSON(t *testing.T) {
	for _, d := range []time.Duration{0, 1, -1, 999_999, 1_000_000, 1_000_001, math.MaxInt64, math.MinInt64 + 1, -1_500_000} {
		line := (&Event{Kind: Disconnected, Duration: d}).appendJSON(nil)
		var back Event
		if err := json.Unmarshal(line, &back); err != nil || back.Duration != d {
			t.Errorf("%d ns became %d, %v in %s", d, back.Duration, err, line)
		}
	}
}

func TestErrorsSurviveJSON(t *testing.T) {
	for _, c := range []struct {
		err  error
		is   error // errors.Is of what comes back
		text string
	}{
		{&net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}, syscall.ECONNREFUSED, syscall.ECONNREFUSED.Error()},
		{io.ErrUnexpectedEOF, nil, "unexpected EOF"},
		{&remoteError{"a system of its own", 4711}, syscall.Errno(4711), "a system of its own"},
		{nil, nil, ""},
	} {
		line := (&Event{Kind: Disconnected, Err: c.err}).appendJSON(nil)
		var back Event
		if err := json.Unmarshal(line, &back); err != nil {
			t.Fatal(err)
		}
		if c.text == "" {
			if back.Err != nil {
				t.Errorf("no error became %v", back.Err)
			}
			continue
		}
		if back.Err == nil || back.Err.Error() != c.text || c.is != nil && !errors.Is(back.Err, c.is) {
			t.Errorf("%v came back as %v from %s", c.err, back.Err, line)
		}
	}
	// The number of another system: the symbol decides.
	var e Event
	if err := json.Unmarshal([]byte(`{"event":"bind_failed","errno":48,"error":"EADDRINUSE"}`), &e); err != nil || !errors.Is(e.Err, syscall.EADDRINUSE) {
		t.Errorf("macOS's EADDRINUSE is %v (%v), want this system's", e.Err, err)
	}
}

// Who is at the other end of an ipc connection is there after the journey, root too, and where nobody knows it stays unknown.
func TestProcessSurvivesJSON(t *testing.T) {
	for _, c := range []struct {
		who  *Process
		keys string
	}{
		{&Process{PID: 812, UID: 1000, GID: 100}, `"peer_pid":812,"peer_uid":1000,"peer_gid":100`},
		{&Process{}, `"peer_uid":0,"peer_gid":0`},
		{nil, ""},
	} {
		e := Event{Kind: Accepted}
		e.SetPeer(&Peer{Conn: 4, Remote: "ipc://" + c.who.String(), FD: -1, Process: c.who})
		line := e.appendJSON(nil)
		var back Event
		if err := json.Unmarshal(line, &back); err != nil {
			t.Fatal(err)
		}
		got := back.Peer()
		if (got.Process == nil) != (c.who == nil) || c.who != nil && *got.Process != *c.who {
			t.Errorf("%v came back as %v from %s", c.who, got.Process, line)
		}
		if got.Conn != 4 || got.Remote != e.Remote || !strings.Contains(string(line), c.keys) || strings.Contains(string(line), "peer_uid") != (c.who != nil) {
			t.Errorf("%+v from %s; want %s in it", got, line, c.keys)
		}
	}
}

// What other writers may add or leave out.
func TestUnmarshalForeign(t *testing.T) {
	for line, want := range map[string]Event{
		`{}`: {FD: -1},
		`{"event":"connected","inst":"k7","app":"md","new_key":{"a":[1]},"conn":"k7q2m4/9"}`: {Kind: Connected, Conn: 9, FD: -1},
		`{"event":"connected","conn":9,"fd":null,"dur_ms":null}`:                             {Kind: Connected, Conn: 9, FD: -1},
		`{"event":"from_the_future","zmq_event":32768}`:                                      {Kind: 0x8000, FD: -1},
		`{"event":"from_the_future"}`:                                                        {FD: -1},
		`{"event":"all"}`:                                                                    {FD: -1},
		`{"event":"connect_retried","interval_ms":1e3}`:                                      {Kind: ConnectRetried, FD: -1, Interval: time.Second},
		`{"event":"connect_retried","interval_ms":-1.5}`:                                     {Kind: ConnectRetried, FD: -1, Interval: -1500 * time.Microsecond},
		`{"event":"connect_retried","interval_ms":0.0000019}`:                                {Kind: ConnectRetried, FD: -1, Interval: 1},
		`{"event":"subscribed","topic":"\\q"}`:                                               {Kind: Subscribed, FD: -1, Topic: `\q`},
		`{"event":"accepted","peer_id":"a","peer_id_hex":"zz"}`:                              {Kind: Accepted, FD: -1, PeerID: "a"},
	} {
		var e Event
		if err := json.Unmarshal([]byte(line), &e); err != nil || e != want {
			t.Errorf("%s is\n %+v, %v\nwant\n %+v", line, e, err, want)
		}
	}
	for _, bad := range []string{
		``, `[]`, `{"seq":"1"}`, `{"ts":"yesterday"}`, `{"conn":"k7/x"}`, `{"conn":-1}`, `{"fd":1.5}`,
		`{"dur_ms":"1"}`, `{"dur_ms":1e300}`, `{"dur_ms":99999999999999999999}`, `{"dur_ms":true}`,
	} {
		e := Event{Kind: Accepted}
		if err := e.UnmarshalJSON([]byte(bad)); err == nil {
			t.Errorf("%s is %+v, want an error", bad, e)
		} else if e.Kind != Accepted {
			t.Errorf("%s: refused, but it changed the event", bad)
		}
	}
}

func TestJSONIsAlwaysOneValidLine(t *testing.T) {
	evil := "\x00\x1b[2J\n\r\u0085\u2028\u202e\xff\xc3(\"\\" + strings.Repeat("é", 3)
	e := Event{
		Kind: Subscribed, SocketName: evil, Endpoint: evil, Remote: evil, PeerID: evil, PeerType: evil, UserID: evil, Topic: evil,
		Err: errors.New(evil), Reason: Reason(evil),
	}
	line := e.appendJSON(nil)
	if !json.Valid(line) || bytes.ContainsAny(line, "\n\r\x00\x1b\u0085\u2028\u202e") {
		t.Errorf("not one valid line of printable text: %q", line)
	}
	var keys map[string]any
	if err := json.Unmarshal(line, &keys); err != nil {
		t.Fatal(err)
	}
	if want := string([]rune(evil)); keys["user_id"] != want {
		t.Errorf("user_id is %q, want %q", keys["user_id"], want)
	}
}

// allKeys are the keys of an event that knows everything, in their order.
func allKeys() []string {
	e := Event{Kind: Lost, Seq: 1, Time: jsonTime, PeerID: "a", Err: syscall.EPIPE, Interval: 1, Duration: 1, Topic: "t", Count: 1,
		SocketID: 1, SocketName: "n", SocketType: "PUB", Conn: 1, Side: SideBind, EndpointID: 1, Endpoint: "tcp://a:1", Local: "tcp://a:1", Remote: "tcp://b:1",
		PeerType: "SUB", Version: "3.1", Mechanism: "NULL", UserID: "u", Phase: InTraffic, Who: ByPeer, Reason: ReasonReset, Attempt: 1,
		MessagesIn: 1, MessagesOut: 1, BytesIn: 1, BytesOut: 1, Unsent: 1, QueueIn: 1, QueueOut: 1,
		peer: &Peer{Process: &Process{PID: 1}}}
	lines := append(e.appendJSON(nil), (&Event{Kind: Connected, FD: 1}).appendJSON(nil)...)
	seen := map[string]bool{}
	var keys []string
	for _, m := range regexp.MustCompile(`[{,]"(\w+)":`).FindAllStringSubmatch(string(lines), -1) {
		if !seen[m[1]] {
			seen[m[1]] = true
			keys = append(keys, m[1])
		}
	}
	return keys
}

func FuzzUnmarshalJSON(f *testing.F) {
	for k := range Kinds() {
		e := Event{Kind: k, Seq: 1, Time: jsonTime, Endpoint: "tcp://*:1", Conn: 3, FD: -1, Err: syscall.EPIPE, Reason: ReasonReset, Duration: 1234567, Topic: "a\xff"}
		f.Add(e.appendJSON(nil))
	}
	f.Add([]byte(`{"event":"connected","conn":"k7q2m4/9","dur_ms":1e3,"peer_id":"\ud800"}`))
	f.Add([]byte(`{"error":"ECONNREFUSED","errno":-1,"ts":"2026-11-22T02:13:04+01:00","topic":"\\"}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var e Event
		if json.Unmarshal(b, &e) != nil {
			return
		}
		line := e.appendJSON(nil)
		var back Event
		if err := json.Unmarshal(line, &back); err != nil {
			t.Fatalf("read %q, wrote %q, which is refused: %v", b, line, err)
		}
		if again := back.appendJSON(nil); !bytes.Equal(again, line) {
			t.Errorf("read %q\nwrote %s\nthen  %s", b, line, again)
		}
	})
}
