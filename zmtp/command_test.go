package zmtp

import (
	"bytes"
	"strings"
	"testing"
)

func TestCommandRoundTrip(t *testing.T) {
	for _, name := range []string{"A", "z", READY, SUBSCRIBE, "Unknown", strings.Repeat("N", 255)} {
		for _, size := range []int{0, 1, 244, 245, 246, 254, 255, 256, 65535, 65536} {
			c := Command{name, bytes.Repeat([]byte{0xC5}, size)}
			b := AppendCommand([]byte("before"), c)[len("before"):]
			h, n, err := ParseHeader(b, 0)
			if err != nil || !h.Command || h.More || n+int(h.Size) != len(b) {
				t.Fatalf("%s with %d bytes has the header %+v, %d, %v for %d bytes", name, size, h, n, err, len(b))
			}
			got, err := ParseCommand(b[n:])
			if err != nil || got.Name != name || !bytes.Equal(got.Data, c.Data) {
				t.Errorf("%s with %d bytes came back as %s with %d, %v", name, size, got.Name, len(got.Data), err)
			}
		}
	}
}

func TestCommandDataAliasesBody(t *testing.T) {
	body := []byte("\x04PONGcat")
	c, err := ParseCommand(body)
	if err != nil {
		t.Fatal(err)
	}
	body[5] = 'b'
	if string(c.Data) != "bat" || c.Name != PONG {
		t.Errorf("%s %q; want PONG and the body's own bytes", c.Name, c.Data)
	}
}

func TestCommandRefusals(t *testing.T) {
	for body, want := range map[string]string{
		"":                 "malformed command: the command is empty",
		"\x00":             `malformed command: illegal command name ""`,
		"\x00READY":        `malformed command: illegal command name ""`,
		"\x05":             "malformed command: a name of 5 bytes in a body of 1",
		"\x05READ":         "malformed command: a name of 5 bytes in a body of 5",
		"\xffREADY":        "malformed command: a name of 255 bytes in a body of 6",
		"\x06READY \x00":   `malformed command: illegal command name "READY "`,
		"\x05READ1":        `malformed command: illegal command name "READ1"`,
		"\x03\x1b[m":       "malformed command: illegal command name bytes 1b 5b 6d",
		"\x06PING\x00\x01": `malformed command: illegal command name "PING"`,
	} {
		c, err := ParseCommand([]byte(body))
		if err == nil || err.Error() != want || c.Name != "" || codeOf(t, err) != MalformedCommand {
			t.Errorf("%q is %+v, %v; want %s", body, c, err, want)
		}
	}
}

func TestAppendCommandPanics(t *testing.T) {
	for _, name := range []string{"", "TWO WORDS", "READY\x00", "P1NG", strings.Repeat("N", 256)} {
		mustPanic(t, name, func() { AppendCommand(nil, Command{Name: name}) })
	}
}

// A flood of subscriptions costs no copy of their name each.
func TestCommandAllocatesNothing(t *testing.T) {
	for _, name := range []string{SUBSCRIBE, CANCEL, JOIN, LEAVE, PING, PONG, READY} {
		body := append([]byte{byte(len(name))}, name+"data"...)
		buf := make([]byte, 0, 64)
		if n := testing.AllocsPerRun(100, func() {
			c, err := ParseCommand(body)
			if err != nil {
				t.Fatal(err)
			}
			buf = AppendCommand(buf[:0], c)
		}); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

func TestError(t *testing.T) {
	long := strings.Repeat("long", 100)
	for reason, want := range map[string]string{
		"":                        "",
		"400":                     "400",
		"REQ cannot talk to PULL": "REQ cannot talk to PULL",
		"two\nlines\x1b[2J":       "two?lines?[2J",
		"naïve":                   "na??ve",
		long:                      long[:255],
	} {
		h, n, _ := ParseHeader(AppendError(nil, reason), 0)
		body := AppendError([]byte("before"), reason)[len("before")+n:]
		c, err := ParseCommand(body)
		if err != nil || c.Name != ERROR || uint64(len(body)) != h.Size {
			t.Fatalf("%q is sent as %q: %v", reason, body, err)
		}
		if got, err := ParseError(c.Data); got != want || err != nil {
			t.Errorf("%q came back as %q, %v; want %q", reason, got, err, want)
		}
	}
}

func TestErrorRefusals(t *testing.T) {
	for data, want := range map[string]string{
		"":         "malformed error: ERROR without a reason's length",
		"\x04400":  "malformed error: a reason of 4 bytes in 4 bytes of data",
		"\x03400!": "malformed error: a reason of 3 bytes in 5 bytes of data",
		"\xff":     "malformed error: a reason of 255 bytes in 1 bytes of data",
	} {
		if got, err := ParseError([]byte(data)); err == nil || err.Error() != want || got != "" {
			t.Errorf("%q is %q, %v; want %s", data, got, err, want)
		}
	}
	// What a peer says may not reach a terminal as control characters.
	if got, err := ParseError([]byte("\x05\x1b[2J\x07")); got != "?[2J?" || err != nil {
		t.Errorf("control characters came back as %q, %v", got, err)
	}
}

// What libzmq 4.3.4's PLAIN server sends to a client that it refuses, as it came over the wire, is its ERROR.
func TestMangledError(t *testing.T) {
	frame := unhex(t, "04095e52524f5203343030")
	c, err := ParseCommand(frame[2:])
	if err != nil || c.Name != ERROR || string(c.Data) != "\x03400" {
		t.Errorf("%q, %v; want ERROR 400", c, err)
	}
	long := append([]byte("^RROR"), bytes.Repeat([]byte("x"), 200)...)
	if c, err := ParseCommand(long); err != nil || len(c.Name) != 94 {
		t.Errorf("a command whose name has 94 letters is %q, %v", c.Name, err)
	}
	for _, body := range []string{"^rror\x03400", "^RRO", "]RROR\x03400"} {
		if c, err := ParseCommand([]byte(body)); err == nil {
			t.Errorf("%q is taken for %q", body, c)
		}
	}
}
