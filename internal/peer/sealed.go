package peer

import (
	"cmp"

	"github.com/glassmq/zmq/zmtp"
)

// A sealed connection's bytes are frames that each hold one frame. Reading them:
//
//  1. what arrives is gathered until a frame is whole: memory grows with the bytes that came, never with what was announced;
//  2. it is opened in place, and what was in it goes into the inlet as if it had come over the wire in the clear: small
//     frames together, as many as there is room for, large ones one by one;
//  3. at the pipe's mark the rest stays sealed.
type sealed struct {
	buf   []byte // buf[from:] is not opened yet
	from  int
	next  int   // where the frame at from ends
	need  int   // bytes of the frame at from, if it was not whole and they are known; else 0
	heard int   // bytes that ever came
	holds bool  // a whole frame may be among it
	wrong error // what a frame came to that did not open: nothing behind it is taken, or its message would lack a frame
	full  bool  // the last read took all the room there was
}

// firstSealed is the memory that a sealed connection begins with. While a frame does not fit it doubles, or becomes at once
// what the frame takes, if the peer has sent as much before. While reads take all there is, it grows up to busySealed: a
// stream of small frames then comes with fewer system calls.
const (
	firstSealed = 4 << 10
	busySealed  = 16 << 10 // 4 KiB: 8 to 15 % slower; 64 KiB: no faster
)

// room is where to read to next; it is never empty. What a giant took is let go of when all has been opened.
func (s *sealed) room() []byte {
	if s.from == len(s.buf) {
		s.buf, s.from = spare(s.buf), 0
	}
	if free := cap(s.buf) - len(s.buf); free < 64 || free < cap(s.buf)/8 || s.full {
		rest, size := s.buf[s.from:], s.size()
		if size > cap(s.buf) || cap(s.buf) > max(4*size, spareMost) {
			s.buf = append(make([]byte, 0, size), rest...)
		} else {
			s.buf = append(s.buf[:0], rest...)
		}
		s.from, s.full = 0, false
	}
	return s.buf[len(s.buf):cap(s.buf)]
}

// size is the memory that there should be: more than there are bytes.
func (s *sealed) size() int {
	rest := len(s.buf) - s.from
	size := 2 * rest
	if s.need > rest { // else it is there by now, and waits for the mark
		size = min(s.need+busySealed, max(size, s.heard)) // the frame, and the beginning of the next
	}
	if s.full {
		size = max(size, min(2*cap(s.buf), busySealed))
	}
	return max(size, firstSealed)
}

// came takes in n bytes that were read into room.
func (s *sealed) came(n int) {
	s.buf, s.holds = s.buf[:len(s.buf)+n], true
	s.heard += n
	s.full = len(s.buf) == cap(s.buf)
}

// unseal opens what is whole, as far as the pipe's mark allows.
func (c *Conn) unseal() (first bool, err error) {
	c.inlet.Room() // before the first frame is laid: that may be the moment to begin the chunk anew
	for err == nil && c.sealed.holds && !c.inlet.Stalled() && !c.inlet.Full() {
		var f bool
		if laid, bad := c.lay(); laid {
			f, err = c.inlet.Resume() // what was laid came before what is bad
			err = cmp.Or(err, bad)
		} else if err = bad; err == nil {
			f, err = c.feedSealed()
		}
		first = first || f
	}
	return first, err
}

// lay opens frames for as long as there is room for them in the inlet's chunk. It reports whether there were any.
func (c *Conn) lay() (laid bool, err error) {
	for {
		frame, err := c.nextSealed()
		if frame == nil || err != nil || !c.inlet.Fits(len(frame)) {
			return laid, err
		}
		h, body, err := c.openSealed(frame)
		if err != nil {
			return laid, err
		}
		c.inlet.Lay(h, body)
		laid = true
	}
}

// feedSealed opens one frame, if one is whole.
func (c *Conn) feedSealed() (first bool, err error) {
	frame, err := c.nextSealed()
	if frame == nil || err != nil {
		return false, err
	}
	h, body, err := c.openSealed(frame)
	if err != nil {
		return false, err
	}
	return c.inlet.Feed(h, body)
}

// openSealed opens what nextSealed has found.
func (c *Conn) openSealed(frame []byte) (zmtp.Header, []byte, error) {
	c.sealed.from = c.sealed.next
	h, body, err := c.codec.Open(frame)
	c.sealed.wrong = err
	return h, body, err
}

// nextSealed finds the next whole frame's body; nil: there is none.
func (c *Conn) nextSealed() ([]byte, error) {
	s := &c.sealed
	if s.wrong != nil {
		return nil, s.wrong
	}
	b := s.buf[s.from:]
	h, n, err := zmtp.ParseHeader(b, c.sealedMost())
	if err != nil {
		return nil, err
	}
	s.need = 0
	if n == 0 || uint64(len(b)-n) < h.Size {
		if s.holds = false; n > 0 {
			s.need = n + int(h.Size)
		}
		return nil, nil
	}
	end := n + int(h.Size)
	s.next = s.from + end
	return b[n:end], nil
}

// sealedMost is the size of a frame that can still hold a message within the limit; 0: no limit.
func (c *Conn) sealedMost() uint64 {
	if c.inlet.Max == 0 {
		return 0
	}
	return c.inlet.Max + sealedMore
}

// sealedMore is more than any mechanism adds to a frame (RFC 26: a MESSAGE adds 33 bytes), and than any command has.
const sealedMore = 64 << 10
