package monitor

// A ring keeps the newest events and counts the older ones it had to give up.
// Since the oldest goes first, what is missing always lies before the oldest
// that is there: one count, kept outside the slots, is the Lost event in its
// right place, and needs no room.
//
// It has no lock; its Subscription does.
type ring struct {
	slots   []Event
	head, n int    // the oldest, and how many
	gap     Event  // Lost, to be read before the oldest; Count 0: nothing is missing
	lost    uint64 // ever
}

// push makes room for one more event and returns its slot.
func (r *ring) push() *Event {
	if r.n == len(r.slots) {
		r.drop()
	}
	slot := &r.slots[(r.head+r.n)%len(r.slots)]
	r.n++
	return slot
}

// drop gives up the oldest. The gap takes its number, time and socket, so that
// numbers and times still grow from one event that is read to the next.
func (r *ring) drop() {
	oldest, gap := &r.slots[r.head], &r.gap
	gap.Kind, gap.FD = Lost, -1
	gap.Count++
	gap.Seq, gap.Time = oldest.Seq, oldest.Time
	gap.SocketID, gap.SocketName, gap.SocketType = oldest.SocketID, oldest.SocketName, oldest.SocketType
	r.lost++
	r.head = (r.head + 1) % len(r.slots)
	r.n--
}

func (r *ring) empty() bool { return r.n == 0 && r.gap.Count == 0 }

// pop takes the next event out; the ring must not be empty.
func (r *ring) pop() (e Event) {
	if r.gap.Count > 0 {
		e, r.gap = r.gap, Event{}
		return e
	}
	slot := &r.slots[r.head]
	e, *slot = *slot, Event{} // keep nothing alive that was read
	r.head = (r.head + 1) % len(r.slots)
	r.n--
	return e
}

// crowded says that a burst like the last one could be too much.
func (r *ring) crowded() bool { return r.n > len(r.slots)/2 }

// move takes the events over to more slots.
func (r *ring) move(slots []Event) {
	n := copy(slots, r.slots[r.head:])
	copy(slots[n:], r.slots[:r.head])
	r.slots, r.head = slots, 0
}
