package interop

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"
	"time"
)

// A raw peer speaks ZMTP by hand, from the words of RFC 23 and RFC 37 and with nothing of our own wire code: two engines
// that agree on a mistake would not notice it.
type raw struct {
	*net.TCPConn
	in *bufio.Reader
}

// dialRaw connects to an engine.
func dialRaw(t *testing.T, endpoint string) *raw {
	t.Helper()
	c, err := net.DialTimeout("tcp", strings.TrimPrefix(endpoint, "tcp://"), patience)
	if err != nil {
		t.Fatal(err)
	}
	return newRaw(t, c)
}

// listenRaw is where an engine may connect, and accept the connection of one that has.
func listenRaw(t *testing.T) (endpoint string, accept func() *raw) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return "tcp://" + ln.Addr().String(), func() *raw {
		t.Helper()
		ln.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
		c, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		return newRaw(t, c)
	}
}

func newRaw(t *testing.T, c net.Conn) *raw {
	c.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { c.Close() })
	return &raw{c.(*net.TCPConn), bufio.NewReader(c)}
}

// rawGreeting is the 64 bytes of RFC 37: signature, version, mechanism, as-server, filler.
func rawGreeting(minor byte) []byte {
	g := make([]byte, 64)
	g[0], g[9] = 0xFF, 0x7F
	g[10], g[11] = 3, minor
	copy(g[12:], "NULL")
	return g
}

// rawReady is a READY command of NULL: its properties are name, value, name, value.
func rawReady(properties ...string) []byte {
	body := []byte("\x05READY")
	for i := 0; i < len(properties); i += 2 {
		body = append(append(body, byte(len(properties[i]))), properties[i]...)
		body = append(binary.BigEndian.AppendUint32(body, uint32(len(properties[i+1]))), properties[i+1]...)
	}
	return rawFrame(flagCommand, body)
}

// The flags of a frame (RFC 37, "Framing").
const (
	flagMore    = 1
	flagLong    = 2
	flagCommand = 4
)

func rawFrame(flags byte, body []byte) []byte {
	if len(body) < 256 {
		return append([]byte{flags, byte(len(body))}, body...)
	}
	return append(binary.BigEndian.AppendUint64([]byte{flags | flagLong}, uint64(len(body))), body...)
}

// rawMessage is the frames of one message.
func rawMessage(frames ...string) (b []byte) {
	for i, f := range frames {
		flags := byte(flagMore)
		if i == len(frames)-1 {
			flags = 0
		}
		b = append(b, rawFrame(flags, []byte(f))...)
	}
	return b
}

func (r *raw) send(t *testing.T, b []byte) {
	t.Helper()
	if _, err := r.Write(b); err != nil {
		t.Fatal(err)
	}
}

func (r *raw) bytes(t *testing.T, n int) []byte {
	t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(r.in, b); err != nil {
		t.Fatalf("of %d bytes: %v", n, err)
	}
	return b
}

// frame reads the next frame.
func (r *raw) frame(t *testing.T) (flags byte, body []byte) {
	t.Helper()
	flags = r.bytes(t, 1)[0]
	if flags&flagLong == 0 {
		return flags, r.bytes(t, int(r.bytes(t, 1)[0]))
	}
	return flags, r.bytes(t, int(binary.BigEndian.Uint64(r.bytes(t, 8))))
}

// message reads the next message; commands before it are passed over.
func (r *raw) message(t *testing.T) (frames []string) {
	t.Helper()
	for {
		flags, body := r.frame(t)
		if flags&flagCommand != 0 {
			continue
		}
		frames = append(frames, string(body))
		if flags&flagMore == 0 {
			return frames
		}
	}
}

// greeted reads the other side's greeting and READY and returns them.
func (r *raw) greeted(t *testing.T) (greeting []byte, ready string) {
	t.Helper()
	greeting = r.bytes(t, 64)
	if greeting[0] != 0xFF || greeting[9] != 0x7F || greeting[10] != 3 || string(greeting[12:17]) != "NULL\x00" {
		t.Fatalf("that is no greeting of ours: % x", greeting)
	}
	return greeting, r.ready(t)
}

func (r *raw) ready(t *testing.T) string {
	t.Helper()
	flags, body := r.frame(t)
	if flags != flagCommand || !strings.HasPrefix(string(body), "\x05READY") {
		t.Fatalf("where READY must be came a frame with flags %d and %q", flags, body)
	}
	return string(body)
}
