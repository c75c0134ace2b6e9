package zmtp

import (
	"bytes"
	"math"
)

// Names of the commands of RFC 37, and of those by which PLAIN and CURVE shake
// hands (RFC 24, 26). Case counts.
const (
	HELLO     = "HELLO"
	WELCOME   = "WELCOME"
	INITIATE  = "INITIATE"
	READY     = "READY"
	ERROR     = "ERROR"
	SUBSCRIBE = "SUBSCRIBE" // Data is the prefix; only to peers that announced 3.1 or later
	CANCEL    = "CANCEL"
	JOIN      = "JOIN" // Data is the group
	LEAVE     = "LEAVE"
	PING      = "PING"
	PONG      = "PONG"
)

// A Command is a frame for the engine: a name and what the name makes of Data.
type Command struct {
	Name string // 1 to 255 letters
	Data []byte
}

// AppendCommand appends c as a whole frame, header and body. It panics if c.Name
// is not 1 to 255 letters.
func AppendCommand(b []byte, c Command) []byte {
	if !isCommandName(c.Name) {
		panic("BUG: illegal command name: " + c.Name)
	}
	b = AppendHeader(b, Header{Command: true, Size: 1 + uint64(len(c.Name)) + uint64(len(c.Data))})
	b = append(b, byte(len(c.Name)))
	b = append(b, c.Name...)
	return append(b, c.Data...)
}

// ParseCommand reads the body of a command frame; Data aliases it. An unknown
// name is no error, a name that breaks the grammar (command-name of RFC 37) is:
// MalformedCommand.
//
// It also takes for ERROR what libzmq's PLAIN server says in the place of it (4.3.4,
// measured): "^RROR", where '^' is 0x5E, and stands for the 5 of the name's length
// together with the E. No legal command looks so, for it would have a name of 94
// bytes; and a wrong password is worth telling from a peer that is broken.
func ParseCommand(body []byte) (Command, error) {
	if len(body) == 0 {
		return Command{}, refuse(MalformedCommand, "the command is empty")
	}
	size, rest := int(body[0]), body[1:]
	if size > len(rest) {
		if reason, ok := bytes.CutPrefix(body, []byte("^RROR")); ok {
			return Command{Name: ERROR, Data: reason}, nil
		}
		return Command{}, refuse(MalformedCommand, "a name of %d bytes in a body of %d", size, len(body))
	}
	name := internName(rest[:size])
	if !isCommandName(name) {
		return Command{}, refuse(MalformedCommand, "illegal command name %s", quote(rest[:size]))
	}
	return Command{Name: name, Data: rest[size:]}, nil
}

// internName spares the copy of the names that come in numbers: a million
// subscriptions are a million commands.
func internName(b []byte) string {
	switch string(b) {
	case SUBSCRIBE:
		return SUBSCRIBE
	case CANCEL:
		return CANCEL
	case JOIN:
		return JOIN
	case LEAVE:
		return LEAVE
	case PING:
		return PING
	case PONG:
		return PONG
	case READY:
		return READY
	}
	return string(b)
}

// isCommandName is 1*255command-name-char, command-name-char = ALPHA.
func isCommandName(s string) bool {
	if len(s) == 0 || len(s) > math.MaxUint8 {
		return false
	}
	for i := range len(s) {
		if !isLetter(s[i]) {
			return false
		}
	}
	return true
}

func isLetter(c byte) bool { return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' }

// AppendError appends an ERROR command as a whole frame: we refuse the peer, and
// this is what its log will say. Bytes that are not printable ASCII become '?',
// and the reason ends after 255.
//
// The grammar has 0*255VCHAR, which leaves out the space. We send it all the
// same: the prose beside it wants a reason to be logged, ERROR ends the
// connection however it is read, and words that run together help nobody.
func AppendError(b []byte, reason string) []byte {
	reason = printable(reason[:min(len(reason), math.MaxUint8)])
	return AppendCommand(b, Command{ERROR, append([]byte{byte(len(reason))}, reason...)})
}

// ParseError reads the data of an ERROR command: error-reason of RFC 37 and no
// more, else MalformedError. Bytes that are not printable ASCII become '?', so
// that a peer cannot write to an operator's terminal.
func ParseError(data []byte) (reason string, err error) {
	if len(data) == 0 {
		return "", refuse(MalformedError, "ERROR without a reason's length")
	}
	if int(data[0]) != len(data)-1 {
		return "", refuse(MalformedError, "a reason of %d bytes in %d bytes of data", data[0], len(data))
	}
	return printable(string(data[1:])), nil
}

// printable is s with each byte that is not printable ASCII as '?'.
func printable(s string) string {
	b := []byte(s)
	for i, c := range b {
		if !isPrintable(c) {
			b[i] = '?'
		}
	}
	return string(b)
}
