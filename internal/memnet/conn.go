package memnet

import (
	"io"
	"net"
	"os"
	"syscall"
	"time"
)

// A link is a connection: two ends, two streams.
type link struct {
	keys           [2]string // the address dialled and the listener's: faults go by either
	client, server *conn
	hole           bool   // a black hole has it
	serial         uint64 // in order of birth
}

// A conn is one end of a connection, a net.Conn with CloseWrite. Network.mu guards it.
type conn struct {
	net           *Network
	link          *link
	peer          *conn
	local, remote addr
	in, out       *stream

	closed, finished bool      // by Close; by CloseWrite or Close
	dead             bool      // a reset has arrived
	writing          bool      // a Write is under way: the bytes of two do not mix
	readBy, writeBy  time.Time // deadlines; zero: none
	changed          bell      // anything that a waiting Read or Write may be waiting for
}

func newLink(n *Network, from, to addr, keys [2]string) *link {
	n.born++
	k := &link{keys: keys, serial: n.born}
	k.client = &conn{net: n, link: k, local: from, remote: to}
	k.server = &conn{net: n, link: k, local: to, remote: from}
	k.client.peer, k.server.peer = k.server, k.client
	k.client.out = &stream{to: k.server, limit: n.buffer, flip: -1, cut: -1}
	k.server.out = &stream{to: k.client, limit: n.buffer, flip: -1, cut: -1}
	k.client.in, k.server.in = k.server.out, k.client.out
	return k
}

func (c *conn) LocalAddr() net.Addr  { return c.local }
func (c *conn) RemoteAddr() net.Addr { return c.remote }

// Read returns what has arrived, before it tells of an end or a reset. As with the system's connections, a deadline that has passed comes first.
func (c *conn) Read(p []byte) (int, error) {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	for {
		now := time.Now()
		c.in.arrive(now)
		switch {
		case c.closed:
			return 0, c.fail("read", net.ErrClosed)
		case passed(c.readBy, now):
			return 0, c.fail("read", os.ErrDeadlineExceeded)
		case len(p) == 0:
			return 0, nil
		case c.in.arrived > c.in.read:
			c.peer.changed.ring() // there is room
			return c.in.take(p), nil
		case c.dead:
			return 0, c.fail("read", syscall.ECONNRESET)
		case c.in.ended:
			return 0, io.EOF
		}
		c.net.wait(&c.changed, sooner(c.readBy, c.in.next()), nil)
	}
}

// Write returns when the stream has taken all of p, as a kernel does: it may never arrive.
func (c *conn) Write(p []byte) (int, error) {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	for c.writing {
		if err := c.broken(time.Now()); err != nil {
			return 0, err
		}
		c.net.wait(&c.changed, c.writeBy, nil)
	}
	c.writing = true
	defer func() {
		c.writing = false
		c.changed.ring()
	}()
	for done := 0; ; {
		now := time.Now()
		if err := c.broken(now); err != nil {
			return done, err
		}
		n := c.push(p[done:], now)
		if done += n; done == len(p) {
			return done, nil
		}
		if n == 0 {
			c.net.wait(&c.changed, sooner(c.writeBy, c.in.next()), nil)
		}
	}
}

// broken is why nothing can be written now.
func (c *conn) broken(now time.Time) error {
	c.in.arrive(now) // with it, the news of a reset or of the peer's close
	switch {
	case c.closed:
		return c.fail("write", net.ErrClosed)
	case passed(c.writeBy, now):
		return c.fail("write", os.ErrDeadlineExceeded)
	case c.dead:
		return c.fail("write", syscall.ECONNRESET)
	case c.finished, c.peer.closed && c.in.ended:
		return c.fail("write", syscall.EPIPE)
	}
	return nil
}

// push sends what there is room for. What is sent to an end that is gone, before the news of that is back here, is lost without a word.
func (c *conn) push(p []byte, now time.Time) int {
	s := c.out
	died := s.cut >= 0 && s.written() >= s.cut
	if died || c.peer.closed || c.peer.dead {
		return len(p)
	}
	room := p
	if s.cut >= 0 {
		room = p[:min(int64(len(p)), s.cut-s.written())]
	}
	n := s.put(room)
	if n > 0 {
		s.send(c.mark(more, now), now)
		c.peer.changed.ring()
	}
	if s.written() == s.cut {
		c.die(now)
		return len(p)
	}
	return n
}

// die resets both ends, as something between them would: after the bytes that are on their way.
func (c *conn) die(now time.Time) {
	for _, end := range []*conn{c, c.peer} {
		end.out.send(end.mark(reset, now), now)
		end.peer.changed.ring()
	}
}

func (c *conn) mark(what last, now time.Time) mark {
	return mark{due: now.Add(c.net.latency), held: c.link.hole, last: what}
}

// reset is the arrival of the news that the connection is dead, if it is news.
func (c *conn) reset() bool {
	if c.closed || c.dead {
		return false
	}
	c.dead = true
	c.in.lose()
	c.changed.ring()
	return true
}

// CloseWrite says that no more will be written; the peer reads io.EOF behind the last byte, and reading here goes on.
func (c *conn) CloseWrite() error {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	if c.closed {
		return c.fail("close", net.ErrClosed)
	}
	c.finish(time.Now())
	return nil
}

func (c *conn) finish(now time.Time) {
	if !c.finished {
		c.finished = true
		c.out.send(c.mark(fin, now), now)
		c.changed.ring()
		c.peer.changed.ring()
	}
}

// Close ends both directions and every call under way. What was written before still arrives.
func (c *conn) Close() error {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	if c.closed {
		return c.fail("close", net.ErrClosed)
	}
	c.close(time.Now())
	return nil
}

func (c *conn) close(now time.Time) {
	c.finish(now)
	c.closed = true
	c.in.arrived = c.in.read // nobody will read it
	c.in.lose()
	c.changed.ring()
	c.peer.changed.ring()
	if c.peer.closed {
		delete(c.net.links, c.link)
	}
}

// SetDeadline, like its halves, acts on calls under way too. A call at or after its deadline is os.ErrDeadlineExceeded; a later deadline, or the zero
// time, makes the connection usable again.
func (c *conn) SetDeadline(t time.Time) error { return c.setDeadlines(t, &c.readBy, &c.writeBy) }

func (c *conn) SetReadDeadline(t time.Time) error { return c.setDeadlines(t, &c.readBy) }

func (c *conn) SetWriteDeadline(t time.Time) error { return c.setDeadlines(t, &c.writeBy) }

func (c *conn) setDeadlines(t time.Time, which ...*time.Time) error {
	c.net.mu.Lock()
	defer c.net.mu.Unlock()
	if c.closed {
		return c.fail("set", net.ErrClosed)
	}
	for _, by := range which {
		*by = t
	}
	c.changed.ring()
	return nil
}

func passed(by, now time.Time) bool { return !by.IsZero() && !now.Before(by) }

// sooner is the earlier of two times, of which zero is never.
func sooner(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

func (c *conn) fail(op string, err error) error { return opError(op, c.local, c.remote, err) }

// opError dresses an error as the net package does, system calls and all.
func opError(op string, from net.Addr, to addr, err error) error {
	if errno, ok := err.(syscall.Errno); ok {
		call := op
		if op == "dial" {
			call = "connect"
		}
		err = os.NewSyscallError(call, errno)
	}
	return &net.OpError{Op: op, Net: to.network, Source: from, Addr: to, Err: err}
}
