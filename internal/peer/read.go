package peer

import (
	"errors"
	"os"
	"time"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/zmtp"
)

// traffic reads until the connection ends:
//
//  1. Read takes what has arrived into the pipe, as far as its mark allows;
//  2. if the pipe was empty, and a call was waiting, it is woken; the second time, and later, Recv calls may read by
//     themselves from then on: that saves a goroutine switch each way. Who asks once and goes is not looked after;
//  3. when they stop doing so, the bytes are this goroutine's again.
//
// rest is what came behind the handshake.
func (c *Conn) traffic(rest []byte) error {
	first, err := c.feed(rest)
	if !first && err == nil {
		c.soon()
	}
	spoke := false
	for {
		if first {
			if spoke && c.back == nil {
				c.back = make(chan error, 1)
			}
			if c.host.Received(c, spoke && err == nil) {
				err = <-c.back
			}
			spoke = true
		}
		if err != nil {
			break
		}
		first, err = c.Read()
	}
	if c.overrun(err) {
		c.host.Received(c, false)
	}
	return err
}

// space is where to read to next, took takes in n bytes that came there. first: the pipe had no message before.
func (c *Conn) space() []byte {
	if c.codec != nil {
		return c.sealed.room()
	}
	return c.inlet.Room()
}

func (c *Conn) took(n int) (first bool, err error) {
	if c.codec != nil {
		c.sealed.came(n)
		return c.unseal()
	}
	return c.inlet.Advance(n)
}

// feed takes in what came behind the handshake.
func (c *Conn) feed(b []byte) (first bool, err error) {
	for len(b) > 0 && err == nil {
		n := copy(c.space(), b)
		b = b[n:]
		var f bool
		f, err = c.took(n)
		first = first || f
		for err == nil && c.inlet.Stalled() {
			if first {
				c.host.Received(c, false)
			}
			first, err = c.resume()
		}
	}
	return first, err
}

// Read reads once and takes in what came. first: the pipe had no message before. It is called by one goroutine at a
// time: the owner, or a Recv call to which the connection was lent.
func (c *Conn) Read() (first bool, err error) {
	if c.inlet.Stalled() {
		return c.resume()
	}
	n, err := c.await()
	if n > 0 {
		c.beat.heard()
		var bad error
		if first, bad = c.took(n); bad != nil {
			return first, bad
		}
	}
	if err != nil && errors.Is(err, os.ErrDeadlineExceeded) {
		err = c.interrupted()
	}
	return first, err
}

// ReadNow is Read that does not wait; only on a connection that has a descriptor. It reports whether anything came, bytes
// or an Interrupt.
func (c *Conn) ReadNow() (first, came bool, err error) {
	if c.inlet.Stalled() { // what is here comes before what is still to be read
		if c.inlet.Awaits() {
			return false, false, nil
		}
		first, err = c.resume()
		return first, true, err
	}
	n, err := c.peek.read(c.raw, c.space())
	switch {
	case n > 0:
		c.beat.heard()
		first, err = c.took(n)
		return first, true, err
	case err == nil:
		return false, false, nil
	case errors.Is(err, os.ErrDeadlineExceeded):
		err = c.interrupted()
	}
	return false, true, err
}

// HasDescriptor reports whether ReadNow can be used.
func (c *Conn) HasDescriptor() bool { return c.raw != nil }

// Descriptor is what ReadNow reads from. It is a number to wait for, and not to be read or closed: the connection may end at
// any time.
func (c *Conn) Descriptor() int { return c.peer.FD }

// Room says that there is room in the pipe again.
func (c *Conn) Room() { signal(c.room) }

// resume waits for room in the pipe: the peer is held back by TCP meanwhile.
func (c *Conn) resume() (first bool, err error) {
	c.beat.pause()
	defer c.beat.resume()
	for c.inlet.Awaits() {
		select {
		case <-c.room:
			if err := c.failure(); err != nil {
				return false, err
			}
		case <-c.done:
			return false, os.ErrDeadlineExceeded
		}
	}
	first, err = c.inlet.Resume()
	if err == nil && c.codec != nil {
		var f bool
		f, err = c.unseal()
		first = first || f
	}
	return first, err
}

// overrun takes in what has come, whatever the mark says: the connection is at its end, and complete messages that were
// received stay readable. That is also what the kernel has received, when the end, err, is a write that failed before all
// of it was read.
func (c *Conn) overrun(err error) (first bool) {
	first, bad := c.takeAll()
	if bad != nil || !c.grace(err) {
		return first
	}
	for left := mostUnread; left > 0 && bad == nil; {
		n, err := c.nc.Read(c.space())
		left -= n
		if n > 0 {
			var f, more bool
			if f, bad = c.took(n); bad == nil {
				more, bad = c.takeAll()
			}
			first = first || f || more
		}
		if err != nil {
			break
		}
	}
	return first
}

// mostUnread is what a kernel keeps of what was not read (tcp_rmem: 6 MiB), so that a peer that goes on writing over a
// broken connection ends.
const mostUnread = 6 << 20

// grace lets a reader find what came before a write failed; there is none for a connection that we end.
func (c *Conn) grace(err error) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken == nil || c.cause != nil || !errors.Is(err, c.broken) {
		return false
	}
	c.nc.SetReadDeadline(time.Now().Add(breakGrace))
	return true
}

// takeAll takes in what was read. Behind what is wrong there is nothing.
func (c *Conn) takeAll() (first bool, err error) {
	if c.inlet.Stalled() {
		first, err = c.inlet.Overrun()
	}
	for err == nil && c.codec != nil && c.sealed.holds {
		var f, more bool
		if f, err = c.feedSealed(); err == nil && c.inlet.Stalled() {
			more, err = c.inlet.Overrun()
		}
		first = first || f || more
	}
	return first, err
}

// failure is what a write came to, nil if none failed.
func (c *Conn) failure() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.broken
}

// interrupted says why a read came back without bytes: because the connection was ended, or only because the one who
// read for us was called away.
func (c *Conn) interrupted() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.cause != nil:
		return os.ErrDeadlineExceeded
	case c.broken != nil:
		return c.broken
	}
	c.nc.SetReadDeadline(time.Time{})
	return nil
}

// Interrupt calls back whoever is reading.
func (c *Conn) Interrupt() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.nc.SetReadDeadline(past)
}

// GiveBack returns a lent connection to its owner; err is what reading it came to.
func (c *Conn) GiveBack(err error) { c.back <- err }

// upstream takes what a subscriber sends as a message: the form that subscriptions have in ZMTP 3.0, 1 or 0 and the
// prefix, and what an XSUB says besides.
func (c *Conn) upstream(s message.Span) error {
	only := s
	if frame, more := only.Frame(); !more && len(frame) > 0 && frame[0] <= 1 {
		return c.host.Subscribed(c.Pipe, c.facts, frame[1:], frame[0] == 1)
	}
	m := s.Next(new(message.Slab))
	c.host.Upstream(c.Pipe, c.facts, append([][]byte{m.Head}, m.Tail()...)...)
	return nil
}

// command obeys a command that came after the handshake. Unknown ones are ignored (RFC 37).
func (c *Conn) command(body []byte) error {
	cmd, err := zmtp.ParseCommand(body)
	if err != nil {
		return err
	}
	switch cmd.Name {
	case zmtp.PING:
		return c.ping(cmd.Data)
	case zmtp.PONG:
		c.beat.answered()
	case zmtp.SUBSCRIBE, zmtp.CANCEL:
		if c.opt.Publishes {
			return c.host.Subscribed(c.Pipe, c.facts, cmd.Data, cmd.Name == zmtp.SUBSCRIBE)
		}
	case zmtp.ERROR: // out of place, but its words are the best account of what follows
		reason, err := zmtp.ParseError(cmd.Data)
		if err != nil {
			return err
		}
		return &zmtp.PeerError{Reason: reason}
	case zmtp.READY:
		return &zmtp.ProtocolError{Code: zmtp.UnexpectedCommand, Detail: cmd.Name + " after the handshake"}
	}
	return nil
}
