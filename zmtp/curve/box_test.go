package curve

import (
	"encoding/hex"
	"testing"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func secretOf(t testing.TB, s string) SecretKey {
	t.Helper()
	k, err := newSecretKey(unhex(t, s))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// RFC 7748, section 6.1, whose keys are also those of "Cryptography in NaCl" (Bernstein, 2009), which goes on with HSalsa20
// (section 8: firstkey) and the box (section 10).
const (
	naclAlice       = "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"
	naclAlicePublic = "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a"
	naclBob         = "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb"
	naclBobPublic   = "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"
	naclFirstKey    = "1b27556473e985d462cd51197a9a46c76009549eac6474f206c4ee0844f68389"
	naclNonce       = "69696ee955b62b73cd62bda875fc73d68219e0036b7a0b37"
	naclText        = "be075fc53c81f2d5cf141316ebeb0c7b5228c52a4c62cbd44b66849b64244ffc" +
		"e5ecbaaf33bd751a1ac728d45e6c61296cdc3c01233561f41db66cce314adb31" +
		"0e3be8250c46f06dceea3a7fa1348057e2f6556ad6b1318a024a838f21af1fde" +
		"048977eb48f59ffd4924ca1c60902e52f0a089bc76897040e082f937763848645e0705"
	naclBox = "f3ffc7703f9400e52a7dfb4b3d3305d98e993b9f48681273c29650ba32fc76ce" +
		"48332ea7164d96a4476fb8c531a1186ac0dfc17c98dce87b4da7f011ec48c972" +
		"71d2c20f9b928fe2270d6fb863d51738b48eeee314a7cc8ab932164548e526ae" +
		"90224368517acfeabd6bb3732bc0e9da99832b61ca01b6de56244a9e88d5f9b3" +
		"7973f622a43d14a6599b1f654cb45a74e355a5"
)

func TestNaClVectors(t *testing.T) {
	a, b := secretOf(t, naclAlice), secretOf(t, naclBob)
	if got := hex.EncodeToString(keyBytes(a.Public())); got != naclAlicePublic {
		t.Errorf("Alice's public key is %s", got)
	}
	if got := hex.EncodeToString(keyBytes(b.Public())); got != naclBobPublic {
		t.Errorf("Bob's public key is %s", got)
	}
	nonce := [nonceSize]byte(unhex(t, naclNonce))
	for who, keys := range map[string]struct {
		own  SecretKey
		peer PublicKey
	}{"Alice": {a, b.Public()}, "Bob": {b, a.Public()}} {
		k, err := agree(keys.own, keys.peer)
		if err != nil || hex.EncodeToString(k[:]) != naclFirstKey {
			t.Fatalf("%s's key is %x, %v", who, k, err)
		}
		if got := hex.EncodeToString(k.appendBox(nil, unhex(t, naclText), nonce)); got != naclBox {
			t.Errorf("%s's box is %s", who, got)
		}
		text, err := k.open(unhex(t, naclBox), nonce, "the box")
		if err != nil || hex.EncodeToString(text) != naclText {
			t.Errorf("%s opens %x, %v", who, text, err)
		}
	}
}

func keyBytes(k PublicKey) []byte { return k[:] }

// lowOrder are the u-coordinates of the points of small order on Curve25519 and on its twist (cr.yp.to/ecdh.html, "How do I
// validate Curve25519 public keys?"), in their forms below 2^255.
var lowOrder = []string{
	"0000000000000000000000000000000000000000000000000000000000000000",
	"0100000000000000000000000000000000000000000000000000000000000000",
	"e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
	"5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
}

func TestAgreeRefusesWhatIsNoKey(t *testing.T) {
	for _, s := range lowOrder {
		peer := PublicKey(unhex(t, s))
		if k, err := agree(alice.Secret, peer); err == nil || k != (boxKey{}) {
			t.Errorf("%s: %x, %v", s, k, err)
		}
	}
	second := bob.Public
	second[31] |= 0x80 // X25519 takes it for the same key
	if k, err := agree(alice.Secret, second); err == nil || k != (boxKey{}) {
		t.Errorf("a key's second form: %x, %v", k, err)
	}
	if k, err := agree(SecretKey{}, bob.Public); err == nil || k != (boxKey{}) {
		t.Errorf("without a key: %x, %v", k, err)
	}
}

// What each command's nonce begins with (RFC 26, "High-level Grammar"). A vector, so that a change here is one of the wire.
func TestNonces(t *testing.T) {
	for _, c := range []struct {
		got  [nonceSize]byte
		want string
	}{
		{shortNonce(helloPrefix, 1), "CurveZMQHELLO---\x00\x00\x00\x00\x00\x00\x00\x01"},
		{shortNonce(initiatePrefix, 0x102), "CurveZMQINITIATE\x00\x00\x00\x00\x00\x00\x01\x02"},
		{shortNonce(readyPrefix, 1<<56), "CurveZMQREADY---\x01\x00\x00\x00\x00\x00\x00\x00"},
		{shortNonce(serverMessagePrefix, 3), "CurveZMQMESSAGES\x00\x00\x00\x00\x00\x00\x00\x03"},
		{shortNonce(clientMessagePrefix, 1<<64-1), "CurveZMQMESSAGEC\xff\xff\xff\xff\xff\xff\xff\xff"},
		{longNonce(welcomePrefix, []byte("0123456789abcdef")), "WELCOME-0123456789abcdef"},
		{longNonce(cookiePrefix, []byte("0123456789abcdef")), "COOKIE--0123456789abcdef"},
		{longNonce(vouchPrefix, []byte("0123456789abcdef")), "VOUCH---0123456789abcdef"},
	} {
		if string(c.got[:]) != c.want {
			t.Errorf("%q instead of %q", c.got, c.want)
		}
	}
}
