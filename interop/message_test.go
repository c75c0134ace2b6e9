package interop

import (
	"bytes"
	"crypto/sha256"
	"crypto/sha3"
	"encoding/hex"
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"testing"
)

// Generated messages are the same on both sides: testdata/peer.py has these functions, too. Frame j of message i of a tag
// says so in its first bytes, and goes on with random bytes, the same ones in every run, from a place that depends on the
// three: a byte that is lost, doubled or moved shows.

// book are the random bytes. Their number is no power of two: nobody's buffers repeat with it.
var book = sha3.SumSHAKE128([]byte("the book"), 1<<20+7)

func frame(tag string, i, j, size int) []byte {
	f := fmt.Appendf(make([]byte, 0, size+64), "%s %d %d ", tag, i, j)
	for at := int(crc32.ChecksumIEEE(f)) % len(book); len(f) < size; at = 0 {
		f = append(f, book[at:min(len(book), at+size-len(f))]...)
	}
	return f[:size]
}

func message(tag string, i int, sizes []int) (frames [][]byte) {
	for j, size := range sizes {
		frames = append(frames, frame(tag, i, j, size))
	}
	return frames
}

// printed is what a message is compared by: its sizes and a hash over its bytes, which the sizes cut into frames.
func printed(frames [][]byte) (p string) {
	digest := sha256.New()
	for _, f := range frames {
		digest.Write(f)
		p += strconv.Itoa(len(f)) + " "
	}
	return p + hex.EncodeToString(digest.Sum(nil)[:16])
}

// expected is what count messages of a tag are compared by.
func expected(count int, tag string, sizes ...int) (messages []string) {
	for i := range count {
		messages = append(messages, printed(message(tag, i, sizes)))
	}
	return messages
}

// expectedShapes is what the messages of these shapes, one of each, are compared by.
func expectedShapes(tag string, shapes [][]int) (messages []string) {
	for i, sizes := range shapes {
		messages = append(messages, printed(message(tag, i, sizes)))
	}
	return messages
}

// same fails the test at the first message that differs.
func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if slices.Equal(got, want) {
		return
	}
	for i := range min(len(got), len(want)) {
		if got[i] != want[i] {
			t.Fatalf("%s: message %d is %s, not %s; it is message %d of those sent", what, i, short(got[i]), short(want[i]), slices.Index(want, got[i]))
		}
	}
	t.Fatalf("%s: %d messages, not %d", what, len(got), len(want))
}

func short(s string) string {
	if len(s) > 200 {
		return s[:80] + "…" + s[len(s)-80:]
	}
	return s
}

// sequel is message n of a stream: who, the number, and bytes that belong to both.
func sequel(tag string, n, size int) [][]byte {
	return [][]byte{[]byte(tag), []byte(strconv.Itoa(n)), frame(tag, n, 2, size)}
}

// readSequel is what a message of a stream says, if it is a whole one.
func readSequel(frames [][]byte) (s taken) {
	if len(frames) != 3 {
		return taken{Torn: printed(frames)}
	}
	s.Tag = string(frames[0])
	n, err := strconv.Atoi(string(frames[1]))
	if err != nil || !slices.EqualFunc(frames, sequel(s.Tag, n, len(frames[2])), bytes.Equal) {
		return taken{Torn: printed(frames)}
	}
	s.N = n
	return s
}
