package peer

import "testing"

// begun counts how many of n waits may look first.
func begun(s *Spin, n int, came bool) (looks int) {
	for range n {
		if s.Begin() {
			looks++
			s.End(came)
		}
	}
	return looks
}

// What comes at once is looked for, what comes late is not, but for one wait in 32.
func TestSpinWhileItPays(t *testing.T) {
	var s Spin
	if n := begun(&s, spinAgain-1, true); n != 0 {
		t.Errorf("%d looks before anybody knows whether it pays", n)
	}
	if n := begun(&s, 101, true); n != 101 {
		t.Errorf("%d of 101 waits looked although it pays", n)
	}
	if n := begun(&s, 1000, false); n < spinLuck/spinVain || n > spinLuck/spinVain+1000/spinAgain {
		t.Errorf("%d of 1000 waits looked in vain", n)
	}
	if n := begun(&s, 2*spinAgain, true); n < spinAgain {
		t.Errorf("%d of %d waits looked when it paid again", n, 2*spinAgain)
	}
	looks := 0
	for range 100 { // one of two is worth it: too few
		looks += begun(&s, 10, true) + begun(&s, 10, false)
	}
	if looks > 500 {
		t.Errorf("%d of 2000 waits looked, of which half were in vain", looks)
	}
}

// One at a time looks.
func TestSpinOneAtATime(t *testing.T) {
	s := &Spin{}
	s.luck.Store(spinLuck)
	if !s.Begin() || s.Begin() {
		t.Error("the first may look, and nobody else meanwhile")
	}
	if s.End(true); !s.Begin() {
		t.Error("behind it the next one may")
	}
}
