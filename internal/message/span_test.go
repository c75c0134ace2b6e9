package message

import (
	"testing"

	"github.com/glassmq/zmq/monitor"
)

// What will be read next is read: the frame's first byte, and what is a cache line behind it, but nothing behind the end; and who
// sent it.
func TestGlance(t *testing.T) {
	c := NewChunk(0, 1000)
	c.From = &Rest{Peer: &monitor.Peer{}, Tail: make([][]byte, 1000)}
	all := func() Span { return c.Cut(0, 0, c.Count) }
	if s := all(); s.Glance() != 0 {
		t.Error("something is seen where nothing is")
	}
	c.AppendShort(nil)
	if s := all(); s.Glance() != 1000 { // flags and length are 0
		t.Errorf("of an empty message at the end %d is seen, want 1000 of its sender", s.Glance())
	}
	body := make([]byte, 200)
	body[cacheLine-2] = 7 // two bytes of header
	c.AppendShort(body)
	s := all()
	s.Short(new(Slab))
	if s.Glance() != 1007 {
		t.Errorf("%d is seen, want 7 a cache line behind the frame, and its sender's 1000", s.Glance())
	}
	if at, _ := s.At(); at != 2 || s.Left != 1 {
		t.Error("a glance took something out")
	}
	c.From = nil
	if s := all(); s.Glance() != int(c.Buf[cacheLine]) {
		t.Errorf("without a sender %d is seen", s.Glance())
	}
}
