package pipe

import (
	"bytes"
	"slices"
	"sync"
	"weak"

	"github.com/glassmq/zmq/internal/message"
)

// Spares are large bodies to be used again, most of all for the next message of the same size: copies that a writer has
// handed to the kernel, and what a Buffer has done with. Fresh memory of 1 MiB is 256 page faults, which cost more than to
// fill it.
//
// They are held weakly. A stream that lives on spares allocates nothing, so the collector has no reason to come; after a
// burst it comes, and nothing is kept.
//
// The zero Spares is ready, nil is the heap. Any goroutine may call.
type Spares struct {
	mu   sync.Mutex
	list []weak.Pointer[[]byte] // guarded by mu; the warmest last
}

// sparesMost bounds the search, when sizes are mixed. A writer gives back up to 256 KiB at once, 32 of the smallest.
const sparesMost = 64

// Get is memory for size bytes, with whatever in it.
func (s *Spares) Get(size int) []byte {
	if b := s.take(size); b != nil {
		return b
	}
	return make([]byte, size)
}

// Clone is bytes.Clone.
func (s *Spares) Clone(from []byte) []byte {
	if b := s.take(len(from)); b != nil {
		copy(b, from)
		return b
	}
	return bytes.Clone(from) // unlike make and copy it zeroes nothing first
}

// Put gives a body back that nobody will look at any more.
func (s *Spares) Put(b []byte) {
	if s == nil || cap(b) < message.LargeBody {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.list) == sparesMost {
		s.list = slices.Delete(s.list, 0, 1)
	}
	s.list = append(s.list, weak.Make(&b))
}

// take is the warmest spare that fits: not more than twice as large, or small messages in a queue would keep giants.
func (s *Spares) take(size int) []byte {
	if s == nil || size < message.LargeBody {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, p := range slices.Backward(s.list) {
		b := p.Value()
		if b == nil { // the collector was there: whatever is older went with it
			s.list = slices.Delete(s.list, 0, i+1)
			return nil
		}
		if size <= cap(*b) && cap(*b) <= 2*size {
			s.list = slices.Delete(s.list, i, i+1)
			return (*b)[:size]
		}
	}
	return nil
}
