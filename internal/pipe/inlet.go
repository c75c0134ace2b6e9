package pipe

import (
	"encoding/binary"
	"math"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// An Inlet is the producer of a queue that is fed from a connection:
//
//  1. Room says where the next bytes go: into the tail chunk, or into the large body that is arriving;
//  2. Advance is told how many came, finds the frames and obeys the commands (scan.go);
//  3. whole messages are published under one lock, as many as the mark allows;
//  4. if it allows no more, Stalled is true, and Resume goes on from there.
//
// It belongs to one goroutine at a time. For a socket that does not receive, the queue is nil and messages are dropped.
type Inlet struct {
	Max     uint64                   // bytes of a message at most; 0: no limit
	Command func(body []byte) error  // obeys a command; body is valid during the call
	Spares  *Spares                  // where large bodies come from
	Each    func(message.Span) error // takes each message instead of the queue, valid during the call; nil: the queue does

	CommandMost int  // bytes of a command; 0: commandMost
	Raw         bool // bytes are messages as they come, and not frames

	queue   *Queue
	from    *message.Rest
	discard bool

	c       *message.Chunk
	full    []byte // c's buffer to its capacity
	w       int    // bytes in it
	scan    int    // the next frame's header
	start   int    // the message that is being put together
	size    uint64 // of its bodies
	frames  int    // of it
	found   int    // whole messages, up to start, not yet published
	pending []message.Large

	body     []byte // a large body that is arriving …
	have     int    // … so much of it is here
	want     int    // … and so much it will be
	flags    byte   // … in a frame with these
	received uint64 // bytes that ever came
	stalled  bool
}

// Open makes the inlet produce into q for a connection to peer. What an earlier connection left stays before it.
func (in *Inlet) Open(q *Queue, peer *monitor.Peer) {
	in.discard = q == nil
	if in.discard {
		q = NewQueue(0, nil)
	}
	in.queue, in.from = q, &message.Rest{Peer: peer}
}

// Room returns where to read to next; it is never empty.
func (in *Inlet) Room() []byte {
	if in.body != nil {
		return in.body[in.have:]
	}
	switch {
	case in.c == nil || len(in.full)-in.w < max(64, len(in.full)/8):
		in.move()
	case in.w >= warm:
		in.rewind()
	}
	if in.Raw {
		return in.full[in.w+rawHeader:]
	}
	return in.full[in.w:]
}

// rawHeader is what is left free before raw bytes: a frame's header, which is no longer than this, goes there when it is
// known how many came.
const rawHeader = 9

// warm is from where in a chunk one that the consumer has emptied is begun anew, so that a connection whose messages come now and
// then stays in a few pages, which are in a cache, and does not go through all of its chunk.
const warm = 1 << 10

// rewind begins the chunk anew if the consumer has emptied it.
func (in *Inlet) rewind() {
	q := in.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.idle || in.c != q.head || in.c != q.tail || in.start == 0 || in.Each != nil || cap(in.c.Buf) > message.ChunkMost {
		return
	}
	rest := in.full[in.start:in.w]
	q.rewind()
	in.shift(rest, 0)
}

// shift moves the unfinished message.
func (in *Inlet) shift(rest []byte, to int) {
	copy(in.full[to:], rest)
	by := in.start - to
	for i := range in.pending {
		in.pending[i].At -= by
	}
	in.w, in.scan, in.start = in.w-by, in.scan-by, to
}

// move makes room behind the unfinished message: in the same chunk if much of it is free, or the consumer has emptied it;
// else in a new one.
func (in *Inlet) move() {
	q, old := in.queue, in.c
	var rest []byte
	to := 0 // where rest goes
	if old != nil {
		in.compact()
		rest = in.full[in.start:in.w]
		to = len(old.Buf)
	}
	if old == nil || to+len(rest) > len(in.full)/2 || len(in.full) < grownChunk {
		to = 0
		q.mu.Lock()
		if q.idle {
			q.available() // lets go of chunks that held nothing but commands
		}
		if old != nil && q.idle && old == q.head && len(rest) <= len(in.full)/2 && len(in.full) >= grownChunk && len(in.full) <= message.ChunkMost {
			q.rewind()
		} else {
			in.c = q.grow(2*len(rest), in.from)
			in.full = in.c.Buf[:cap(in.c.Buf)]
		}
		q.mu.Unlock()
	}
	in.shift(rest, to)
}

// grownChunk is the size from which a chunk is worth to be used again; one that is smaller and full has traffic enough
// to deserve a larger one.
const grownChunk = 16 << 10

// Advance says that n bytes came where Room pointed. first: the queue was empty and its consumer must be told. An error
// is the peer's: the connection ends.
func (in *Inlet) Advance(n int) (first bool, err error) {
	in.received += uint64(n)
	if in.Raw {
		in.full[in.w] = message.FlagLong
		binary.BigEndian.PutUint64(in.full[in.w+1:], uint64(n))
		in.w += rawHeader
	}
	if in.body == nil {
		in.w += n
		return in.Resume()
	}
	in.have += n
	if in.have < len(in.body) {
		return false, nil
	}
	if in.have < in.want {
		in.widen()
		return false, nil
	}
	if err := in.arrived(); err != nil {
		return false, err
	}
	return in.Resume()
}

// Resume publishes what is there as far as the mark allows.
func (in *Inlet) Resume() (first bool, err error) {
	most := in.allowed()
	err = in.messages(most)
	in.stalled = err == nil && in.found >= most && in.scan < in.w
	return in.publish(), err
}

// Full reports whether the mark lets no message in now: then Stalled is true, and Resume goes on. In the middle of a message
// it is not.
func (in *Inlet) Full() bool {
	if in.frames > 0 || in.body != nil {
		return false
	}
	in.stalled = in.allowed() == 0
	return in.stalled
}

// Fits reports whether a frame of this size can be laid: there is room for it in the chunk, and it belongs there.
func (in *Inlet) Fits(size int) bool {
	return in.body == nil && size < message.LargeBody && len(in.full)-in.w >= rawHeader+size
}

// Lay puts a frame that did not come over the wire as it stands behind what came, as if it had. Many may be laid before
// Resume looks at them. body is copied.
func (in *Inlet) Lay(h zmtp.Header, body []byte) {
	to := zmtp.AppendHeader(in.full[:in.w], h)
	to = append(to, body...)
	in.received += uint64(len(to) - in.w)
	in.w = len(to)
}

// Feed takes in one frame, and is Room and Advance for it. body is copied.
func (in *Inlet) Feed(h zmtp.Header, body []byte) (first bool, err error) {
	var header [9]byte
	for _, b := range [...][]byte{zmtp.AppendHeader(header[:0], h), body} {
		for len(b) > 0 && err == nil {
			n := copy(in.Room(), b)
			b = b[n:]
			var f bool
			f, err = in.Advance(n)
			first = first || f
		}
	}
	return first, err
}

// Stalled says that the mark, and not the peer, is what there is to wait for.
func (in *Inlet) Stalled() bool { return in.stalled }

// Overrun publishes the whole messages that have arrived whatever the mark says: the connection is broken, and they
// would be lost. An error is where nothing more can be taken in.
func (in *Inlet) Overrun() (first bool, err error) {
	in.allowed() // none, if nobody will receive them: then they do not count
	err = in.messages(math.MaxInt)
	in.stalled = false
	return in.publish(), err
}

// Awaits reports whether there is still no room, and if so makes the next credit an edge.
func (in *Inlet) Awaits() bool {
	q := in.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	q.full = !q.closed && q.put-q.got >= q.limit
	return q.full
}

// allowed is how many messages the mark lets in.
func (in *Inlet) allowed() int {
	if in.discard {
		return math.MaxInt
	}
	q := in.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed { // nobody will receive it: it is read to get to the end
		in.discard = true
		return math.MaxInt
	}
	if used := q.put - q.got; used < q.limit {
		return int(min(q.limit-used, math.MaxInt))
	}
	return 0
}

// publish hands what messages has found to the consumer.
func (in *Inlet) publish() (first bool) {
	if in.found == 0 {
		return false
	}
	if in.discard {
		in.found, in.pending = 0, in.pending[:0]
		return false
	}
	whole := 0 // large bodies that belong to whole messages
	for whole < len(in.pending) && in.pending[whole].At <= in.start {
		whole++
	}
	q := in.queue
	q.mu.Lock()
	q.came.Messages += uint64(in.found)
	q.came.Bytes += in.published()
	in.c.Buf = in.full[:in.start]
	in.c.Large = append(in.c.Large, in.pending[:whole]...)
	in.c.Count += in.found
	q.put += uint64(in.found)
	q.conflated(1)
	first = q.idle
	q.idle = false
	q.mu.Unlock()
	in.pending = append(in.pending[:0], in.pending[whole:]...)
	in.found = 0
	return first
}

// Close drops what is unfinished.
func (in *Inlet) Close() {
	if in.body != nil {
		in.Spares.Put(in.body)
	}
	for _, l := range in.pending {
		in.Spares.Put(l.Body())
	}
	in.body, in.pending = nil, nil
}
