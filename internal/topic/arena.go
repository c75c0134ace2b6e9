package topic

import "math/bits"

// An arena holds many small values of one type in pages and names them by numbers: half as large as pointers, and where T
// has none, nothing that the garbage collector walks. 0 is no value's number. A page without values is let go of, so memory
// returns as it does from any heap: page by page. Only the first page, which grows with need, so that a small set is
// small, stays while it has any.
//
// Numbers have 32 bits: four thousand million nodes would take 128 GiB, so memory ends first.
type arena[T any] struct {
	few   []T           // the first page
	pages []*[perPage]T // the others by number; nil: none is here
	used  []bitmap      // by number of the page
	room  []uint32      // pages neither full nor empty, each once; one may have become empty since
	bare  []uint32      // numbers without a page
	spare *[perPage]T   // the page that became empty last: a value that comes and goes at a page's edge allocates nothing; all of a set's: 100 KiB
}

// perPage makes a page of nodes as large as a span of Go's heap, 8 KiB, so that what a few survivors can keep is no more
// than they would there. A page of blocks has 4 to 48 KiB: one branch of 12 ways or more in each of them, and nothing else, keeps
// up to four times as much as in the heap. Pages of 64 leave so long a table that a look-up among a million
// takes a fifth longer.
const perPage = 256

// at is the value with a number, valid until the next take.
func (a *arena[T]) at(id uint32) *T {
	if id < perPage {
		return &a.few[id]
	}
	return &a.pages[id/perPage][id%perPage]
}

// take returns the number of a zero value.
func (a *arena[T]) take() uint32 {
	n := a.roomy()
	i := a.used[n].take()
	if a.used[n].full() {
		a.room = a.room[:len(a.room)-1]
	}
	if n == 0 && i == len(a.few) {
		var zero T
		a.few = append(a.few, zero)
	}
	return n*perPage + uint32(i)
}

// roomy is a page with room, the last of a.room. Pages that have values come first, so holes close.
func (a *arena[T]) roomy() uint32 {
	if len(a.used) == 0 {
		a.few, a.pages, a.used, a.room = make([]T, 1), make([]*[perPage]T, 1), []bitmap{{1}}, []uint32{0}
	}
	for len(a.room) > 0 {
		n := a.room[len(a.room)-1]
		if a.used[n] != (bitmap{}) {
			return n
		}
		a.room = a.room[:len(a.room)-1]
	}
	n := uint32(len(a.pages))
	if last := len(a.bare) - 1; last >= 0 {
		n, a.bare = a.bare[last], a.bare[:last]
	} else {
		a.pages, a.used = append(a.pages, nil), append(a.used, bitmap{})
	}
	if a.pages[n], a.spare = a.spare, nil; a.pages[n] == nil {
		a.pages[n] = new([perPage]T)
	}
	a.room = append(a.room, n)
	return n
}

// give takes a value back.
func (a *arena[T]) give(id uint32) {
	n := id / perPage
	if a.used[n].full() {
		a.room = append(a.room, n)
	}
	a.used[n].give(id % perPage)
	var zero T
	*a.at(id) = zero
	switch {
	case a.used[n] == bitmap{}: // never the first page: it has 0
		a.spare, a.pages[n] = a.pages[n], nil
		a.bare = append(a.bare, n)
	case n == 0 && a.used[0] == bitmap{1} && len(a.few) > perPage/16:
		a.few = make([]T, 1) // and not if it is small: who comes and goes would allocate each time
	}
}

// A bitmap has a bit for each value of a page.
type bitmap [perPage / 64]uint64

func (b *bitmap) full() bool { return b[0]&b[1]&b[2]&b[3] == 1<<64-1 }

// take sets the lowest bit that is not. The bitmap is not full.
func (b *bitmap) take() int {
	w := 0
	for b[w] == 1<<64-1 {
		w++
	}
	i := bits.TrailingZeros64(^b[w])
	b[w] |= 1 << i
	return w*64 + i
}

func (b *bitmap) give(i uint32) { b[i/64] &^= 1 << (i % 64) }
