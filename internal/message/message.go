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

import "github.com/glassmq/zmq/monitor"

// A Message is one or more frames. The common message has one frame, so the first stands apart and needs no [][]byte.
// Seven words on purpose: (Message, error) is nine, what the amd64 calling convention returns in registers.
type Message struct {
	Peer *monitor.Peer // who sent it; nil unless received
	Head []byte        // frame 0
	Tail [][]byte      // frames 1…
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
	return Message{Head: body(frames[0]), Tail: tail}
}

// body makes an empty frame differ from no frame: the zero Message has none and cannot be sent.
func body(b []byte) []byte {
	if b == nil {
		return []byte{}
	}
	return b
}

// Len is the number of frames.
func (m *Message) Len() int {
	if m.Head == nil {
		return 0
	}
	return 1 + len(m.Tail)
}

// Frame is frame i, nil if there is none.
func (m *Message) Frame(i int) []byte {
	switch {
	case i == 0:
		return m.Head
	case i > 0 && i <= len(m.Tail):
		return m.Tail[i-1]
	}
	return nil
}

// Size is the number of bytes in all frames.
func (m *Message) Size() int {
	n := len(m.Head)
	for _, f := range m.Tail {
		n += len(f)
	}
	return n
}

// Skip is m without its first n frames.
func (m *Message) Skip(n int) Message {
	switch {
	case n <= 0:
		return *m
	case n >= m.Len():
		return Message{Peer: m.Peer}
	}
	rest := Message{Peer: m.Peer, Head: m.Tail[n-1], Tail: m.Tail[n:]}
	if len(rest.Tail) == 0 {
		rest.Tail = nil
	}
	return rest
}

// A Buffer is a Message in memory that is used again: its frames are valid until the next message is put there.
// The zero Buffer is ready.
type Buffer struct {
	Message
	mem  []byte   // small bodies
	tail [][]byte // Tail's memory; Tail may begin behind its beginning when an envelope was taken off
	own  [][]byte // large bodies that were handed over, and nobody else has; short messages leave them alone
}
