package topic

import (
	"bytes"
	"maps"
	"math/bits"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// A twin is a Set as one would write it without a thought of speed: who subscribed to what.
type twin map[string]map[int]bool

func (w twin) match(topic []byte) (who []int) {
	for prefix, subscribers := range w {
		if bytes.HasPrefix(topic, []byte(prefix)) {
			who = slices.AppendSeq(who, maps.Keys(subscribers))
		}
	}
	return who
}

func (w twin) count(k int) (prefixes, size int) {
	for prefix, subscribers := range w {
		if subscribers[k] {
			prefixes, size = prefixes+1, size+len(prefix)
		}
	}
	return prefixes, size
}

// add and remove say what the Set should.
func (w twin) add(prefix string, k int) (fresh, first bool) {
	fresh, first = !w[prefix][k], w[prefix] == nil
	if first {
		w[prefix] = map[int]bool{}
	}
	w[prefix][k] = true
	return fresh, first
}

func (w twin) remove(prefix string, k int) (was, last bool) {
	if !w[prefix][k] {
		return false, false
	}
	if delete(w[prefix], k); len(w[prefix]) == 0 {
		delete(w, prefix)
		last = true
	}
	return true, last
}

// A pair does everything to both and compares what they say.
type pair struct {
	testing.TB
	set  Set[int]
	twin twin
}

func newPair(t testing.TB) *pair { return &pair{TB: t, twin: twin{}} }

func (p *pair) add(prefix string, k int) {
	own := []byte(prefix)
	fresh, first := p.set.Add(own, k)
	clear(own) // the caller's memory is the caller's
	if f, a := p.twin.add(prefix, k); fresh != f || first != a {
		p.Fatalf("Add(%.80q, %d) is fresh=%v first=%v, and not %v %v", prefix, k, fresh, first, f, a)
	}
}

func (p *pair) remove(prefix string, k int) {
	was, last := p.set.Remove([]byte(prefix), k)
	if w, l := p.twin.remove(prefix, k); was != w || last != l {
		p.Fatalf("Remove(%.80q, %d) is was=%v last=%v, and not %v %v", prefix, k, was, last, w, l)
	}
}

func (p *pair) removeAll(k int) {
	p.set.RemoveAll(k, func(prefix []byte, last bool) {
		if was, l := p.twin.remove(string(prefix), k); !was || last != l {
			p.Fatalf("RemoveAll(%d) told of %.80q, last=%v; the twin: was=%v last=%v", k, prefix, last, was, l)
		}
	})
	if n, _ := p.twin.count(k); n > 0 {
		p.Fatalf("RemoveAll(%d) left %d prefixes out", k, n)
	}
}

func (p *pair) match(topic string) {
	got, want := p.set.Match([]int{-7}, []byte(topic)), append(p.twin.match([]byte(topic)), -7)
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		p.Fatalf("Match(%.80q) is %v, and not %v", topic, got, want)
	}
}

func (p *pair) count(k int) {
	n, size := p.set.Count(k)
	if wn, ws := p.twin.count(k); n != wn || size != ws {
		p.Fatalf("Count(%d) is %d prefixes, %d bytes, and not %d, %d", k, n, size, wn, ws)
	}
	if p.set.Prefixes() != len(p.twin) {
		p.Fatalf("Prefixes is %d, and not %d", p.set.Prefixes(), len(p.twin))
	}
}

// sound looks at what no caller sees: that both sides of each subscription know each other, and that nothing is kept for
// nobody.
func (p *pair) sound() {
	s := &p.set
	lists := 0
	soundTrie(p.TB, &s.trie, func(id uint32, h holder) {
		who, at := []int{}, []uint32{h.at}
		if h.at == several {
			lists++
			who, at = s.lists.at(h.who).who, s.lists.at(h.who).at
			if len(who) < 2 || len(who) != len(at) {
				p.Fatalf("a list has %d subscribers, who have %d subscriptions", len(who), len(at))
			}
		} else {
			who = append(who, s.subscribers.at(h.who).k)
		}
		for i, k := range who {
			if has := s.subscribers.at(s.numbers[k]).has[at[i]]; has != (subscription{id, uint32(i)}) {
				p.Fatalf("place %d of node %d is %d's subscription %d, which is %v", i, id, k, at[i], has)
			}
		}
	})
	if used(&s.lists) != lists {
		p.Fatalf("%d lists are in use, and %d are needed", used(&s.lists), lists)
	}
	for k := range s.numbers {
		if n, _ := s.Count(k); n == 0 {
			p.Fatalf("%d has no subscription, and a number", k)
		}
	}
	if used(&s.subscribers) != len(s.numbers) {
		p.Fatalf("%d subscribers have %d places", len(s.numbers), used(&s.subscribers))
	}
}

// soundTrie walks all nodes: each is there for a reason, its neighbours know it, and no other is in use.
func soundTrie[V comparable](t testing.TB, tr *trie[V], each func(id uint32, value V)) {
	var zero V
	nodes, branches := 0, 0
	for id := tr.root; id != 0; id = tr.next(id) {
		n := *tr.nodes.at(id)
		nodes++
		if n.value != zero {
			each(id, n.value)
		}
		if (id == tr.root) != (n.size == 0) {
			t.Fatalf("node %d of %d bytes, and the root is %d", id, n.size, tr.root)
		}
		var kids []uint32
		switch n.kids {
		case none:
			if n.value == zero {
				t.Fatalf("node %d is a leaf of nothing", id)
			}
		case one:
			kids = []uint32{n.kid}
			if n.value == zero && id != tr.root && n.size+tr.nodes.at(n.kid).size <= textSize {
				t.Fatalf("nodes %d and %d, of %d and %d bytes, could be one", id, n.kid, n.size, tr.nodes.at(n.kid).size)
			}
		default:
			branches++
			kids = soundBranch(t, tr, id)
		}
		for _, kid := range kids {
			if tr.nodes.at(kid).up != id {
				t.Fatalf("node %d is behind %d, and says behind %d", kid, id, tr.nodes.at(kid).up)
			}
		}
	}
	if blocks := usedBlocks(t, &tr.blocks); used(&tr.nodes) != nodes || blocks != branches {
		t.Fatalf("%d nodes and %d branches are in use, and %d and %d are needed", used(&tr.nodes), blocks, nodes, branches)
	}
}

// used counts an arena's values; a page without values has no memory.
func used[T any](a *arena[T]) (n int) {
	for i, words := range a.used {
		for _, w := range words {
			n += bits.OnesCount64(w)
		}
		if i > 0 && (words == bitmap{}) != (a.pages[i] == nil) {
			return -1
		}
	}
	return max(0, n-1) // 0 is nobody's
}

// Prefixes are drawn so that they nest, part in every byte, and are longer and shorter than a node.
func draw(r *rand.Rand) string {
	switch r.IntN(4) {
	case 0:
		return random(r, r.IntN(7), "ab")
	case 1: // deep in a chain
		return strings.Repeat("ab", r.IntN(30)) + random(r, r.IntN(3), "abc")
	case 2: // wide
		return random(r, r.IntN(3), allBytes)
	default:
		return random(r, r.IntN(60), "\x00\xff")
	}
}

var allBytes = func() string {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return string(b)
}()

func random(r *rand.Rand, n int, alphabet string) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = alphabet[r.IntN(len(alphabet))]
	}
	return string(b)
}

func TestSetAgainstATwin(t *testing.T) {
	for seed := range uint64(40) {
		r := rand.New(rand.NewPCG(seed, 2))
		p := newPair(t)
		known := []string{""} // so that what is removed was often there
		pick := func() string { return known[r.IntN(len(known))] }
		few := 2 + r.IntN(40)
		for step := range 1500 {
			k := r.IntN(few)
			switch r.IntN(10) {
			case 0, 1, 2, 3:
				known = append(known, draw(r))
				p.add(known[len(known)-1], k)
			case 4, 5:
				p.add(pick(), k)
			case 6, 7:
				p.remove(pick(), k)
			case 8:
				if r.IntN(20) == 0 {
					p.removeAll(k)
				}
			default:
				p.match(pick() + draw(r))
				p.count(k)
			}
			if step%100 == 0 {
				p.sound()
			}
		}
		for k := range few {
			p.removeAll(k)
			p.sound()
		}
		if p.set.trie.root != 0 || len(p.twin) > 0 {
			t.Fatalf("seed %d: all are gone, and %d prefixes are left", seed, len(p.twin))
		}
	}
}
