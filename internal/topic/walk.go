package topic

// letter reports whether a node is but a letter: its text is one byte, no prefix ends at it, and the ways part behind it. Most
// of those that many topics pass are. The way to a letter leads through to its branch (way): so a look-up goes from branch
// to branch, and comes to a node only where that has something to say.
//
// Whatever makes a node a letter, or makes it more, or moves its branch, has to put the way right: point.
func (t *trie[V]) letter(n *node[V]) bool {
	var zero V
	return n.kids >= many && n.size == 1 && n.value == zero && n.kid <= blockID
}

// way is the way to a node.
func (t *trie[V]) way(id uint32) way {
	if n := t.nodes.at(id); t.letter(n) {
		return through | way(n.kids-many)<<sizeBit | way(n.kid)
	}
	return way(id)
}

// point puts the way to a node, which may be another now, into the branch before it, if there is one.
func (t *trie[V]) point(id uint32) {
	n := t.nodes.at(id)
	if u := t.nodes.at(n.up); u.kids >= many && id != t.root {
		t.branch(u).set(n.text[0], t.way(id))
	}
}

// branch is the one behind a node where ways part.
func (t *trie[V]) branch(n *node[V]) branch { return t.blocks.at(size(n.kids-many), n.kid) }

// behind is the branch that a way leads through to.
func (t *trie[V]) behind(w way) branch { return t.blocks.at(size(w>>sizeBit&7), uint32(w&blockID)) }

// end is the node that a way leads to.
func (t *trie[V]) end(w way) uint32 {
	if w&through != 0 {
		return t.behind(w).node()
	}
	return uint32(w)
}

// first is the node where every topic begins, nil if the trie is empty.
func (t *trie[V]) first() *node[V] {
	if t.root == 0 {
		return nil
	}
	return t.nodes.at(t.root)
}

// step goes from a node along a topic: to the next that is more than a letter, if all bytes up to its end stand at the
// topic's beginning, and to the topic's rest; to nil, with number 0, if there is none.
func (t *trie[V]) step(n *node[V], topic []byte) (id uint32, next *node[V], rest []byte) {
	if len(topic) == 0 || n.kids == none {
		return 0, nil, nil
	}
	id = n.kid
	if n.kids >= many {
		w := t.branch(n).find(topic[0])
		for w&through != 0 {
			if topic = topic[1:]; len(topic) == 0 {
				return 0, nil, nil
			}
			w = t.behind(w).find(topic[0])
		}
		if w == 0 {
			return 0, nil, nil
		}
		id = uint32(w)
	}
	next = t.nodes.at(id)
	if len(topic) < int(next.size) || string(next.text[:next.size]) != string(topic[:next.size]) {
		return 0, nil, nil
	}
	return id, next, topic[next.size:]
}

// toward is the node behind n whose text begins with c, be it a letter or not, 0 if there is none.
func (t *trie[V]) toward(n *node[V], c byte) uint32 {
	switch n.kids {
	case none:
	case one:
		if t.nodes.at(n.kid).text[0] == c {
			return n.kid
		}
	default:
		return t.end(t.branch(n).find(c))
	}
	return 0
}

// find returns the node at which prefix ends, 0 if there is none or it is but a letter. Its value may be zero.
func (t *trie[V]) find(prefix []byte) uint32 {
	id, n := t.root, t.first()
	for n != nil && len(prefix) > 0 {
		id, n, prefix = t.step(n, prefix)
	}
	return id
}
