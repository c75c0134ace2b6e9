package curve

import (
	"bytes"
	"errors"
	"testing"

	"github.com/glassmq/zmq/zmtp"
)

// The handshakes are deterministic here (talk_test.go), so a seed that is a good command is good for every input.

// checkFuzzed holds a refusal against what the package promises of it.
func checkFuzzed(t *testing.T, s zmtp.Step, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.As(err, new(*zmtp.PeerError)):
	default:
		var rule *zmtp.ProtocolError
		if !errors.As(err, &rule) {
			t.Fatalf("%T: %v", err, err)
		}
		mustRefuse(t, s, err, rule.Code)
	}
}

// feed gives h the frames of in until it is done, asks, refuses, or there is nothing left.
func feed(t *testing.T, h zmtp.Handshake, in []byte) (s zmtp.Step, err error) {
	t.Helper()
	for err == nil && !s.Done && s.Ask == nil {
		head, n, bad := zmtp.ParseHeader(in, zmtp.MaxMetadata)
		if bad != nil || n == 0 || !head.Command || uint64(len(in)-n) < head.Size {
			break
		}
		c, bad := zmtp.ParseCommand(in[n : n+int(head.Size)])
		if bad != nil {
			break
		}
		in = in[n+int(head.Size):]
		s, err = h.Next(c)
	}
	checkFuzzed(t, s, err)
	return s, err
}

// FuzzServer is fed what follows the greeting. Whoever gets as far as the authenticator has said alice's words.
func FuzzServer(f *testing.F) {
	k := newTalk(f)
	hello := zmtp.AppendCommand(nil, k.hello())
	k = newTalk(f)
	initiateCmd := k.initiate()
	initiate := zmtp.AppendCommand(nil, initiateCmd)
	f.Add(append(bytes.Clone(hello), initiate...))
	f.Add(initiate)
	f.Add(append(bytes.Clone(hello), hello...))
	f.Add(append(bytes.Clone(hello), zmtp.AppendError(nil, "400")...))
	f.Add(hello[:100])
	f.Fuzz(func(t *testing.T, in []byte) {
		k := newTalk(t)
		if s, _ := feed(t, k.server, in); s.Ask != nil && (s.Ask.PublicKey != alice.Public || !bytes.Contains(in, whole(initiateCmd))) {
			t.Fatalf("%x is asked about as %v", in, s.Ask.PublicKey)
		}
	})
}

// FuzzClient is fed what a server says.
func FuzzClient(f *testing.F) {
	k := newTalk(f)
	welcomeCmd := k.welcome()
	k = newTalk(f)
	readyCmd := said(f, k.accepted(), nil)
	welcome, ready := zmtp.AppendCommand(nil, welcomeCmd), zmtp.AppendCommand(nil, readyCmd)
	f.Add(append(bytes.Clone(welcome), ready...))
	f.Add(append(bytes.Clone(welcome), zmtp.AppendError(nil, "400")...))
	f.Add(zmtp.AppendError(nil, "500"))
	f.Add(ready)
	f.Add(welcome[:60])
	f.Fuzz(func(t *testing.T, in []byte) {
		k := newTalk(t)
		k.hello()
		if s, _ := feed(t, k.client, in); s.Done && (!bytes.Contains(in, whole(welcomeCmd)) || !bytes.Contains(in, whole(readyCmd))) {
			t.Fatalf("%x is a server", in)
		}
	})
}

// FuzzInside is a peer that has the keys: what is fuzzed is in the boxes, of INITIATE, READY and a message.
func FuzzInside(f *testing.F) {
	k := newTalk(f)
	good := k.initiate()
	text, err := k.client.session.open(good.Data[initiateBoxAt:], shortNonce(initiatePrefix, 2), "INITIATE")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add(text[:keySize+vouchSize])
	f.Add(zmtp.AppendMetadata(nil, router))
	f.Add([]byte("\x01a message"))
	f.Add([]byte("\x02\x09SUBSCRIBE"))
	f.Fuzz(func(t *testing.T, text []byte) {
		k := newTalk(t)
		initiate := k.initiate()
		data := k.client.session.appendBox(bytes.Clone(initiate.Data[:initiateBoxAt]), text, shortNonce(initiatePrefix, 2))
		s, err := k.server.Next(zmtp.Command{Name: "INITIATE", Data: data})
		checkFuzzed(t, s, err)
		if err == nil && (s.Ask == nil || s.Ask.PublicKey != alice.Public || k.server.remote.Validate() != nil) {
			t.Fatalf("%x: %+v", text, s)
		}

		data = k.client.session.appendBox(make([]byte, shortSize), text, shortNonce(readyPrefix, 0))
		s, err = k.client.Next(zmtp.Command{Name: "READY", Data: data})
		checkFuzzed(t, s, err)
		if err == nil && (!s.Done || s.Remote.Validate() != nil) {
			t.Fatalf("%x: %+v", text, s)
		}

		c := newCodec(&k.client.session, half{clientMessagePrefix, 0}, half{serverMessagePrefix, 0})
		nonce := shortNonce(serverMessagePrefix, 9)
		frame := k.client.session.appendBox(append([]byte(messageName), nonce[16:]...), text, nonce)
		h, body, err := c.Open(frame)
		checkFuzzed(t, zmtp.Step{}, err)
		if err == nil && (len(text) == 0 || !bytes.Equal(body, text[1:]) || flagsOf(h) != text[0] || h.Size != uint64(len(body))) {
			t.Fatalf("%x came out as %+v %x", text, h, body)
		}
	})
}

// FuzzOpen is a peer without the keys: nothing opens but what was sealed, once.
func FuzzOpen(f *testing.F) {
	sealedHere := func(t testing.TB) (frame []byte, server *codec) {
		client, server := newTalk(t).codecs()
		return sealed(t, client, zmtp.Header{More: true}, []byte("the only message")), server
	}
	frame, _ := sealedHere(f)
	f.Add(frame)
	f.Add(frame[:33])
	f.Add(append(bytes.Clone(frame), 0))
	f.Add([]byte("\x07MESSAGE"))
	f.Add([]byte("in the clear"))
	f.Fuzz(func(t *testing.T, in []byte) {
		frame, server := sealedHere(t)
		h, body, err := server.Open(bytes.Clone(in))
		checkFuzzed(t, zmtp.Step{}, err)
		if err == nil && (!bytes.Equal(in, frame) || !h.More || string(body) != "the only message") {
			t.Fatalf("%x opened as %+v %q", in, h, body)
		}
		if err == nil {
			_, _, err = server.Open(bytes.Clone(in))
			mustRefuse(t, zmtp.Step{}, err, zmtp.InvalidSequence)
		}
	})
}
