package message

import (
	"encoding/binary"

	"github.com/glassmq/zmq/monitor"
)

// A Span is a run of whole messages that the consumer has taken from a chunk and works off without a lock.
type Span struct {
	buf   []byte
	at    int
	large []Large
	next  int // the large body that comes next
	from  *Rest
	more  bool // the frame taken last has another behind it
	Left  int  // messages
}

// Cut is the span of c from the offset at to the end, n messages, the first large body in it being number large.
func (c *Chunk) Cut(at, large, n int) Span {
	return Span{buf: c.Buf, at: at, large: c.Large, next: large, from: c.From, Left: n}
}

// Short takes the next message out if it is one frame that lies in the chunk, which nearly all are. Left must not be 0.
func (s *Span) Short(slab *Slab) (head []byte, ok bool) {
	b := s.buf[s.at:]
	from, end := 2, 2+int(b[1])
	if b[0] != 0 {
		if from, end = longer(b); end == 0 {
			return nil, false
		}
	}
	s.at += end
	s.Left--
	return slab.copy(b[from:end]), true
}

// Glance reads what Short and its caller would read, of a message of up to 64 bytes, and returns something of it.
func (s *Span) Glance() int {
	if s.Left == 0 {
		return 0
	}
	n := int(s.buf[s.at]) + int(s.buf[min(s.at+cacheLine, len(s.buf)-1)])
	if s.from != nil {
		n += len(s.from.Tail)
	}
	return n
}

const cacheLine = 64 // bytes, of nearly every processor

// longer is where the body of a frame of 256 bytes or more lies in b; end is 0 if another frame follows it, if it is a
// command, or if it lies outside.
func longer(b []byte) (from, end int) {
	if b[0] != FlagLong {
		return 0, 0
	}
	size := binary.BigEndian.Uint64(b[1:])
	if size >= LargeBody {
		return 0, 0
	}
	return 9, 9 + int(size)
}

// From is who sent the span's messages.
func (s *Span) From() *Rest { return s.from }

// ShortInto is Short into b.
func (s *Span) ShortInto(b *Buffer) (ok bool) {
	f := s.buf[s.at:]
	from, end := 2, 2+int(f[1])
	if f[0] != 0 {
		if from, end = longer(f); end == 0 {
			return false
		}
	}
	s.at += end
	s.Left--
	b.mem = append(b.mem[:0], f[from:end]...)
	b.Message = Message{body(b.mem), s.from}
	return true
}

// Next takes the next message out: small bodies are copied to slab, large ones handed over. Left must not be 0.
func (s *Span) Next(slab *Slab) Message {
	if head, ok := s.Short(slab); ok {
		return Message{head, s.from}
	}
	s.Left--
	head := s.cut(slab)
	if !s.more {
		return Message{head, s.from}
	}
	frames, size := s.measure()
	rest := slab.rest(s.peer(), frames, len(head)+size)
	for s.more {
		rest.Tail = append(rest.Tail, s.cut(slab))
	}
	return Message{head, rest}
}

func (s *Span) peer() *monitor.Peer {
	if s.from == nil {
		return nil
	}
	return s.from.Peer
}

// cut returns the next frame in memory that is the message's own.
func (s *Span) cut(slab *Slab) []byte {
	frame, large := s.frame()
	if large {
		slab.give(len(frame))
		return frame[:len(frame):len(frame)] // the memory may be longer, and is not to be appended to
	}
	return slab.copy(frame)
}

// Into takes the next message out into b, over its former content. Large bodies are handed over, as by Next, and those of
// the former content given back to memory.
func (s *Span) Into(b *Buffer, memory Sink) {
	for i := range b.own {
		memory.Put(b.own[i])
		b.own[i] = nil
	}
	b.own = b.own[:0]
	if s.ShortInto(b) {
		return
	}
	s.Left--
	b.mem, b.tail = b.mem[:0], b.tail[:0]
	b.Message = Message{b.take(s), s.from}
	if !s.more {
		return
	}
	for s.more {
		b.tail = append(b.tail, b.take(s))
	}
	b.Message = Message{b.Head, b.others(s.peer())}
}

// others is a Rest with b's tail.
func (b *Buffer) others(peer *monitor.Peer) *Rest {
	if b.mine == nil {
		b.mine = new(Rest)
	}
	*b.mine = Rest{peer, b.tail}
	return b.mine
}

// take returns s's next frame in memory of b's own. Frames before it stay where they are if mem has to move.
func (b *Buffer) take(s *Span) []byte {
	frame, large := s.frame()
	if large {
		if s.large[s.next-1].ours {
			b.own = append(b.own, frame)
		}
		return frame[:len(frame):len(frame)]
	}
	from := len(b.mem)
	b.mem = append(b.mem, frame...)
	return body(b.mem[from:len(b.mem):len(b.mem)])
}

// Prepend puts one frame more before b's others. The frame is shared.
func (b *Buffer) Prepend(frame []byte) {
	b.tail = append(b.tail[:len(b.Tail())], nil)
	copy(b.tail[1:], b.tail)
	b.tail[0] = b.Head
	b.Message = Message{frame, b.others(b.Peer())}
}

// frame returns the next frame of a message, aliasing the chunk, and steps over it. A large body is let go of: the chunk
// may live long after it.
func (s *Span) frame() (frame []byte, large bool) {
	if frame, large = s.peek(); large {
		s.large[s.next-1].Release()
	}
	return frame, large
}

// peek is frame that lets go of nothing.
func (s *Span) peek() (frame []byte, large bool) {
	from, size, large := s.step()
	if large {
		return s.large[s.next-1].Body(), true
	}
	return s.buf[from : from+size], false
}

// step finds the next frame's body and moves behind it. Commands that came between frames were obeyed by the reader and
// stayed where they lay.
func (s *Span) step() (from, size int, large bool) {
	for {
		b := s.buf[s.at:]
		flags := b[0]
		from, size = s.at+2, int(b[1])
		if flags&FlagLong != 0 {
			from, size = s.at+9, int(binary.BigEndian.Uint64(b[1:]))
		}
		if large = s.next < len(s.large) && s.large[s.next].At == from; large {
			size = 0
			s.next++
		}
		s.at = from + size
		if flags&FlagCommand == 0 {
			s.more = flags&FlagMore != 0
			return from, size, large
		}
	}
}

// measure counts the frames of the message from here on, and their bytes; for one that lies outside LargeBody stands.
func (s *Span) measure() (frames, size int) {
	probe := *s
	for ; probe.more; frames++ {
		_, n, large := probe.step()
		if size += n; large {
			size += LargeBody
		}
	}
	return frames, size
}

// Skip steps over the next message and returns its size on the wire, large bodies included.
func (s *Span) Skip() int {
	from, size := s.at, 0
	for s.more = true; s.more; {
		if _, _, large := s.step(); large {
			size += len(s.large[s.next-1].Body())
		}
	}
	s.Left--
	return size + s.at - from
}

// Frame is the next frame, aliasing the chunk, and whether its message has another one behind it.
func (s *Span) Frame() (frame []byte, more bool) {
	if frame, _ = s.peek(); !s.more {
		s.Left--
	}
	return frame, s.more
}

// At is where in the chunk the next message begins, and the number of its next large body.
func (s *Span) At() (at, large int) { return s.at, s.next }
