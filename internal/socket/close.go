package socket

import (
	"context"
	"sort"

	"github.com/glassmq/zmq/internal/peer"
	"github.com/glassmq/zmq/monitor"
)

// Closing:
//
//  1. every other call ends, with ErrClosed or ErrTerminated, and no new one begins;
//  2. listeners close, and nobody dials for an empty queue;
//  3. what is queued goes on its way: connections end when their queue is in the kernel, endpoints dial on while theirs
//     is not;
//  4. when nothing is left, or the time is up and the rest is dropped, the last event.

// Refuse ends every call that waits, and every later one. The first error stays, but ErrTerminated wins.
func (c *Core) Refuse(err error) {
	c.out.mu.Lock()
	if c.out.err == nil || err == ErrTerminated {
		c.out.err = err
	}
	c.out.chosen()
	c.out.waiting.wakeAll()
	c.out.writable.set()
	c.out.mu.Unlock()
	c.in.mu.Lock() // after the other side: who sees Ended finds in Refused why
	if c.in.err == nil || err == ErrTerminated {
		c.in.err = err
	}
	c.in.waiting.wakeAll()
	c.in.readable.set()
	c.in.over.set()
	c.in.reclaim()
	c.in.mu.Unlock()
	c.mu.Lock()
	(*host)(c).Changed()
	c.mu.Unlock()
}

// Close lingers up to Options.Linger. It returns a *DroppedError if that was not enough.
func (c *Core) Close() error {
	c.mu.Lock()
	linger := c.opt.Linger
	c.mu.Unlock()
	ctx := context.Background()
	if linger >= 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, linger)
		defer cancel()
	}
	return c.Shutdown(ctx)
}

// Shutdown begins to close, or joins who has begun, and drops the rest when ctx ends.
func (c *Core) Shutdown(ctx context.Context) error {
	c.closeOnce.Do(c.beginClose)
	if ctx.Err() != nil {
		c.kill()
	} else {
		dropped := make(chan struct{})
		stop := context.AfterFunc(ctx, func() { c.kill(); close(dropped) })
		defer func() {
			if !stop() {
				<-dropped
			}
		}()
	}
	first := false
	c.endOnce.Do(func() { first = true })
	if first {
		c.finish()
		close(c.closed)
	}
	<-c.closed
	return c.closeErr
}

func (c *Core) beginClose() {
	c.Refuse(ErrClosed)
	c.mu.Lock()
	c.closing = true
	dials, binds := append([]*dial(nil), c.dials...), c.binds
	c.binds = nil
	for _, conn := range c.connections() {
		if in := conn.Pipe.In; in != nil {
			in.Close()
			conn.Pipe.Far.Room() // a reader that waits for room need not
		}
	}
	c.mu.Unlock()
	why := peer.Local(c.ended())
	for _, b := range binds {
		c.unbind(b, why, -1)
	}
	for _, d := range dials {
		if d.dialer != nil {
			d.dialer.Drain(why)
		} else if c.mayHangUp(d) {
			c.hangUp(d, why)
		}
	}
}

// ended is the reason that events give: the socket's own end, or its Context's.
func (c *Core) ended() monitor.Reason {
	if c.Refused() == ErrTerminated {
		return monitor.ReasonContextEnded
	}
	return monitor.ReasonClose
}

// mayHangUp reports whether nothing is left to do for d: its messages are with its peer, or there are none.
func (c *Core) mayHangUp(d *dial) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return d.link != nil || c.drained(d)
}

// kill drops what has not gone out by now.
func (c *Core) kill() {
	why := peer.Local(monitor.ReasonLingerExpired)
	c.mu.Lock()
	dials := append([]*dial(nil), c.dials...)
	var conns []*peer.Conn
	for conn, b := range c.conns {
		if b != nil {
			conns = append(conns, conn)
		}
	}
	c.mu.Unlock()
	for _, d := range dials {
		if d.dialer != nil {
			d.dialer.End(why)
		} else {
			c.hangUp(d, why)
		}
	}
	for _, conn := range conns {
		conn.End(why)
	}
}

// finish waits for the last connection and tells the last event. Connections over inproc have no goroutine to wait for: an
// Unbind, or the socket at the other end, may be about to end one.
func (c *Core) finish() {
	c.work.Wait()
	for {
		c.mu.Lock()
		left, changed := len(c.dials)+len(c.links)+c.unbinding, c.change()
		c.mu.Unlock()
		if left == 0 {
			break
		}
		<-changed
	}
	c.stopFrames()
	c.mu.Lock()
	c.partAll()
	c.mu.Unlock()
	c.hub.Close()
	c.ctx.remove(c)
	c.mu.Lock()
	c.closeErr = c.lost.result()
	c.mu.Unlock()
}

// result is e, if it says anything.
func (e *DroppedError) result() error {
	if e.Messages == 0 {
		return nil
	}
	sort.SliceStable(e.Peers, func(i, j int) bool { return e.Peers[i].Messages > e.Peers[j].Messages })
	return e
}
