package topic

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// A branch is where two nodes or more follow a node: that node's number, how many follow, less one, the first bytes of
// their texts, in order, and behind those the ways to them, four bytes each. So one block of memory holds all, most often
// in one line of the cache, and one bytes.IndexByte finds the way. What is left of the block is not used.
type branch []byte

const (
	branchHead = 4 + 1
	perWay     = 1 + 4
)

// A way leads to a node: it is the node's number or, with the bit through, the size and number of the block of the branch
// behind the node, where that is but a letter (trie.letter) and a look-up need not see it.
//
// So a node's number has 31 bits here: two thousand million would take 64 GiB, and as much again with what belongs to
// them. Blocks with larger numbers than fit are reached by their nodes.
type way uint32

const (
	through way = 1 << 31
	sizeBit     = 28
	blockID     = 1<<sizeBit - 1
)

// begin makes a block a branch behind a node, with its first way.
func (b branch) begin(node uint32, c byte, w way) {
	binary.LittleEndian.PutUint32(b, node)
	b[4], b[branchHead] = 0, c
	binary.LittleEndian.PutUint32(b[branchHead+1:], uint32(w))
}

// node is the number of the node that the branch is behind.
func (b branch) node() uint32 { return binary.LittleEndian.Uint32(b) }

func (b branch) len() int { return int(b[4]) + 1 }

// held is what is used of the block.
func (b branch) held() []byte { return b[:branchHead+perWay*b.len()] }

// firsts are the first bytes of the texts.
func (b branch) firsts() []byte { return b[branchHead : branchHead+b.len()] }

func (b branch) way(i int) way {
	return way(binary.LittleEndian.Uint32(b[branchHead+b.len()+4*i:]))
}

// find returns the way to what begins with c, 0 if there is none.
func (b branch) find(c byte) way {
	i := bytes.IndexByte(b.firsts(), c)
	if i < 0 {
		return 0
	}
	return b.way(i)
}

// after returns the next way behind the one to what begins with c, 0 if there is none.
func (b branch) after(c byte) way {
	i := bytes.IndexByte(b.firsts(), c) + 1
	if i == b.len() {
		return 0
	}
	return b.way(i)
}

// set puts another way in the place of the one to what begins with c.
func (b branch) set(c byte, w way) {
	i := bytes.IndexByte(b.firsts(), c)
	binary.LittleEndian.PutUint32(b[branchHead+b.len()+4*i:], uint32(w))
}

// add adds a way. The block has room for it.
func (b branch) add(c byte, w way) {
	n := b.len()
	i, _ := slices.BinarySearch(b.firsts(), c)
	b[4]++
	b = b[branchHead:]
	copy(b[n+1+4*(i+1):], b[n+4*i:perWay*n]) // the ways behind it make room for a byte and a way,
	copy(b[n+1:], b[n:n+4*i])                // those before it for a byte,
	copy(b[i+1:n+1], b[i:n])                 // and so do the bytes
	b[i] = c
	binary.LittleEndian.PutUint32(b[n+1+4*i:], uint32(w))
}

// remove removes the way to what begins with c. It is not the only one.
func (b branch) remove(c byte) {
	n := b.len()
	i := bytes.IndexByte(b.firsts(), c)
	b[4]--
	b = b[branchHead:]
	copy(b[i:], b[i+1:n+4*i])
	copy(b[n-1+4*i:], b[n+4*(i+1):perWay*n])
}
