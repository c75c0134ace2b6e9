// Package pipe holds the bounded queues between one socket and one peer. A queue is a list of chunks of whole messages
// in ZMTP framing, the same in both directions and on every transport:
//
//   - towards the network the sender appends ([Queue.Put], [Queue.PutMessage]) and the connection's writer takes
//     everything that has gathered as bytes ([Queue.TakeBytes]);
//   - from the network the connection's reader reads into the tail chunk and publishes the whole messages it finds
//     ([Inlet]), and the receiver takes a run of them under one lock and cuts them out without one ([Queue.Next]);
//   - over inproc the sender's queue is the receiver's: put on one side, next on the other, nothing between.
//
// A queue has one producer and one consumer at a time; each brings a lock or an ownership of its own, and the queue's
// own lock is held for a few instructions where they meet. Reading order: queue.go (state, marks), put.go, inlet.go
// (the producers), next.go, bytes.go (the consumers), pipe.go.
package pipe

import (
	"math"
	"sync"
	"weak"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/monitor"
)

// A Queue is one direction of a pipe.
type Queue struct {
	mu sync.Mutex
	// mu guards what follows.

	head, tail *message.Chunk              // head: where the consumer is; tail: where the producer is
	spare      weak.Pointer[message.Chunk] // emptied chunks, one behind the other, until the collector comes
	at         int                         // bytes of head that the consumer has taken
	large      int                         // large bodies of head that it has taken
	count      int                         // messages of head that it has taken
	put        uint64                      // messages ever put
	taken      uint64                      // messages ever taken, by a writer or a receiver
	got        uint64                      // messages ever consumed, as credited
	void       uint64                      // messages before this one are not to be sent any more
	limit      uint64                      // high-water mark: put − got never exceeds it …
	lenient    bool                        // … or, so: put − taken
	from       *message.Rest               // of the messages put from now on (inproc)
	idle       bool                        // the consumer found nothing: the next message is an edge
	full       bool                        // the producer found no room: the credit that makes some is an edge …
	turns      uint64                      // … and so many there have been
	conflate   bool                        // only the last message is kept
	held       bool                        // the consumer has messages of a chunk in its hands
	eager      bool                        // the producer waits, and wants to hear of every message
	closed     bool                        // no more messages: Put refuses
	came, sent Count                       // from a connection; into the kernel
	torn       int                         // messages cut in two by a break, and so lost
	spares     *Spares                     // where large bodies come from and go to; it never changes; nil: the heap

	// The consumer's alone.

	span message.Span // taken and being worked off
	owed int          // consumed of it, not yet credited
	step int          // consumed messages after which to credit
}

// NewQueue returns an empty queue, whose large bodies come from spares if they have to be copied, and go there when they
// have left it and were copies, or a Buffer's. A limit of 0 or less is no limit.
func NewQueue(limit int, spares *Spares) *Queue {
	q := &Queue{idle: true, spares: spares}
	q.setLimit(limit)
	return q
}

// A Count is messages and their bytes on the wire.
type Count struct{ Messages, Bytes uint64 }

func (c *Count) add(messages, bytes int) {
	c.Messages += uint64(messages)
	c.Bytes += uint64(bytes)
}

// Minus is what came since an earlier count.
func (c Count) Minus(before Count) Count {
	return Count{c.Messages - before.Messages, c.Bytes - before.Bytes}
}

func (q *Queue) setLimit(n int) {
	if n <= 0 || q.conflate {
		q.limit = math.MaxInt64
		return
	}
	q.limit = uint64(n)
}

// SetLimit changes the mark. Lowering it loses nothing: the queue takes no more until it has drained below. It reports
// whether a waiting producer now has room.
func (q *Queue) SetLimit(n int) (room bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.setLimit(n)
	return q.makeRoom()
}

// Conflate makes the queue keep the last message only, and gives up its mark.
func (q *Queue) Conflate() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.conflate = true
	q.setLimit(0)
	q.conflated(1)
}

// conflated drops all but the last messages that nobody has taken yet, if that is how the queue is. mu is held.
func (q *Queue) conflated(keep uint64) {
	for q.conflate && q.put-q.taken > keep {
		b := q.slice(int(min(uint64(q.available()), q.put-q.taken-keep)))
		for i := range b.Large {
			b.Large[i].Release()
		}
		q.got += uint64(b.Count)
	}
}

// Lenient makes what a consumer has in its hands not count against the mark, so that up to twice as much can be in the queue. It is
// for answers, which nobody waits to send: the peer may have the last one, and ask again, before the writer has come to say
// that it is written; the next answer would be dropped at a mark of 1.
func (q *Queue) Lenient() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.lenient = true
}

// crowded reports whether there is no room for one more. mu is held.
func (q *Queue) crowded() bool {
	gone := q.got
	if q.lenient {
		gone = max(gone, min(q.taken, gone+q.limit)) // what came back and was taken again is not taken twice
	}
	return q.put-gone >= q.limit
}

// makeRoom reports the edge from full to not full. mu is held.
func (q *Queue) makeRoom() bool {
	if q.full && !q.crowded() {
		q.full = false
		q.turns++
		return true
	}
	return false
}

// Congested reports whether the producer has found no room since there was some, and how often there was some again.
func (q *Queue) Congested() (full bool, turns uint64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.full, q.turns
}

// lowWater is after how many consumed messages the producer hears of it: half the mark, so that a fast producer and a
// slow consumer meet once per half queue and not once per message (libzmq's choice as well).
func (q *Queue) lowWater() int { return int(min((q.limit+1)/2, 512)) }

// Len is the number of messages in the queue, exact when the consumer's side stands still.
func (q *Queue) Len() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return int(q.put-q.got) - q.owed
}

// Held is Len for whoever is not the consumer, and must not look at what that has in its hands: with what it has consumed
// and not yet credited.
func (q *Queue) Held() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return int(q.put - q.got)
}

// Counts is what came in from a connection, and what went out into a kernel.
func (q *Queue) Counts() (came, sent Count) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.came, q.sent
}

// Queued is the number of messages ever put.
func (q *Queue) Queued() uint64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.put
}

// SetPeer says who sends what is in the queue and what will be put.
func (q *Queue) SetPeer(p *monitor.Peer) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.from = nil
	if p != nil {
		q.from = &message.Rest{Peer: p}
	}
	for c := q.head; c != nil; c = c.Next {
		c.From = q.from
	}
}

// Torn is the number of messages that were lost because a break cut them in two.
func (q *Queue) Torn() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.torn
}

// Drop empties the queue and says what was in it: messages, and their bytes on the wire. Neither end may be at work.
func (q *Queue) Drop() (messages, bytes int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for n := q.available(); n > 0; n = q.available() {
		b := q.slice(n)
		messages, bytes = messages+b.Count, bytes+b.Size
	}
	q.got += uint64(messages)
	q.idle = true
	return messages, bytes
}

// Awaits reports whether a producer has to wait for room, and if so makes the credit that gives some an edge.
func (q *Queue) Awaits() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.closed && !q.crowded() {
		return false
	}
	q.full = true
	return true
}

// Close says that the producer is gone: Put refuses, and what is in the queue is all there will be.
func (q *Queue) Close() {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
}

// Closed reports whether the producer is gone.
func (q *Queue) Closed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed
}

// Idle reports whether the next message put is an edge, and there may be one.
func (q *Queue) Idle() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.idle && !q.closed
}

// Over reports whether the queue is empty for good.
func (q *Queue) Over() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.closed && q.put-q.got == uint64(q.owed)
}

// advance lets go of head, which the consumer has emptied and the producer has left. A steady stream shall allocate no
// chunk, and a full queue of 1000 messages of 1 KiB is sixteen; but a queue that was full once must not keep a MiB for
// good. So emptied chunks are held weakly: all of them are used again, and what is still unused when the collector comes
// is gone. With no more than two, held for good, a stream of 1 KiB took 1.5 times the processor time. mu is held.
func (q *Queue) advance() {
	c := q.head
	q.head, q.at, q.large, q.count = c.Next, 0, 0, 0
	if q.held { // conflation passes over what the consumer may still read
		return
	}
	c.Reset()
	c.From = nil
	if cap(c.Buf) == message.ChunkMost {
		c.Next, q.spare = q.spare.Value(), weak.Make(c)
	}
}

// Void says that what is queued, and not yet on the wire, is not to be sent any more; what a consumer has in its hands is
// void if it comes back. It reports whether a waiting producer now has room.
func (q *Queue) Void() (room bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.void = q.put
	q.skip()
	return q.makeRoom()
}

// skip drops the messages that were declared void, unless the consumer has some in its hands: it calls here when it has
// done with them. mu is held.
func (q *Queue) skip() {
	if q.taken > q.got {
		return
	}
	for q.taken < q.void && q.available() > 0 {
		q.slice(1)
		q.got++
	}
}

// grow appends a chunk with room for need bytes. mu is held.
func (q *Queue) grow(need int, whose *message.Rest) *message.Chunk {
	c := q.spare.Value()
	if c != nil && cap(c.Buf) >= need {
		q.spare, c.Next = weak.Make(c.Next), nil
	} else {
		from := 0
		if q.tail != nil {
			from = cap(q.tail.Buf)
		}
		c = message.NewChunk(from, need)
	}
	c.From = whose
	q.append(c)
	return c
}

// available finds the chunk with the next untaken messages and says how many. mu is held.
func (q *Queue) available() int {
	for c := q.head; c != nil; c = q.head {
		if n := c.Count - q.count; n > 0 {
			return n
		}
		if c == q.tail {
			break
		}
		q.advance()
	}
	return 0
}

// append makes c the tail. mu is held.
func (q *Queue) append(c *message.Chunk) {
	if q.head == nil {
		q.head, q.at, q.large, q.count = c, 0, 0, 0
	} else {
		q.tail.Next = c
	}
	q.tail = c
}
