package peer

import (
	"github.com/glassmq/zmq/zmtp"
)

// A sealed connection's bytes are frames that each hold one frame. Reading them:
//
//  1. what arrives is gathered until a frame is whole: memory grows with the bytes that came, never with what was announced;
//  2. it is opened in place, and what was in it goes into the inlet as if it had come over the wire in the clear;
//  3. at the pipe's mark the rest stays sealed.
type sealed struct {
	buf   []byte // buf[from:] is not opened yet
	from  int
	holds bool // a whole frame may be among it
	full  bool // the last read took all the room there was
}

// firstSealed is the memory that a sealed connection begins with. It doubles while a frame does not fit; and while reads
// take all there is, up to busySealed: a stream of small frames then comes with fewer system calls.
const (
	firstSealed = 4 << 10
	busySealed  = 16 << 10 // 4 KiB: 8 to 15 % slower; 64 KiB: no faster
)

// room is where to read to next; it is never empty.
func (s *sealed) room() []byte {
	if s.from == len(s.buf) {
		s.buf, s.from = s.buf[:0], 0
	}
	size := max(2*(len(s.buf)-s.from), firstSealed)
	if s.full {
		size = max(size, min(2*cap(s.buf), busySealed))
	}
	if free := cap(s.buf) - len(s.buf); free < 64 || free < cap(s.buf)/8 || s.full {
		rest := s.buf[s.from:]
		if size > cap(s.buf) || cap(s.buf) > 4*max(size, busySealed) {
			s.buf = append(make([]byte, 0, size), rest...)
		} else {
			s.buf = append(s.buf[:0], rest...)
		}
		s.from = 0
	}
	return s.buf[len(s.buf):cap(s.buf)]
}

// came takes in n bytes that were read into room.
func (s *sealed) came(n int) {
	s.buf, s.holds = s.buf[:len(s.buf)+n], true
	s.full = len(s.buf) == cap(s.buf)
}

// unseal opens what is whole, as far as the pipe's mark allows.
func (c *Conn) unseal() (first bool, err error) {
	s := &c.sealed
	for s.holds && !c.inlet.Stalled() && !c.inlet.Full() {
		frame, err := c.nextSealed()
		if frame == nil || err != nil {
			return first, err
		}
		h, body, err := c.codec.Open(frame)
		if err != nil {
			return first, err
		}
		f, err := c.inlet.Feed(h, body)
		first = first || f
		if err != nil {
			return first, err
		}
	}
	return first, nil
}

// nextSealed takes out the next whole frame's body; nil: there is none.
func (c *Conn) nextSealed() ([]byte, error) {
	s := &c.sealed
	b := s.buf[s.from:]
	h, n, err := zmtp.ParseHeader(b, c.sealedMost())
	if err != nil {
		return nil, err
	}
	if n == 0 || uint64(len(b)-n) < h.Size {
		s.holds = false
		return nil, nil
	}
	end := n + int(h.Size)
	s.from += end
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
