package zmtp

import (
	"bytes"
	"fmt"
	"math"
	"testing"
)

func TestHeaderRoundTrip(t *testing.T) {
	for _, size := range []uint64{0, 1, 2, 254, 255, 256, 257, 65535, 65536, 1<<31 - 1, 1 << 31, 1 << 32, maxBody} {
		if size > maxBody {
			continue // a 32-bit machine, whose limit is tested with the others
		}
		for _, h := range []Header{{Size: size}, {More: true, Size: size}, {Command: true, Size: size}} {
			b := AppendHeader([]byte{9}, h)[1:]
			want := shortHeader
			if size > 255 { // RFC 37: a short frame has a body of 0 to 255 octets
				want = longHeader
			}
			if len(b) != want {
				t.Errorf("%+v takes %d bytes; want %d", h, len(b), want)
			}
			for cut := range b {
				if got, n, err := ParseHeader(b[:cut], 0); got != (Header{}) || n != 0 || err != nil {
					t.Errorf("%d bytes of %+v are %+v, %d, %v; want a call for more", cut, h, got, n, err)
				}
			}
			if got, n, err := ParseHeader(append(b, "body"...), 0); got != h || n != want || err != nil {
				t.Errorf("%+v came back as %+v, %d, %v", h, got, n, err)
			}
		}
	}
}

func TestHeaderFlags(t *testing.T) {
	// RFC 37's grammar, flag by flag.
	for flags, h := range map[byte]Header{
		0x00: {}, 0x01: {More: true}, 0x02: {}, 0x03: {More: true}, 0x04: {Command: true}, 0x06: {Command: true},
	} {
		b := []byte{flags, 0, 0, 0, 0, 0, 0, 0, 2}
		h.Size = 0
		if flags&flagLong != 0 {
			h.Size = 2 // the long form for a small body
		}
		if got, n, err := ParseHeader(b, 0); got != h || n == 0 || err != nil {
			t.Errorf("flags %#02x are %+v, %d, %v; want %+v", flags, got, n, err, h)
		}
	}
	if b := AppendHeader(nil, Header{More: true, Command: true, Size: 3}); !bytes.Equal(b, []byte{4, 3}) {
		t.Errorf("a command with MORE is written as %x", b)
	}
}

// All other flags are refused by the first byte alone.
func TestHeaderRefusesFlags(t *testing.T) {
	refused := 0
	for flags := range 256 {
		if flags <= 4 || flags == 6 {
			continue
		}
		_, n, err := ParseHeader([]byte{byte(flags)}, 0)
		if n != 0 || err == nil || codeOf(t, err) != BadFrame {
			t.Errorf("flags %#02x: %d, %v; want a BadFrame", flags, n, err)
		}
		refused++
	}
	if refused != 250 {
		t.Errorf("%d values of flags refused; six are legal", refused)
	}
}

func TestHeaderLimit(t *testing.T) {
	long := func(size uint64) []byte {
		b := AppendHeader(nil, Header{Size: math.MaxUint64})
		for i := range 8 {
			b[1+i] = byte(size >> (56 - 8*i))
		}
		return b
	}
	for _, c := range []struct {
		in   []byte
		max  uint64
		want string
	}{
		{[]byte{0, 99}, 100, ""},
		{[]byte{0, 100}, 100, ""},
		{[]byte{0, 101}, 100, "oversize frame: 101 bytes announced, at most 100 accepted"},
		{[]byte{1, 101}, 100, "oversize frame: 101 bytes announced, at most 100 accepted"},
		{[]byte{4, 101}, 100, "oversize frame: 101 bytes announced, at most 100 accepted"},
		{[]byte{0, 255}, 1, "oversize frame: 255 bytes announced, at most 1 accepted"},
		{[]byte{0, 255}, math.MaxUint64, ""},
		{long(0), 1, ""},
		{long(2), 1, "oversize frame: 2 bytes announced, at most 1 accepted"},
		{long(1 << 20), 1 << 20, ""},
		{long(1<<20 + 1), 1 << 20, "oversize frame: 1048577 bytes announced, at most 1048576 accepted"},
		// What 32-bit arithmetic, signed arithmetic, or adding a header would let through.
		{long(1<<32 + 1), 100, "oversize frame: 4294967297 bytes announced, at most 100 accepted"},
		{long(1<<63 - 1), 100, "oversize frame: 9223372036854775807 bytes announced, at most 100 accepted"},
		{long(1 << 63), 100, "bad frame: size 0x8000000000000000 has the top bit set"},
		{long(1<<64 - 38), 100, "bad frame: size 0xffffffffffffffda has the top bit set"},
		{long(1<<64 - 1), 0, "bad frame: size 0xffffffffffffffff has the top bit set"},
		{long(1<<63 - 1), 0, fmt.Sprintf("oversize frame: 9223372036854775807 bytes announced, at most %d accepted", maxBody)},
		{long(1<<63 - 1), math.MaxUint64, fmt.Sprintf("oversize frame: 9223372036854775807 bytes announced, at most %d accepted", maxBody)},
		{long(maxBody + 1), 0, fmt.Sprintf("oversize frame: %d bytes announced, at most %d accepted", uint64(maxBody)+1, maxBody)},
		{long(maxBody), 0, ""},
	} {
		h, n, err := ParseHeader(c.in, c.max)
		if got := fmt.Sprint(err); c.want != "" && (got != c.want || n != 0 || h != (Header{})) {
			t.Errorf("%x with limit %d: %+v, %d, %v; want %q", c.in, c.max, h, n, err, c.want)
		}
		if c.want == "" && (err != nil || n != len(c.in)) {
			t.Errorf("%x with limit %d: %d, %v; want it accepted", c.in, c.max, n, err)
		}
	}
}

// The short cut decides as the general way does, whatever the flags and wherever the limit.
func TestHeaderShortCut(t *testing.T) {
	for _, max := range []uint64{0, 1, 2, 100, 254, 255, 256, maxBody, math.MaxUint64} {
		for flags := range 256 {
			for _, size := range []byte{0, 1, 2, 3, 99, 100, 101, 253, 254, 255} {
				b := []byte{byte(flags), size}
				h1, n1, err1 := ParseHeader(b, max)
				h2, n2, err2 := parseHeader(b, max)
				if h1 != h2 || n1 != n2 || fmt.Sprint(err1) != fmt.Sprint(err2) {
					t.Fatalf("%x with limit %d: %+v, %d, %v but %+v, %d, %v", b, max, h1, n1, err1, h2, n2, err2)
				}
			}
		}
	}
}

func TestHeaderAllocatesNothing(t *testing.T) {
	buf := make([]byte, 0, longHeader)
	for _, h := range []Header{{Size: 64}, {More: true, Size: 64}, {Size: 1 << 20}, {Command: true, Size: 9}} {
		if n := testing.AllocsPerRun(100, func() {
			buf = AppendHeader(buf[:0], h)
			if got, _, _ := ParseHeader(buf, 0); got != h {
				t.Fatalf("%+v came back as %+v", h, got)
			}
		}); n != 0 {
			t.Errorf("%+v: %v allocations", h, n)
		}
	}
}
