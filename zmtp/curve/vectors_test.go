package curve

import (
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	//lint:ignore SA1019 As in box.go.
	"golang.org/x/crypto/salsa20/salsa"

	"github.com/glassmq/zmq/zmtp"
)

// What was published of each primitive, held against what this package makes of it. box_test.go has the whole of NaCl's box,
// z85_test.go RFC 32's test case, TestNonces the nonces' prefixes, sodium_test.go what libsodium itself says.

// X25519 (RFC 7748, sections 5.2 and 6.1), as the key of a box: HSalsa20 of what is shared.
func TestX25519Vectors(t *testing.T) {
	for _, v := range []struct{ scalar, u, shared string }{
		{"a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4", "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
			"c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552"},
		{naclAlice, naclBobPublic, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
		{naclBob, naclAlicePublic, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742"},
	} {
		var want boxKey
		salsa.HSalsa20((*[keySize]byte)(&want), new([16]byte), (*[keySize]byte)(unhex(t, v.shared)), &salsa.Sigma)
		if got, err := agree(secretOf(t, v.scalar), PublicKey(unhex(t, v.u))); err != nil || got != want {
			t.Errorf("%s and %s agree on %x, %v; want %x", v.scalar, v.u, got, err, want)
		}
	}
}

// XSalsa20 and Poly1305 ("Cryptography in NaCl", sections 9 and 10) as the codec does them, which takes the box apart: the
// paper's nonce is a prefix and a counter, its text flags and a body. Its flags are none that a message can have, so the
// codec opens the paper's box and then refuses it for them; and of what it seals all but the flags and the tag is the paper's.
func TestNaClVectorsOfMessages(t *testing.T) {
	key := boxKey(unhex(t, naclFirstKey))
	nonce, text, box := unhex(t, naclNonce), unhex(t, naclText), unhex(t, naclBox)
	prefix, counter := string(nonce[:16]), binary.BigEndian.Uint64(nonce[16:])
	at := half{prefix, counter - 1}

	frame := sealed(t, newCodec(&key, at, at), zmtp.Header{}, text[1:])
	if got, want := frame[messageMore:], box[boxMore+1:]; string(got) != string(want) {
		t.Errorf("sealed it is %x, the paper has %x", got, want)
	}

	frame = append([]byte(messageName), nonce[16:]...)
	frame = append(frame, box...)
	_, _, err := newCodec(&key, at, at).Open(frame)
	rule := (*zmtp.ProtocolError)(nil)
	if !errors.As(err, &rule) || rule.Code != zmtp.MalformedMessage || !strings.Contains(rule.Detail, "0xbe") {
		t.Errorf("opened the flags are those of %v, the paper has 0xbe", err)
	}
	if got := frame[messageMore:]; string(got) != string(text[1:]) {
		t.Errorf("opened it is %x, the paper has %x", got, text[1:])
	}
}
