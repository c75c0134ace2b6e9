package pipe

import (
	"bytes"
	"runtime"
	"testing"

	"github.com/glassmq/zmq/internal/message"
)

func place(b []byte) *byte { return &b[:1][0] }

// What was put is what is had next, the warmest first, where it fits and is not a waste.
func TestSparesAreUsedAgain(t *testing.T) {
	kept(t)
	var s Spares
	small, large := make([]byte, message.LargeBody), make([]byte, 4*message.LargeBody)
	s.Put(small)
	s.Put(large[:100])
	for _, want := range []struct {
		size int
		from []byte
		why  string
	}{
		{2*message.LargeBody - 1, nil, "a spare of more than twice the size is not taken, nor one that is too small"},
		{4 * message.LargeBody, large, "one that fits exactly is"},
		{message.LargeBody, small, "the older one is still there"},
		{message.LargeBody, nil, "and each is had once"},
		{message.LargeBody - 1, nil, "what is not large lies elsewhere"},
	} {
		got := s.Get(want.size)
		if len(got) != want.size {
			t.Errorf("%d bytes, want %d", len(got), want.size)
		}
		if again := want.from != nil && place(got) == place(want.from); again != (want.from != nil) {
			t.Error(want.why)
		}
	}
	runtime.KeepAlive([2][]byte{small, large})
}

func TestSparesCloneIsAClone(t *testing.T) {
	kept(t)
	var s Spares
	was := bytes.Repeat([]byte{1}, 2*message.LargeBody)
	s.Put(was)
	from := bytes.Repeat([]byte{7}, message.LargeBody+1)
	got := s.Clone(from)
	if place(got) != place(was) || !bytes.Equal(got, from) {
		t.Error("the copy is not in the spare, or not a copy")
	}
	if none := (*Spares)(nil).Clone(from); !bytes.Equal(none, from) || place(none) == place(from) {
		t.Error("without spares it is no clone")
	}
}

// What nobody uses until the collector comes is gone: a burst keeps nothing.
func TestSparesAreHeldWeakly(t *testing.T) {
	var s Spares
	for range 2 * sparesMost {
		s.Put(make([]byte, message.LargeBody))
	}
	if len(s.list) > sparesMost {
		t.Errorf("%d spares: at most %d", len(s.list), sparesMost)
	}
	runtime.GC()
	if b := s.take(message.LargeBody); b != nil {
		t.Error("a spare outlived the collector")
	}
	if len(s.list) != 0 {
		t.Errorf("%d spares that are gone are still listed", len(s.list))
	}
}

// A Buffer gives back what it was handed and nobody else has, when the next message comes; what others share stays theirs.
func TestBufferGivesBackWhatIsItsOwn(t *testing.T) {
	var s Spares
	shared, own := bytes.Repeat([]byte{1}, message.LargeBody), bytes.Repeat([]byte{2}, message.LargeBody)
	c := message.NewChunk(0, 100)
	c.Share(shared, true)
	c.Own(s.Clone(own), false)
	c.AppendShort([]byte("short"))
	c.Own(s.Clone(own), false)
	c.Count = 3
	span := c.Cut(0, 0, 3)
	var b message.Buffer
	span.Into(&b, &s)
	copied := b.Tail()[0]
	if &b.Head[0] != &shared[0] || !bytes.Equal(copied, own) {
		t.Fatal("the first message is another one")
	}
	if s.take(message.LargeBody) != nil {
		t.Error("a body was given back while the Buffer has it")
	}
	if !span.ShortInto(&b) {
		t.Fatal("the second message is not short")
	}
	span.Into(&b, &s)
	if got := s.take(message.LargeBody); got == nil || &got[0] != &copied[0] {
		t.Error("what the Buffer had was not given back")
	}
	if !bytes.Equal(b.Head, own) || !bytes.Equal(shared, bytes.Repeat([]byte{1}, message.LargeBody)) {
		t.Error("a body changed")
	}
}
