package message

import (
	"bytes"

	"github.com/glassmq/zmq/monitor"
)

// What one kept message keeps alive beyond itself is a slab, and the block of its more if it has several frames: 4 KiB together.
const (
	// slabSize: from 1 KiB to 256 KiB the time per message shows no trend, so small memory wins; and 3 KiB is cut eight to a
	// span of the allocator, 4 KiB only two, which makes its bytes 40 % dearer. 2,688 bytes hold two bodies of 1 KiB and not three,
	// which costs them a fifth.
	slabSize = 3 << 10
	// slabMost is the largest body that is cut from a slab; a larger one would waste most of a slab's tail.
	slabMost = 1 << 10
	// slabMores is how many mores are made at a time: 1,120 bytes. With fewer a message of three frames costs more than a tenth
	// of an allocation.
	slabMores = 14
)

// A Slab is where small received bodies are copied to, so that many share an allocation. The zero Slab is ready. Not safe
// for concurrent use: the receiving lock guards it.
type Slab struct {
	Given func(bytes int) // hears of memory that is given away, some kilobytes at a time; may be nil
	bytes []byte
	used  int // of bytes; a number, because a slice that moves on would be a pointer written for each message
	mores []more
}

// A more is the Rest of a message, with room for the usual number of frames.
type more struct {
	rest Rest
	tail [2][]byte
}

// copy returns a copy of b that nobody else writes to. An empty body is not nil: it is a frame.
func (s *Slab) copy(b []byte) []byte {
	n := len(b)
	if n > slabMost {
		s.give(n)
		return bytes.Clone(b)
	}
	if n > len(s.bytes)-s.used || s.bytes == nil {
		s.give(slabSize)
		s.bytes, s.used = make([]byte, slabSize), 0
	}
	from, to := s.used, s.used+n
	s.used = to
	own := s.bytes[from:to:to]
	copy(own, b)
	return own
}

func (s *Slab) give(bytes int) {
	if s.Given != nil {
		s.Given(bytes)
	}
}

// Prepend returns m with one frame more before its others. The frame is shared.
func (s *Slab) Prepend(frame []byte, m Message) Message {
	rest := s.rest(m.Peer(), m.Len())
	rest.Tail = append(append(rest.Tail, m.Head), m.Tail()...)
	return Message{frame, rest}
}

// rest returns a message's own Rest, to whose Tail n frames are to be appended.
func (s *Slab) rest(peer *monitor.Peer, n int) *Rest {
	if len(s.mores) == cap(s.mores) {
		s.mores = make([]more, 0, slabMores)
	}
	s.mores = s.mores[:len(s.mores)+1]
	m := &s.mores[len(s.mores)-1]
	m.rest = Rest{peer, m.tail[:0]}
	if n > len(m.tail) {
		m.rest.Tail = make([][]byte, 0, n)
	}
	return &m.rest
}
