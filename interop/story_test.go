package interop

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// A story is what happened to one socket so far, in order, and a place in it up to which somebody has read.
type story[E any] struct {
	mu sync.Mutex
	// mu guards:
	all  []E
	read int
	more chan struct{} // closed, and renewed, when there is more
}

func newStory[E any]() *story[E] { return &story[E]{more: make(chan struct{})} }

func (s *story[E]) add(e E) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.all = append(s.all, e)
	close(s.more)
	s.more = make(chan struct{})
}

// await reads on to the next event that is meant, and waits for it if it has not happened yet.
func (s *story[E]) await(t *testing.T, what string, meant func(E) bool) E {
	t.Helper()
	return s.until(t, what, func() (e E, ok bool) {
		for s.read < len(s.all) && !ok {
			e = s.all[s.read]
			ok = meant(e)
			s.read++
		}
		return e, ok
	})
}

// last waits until the latest event is the one that is meant.
func (s *story[E]) last(t *testing.T, what string, meant func(E) bool) {
	t.Helper()
	s.until(t, what, func() (e E, ok bool) {
		s.read = len(s.all)
		if s.read > 0 {
			e = s.all[s.read-1]
		}
		return e, meant(e)
	})
}

// until waits until look finds what it looks for; it is called with mu held.
func (s *story[E]) until(t *testing.T, what string, look func() (E, bool)) E {
	t.Helper()
	late := time.After(patience)
	for {
		s.mu.Lock()
		e, ok := look()
		more := s.more
		s.mu.Unlock()
		if ok {
			return e
		}
		select {
		case <-more:
		case <-late:
			t.Fatalf("waited for: %s, in vain", what)
		}
	}
}

// before are the events up to where it was read.
func (s *story[E]) before() []E {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all[:s.read])
}

// events are all so far.
func (s *story[E]) events() []E {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.all)
}

func (s *story[E]) String() string {
	var b strings.Builder
	for _, e := range s.events() {
		fmt.Fprintf(&b, "  %v\n", e)
	}
	return b.String()
}
