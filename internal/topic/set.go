// Package topic holds subscriptions: sets of binary prefixes, and who wants what begins with them (RFC 29: "a binary
// comparison of the subscription against the start of the first frame of the message").
//
// Set is a publisher's, with its subscribers; Counted a subscriber's own. Both lie over one trie, in arenas:
//
//  1. arena.go: values in pages, by number
//  2. branch.go: where the ways part; blocks.go: its memory
//  3. trie.go: prefixes to values; walk.go: the way from one to the next
//  4. set.go, counted.go: what the values mean
package topic

import (
	"math"
	"slices"
)

// A Set is what a publisher's subscribers subscribed to. The zero Set is empty. It is not safe for concurrent use.
//
// A subscription takes 60 to 75 bytes with a prefix of 8 to 20 bytes, and 2.3 for each further byte; in the worst case,
// where prefixes part at every bit, 90; and 25 if somebody else has subscribed to the same.
type Set[K comparable] struct {
	trie        trie[holder]
	lists       arena[list[K]]
	subscribers arena[subscriber[K]]
	numbers     map[K]uint32 // of the subscribers
	prefixes    int
}

// A holder is a prefix's subscriber and which of the subscriber's subscriptions this is, or if there are several, the
// number of their list. The zero holder is nobody.
type holder struct{ who, at uint32 }

const several = math.MaxUint32 // as at

// A list is the subscribers of a prefix that has several.
type list[K comparable] struct {
	who []K
	at  []uint32 // which of who's subscriptions this is
}

// A subscriber knows its subscriptions, in no order, and they know where it has them: so either side finds the other
// without a search.
type subscriber[K comparable] struct {
	k     K
	has   []subscription
	bytes int // of its prefixes
}

type subscription struct {
	node uint32
	at   uint32 // the subscriber's place in the node's list, 0 without one
}

// Add subscribes k to prefix, of which it makes a copy. fresh: k was not subscribed to it; first: nobody was.
//
// A second time is the same subscription, where RFC 37 has two that two CANCELs end: libzmq's subscribers count for
// themselves, and send each SUBSCRIBE but only the last CANCEL (seen of 4.3.4). To count here too would keep what they
// cancelled.
func (s *Set[K]) Add(prefix []byte, k K) (fresh, first bool) {
	node, who := s.trie.make(prefix), s.enlist(k)
	if s.search(node, who) >= 0 {
		return false, false
	}
	sub := s.subscribers.at(who)
	place := s.enter(s.trie.nodes.at(node), holder{who, uint32(len(sub.has))})
	sub.has = append(sub.has, subscription{node, place})
	sub.bytes += len(prefix)
	if first = s.trie.nodes.at(node).value.at != several; first {
		s.prefixes++
	}
	return true, first
}

// Remove takes back k's subscription to prefix. was: there was one; last: nobody has another.
func (s *Set[K]) Remove(prefix []byte, k K) (was, last bool) {
	node, who := s.trie.find(prefix), s.numbers[k]
	if node == 0 || who == 0 {
		return false, false
	}
	i := s.search(node, who)
	if i < 0 {
		return false, false
	}
	last = s.unlink(who, i)
	sub := s.subscribers.at(who)
	if sub.bytes -= len(prefix); len(sub.has) == 0 {
		s.dismiss(k)
	}
	return true, last
}

// RemoveAll takes back all that k is subscribed to, in no order, and tells each of it, if that is not nil: the prefix, valid
// until it returns, and whether it was nobody else's. It must not use the set. The time it takes is for k's subscriptions, and
// no others: about half a second for a million.
func (s *Set[K]) RemoveAll(k K, each func(prefix []byte, last bool)) {
	for s.RemoveSome(k, math.MaxInt, each) {
	}
}

// RemoveSome is RemoveAll that stops after most of them, so that who holds a lock need not hold it for long. left: there are
// more.
func (s *Set[K]) RemoveSome(k K, most int, each func(prefix []byte, last bool)) (left bool) {
	who := s.numbers[k]
	if who == 0 {
		return false
	}
	var prefix []byte
	for i := len(s.subscribers.at(who).has) - 1; i >= 0; i-- { // neighbours in time are neighbours in memory
		if most--; most < 0 {
			return true
		}
		if each != nil {
			prefix = s.trie.prefix(s.subscribers.at(who).has[i].node, prefix)
		}
		if last := s.unlink(who, i); each != nil {
			each(prefix, last)
		}
	}
	s.dismiss(k)
	return false
}

// Match appends the subscribers of every prefix of topic to dst: one that subscribed to several of them, several times. It
// allocates nothing but what dst needs to grow.
func (s *Set[K]) Match(dst []K, topic []byte) []K {
	for node := s.trie.first(); node != nil; _, node, topic = s.trie.step(node, topic) {
		switch h := node.value; {
		case h == holder{}:
		case h.at != several:
			dst = append(dst, s.subscribers.at(h.who).k)
		default:
			dst = append(dst, s.lists.at(h.who).who...)
		}
	}
	return dst
}

// Count is how many prefixes k is subscribed to, and how many bytes they have together.
func (s *Set[K]) Count(k K) (prefixes, bytes int) {
	if who := s.numbers[k]; who != 0 {
		return len(s.subscribers.at(who).has), s.subscribers.at(who).bytes
	}
	return 0, 0
}

// Has reports whether k is subscribed to prefix itself.
func (s *Set[K]) Has(prefix []byte, k K) bool {
	node, who := s.trie.find(prefix), s.numbers[k]
	return node != 0 && who != 0 && s.search(node, who) >= 0
}

// Prefixes is the number of distinct prefixes.
func (s *Set[K]) Prefixes() int { return s.prefixes }

// enlist is k's number, a new one if it had none.
func (s *Set[K]) enlist(k K) uint32 {
	who := s.numbers[k]
	if who != 0 {
		return who
	}
	if s.numbers == nil {
		s.numbers = map[K]uint32{}
	}
	who = s.subscribers.take()
	s.subscribers.at(who).k = k
	s.numbers[k] = who
	return who
}

// dismiss forgets a subscriber without subscriptions.
func (s *Set[K]) dismiss(k K) {
	s.subscribers.give(s.numbers[k])
	if delete(s.numbers, k); len(s.numbers) == 0 {
		s.numbers = nil // a map does not shrink
	}
}

// search finds who's subscription to a node's prefix among all of who's, -1 if there is none. It looks through the shorter
// of two lists: nobody is made to walk a million subscriptions, or a thousand subscribers, by one who has a few.
func (s *Set[K]) search(node, who uint32) int {
	h, sub := s.trie.nodes.at(node).value, s.subscribers.at(who)
	if h.at != several {
		if h.who == who {
			return int(h.at)
		}
		return -1
	}
	l := s.lists.at(h.who)
	if len(sub.has) < len(l.who) {
		return slices.IndexFunc(sub.has, func(x subscription) bool { return x.node == node })
	}
	if i := slices.Index(l.who, sub.k); i >= 0 {
		return int(l.at[i])
	}
	return -1
}

// enter puts a subscriber's subscription to a node and returns its place in the node's list. The second makes the list.
func (s *Set[K]) enter(n *node[holder], h holder) (place uint32) {
	k := s.subscribers.at(h.who).k
	switch old := n.value; {
	case old == holder{}:
		n.value = h
	case old.at != several:
		n.value = holder{s.lists.take(), several}
		*s.lists.at(n.value.who) = list[K]{[]K{s.subscribers.at(old.who).k, k}, []uint32{old.at, h.at}}
		place = 1
	default:
		l := s.lists.at(old.who)
		place = uint32(len(l.who))
		l.who, l.at = append(l.who, k), append(l.at, h.at)
	}
	return place
}

// unlink takes the subscription with number i of who's away. last: its prefix has no other.
func (s *Set[K]) unlink(who uint32, i int) (last bool) {
	sub := s.subscribers.at(who)
	gone, end := sub.has[i], len(sub.has)-1
	if i != end {
		s.moved(sub.has[end], uint32(i))
		sub.has[i] = sub.has[end]
	}
	sub.has = fitted(sub.has[:end])
	n := s.trie.nodes.at(gone.node)
	if n.value.at == several {
		s.leave(n, gone.at)
		return false
	}
	n.value = holder{}
	s.trie.prune(gone.node)
	s.prefixes--
	return true
}

// moved says to a node that a subscription to its prefix is now its subscriber's i-th.
func (s *Set[K]) moved(x subscription, i uint32) {
	if h := &s.trie.nodes.at(x.node).value; h.at == several {
		s.lists.at(h.who).at[x.at] = i
	} else {
		h.at = i
	}
}

// leave takes the subscriber at a place out of a node's list. The last one takes the place; one alone needs no list.
func (s *Set[K]) leave(n *node[holder], place uint32) {
	l := s.lists.at(n.value.who)
	end := len(l.who) - 1
	if int(place) != end {
		l.who[place], l.at[place] = l.who[end], l.at[end]
		s.subscribers.at(s.numbers[l.who[place]]).has[l.at[place]].at = place
	}
	clear(l.who[end:])
	if l.who, l.at = fitted(l.who[:end]), fitted(l.at[:end]); end == 1 {
		alone := holder{s.numbers[l.who[0]], l.at[0]}
		s.lists.give(n.value.who)
		n.value = alone
	}
}

// fitted is s, in less memory if it uses less than a quarter of its own.
func fitted[E any](s []E) []E {
	if cap(s) > 16 && cap(s) > 4*len(s) {
		return slices.Clone(s)
	}
	return s
}
