package assault

import (
	"encoding/binary"
	"strings"
)

// The flags of a frame (RFC 37, "Framing").
const (
	flagMore    = 1
	flagLong    = 2
	flagCommand = 4
)

// greetingSize is RFC 37's: signature, version, mechanism, as-server, filler.
const greetingSize = 64

// Greeting is a faultless one, of ZMTP 3.1, of who is not the mechanism's server.
func Greeting(mechanism string) []byte {
	b := make([]byte, greetingSize)
	b[0], b[9], b[10], b[11] = 0xFF, 0x7F, 3, 1
	copy(b[12:32], mechanism)
	return b
}

// Ready is NULL's READY of who says it is of this type.
func Ready(typ string) []byte { return command("READY", property("Socket-Type", typ)) }

// Opening is what a socket of ours with NULL, and without options, says in its handshake: REQ, DEALER and ROUTER say a
// routing id, which is empty (RFC 37, "The Identity Property"), and who is to get everything there is subscribes to it.
func Opening(typ string) []byte {
	data := property("Socket-Type", typ)
	if typ == "REQ" || typ == "DEALER" || typ == "ROUTER" {
		data = append(data, property("Identity", "")...)
	}
	b := append(Greeting("NULL"), command("READY", data)...)
	if typ == "SUB" || typ == "XSUB" {
		b = append(b, command("SUBSCRIBE", nil)...)
	}
	return b
}

// frame is body behind its flags and size, in the short form where it fits.
func frame(flags byte, body []byte) []byte {
	if len(body) < 256 {
		return append([]byte{flags, byte(len(body))}, body...)
	}
	return append(binary.BigEndian.AppendUint64([]byte{flags | flagLong}, uint64(len(body))), body...)
}

func command(name string, data []byte) []byte {
	return frame(flagCommand, append(append([]byte{byte(len(name))}, name...), data...))
}

func property(name, value string) []byte {
	b := append([]byte{byte(len(name))}, name...)
	return append(binary.BigEndian.AppendUint32(b, uint32(len(value))), value...)
}

// A unit is a greeting or a frame that an attacker was sent.
type unit struct {
	whole    []byte // as it came
	greeting bool
	flags    byte
	body     []byte
}

// next takes the first unit off b; ok is false if it has not come whole. greeted says whether there was a greeting.
func next(b []byte, greeted bool) (u unit, rest []byte, ok bool) {
	if !greeted {
		if len(b) < greetingSize {
			return u, b, false
		}
		return unit{whole: b[:greetingSize], greeting: true}, b[greetingSize:], true
	}
	if len(b) < 2 {
		return u, b, false
	}
	at, size := 2, uint64(b[1])
	if b[0]&flagLong != 0 {
		if len(b) < 9 {
			return u, b, false
		}
		at, size = 9, binary.BigEndian.Uint64(b[1:])
	}
	if uint64(len(b)-at) < size {
		return u, b, false
	}
	end := at + int(size)
	return unit{whole: b[:end], flags: b[0], body: b[at:end]}, b[end:], true
}

// name is greeting, a command's name, MESSAGE for what CURVE has sealed (libzmq's have no COMMAND bit), or message.
func (u unit) name() string {
	switch {
	case u.greeting:
		return "greeting"
	case strings.HasPrefix(string(u.body), "\x07MESSAGE"):
		return "MESSAGE"
	case u.flags&flagCommand != 0 && len(u.body) > 0 && int(u.body[0]) < len(u.body):
		return string(u.body[1 : 1+int(u.body[0])])
	}
	return "message"
}

// data is a command's.
func (u unit) data() []byte {
	if len(u.body) == 0 {
		return nil
	}
	return u.body[min(len(u.body), 1+int(u.body[0])):]
}
