package topic

import (
	"bytes"
	"encoding/binary"
	"slices"
)

// A branch is where two nodes or more follow a node: the first bytes of their texts, in order, and behind those the nodes'
// numbers, four bytes each. So one block of memory holds all, and one bytes.IndexByte finds the way.
type branch []byte

const perKid = 1 + 4

func newBranch(a byte, kid uint32, b byte, other uint32) branch {
	return make(branch, 0, 3*perKid+1).with(a, kid).with(b, other) // 16 bytes
}

func (b branch) len() int { return len(b) / perKid }

func (b branch) kid(i int) uint32 { return binary.LittleEndian.Uint32(b[b.len()+4*i:]) }

// find returns the node whose text begins with c, 0 if there is none.
func (b branch) find(c byte) uint32 {
	i := bytes.IndexByte(b[:b.len()], c)
	if i < 0 {
		return 0
	}
	return b.kid(i)
}

// after returns the next node behind the one that begins with c, 0 if there is none.
func (b branch) after(c byte) uint32 {
	i := bytes.IndexByte(b[:b.len()], c) + 1
	if i == b.len() {
		return 0
	}
	return b.kid(i)
}

// set puts another node in the place of one that begins with c.
func (b branch) set(c byte, kid uint32) {
	i := bytes.IndexByte(b[:b.len()], c)
	binary.LittleEndian.PutUint32(b[b.len()+4*i:], kid)
}

// with adds a node.
func (b branch) with(c byte, kid uint32) branch {
	n := b.len()
	i, _ := slices.BinarySearch(b[:n], c)
	b = append(b, make([]byte, perKid)...)
	copy(b[n+1+4*(i+1):], b[n+4*i:5*n]) // the numbers behind it make room for a byte and a number,
	copy(b[n+1:], b[n:n+4*i])           // those before it for a byte,
	copy(b[i+1:n+1], b[i:n])            // and so do the bytes
	b[i] = c
	binary.LittleEndian.PutUint32(b[n+1+4*i:], kid)
	return b
}

// without removes the node that begins with c.
func (b branch) without(c byte) branch {
	n := b.len()
	i := bytes.IndexByte(b[:n], c)
	copy(b[i:], b[i+1:n+4*i])
	copy(b[n-1+4*i:], b[n+4*(i+1):])
	return fitted(b[:perKid*(n-1)])
}
