package topic

// Blocks are the memory of branches: of a few sizes, in an arena each, so that a look-up goes from a branch's number to
// its bytes, with no slice's header, which would be one more miss of the cache, in between. Two ways, the most frequent
// case by far, take 16 bytes. The largest are memory of their own: in pages one of them could keep 300 KiB, and as they
// are few their headers are in the cache.
type blocks struct {
	of16  arena[[16]byte]
	of32  arena[[32]byte]
	of64  arena[[64]byte]
	of128 arena[[128]byte]
	of192 arena[[192]byte]
	own   arena[[]byte]
}

// A size is that of a block, by its place in sizes.
type size uint8

// sizes have room for 2, 5, 11, 24, 37, 75, 152 and 256 ways.
var sizes = [...]int{16, 32, 64, 128, 192, 384, 768, branchHead + 256*perWay}

func (s size) room() int { return (sizes[s] - branchHead) / perWay }

// more is the size for one more way than there are.
func (s size) more(ways int) size {
	if ways == s.room() {
		return s + 1
	}
	return s
}

// less is the size for as many ways as are left: a smaller one when they fill that by half, so that nothing is moved for
// who comes and goes.
func (s size) less(ways int) size {
	if s > 0 && ways <= (s-1).room()/2 {
		return s - 1
	}
	return s
}

// at is the block of a size with a number, valid until the next take.
func (x *blocks) at(s size, id uint32) branch {
	switch s {
	case 0:
		return x.of16.at(id)[:]
	case 1:
		return x.of32.at(id)[:]
	case 2:
		return x.of64.at(id)[:]
	case 3:
		return x.of128.at(id)[:]
	case 4:
		return x.of192.at(id)[:]
	}
	return *x.own.at(id)
}

// take returns the number of a block of a size.
func (x *blocks) take(s size) uint32 {
	switch s {
	case 0:
		return x.of16.take()
	case 1:
		return x.of32.take()
	case 2:
		return x.of64.take()
	case 3:
		return x.of128.take()
	case 4:
		return x.of192.take()
	}
	id := x.own.take()
	*x.own.at(id) = make([]byte, sizes[s])
	return id
}

// give takes a block back.
func (x *blocks) give(s size, id uint32) {
	switch s {
	case 0:
		x.of16.give(id)
	case 1:
		x.of32.give(id)
	case 2:
		x.of64.give(id)
	case 3:
		x.of128.give(id)
	case 4:
		x.of192.give(id)
	default:
		x.own.give(id)
	}
}

// move puts a branch into a block of another size, and returns its number.
func (x *blocks) move(from size, id uint32, to size) uint32 {
	other := x.take(to)
	copy(x.at(to, other), x.at(from, id).held())
	x.give(from, id)
	return other
}
