package curve

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"

	"github.com/glassmq/zmq/zmtp"
)

// Who has no right to come in, and every other means.

// everybodys is the key that agree would find with a point of low order if it did not look.
func everybodys(t *testing.T) boxKey {
	t.Helper()
	k := unhex(t, "351f86faa3b988468a850122b65b0acece9c4826806aeee63de9c0da2bd7f91e") // HSalsa20 of 32 zeros, by libsodium
	return boxKey(k)
}

// With a key of low order a stranger passes for a client that knows the server's key, and for one whose key the server
// lets in; and a server makes the client's messages readable to all. Each forgery is one that would pass without the check.
func TestLowOrderKeys(t *testing.T) {
	zero := everybodys(t)
	for _, text := range lowOrder {
		low := PublicKey(unhex(t, text))

		hello := make([]byte, helloClientAt)
		hello[0] = 1
		hello = binary.BigEndian.AppendUint64(append(hello, low[:]...), 1)
		hello = zero.appendBox(hello, make([]byte, 64), shortNonce(helloPrefix, 1))
		s, err := newTalk(t).server.Next(zmtp.Command{Name: "HELLO", Data: hello})
		mustRefuse(t, s, err, zmtp.Cryptographic)

		k := newTalk(t)
		good := k.welcome()
		nonce := longNonce(welcomePrefix, good.Data[:longSize])
		inside, err := k.client.hello.open(good.Data[longSize:], nonce, "WELCOME")
		if err != nil {
			t.Fatal(err)
		}
		copy(inside, low[:])
		welcome := k.client.hello.appendBox(bytes.Clone(good.Data[:longSize]), inside, nonce)
		s, err = k.client.Next(zmtp.Command{Name: "WELCOME", Data: welcome})
		mustRefuse(t, s, err, zmtp.Cryptographic)

		k = newTalk(t)
		initiate := k.forge(low, func(vouch []byte) []byte {
			copy(vouch, "sixteen of nonce")
			return zero.appendBox(vouch[:longSize], slices.Concat(k.client.transient.Public[:], bob.Public[:]), longNonce(vouchPrefix, vouch[:longSize]))
		}, nil)
		s, err = k.server.Next(initiate)
		mustRefuse(t, s, err, zmtp.Cryptographic)
	}
}

// forge makes an INITIATE with another permanent key, vouch and metadata than the client would: a nil vouch is the
// client's own.
func (k *talk) forge(permanent PublicKey, vouch func([]byte) []byte, metadata []byte) zmtp.Command {
	k.t.Helper()
	good := k.initiate().Data
	nonce := shortNonce(initiatePrefix, 2)
	inside, err := k.client.session.open(good[initiateBoxAt:], nonce, "INITIATE")
	if err != nil {
		k.t.Fatal(err)
	}
	v := inside[keySize : keySize+vouchSize]
	if vouch != nil {
		v = vouch(bytes.Clone(v))
	}
	inside = slices.Concat(permanent[:], v, metadata)
	return zmtp.Command{Name: "INITIATE", Data: k.client.session.appendBox(bytes.Clone(good[:initiateBoxAt]), inside, nonce)}
}

// Both halves of the vouch count.
func TestVouch(t *testing.T) {
	k := newTalk(t)
	s, err := k.server.Next(k.forge(alice.Public, nil, nil))
	if err != nil || s.Ask == nil || s.Ask.PublicKey != alice.Public {
		t.Fatalf("the client's own vouch: %+v, %v", s, err)
	}
	mallory := NewKeyPair()
	mine, theirs := k.client.transient.Public, serverTransient(t)
	for _, c := range []struct {
		name              string
		own               KeyPair
		to                PublicKey
		transient, server PublicKey
		want              zmtp.Code // 0: none
	}{
		{"as it should be", alice, theirs, mine, bob.Public, 0},
		{"for another server", alice, theirs, mine, mallory.Public, zmtp.KeyExchange},
		{"for another transient key", alice, theirs, mallory.Public, bob.Public, zmtp.KeyExchange},
		{"the halves swapped", alice, theirs, bob.Public, mine, zmtp.KeyExchange},
		{"by another than it is for", mallory, theirs, mine, bob.Public, zmtp.Cryptographic},
		{"C->S, as the grammar has it, and not C->S'", alice, bob.Public, mine, bob.Public, zmtp.Cryptographic},
	} {
		t.Log(c.name)
		k := newTalk(t)
		s, err := k.server.Next(k.forge(alice.Public, func(vouch []byte) []byte {
			key, err := agree(c.own.Secret, c.to)
			if err != nil {
				t.Fatal(err)
			}
			return key.appendBox(vouch[:longSize], slices.Concat(c.transient[:], c.server[:]), longNonce(vouchPrefix, vouch[:longSize]))
		}, nil))
		if c.want != 0 {
			mustRefuse(t, s, err, c.want)
		} else if err != nil || s.Ask == nil {
			t.Errorf("%+v, %v; want it to ask", s, err)
		}
	}
}

// serverTransient is S', which the client learns from WELCOME; every talk has the same.
func serverTransient(t testing.TB) PublicKey {
	t.Helper()
	k := newTalk(t)
	welcome := k.welcome().Data
	text, err := k.client.hello.open(welcome[longSize:], longNonce(welcomePrefix, welcome[:longSize]), "WELCOME")
	if err != nil {
		t.Fatal(err)
	}
	return PublicKey(text[:keySize])
}

// The nonces of one connection grow over all its commands, HELLO to MESSAGE.
func TestNoncesOverTheHandshake(t *testing.T) {
	for _, sent := range []uint64{0, 1<<64 - 1} { // INITIATE's is then 1, as HELLO's; or 0
		k := newTalk(t)
		welcome := k.welcome()
		k.client.sent = sent
		s, err := k.client.Next(welcome)
		s, err = k.server.Next(said(t, s, err))
		mustRefuse(t, s, err, zmtp.InvalidSequence)
	}
	client, server := newTalk(t).codecs()
	if client.out.nonce != 2 || server.in.nonce != 2 || server.out.nonce != 1 || client.in.nonce != 1 {
		t.Fatalf("after HELLO 1, INITIATE 2 and READY 1 the messages' nonces go on from %d, %d, %d, %d",
			client.out.nonce, server.in.nonce, server.out.nonce, client.in.nonce)
	}
	client.out.nonce, server.out.nonce = 1, 0
	_, _, err := server.Open(sealed(t, client, zmtp.Header{}, nil)) // INITIATE's once more
	mustRefuse(t, zmtp.Step{}, err, zmtp.InvalidSequence)
	_, _, err = client.Open(sealed(t, server, zmtp.Header{}, nil)) // READY's once more
	mustRefuse(t, zmtp.Step{}, err, zmtp.InvalidSequence)
}

// What somebody recorded lets nobody in a second time: not on another connection, not on the same one.
func TestReplays(t *testing.T) {
	k := newTalk(t)
	hello := k.hello()
	s, err := k.server.Next(hello)
	s, err = k.client.Next(said(t, s, err))
	initiate := said(t, s, err)
	if s, err := k.server.Next(initiate); err != nil || s.Ask == nil {
		t.Fatal(s, err)
	}

	again := k.server.server.Begin(router)
	s, err = again.Next(hello) // "An attacker cannot replay any packet except a Hello packet, which has no impact"
	if said(t, s, err).Name != "WELCOME" {
		t.Fatal(s)
	}
	s, err = again.Next(initiate)
	mustRefuse(t, s, err, zmtp.Cryptographic)

	// The authenticator is still thinking.
	if s, err := k.server.Next(initiate); err == nil || s.Ask != nil || errors.As(err, new(*zmtp.ProtocolError)) {
		t.Errorf("INITIATE while the answer is awaited: %+v, %v", s, err)
	}
	// Before any HELLO.
	s, err = k.server.server.Begin(router).Next(initiate)
	mustRefuse(t, s, err, zmtp.UnexpectedCommand)

	// A server's READY is no other connection's, either.
	first := newTalk(t)
	ready := said(t, first.accepted(), nil)
	other := newTalk(t)
	other.client.random = seeded(99)
	other.initiate()
	s, err = other.client.Next(ready)
	mustRefuse(t, s, err, zmtp.Cryptographic)
}

func TestWrongServerKey(t *testing.T) {
	mallory := NewKeyPair()
	s, err := Client(alice, mallory.Public).Begin(dealer).Next(zmtp.Command{})
	s, err = Server(bob).Begin(router).Next(said(t, s, err))
	mustRefuse(t, s, err, zmtp.Cryptographic)

	// And an impostor who answers all the same.
	k, impostor := newTalk(t), newTalk(t)
	k.hello()
	impostor.client.client = newClient(alice, mallory.Public, seeded(1))
	impostor.server.server = newServer(mallory, k.time.now, seeded(2))
	s, err = k.client.Next(impostor.welcome())
	mustRefuse(t, s, err, zmtp.Cryptographic)
	if _, err := k.client.Next(newTalk(t).welcome()); err != nil {
		t.Errorf("the real one: %v", err)
	}
}
