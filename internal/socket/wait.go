package socket

// A waiter is one call that waits. Its channel is used again: waiting allocates nothing once a socket has warmed up.
type waiter struct {
	ch     chan struct{}
	next   *waiter
	queued bool
}

// A waitlist is the calls that wait on one side of a socket, the first come first. The side's lock guards it.
type waitlist struct {
	first, last *waiter
	spare       *waiter
}

func (l *waitlist) empty() bool { return l.first == nil }

// add puts the caller at the end of the queue.
func (l *waitlist) add() *waiter {
	w := l.spare
	if w == nil {
		w = &waiter{ch: make(chan struct{}, 1)}
	} else {
		l.spare = w.next
	}
	w.next, w.queued = nil, true
	if l.last == nil {
		l.first = w
	} else {
		l.last.next = w
	}
	l.last = w
	return w
}

// again puts one that was woken and found nothing back where it was: at the front.
func (l *waitlist) again() *waiter {
	last := l.last
	w := l.add()
	if last != nil {
		l.unlink(last, w)
		w.next, w.queued = l.first, true
		l.first = w
	}
	return w
}

// wake lets the first go on, and reports whether there was one.
func (l *waitlist) wake() bool {
	w := l.first
	if w == nil {
		return false
	}
	l.unlink(nil, w)
	w.ch <- struct{}{} // has room: a waiter is woken once for each time it is added
	return true
}

func (l *waitlist) wakeAll() {
	for l.wake() {
	}
}

// leave takes w out after its wait, and reports whether it had been woken; then something was meant for it, and a caller
// that goes away must pass it on.
func (l *waitlist) leave(w *waiter) (woken bool) {
	if woken = !w.queued; woken {
		select {
		case <-w.ch:
		default: // it has heard already
		}
	} else {
		var before *waiter
		for at := l.first; at != w; at = at.next {
			before = at
		}
		l.unlink(before, w)
	}
	w.next, l.spare = l.spare, w
	return woken
}

func (l *waitlist) unlink(before, w *waiter) {
	if before == nil {
		l.first = w.next
	} else {
		before.next = w.next
	}
	if l.last == w {
		l.last = before
	}
	w.next, w.queued = nil, false
}

// A level is a condition as a channel that is closed while it is true, and as a call when it becomes so. The side's lock
// guards it.
type level struct {
	ch   chan struct{}
	tell func() // nil: nobody asked, or it was called …
	self bool   // … by who can read a lent connection by itself
}

// get returns the channel for a condition that is true or not now.
func (l *level) get(now bool) <-chan struct{} {
	if now {
		return done
	}
	if l.ch == nil {
		l.ch = make(chan struct{})
	}
	return l.ch
}

// asked reports whether anybody waits for it.
func (l *level) asked() bool { return l.ch != nil || l.tell != nil }

// set says that the condition has become true.
func (l *level) set() {
	if l.ch != nil {
		close(l.ch)
		l.ch = nil
	}
	if tell := l.tell; tell != nil {
		l.tell = nil
		tell()
	}
}
