package monitor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

func TestAddr(t *testing.T) {
	for _, c := range []struct {
		e    Event
		want string
	}{
		{Event{Kind: Listening, Side: SideBind, Endpoint: "tcp://*:0", Local: "tcp://0.0.0.0:49152"}, "tcp://0.0.0.0:49152"},
		{Event{Kind: Accepted, Side: SideBind, Endpoint: "tcp://*:0", Local: "tcp://10.0.0.1:49152", Remote: "tcp://10.0.0.9:1"}, "tcp://10.0.0.1:49152"},
		{Event{Kind: Connected, Side: SideConnect, Endpoint: "tcp://db:1", Local: "tcp://10.0.0.1:2", Remote: "tcp://10.0.0.9:1"}, "tcp://10.0.0.9:1"},
		{Event{Kind: ConnectRetried, Side: SideConnect, Endpoint: "tcp://db:1"}, "tcp://db:1"},
		{Event{Kind: BindFailed, Side: SideBind, Endpoint: "tcp://eth9:1"}, "tcp://eth9:1"},
		{Event{Kind: MonitorStopped}, ""},
	} {
		if got := c.e.Addr(); got != c.want {
			t.Errorf("%v: %q, want %q", c.e, got, c.want)
		}
	}
}

func TestErrno(t *testing.T) {
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	for _, c := range []struct {
		e    Event
		want syscall.Errno
	}{
		{Event{Err: dial}, syscall.ECONNREFUSED},
		{Event{Err: dial, Reason: ReasonTimeout}, syscall.ECONNREFUSED},
		{Event{Err: context.DeadlineExceeded, Reason: ReasonTimeout}, syscall.ETIMEDOUT},
		{Event{Err: io.EOF, Reason: ReasonEOFInHandshake}, syscall.EPIPE},
		{Event{Reason: ReasonZAPMissing}, syscall.EFAULT},
		{Event{Err: io.EOF}, 0},
		{Event{}, 0},
	} {
		if got := c.e.Errno(); got != int(c.want) {
			t.Errorf("%v of %q: %d, want %d (%v)", c.e.Err, c.e.Reason, got, int(c.want), c.want)
		}
	}
}

func TestTerminal(t *testing.T) {
	for k := range Kinds() {
		want := k == ConnectFailed || k == Disconnected || k == LocalClosed
		if got := (Event{Kind: k, Conn: 7}).Terminal(); got != want {
			t.Errorf("%v of a connection: terminal %v, want %v", k, got, want)
		}
		if (Event{Kind: k}).Terminal() {
			t.Errorf("%v without a connection is the end of one", k)
		}
	}
}

func TestLevel(t *testing.T) {
	for _, c := range []struct {
		e    Event
		want slog.Level
	}{
		{Event{Kind: ConnectDelayed}, slog.LevelDebug},
		{Event{Kind: HandshakeSucceeded}, slog.LevelInfo},
		{Event{Kind: ConnectRetried}, slog.LevelWarn},
		{Event{Kind: BindFailed}, slog.LevelError},
		{Event{Kind: Disconnected, Reason: ReasonPeerClosed}, slog.LevelInfo},
		{Event{Kind: Disconnected, Reason: ReasonPeerClosed, Unsent: 1}, slog.LevelWarn},
		{Event{Kind: Disconnected, Reason: ReasonReset}, slog.LevelWarn},
		{Event{Kind: LocalClosed, Reason: ReasonClose}, slog.LevelInfo},
		{Event{Kind: LocalClosed, Reason: ReasonClose, Unsent: 1}, slog.LevelWarn},
		{Event{Kind: ConnectFailed, Reason: ReasonRefused}, slog.LevelWarn},
		{Event{Kind: ConnectFailed, Reason: ReasonFDLimit, Who: ByLocal}, slog.LevelWarn},
		{Event{Kind: 0x8000}, slog.LevelInfo},
	} {
		if got := c.e.Level(); got != c.want {
			t.Errorf("%v: %v, want %v", c.e, got, c.want)
		}
	}
}

func testPeer() *Peer {
	p := &Peer{
		Conn: 7, SocketID: 3, EndpointID: 1, Endpoint: "tcp://*:5555", Side: SideBind,
		Local: "tcp://10.0.0.1:5555", Remote: "tcp://10.0.0.9:41234", FD: 17,
		RoutingID: "risk-2", Type: "REQ", Mechanism: "CURVE", UserID: "ada", Version: "3.1",
		Since: time.Unix(1, 0),
	}
	p.SetProperties(maps.All(map[string]string{"X-Instance": "k7q2m4"}))
	return p
}

func TestPeerIsSharedByItsEvents(t *testing.T) {
	p := testPeer()
	var e Event
	e.SetPeer(p)
	if e.Conn != 7 || e.PeerID != "risk-2" || e.PeerType != "REQ" || e.Remote != "tcp://10.0.0.9:41234" || e.FD != 17 ||
		e.Mechanism != "CURVE" || e.UserID != "ada" || e.Version != "3.1" || e.SocketID != 3 || e.Side != SideBind {
		t.Errorf("SetPeer left facts out: %+v", e)
	}
	if got := e.Peer(); got.Property("x-INSTANCE") != "k7q2m4" || got.Since != p.Since {
		t.Errorf("the event's peer is %+v; want p with its properties", got)
	}
	e.peer = nil // as after JSON
	want := *p
	want.Since, want.properties = time.Time{}, nil
	if got := e.Peer(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("without its Peer the event knows\n %+v\nwant\n %+v", got, want)
	}
}

func TestProcessString(t *testing.T) {
	for want, p := range map[string]*Process{"": nil, "uid=0": {}, "uid=1000": {UID: 1000, GID: 4}, "pid=812,uid=1000": {PID: 812, UID: 1000}} {
		if got := p.String(); got != want {
			t.Errorf("%#v is %q, want %q", p, got, want)
		}
	}
}

func TestProperties(t *testing.T) {
	var p Peer
	if p.Property("X-A") != "" {
		t.Error("a peer without metadata has a property")
	}
	p.SetProperties(func(yield func(string, string) bool) {
		_ = yield("User-Id", "ada") && yield("X-A", "1") && yield("user-id", "eve")
	})
	if got := p.Property("USER-ID"); got != "ada" {
		t.Errorf("User-Id is %q: what was put first must win", got)
	}
	var names []string
	for name := range p.Properties() {
		names = append(names, name)
	}
	if want := []string{"User-Id", "X-A", "user-id"}; !slices.Equal(names, want) {
		t.Errorf("properties are %q, want %q in order", names, want)
	}
	for range p.Properties() {
		break // must not panic
	}
}

func TestEventStaysSmall(t *testing.T) {
	// Rings hold events by value: 256 of them should stay near 110 KiB.
	if size := unsafe.Sizeof(Event{}); size > 432 {
		t.Errorf("an Event has %d bytes, want at most 432", size)
	}
}

func TestString(t *testing.T) {
	for _, c := range []struct {
		e    Event
		want string
	}{
		{
			Event{Kind: Disconnected, Endpoint: "tcp://127.0.0.1:5555", Conn: 7, Remote: "tcp://127.0.0.1:40100", PeerType: "REQ",
				Who: ByPeer, Reason: ReasonPeerClosed, Duration: 1204 * time.Millisecond, MessagesIn: 3, MessagesOut: 3},
			"disconnected        tcp://127.0.0.1:5555 conn=7 peer=127.0.0.1:40100 REQ who=peer reason=peer_closed after 1.2s in=3 out=3",
		},
		{
			Event{Kind: Listening, Endpoint: "tcp://*:0", Local: "tcp://0.0.0.0:49152"},
			"listening           tcp://*:0 bound=tcp://0.0.0.0:49152",
		},
		{
			Event{Kind: ConnectRetried, Endpoint: "tcp://db:1", Reason: ReasonRefused, Attempt: 3, Interval: 400 * time.Millisecond},
			"connect_retried     tcp://db:1 who=peer reason=refused attempt=3 interval=400ms",
		},
		{
			Event{Kind: HandshakeSucceeded, Endpoint: "tcp://db:1", Conn: 7, Remote: "tcp://10.0.0.9:1", PeerType: "ROUTER", PeerID: "a b",
				Mechanism: "CURVE", Version: "3.1", UserID: "ada", Duration: 1834567},
			`handshake_succeeded tcp://db:1 conn=7 peer=10.0.0.9:1 ROUTER id="a b" CURVE zmtp=3.1 user=ada after 1.83ms`,
		},
		{
			Event{Kind: HandshakeFailedProtocol, Endpoint: "tcp://*:1", Conn: 7, Reason: ReasonMechanismMismatch, Value: 0x11000002},
			"handshake_failed_protocol tcp://*:1 conn=7 who=local reason=mechanism_mismatch code=ZMTP_MECHANISM_MISMATCH",
		},
		{
			Event{Kind: HandshakeFailedAuth, Endpoint: "tcp://*:1", Conn: 7, Value: 400},
			"handshake_failed_auth tcp://*:1 conn=7 status=400",
		},
		{
			Event{Kind: BindFailed, Endpoint: "tcp://*:1", Err: syscall.EACCES},
			`bind_failed         tcp://*:1 err="permission denied"`,
		},
		{
			Event{Kind: LocalClosed, Endpoint: "tcp://db:1", Conn: 7, Reason: ReasonClose, Unsent: 4},
			"local_closed        tcp://db:1 conn=7 who=local reason=close in=0 out=0 unsent=4",
		},
		{
			Event{Kind: QueueFull, Endpoint: "tcp://db:1", Conn: 7, QueueOut: 1000},
			"queue_full          tcp://db:1 conn=7 queue_in=0 queue_out=1000",
		},
		{
			Event{Kind: Subscribed, Endpoint: "tcp://*:1", Conn: 7, Topic: "kv@\x00"},
			`subscribed          tcp://*:1 conn=7 topic="kv@\x00"`,
		},
		{Event{Kind: Lost, Count: 12}, "lost                n=12"},
		{Event{Kind: MonitorStopped}, "monitor_stopped"},
		{Event{Kind: 0x8000, Value: 3}, "0x8000"},
	} {
		if got := c.e.String(); got != c.want {
			t.Errorf("\n got %s\nwant %s", got, c.want)
		}
	}
}

func TestErrorsIsSeesTheCause(t *testing.T) {
	e := Event{Err: fmt.Errorf("dial tcp://db:1: %w", syscall.ECONNREFUSED)}
	if !errors.Is(e.Err, syscall.ECONNREFUSED) || e.Errno() != int(syscall.ECONNREFUSED) {
		t.Errorf("%v hides its number", e.Err)
	}
}
