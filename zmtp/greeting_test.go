package zmtp

import (
	"bytes"
	"strings"
	"testing"
)

// greetingBytes is the greeting of RFC 37 with the parts that a test varies.
func greetingBytes(version, mechanism string, asServer byte) []byte {
	b := []byte("\xff\x00\x00\x00\x00\x00\x00\x00\x00\x7f" + version + mechanism)
	b = append(b, make([]byte, asServerAt-len(b))...)
	b = append(b, asServer)
	return append(b, make([]byte, greetingSize-len(b))...)
}

func TestGreetingRoundTrip(t *testing.T) {
	for _, g := range []Greeting{
		{3, 1, "NULL", false},
		{3, 0, "PLAIN", true},
		{4, 9, "X", false},
		{255, 255, "A-Z_0.9+", true},
		{3, 1, "TWENTY-CHARACTERS-20", true},
	} {
		b := AppendGreeting([]byte("before"), g)
		b, found := bytes.CutPrefix(b, []byte("before"))
		if !found || len(b) != greetingSize {
			t.Fatalf("%+v is %d bytes after the prefix: %x", g, len(b), b)
		}
		if got, n, err := ParseGreeting(append(b, "next frame"...)); got != g || n != greetingSize || err != nil {
			t.Errorf("%+v came back as %+v, %d, %v", g, got, n, err)
		}
		for cut := range greetingSize {
			if got, n, err := ParseGreeting(b[:cut]); got != (Greeting{}) || n != 0 || err != nil {
				t.Errorf("%d bytes of %+v are %+v, %d, %v; want a call for more", cut, g, got, n, err)
			}
		}
	}
}

func TestGreetingIgnores(t *testing.T) {
	for why, b := range map[string][]byte{
		"padding is not significant (RFC 37)":  append([]byte("\xff\x01\x02\x03\xff\xfb\x18GE\x7f"), greetingBytes("\x03\x01", "NULL", 0)[10:]...),
		"libzmq's padding":                     append([]byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f"), greetingBytes("\x03\x01", "NULL", 0)[10:]...),
		"an as-server byte beyond the grammar": greetingBytes("\x03\x01", "NULL", 7),
		"filler that is not zero":              append(greetingBytes("\x03\x01", "NULL", 0)[:33], strings.Repeat("?", 31)...),
	} {
		if g, n, err := ParseGreeting(b); g != (Greeting{3, 1, "NULL", false}) || n != greetingSize || err != nil {
			t.Errorf("%s: %+v, %d, %v", why, g, n, err)
		}
	}
	if g, _, err := ParseGreeting(greetingBytes("\x03\x01", "NULL", 1)); !g.AsServer || err != nil {
		t.Errorf("as-server 1 is %+v, %v", g, err)
	}
}

// refusals are first bytes that no ZMTP 3 peer sends. at is the number of bytes
// after which the refusal must be there, and not before.
var refusals = []struct {
	name, in string
	code     Code
	detail   string
	at       int
}{
	{"HTTP request", "GET / HTTP/1.1\r\nHost: x\r\n", NotZMTP, "HTTP request", 4},
	{"HTTP request, long method", "OPTIONS * HTTP/1.1\r\n", NotZMTP, "HTTP request", 8},
	{"HTTP response", "HTTP/1.1 400 Bad Request\r\n", NotZMTP, "HTTP response", 5},
	{"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", NotZMTP, "HTTP/2 request", 8},
	{"TLS client", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", NotZMTP, "TLS", 2},
	{"TLS server", "\x15\x03\x03\x00\x02\x02\x0a", NotZMTP, "TLS (alert)", 2},
	{"SSH", "SSH-2.0-OpenSSH_9.2p1\r\n", NotZMTP, "SSH", 4},
	{"SMTP", "220 mx.example.org ESMTP\r\n", NotZMTP, "SMTP or FTP", 4},
	{"FTP", "220-Welcome\r\n", NotZMTP, "SMTP or FTP", 4},
	{"Redis error", "-ERR unknown command\r\n", NotZMTP, "Redis", 4},
	{"Redis, protected", "-DENIED Redis is running in protected mode", NotZMTP, "Redis", 7},
	{"Redis or POP3", "+OK\r\n", NotZMTP, "Redis or POP3", 2},
	{"nanomsg", "\x00SP\x00\x00\x50\x00\x00", NotZMTP, "nanomsg", 4},
	{"NATS", `INFO {"server_id":"x"}`, NotZMTP, "NATS", 6},
	{"AMQP", "AMQP\x00\x00\x09\x01", NotZMTP, "AMQP", 4},
	{"HAProxy v1", "PROXY TCP4 10.0.0.1 10.0.0.2 1 2\r\n", NotZMTP, "a load balancer's PROXY header", 6},
	{"HAProxy v2", "\r\n\r\n\x00\r\nQUIT\n\x21\x11", NotZMTP, "a load balancer's PROXY header", 8},
	{"telnet", "\xff\xfd\x18\xff\xfd\x20\xff\xfd\x23\xff\xfd\x27", NotZMTP, "telnet", 10},
	{"MySQL: a length in little endian, then zero", "\x4a\x00\x00\x00\x0a8.0.36\x00", NotZMTP, "bytes 4a 00 00 00 0a 38 2e 30 2e 33 36 00", 3},
	{"PostgreSQL's SSLRequest", "\x00\x00\x00\x08\x04\xd2\x16\x2f", NotZMTP, "bytes 00 00 00 08 04 d2 16 2f", 2},
	{"text that nobody knows", "hello, is anybody there? I have been waiting", NotZMTP, `"hello, is anybody there? I have been wai"`, 2},
	{"text that begins like HTTP", "GETTING warm", NotZMTP, `"GETTING warm"`, 4},
	{"control characters stay out of Details", "abcd\x1b[31mred", NotZMTP, `"abcd"`, 2},
	{"signature without its end", "\xff\x00\x00\x00\x00\x00\x00\x00\x00\x81\x03\x01", NotZMTP, "bytes ff 00 00 00 00 00 00 00 00 81 03 01", 10},

	{"the long form's length with flags that are none", "\xff\x00\x00\x00\x00\x00\x00\x00\x06\x81alice", NotZMTP, "bytes ff 00 00 00 00 00 00 00 06 81 61 6c 69 63 65", 10},

	{"ZMTP 1.0, anonymous (RFC 13)", "\x01\x00", OldVersion, "ZMTP 1.0", 2},
	{"ZMTP 1.0, identity (RFC 13)", "\x06\x00alice", OldVersion, "ZMTP 1.0", 3},
	{"ZMTP 1.0, identity of 43 bytes, whose length is '+'", "+\x00" + strings.Repeat("i", 42), OldVersion, "ZMTP 1.0", 3},
	{"ZMTP 1.0, long form (RFC 13)", "\xff\x00\x00\x00\x00\x00\x00\x00\x06\x00alice", OldVersion, "ZMTP 1.0", 10},
	{"a long form that is too long for an identity", "\xff\x00\x00\x00\x00\x00\x00\x02\x00\x00alice", NotZMTP, "bytes ff 00 00 00 00 00 00 02 00 00 61 6c 69 63 65", 10},
	{"ZMTP 2.0 (RFC 15): XPUB as PUB, empty identity", "\xff\x00\x00\x00\x00\x00\x00\x00\x00\x7f\x01\x01\x00\x00", OldVersion, "ZMTP 2.0 (revision 1)", 11},
	{"revision 2 (RFC 37)", "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x02", OldVersion, "ZMTP 2.0 (revision 2)", 11},
	{"revision 0", "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x00", OldVersion, "ZMTP 2.0 (revision 0)", 11},

	{"mechanism in lower case", string(greetingBytes("\x03\x01", "null", 0)), MechanismMismatch, `the greeting's mechanism "null" is no legal name`, 13},
	{"mechanism with text after its NUL", string(greetingBytes("\x03\x01", "NULL\x00PLAIN", 0)), MechanismMismatch, `the greeting's mechanism "NULL" is no legal name`, 18},
	{"mechanism of spaces", string(greetingBytes("\x03\x01", "NULL ", 0)), MechanismMismatch, `the greeting's mechanism "NULL " is no legal name`, 17},
	{"no mechanism", string(greetingBytes("\x03\x01", "", 0)), MechanismMismatch, "the greeting names no mechanism", 13},
}

// A stranger is refused, by name, as soon as its bytes allow and never later; and
// the verdict is the same wherever TCP cut them.
func TestGreetingRefusals(t *testing.T) {
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			b := []byte(c.in)
			for cut := range len(b) + 1 {
				_, n, err := ParseGreeting(b[:cut])
				if n != 0 {
					t.Fatalf("%d bytes were accepted", cut)
				}
				if cut < c.at {
					if err != nil {
						t.Fatalf("refused after %d bytes, %d were to be seen first: %v", cut, c.at, err)
					}
				} else if err == nil {
					t.Fatalf("%d bytes are not refused, %d are enough", cut, c.at)
				} else if codeOf(t, err) != c.code {
					t.Fatalf("%d bytes are %v; want %v", cut, err, c.code)
				}
			}
			_, _, err := ParseGreeting(b)
			if got := err.(*ProtocolError).Detail; got != c.detail {
				t.Errorf("Detail %q; want %q", got, c.detail)
			}
			if got := Recognise(b); got != c.detail {
				t.Errorf("Recognise says %q; want %q", got, c.detail)
			}
		})
	}
}

// Whatever the first byte is, if it is not 0xFF the answer is there by the
// eighth.
func TestGreetingNeverWaitsForMoreThanEight(t *testing.T) {
	for first := range 0xFF {
		for _, rest := range []string{"\x00\x00\x00\x00\x00\x00\x00", "ET / HT", "PTIONS+", "RI * HT", "\n\r\n\x00\r\nR", "DENIED ", "SP\x00\x00\x00\x00\x00"} {
			b := append([]byte{byte(first)}, rest...)
			if len(b) != 8 {
				t.Fatalf("%q is not eight bytes", b)
			}
			if _, n, err := ParseGreeting(b); n != 0 || err == nil {
				t.Errorf("%q: %d, %v; want a refusal", b, n, err)
			}
		}
	}
}

func TestRecogniseShort(t *testing.T) {
	for in, want := range map[string]string{
		"":             "nothing",
		"H":            `"H"`,
		"OPTIO":        `"OPTIO"`,
		"\x00":         "bytes 00",
		"\x01":         "bytes 01",
		"\xff\xfd\x18": "telnet",
		"\xff":         "the first 1 bytes of a ZMTP greeting",
		"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f":   "the first 10 bytes of a ZMTP greeting",
		string(greetingBytes("\x03\x01", "NULL", 0)): "ZMTP 3.1",
	} {
		if got := Recognise([]byte(in)); got != want {
			t.Errorf("%q looks like %q; want %q", in, got, want)
		}
	}
}

func TestAppendGreetingPanics(t *testing.T) {
	for _, name := range []string{"", "null", "NULL\x00", "TWENTY-ONE-CHARACTERS"} {
		mustPanic(t, name, func() { AppendGreeting(nil, Greeting{3, 1, name, false}) })
	}
}
