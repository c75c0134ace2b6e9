package main

import "sync"

// The raw side is what plain Go reaches on this machine with the wire's bytes
// and the library's promises about memory (Send copies, a received message is
// the receiver's to keep), but no socket: one connection, no handshake, no
// events, no choice of peer.

// rawMark is how many messages a raw queue holds before its producer waits:
// the default high-water mark of both libraries.
const rawMark = 1000

// A rawQueue hands messages from one or several goroutines to one other. The
// consumer takes all there is under one lock and works it off without.
type rawQueue struct {
	mu       sync.Mutex // guards waiting, starved and blocked
	ready    sync.Cond  // waiting is not empty
	room     sync.Cond  // waiting is below rawMark
	waiting  [][]byte
	starved  bool     // the consumer waits for ready
	blocked  bool     // a producer waits for room
	consumed [][]byte // the consumer's own: what it took, up to next already used
	next     int
}

func newRawQueue() *rawQueue {
	q := new(rawQueue)
	q.ready.L = &q.mu
	q.room.L = &q.mu
	return q
}

// put queues a batch, which may pass the mark once begun.
func (q *rawQueue) put(batch ...[]byte) {
	q.mu.Lock()
	for len(q.waiting) >= rawMark {
		q.blocked = true
		q.room.Wait()
	}
	q.waiting = append(q.waiting, batch...)
	if q.starved {
		q.starved = false
		q.ready.Signal()
	}
	q.mu.Unlock()
}

func (q *rawQueue) take() []byte {
	if q.next == len(q.consumed) {
		q.refill()
	}
	m := q.consumed[q.next]
	q.next++
	return m
}

func (q *rawQueue) refill() {
	q.mu.Lock()
	for len(q.waiting) == 0 {
		q.starved = true
		q.ready.Wait()
	}
	q.consumed, q.waiting = q.waiting, q.consumed[:0]
	q.next = 0
	if q.blocked {
		q.blocked = false
		q.room.Broadcast()
	}
	q.mu.Unlock()
}
