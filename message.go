package zmq

import (
	"iter"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/monitor"
)

// A Message is one or more frames that nobody may change any more: to [][]byte what a string is to []byte. Copies share
// the bytes. The zero Message has no frame and cannot be sent. Messages may be used from any goroutine.
type Message struct{ m message.Message }

// NewMessage takes frames over without copying: the caller must not change their bytes afterwards.
func NewMessage(frames ...[]byte) Message { return Message{message.New(frames)} }

// Len is the number of frames; 0 only for the zero Message.
func (m Message) Len() int { return m.m.Len() }

// Frame is frame i, counted from 0, or nil if there is none: how many came is the peer's choice and must not panic. An
// empty frame is not nil.
func (m Message) Frame(i int) []byte { return m.m.Frame(i) }

// Body is the last frame: what stands behind topics and envelopes. It is nil for the zero Message.
func (m Message) Body() []byte { return m.m.Body() }

// Size is the number of bytes in all frames.
func (m Message) Size() int { return m.m.Size() }

// All yields the frames with their numbers.
func (m Message) All() iter.Seq2[int, []byte] {
	return func(yield func(int, []byte) bool) {
		for i := range m.Len() {
			if !yield(i, m.Frame(i)) {
				return
			}
		}
	}
}

// AppendFrames appends the frames to dst; the bytes are shared.
func (m Message) AppendFrames(dst [][]byte) [][]byte {
	if m.Len() == 0 {
		return dst
	}
	return append(append(dst, m.m.Head), m.m.Tail()...)
}

// Skip is m without its first n frames, and from the same peer.
func (m Message) Skip(n int) Message { return Message{m.m.Skip(n)} }

// Clone is m with bytes of its own, to change or to keep: a small received message otherwise keeps up to 4 KiB alive,
// one of several frames up to 8.
func (m Message) Clone() Message { return Message{m.m.Clone()} }

// Peer is who sent m; the zero Peer if it was not received.
func (m Message) Peer() monitor.Peer {
	if p := m.m.Peer(); p != nil {
		return *p
	}
	return monitor.Peer{}
}

// Conn is the connection that m came over, 0 if it was not received. When it changes, a reconnect lies between two
// messages. Events carry the same id.
func (m Message) Conn() monitor.ConnID {
	if p := m.m.Peer(); p != nil {
		return p.Conn
	}
	return 0
}

// A Buffer is a Message whose memory RecvInto uses again: it and its frames are valid until the next RecvInto only, and so is
// a copy of the Message. Clone keeps one; for SendMessage it has to be cloned, too. The zero Buffer is ready. It is for one goroutine at a time, and must not be copied once it was used.
type Buffer struct {
	Message
	mem message.Buffer
}
