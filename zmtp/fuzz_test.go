package zmtp

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// checkRefusal holds every refusal against what the package promises of it.
func checkRefusal(t *testing.T, err error) {
	t.Helper()
	if err == nil {
		return
	}
	e := (*ProtocolError)(nil)
	if !errors.As(err, &e) {
		t.Fatalf("%T: %v", err, err)
	}
	if strings.HasPrefix(e.Code.String(), "code_") {
		t.Fatalf("a code without a name: %v", err)
	}
	checkText(t, e.Detail)
}

func checkText(t *testing.T, s string) {
	t.Helper()
	if len(s) > 250 || !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Fatalf("not a short line of printable text: %q", s)
	}
}

func FuzzGreeting(f *testing.F) {
	for _, c := range refusals {
		f.Add([]byte(c.in))
	}
	for _, v := range readVectors(f) {
		f.Add(v.wire)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		checkText(t, Recognise(b))
		g, n, err := ParseGreeting(b)
		checkRefusal(t, err)
		if err != nil && n != 0 || n != 0 && n != greetingSize || n > len(b) {
			t.Fatalf("consumed %d of %d, %v", n, len(b), err)
		}
		if n == 0 && err == nil && (len(b) >= greetingSize || len(b) >= 8 && b[0] != signatureFirst) {
			t.Fatalf("%d bytes are not enough to judge: %x", len(b), b)
		}
		if n != 0 {
			again, n2, err := ParseGreeting(AppendGreeting(nil, g))
			if again != g || n2 != n || err != nil {
				t.Fatalf("%+v came back as %+v, %d, %v", g, again, n2, err)
			}
		}
		// The verdict never depends on where the bytes were cut: once refused,
		// always refused, and by the same code.
		var first error
		for cut := range min(len(b), greetingSize) + 1 {
			_, n, err := ParseGreeting(b[:cut])
			if first == nil {
				first = err
			} else if n != 0 || err == nil || codeOf(t, err) != codeOf(t, first) {
				t.Fatalf("refused with %v, and %d bytes later %d, %v", first, cut, n, err)
			}
		}
	})
}

func FuzzHeader(f *testing.F) {
	f.Add([]byte{0, 5}, uint64(0))
	f.Add([]byte{1, 255}, uint64(255))
	f.Add([]byte{4, 5}, uint64(4))
	f.Add([]byte{5, 5}, uint64(0))
	f.Add([]byte{2, 0, 0, 0, 0, 0, 0, 1, 0}, uint64(0))
	f.Add([]byte{3, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, uint64(0))
	f.Add([]byte{6, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, uint64(1<<63))
	f.Add([]byte{8}, uint64(1))
	f.Fuzz(func(t *testing.T, b []byte, max uint64) {
		h, n, err := ParseHeader(b, max)
		checkRefusal(t, err)
		if n > len(b) || n != 0 && (err != nil || n != shortHeader && n != longHeader) {
			t.Fatalf("consumed %d of %d, %v", n, len(b), err)
		}
		if h2, n2, err2 := parseHeader(b, max); h != h2 || n != n2 || (err == nil) != (err2 == nil) {
			t.Fatalf("%+v, %d, %v by the short cut; %+v, %d, %v without", h, n, err, h2, n2, err2)
		}
		if n == 0 {
			if len(b) >= longHeader && err == nil {
				t.Fatalf("%x is neither accepted nor refused", b)
			}
			return
		}
		if h.Size > uint64(int(h.Size)) || int(h.Size) < 0 || max != 0 && h.Size > max || h.More && h.Command {
			t.Fatalf("%+v was accepted with limit %d", h, max)
		}
		again, n2, err := ParseHeader(AppendHeader(nil, h), max)
		if again != h || n2 > n || err != nil {
			t.Fatalf("%+v came back as %+v, %d, %v", h, again, n2, err)
		}
	})
}

func FuzzCommand(f *testing.F) {
	f.Add([]byte("\x05READY\x0bSocket-Type\x00\x00\x00\x04PULL"))
	f.Add([]byte("\x09SUBSCRIBEtopic"))
	f.Add([]byte("\x04PING\x00\x14context"))
	f.Add([]byte("\xffREADY"))
	f.Add([]byte("^RROR\x03400"))
	f.Add([]byte("\x00"))
	f.Fuzz(func(t *testing.T, body []byte) {
		c, err := ParseCommand(body)
		checkRefusal(t, err)
		if err != nil {
			return
		}
		if bytes.HasPrefix(body, []byte("^RROR")) && len(body) < 1+'^' {
			body = append([]byte("\x05ERROR"), body[5:]...) // what libzmq's PLAIN meant to say
		}
		if 1+len(c.Name)+len(c.Data) != len(body) {
			t.Fatalf("%d bytes of name and %d of data from %d", len(c.Name), len(c.Data), len(body))
		}
		frame := AppendCommand(nil, c)
		h, n, err := ParseHeader(frame, 0)
		if err != nil || !h.Command || !bytes.Equal(frame[n:], body) {
			t.Fatalf("%q came back as %q, %v", body, frame, err)
		}
	})
}

func FuzzMetadata(f *testing.F) {
	f.Add([]byte(property(SocketType, "DEALER") + property(Identity, "alice")))
	f.Add([]byte(property(SocketType, "REQ") + property("socket-type", "REP")))
	f.Add([]byte(property(UserID, "root") + property("X-App", "")))
	f.Add([]byte("\x01X\x7f\xff\xff\xff"))
	f.Add([]byte(property("", "")))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := ParseMetadata(b)
		checkRefusal(t, err)
		if err != nil {
			return
		}
		if err := m.Validate(); err != nil {
			t.Fatalf("%q was read and is not valid: %v", m, err)
		}
		encoded := AppendMetadata(nil, m)
		if len(encoded) > len(b) || !slices.ContainsFunc(m, isEngines) && len(encoded) == len(b) && !bytes.Equal(encoded, b) {
			t.Fatalf("%q came back as %q", b, encoded)
		}
		again, err := ParseMetadata(encoded)
		if err != nil || !slices.Equal(again, m) {
			t.Fatalf("%q came back as %q, %v", m, again, err)
		}
		if slices.ContainsFunc(m, isEngines) {
			t.Fatalf("the peer says what only the engine may: %q", m)
		}
		checkRefusal(t, CheckRemote("ROUTER", m))
	})
}

func FuzzPing(f *testing.F) {
	f.Add([]byte("\x00\x14"))
	f.Add([]byte("\x02\x90cat"))
	f.Add([]byte("\x00"))
	f.Add([]byte("\xff\xff0123456789abcdef"))
	f.Add([]byte("\xff\xff0123456789abcdef+"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParsePing(data)
		checkRefusal(t, err)
		if err != nil {
			return
		}
		again, err := ParsePing(pingData(t, AppendPing(nil, p)))
		if err != nil || again.TTL != min(p.TTL, 65500*time.Millisecond) || !bytes.Equal(again.Context, p.Context) {
			t.Fatalf("%+v came back as %+v, %v", p, again, err)
		}
		if pong := AppendPong(nil, p.Context); !bytes.Equal(pong[7:], data[2:]) {
			t.Fatalf("%q is answered with %q", data, pong)
		}
	})
}

func FuzzError(f *testing.F) {
	f.Add([]byte("\x03400"))
	f.Add([]byte("\x04400"))
	f.Add([]byte("\x00"))
	f.Add([]byte("\x05\x1b[2J\x07"))
	f.Fuzz(func(t *testing.T, data []byte) {
		reason, err := ParseError(data)
		checkRefusal(t, err)
		if err == nil {
			checkFuzzedReason(t, reason, len(data)-1)
		}
		// What we are asked to say may be anything, too.
		frame := AppendError(nil, string(data))
		_, n, _ := ParseHeader(frame, 0)
		c, err := ParseCommand(frame[n:])
		if err != nil {
			t.Fatal(err)
		}
		reason, err = ParseError(c.Data)
		if err != nil {
			t.Fatal(err)
		}
		checkFuzzedReason(t, reason, min(len(data), 255))
	})
}

func checkFuzzedReason(t *testing.T, reason string, size int) {
	t.Helper()
	if len(reason) != size || strings.ContainsFunc(reason, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Fatalf("a reason of %d bytes is read as %q", size, reason)
	}
}

// FuzzNullHandshake is fed whatever follows the greeting.
func FuzzNullHandshake(f *testing.F) {
	ready := AppendCommand(nil, Command{READY, []byte(property(SocketType, "PUSH"))})
	f.Add(ready)
	f.Add(AppendError(nil, "400"))
	f.Add(AppendCommand(nil, Command{SUBSCRIBE, []byte("a")}))
	f.Add(append([]byte{0, byte(len(ready) - 2)}, ready[2:]...)) // READY as a message
	f.Add(ready[:len(ready)-1])
	f.Fuzz(func(t *testing.T, in []byte) {
		handshake := Null().Begin(Metadata{{SocketType, "PULL"}})
		if s, err := handshake.Next(Command{}); err != nil || len(s.Send) != 1 || s.Done {
			t.Fatalf("our first move is %+v, %v", s, err)
		}
		h, n, err := ParseHeader(in, MaxMetadata)
		if err != nil || n == 0 || !h.Command || uint64(len(in)-n) < h.Size {
			return
		}
		c, err := ParseCommand(in[n : n+int(h.Size)])
		if err != nil {
			return
		}
		s, err := handshake.Next(c)
		if s.Done != (err == nil) || s.Done != (c.Name == READY && err == nil) || len(s.Send) != 0 || s.Ask != nil || s.Codec != nil {
			t.Fatalf("%s: %+v, %v", c.Name, s, err)
		}
		if refused := (*PeerError)(nil); errors.As(err, &refused) {
			if c.Name != ERROR {
				t.Fatalf("%s is taken for a refusal: %v", c.Name, err)
			}
			checkFuzzedReason(t, refused.Reason, len(c.Data)-1)
			return
		}
		checkRefusal(t, err)
	})
}
