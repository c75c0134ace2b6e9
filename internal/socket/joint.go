package socket

import (
	"sync"
	"sync/atomic"

	"github.com/glassmq/zmq/internal/pipe"
	"github.com/glassmq/zmq/monitor"
)

// A joint is the two queues of a connection, or of an end that looks for one, and what both sockets' marks add up to.
type joint struct {
	mu sync.Mutex
	// mu guards:
	send, recv [2]int // the marks of the end that connected and of the one that bound
	bound      bool   // there is one that bound

	out, in *pipe.Queue             // of the end that connected
	ends    [2]atomic.Pointer[link] // who is there
}

const (
	connected = iota
	bound
)

// mark takes over one end's marks, and tells a sender that now has room. No lock is held.
func (j *joint) mark(end, send, recv int) {
	j.mu.Lock()
	j.send[end], j.recv[end] = send, recv
	out, in := j.send[connected], j.recv[connected]
	if j.bound {
		out, in = sum(out, j.recv[bound]), sum(j.send[bound], in)
	}
	j.mu.Unlock()
	if j.out != nil && j.out.SetLimit(out) {
		j.room(connected)
	}
	if j.in != nil && j.in.SetLimit(in) {
		j.room(bound)
	}
}

// sum adds two marks, of which one may be none.
func sum(a, b int) int {
	if a <= 0 || b <= 0 {
		return 0
	}
	return a + b
}

// flush tells the other end than from that messages are there; room tells end that there is room for more.
func (j *joint) flush(from int) {
	switch l := j.ends[1-from].Load(); {
	case l == nil:
	case l.up != nil:
		l.hear()
	case l.pipe.In != nil:
		l.owner.arrived(l.pipe)
	}
}

func (j *joint) room(end int) {
	if l := j.ends[end].Load(); l != nil {
		l.owner.out.ready(l.pipe)
	}
}

// newPipe makes the pipe of one end.
func (j *joint) newPipe(c *Core, end int) *pipe.Pipe {
	p := &pipe.Pipe{Out: j.out, In: j.in}
	if end == bound {
		p.Out, p.In = j.in, j.out
	}
	if c.rule.publishes { // what comes are subscriptions: its user's messages are made of them
		p.In = nil
		if c.rule.receives {
			p.In = pipe.NewQueue(0, nil)
		}
	}
	p.Near = &jointEnd{j, end, c, p}
	p.Far = p.Near
	return p
}

// A jointEnd is the far end of a pipe, for the one that has it.
type jointEnd struct {
	j     *joint
	end   int        // this one
	owner *Core      // here …
	pipe  *pipe.Pipe // … whose pipe it is
}

func (e *jointEnd) Flush() { e.j.flush(e.end) }
func (e *jointEnd) Room()  { e.j.room(1 - e.end) }

func (e *jointEnd) Settle(eager bool) (room bool) {
	l := e.j.ends[1-e.end].Load()
	return l != nil && l.settle(e.pipe.Out, eager)
}

func (e *jointEnd) About(k monitor.Kind) *monitor.Event {
	if l := e.j.ends[e.end].Load(); l != nil {
		return l.about(k)
	}
	return &monitor.Event{Kind: k | monitor.Inproc, FD: -1} // about to be opened: nothing has happened yet
}

func (e *jointEnd) Marks() {
	e.owner.mu.Lock()
	send, recv := e.owner.opt.SendHWM, e.owner.opt.RecvHWM
	e.owner.mu.Unlock()
	e.j.mark(e.end, send, recv)
}

// settle asks l's socket, which receives from q, what it has taken out.
func (l *link) settle(q *pipe.Queue, eager bool) (room bool) {
	mu := l.owner.in.mu
	if l.up != nil {
		mu = &l.hearing
	}
	mu.Lock()
	defer mu.Unlock()
	if eager {
		return q.SettleEagerly()
	}
	return q.Settle()
}

// arrived says that p has messages that it had not before. No lock is held.
func (c *Core) arrived(p *pipe.Pipe) {
	c.in.mu.Lock()
	c.in.received(p)
	c.in.mu.Unlock()
}

// conflate makes the queues keep the last message only, if this end's socket wants that; of subscriptions all count.
// Control lock held.
func (j *joint) conflate(c *Core, end int) {
	out, in := j.out, j.in
	if end == bound {
		out, in = in, out
	}
	if c.opt.Conflate && out != nil && c.sub == nil {
		out.Conflate()
	}
	if c.opt.Conflate && in != nil && !c.rule.publishes {
		in.Conflate()
	}
}
