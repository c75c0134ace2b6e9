package topic

import (
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"
	"weak"
)

// An arena's values are nobody else's, zero when they are taken, and in no more pages than they were at most: holes close.
func TestArenaAgainstATwin(t *testing.T) {
	for seed := range uint64(10) {
		r := rand.New(rand.NewPCG(seed, 6))
		var a arena[int]
		twin := map[uint32]int{}
		var ids []uint32
		most := 0
		for _, tide := range []int{2000, 20, 1500, 0, 2000, 1, 300} { // how many are there when it turns
			for rises := len(ids) < tide; len(ids) != tide; {
				if len(ids) == 0 || rises == (r.IntN(4) > 0) {
					id := a.take()
					if v, taken := twin[id]; taken || id == 0 || *a.at(id) != 0 {
						t.Fatalf("seed %d: took %d, which holds %d and is %d's (%v)", seed, id, *a.at(id), v, taken)
					}
					*a.at(id) = 1 + len(ids)
					twin[id] = 1 + len(ids)
					ids = append(ids, id)
				} else {
					i := r.IntN(len(ids))
					a.give(ids[i])
					delete(twin, ids[i])
					ids = slices.Delete(ids, i, i+1)
				}
				if most = max(most, len(ids)); (len(a.pages)-1)*perPage > most {
					t.Fatalf("seed %d: %d pages for %d values at most", seed, len(a.pages), most)
				}
			}
			for id, v := range twin {
				if *a.at(id) != v {
					t.Fatalf("seed %d: value %d is %d, and not %d", seed, id, *a.at(id), v)
				}
			}
			if used(&a) != len(ids) {
				t.Fatalf("seed %d: %d values in use, and not %d", seed, used(&a), len(ids))
			}
		}
	}
}

// An arena's first page is let go of as any other is, but if it is small; then who comes and goes allocates nothing.
func TestAnEmptyArenaIsSmall(t *testing.T) {
	for _, values := range []int{1, 10, 100, perPage - 1, perPage, 3 * perPage} {
		var a arena[[64]byte]
		ids := make([]uint32, values)
		n := testing.AllocsPerRun(3, func() {
			for i := range ids {
				ids[i] = a.take()
			}
			for _, id := range ids {
				a.give(id)
			}
		})
		if cap(a.few) > perPage/8 || used(&a) != 0 {
			t.Errorf("after %d values there is room for %d, and %d are in use", values, cap(a.few), used(&a))
		}
		if values <= 10 && n > 0 {
			t.Errorf("%d values that come and go allocate %v times", values, n)
		}
	}
}

// At whatever edge of a page a set is, one who comes and goes there takes no memory each time: a stranger can do
// so as fast as the network carries it.
func TestComingAndGoingAllocatesNothing(t *testing.T) {
	var s Set[string]
	s.Add([]byte("here"), "ann")
	s.Add([]byte("where"), "ann") // the ways part already: to begin that takes 16 bytes
	for i := range 3 * perPage {
		if n := testing.AllocsPerRun(5, func() {
			s.Add([]byte("there"), "ann")
			s.Remove([]byte("there"), "ann")
		}); n > 0 {
			t.Fatalf("beside %d prefixes: %v times", i, n)
		}
		s.Add([]byte{byte(i >> 8), byte(i)}, "bob")
	}
}

// A set keeps nobody alive who has left it.
func TestWhoHasLeftIsForgotten(t *testing.T) {
	type peer [32]byte // of a size that is not cut from a common block
	var s Set[*peer]
	stay, leave := &peer{}, &peer{}
	gone := weak.Make(leave)
	s.Add([]byte("both"), stay)
	s.Add([]byte("all"), stay)
	s.Add([]byte("all"), &peer{})
	for _, prefix := range []string{"own", "both", "all", ""} {
		s.Add([]byte(prefix), leave)
	}
	s.RemoveAll(leave, nil)
	leave = nil
	runtime.GC()
	if gone.Value() != nil {
		t.Error("the set knows one who left")
	}
	if got := s.Match(nil, []byte("all")); len(got) != 2 {
		t.Errorf("%d are left", len(got))
	}
	runtime.KeepAlive(&s)
}
