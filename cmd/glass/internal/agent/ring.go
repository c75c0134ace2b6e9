package agent

import (
	"sync"
	"time"

	"github.com/glassmq/zmq/observe/fact"
)

// What the ring holds at most: a page that was away for a minute comes back to a busy agent without the history's help.
const (
	ringFacts = 64 << 10
	ringBytes = 16 << 20
)

// A ring is the last facts, as lines, under running numbers. Who adds never waits for who reads: a reader that falls behind finds
// that its place is gone.
type ring struct {
	most  int // facts
	bytes int // of their lines

	mu      sync.Mutex // guards what follows
	lines   [][]byte   // at (number - first + head) modulo len
	head    int
	n       int
	held    int           // bytes
	first   uint64        // number of the oldest
	start   uint64        // number of the first of this run
	stored  uint64        // the last number that the history has
	kept    int64         // under which the history has it
	changed chan struct{} // closed and renewed when something was added
}

// newRing begins its numbers at the time, so that those of a run after this one are all greater: a reader that comes back with an
// older number was away across a restart.
func newRing(most, bytes int) *ring {
	from := uint64(time.Now().UnixMicro())
	return &ring{most: most, bytes: bytes, first: from, start: from, stored: from - 1, changed: make(chan struct{})}
}

// add appends facts, and returns the number of the last one.
func (r *ring) add(facts []fact.Fact) (last uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for i := range facts {
		r.push(facts[i].Line)
	}
	if len(facts) > 0 {
		close(r.changed)
		r.changed = make(chan struct{})
	}
	return r.first + uint64(r.n) - 1
}

func (r *ring) push(line []byte) {
	for r.n == r.most || r.n > 0 && r.held+len(line) > r.bytes {
		r.held -= len(r.lines[r.head])
		r.lines[r.head] = nil
		r.head = (r.head + 1) % len(r.lines)
		r.n--
		r.first++
	}
	if r.n == len(r.lines) {
		r.grow()
	}
	r.lines[(r.head+r.n)%len(r.lines)] = line
	r.n++
	r.held += len(line)
}

// grow doubles the space: an agent to which little happens stays small.
func (r *ring) grow() {
	more := make([][]byte, min(r.most, max(256, 2*len(r.lines))))
	for i := range r.n {
		more[i] = r.lines[(r.head+i)%len(r.lines)]
	}
	r.lines, r.head = more, 0
}

// A told is a fact with its number.
type told struct {
	number uint64
	line   []byte
}

// after reads up to most facts behind a number. Gone says how many behind it are not there any more; wait is closed when there is
// more than was read.
func (r *ring) after(number uint64, into []told, most int) (facts []told, gone uint64, wait <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next := number + 1
	if next < r.first {
		gone = r.first - next
		next = r.first
	}
	for end := r.first + uint64(r.n); next < end && len(into) < most; next++ {
		into = append(into, told{next, r.lines[(r.head+int(next-r.first))%len(r.lines)]})
	}
	return into, gone, r.changed
}

// end is the number of the last fact.
func (r *ring) end() uint64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.first + uint64(r.n) - 1
}

// keep notes that the history has everything up to a number, under kept.
func (r *ring) keep(number uint64, kept int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stored, r.kept = max(r.stored, number), max(r.kept, kept)
}

// has reports whether nothing behind a number is gone.
func (r *ring) has(number uint64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return number+1 >= r.first
}

// marks are the first number of this run, the last that the history has, and under which it has that.
func (r *ring) marks() (start, stored uint64, kept int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.start, r.stored, r.kept
}
