package topic

import "slices"

// A trie is a set of prefixes, each with a value. The zero trie is empty.
//
// Nodes are small, of one size, and hold the bytes of their part of the prefix themselves; a part longer than that is a
// chain of nodes. So a long prefix costs memory in proportion, no node points to memory of its own, and whatever
// strangers subscribe to and cancel leaves nothing behind but free nodes. Nothing recurses: depth is a stranger's choice.
//
// A node is there for a reason: a prefix ends at it, or the ways part, or its text and the next one's do not fit into one
// node (join). Hence at most two nodes a prefix, and one for each textSize/2 bytes.
type trie[V comparable] struct {
	nodes  arena[node[V]]
	blocks blocks // of the branches
	root   uint32 // has no text; 0: the trie is empty
}

// A node has 32 bytes where a value has 8: two in a cache line.
type node[V comparable] struct {
	value V      // zero: no prefix ends here
	up    uint32 // the node before
	kid   uint32 // the node behind, or the number of the branch's block
	kids  uint8  // none, one, many and the block's size
	size  uint8
	text  [textSize]byte // what the prefix has here, 1 to textSize bytes
}

const textSize = 14

const (
	none = iota
	one
	many // two to 256, in a block of size 0; many+1: of size 1, and so on
)

// make returns the node at which prefix ends, and makes it if need be: then it has to be given a value before anything
// else is done.
func (t *trie[V]) make(prefix []byte) uint32 {
	if t.root == 0 {
		t.root = t.nodes.take()
	}
	id := t.root
	for len(prefix) > 0 {
		kid := t.toward(t.nodes.at(id), prefix[0])
		if kid == 0 {
			id, prefix = t.grow(id, prefix)
			continue
		}
		n := t.nodes.at(kid)
		same := shared(n.text[:n.size], prefix)
		if same < int(n.size) {
			kid = t.split(kid, same)
		}
		id, prefix = kid, prefix[same:]
	}
	if n := t.nodes.at(id); t.letter(n) {
		t.replace(n.up, id) // the value will make it more
	}
	return id
}

// shared counts the bytes with which both begin.
func shared(a, b []byte) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

// grow puts a node with the beginning of text behind one.
func (t *trie[V]) grow(up uint32, text []byte) (id uint32, rest []byte) {
	id = t.nodes.take()
	n := t.nodes.at(id)
	n.up = up
	n.size = uint8(copy(n.text[:], text))
	u := t.nodes.at(up)
	switch u.kids {
	case none:
		u.kids, u.kid = one, id
	case one:
		block := t.blocks.take(0)
		b := t.blocks.at(0, block)
		b.begin(up, t.nodes.at(u.kid).text[0], t.way(u.kid))
		b.add(text[0], way(id))
		u.kids, u.kid = many, block
		t.point(up)
	default:
		t.resize(up, size(u.kids-many).more(t.branch(u).len()))
		t.branch(u).add(text[0], way(id))
	}
	return id, text[n.size:]
}

// resize gives the branch behind a node a block of another size.
func (t *trie[V]) resize(id uint32, to size) {
	n := t.nodes.at(id)
	if from := size(n.kids - many); to != from {
		n.kids, n.kid = many+uint8(to), t.blocks.move(from, n.kid, to)
		t.point(id)
	}
}

// split cuts a node in two behind its first bytes, and returns the number of the first part. The second keeps its own,
// for a value's owner may know it.
func (t *trie[V]) split(id uint32, bytes int) uint32 {
	first := t.nodes.take()
	n, f := t.nodes.at(id), t.nodes.at(first)
	f.size = uint8(copy(f.text[:], n.text[:bytes]))
	n.size = uint8(copy(n.text[:], n.text[bytes:n.size]))
	f.up, f.kid, f.kids = n.up, id, one
	t.replace(n.up, first)
	n.up = first
	t.join(f.up)
	t.join(id)
	return first
}

// replace puts a node, which is no letter, in the place of the one behind up that begins with the same byte.
func (t *trie[V]) replace(up, id uint32) {
	u := t.nodes.at(up)
	if u.kids == one {
		u.kid = id
		return
	}
	t.branch(u).set(t.nodes.at(id).text[0], way(id))
}

// prune removes what is there for no reason, now that id has lost its value: the nodes down to where the ways part, and if
// they then no longer part, the joint. The node before a joint does not fit to it: else they would be one. Where they still
// part, id may be but a letter now.
func (t *trie[V]) prune(id uint32) {
	var zero V
	for t.nodes.at(id).value == zero {
		n := t.nodes.at(id)
		switch n.kids {
		case none:
		case one:
			t.join(id)
			return
		default:
			t.point(id)
			return
		}
		up := n.up
		t.cut(up, n.text[0])
		t.nodes.give(id)
		if id == t.root {
			t.root = 0
			return
		}
		id = up
	}
}

// cut removes what begins with c from behind up.
func (t *trie[V]) cut(up uint32, c byte) {
	if up == 0 {
		return
	}
	u := t.nodes.at(up)
	if u.kids == one {
		u.kids, u.kid = none, 0
		return
	}
	b := t.branch(u)
	if b.remove(c); b.len() > 1 {
		t.resize(up, size(u.kids-many).less(b.len()))
		return
	}
	last := t.end(b.way(0))
	t.blocks.give(size(u.kids-many), u.kid)
	u.kids, u.kid = one, last
	t.point(up)
}

// join makes one node of id and the only one behind it, if nothing else holds id there and their texts fit. The second
// keeps its number.
func (t *trie[V]) join(id uint32) {
	var zero V
	if id == 0 || id == t.root {
		return
	}
	n := t.nodes.at(id)
	if n.value != zero || n.kids != one {
		return
	}
	k := t.nodes.at(n.kid)
	if n.size+k.size > textSize {
		return
	}
	copy(k.text[n.size:], k.text[:k.size])
	copy(k.text[:], n.text[:n.size])
	k.size += n.size
	k.up = n.up
	t.replace(n.up, n.kid)
	t.nodes.give(id)
}

// prefix is what ends at a node, in buf if it has room.
func (t *trie[V]) prefix(id uint32, buf []byte) []byte {
	size := 0
	for i := id; i != t.root; i = t.nodes.at(i).up {
		size += int(t.nodes.at(i).size)
	}
	buf = slices.Grow(buf[:0], size)[:size]
	for i := id; i != t.root; i = t.nodes.at(i).up {
		n := t.nodes.at(i)
		size -= int(n.size)
		copy(buf[size:], n.text[:n.size])
	}
	return buf
}

// next is the node behind id in the order of the prefixes, 0 behind the last. Begin with the root.
func (t *trie[V]) next(id uint32) uint32 {
	n := t.nodes.at(id)
	switch n.kids {
	case none:
	case one:
		return n.kid
	default:
		return t.end(t.branch(n).way(0))
	}
	for id != t.root {
		up := t.nodes.at(n.up)
		if up.kids >= many {
			if w := t.branch(up).after(n.text[0]); w != 0 {
				return t.end(w)
			}
		}
		id, n = n.up, up
	}
	return 0
}
