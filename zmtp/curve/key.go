package curve

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
)

// keySize is that of every key here, in bytes; keyText that of its text.
const (
	keySize = 32
	keyText = keySize / 4 * 5
)

// A PublicKey is who somebody is: it may be shown to anybody. Its text is Z85
// (RFC 32), 40 characters. It is comparable, and a map's key.
type PublicKey [keySize]byte

// ParsePublicKey reads the 40 characters of Z85.
func ParsePublicKey(z85 string) (k PublicKey, err error) {
	b, err := parseKey("public", z85)
	copy(k[:], b)
	return k, err
}

// String is k in Z85.
func (k PublicKey) String() string { return encodeZ85(k[:]) }

// MarshalText is String.
func (k PublicKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText is ParsePublicKey.
func (k *PublicKey) UnmarshalText(text []byte) error {
	parsed, err := ParsePublicKey(string(text))
	if err == nil {
		*k = parsed
	}
	return err
}

// A SecretKey is what proves who somebody is. It shows its bytes to nobody but
// who calls Z85: printed, logged or marshalled as text it says "[redacted]". The
// zero SecretKey is none. Copies share the key; to compare two, use Equal.
type SecretKey struct {
	discreet
	// k is a func, because inside of unexported fields package fmt calls no
	// methods, and only of a func it prints nothing but a number under every verb.
	// The key has the public one with it, which takes as much work to find as each
	// step of a handshake does.
	k func() *ecdh.PrivateKey
}

// ParseSecretKey reads the 40 characters of Z85. Its errors do not repeat them.
func ParseSecretKey(z85 string) (SecretKey, error) {
	b, err := parseKey("secret", z85)
	if err != nil {
		return SecretKey{}, err
	}
	return newSecretKey(b)
}

// newSecretKey makes b a key: any 32 bytes are one (RFC 7748, section 5).
func newSecretKey(b []byte) (SecretKey, error) {
	k, err := ecdh.X25519().NewPrivateKey(b)
	if err != nil { // only where FIPS 140-3 forbids the curve
		return SecretKey{}, fmt.Errorf("curve: no key can be made in this process: %w", err)
	}
	return SecretKey{k: func() *ecdh.PrivateKey { return k }}, nil
}

// IsZero reports whether there is no key.
func (k SecretKey) IsZero() bool { return k.k == nil }

// Public is the public key that belongs to k; that of the zero SecretKey is zero.
func (k SecretKey) Public() (p PublicKey) {
	if k.k != nil {
		copy(p[:], k.k().PublicKey().Bytes())
	}
	return p
}

// Equal compares the keys, in a time that does not depend on where they differ.
func (k SecretKey) Equal(other SecretKey) bool {
	if k.k == nil || other.k == nil {
		return k.k == nil && other.k == nil
	}
	return subtle.ConstantTimeCompare(k.bytes(), other.bytes()) == 1
}

// Z85 is the key's text, to be kept as a secret; "" of the zero SecretKey.
func (k SecretKey) Z85() string {
	if k.k == nil {
		return ""
	}
	return encodeZ85(k.bytes())
}

// bytes are the key's own.
func (k SecretKey) bytes() []byte { return k.k().Bytes() }

// redacted is what a secret says in the place of itself.
const redacted = "[redacted]"

// discreet is embedded in what has secrets: that then shows nothing, under any verb
// of package fmt, to a logger, or as JSON.
type discreet struct{}

// Format writes "[redacted]" under every verb; %d and %x would pass String by.
func (discreet) Format(f fmt.State, _ rune) { f.Write([]byte(redacted)) }

// String is "[redacted]".
func (discreet) String() string { return redacted }

// GoString is "[redacted]".
func (discreet) GoString() string { return redacted }

// LogValue is "[redacted]", for log/slog.
func (discreet) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText makes "[redacted]" of it in JSON and other encodings: who stores a key means
// [Certificate.WriteFiles] or [SecretKey.Z85].
func (discreet) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// A KeyPair is both keys of one party. Two pairs are the same if their public keys
// are.
type KeyPair struct {
	Public PublicKey
	Secret SecretKey
}

// NewKeyPair makes one from the system's randomness (zmq_curve_keypair(3)).
func NewKeyPair() KeyPair {
	pair, err := newKeyPair(random)
	if err != nil {
		panic(err.Error())
	}
	return pair
}

// random fills b with what nobody can guess. It cannot go wrong (crypto/rand).
func random(b []byte) { rand.Read(b) }

func newKeyPair(random func([]byte)) (KeyPair, error) {
	var b [keySize]byte
	random(b[:])
	secret, err := newSecretKey(b[:])
	return KeyPair{secret.Public(), secret}, err
}

// ParseKeyPair reads both from Z85. If they do not belong together, that is the
// error: a peer that has one of them would refuse the other for no visible reason.
func ParseKeyPair(public, secret string) (KeyPair, error) {
	p, err := ParsePublicKey(public)
	if err != nil {
		return KeyPair{}, err
	}
	s, err := ParseSecretKey(secret)
	if err != nil {
		return KeyPair{}, err
	}
	pair := KeyPair{p, s}
	if err := pair.validate(); err != nil {
		return KeyPair{}, err
	}
	return pair, nil
}

// validate says why p cannot be used.
func (p KeyPair) validate() error {
	switch {
	case p.Secret.IsZero():
		return errors.New("curve: there is no secret key: make a pair with NewKeyPair, or read one with ReadCertificate")
	case p.Secret.Public() != p.Public:
		return errors.New("curve: the public and the secret key do not belong together: take both from one pair")
	}
	return nil
}

func parseKey(kind, z85 string) ([]byte, error) {
	if len(z85) != keyText {
		return nil, fmt.Errorf("curve: the %s key has %d characters: it must be Z85, which has %d", kind, len(z85), keyText)
	}
	b, err := DecodeZ85(z85)
	if err != nil {
		return nil, fmt.Errorf("%w, in the %s key", err, kind)
	}
	return b, nil
}
