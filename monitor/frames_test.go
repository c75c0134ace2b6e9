package monitor

import (
	"encoding/binary"
	"encoding/hex"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

// native turns a vector written in little-endian order into the machine's.
func native(t testing.TB, fields ...string) []byte {
	t.Helper()
	var all []byte
	for _, f := range fields {
		b, err := hex.DecodeString(f)
		if err != nil {
			t.Fatal(err)
		}
		if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
			for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
				b[i], b[j] = b[j], b[i]
			}
		}
		all = append(all, b...)
	}
	return all
}

// What libzmq sends for the listening event of a socket whose descriptor is
// 12, as captured: 08 00 0c 00 00 00, then the address without a NUL.
func TestVersion1IsLibzmqsByteForByte(t *testing.T) {
	e := Event{Kind: Listening, Side: SideBind, Endpoint: "tcp://127.0.0.1:*", Local: "tcp://127.0.0.1:40773", FD: 12}
	got := e.AppendFrames(nil, 1)
	want := [][]byte{native(t, "0800", "0c000000"), []byte("tcp://127.0.0.1:40773")}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %x, want %x", got, want)
	}
}

func TestVersion2(t *testing.T) {
	e := Event{Kind: Accepted, Side: SideBind, Local: "tcp://127.0.0.1:5555", Remote: "tcp://127.0.0.1:40100", FD: 17}
	got := e.AppendFrames([][]byte{[]byte("before")}, 2)
	want := [][]byte{
		[]byte("before"),
		native(t, "2000000000000000"), native(t, "0100000000000000"), native(t, "1100000000000000"),
		[]byte("tcp://127.0.0.1:5555"), []byte("tcp://127.0.0.1:40100"),
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("accepted: got %x, want %x", got, want)
	}
	e = Event{Kind: PipesStats, QueueOut: 3, QueueIn: 5}
	got = e.AppendFrames(nil, 2)
	want = [][]byte{
		native(t, "0000010000000000"), native(t, "0200000000000000"),
		native(t, "0300000000000000"), native(t, "0500000000000000"), {}, {},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("pipes_stats, outbound first: got %x, want %x", got, want)
	}
}

// Each kind: the number in its frame, and what Parse makes of it again.
func TestValues(t *testing.T) {
	for _, c := range []struct {
		e     Event
		value uint64
		back  Event // the fields that the number fills
	}{
		{Event{Kind: Connected, FD: 9}, 9, Event{FD: 9}},
		{Event{Kind: Disconnected, FD: -1}, 0xFFFFFFFF, Event{FD: -1}},
		{Event{Kind: ConnectDelayed, Err: syscall.EINPROGRESS}, uint64(syscall.EINPROGRESS), Event{FD: -1, Err: syscall.EINPROGRESS}},
		{Event{Kind: ConnectRetried, Interval: 183 * time.Millisecond}, 183, Event{FD: -1, Interval: 183 * time.Millisecond}},
		{Event{Kind: BindFailed, Reason: ReasonAddressInUse}, uint64(syscall.EADDRINUSE), Event{FD: -1, Err: syscall.EADDRINUSE, Reason: ReasonAddressInUse}},
		{Event{Kind: AcceptFailed, Err: syscall.EMFILE}, uint64(syscall.EMFILE), Event{FD: -1, Err: syscall.EMFILE, Reason: ReasonFDLimit}},
		{Event{Kind: HandshakeFailedNoDetail, Reason: ReasonEOFInHandshake}, uint64(syscall.EPIPE), Event{FD: -1, Err: syscall.EPIPE, Reason: ReasonEOFInHandshake}},
		{Event{Kind: HandshakeFailedNoDetail, Err: syscall.ECONNRESET}, uint64(syscall.ECONNRESET), Event{FD: -1, Err: syscall.ECONNRESET, Reason: ReasonReset}},
		{Event{Kind: HandshakeFailedNoDetail, Reason: ReasonZAPMissing}, uint64(syscall.EFAULT), Event{FD: -1, Err: syscall.EFAULT, Reason: ReasonZAPMissing}},
		{Event{Kind: HandshakeFailedNoDetail, Err: syscall.EAGAIN}, uint64(syscall.EAGAIN), Event{FD: -1, Err: syscall.EAGAIN, Reason: ReasonHandshakeTimeout}},
		{Event{Kind: HandshakeSucceeded}, 0, Event{FD: -1}},
		{Event{Kind: MonitorStopped}, 0, Event{FD: -1}},
		{Event{Kind: HandshakeFailedProtocol, Value: 0x10000013}, 0x10000013, Event{FD: -1, Reason: ReasonMalformed}},
		{Event{Kind: HandshakeFailedProtocol, Reason: ReasonMechanismMismatch}, 0x11000002, Event{FD: -1, Reason: ReasonMechanismMismatch}},
		{Event{Kind: HandshakeFailedProtocol, Reason: ReasonNotZMTP}, 0x10000000, Event{FD: -1, Reason: ReasonMalformed}},
		{Event{Kind: HandshakeFailedProtocol}, 0x10000000, Event{FD: -1, Reason: ReasonMalformed}},
		{Event{Kind: HandshakeFailedAuth, Value: 400}, 400, Event{FD: -1, Reason: ReasonAuthDenied}},
		{Event{Kind: HandshakeFailedAuth, Reason: ReasonAuthTemporary}, 300, Event{FD: -1, Reason: ReasonAuthTemporary}},
		{Event{Kind: 0x8000, Value: 3}, 3, Event{FD: -1}}, // JeroMQ's HANDSHAKE_PROTOCOL
	} {
		for version := 1; version <= 2; version++ {
			frames := c.e.AppendFrames(nil, version)
			got, err := Parse(frames)
			if err != nil {
				t.Errorf("version %d of %v: %v", version, c.e, err)
				continue
			}
			if got.Kind != c.e.Kind || got.Value != c.value {
				t.Errorf("version %d of %v: number %d of %v, want %d", version, c.e, got.Value, got.Kind, c.value)
			}
			if got.FD != c.back.FD || got.Err != c.back.Err || got.Interval != c.back.Interval || got.Reason != c.back.Reason {
				t.Errorf("version %d of %v is read as fd %d, err %v, interval %v, reason %q; want %d, %v, %v, %q", version, c.e,
					got.FD, got.Err, got.Interval, got.Reason, c.back.FD, c.back.Err, c.back.Interval, c.back.Reason)
			}
			if again := got.AppendFrames(nil, version); !reflect.DeepEqual(again, frames) {
				t.Errorf("version %d of %v is sent on as %x, came as %x", version, c.e, again, frames)
			}
		}
	}
}

func TestPipesStatsHasTwoNumbers(t *testing.T) {
	e, err := Parse(Event{Kind: PipesStats, QueueOut: 3, QueueIn: 5}.AppendFrames(nil, 2))
	if err != nil || e.QueueOut != 3 || e.QueueIn != 5 {
		t.Errorf("3 out and 5 in became %d and %d, %v", e.QueueOut, e.QueueIn, err)
	}
}

// The manual page's accessors work on what a version 1 frame leaves.
func TestAddressesOfVersion1(t *testing.T) {
	const addr = "tcp://127.0.0.1:5555"
	for _, c := range []struct {
		k    Kind
		side Side
	}{
		{Listening, SideBind}, {BindFailed, SideBind}, {Accepted, SideBind}, {AcceptFailed, SideBind}, {CloseFailed, SideBind},
		{Connected, SideConnect}, {ConnectDelayed, SideConnect}, {ConnectRetried, SideConnect},
		{Closed, ""}, {Disconnected, ""}, {HandshakeSucceeded, ""}, {HandshakeFailedAuth, ""},
	} {
		e, err := Parse(Event{Kind: c.k, Endpoint: addr, FD: -1}.AppendFrames(nil, 1))
		if err != nil || e.Addr() != addr || e.Side != c.side {
			t.Errorf("%v: address %q, side %q, %v; want %q, %q", c.k, e.Addr(), e.Side, err, addr, c.side)
		}
	}
}

// Bind and connect each name their endpoint before there is an address, with
// its scheme, where libzmq has none or an empty string.
func TestAddressesAreNeverBare(t *testing.T) {
	bind := Event{Kind: BindFailed, Side: SideBind, Endpoint: "tcp://eth9:1"}.AppendFrames(nil, 2)
	if string(bind[3]) != "tcp://eth9:1" || string(bind[4]) != "" {
		t.Errorf("bind_failed has local %q, remote %q", bind[3], bind[4])
	}
	dial := Event{Kind: ConnectRetried, Side: SideConnect, Endpoint: "tcp://db:1"}.AppendFrames(nil, 2)
	if string(dial[3]) != "" || string(dial[4]) != "tcp://db:1" {
		t.Errorf("connect_retried has local %q, remote %q", dial[3], dial[4])
	}
}

func TestWhatAFormCannotSay(t *testing.T) {
	for _, c := range []struct {
		k       Kind
		version int
	}{
		{PipesStats, 1}, {ConnectFailed, 1}, {Lost, 1}, {Connected, 0}, {Connected, 3}, {Connected, -1},
	} {
		if got := (Event{Kind: c.k}).AppendFrames(nil, c.version); got != nil {
			t.Errorf("%v in version %d is %x, want nothing", c.k, c.version, got)
		}
	}
	if got := (Event{Kind: ConnectFailed, Err: syscall.ECONNREFUSED}).AppendFrames(nil, 2); len(got) != 5 {
		t.Errorf("version 2 has room for our kinds, but connect_failed is %x", got)
	}
}

func TestParseRefuses(t *testing.T) {
	u64 := func(n uint64) []byte { return appendU64(n) }
	for name, frames := range map[string][][]byte{
		"nothing":                 nil,
		"one frame":               {make([]byte, 6)},
		"short head":              {make([]byte, 5), nil},
		"long head":               {make([]byte, 7), nil},
		"version 1, three frames": {make([]byte, 6), nil, nil},
		"version 2, three frames": {u64(1), u64(0), nil},
		"too few values":          {u64(1), u64(2), u64(0), nil, nil},
		"too many values":         {u64(1), u64(0), u64(0), nil, nil},
		"2^64-1 values":           {u64(1), u64(1<<64 - 1), nil, nil},
		"a value of 4 bytes":      {u64(1), u64(1), make([]byte, 4), nil, nil},
		"a count of 4 bytes":      {u64(1), make([]byte, 4), u64(0), nil, nil},
	} {
		e, err := Parse(frames)
		if err == nil {
			t.Errorf("%s: parsed as %v", name, e)
		} else if !strings.HasPrefix(err.Error(), "monitor frames: ") {
			t.Errorf("%s: %v; want to be told of what", name, err)
		}
	}
	if e, err := Parse([][]byte{u64(uint64(Connected)), u64(0), []byte("l"), []byte("r")}); err != nil || e.Local != "l" || e.Remote != "r" {
		t.Errorf("version 2 without a value: %v, %v; want it to pass", e, err)
	}
}

// split makes frames of fuzzed bytes: a length byte before each.
func split(b []byte) (frames [][]byte) {
	for len(b) > 0 {
		n := min(int(b[0]), len(b)-1)
		frames = append(frames, b[1:1+n])
		b = b[1+n:]
	}
	return frames
}

func join(frames [][]byte) (b []byte) {
	for _, f := range frames {
		b = append(append(b, byte(len(f))), f...)
	}
	return b
}

// Whatever arrives: no panic, and what parses is sent on as it came, except
// for values that the kind has no field for.
func FuzzParse(f *testing.F) {
	for k := range Kinds() {
		e := Event{Kind: k, Endpoint: "tcp://127.0.0.1:5555", FD: 3, Err: syscall.EPIPE, Interval: time.Second, Value: 400, QueueIn: 1}
		f.Add(join(e.AppendFrames(nil, 1)))
		f.Add(join(e.AppendFrames(nil, 2)))
	}
	f.Add(join([][]byte{appendU64(1), appendU64(1<<64 - 1), nil, nil}))
	f.Add([]byte{6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, b []byte) {
		frames := split(b)
		e, err := Parse(frames)
		if err != nil {
			return
		}
		_, _, _ = e.String(), e.Why(), e.Hint()
		version := 2
		if len(frames) == 2 {
			version = 1
		}
		back, err := Parse(e.AppendFrames(nil, version))
		if err != nil {
			t.Fatalf("%x: parsed, but not after it was sent on: %v", frames, err)
		}
		if back.Kind != e.Kind || back.Addr() != e.Addr() || back.Local != e.Local || back.Remote != e.Remote || back.FD != e.FD || back.Errno() != e.Errno() || back.Interval != e.Interval {
			t.Errorf("%x:\nread as    %+v\nthen again %+v", frames, e, back)
		}
	})
}
