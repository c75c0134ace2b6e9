package topic

import (
	"strings"
	"testing"
)

// What strangers subscribe to, in any order: the input is a program of a byte for what to do and with whom, and a prefix.
func FuzzSet(f *testing.F) {
	f.Add([]byte("\x00\x00\x04\x00\x03\x01a\x02\x00\x02\x00"))                                // "" twice, and gone
	f.Add([]byte("\x00\x03abc\x00\x01a\x04\x02ab\x03\x04abcd\x02\x01a\x02\x03abc\x06\x02ab")) // nested
	f.Add([]byte("\x00\xffxy\x00\x90xy\x04\x91xz\x03\xffxx\x02\xffxy\x1f\x00"))               // long, and cut in the middle
	f.Add([]byte("\x00\x01a\x00\x01b\x00\x01c\x00\x01\x00\x00\x01\xff\x02\x01b\x1f\x00"))     // wide
	f.Fuzz(func(t *testing.T, program []byte) {
		p := newPair(t)
		var c Counted
		counts := map[string]int{}
		for len(program) >= 2 {
			do, k := program[0]&3, int(program[0]>>2&7)
			var prefix string
			prefix, program = spell(program[1], program[2:])
			switch {
			case do == 0 || do == 1:
				p.add(prefix, k)
				addBoth(t, &c, counts, prefix)
			case do == 2:
				p.remove(prefix, k)
				removeBoth(t, &c, counts, prefix)
			case k == 7:
				p.removeAll(k)
				p.removeAll(0)
			default:
				p.match(prefix)
				p.count(k)
				compareCounted(t, &c, counts, prefix)
			}
		}
		p.sound()
		soundCounted(t, &c, counts)
	})
}

// spell takes a prefix from a program: up to 127 bytes as they stand, or one byte up to 512 times and then another.
func spell(size byte, program []byte) (prefix string, rest []byte) {
	if size < 128 || len(program) < 2 {
		n := min(int(size), len(program))
		return string(program[:n]), program[n:]
	}
	return strings.Repeat(string(program[:1]), 4*int(size-127)) + string(program[1:2]), program[2:]
}
