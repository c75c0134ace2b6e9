package message

import (
	"bytes"

	"github.com/glassmq/zmq/monitor"
)

const (
	// slabSize bounds what one kept message keeps alive beyond itself. From 1 KiB to 256 KiB the time per message
	// shows no trend, so small memory wins; and 3 KiB is cut eight to a span of the allocator, 4 KiB only two, which
	// makes its bytes 40 % dearer.
	slabSize = 3 << 10
	// slabMost is the largest body that is cut from a slab; a larger one would waste most of a slab's tail.
	slabMost = 1 << 10
	// slabFrames is the same for frame headers: 64 are 1.5 KiB.
	slabFrames = 64
	// slabRests is the same for what messages of several frames have besides: 32 are 1 KiB.
	slabRests = 32
)

// A Slab is where small received bodies are copied to, so that many share an allocation and a kept one keeps at most
// slabSize bytes alive beyond itself. The zero Slab is ready. Not safe for concurrent use: the receiving lock guards it.
type Slab struct {
	Given  func(bytes int) // hears of memory that is given away, some kilobytes at a time; may be nil
	bytes  []byte
	used   int // of bytes; a number, because a slice that moves on would be a pointer written for each message
	frames [][]byte
	rests  []Rest
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
	tail := append(s.list(m.Len()), m.Head)
	return Message{frame, s.rest(m.Peer(), append(tail, m.Tail()...))}
}

// rest returns a Rest of its own.
func (s *Slab) rest(peer *monitor.Peer, tail [][]byte) *Rest {
	if len(s.rests) == cap(s.rests) {
		s.rests = make([]Rest, 0, slabRests)
	}
	s.rests = append(s.rests, Rest{peer, tail})
	return &s.rests[len(s.rests)-1]
}

// list returns an empty list of frames with room for a few; grow by append.
func (s *Slab) list(n int) [][]byte {
	if n > slabFrames/4 {
		return make([][]byte, 0, n)
	}
	if n > cap(s.frames)-len(s.frames) {
		s.frames = make([][]byte, 0, slabFrames)
	}
	from := len(s.frames)
	s.frames = s.frames[:from+n]
	return s.frames[from : from : from+n]
}
