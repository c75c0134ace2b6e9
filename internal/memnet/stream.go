package memnet

import (
	"bytes"
	"time"
)

// A stream is one direction of a connection: bytes that were written, of which some have arrived, of which some have been read. Offsets count from
// the first byte ever. Network.mu guards it.
type stream struct {
	to      *conn        // who reads
	limit   int          // of bytes in buf
	buf     bytes.Buffer // written and not yet read
	read    int64        // bytes read
	arrived int64        // bytes that the reader may have, read ≤ arrived ≤ read + buf.Len()
	ended   bool         // so has the end
	marks   []mark       // what is on its way, in the order in which it was sent

	flip int64 // the byte to corrupt, cut: where the connection dies; -1: nowhere
	cut  int64
}

// A mark says when a stretch of the stream, up to an offset, arrives.
type mark struct {
	upTo int64
	due  time.Time
	held bool // in a black hole: due has no meaning
	last last
}

// last is what comes after the bytes of a mark.
type last uint8

const (
	more  last = iota
	fin        // the writer has no more
	reset      // the connection is dead
)

func (s *stream) written() int64 { return s.read + int64(s.buf.Len()) }

// send puts a mark behind what has been written. A black hole, or whatever came before and has not arrived, keeps it waiting.
func (s *stream) send(m mark, now time.Time) {
	m.upTo = s.written()
	s.marks = append(s.marks, m)
	s.arrive(now)
}

// arrive hands over what is due. It happens when somebody looks, which is as good as when it was due, since nobody has looked in between.
func (s *stream) arrive(now time.Time) {
	for len(s.marks) > 0 && !s.marks[0].held && !s.marks[0].due.After(now) {
		m := s.marks[0]
		s.marks = s.marks[1:]
		s.arrived = m.upTo
		switch m.last {
		case fin:
			s.ended = true
		case reset:
			s.to.reset() // and with it all the marks
		}
	}
}

// next is when the next mark arrives by itself, the zero time if none will.
func (s *stream) next() time.Time {
	if len(s.marks) == 0 || s.marks[0].held {
		return time.Time{}
	}
	return s.marks[0].due
}

// put takes as many of p's bytes as there is room for.
func (s *stream) put(p []byte) int {
	p = p[:min(len(p), s.limit-s.buf.Len())]
	start := s.written()
	s.buf.Write(p)
	if at := s.flip - start; s.flip >= 0 && 0 <= at && at < int64(len(p)) {
		s.buf.Bytes()[s.flip-s.read] ^= 0xff
	}
	return len(p)
}

// take gives the reader what has arrived.
func (s *stream) take(p []byte) int {
	n := copy(p, s.buf.Next(min(len(p), int(s.arrived-s.read))))
	s.read += int64(n)
	return n
}

// lose forgets what is on its way. What has arrived stays.
func (s *stream) lose() {
	s.buf.Truncate(int(s.arrived - s.read))
	s.marks = nil
}

// hold stops what is on its way where it is; release lets it go on, with the whole way still before it.
func (s *stream) hold(now time.Time) {
	s.arrive(now)
	for i := range s.marks {
		s.marks[i].held = true
	}
}

func (s *stream) release(now, due time.Time) {
	for i := range s.marks {
		s.marks[i].held = false
		s.marks[i].due = due
	}
	s.arrive(now)
}
