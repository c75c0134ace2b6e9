package message

import "encoding/binary"

const (
	// LargeBody is the size from which a body lies outside its chunk: below, copying is cheaper than one more
	// allocation, one more slice header to the kernel and one more object for the collector.
	LargeBody = 8 << 10

	chunkFirst = 512      // an idle connection keeps no more
	ChunkMost  = 64 << 10 // a chunk that has left the kernel is still in the second-level cache
)

// Frame flags, RFC 23 §"Framing".
const (
	FlagMore    = 1
	FlagLong    = 2
	FlagCommand = 4
)

// A Chunk is a buffer of whole messages as they lie on the wire: frame headers and bodies, one behind the other.
// A large body lies outside, at its place in Large. One producer appends behind what it has published, one consumer
// reads before it, so neither waits for the other; what is published is said under the queue's lock.
type Chunk struct {
	Buf   []byte
	Large []Large
	From  *Rest // who sent these messages; nil on the way out
	Count int   // messages
	Next  *Chunk
}

// Large is a body of at least LargeBody bytes; At is the offset in Buf where it belongs, behind its header. The consumer
// lets go of a body long before the chunk goes, and does so in a place of its own: the list is the producer's.
type Large struct {
	At   int
	body *[]byte
	ours bool // nobody else has this memory: when the body has been read it is to be used again
}

// NewLarge is a body that belongs at an offset; ours: nobody else has its memory, which may be used again.
func NewLarge(at int, body []byte, ours bool) Large { return Large{at, &body, ours} }

// Body is nil once the consumer has let go of it.
func (l *Large) Body() []byte { return *l.body }

// Release lets go of the body.
func (l *Large) Release() { *l.body = nil }

// Spend is Release by who has read the body; its memory goes to to, if nobody else has it.
func (l *Large) Spend(to Sink) {
	if l.ours {
		to.Put(*l.body)
	}
	l.Release()
}

// NewChunk returns a chunk with room for need bytes. Chunks of a queue grow with its traffic: from is the last one's
// capacity.
func NewChunk(from, need int) *Chunk {
	size := min(max(4*from, chunkFirst), ChunkMost)
	return &Chunk{Buf: make([]byte, 0, max(size, need))}
}

// Reset empties a chunk whose messages have all left it.
func (c *Chunk) Reset() {
	c.Buf = c.Buf[:0]
	clear(c.Large)
	c.Large = c.Large[:0]
	c.Count = 0
	c.Next = nil
}

// Inline is the room that a frame of n bytes takes in a chunk at most.
func Inline(n int) int {
	switch {
	case n < 256:
		return 2 + n
	case n < LargeBody:
		return 9 + n
	}
	return 9
}

// Append adds a frame of less than LargeBody, whose bytes are copied: they are the caller's again.
func (c *Chunk) Append(frame []byte, more bool) {
	c.header(len(frame), more)
	c.Buf = append(c.Buf, frame...)
}

// Own adds a large frame whose memory nobody else has.
func (c *Chunk) Own(frame []byte, more bool) {
	c.header(len(frame), more)
	c.Large = append(c.Large, NewLarge(len(c.Buf), frame, true))
}

// AppendShort adds a message of one frame of less than LargeBody, for which there is room.
func (c *Chunk) AppendShort(frame []byte) {
	if len(frame) < 256 {
		b := append(c.Buf, 0, byte(len(frame)))
		c.Buf = append(b, frame...)
	} else {
		c.Append(frame, false)
	}
	c.Count++
}

// Share adds a frame whose bytes nobody changes any more: a large one is referred to, not copied.
func (c *Chunk) Share(frame []byte, more bool) {
	c.header(len(frame), more)
	if len(frame) >= LargeBody {
		c.Large = append(c.Large, NewLarge(len(c.Buf), frame, false))
		return
	}
	c.Buf = append(c.Buf, frame...)
}

func (c *Chunk) header(size int, more bool) {
	var flags byte
	if more {
		flags = FlagMore
	}
	if size < 256 {
		c.Buf = append(c.Buf, flags, byte(size))
		return
	}
	c.Buf = binary.BigEndian.AppendUint64(append(c.Buf, flags|FlagLong), uint64(size))
}
