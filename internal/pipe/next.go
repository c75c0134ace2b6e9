package pipe

import "github.com/glassmq/zmq/internal/message"

// Next takes the next message out. ok is false if there is none, and then the next one put is an edge. room reports
// that a producer which found the queue full must be told. The consumer's lock is held.
func (q *Queue) Next(slab *message.Slab) (m message.Message, ok, room bool) {
	if q.span.Left == 0 || q.step == 1 {
		if ok, room = q.take(); !ok {
			return m, false, room
		}
	}
	m = q.span.Next(slab)
	if q.owed++; q.owed >= q.step {
		room = q.Settle() || room
	}
	return m, true, room
}

// Short takes the next message out if it is one short frame in the span at hand and nobody need be told: most are, in a
// stream. The consumer's lock is held.
func (q *Queue) Short(slab *message.Slab) (m message.Message, ok bool) {
	if q.span.Left == 0 || q.owed+1 >= q.step {
		return m, false
	}
	head, ok := q.span.Short(slab)
	if ok {
		q.owed++
	}
	return message.Single(head, q.span.From()), ok
}

// ShortInto is Short into b.
func (q *Queue) ShortInto(b *message.Buffer) (ok bool) {
	if q.span.Left == 0 || q.owed+1 >= q.step {
		return false
	}
	if ok = q.span.ShortInto(b); ok {
		q.owed++
	}
	return ok
}

// Glance reads what Short would read. The consumer's lock is held.
func (q *Queue) Glance() int { return q.step + q.span.Glance() }

// AtHand reports whether the consumer has taken a message that it has not worked off. The consumer's lock is held.
func (q *Queue) AtHand() bool { return q.span.Left > 0 }

// Into is Next into memory that is used again.
func (q *Queue) Into(b *message.Buffer) (ok, room bool) {
	if q.span.Left == 0 || q.step == 1 {
		if ok, room = q.take(); !ok {
			return false, room
		}
	}
	q.span.Into(b, q.spares)
	if q.owed++; q.owed >= q.step {
		room = q.Settle() || room
	}
	return true, room
}

// Settle credits what the consumer has taken out since the last time and reports whether a waiting producer now has
// room. The consumer's lock is held.
func (q *Queue) Settle() (room bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.credit()
}

// SettleEagerly is Settle, and makes each message be credited by itself until the mark is no longer in the way.
func (q *Queue) SettleEagerly() (room bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.eager = true
	return q.credit()
}

// credit is Settle with mu held.
func (q *Queue) credit() (room bool) {
	q.got += uint64(q.owed)
	q.owed = 0
	if room = q.makeRoom(); room {
		q.eager = false
	}
	if q.step = q.lowWater(); q.eager || q.conflate {
		q.step = 1
	}
	return room
}

// take makes what has gathered the span that is worked off. What is left of the last one comes first, unless only the
// last message counts.
func (q *Queue) take() (ok, room bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.span.Left > 0 && !(q.conflate && q.put > q.taken) {
		return true, false
	}
	q.owed += q.span.Left
	q.held = false
	room = q.credit()
	q.skip()
	room = q.makeRoom() || room
	n := q.available()
	if q.idle = n == 0; q.idle {
		return false, room
	}
	c := q.head
	q.span, q.held = c.Cut(q.at, q.large, n), true
	q.at, q.large, q.count = len(c.Buf), len(c.Large), c.Count
	q.taken += uint64(n)
	return true, room
}

// HasNext reports whether Next would find a message; if not, the next one put is an edge. The consumer's lock is held.
func (q *Queue) HasNext() (ok, room bool) {
	if q.span.Left > 0 {
		return true, false
	}
	return q.take()
}
