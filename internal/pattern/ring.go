package pattern

import (
	"slices"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/internal/pipe"
)

// A ring is the pipes of a socket in one direction, those that are active — have room, have messages — before those
// that are not, and turns among the active ones, a message each (RFC 28–31: round-robin, fair queueing).
type ring struct {
	direction int // which Place of its pipes is the ring's
	pipes     []*pipe.Pipe
	active    int // pipes[:active] are active
	turn      int // whose turn it is
}

func (r *ring) attach(p *pipe.Pipe) {
	p.Place[r.direction] = len(r.pipes)
	r.pipes = append(r.pipes, p)
	r.ready(p)
}

func (r *ring) detach(p *pipe.Pipe) (was bool) {
	if !r.has(p) {
		return false
	}
	r.rest(p)
	last := len(r.pipes) - 1
	r.swap(p.Place[r.direction], last)
	r.pipes[last] = nil
	r.pipes = r.pipes[:last]
	p.Place[r.direction] = -1
	return true
}

func (r *ring) has(p *pipe.Pipe) bool {
	i := p.Place[r.direction]
	return i >= 0 && i < len(r.pipes) && r.pipes[i] == p
}

// ready makes p active; its turn comes last.
func (r *ring) ready(p *pipe.Pipe) {
	if r.has(p) && p.Place[r.direction] >= r.active {
		r.swap(p.Place[r.direction], r.active)
		r.active++
	}
}

// rest makes p inactive.
func (r *ring) rest(p *pipe.Pipe) {
	if i := p.Place[r.direction]; r.has(p) && i < r.active {
		r.active--
		r.swap(i, r.active)
		if r.turn >= r.active {
			r.turn = 0
		}
	}
}

func (r *ring) swap(i, j int) {
	r.pipes[i], r.pipes[j] = r.pipes[j], r.pipes[i]
	r.pipes[i].Place[r.direction] = i
	r.pipes[j].Place[r.direction] = j
}

func (r *ring) current() *pipe.Pipe {
	if r.active == 0 {
		return nil
	}
	return r.pipes[r.turn]
}

func (r *ring) next() {
	if r.turn++; r.turn >= r.active {
		r.turn = 0
	}
}

// RoundRobin gives each message to the next pipe with room: PUSH, DEALER, and PAIR with its one pipe.
type RoundRobin struct{ ring ring }

func NewRoundRobin() *RoundRobin { return &RoundRobin{ring{direction: pipe.Sending}} }

func (r *RoundRobin) Attach(p *pipe.Pipe) { r.ring.attach(p) }
func (r *RoundRobin) Detach(p *pipe.Pipe) { r.ring.detach(p) }
func (r *RoundRobin) Ready(p *pipe.Pipe)  { r.ring.ready(p) }

// Current and Next are Choose and Took for a caller that knows the pattern.
func (r *RoundRobin) Current() *pipe.Pipe { return r.ring.current() }
func (r *RoundRobin) Next()               { r.ring.next() }

// Only is the one pipe, nil if there is none or more.
func (r *RoundRobin) Only() *pipe.Pipe {
	if len(r.ring.pipes) != 1 {
		return nil
	}
	return r.ring.pipes[0]
}

func (r *RoundRobin) Choose() (*pipe.Pipe, [][]byte, error) { return r.ring.current(), nil, nil }
func (r *RoundRobin) Took(*pipe.Pipe)                       { r.ring.next() }

func (r *RoundRobin) Full(p *pipe.Pipe) { r.ring.rest(p) }
func (r *RoundRobin) Drops() bool       { return false }

// FairQueue takes a message from each pipe in turn that has one: PULL, DEALER, and PAIR with its one pipe.
//
// A peer that has come back, over another connection, must not overtake what it had left, and nobody can tell whether a
// newcomer is one. So a newcomer's turns begin when all is taken that those had left who went before it came. Whoever was
// there has its turns as ever: strangers that come, send and go again delay each other only.
type FairQueue struct {
	ring ring
	seen int      // what lookAhead saw: without use for it, the compiler would not have it look
	left []leaver // whose messages are still to be taken, in the order in which they went
	held []leaver // newcomers that wait
	gone int      // how many have ever left
}

// A leaver is a pipe and how many had left by then, itself included.
type leaver struct {
	pipe *pipe.Pipe
	at   int
}

func (l leaver) is(p *pipe.Pipe) bool { return l.pipe == p }

func NewFairQueue() *FairQueue { return &FairQueue{ring: ring{direction: pipe.Receiving}} }

func (f *FairQueue) Attach(p *pipe.Pipe) { f.ring.attach(p) }

func (f *FairQueue) Meet(p *pipe.Pipe) {
	if len(f.left) > 0 && f.ring.has(p) && !listed(f.held, p) && !listed(f.left, p) { // one that has left may come to linger
		f.ring.rest(p)
		f.held = append(f.held, leaver{p, f.gone})
	}
}

func listed(all []leaver, p *pipe.Pipe) bool {
	return len(all) > 0 && slices.ContainsFunc(all, func(l leaver) bool { return l.is(p) })
}

func (f *FairQueue) Ready(p *pipe.Pipe) {
	if !listed(f.held, p) {
		f.ring.ready(p)
	}
}

func (f *FairQueue) Leave(p *pipe.Pipe) {
	if f.ring.has(p) && !listed(f.left, p) {
		f.gone++
		f.left = append(f.left, leaver{p, f.gone})
	}
}

func (f *FairQueue) Detach(p *pipe.Pipe) (was bool) {
	f.left = slices.DeleteFunc(f.left, func(l leaver) bool { return l.is(p) })
	f.held = slices.DeleteFunc(f.held, func(h leaver) (over bool) {
		over = h.is(p) || len(f.left) == 0 || f.left[0].at > h.at
		if over {
			f.ring.ready(h.pipe)
		}
		return over
	})
	return f.ring.detach(p)
}

func (f *FairQueue) Empty(p *pipe.Pipe) { f.ring.rest(p) }

// Waiting is the pipes that may have messages, from the one whose turn it is.
func (f *FairQueue) Waiting(yield func(*pipe.Pipe) bool) {
	r := &f.ring
	for i := range r.active {
		if !yield(r.pipes[(r.turn+i)%r.active]) {
			return
		}
	}
	for _, h := range f.held {
		if !yield(h.pipe) {
			return
		}
	}
}

// Current and Next are Choose and Took for a caller that knows the pattern: without an interface between, they cost
// nothing.
func (f *FairQueue) Current() *pipe.Pipe { return f.ring.current() }
func (f *FairQueue) Next()               { f.ring.next() }

// LookAhead is to be called before the turns of those whose messages are at hand. In a crowd nothing of a pipe is in the
// cache any more when its turn comes: each message would wait for memory four or five times, one after the other. So now
// and then what the next turns will read is read, and nothing done with it: no wait hangs on another there, and the
// processor does all of them at once.
func (f *FairQueue) LookAhead() {
	if f.ring.active >= crowd {
		f.lookAhead()
	}
}

// With fewer than crowd active pipes all is in the cache anyway. 16 turns ahead were worse, 64 no better.
const crowd, ahead = 8, 32

func (f *FairQueue) lookAhead() {
	r := &f.ring
	if r.turn%ahead != 0 {
		return
	}
	for _, p := range r.pipes[r.turn:min(r.turn+ahead, r.active)] {
		f.seen += p.In.Glance()
	}
}

func (f *FairQueue) Choose() (*pipe.Pipe, error) { return f.ring.current(), nil }

func (f *FairQueue) Fits(*pipe.Pipe, message.Message) bool { return true }

func (f *FairQueue) Took(_ *pipe.Pipe, m message.Message) (message.Message, bool) {
	f.ring.next()
	return m, true
}
