package fact

import (
	"encoding/json"
	"io"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/glassmq/zmq/monitor"
)

// here is an instance whose host does its best to break a line of JSON.
var here = Instance{ID: "k7q2m4", App: "md-gw", Host: "h\"1\n", PID: 812}

var events = map[string]monitor.Event{
	"everything known": {
		Kind: monitor.Disconnected, Seq: 42, Time: time.Date(2026, 11, 22, 2, 13, 4, 118204911, time.FixedZone("", 3600)),
		SocketID: 3, SocketName: "md \"pub\"", SocketType: "PUB", EndpointID: 4, Endpoint: "tcp://*:5556", Side: monitor.SideBind, Conn: 9,
		Local: "tcp://10.0.0.1:5556", Remote: "tcp://10.0.0.9:41234", FD: 17, Attempt: 2, Err: syscall.ECONNRESET, Who: monitor.ByNetwork,
		Phase: monitor.InTraffic, Reason: monitor.ReasonReset, PeerID: "\x00\xff", PeerType: "SUB", Mechanism: "NULL", Version: "3.1",
		Duration: 1234567890, MessagesIn: 1, MessagesOut: 1<<64 - 1, BytesIn: 5, BytesOut: 6, Unsent: 7,
	},
	"about a listener":  {Kind: monitor.Listening, Seq: 1, Time: time.Unix(0, 0), SocketID: 1, SocketType: "REP", Endpoint: "tcp://*:1", FD: 4},
	"hardly anything":   {Kind: monitor.Lost, Count: 5, FD: -1},
	"an unknown kind":   {Kind: 1 << 40, Seq: 3, Conn: 7, FD: -1},
	"nothing but a 0":   {},
	"words of the peer": {Kind: monitor.HandshakeFailedProtocol, Conn: 1, FD: -1, Err: io.ErrUnexpectedEOF, PeerType: "a\",\"conn\":\"b"},
}

func keysOf(t *testing.T, line []byte) (keys []string) {
	t.Helper()
	in := json.NewDecoder(strings.NewReader(string(line)))
	if _, err := in.Token(); err != nil {
		t.Fatal(err)
	}
	for in.More() {
		key, err := in.Token()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key.(string))
		if err := in.Decode(new(json.RawMessage)); err != nil {
			t.Fatal(err)
		}
	}
	return keys
}

// The instance's keys come on top; all that monitor wrote stays, in its order and to the byte.
func TestJSONIsMonitorsAndTheInstance(t *testing.T) {
	for name, e := range events {
		line, err := here.JSON(e)
		if err != nil {
			t.Fatal(err)
		}
		plain, _ := e.MarshalJSON()
		rest := strings.ReplaceAll(string(line), `"conn":"k7q2m4/`, `"conn":"`)
		for _, added := range []string{`,"inst":"k7q2m4"`, `,"app":"md-gw","host":"h\"1\n","pid":812`} {
			rest = strings.Replace(rest, added, "", 1)
		}
		if rest != string(plain) {
			t.Errorf("%s: without what was added\n%s\nmonitor wrote\n%s", name, rest, plain)
		}
	}
}

func TestJSONKeysStandInOrder(t *testing.T) {
	line, _ := here.JSON(events["everything known"])
	head := []string{"v", "ts", "inst", "seq", "app", "host", "pid", "event", "zmq_event", "zmq_value", "sev", "sock"}
	if keys := keysOf(t, line); !slices.Equal(keys[:len(head)], head) {
		t.Errorf("the line begins with %v, want %v", keys[:len(head)], head)
	}
	var known struct {
		TS, Inst, App, Host, Conn string
		PID                       int
	}
	if err := json.Unmarshal(line, &known); err != nil {
		t.Fatal(err)
	}
	if known.TS != "2026-11-22T01:13:04.118204911Z" {
		t.Errorf("ts is %s: want UTC, to the nanosecond", known.TS)
	}
	if known.Inst != here.ID || known.App != here.App || known.Host != here.Host || known.PID != here.PID || known.Conn != "k7q2m4/9" {
		t.Errorf("the instance reads back as %+v", known)
	}
}

func TestEveryLineHasTheInstance(t *testing.T) {
	for name, e := range events {
		line, err := here.JSON(e)
		if err != nil {
			t.Fatal(err)
		}
		keys := keysOf(t, line)
		for _, key := range []string{"inst", "host", "pid", "event"} {
			if !slices.Contains(keys, key) {
				t.Errorf("%s: no key %s in %s", name, key, line)
			}
		}
	}
}

func TestALineReadsBackAsTheEvent(t *testing.T) {
	for name, e := range events {
		line, _ := here.JSON(e)
		plain, _ := e.MarshalJSON()
		var ours, theirs monitor.Event
		if err := ours.UnmarshalJSON(line); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if err := theirs.UnmarshalJSON(plain); err != nil {
			t.Fatal(err)
		}
		if ours.String() != theirs.String() || ours.Conn != theirs.Conn || ours.Seq != theirs.Seq {
			t.Errorf("%s: got %+v\nwant %+v", name, ours, theirs)
		}
	}
}

func TestAnUnknownAppOrHostIsAbsent(t *testing.T) {
	line, _ := Instance{ID: "a", PID: 1}.JSON(events["about a listener"])
	for _, key := range keysOf(t, line) {
		if key == "app" || key == "host" {
			t.Errorf("key %s is there: absent is unknown", key)
		}
	}
}

func TestEachProcessHasAnIDOfItsOwn(t *testing.T) {
	a, b := Self("x"), Self("x")
	if a.ID == b.ID {
		t.Error("two processes have one id")
	}
	if !regexp.MustCompile("^[a-z2-7]{26}$").MatchString(a.ID) { // 26 × 5 bits are 130
		t.Errorf("id %q is not 128 bits of base32", a.ID)
	}
	if a.PID == 0 || a.App != "x" {
		t.Errorf("got %+v", a)
	}
}
