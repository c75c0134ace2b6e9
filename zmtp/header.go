package zmtp

import (
	"encoding/binary"
	"math"
)

// Bits of the flags byte (RFC 37, "Framing").
const (
	flagMore    = 0x01
	flagLong    = 0x02
	flagCommand = 0x04
	reserved    = 0xFF &^ (flagMore | flagLong | flagCommand)
)

const (
	shortHeader = 2
	longHeader  = 9
	shortMax    = math.MaxUint8
	// maxBody bounds a frame even where the user set no limit. The wire goes up
	// to 2^63-1; half an int leaves a caller room to add a header, or two bodies,
	// without an overflow. On 64-bit machines that is 2^62-1 bytes.
	maxBody = math.MaxInt / 2
)

// A Header stands before a frame's body. A parsed Size is within the limit that
// ParseHeader was given and always fits an int, but says only what the peer
// announces: memory for the body must grow with what arrives.
type Header struct {
	More    bool // another frame of the same message follows; never set on a command
	Command bool
	Size    uint64 // bytes of the body
}

// AppendHeader appends the two bytes of a body of up to 255 bytes, or the nine of
// a longer one. It writes no MORE for a command (RFC 37: "SHALL be zero").
func AppendHeader(b []byte, h Header) []byte {
	var flags byte
	if h.More {
		flags = flagMore
	}
	if h.Command {
		flags = flagCommand
	}
	if h.Size <= shortMax {
		return append(b, flags, byte(h.Size))
	}
	return binary.BigEndian.AppendUint64(append(b, flags|flagLong), h.Size)
}

// ParseHeader reads the header at the start of b; n is 2 or 9. max is the largest
// body that is welcome, in bytes, message or command; 0 means that the user set
// no limit, and then 2^62-1 is one (2^30-1 on 32-bit machines).
//
// It refuses with BadFrame what the grammar does not have (reserved bits, MORE on
// a command, a size of 2^63 or more), and with OversizeFrame, before any byte of
// the body, what is over the limit. The long form for a small body is legal.
func ParseHeader(b []byte, max uint64) (h Header, n int, err error) {
	// Nearly every frame is a short message frame under the limit: half the cost
	// of the general way, and the test of b[0] covers every bit that it must not
	// have.
	if len(b) >= shortHeader && b[0] <= flagMore && (max == 0 || uint64(b[1]) <= max) {
		return Header{More: b[0] == flagMore, Size: uint64(b[1])}, shortHeader, nil
	}
	return parseHeader(b, max)
}

// parseHeader is ParseHeader without the short cut: correct for every header.
func parseHeader(b []byte, max uint64) (h Header, n int, err error) {
	if len(b) == 0 {
		return Header{}, 0, nil
	}
	flags := b[0]
	if flags&reserved != 0 {
		return Header{}, 0, refuse(BadFrame, "flags 0x%02x have reserved bits", flags)
	}
	if flags&flagCommand != 0 && flags&flagMore != 0 {
		return Header{}, 0, refuse(BadFrame, "flags 0x%02x: a command cannot have MORE", flags)
	}
	size, n := uint64(0), shortHeader
	if flags&flagLong != 0 {
		n = longHeader
	}
	if len(b) < n {
		return Header{}, 0, nil
	}
	if n == shortHeader {
		size = uint64(b[1])
	} else if size = binary.BigEndian.Uint64(b[1:]); size > math.MaxInt64 {
		return Header{}, 0, refuse(BadFrame, "size 0x%016x has the top bit set", size)
	}
	if limit := bodyLimit(max); size > limit {
		return Header{}, 0, refuse(OversizeFrame, "%d bytes announced, at most %d accepted", size, limit)
	}
	return Header{More: flags&flagMore != 0, Command: flags&flagCommand != 0, Size: size}, n, nil
}

func bodyLimit(max uint64) uint64 {
	if max == 0 || max > maxBody {
		return maxBody
	}
	return max
}
