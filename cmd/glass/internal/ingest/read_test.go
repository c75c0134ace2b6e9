package ingest

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

var noon = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// notes are what was told of, for one goroutine.
type notes struct{ lines []string }

func (n *notes) add(line string) { n.lines = append(n.lines, line) }

func newReader() (*reader, *notes) {
	told := new(notes)
	return &reader{bridges: newBridges(), complaints: newComplaints(told.add)}, told
}

// v1 and v2 are frames as libzmq writes them.
func v1(kind monitor.Kind, value uint32, endpoint string) [][]byte {
	head := binary.NativeEndian.AppendUint16(nil, uint16(kind))
	return [][]byte{binary.NativeEndian.AppendUint32(head, value), []byte(endpoint)}
}

func v2(kind monitor.Kind, local, remote string, values ...uint64) [][]byte {
	u64 := func(n uint64) []byte { return binary.NativeEndian.AppendUint64(nil, n) }
	frames := [][]byte{u64(uint64(kind)), u64(uint64(len(values)))}
	for _, v := range values {
		frames = append(frames, u64(v))
	}
	return append(frames, []byte(local), []byte(remote))
}

var feed = sender{id: "app=feed%20one;socket=ticks;type=sub;pid=812;n=ab12", conn: 7, remote: "tcp://127.0.0.1:40000"}

func TestLibzmqsFramesBecomeEventsOfTheSocketThatTheRoutingIDNames(t *testing.T) {
	r, told := newReader()
	for _, frames := range [][][]byte{v1(monitor.Connected, 9, "tcp://10.0.0.1:5556"), v1(monitor.HandshakeSucceeded, 0, "tcp://10.0.0.1:5556"),
		v2(monitor.Disconnected, "tcp://127.0.0.1:4", "tcp://10.0.0.1:5556", 9), v1(0x8000, 1, "tcp://x:1")} {
		if err := r.frames(feed, frames, noon); err != nil {
			t.Fatal(err)
		}
	}
	facts, _ := r.taken()
	kinds := []monitor.Kind{monitor.Connected, monitor.HandshakeSucceeded, monitor.Disconnected, 0x8000}
	for i, f := range facts {
		again, _, err := fact.Parse(f.Line)
		if err != nil || again.String() != f.String() || again.Instance != f.Instance {
			t.Errorf("its line says otherwise: %s, %v", f.Line, err)
		}
		if f.Kind != kinds[i] || f.Seq != uint64(i+1) || !f.Time.Equal(noon) || f.SocketName != "ticks" || f.SocketType != "SUB" ||
			f.App != "feed one" || f.PID != 812 || f.Host == "" || f.Instance.ID == "" || f.Instance != facts[0].Instance {
			t.Errorf("event %d is %+v of %+v", i, f.Event, f.Instance)
		}
	}
	if facts[0].FD != 9 || facts[0].Remote != "tcp://10.0.0.1:5556" || len(told.lines) > 0 {
		t.Errorf("%+v, told %q", facts[0].Event, told.lines)
	}
}

// Sockets of one process are of one instance; a sender that comes again goes on with its numbers; others are others.
func TestWhoIsWho(t *testing.T) {
	r, _ := newReader()
	of := func(id string, conn monitor.ConnID, remote string) fact.Fact {
		t.Helper()
		if err := r.frames(sender{id, conn, remote}, v1(monitor.Connected, 1, "tcp://x:1"), noon); err != nil {
			t.Fatal(err)
		}
		facts, _ := r.taken()
		return facts[0]
	}
	const here, there = "tcp://[::1]:5", "tcp://[::ffff:10.0.0.7]:5"
	a := of("app=a;pid=1;socket=x", 1, here)
	if b := of("app=a;pid=1;socket=y", 2, here); b.Instance != a.Instance || b.SocketID == a.SocketID || b.Seq != 1 {
		t.Errorf("another socket of the process: %+v of %+v", b.Event, b.Instance)
	}
	if b := of("app=a;pid=1;socket=x", 3, here); b.Instance != a.Instance || b.SocketID != a.SocketID || b.Seq != 2 {
		t.Errorf("after a new connection: %+v of %+v", b.Event, b.Instance)
	}
	if b := of("app=a;pid=1;socket=x;n=1", 4, there); b.Instance.ID == a.Instance.ID || b.Host != "10.0.0.7" {
		t.Errorf("the same on another host: %+v", b.Instance)
	}
	first := of("\x00\x01\x02\x03\x04", 5, here)
	if again := of("\x00\x01\x02\x03\x04", 5, here); again.Instance != first.Instance || again.Seq != 2 {
		t.Errorf("without an id, on one connection: %+v of %+v", again.Event, again.Instance)
	}
	if again := of("\x00\x01\x02\x03\x04", 6, here); again.Instance == first.Instance {
		t.Error("an id that was made up is taken for a name")
	}
	if noPID, other := of("app=b;n=1", 7, here), of("app=b;n=2", 8, here); noPID.Instance == other.Instance {
		t.Error("two that do not say their pid are taken for one")
	}
}

func TestLines(t *testing.T) {
	r, told := newReader()
	state, _ := fact.State{Instance: fact.Instance{ID: "i"}, At: noon, Sock: 3, Type: "PUB"}.Line()
	lines := strings.Join([]string{
		`{"ts":"2026-11-22T12:00:00Z","inst":"i","seq":1,"event":"connected","sock":1,"conn":"i/4"}`,
		"",
		"{\"inst\":\"i\",\"seq\":2,\r\"event\":\"of_tomorrow\",\"new\":[1]\r}", // without a time, with ends of lines of another kind
		`{"event":"listening","seq":3,"sock":1,"conn":"9"}`,                    // without an instance
		`{"event":`,
		string(state),
		`{"event":"state","sock_type":"PUB"}`,
		`{"event":"state","sock":9,"sock_type":"PUB"}`,
		`{"event":"connected","why":"` + strings.Repeat("x", maxEvent) + `"}`,
		"\r",
	}, "\n")
	if err := r.frames(feed, [][]byte{[]byte(lines)}, noon); err != nil {
		t.Fatal(err)
	}
	facts, states := r.taken()
	if len(facts) != 3 || len(states) != 2 {
		t.Fatalf("%d facts and %d states", len(facts), len(states))
	}
	if f := facts[1]; f.Name != "of_tomorrow" || !f.Time.Equal(noon) || !strings.Contains(string(f.Line), `"new":[1]`) {
		t.Errorf("%+v %s", f, f.Line)
	}
	if f := facts[2]; f.App != "feed one" || !strings.Contains(string(f.Line), `"conn":"`+f.Instance.ID+`/9"`) {
		t.Errorf("%+v %s", f.Instance, f.Line)
	}
	if s := states[1]; s.App != "feed one" || !s.At.Equal(noon) {
		t.Errorf("%+v", s)
	}
	for _, f := range facts {
		if again, _, err := fact.Parse(f.Line); err != nil || again.Instance != f.Instance || !again.Time.Equal(f.Time) || bytes.ContainsAny(f.Line, "\r\n") {
			t.Errorf("its line says otherwise: %s, %v", f.Line, err)
		}
	}
	if n := r.complaints.count.Load(); n != 3 || len(told.lines) != 1 {
		t.Errorf("%d were refused, told %q", n, told.lines)
	}
}

func TestWhatIsNoFactIsToldOnceASecond(t *testing.T) {
	r, told := newReader()
	other := sender{id: "\x1b[2Jevil\n", remote: "tcp://10.0.0.9:1"}
	bad := func(who sender, second float64) {
		for _, frames := range [][][]byte{{[]byte("GET / HTTP/1.1")}, {}, {nil, []byte("{}")}, v1(1, 1, "x")[:1], v2(1, "", "", 1, 2)[:5],
			{make([]byte, 8), make([]byte, 8), {1}, {2}, {3}}} {
			if err := r.frames(who, frames, noon); err == nil {
				t.Fatalf("%q was taken", frames)
			} else {
				r.complaints.about(who, err, noon.Add(time.Duration(second*float64(time.Second))))
			}
		}
	}
	bad(feed, 0)
	bad(feed, 0.5)
	bad(other, 0.6)
	if len(told.lines) != 2 || !strings.Contains(told.lines[0], "app=feed%20one") || !strings.Contains(told.lines[0], "GET / HTTP/1.1") {
		t.Fatalf("told %q", told.lines)
	}
	bad(feed, 1.2)
	r.complaints.rest()
	all := strings.Join(told.lines, "\n")
	if strings.ContainsAny(all, "\x1b\r") || len(told.lines) != 5 {
		t.Errorf("told %q", told.lines)
	}
	sum := 0
	for _, line := range told.lines {
		n := 1
		if i := strings.LastIndex(line, " ("); i > 0 {
			fmt.Sscanf(line[i:], " (%d times)", &n)
		}
		sum += n
	}
	if got := r.complaints.count.Load(); got != 24 || sum != 24 {
		t.Errorf("%d were counted and %d told of, want 24", got, sum)
	}
}

// Whatever number of senders complains are caused by, they cost bounded memory, and so do bridges.
func TestStrangersCostBoundedMemory(t *testing.T) {
	r, _ := newReader()
	for i := range 2 * maxComplaints {
		r.complaints.about(sender{id: fmt.Sprint("x", i)}, errForm, noon)
	}
	if n := len(r.complaints.by); n > maxComplaints+1 {
		t.Errorf("%d complaints are remembered", n)
	}
	for i := range maxBridges + maxBridges/2 {
		r.bridges.instance(sender{id: fmt.Sprintf("app=%d;pid=%d", i%100, i+1), remote: "tcp://10.0.0.1:1"}, noon.Add(time.Duration(i)))
	}
	if n := len(r.bridges.all); n > maxBridges || n < maxBridges/2 || len(r.bridges.processes) > n {
		t.Errorf("%d bridges of %d processes are remembered", n, len(r.bridges.processes))
	}
}

// cut makes frames of bytes: the first of each piece is its length.
func cut(b []byte) (frames [][]byte) {
	for len(b) > 0 {
		n := min(int(b[0]), len(b)-1)
		frames = append(frames, b[1:1+n])
		b = b[1+n:]
	}
	return frames
}

func paste(frames ...[]byte) (b []byte) {
	for _, f := range frames {
		b = append(append(b, byte(len(f))), f...)
	}
	return b
}

func FuzzMessage(f *testing.F) {
	f.Add(feed.id, paste(v1(monitor.Connected, 9, "tcp://x:1")...))
	f.Add(feed.id, paste(v1(monitor.ConnectRetried, 100, "tcp://x:1")...))
	f.Add("", paste(v2(monitor.Accepted, "tcp://x:1", "tcp://y:2", 9)...))
	f.Add("\x00abcd", paste(v2(monitor.PipesStats, "a", "b", 1<<63, 2)...))
	f.Add("x", paste([]byte(`{"event":"connected","sock":1}`+"\n"+`{"event":"state","sock":3}`)))
	f.Add("pid=99999999999999999999;app=%zz\xff", paste([]byte("{}"), v1(1, 1, "")[0]))
	f.Add("app=\xff", paste(v1(monitor.Connected, 1, "\xff")...))
	f.Add("app=a", paste([]byte(`{"event":"connected","Inst":""}`)))
	f.Add("app=a", paste([]byte("{\r\"event\"\r:\t\"connected\",\r\"inst\":\"i\"\r}")))
	f.Fuzz(func(t *testing.T, id string, b []byte) {
		r, _ := newReader()
		who := sender{id: id, conn: 1, remote: "tcp://127.0.0.1:1"}
		r.frames(who, cut(b), noon)
		facts, states := r.taken()
		for _, f := range facts {
			again, _, err := fact.Parse(f.Line)
			if err != nil || !json.Valid(f.Line) || f.Instance.ID == "" || again.Instance != f.Instance || bytes.ContainsAny(f.Line, "\r\n") {
				t.Fatalf("%q became %+v with the line %s, %v", b, f, f.Line, err)
			}
		}
		for _, s := range states {
			if line, err := s.Line(); err != nil || !json.Valid(line) || s.Instance.ID == "" {
				t.Fatalf("%q became the state %s, %v", b, line, err)
			}
		}
	})
}

func FuzzRoutingID(f *testing.F) {
	f.Add(feed.id)
	f.Add("app=;pid=-1;;=;type=pub;%")
	f.Fuzz(func(t *testing.T, id string) {
		a := parseID(id)
		if a.pid < 0 || a.typ != strings.ToUpper(a.typ) {
			t.Fatalf("%q is %+v", id, a)
		}
		if line := (sender{id: id, remote: "tcp://x:1"}).String(); strings.ContainsAny(line, "\n\r\x1b") {
			t.Fatalf("%q is told as %q", id, line)
		}
	})
}
