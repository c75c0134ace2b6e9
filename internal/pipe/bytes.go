package pipe

import (
	"net"

	"github.com/glassmq/zmq/internal/message"
)

// batchMost bounds what a writer takes at once when large bodies are among it: the sender hears of room when a batch is
// written, and meanwhile it should be able to go on.
const batchMost = 256 << 10

// Bytes is what a connection's writer has taken from a queue: whole messages as they go on the wire.
type Bytes struct {
	Buf   []byte          // frames, all but the large bodies
	Large []message.Large // bodies that belong into Buf, At counted from base before its beginning
	Count int             // messages
	Size  int             // bytes on the wire
	span  message.Span    // the same, to walk through
	base  int
	first int // the number of Large[0] in its chunk
}

// TakeBytes takes what has gathered in one chunk. The messages stay in the queue's count until Written or Return. It
// returns nothing (Count 0) when the queue is empty, and then the next message put is an edge.
func (q *Queue) TakeBytes() Bytes {
	q.mu.Lock()
	defer q.mu.Unlock()
	if n := q.available(); n > 0 {
		q.held = true
		b := q.slice(n)
		if q.lenient { // nobody waits, but this is when it has room again (Congested)
			q.makeRoom()
		}
		return b
	}
	q.idle = true
	return Bytes{}
}

// slice takes n messages of head, or fewer if they are large. mu is held.
func (q *Queue) slice(n int) Bytes {
	c := q.head
	b := Bytes{span: c.Cut(q.at, q.large, n), base: q.at, first: q.large}
	end, large := len(c.Buf), len(c.Large)
	if large == q.large && n == c.Count-q.count {
		b.Size, b.Count = end-q.at, n
	} else {
		for walk := b.span; b.Count < n && b.Size < batchMost; b.Count++ {
			b.Size += walk.Skip()
			end, large = walk.At()
		}
	}
	b.Buf, b.Large = c.Buf[q.at:end:end], c.Large[q.large:large:large]
	q.at, q.large, q.count = end, large, q.count+b.Count
	q.taken += uint64(b.Count)
	return b
}

// Written says that b is in the kernel's hands, as so many bytes, and reports whether a waiting producer now has room.
func (q *Queue) Written(b *Bytes, wire int) (room bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range b.Large {
		b.Large[i].Spend(q.spares) // the chunk may live long after it
	}
	q.held = false
	q.got += uint64(b.Count)
	q.sent.add(b.Count, wire)
	q.skip()
	return q.makeRoom()
}

// Return gives back what of b did not go out: the kernel has its first n bytes, which were so many on the wire. The queue goes on at the first whole
// message behind them. A message that is there in part is lost: to send it again would be to send it twice.
func (q *Queue) Return(b *Bytes, n, wire int) (room bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.held = false
	if q.conflate && q.put > q.taken { // a newer message has taken its place
		q.got += uint64(b.Count)
		return q.makeRoom()
	}
	walk, size, gone := b.span, 0, 0
	for gone < b.Count && size < n {
		size += walk.Skip()
		gone++
	}
	sent := gone
	if size > n {
		sent--
		q.torn++
	}
	q.at, q.large = walk.At()
	q.count -= b.Count - gone
	q.taken -= uint64(b.Count - gone)
	for i := range b.Large[:q.large-b.first] {
		b.Large[i].Release()
	}
	q.got += uint64(gone)
	q.sent.add(sent, wire)
	q.skip()
	return q.makeRoom()
}

// Walk is a walk through the messages, for a writer that makes other bytes of them; First is the size of the first n.
func (b *Bytes) Walk() message.Span {
	walk := b.span
	walk.Left = b.Count
	return walk
}

func (b *Bytes) First(n int) (size int) {
	for walk := b.span; n > 0; n-- {
		size += walk.Skip()
	}
	return size
}

// Vector appends what is left of b behind its first n bytes to v, as buffers for one writev.
func (b *Bytes) Vector(v net.Buffers, n int) net.Buffers {
	from := 0
	for _, l := range b.Large {
		v, n = part(v, b.Buf[from:l.At-b.base], n)
		v, n = part(v, l.Body(), n)
		from = l.At - b.base
	}
	v, _ = part(v, b.Buf[from:], n)
	return v
}

// part appends b without its first n bytes, and returns how many of the n lie behind it.
func part(v net.Buffers, b []byte, n int) (net.Buffers, int) {
	if n >= len(b) {
		return v, n - len(b)
	}
	return append(v, b[n:]), 0
}
