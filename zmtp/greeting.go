package zmtp

import "bytes"

// The greeting of RFC 37, byte by byte:
//
//	 0      0xFF     signature, with eight bytes of padding that nobody may judge
//	 9      0x7F
//	10      major    from here on the bytes are the version's own
//	11      minor
//	12..31  mechanism, NUL-padded
//	32      as-server
//	33..63  filler
const (
	greetingSize   = 64
	signatureEnd   = 9
	majorAt        = 10
	minorAt        = 11
	mechanismAt    = 12
	asServerAt     = 32
	oldestMajor    = 3
	signatureFirst = 0xFF
	signatureLast  = 0x7F
)

// A Greeting is what each side sends before anything else: its version and its
// security mechanism. We send {3, 1, …}. A parsed one keeps the numbers that the
// peer announced: 3.0 takes subscriptions as messages, and any higher version is
// to be spoken to as 3.1 (RFC 37, "Version Negotiation").
type Greeting struct {
	Major, Minor uint8
	Mechanism    string // 1 to 20 of A-Z 0-9 - _ . +
	AsServer     bool   // byte 32 is exactly 1; see the package's limits
}

// AppendGreeting appends all 64 bytes of g: a peer that needs no older versions
// sends its whole greeting at once (RFC 37, "Backwards Interoperability"). It
// panics if g.Mechanism is not 1 to 20 legal characters.
func AppendGreeting(b []byte, g Greeting) []byte {
	if len(g.Mechanism) > asServerAt-mechanismAt {
		panic("BUG: mechanism name longer than 20 bytes: " + g.Mechanism)
	}
	var out [greetingSize]byte
	out[0], out[signatureEnd] = signatureFirst, signatureLast
	out[majorAt], out[minorAt] = g.Major, g.Minor
	copy(out[mechanismAt:asServerAt], g.Mechanism)
	if name, err := parseMechanism(out[mechanismAt:asServerAt]); err != nil || name != g.Mechanism {
		panic("BUG: illegal mechanism name: " + g.Mechanism)
	}
	if g.AsServer {
		out[asServerAt] = 1
	}
	return append(b, out[:]...)
}

// ParseGreeting reads the greeting at the start of b, and n is then 64. With
// fewer bytes it checks those that are there and asks for more (n == 0, nil).
//
// Its refusals are NotZMTP, with the protocol's name as Detail where it can be
// told; OldVersion ("ZMTP 1.0", "ZMTP 2.0 (revision 1)"); and MechanismMismatch
// for a mechanism that no peer can have. A first byte other than 0xFF is refused
// at once, unless up to seven more bytes can still say whose it is; a peer that
// stops short of those can be named with [Recognise].
func ParseGreeting(b []byte) (g Greeting, n int, err error) {
	if err := checkSignature(b); err != nil {
		return Greeting{}, 0, err
	}
	// ZMTP 2.0 greets with 14 bytes, so its version must be judged before
	// anything else is waited for. Higher versions MUST be accepted.
	if len(b) > majorAt && b[majorAt] < oldestMajor {
		return Greeting{}, 0, refuse(OldVersion, "ZMTP 2.0 (revision %d)", b[majorAt])
	}
	var mechanism string
	if len(b) > mechanismAt {
		if mechanism, err = parseMechanism(b[mechanismAt:min(len(b), asServerAt)]); err != nil {
			return Greeting{}, 0, err
		}
	}
	if len(b) < greetingSize {
		return Greeting{}, 0, nil
	}
	g = Greeting{Major: b[majorAt], Minor: b[minorAt], Mechanism: mechanism, AsServer: b[asServerAt] == 1}
	return g, greetingSize, nil
}

// checkSignature refuses what cannot become a signature. It says nothing while b
// is too short to tell.
func checkSignature(b []byte) error {
	switch {
	case len(b) == 0:
		return nil
	case b[0] != signatureFirst:
		return nameStranger(b)
	case len(b) > signatureEnd && b[signatureEnd] != signatureLast:
		return nameStranger(b)
	}
	return nil
}

// parseMechanism reads the mechanism field or any prefix of it. The name is
// ABNF 20mechanism-char with NULs at the end only: text after a NUL would be a
// name that two readers read differently.
func parseMechanism(field []byte) (string, error) {
	end := bytes.IndexByte(field, 0)
	if end < 0 {
		end = len(field)
	}
	if end == 0 {
		return "", refuse(MechanismMismatch, "the greeting names no mechanism")
	}
	for i, c := range field {
		if i < end && !isMechanismChar(c) || i > end && c != 0 {
			return "", refuse(MechanismMismatch, "the greeting's mechanism %s is no legal name", quote(bytes.TrimRight(field, "\x00")))
		}
	}
	return string(field[:end]), nil
}

func isMechanismChar(c byte) bool {
	return 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '-' || c == '_' || c == '.' || c == '+'
}
