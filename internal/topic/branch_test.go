package topic

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// soundBranch looks at the branch behind a node, and returns who follows.
func soundBranch[V comparable](t testing.TB, tr *trie[V], id uint32) (kids []uint32) {
	var zero V
	n := *tr.nodes.at(id)
	s, b := size(n.kids-many), tr.branch(&n)
	if b.len() < 2 || !slices.IsSorted(b.firsts()) || b.node() != id {
		t.Fatalf("node %d: branch %x", id, b)
	}
	if len(b) != sizes[s] || b.len() > s.room() || s.less(b.len()) != s {
		t.Fatalf("node %d: %d ways in a block of %d bytes, by its size of %d", id, b.len(), len(b), sizes[s])
	}
	for i, c := range b.firsts() {
		kid := tr.end(b.way(i))
		kids = append(kids, kid)
		k := tr.nodes.at(kid)
		if k.text[0] != c {
			t.Fatalf("node %d: branch %x", id, b)
		}
		letter := k.size == 1 && k.value == zero && k.kids >= many
		if leads := b.way(i)&through != 0; leads != letter {
			t.Fatalf("the way from node %d leads through node %d: %v, which is but a letter: %v", id, kid, leads, letter)
		}
	}
	return kids
}

// usedBlocks counts the blocks in use. One of its own memory has that while it is in use, and no longer.
func usedBlocks(t testing.TB, x *blocks) int {
	for id := range uint32(len(x.own.few)) {
		if used := x.own.used[0][id/64]>>(id%64)&1 == 1; id > 0 && used != (x.own.few[id] != nil) {
			t.Fatalf("block %d is in use: %v, and has %d bytes", id, used, len(x.own.few[id]))
		}
	}
	return used(&x.of16) + used(&x.of32) + used(&x.of64) + used(&x.of128) + used(&x.of192) + used(&x.own)
}

// A branch in a block, as a trie keeps it.
type blocked struct {
	blocks
	size size
	id   uint32
}

func (b *blocked) fit(s size) {
	if s != b.size {
		b.id, b.size = b.move(b.size, b.id, s), s
	}
}

// A branch finds each of its ways, in order, and its block is as large as they are many, and the only one in use.
func TestBranchAgainstATwin(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 8))
	var x blocked
	twin := map[byte]way{}
	for step := range 12000 {
		c, growing := byte(r.Uint32()), step/2000%2 == 0
		w := way(r.Uint32() | 1)
		switch _, there := twin[c]; {
		case there && r.IntN(3) == 0:
			x.at(x.size, x.id).set(c, w)
			twin[c] = w
		case !there && len(twin) == 0:
			x.size, x.id = 0, x.take(0)
			x.at(0, x.id).begin(uint32(7), c, w)
			twin[c] = w
		case !there && growing:
			x.fit(x.size.more(len(twin)))
			x.at(x.size, x.id).add(c, w)
			twin[c] = w
		case there && !growing && len(twin) > 1:
			x.at(x.size, x.id).remove(c)
			delete(twin, c)
			x.fit(x.size.less(len(twin)))
		}
		if b := x.at(x.size, x.id); b.node() != 7 || usedBlocks(t, &x.blocks) != 1 {
			t.Fatalf("behind node %d, in %d blocks", b.node(), usedBlocks(t, &x.blocks))
		}
		compareBranch(t, x.at(x.size, x.id), twin)
	}
}

func compareBranch(t *testing.T, b branch, twin map[byte]way) {
	t.Helper()
	var order []byte
	for c := range 256 {
		if w := twin[byte(c)]; b.find(byte(c)) != w {
			t.Fatalf("%d: found %d, and not %d", c, b.find(byte(c)), w)
		} else if w != 0 {
			order = append(order, byte(c))
		}
	}
	for i, c := range order {
		next := way(0)
		if i+1 < len(order) {
			next = twin[order[i+1]]
		}
		if b.way(i) != twin[c] || b.after(c) != next {
			t.Fatalf("%d is not the %d. of %d", c, i, len(order))
		}
	}
	if b.len() != len(order) || cap(b) > 16+4*perWay*len(order) {
		t.Fatalf("%d bytes for %d ways, which should be %d", cap(b), b.len(), len(order))
	}
}

// A branch goes through all sizes up to 256 ways and back to none, behind the root and behind a letter, to which the way
// has to follow each time; and what was there before is found, and nothing else.
func TestABranchOfEverySize(t *testing.T) {
	for _, before := range []string{"", "x", "xyz"} {
		p := newPair(t)
		p.add("y", 1) // so the ways part before x, too
		p.add("z", 1)
		seen := map[size]string{}
		look := func(turn string, c int) {
			p.sound()
			for _, d := range []int{c, c + 1, 255 - c, c * 7} {
				p.match(before + string([]byte{byte(d), 'e', '!'}))
			}
			tr := &p.set.trie
			for id := tr.root; id != 0; id = tr.next(id) {
				if n := tr.nodes.at(id); n.kids >= many && string(tr.prefix(id, nil)) == before {
					seen[size(n.kids-many)] += turn
				}
			}
		}
		look("+", 0)
		r := rand.New(rand.NewPCG(5, 9))
		for _, c := range r.Perm(256) {
			p.add(before+string([]byte{byte(c), 'e'}), 2)
			look("+", c)
		}
		for _, c := range r.Perm(256) {
			p.remove(before+string([]byte{byte(c), 'e'}), 2)
			look("-", c)
		}
		for s := range size(len(sizes)) {
			// The smallest is for two, and who had more keeps the next.
			if up, down := strings.Count(seen[s], "+"), strings.Count(seen[s], "-"); up == 0 || down == 0 && s > 0 {
				t.Errorf("behind %q: %d times a block of %d bytes on the way up, %d on the way down", before, up, sizes[s], down)
			}
		}
	}
}

// Who comes and goes where a branch just needs another block takes no memory for it each time, however large the branch.
func TestComingAndGoingAtABranchAllocatesNothing(t *testing.T) {
	var s Set[string]
	for i := range 255 {
		s.Add([]byte{'x', byte(i)}, "ann")
		s.Add([]byte{'y', byte(i)}, "ann")
		if n := testing.AllocsPerRun(5, func() {
			s.Add([]byte{'x', 255}, "ann")
			s.Remove([]byte{'x', 255}, "ann")
		}); n > 0 && i > 0 {
			t.Fatalf("beside %d ways: %v times", i+1, n)
		}
	}
}

// Where a prefix ends at a letter, that is one no more, until the prefix goes; and so when a letter's ways part no more.
func TestAPrefixThatEndsAtALetter(t *testing.T) {
	p := newPair(t)
	for _, prefix := range []string{"aba", "abb", "aca", "acb", "b"} { // a, and b and c behind it
		p.add(prefix, 1)
	}
	check := func(leads ...bool) {
		t.Helper()
		p.sound()
		root := p.set.trie.nodes.at(p.set.trie.root)
		if got := p.set.trie.branch(root).find('a')&through != 0; got != leads[0] {
			t.Errorf("the way to a leads through it: %v", got)
		}
		a := p.set.trie.nodes.at(p.set.trie.toward(root, 'a'))
		for i, c := range []byte("bc") {
			if got := p.set.trie.branch(a).find(c)&through != 0; got != leads[1+i] {
				t.Errorf("the way to a%c leads through it: %v", c, got)
			}
		}
		for _, topic := range []string{"", "a", "ab", "ac", "aba", "abc", "acb!", "b"} {
			p.match(topic)
		}
	}
	check(true, true, true)
	p.add("ab", 2)
	check(true, false, true)
	p.add("a", 2)
	check(false, false, true)
	p.remove("ab", 2)
	check(false, true, true)
	p.remove("aca", 1)
	check(false, true, false)
	p.remove("a", 2)
	check(true, true, false)
	p.add("aca", 1)
	check(true, true, true)
}

// A block's number that a way has no bits for is reached by its node.
func TestAWayHasNoBitsForALargeNumber(t *testing.T) {
	var tr trie[uint64]
	id := tr.nodes.take()
	for _, test := range []struct {
		block uint32
		want  way
	}{
		{1, through | 2<<sizeBit | 1},
		{1<<28 - 1, through | 2<<sizeBit | (1<<28 - 1)},
		{1 << 28, way(id)},
		{1<<32 - 1, way(id)},
	} {
		*tr.nodes.at(id) = node[uint64]{kids: many + 2, kid: test.block, size: 1}
		if got := tr.way(id); got != test.want {
			t.Errorf("block %#x: the way is %#x, and not %#x", test.block, got, test.want)
		}
	}
	if most := way(len(sizes) - 1); most<<sizeBit>>sizeBit != most || most<<sizeBit&through != 0 {
		t.Errorf("%d sizes do not fit into a way", len(sizes))
	}
}

// A block is left for the next when it is full, and for the one before when it would be full by half.
func TestSizesOfBlocks(t *testing.T) {
	room := []int{2, 5, 11, 24, 37, 75, 152, 256}
	if len(room) != len(sizes) {
		t.Fatalf("there are %d sizes", len(sizes))
	}
	for i, most := range room {
		s := size(i)
		if s.room() != most {
			t.Errorf("a block of %d bytes has room for %d ways", sizes[i], s.room())
		}
		for ways := 1; ways <= most; ways++ {
			if more, want := s.more(ways), ways == most; (more == s+1) != want || (more == s) == want {
				t.Errorf("one more than %d in a block of %d bytes takes size %d", ways, sizes[i], more)
			}
			if less, want := s.less(ways), i > 0 && ways <= room[max(0, i-1)]/2; (less == s-1) != want || (less == s) == want {
				t.Errorf("%d left in a block of %d bytes take size %d", ways, sizes[i], less)
			}
		}
	}
}
