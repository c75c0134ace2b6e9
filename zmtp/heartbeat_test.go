package zmtp

import (
	"bytes"
	"math"
	"testing"
	"time"
)

// pingData is the data of the PING command in b.
func pingData(t testing.TB, b []byte) []byte {
	t.Helper()
	h, n, err := ParseHeader(b, 0)
	if err != nil || n == 0 {
		t.Fatalf("%x: %v", b, err)
	}
	c, err := ParseCommand(b[n : n+int(h.Size)])
	if err != nil || c.Name != PING {
		t.Fatalf("%x is %s, %v; want PING", b, c.Name, err)
	}
	return c.Data
}

func TestPingTTLAsSent(t *testing.T) {
	for ttl, want := range map[time.Duration]time.Duration{
		0:                          0,
		-time.Second:               0,
		1:                          100 * time.Millisecond, // 0 would ask nothing
		100 * time.Millisecond:     100 * time.Millisecond,
		100*time.Millisecond + 1:   200 * time.Millisecond,
		2 * time.Second:            2 * time.Second,
		65400*time.Millisecond + 1: 65500 * time.Millisecond,
		65500 * time.Millisecond:   65500 * time.Millisecond,
		65600 * time.Millisecond:   65500 * time.Millisecond, // libzmq would hang up after 64 ms
		6553500 * time.Millisecond: 65500 * time.Millisecond,
		math.MaxInt64:              65500 * time.Millisecond,
	} {
		p, err := ParsePing(pingData(t, AppendPing(nil, Ping{TTL: ttl})))
		if err != nil || p.TTL != want {
			t.Errorf("a TTL of %v is sent as %v, %v; want %v", ttl, p.TTL, err, want)
		}
	}
}

func TestPingTTLAsReceived(t *testing.T) {
	for data, want := range map[string]time.Duration{
		"\x00\x00": 0, "\x00\x01": 100 * time.Millisecond, "\x02\x90": 65600 * time.Millisecond, "\xff\xff": 6553500 * time.Millisecond,
	} {
		if p, err := ParsePing([]byte(data)); err != nil || p.TTL != want {
			t.Errorf("%x is a TTL of %v, %v; want %v", data, p.TTL, err, want)
		}
	}
}

func TestPingContext(t *testing.T) {
	for size := range 17 {
		context := bytes.Repeat([]byte{0, 0xFF}, 8)[:size]
		p, err := ParsePing(pingData(t, AppendPing([]byte{}, Ping{time.Second, context})))
		if err != nil || !bytes.Equal(p.Context, context) {
			t.Errorf("the context %x came back as %x, %v", context, p.Context, err)
		}
		pong := AppendPong(nil, p.Context)
		if want := append([]byte{4, byte(5 + size), 4, 'P', 'O', 'N', 'G'}, context...); !bytes.Equal(pong, want) {
			t.Errorf("its PONG is %x; want %x", pong, want)
		}
	}
}

func TestPingRefusals(t *testing.T) {
	for data, want := range map[string]string{
		"":                          "malformed command: PING with 0 bytes of TTL instead of 2",
		"\x00":                      "malformed command: PING with 1 bytes of TTL instead of 2",
		"\x00\x0117-bytes-are-much": "malformed command: PING with a context of 17 bytes, at most 16 accepted",
	} {
		if _, err := ParsePing([]byte(data)); err == nil || err.Error() != want || codeOf(t, err) != MalformedCommand {
			t.Errorf("%q: %v; want %s", data, err, want)
		}
	}
}

func TestPingPanics(t *testing.T) {
	mustPanic(t, "PING", func() { AppendPing(nil, Ping{Context: make([]byte, 17)}) })
	mustPanic(t, "PONG", func() { AppendPong(nil, make([]byte, 17)) })
}

func TestPingAllocatesNothing(t *testing.T) {
	buf, p := make([]byte, 0, 64), Ping{time.Second, []byte("context")}
	if n := testing.AllocsPerRun(100, func() {
		buf = AppendPing(buf[:0], p)
		got, err := ParsePing(buf[shortHeader+1+len(PING):])
		if err != nil {
			t.Fatal(err)
		}
		buf = AppendPong(buf, got.Context)
	}); n != 0 {
		t.Errorf("PING and PONG: %v allocations", n)
	}
}
