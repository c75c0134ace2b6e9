package pipe

import (
	"math"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/monitor"
)

// Outcome is what became of a message that was put.
type Outcome uint8

const (
	Queued Outcome = iota // behind others: the consumer is at work or has been told
	First                 // queued, and the consumer must be told: nothing was there
	Full                  // not queued: no room; the consumer will report when there is some
	Closed                // not queued: the queue takes no more
)

// Put queues envelope and frames as one message and copies their bytes, which are the caller's again.
func (q *Queue) Put(envelope, frames [][]byte) Outcome {
	q.mu.Lock()
	c, how := q.room(inline(envelope) + inline(frames))
	if c != nil {
		for _, f := range envelope {
			q.copy(c, f, true)
		}
		last := len(frames) - 1
		for i, f := range frames {
			q.copy(c, f, i < last)
		}
		c.Count++
		q.put++
	}
	q.mu.Unlock()
	return how
}

// PutShort queues a message of one frame of less than message.LargeBody, behind others, where there is room: most are put
// so, in a stream. It is Put without the cases.
func (q *Queue) PutShort(frame []byte) (ok bool) {
	q.mu.Lock()
	if c := q.tail; c != nil && !q.idle && !q.closed && !q.conflate && q.put-q.got < q.limit && c.From == q.from && cap(c.Buf)-len(c.Buf) >= message.Inline(len(frame)) {
		c.AppendShort(frame)
		q.put++
		ok = true
	}
	q.mu.Unlock()
	return ok
}

// PutShared is Put for frames of which nobody changes the large ones any more: they are shared.
func (q *Queue) PutShared(frames [][]byte) Outcome {
	q.mu.Lock()
	c, how := q.room(inline(frames))
	if c != nil {
		for i, f := range frames {
			c.Share(f, i < len(frames)-1)
		}
		c.Count++
		q.put++
	}
	q.mu.Unlock()
	return how
}

// PutMessage queues envelope and m as one message and shares their bytes, which nobody may change any more.
func (q *Queue) PutMessage(envelope [][]byte, m message.Message) Outcome {
	return q.PutParts(envelope, m.Head, m.Tail())
}

// PutParts is PutMessage for a head and a tail.
func (q *Queue) PutParts(envelope [][]byte, head []byte, tail [][]byte) Outcome {
	q.mu.Lock()
	c, how := q.room(inline(envelope) + message.Inline(len(head)) + inline(tail))
	if c != nil {
		for _, f := range envelope {
			c.Share(f, true)
		}
		last := len(tail) - 1
		c.Share(head, last >= 0)
		for i, f := range tail {
			c.Share(f, i < last)
		}
		c.Count++
		q.put++
	}
	q.mu.Unlock()
	return how
}

// Tell queues a message that peer did not send, or not as it stands, whatever the mark says, and also when no more are
// put: a subscription, a note that it came or went. Any goroutine may call. first: the consumer must be told.
func (q *Queue) Tell(peer *monitor.Peer, frames ...[]byte) (first bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	limit, before, closed := q.limit, q.from, q.closed
	q.limit, q.from, q.closed = math.MaxInt64, q.source(peer), false
	c, how := q.room(inline(frames))
	q.limit, q.from, q.closed = limit, before, closed
	for i, f := range frames {
		q.copy(c, f, i < len(frames)-1)
	}
	c.Count++
	q.put++
	return how == First
}

// source is what messages share that peer is said to have sent. mu is held.
func (q *Queue) source(peer *monitor.Peer) *message.Rest {
	switch {
	case peer == nil:
		return nil
	case q.from != nil && q.from.Peer == peer:
		return q.from
	case q.tail != nil && q.tail.From != nil && q.tail.From.Peer == peer:
		return q.tail.From
	}
	return &message.Rest{Peer: peer}
}

// TellFirst queues messages of one frame before what is in the queue, whatever the mark says: greetings. Nothing was taken
// yet, and the consumer must be told.
func (q *Queue) TellFirst(all [][]byte) {
	if len(all) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.conflate && q.put > q.taken {
		return // only the last message counts, and that is there
	}
	c := message.NewChunk(0, inline(all))
	for _, m := range all {
		q.copy(c, m, false)
		c.Count++
		q.put++
	}
	c.From, c.Next = q.from, q.head
	if q.head = c; q.tail == nil {
		q.tail = c
	}
	q.idle = false
	q.conflated(1)
}

// copy adds a frame whose bytes are the caller's again.
func (q *Queue) copy(c *message.Chunk, frame []byte, more bool) {
	if len(frame) < message.LargeBody {
		c.Append(frame, more)
		return
	}
	c.Own(q.spares.Clone(frame), more)
}

// inline is the room that frames take in a chunk at most.
func inline(frames [][]byte) (n int) {
	for _, f := range frames {
		n += message.Inline(len(f))
	}
	return n
}

// room returns the chunk that takes need bytes more, or nil and why not. mu is held.
func (q *Queue) room(need int) (*message.Chunk, Outcome) {
	if q.closed {
		return nil, Closed
	}
	if q.crowded() {
		q.full = true
		return nil, Full
	}
	q.conflated(0)
	how := Queued
	if q.idle {
		q.idle = false
		how = First
		switch {
		case q.head != q.tail || q.head == nil:
		case cap(q.tail.Buf) > message.ChunkMost: // made for one giant message
			q.head, q.tail = nil, nil
		default:
			q.rewind()
		}
	}
	if c := q.tail; c != nil && c.From == q.from && cap(c.Buf)-len(c.Buf) >= need {
		return c, how
	}
	return q.grow(need, q.from), how
}

// rewind starts the only chunk anew: the consumer has nothing of it in its hands. mu is held.
func (q *Queue) rewind() {
	q.tail.Reset()
	q.at, q.large, q.count = 0, 0, 0
}
