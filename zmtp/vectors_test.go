package zmtp

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
)

// A vector is one paragraph of testdata/vectors.txt.
type vector struct {
	line int
	wire []byte
	want []string
}

func readVectors(t testing.TB) (all []vector) {
	text, err := os.ReadFile("testdata/vectors.txt")
	if err != nil {
		t.Fatal(err)
	}
	var v vector
	for i, line := range strings.Split(string(text)+"\n", "\n") {
		switch {
		case strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, ">"):
			if v.line == 0 {
				v.line = i + 1
			}
			v.wire = append(v.wire, unhex(t, line[1:])...)
		case line != "":
			v.want = append(v.want, line)
		case v.wire != nil:
			all, v = append(all, v), vector{}
		}
	}
	if len(all) < 15 {
		t.Fatalf("only %d vectors read", len(all))
	}
	return all
}

// unhex reads "ff 00*8 7f".
func unhex(t testing.TB, s string) (b []byte) {
	for word := range strings.FieldsSeq(s) {
		digits, count, repeated := strings.Cut(word, "*")
		part, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatalf("%q: %v", word, err)
		}
		n := 1
		if repeated {
			if n, err = strconv.Atoi(count); err != nil {
				t.Fatalf("%q: %v", word, err)
			}
		}
		b = append(b, bytes.Repeat(part, n)...)
	}
	return b
}

// tell reads the unit at the start of b, says what it is, and writes it again.
// n == 0 and no error: b is too short.
func tell(b []byte) (what string, n int, again []byte, err error) {
	if b[0] == signatureFirst {
		g, n, err := ParseGreeting(b)
		return fmt.Sprintf("greeting %d.%d %s", g.Major, g.Minor, g.Mechanism), n, AppendGreeting(nil, orAny(g, n)), err
	}
	h, n, err := ParseHeader(b, 0)
	if err != nil || n == 0 || uint64(len(b)-n) < h.Size {
		return "", 0, nil, err
	}
	body := b[n : n+int(h.Size)]
	n += len(body)
	if !h.Command {
		return tellMessage(h, body), n, append(AppendHeader(nil, h), body...), nil
	}
	c, err := ParseCommand(body)
	if err != nil {
		return "", 0, nil, err
	}
	what, again, err = tellCommand(c)
	return what, n, again, err
}

func orAny(g Greeting, n int) Greeting {
	if n == 0 {
		return Greeting{Mechanism: "NULL"}
	}
	return g
}

func tellMessage(h Header, body []byte) string {
	s := "message"
	if len(body) > 32 {
		s += fmt.Sprintf(" %d bytes", len(body))
	} else if len(body) > 0 {
		s += fmt.Sprintf(" %x", body)
	}
	if h.More {
		s += ", more"
	}
	return s
}

func tellCommand(c Command) (what string, again []byte, err error) {
	switch c.Name {
	case READY:
		m, err := ParseMetadata(c.Data)
		what = READY
		for _, p := range m {
			if len(p.Value) > 32 {
				what += fmt.Sprintf(" %s=%d bytes", p.Name, len(p.Value))
			} else {
				what += fmt.Sprintf(" %s=%q", p.Name, p.Value)
			}
		}
		return what, AppendCommand(nil, Command{READY, AppendMetadata(nil, m)}), err
	case ERROR:
		reason, err := ParseError(c.Data)
		return fmt.Sprintf("ERROR %q", reason), AppendError(nil, reason), err
	case PING:
		p, err := ParsePing(c.Data)
		return fmt.Sprintf("PING %v %q", p.TTL, p.Context), AppendPing(nil, p), err
	case PONG:
		return fmt.Sprintf("PONG %q", c.Data), AppendPong(nil, c.Data), nil
	}
	return fmt.Sprintf("%s %q", c.Name, c.Data), AppendCommand(nil, c), nil
}

// Everything that others send is understood, nothing is understood too early,
// and we write the same bytes for it.
func TestVectors(t *testing.T) {
	for _, v := range readVectors(t) {
		var got []string
		for rest := v.wire; len(rest) > 0; {
			what, n, again, err := tell(rest)
			if n == 0 {
				t.Errorf("line %d: %x is not understood: %v", v.line, rest, err)
				break
			}
			for cut := 1; cut < n; cut++ {
				if what, n, _, err := tell(rest[:cut]); n != 0 || err != nil {
					t.Errorf("line %d: %d of %d bytes are taken for %q, %v", v.line, cut, len(rest), what, err)
				}
			}
			first := bytes.Clone(rest[:n])
			if first[0] == signatureFirst {
				first[8] = 0 // libzmq's padding asks for ZMTP 1.0; ours is zero
			}
			if !bytes.Equal(again, first) {
				t.Errorf("line %d: %s is written as\n%x instead of\n%x", v.line, what, again, first)
			}
			got, rest = append(got, what), rest[n:]
		}
		if g, w := strings.Join(got, "\n"), strings.Join(v.want, "\n"); g != w {
			t.Errorf("line %d: read\n%s\ninstead of\n%s", v.line, g, w)
		}
	}
}

// codeOf is the code of a ProtocolError, for tests.
func codeOf(t testing.TB, err error) Code {
	t.Helper()
	e, ok := err.(*ProtocolError)
	if !ok {
		t.Fatalf("error %v (%T) instead of a *ProtocolError", err, err)
	}
	return e.Code
}

// mustPanic fails if f returns.
func mustPanic(t *testing.T, why string, f func()) {
	t.Helper()
	defer func() {
		if s, ok := recover().(string); !ok || !strings.HasPrefix(s, "BUG: ") {
			t.Errorf("%s: panicked with %q instead of a BUG", why, s)
		}
	}()
	f()
}
