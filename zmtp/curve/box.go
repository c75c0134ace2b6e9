package curve

import (
	"crypto/ecdh"
	"encoding/binary"
	"errors"
	"fmt"

	"golang.org/x/crypto/nacl/secretbox"
	//lint:ignore SA1019 For HSalsa20, of which nacl/box makes the key of a box; it has no door for who finds the secret himself.
	"golang.org/x/crypto/salsa20/salsa"

	"github.com/glassmq/zmq/zmtp"
)

// What nonces begin with (RFC 26, "High-level Grammar"): sixteen bytes before a
// short nonce, eight before a long one.
const (
	helloPrefix         = "CurveZMQHELLO---"
	initiatePrefix      = "CurveZMQINITIATE"
	readyPrefix         = "CurveZMQREADY---"
	serverMessagePrefix = "CurveZMQMESSAGES"
	clientMessagePrefix = "CurveZMQMESSAGEC"

	welcomePrefix = "WELCOME-"
	cookiePrefix  = "COOKIE--"
	vouchPrefix   = "VOUCH---"
)

// Sizes in bytes. A box is boxMore longer than what is in it.
const (
	boxMore   = secretbox.Overhead
	shortSize = 8
	longSize  = 16
	nonceSize = 24
)

// A boxKey seals and opens Box [X](A->B) of RFC 26: crypto_box's key "after
// precomputation". It is the same both ways.
type boxKey [keySize]byte

// agree finds the key of Box [X](own->peer). It fails for a peer's key of low
// order: with such a one anybody would find the same key, and who sends it would
// pass for the holder of a secret that does not exist. box.Precompute of x/crypto
// does not look; crypto/ecdh does (RFC 7748, section 6.1). It also fails for a key
// whose top bit is set: X25519 ignores that bit, so each key would have a second
// form, under which its holder passes by a list of those that are locked out.
func agree(own SecretKey, peer PublicKey) (k boxKey, err error) {
	if own.IsZero() {
		return k, errors.New("curve: there is no secret key")
	}
	if peer[keySize-1]&0x80 != 0 {
		return k, errors.New("curve: this is no public key: its top bit is set")
	}
	public, err := ecdh.X25519().NewPublicKey(peer[:])
	if err != nil {
		return k, err
	}
	shared, err := own.k().ECDH(public)
	if err != nil {
		return k, fmt.Errorf("curve: this is no public key: %w", err)
	}
	salsa.HSalsa20((*[keySize]byte)(&k), new([16]byte), (*[keySize]byte)(shared), &salsa.Sigma)
	return k, nil
}

// appendBox appends Box [text] under this nonce.
func (k *boxKey) appendBox(b, text []byte, nonce [nonceSize]byte) []byte {
	return secretbox.Seal(b, text, &nonce, (*[keySize]byte)(k))
}

// open opens a box; who says whose, for the refusal.
func (k *boxKey) open(box []byte, nonce [nonceSize]byte, what string) ([]byte, error) {
	text, ok := secretbox.Open(nil, box, &nonce, (*[keySize]byte)(k))
	if !ok {
		return nil, refuse(zmtp.Cryptographic, "%s does not open", what)
	}
	return text, nil
}

func shortNonce(prefix string, n uint64) (nonce [nonceSize]byte) {
	copy(nonce[:], prefix)
	binary.BigEndian.PutUint64(nonce[len(prefix):], n)
	return nonce
}

func longNonce(prefix string, n []byte) (nonce [nonceSize]byte) {
	copy(nonce[:], prefix)
	copy(nonce[len(prefix):], n)
	return nonce
}

// refuse builds the error of everything that a peer may send.
func refuse(c zmtp.Code, format string, args ...any) error {
	return &zmtp.ProtocolError{Code: c, Detail: fmt.Sprintf(format, args...)}
}

// unexpected refuses a command that does not come now.
func unexpected(in zmtp.Command, when string) error {
	return refuse(zmtp.UnexpectedCommand, "%+.20q %s", in.Name, when)
}
