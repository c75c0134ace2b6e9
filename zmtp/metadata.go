package zmtp

import (
	"encoding/binary"
	"math"
	"slices"
	"strings"
)

// Names of properties. Peers send the first two (RFC 37, "Connection Metadata").
// The other three are set by the engine about a peer (zmq_msg_gets manual page);
// ParseMetadata drops them from what a peer says of itself.
const (
	SocketType  = "Socket-Type"
	Identity    = "Identity"
	RoutingID   = "Routing-Id"
	UserID      = "User-Id"
	PeerAddress = "Peer-Address"
)

const (
	// MaxProperties is the most properties in one Metadata. RFC 37 defines three
	// and libzmq sends at most two and the application's own; 64 leaves an
	// application all it can name, and makes the search for duplicates, each
	// against all, too short to be worth an attack.
	MaxProperties = 64
	// MaxMetadata is the most bytes of one encoded Metadata. It is what a stranger
	// can make us hold before anybody has been authenticated; 64 KiB is a
	// thousand times what libzmq sends.
	MaxMetadata = 64 << 10
)

// A Property is one name and its value. The name is 1 to 255 of ALPHA, DIGIT and
// - _ . +, its case does not count; the value is any bytes. Names that begin with
// "X-" are for applications.
type Property struct{ Name, Value string }

// Metadata is what a peer says of itself, in the order in which it says it.
type Metadata []Property

// Get is the value of the property of that name, in any case, and whether there
// is one.
func (m Metadata) Get(name string) (string, bool) {
	for _, p := range m {
		if strings.EqualFold(p.Name, name) {
			return p.Value, true
		}
	}
	return "", false
}

// Validate says why m cannot go over the wire: an illegal name, a name twice (in
// any case), more than MaxProperties, more than MaxMetadata bytes. It is for
// metadata that users supply, before AppendMetadata; the error is an
// InvalidMetadata.
func (m Metadata) Validate() error {
	if err := m.Within(MaxProperties, MaxMetadata); err != nil {
		return err
	}
	for i, p := range m {
		if !isPropertyName(p.Name) {
			return refuse(InvalidMetadata, "illegal property name %s", quote([]byte(p.Name)))
		}
		if _, twice := m[:i].Get(p.Name); twice {
			return refuse(InvalidMetadata, "property %s twice", quote([]byte(p.Name)))
		}
	}
	return nil
}

// Within says whether m has more than so many properties, or its encoding more
// than so many bytes; the error is an InvalidMetadata.
func (m Metadata) Within(properties, bytes int) error {
	if len(m) > properties {
		return refuse(InvalidMetadata, "more than %d properties", properties)
	}
	size := 0
	for _, p := range m {
		size += 1 + len(p.Name) + 4 + len(p.Value)
	}
	if size > bytes {
		return refuse(InvalidMetadata, "%d bytes of properties, at most %d accepted", size, bytes)
	}
	return nil
}

// AppendMetadata appends m as READY carries it. It panics if m is not valid.
func AppendMetadata(b []byte, m Metadata) []byte {
	if err := m.Validate(); err != nil {
		panic("BUG: " + err.Error())
	}
	for _, p := range m {
		b = append(b, byte(len(p.Name)))
		b = append(b, p.Name...)
		b = binary.BigEndian.AppendUint32(b, uint32(len(p.Value))) // under MaxMetadata
		b = append(b, p.Value...)
	}
	return b
}

// ParseMetadata reads b to its exact end: metadata = *property of RFC 37, within
// what Validate allows; else InvalidMetadata. The strings are copies, one block
// for all of them.
//
// Properties by the names Routing-Id, User-Id and Peer-Address are checked and
// then left out: applications take these as the engine's word on who the peer is
// and whence it comes, so a peer may not say them, and no mechanism can forget to
// look. A ZAP handler that uses the same encoding has a field of its own for the
// user id.
func ParseMetadata(b []byte) (Metadata, error) {
	if len(b) > MaxMetadata {
		return nil, refuse(InvalidMetadata, "%d bytes of properties, at most %d accepted", len(b), MaxMetadata)
	}
	var m Metadata
	for rest := string(b); len(rest) > 0; {
		// The slice must stay as short as Validate wants it: 64 KiB of properties
		// without values would be five times as much in headers of strings.
		if len(m) == MaxProperties {
			return nil, refuse(InvalidMetadata, "more than %d properties", MaxProperties)
		}
		var p Property
		var ok bool
		if p, rest, ok = cutProperty(rest); !ok {
			return nil, refuse(InvalidMetadata, "property %d of the list is cut short", len(m)+1)
		}
		m = append(m, p)
	}
	if err := m.Validate(); err != nil {
		return nil, err
	}
	return slices.DeleteFunc(m, isEngines), nil
}

// cutProperty takes the first property off s: name = short-size 1*255name-char,
// value = 4OCTET *OCTET.
func cutProperty(s string) (p Property, rest string, ok bool) {
	var size int
	if size, s = int(s[0]), s[1:]; len(s) < size+4 {
		return Property{}, "", false
	}
	p.Name, s = s[:size], s[size:]
	// A value of up to 2^32-1 bytes is held against what is there before it
	// becomes an int.
	length := uint64(s[0])<<24 | uint64(s[1])<<16 | uint64(s[2])<<8 | uint64(s[3])
	if s = s[4:]; length > uint64(len(s)) {
		return Property{}, "", false
	}
	p.Value, rest = s[:length], s[length:]
	return p, rest, true
}

func isEngines(p Property) bool {
	return strings.EqualFold(p.Name, RoutingID) || strings.EqualFold(p.Name, UserID) || strings.EqualFold(p.Name, PeerAddress)
}

func isPropertyName(s string) bool {
	if len(s) == 0 || len(s) > math.MaxUint8 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if !isLetter(c) && !('0' <= c && c <= '9') && c != '-' && c != '_' && c != '.' && c != '+' {
			return false
		}
	}
	return true
}
