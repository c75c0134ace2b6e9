package monitor

import (
	"math/rand/v2"
	"testing"
)

// Random pushes and pops against a slice.
func TestRingAgainstASlice(t *testing.T) {
	for seed := range uint64(200) {
		rng := rand.New(rand.NewPCG(seed, 0))
		r := ring{slots: make([]Event, 1+rng.IntN(5))}
		var twin []uint64
		var lost, seq uint64
		for range 200 {
			switch op := rng.IntN(10); {
			case op < 5:
				seq++
				if len(twin) == len(r.slots) {
					twin, lost = twin[1:], lost+1
				}
				twin = append(twin, seq)
				r.push().Seq = seq
			case op < 9:
				if r.empty() != (len(twin) == 0 && lost == 0) {
					t.Fatalf("seed %d: empty is %v with %v and %d lost", seed, r.empty(), twin, lost)
				}
				if r.empty() {
					continue
				}
				e := r.pop()
				if lost > 0 {
					if e.Kind != Lost || e.Count != lost || e.Seq != twin[0]-1 {
						t.Fatalf("seed %d: got %+v, want %d lost before %d", seed, e, lost, twin[0])
					}
					lost = 0
					continue
				}
				if e.Seq != twin[0] || e.Kind == Lost {
					t.Fatalf("seed %d: got %+v, want %d", seed, e, twin[0])
				}
				twin = twin[1:]
			case len(r.slots) < 40:
				r.move(make([]Event, 2*len(r.slots)))
			}
		}
		for !r.empty() {
			r.pop()
		}
		for i, slot := range r.slots {
			if slot != (Event{}) {
				t.Fatalf("seed %d: slot %d keeps what was read alive: %+v", seed, i, slot)
			}
		}
	}
}
