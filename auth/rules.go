package auth

import (
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/zmtp/curve"
)

// Rules say who may come in. The zero Rules let nobody in: each field adds somebody, but for Deny and Allow.
//
// Passwords do not come out of Rules but by the field's name: printed, logged or marshalled as text they are counted.
type Rules struct {
	// Deny are the networks from which nobody may come in, Allow those from which alone one may; nil: from everywhere. Deny
	// wins. They are asked first, and nothing below overrules them. A peer over ipc has no address: Deny never means it,
	// and a non-empty Allow keeps it out.
	Deny, Allow []netip.Prefix

	// By PLAIN: passwords by user name, which becomes the UserID. Each has 1 to 255 bytes.
	Passwords map[string]string

	// By PLAIN, too: a file of lines name=password, in UTF-8. A password is all that follows the first = of its line, and has
	// no space at its ends; a name neither. Empty lines, and those that begin with #, say nothing. On unix only its owner
	// may have a right to the file. "": none.
	PasswordFile string

	// By CURVE: clients' keys, each with the UserID that its holder gets, at most 255 bytes.
	Keys map[curve.PublicKey]string

	// By CURVE, too: a folder of public certificates, as [curve.Certificate] writes them, CZMQ, and pyzmq. A client is called by
	// its file's name, without a .key at its end, for that is the name which you have chosen and not the client: "ada.key" has
	// the UserID "ada". The certificate's metadata become properties of the peer. Files whose name begins with a dot, or ends
	// with ~ or _secret, are passed over, and so are folders. "": none.
	KeyFolder string

	// By CURVE: a client with any other key may come in as well. Its UserID is the key's Z85. It has proved that it holds the
	// key's secret half, and nothing else.
	AnyKey bool

	// By NULL, which proves nothing: whoever comes from a network that may. It has no UserID.
	Anonymous bool

	// Otherwise is asked about whoever comes from a network that may and finds no entry among the above: an unknown name, a
	// wrong password, another mechanism. Its answer stands. It is where passwords are held against a database or a hash.
	// nil: such a peer is refused.
	Otherwise zmq.Authenticator

	// Domains are the rules for sockets with a zmq.Config.ZAPDomain of that name, instead of all of the above but for Deny and
	// Allow: those hold in every domain, and a domain's own are asked besides. A domain that is not here has the rules above.
	// Inside of Domains this field must be nil.
	Domains map[string]Rules
}

// clone is r with maps and slices of its own.
func (r Rules) clone() *Rules {
	r.Deny, r.Allow = slices.Clone(r.Deny), slices.Clone(r.Allow)
	r.Passwords, r.Keys, r.Domains = maps.Clone(r.Passwords), maps.Clone(r.Keys), maps.Clone(r.Domains)
	for name, own := range r.Domains {
		r.Domains[name] = *own.clone()
	}
	return &r
}

// String counts the rules.
func (r Rules) String() string {
	return fmt.Sprintf("{%d networks denied, %d allowed, %d passwords, %d keys, %d domains}",
		len(r.Deny), len(r.Allow), len(r.Passwords), len(r.Keys), len(r.Domains))
}

// Format is String under every verb: %d or %x would pass String by and print the passwords.
func (r Rules) Format(f fmt.State, _ rune) { f.Write([]byte(r.String())) }

// LogValue is String.
func (r Rules) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText is String; so JSON and XML are, too.
func (r Rules) MarshalText() ([]byte, error) { return []byte(r.String()), nil }
