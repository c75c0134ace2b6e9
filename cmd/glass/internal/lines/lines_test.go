package lines

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/glassmq/zmq"
)

func frames(texts ...string) (all [][]byte) {
	for _, s := range texts {
		all = append(all, []byte(s))
	}
	return all
}

func equal(a, b [][]byte) bool { return slices.EqualFunc(a, b, bytes.Equal) }

func TestInput(t *testing.T) {
	for _, c := range []struct {
		form, in string
		end      byte
		want     [][][]byte
	}{
		{One, "", '\n', nil},
		{One, "a b\tc\n", '\n', [][][]byte{frames("a b\tc")}},
		{One, "one\n\ntwo", '\n', [][][]byte{frames("one"), frames(""), frames("two")}},
		{One, "one\ntwo\x00three", 0, [][][]byte{frames("one\ntwo"), frames("three")}},
		{One, "\xff\r\n", '\n', [][][]byte{frames("\xff\r")}},
		{Tab, "id\t\tbody\n\n", '\n', [][][]byte{frames("id", "", "body"), frames("")}},
		{Hex, "00ff 41  -\t42\n", '\n', [][][]byte{frames("\x00\xff", "A", "", "B")}},
		{JSON, `["a","","\u00e9"]` + "\n" + ` {"n":1,"frames":["x",{"hex":"00ff"},{"hex":""}]} ` + "\n", '\n',
			[][][]byte{frames("a", "", "é"), frames("x", "\x00\xff", "")}},
	} {
		r := NewReader(iotest.OneByteReader(strings.NewReader(c.in)), c.form, c.end)
		var got [][][]byte
		for {
			m, err := r.Next()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("%s %q: %v", c.form, c.in, err)
			}
			got = append(got, m)
		}
		if !slices.EqualFunc(got, c.want, equal) {
			t.Errorf("%s %q: %q, want %q", c.form, c.in, got, c.want)
		}
	}
}

func TestInputThatIsWrong(t *testing.T) {
	for _, c := range []struct{ form, in, want string }{
		{Hex, "00\n0g\n", `line 2 of the input: "0g" is not hexadecimal`},
		{Hex, "00\n012\n", `line 2 of the input: "012" is not hexadecimal`},
		{Hex, "00\n \n", "line 2 of the input: no frame"},
		{JSON, "[\"a\"]\n[]\n", `line 2 of the input: no frame: write [""]`},
		{JSON, "[\"a\"]\n{}\n", "line 2 of the input: no frame"},
		{JSON, "[\"a\"]\n\n", "line 2 of the input: write an array of frames"},
		{JSON, "[\"a\"]\n\"a\"\n", "line 2 of the input: write an array of frames"},
		{JSON, "[\"a\"]\n[1]\n", "a frame is a string"},
		{JSON, "[\"a\"]\n[null]\n", "a frame is a string"},
		{JSON, "[\"a\"]\n[{\"hex\":\"0g\"}]\n", "a frame is a string"},
		{JSON, "[\"a\"]\n[{\"text\":\"0g\"}]\n", "a frame is a string"},
		{JSON, "[\"a\"]\n[\"b\"\n", "line 2 of the input: write an array of frames"},
	} {
		r := NewReader(strings.NewReader(c.in), c.form, '\n')
		if _, err := r.Next(); err != nil {
			t.Fatalf("%s %q: %v in line 1", c.form, c.in, err)
		}
		if got, err := r.Next(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s %q: %q, %v; want an error with %q", c.form, c.in, got, err, c.want)
		}
	}
	broken := errors.New("broken")
	if _, err := NewReader(iotest.ErrReader(broken), One, '\n').Next(); !errors.Is(err, broken) {
		t.Errorf("%v, want the reader's own", err)
	}
}

func TestOutput(t *testing.T) {
	at := time.Date(2026, 11, 22, 3, 4, 5, 600, time.FixedZone("", 3600))
	for _, c := range []struct {
		m    [][]byte
		form string
		want string
	}{
		{frames("a", "", "b"), Text, "a\t\tb"},
		{frames("naïve \"x\"\\\t\n\x1b[2J\x00\xff\u202e"), Text, `naïve "x"\\\t\n\x1b[2J\x00\xff\u202e`},
		{frames("a\tb", "\xff\n"), Raw, "a\tb\t\xff\n"},
		{frames("\x00\xff", "", "A"), Hex, "00ff - 41"},
		{frames("a", "\xff", ""), JSONL, `{"ts":"2026-11-22T02:04:05.0000006Z","frames":["a",{"hex":"ff"},""]}`},
	} {
		if got := string(Append(nil, c.form, zmq.NewMessage(c.m...), at)); got != c.want {
			t.Errorf("%s of %q is\n%s, want\n%s", c.form, c.m, got, c.want)
		}
	}
}

// A line of text moves no cursor, whatever a peer sends: it is one line, and printable but for the tabs between frames.
func FuzzText(f *testing.F) {
	f.Add([]byte("a\x00\xffb\\n"), []byte("\x1b]0;title\a\u2028\u200b"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		got := Append(nil, Text, zmq.NewMessage(a, b), time.Time{})
		if bytes.Count(got, []byte{'\t'}) != 1 {
			t.Errorf("%q has not one tab", got)
		}
		for _, c := range got {
			if c < ' ' && c != '\t' || c == 0x7f {
				t.Errorf("%q is not printable", got)
			}
		}
	})
}

// What hex and jsonl print, hex and json read; whatever is no message is refused without a panic.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{"a\tb", "00ff -", `["a",{"hex":"ff"}]`, `{"frames":["a"]}`, `[{"hex":null}]`, "[[", `{"frames":null}`, "\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, form := range Splits {
			m, err := split(form, line)
			if err != nil {
				continue
			}
			if len(m) == 0 {
				t.Fatalf("%s: no frame and no error", form)
			}
			for out, in := range map[string]string{Hex: Hex, JSONL: JSON} {
				again, err := split(in, Append(nil, out, zmq.NewMessage(m...), time.Time{}))
				if err != nil || !equal(again, m) {
					t.Errorf("%q went out as %s and came back as %q, %v", m, out, again, err)
				}
			}
		}
	})
}
