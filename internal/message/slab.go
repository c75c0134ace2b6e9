package message

import (
	"bytes"

	"github.com/glassmq/zmq/monitor"
)

// What one kept message keeps alive beyond itself is a slab. If it has several frames, it is the block of its more as well, and what
// the others of the block refer to, which began in one slab: 8 KiB at most. Large ones share nothing.
const (
	// slabSize: from 1 KiB to 256 KiB the time per message shows no trend, so small memory wins; and 3 KiB is cut eight to a
	// span of the allocator, 4 KiB only two, which makes its bytes 40 % dearer. 2,688 bytes hold two bodies of 1 KiB and not three,
	// which costs them a fifth.
	slabSize = 3 << 10
	// slabMost is the largest body that is cut from a slab; a larger one would waste most of a slab's tail.
	slabMost = 1 << 10
	// slabMores is how many mores are made at a time, at most: 1,600 bytes. With 14 a message of three frames costs more than
	// a tenth of an allocation.
	slabMores = 20
)

// A Slab is where small received bodies are copied to, so that many share an allocation. The zero Slab is ready. Not safe
// for concurrent use: the receiving lock guards it.
type Slab struct {
	Given func(bytes int) // hears of memory that is given away, some kilobytes at a time; may be nil
	bytes []byte
	used  int    // of bytes; a number, because a slice that moves on would be a pointer written for each message
	mores []more // of messages whose bytes begin in bytes
}

// A more is the Rest of a message, with room for the usual number of frames.
type more struct {
	rest Rest
	tail [2][]byte
}

const moreSize = 80 // bytes

// copy returns a copy of b that nobody else writes to. An empty body is not nil: it is a frame.
func (s *Slab) copy(b []byte) []byte {
	n := len(b)
	if n > slabMost {
		s.give(n)
		return bytes.Clone(b)
	}
	if n > len(s.bytes)-s.used || s.bytes == nil {
		s.give(slabSize)
		s.bytes, s.used, s.mores = make([]byte, slabSize), 0, nil
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
	rest := s.rest(m.Peer(), m.Len(), m.Size())
	rest.Tail = append(append(rest.Tail, m.Head), m.Tail()...)
	return Message{frame, rest}
}

// rest returns the own Rest of a message of so many bytes, to whose Tail n frames are to be appended.
func (s *Slab) rest(peer *monitor.Peer, n, size int) *Rest {
	if n > len(more{}.tail) || size > slabMost {
		return &Rest{peer, make([][]byte, 0, n)}
	}
	if len(s.mores) == cap(s.mores) { // as many as will still have room in the slab
		many := min(1+(len(s.bytes)-s.used)/max(1, size), slabMores)
		s.give(many * moreSize)
		s.mores = make([]more, 0, many)
	}
	s.mores = s.mores[:len(s.mores)+1]
	m := &s.mores[len(s.mores)-1]
	m.rest = Rest{peer, m.tail[:0]}
	return &m.rest
}
