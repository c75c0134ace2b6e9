package socket

import (
	"cmp"
	"slices"
	"time"

	"github.com/glassmq/zmq/internal/pipe"
	"github.com/glassmq/zmq/monitor"
)

// What the queues have to tell: that one is full and stays so, that it has room again, that messages were dropped. Senders
// meet these conditions a million times a second, readers of events hear of them once:
//
//  1. who finds a queue full, or drops a message, notes the pipe, if anybody wants to hear of it and it is not noted yet;
//     a message that is dropped besides costs no more than the counters (note);
//  2. while pipes are noted a timer looks at them ten times a second, and tells what has lasted, or gathered, long enough
//     (look);
//  3. what is left to tell when a connection ends is told before its terminal event (part).
//
// A queue is not watched for its ups and downs: one that feeds a fast peer is full at every turn, and no trouble. It counts
// how often it has had room again (pipe.Queue.Congested), and full for 100 ms means that this did not happen.

const (
	lookEvery  = 100 * time.Millisecond // and how long a queue must have been full
	tellEvery  = time.Second            // of one pipe and one thing
	congestion = monitor.QueueFull | monitor.QueueDrained | monitor.Dropped
)

// A flow is what is noted of a socket's pipes. The sending lock guards it.
type flow struct {
	core     *Core
	accounts []*account
	timer    *time.Timer // nil before the first
	running  bool        // the timer is set
	nobody   pipe.Pipe   // stands for the peer of messages that had none
}

// An account is what has been told of one pipe.
type account struct {
	pipe  *pipe.Pipe
	since time.Time // no room since then; zero: there was some when it was last looked at
	turns uint64    // how often the queue had had room again by then
	full  bool      // QueueFull was told, and QueueDrained is to be

	dropped, skipped              uint64    // of the pipe's, told
	toldFull, toldDrop, toldSkips time.Time // the last time
}

// drop counts a message that p does not take; nil: that nobody gets. mu is held.
func (s *sendSide) drop(p *pipe.Pipe) {
	if p == nil {
		p = &s.flow.nobody
	}
	s.flow.note(p)
	s.dropped++
	p.Dropped++
}

// skip counts a message from p that is not for the user. mu is held.
func (s *sendSide) skip(p *pipe.Pipe) {
	s.flow.note(p)
	s.dropped++
	p.Skipped++
}

// note has p looked at from now on.
func (f *flow) note(p *pipe.Pipe) {
	if p.Noted || f.core.hub.Wanted()&congestion == 0 {
		return
	}
	p.Noted = true
	a := &account{pipe: p, dropped: p.Dropped, skipped: p.Skipped}
	a.turn(time.Now())
	f.accounts = append(f.accounts, a)
	switch {
	case f.timer == nil:
		f.timer = time.AfterFunc(lookEvery, f.core.look)
	case !f.running:
		f.timer.Reset(lookEvery)
	}
	f.running = true
}

// turn looks at the queue, and reports whether it is full.
func (a *account) turn(now time.Time) bool {
	if a.pipe.Out == nil {
		return false
	}
	full, turns := a.pipe.Out.Congested()
	switch {
	case !full:
		a.since = time.Time{}
	case a.since.IsZero() || turns != a.turns && !a.full:
		a.since, a.turns = now, turns
	}
	return full
}

// A telling is an event about a pipe that is still to be made.
type telling struct {
	pipe   *pipe.Pipe
	kind   monitor.Kind
	reason monitor.Reason
	count  uint64
	lasted time.Duration
}

// look is what the timer does.
func (c *Core) look() {
	c.settleNear()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.mu.Lock()
	f, now := &c.out.flow, time.Now()
	wanted := c.hub.Wanted()&congestion != 0
	var due []telling
	f.accounts = slices.DeleteFunc(f.accounts, func(a *account) (settled bool) {
		due = a.due(due, now, c)
		if settled = !wanted || a.settled(now); settled {
			a.pipe.Noted = false
		}
		return settled
	})
	if f.running = len(f.accounts) > 0; f.running {
		f.timer.Reset(lookEvery)
	}
	c.out.mu.Unlock()
	c.tellAll(due)
}

// due appends what is to be told of a by now.
func (a *account) due(all []telling, now time.Time, c *Core) []telling {
	p, was := a.pipe, a.since
	switch full := a.turn(now); {
	case a.full && !full:
		a.full = false
		all = append(all, telling{pipe: p, kind: monitor.QueueDrained, lasted: now.Sub(was)})
	case full && !a.full && now.Sub(a.since) >= lookEvery && now.Sub(a.toldFull) >= tellEvery:
		a.full, a.toldFull = true, now
		all = append(all, telling{pipe: p, kind: monitor.QueueFull})
	}
	if now.Sub(a.toldDrop) >= tellEvery {
		all = a.drops(all, now, c)
	}
	if now.Sub(a.toldSkips) >= tellEvery {
		all = a.skips(all, now, c)
	}
	return all
}

func (a *account) drops(all []telling, now time.Time, c *Core) []telling {
	n := a.pipe.Dropped - a.dropped
	if n == 0 {
		return all
	}
	a.dropped, a.toldDrop = a.pipe.Dropped, now
	reason := monitor.ReasonHWM
	switch {
	case a.pipe != &c.out.flow.nobody:
	case c.typ == "ROUTER" || c.typ == "STREAM":
		reason = monitor.ReasonNoRoute
	default:
		reason = monitor.ReasonPeerGone
	}
	return append(all, telling{pipe: a.pipe, kind: monitor.Dropped, reason: reason, count: n})
}

func (a *account) skips(all []telling, now time.Time, c *Core) []telling {
	n := a.pipe.Skipped - a.skipped
	if n == 0 {
		return all
	}
	a.skipped, a.toldSkips = a.pipe.Skipped, now
	reason := monitor.ReasonBadEnvelope
	switch c.typ {
	case "REQ":
		reason = monitor.ReasonLateReply
	case "XPUB":
		reason = monitor.ReasonSubscriptionLimit
	}
	return append(all, telling{pipe: a.pipe, kind: monitor.Dropped, reason: reason, count: n})
}

// settled reports whether there is nothing to remember: the queue has room, all is told, and not so lately that the next
// one would have to wait for its turn.
func (a *account) settled(now time.Time) bool {
	lately := now.Add(-tellEvery)
	return a.since.IsZero() && a.dropped == a.pipe.Dropped && a.skipped == a.pipe.Skipped &&
		!a.toldFull.After(lately) && !a.toldDrop.After(lately) && !a.toldSkips.After(lately)
}

// part tells what there is to tell of p before its connection, or over, its pipe ends: what comes later is another's.
// Control lock held.
func (c *Core) part(p *pipe.Pipe, over bool) {
	c.out.mu.Lock()
	var due []telling
	f, now := &c.out.flow, time.Now()
	if i := slices.IndexFunc(f.accounts, func(a *account) bool { return a.pipe == p }); i >= 0 {
		a := f.accounts[i]
		due = a.skips(a.drops(due, now, c), now, c)
		if a.dropped, a.skipped = 0, 0; over {
			f.accounts = slices.Delete(f.accounts, i, i+1)
			p.Noted = false
		}
	}
	p.Dropped, p.Skipped = 0, 0
	c.out.mu.Unlock()
	c.tellAll(due)
}

// partAll is the end of the socket's: what messages without a peer have left to tell, and the timer. Control lock held.
func (c *Core) partAll() {
	c.part(&c.out.flow.nobody, true)
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	if c.out.flow.timer != nil {
		c.out.flow.timer.Stop()
	}
}

// tellAll emits events about pipes. Control lock held.
func (c *Core) tellAll(due []telling) {
	for _, t := range due {
		e := c.about(t.pipe, t.kind)
		e.Reason, e.Who, e.Count, e.Duration = t.reason, t.reason.Who(), t.count, t.lasted
		c.hub.Emit(e)
	}
}

// about begins an event about a pipe. Control lock held.
func (c *Core) about(p *pipe.Pipe, k monitor.Kind) *monitor.Event {
	if p.Far == nil { // nobody's
		return &monitor.Event{Kind: k, FD: -1}
	}
	e := p.Far.About(k)
	if k != monitor.Dropped {
		d := c.depths(monitor.PeerState{}, p)
		e.QueueOut, e.QueueIn = d.QueueOut, d.QueueIn
	}
	return e
}

// attend notes what is full already, for a reader who has just come. Control lock held.
func (c *Core) attend() {
	if c.hub.Wanted()&congestion == 0 {
		return
	}
	pipes := c.pipes()
	c.out.mu.Lock()
	defer c.out.mu.Unlock()
	for _, p := range pipes {
		if p.Out != nil {
			if full, _ := p.Out.Congested(); full {
				c.out.flow.note(p)
			}
		}
	}
}

// PipesStats tells how much is queued, in one event for each pipe (zmq_socket_monitor_pipes_stats(3)): for each peer, and
// for each dialled endpoint whether its peer is there or not.
func (c *Core) PipesStats() error {
	c.settleNear()
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.Refused(); err != nil {
		return err
	}
	if c.hub.Wanted()&monitor.PipesStats == 0 {
		return Because(ErrInvalid, "zmq: pipes stats: nobody reads them: ask for monitor.PipesStats in the mask of MonitorVersioned (version 2), Watch or OnEvent")
	}
	var all []*monitor.Event
	for _, p := range c.pipes() {
		if e := c.about(p, monitor.PipesStats); e.Conn != 0 || e.Side == monitor.SideConnect { // an accepted peer is none before its handshake
			e.Kind &^= monitor.Inproc // whoever asks means all; libzmq's does, too
			all = append(all, e)
		}
	}
	if len(all) == 0 {
		return Because(ErrWouldBlock, "zmq: pipes stats: there is no pipe yet: Connect, or wait for a peer")
	}
	slices.SortFunc(all, func(a, b *monitor.Event) int {
		return cmp.Or(cmp.Compare(a.EndpointID, b.EndpointID), cmp.Compare(a.Conn, b.Conn))
	})
	for _, e := range all {
		c.hub.Emit(e)
	}
	return nil
}
