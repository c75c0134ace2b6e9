// Package message holds the bytes of messages and says who owns them.
//
// Three kinds of memory carry a message through a socket:
//
//   - a [Message] is what users hold: frames that nobody changes any more;
//   - a [Chunk] is what queues hold: whole messages in ZMTP framing, many to a buffer, used again when they have left it;
//   - a [Slab] is what small received bodies are cut from, so that a thousand of them cost a few allocations.
//
// Reading order: message.go, chunk.go (how messages lie in a queue), span.go (how they come out again), slab.go, sink.go.
package message

import (
	"bytes"

	"github.com/glassmq/zmq/monitor"
)

// A Message is one or more frames. The common message has one frame, so the first stands apart and needs no [][]byte.
// Four words on purpose: the compiler carries them in registers. What is larger lies on the stack and is copied there from
// call to call, which was a third of a receiver's time.
type Message struct {
	Head []byte // frame 0
	rest *Rest  // nil: one frame, and nobody sent it
}

// Rest is what else belongs to a message. One without a Tail is shared, and nobody writes to it; one that has a Tail, be it
// empty by now, is a message's own.
type Rest struct {
	Peer *monitor.Peer // who sent it; nil unless received
	Tail [][]byte      // frames 1…
}

// Single is a message of one frame. All that a peer sends share from, which has no Tail, or is nil.
func Single(head []byte, from *Rest) Message { return Message{head, from} }

// Peer is who sent m, nil unless it was received.
func (m Message) Peer() *monitor.Peer {
	if m.rest == nil {
		return nil
	}
	return m.rest.Peer
}

// Tail is frames 1…
func (m Message) Tail() [][]byte {
	if m.rest == nil {
		return nil
	}
	return m.rest.Tail
}

// New takes frames over without copying their bytes. The list is copied, so that it need not be on the heap: a message of
// one frame then costs no allocation.
func New(frames [][]byte) Message {
	switch len(frames) {
	case 0:
		return Message{}
	case 1:
		return Message{Head: body(frames[0])}
	}
	tail := make([][]byte, len(frames)-1)
	for i, f := range frames[1:] {
		tail[i] = body(f)
	}
	return Message{body(frames[0]), &Rest{Tail: tail}}
}

// body makes an empty frame differ from no frame: the zero Message has none and cannot be sent.
func body(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// Len is the number of frames.
func (m Message) Len() int {
	if m.Head == nil {
		return 0
	}
	return 1 + len(m.Tail())
}

// Frame is frame i, nil if there is none.
func (m Message) Frame(i int) []byte {
	if i == 0 {
		return m.Head
	}
	if tail := m.Tail(); i > 0 && i <= len(tail) {
		return tail[i-1]
	}
	return nil
}

// Body is the last frame, nil if there is none.
func (m Message) Body() []byte {
	if tail := m.Tail(); len(tail) > 0 {
		return tail[len(tail)-1]
	}
	return m.Head
}

// Size is the number of bytes in all frames.
func (m Message) Size() int {
	n := len(m.Head)
	for _, f := range m.Tail() {
		n += len(f)
	}
	return n
}

// Skip is m without its first n frames, and from the same peer.
func (m Message) Skip(n int) Message {
	if n <= 0 {
		return m
	}
	rest := &Rest{Peer: m.Peer()}
	if n >= m.Len() {
		return Message{nil, rest}
	}
	tail := m.Tail()
	if rest.Tail = tail[n:]; len(rest.Tail) == 0 {
		rest.Tail = nil
	}
	return Message{tail[n-1], rest}
}

// Cut is Skip of fewer frames than there are, of a message that nobody else has: m is no more.
func (m Message) Cut(n int) Message {
	if n > 0 {
		m.Head, m.rest.Tail = m.rest.Tail[n-1], m.rest.Tail[n:]
	}
	return m
}

// Clone is m with bytes of its own.
func (m Message) Clone() Message {
	c := Message{bytes.Clone(m.Head), m.rest}
	if m.Tail() == nil {
		return c
	}
	c.rest = &Rest{Peer: m.rest.Peer}
	for _, f := range m.rest.Tail {
		c.rest.Tail = append(c.rest.Tail, bytes.Clone(f))
	}
	return c
}

// A Buffer is a Message in memory that is used again: its frames are valid until the next message is put there.
// The zero Buffer is ready.
type Buffer struct {
	Message
	mem  []byte   // small bodies
	mine *Rest    // of a message of several frames; nil: there was none yet
	tail [][]byte // its Tail's memory; Tail may begin behind its beginning when an envelope was taken off
	own  [][]byte // large bodies that were handed over, and nobody else has; short messages leave them alone
}
