package zmqtest

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// A spy is a test that is watched: what fails it, and what it does at its end.
type spy struct {
	testing.TB
	failures []string
	cleanups []func()
}

func (s *spy) Helper()          {}
func (s *spy) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }
func (s *spy) Errorf(format string, args ...any) {
	s.failures = append(s.failures, fmt.Sprintf(format, args...))
}
func (s *spy) Fatalf(format string, args ...any) {
	s.Errorf(format, args...)
	runtime.Goexit()
}

// end runs the cleanups as testing does, the last first.
func (s *spy) end() {
	for _, f := range slices.Backward(s.cleanups) {
		f()
	}
	s.cleanups = nil
}

// run calls f where a Fatalf ends f only.
func (s *spy) run(f func()) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	<-done
}

// wantFailures demands so many failures, each with its words.
func (s *spy) wantFailures(t *testing.T, words ...string) {
	t.Helper()
	if len(s.failures) != len(words) {
		t.Fatalf("failed with %q, want %d failures", s.failures, len(words))
	}
	for i, w := range words {
		if !strings.Contains(s.failures[i], w) {
			t.Errorf("failed with %q, want %q in it", s.failures[i], w)
		}
	}
}
