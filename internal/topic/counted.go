package topic

import "iter"

// A Counted set is what one subscriber subscribed to, each prefix as often as it did (RFC 37: "subscriptions … SHALL NOT
// be idempotent"). The zero Counted is empty. Like Set it is not safe for concurrent use.
type Counted struct {
	trie     trie[uint64] // how often
	prefixes int
}

// Add counts prefix once more, and copies it. first: it was not there.
func (c *Counted) Add(prefix []byte) (first bool) {
	n := c.trie.nodes.at(c.trie.make(prefix))
	if n.value++; n.value > 1 {
		return false
	}
	c.prefixes++
	return true
}

// Remove counts prefix once less. was: it was there; last: it no longer is.
func (c *Counted) Remove(prefix []byte) (was, last bool) {
	id := c.trie.find(prefix)
	if id == 0 {
		return false, false
	}
	switch n := c.trie.nodes.at(id); n.value {
	case 0:
		return false, false
	case 1:
		n.value = 0
		c.trie.prune(id)
		c.prefixes--
		return true, true
	default:
		n.value--
		return true, false
	}
}

// Count is how often prefix itself was added and not removed.
func (c *Counted) Count(prefix []byte) int {
	id := c.trie.find(prefix)
	if id == 0 {
		return 0
	}
	return int(c.trie.nodes.at(id).value)
}

// Match reports whether topic begins with any of the prefixes (RFC 29: "a prefix match algorithm"). It allocates nothing.
func (c *Counted) Match(topic []byte) bool {
	for node := c.trie.first(); node != nil; _, node, topic = c.trie.step(node, topic) {
		if node.value > 0 {
			return true
		}
	}
	return false
}

// Len is the number of distinct prefixes.
func (c *Counted) Len() int { return c.prefixes }

// All are the distinct prefixes, in order of their bytes. A prefix is valid until the next one is asked for; the set must
// not change meanwhile.
func (c *Counted) All() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		var prefix []byte
		for id := c.trie.root; id != 0; id = c.trie.next(id) {
			if c.trie.nodes.at(id).value == 0 {
				continue
			}
			if prefix = c.trie.prefix(id, prefix); !yield(prefix) {
				return
			}
		}
	}
}
