package zmtp

import (
	"encoding/binary"
	"time"
)

const (
	// maxPingContext is ping-context = 0*16OCTET.
	maxPingContext = 16
	// ttlUnit is the wire's: tenths of a second.
	ttlUnit = 100 * time.Millisecond
	// maxSentTTL is 65.5 s. The wire has room for 6553.5 s, but libzmq counts the
	// TTL in milliseconds of 16 bits: it takes 65.6 s for 64 ms and hangs up.
	maxSentTTL = 655
)

// A Ping asks for a sign of life (RFC 37, "Connection Heartbeating").
type Ping struct {
	// TTL asks the peer to hang up if it hears nothing more for so long; 0 asks
	// nothing. It travels in tenths of a second.
	TTL time.Duration
	// Context comes back in the PONG, at most 16 bytes.
	Context []byte
}

// AppendPing appends p as a whole PING frame. The TTL is rounded up to a tenth of
// a second, so that the peer never gives up early, and is at most 65.5 s, which
// is what libzmq understands; below 0 it is 0. A context of over 16 bytes panics.
func AppendPing(b []byte, p Ping) []byte {
	checkContext(p.Context)
	var data [2 + maxPingContext]byte
	binary.BigEndian.PutUint16(data[:], deciseconds(p.TTL))
	n := 2 + copy(data[2:], p.Context)
	return AppendCommand(b, Command{PING, data[:n]})
}

// ParsePing reads the data of a PING command; Context aliases it. A TTL of up to
// 6553.5 s is legal. A PING without its two bytes of TTL, or with a context of
// over 16 bytes, is a MalformedCommand.
func ParsePing(data []byte) (Ping, error) {
	if len(data) < 2 {
		return Ping{}, refuse(MalformedCommand, "PING with %d bytes of TTL instead of 2", len(data))
	}
	ttl, context := time.Duration(binary.BigEndian.Uint16(data))*ttlUnit, data[2:]
	if len(context) > maxPingContext {
		return Ping{}, refuse(MalformedCommand, "PING with a context of %d bytes, at most %d accepted", len(context), maxPingContext)
	}
	return Ping{TTL: ttl, Context: context}, nil
}

// AppendPong appends the whole PONG frame that answers a Ping with this context.
// A context of over 16 bytes panics; ParsePing returns none.
func AppendPong(b []byte, context []byte) []byte {
	checkContext(context)
	return AppendCommand(b, Command{PONG, context})
}

func checkContext(context []byte) {
	if len(context) > maxPingContext {
		panic("BUG: a PING context of more than 16 bytes")
	}
}

func deciseconds(ttl time.Duration) uint16 {
	if ttl <= 0 {
		return 0
	}
	// Compared before it is rounded up: the sum could overflow.
	if ttl > maxSentTTL*ttlUnit {
		return maxSentTTL
	}
	return uint16((ttl + ttlUnit - 1) / ttlUnit)
}
