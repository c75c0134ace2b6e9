package peer

import (
	"sort"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/zmtp"
)

// What goes out is, nearly always, what lies in the queue. Two kinds of connection make something else of it, in the
// writer: one that is sealed puts each frame into a MESSAGE, and STREAM's has no frames. Then w.wire is what is written, and
// w.ends says where in it each message of the batch ends, so that after a break the queue goes on at the right one.

// recodes reports whether the connection is such a one.
func (c *Conn) recodes() bool { return c.codec != nil || c.opt.Raw }

// recode makes w.wire of the commands and the batch that were loaded.
func (c *Conn) recode() {
	w := &c.out
	w.wire, w.ends = w.wire[:0], w.ends[:0]
	if c.codec == nil {
		w.wire = append(w.wire, w.commands...)
	}
	for b := w.commands; c.codec != nil && len(b) > 0; {
		h, n, err := zmtp.ParseHeader(b, 0)
		if err != nil || n == 0 {
			panic("BUG: a command of our own is no frame")
		}
		end := n + int(h.Size)
		w.wire = c.codec.AppendSealed(w.wire, h, b[n:end])
		b = b[end:]
	}
	w.begin = len(w.wire)
	for walk := w.batch.Walk(); walk.Left > 0; {
		w.wire = c.encode(w.wire, &walk)
		w.ends = append(w.ends, len(w.wire))
	}
}

// encode appends the next message.
func (c *Conn) encode(to []byte, walk *message.Span) []byte {
	for more := true; more; {
		var frame []byte
		if frame, more = walk.Frame(); c.codec == nil {
			to = append(to, frame...)
		} else {
			to = c.codec.AppendSealed(to, zmtp.Header{More: more, Size: uint64(len(frame))}, frame)
		}
	}
	return to
}

// size is how many bytes there are to write, before how many of them are not the batch's, sent how many of the batch's are
// in the kernel's hands, as the queue counts them.
func (w *writer) size() int {
	if w.recoded {
		return len(w.wire)
	}
	return len(w.commands) + w.batch.Size
}

func (w *writer) before() int {
	if w.recoded {
		return w.begin
	}
	return len(w.commands)
}

func (w *writer) sent() int {
	if !w.recoded {
		return max(0, w.at-len(w.commands))
	}
	whole := sort.SearchInts(w.ends, w.at+1)
	from := w.begin
	if whole > 0 {
		from = w.ends[whole-1]
	}
	n := w.batch.First(whole)
	if w.at > from {
		n++ // a message is there in part
	}
	return n
}
