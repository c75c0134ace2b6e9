package curve

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/glassmq/zmq/zmtp"
)

// The whole handshake: four commands of the sizes that RFC 26 gives, each side learns of the other, and the authenticator
// is asked about the client's key.
func TestHandshake(t *testing.T) {
	k := newTalk(t)
	first := k.hello()
	k = newTalk(t)
	second := k.welcome()
	k = newTalk(t)
	third := k.initiate()
	k = newTalk(t)
	done := k.accepted()
	fourth := said(t, done, nil)
	metadata := len(zmtp.AppendMetadata(nil, dealer))
	for _, c := range []struct {
		cmd  zmtp.Command
		name string
		size int
	}{{first, "HELLO", 200}, {second, "WELCOME", 168}, {third, "INITIATE", 257 + metadata}, {fourth, "READY", 30 + len(zmtp.AppendMetadata(nil, router))}} {
		if c.cmd.Name != c.name || len(whole(c.cmd)) != c.size {
			t.Errorf("%s of %d bytes instead of %s of %d", c.cmd.Name, len(whole(c.cmd)), c.name, c.size)
		}
	}
	if k.asked.Mechanism != "CURVE" || k.asked.PublicKey != alice.Public || k.asked.RoutingID != "alice" {
		t.Errorf("the authenticator is asked %v", k.asked)
	}
	if !slices.Equal(done.Remote, dealer) {
		t.Errorf("the server heard %q", done.Remote)
	}
	ours, err := k.client.Next(fourth)
	if err != nil || !ours.Done || !slices.Equal(ours.Remote, router) || ours.Codec == nil || ours.Send != nil {
		t.Errorf("the client ends with %+v, %v", ours, err)
	}
}

func TestRoles(t *testing.T) {
	for _, c := range []struct {
		m      zmtp.Mechanism
		server bool
	}{{Client(alice, bob.Public), false}, {Server(bob), true}} {
		if c.m.Name() != "CURVE" || c.m.AsServer() != c.server || c.m.Validate() != nil {
			t.Errorf("%q, as-server %v, %v", c.m.Name(), c.m.AsServer(), c.m.Validate())
		}
	}
	// The server has nothing to say first.
	if s, err := Server(bob).Begin(router).Next(zmtp.Command{}); err != nil || s.Send != nil || s.Done {
		t.Errorf("the server begins with %+v, %v", s, err)
	}
}

// No connection's keys or nonces are another's.
func TestNothingRepeats(t *testing.T) {
	a, b := Client(alice, bob.Public), Server(bob)
	seen := map[string]bool{}
	for range 2 {
		client, server := a.Begin(dealer), b.Begin(router)
		s, err := client.Next(zmtp.Command{})
		hello := said(t, s, err)
		s, err = server.Next(hello)
		welcome := said(t, s, err)
		s, err = client.Next(welcome)
		initiate := said(t, s, err)
		for _, part := range [][]byte{hello.Data[helloClientAt:helloNonceAt], welcome.Data[:longSize], initiate.Data[:longSize], initiate.Data[:cookieSize]} {
			if seen[string(part)] {
				t.Errorf("%x again", part)
			}
			seen[string(part)] = true
		}
	}
}

// Each byte of each command counts: the bits are taken in turn, and all of them where a byte has more than one meaning.
func TestFlippedHandshakes(t *testing.T) {
	for _, c := range []struct {
		name string
		say  func(*talk) zmtp.Command
		hear func(*talk) zmtp.Handshake
	}{
		{"HELLO", (*talk).hello, func(k *talk) zmtp.Handshake { return k.server }},
		{"WELCOME", (*talk).welcome, func(k *talk) zmtp.Handshake { return k.client }},
		{"INITIATE", (*talk).initiate, func(k *talk) zmtp.Handshake { return k.server }},
		{"READY", func(k *talk) zmtp.Command { return said(k.t, k.accepted(), nil) }, func(k *talk) zmtp.Handshake { return k.client }},
	} {
		t.Run(c.name, func(t *testing.T) {
			good := whole(c.say(newTalk(t)))
			flip(t, good, func(body []byte) (zmtp.Step, error) {
				cmd, err := zmtp.ParseCommand(body)
				if err != nil {
					return zmtp.Step{}, err
				}
				k := newTalk(t)
				if again := c.say(k); !bytes.Equal(whole(again), good) {
					t.Fatal("the same talk has other bytes")
				}
				return c.hear(k).Next(cmd)
			})
		})
	}
}

// flip changes one bit of good at a time; the untouched body must be taken, to show that the rest was refused for the bit.
func flip(t *testing.T, good []byte, hear func([]byte) (zmtp.Step, error)) {
	t.Helper()
	if _, err := hear(bytes.Clone(good)); err != nil {
		t.Fatalf("untouched: %v", err)
	}
	for at := range good {
		bits := []int{at % 8}
		if at < 10 || at == 1+5+helloNonceAt-1 { // name, version; the top byte of C', which X25519 masks
			bits = []int{0, 1, 2, 3, 4, 5, 6, 7}
		}
		for _, bit := range bits {
			s, err := hear(changed(good, at, good[at]^1<<bit))
			if e := (*zmtp.ProtocolError)(nil); !errors.As(err, &e) || s.Done || s.Ask != nil || s.Send != nil {
				t.Errorf("bit %d of byte %d flipped: %+v, %v", bit, at, s, err)
			}
		}
	}
}

// Commands of every other size than theirs are refused before anything is decrypted (CVE-2019-13132 was an INITIATE).
func TestSizes(t *testing.T) {
	k := newTalk(t)
	ready := said(t, k.accepted(), nil).Data
	k = newTalk(t)
	initiate := k.initiate().Data
	k = newTalk(t)
	welcome := k.welcome().Data
	hello := newTalk(t).hello().Data
	for _, c := range []struct {
		cmd  zmtp.Command
		want zmtp.Code
		hear func(*talk) zmtp.Handshake
	}{
		{zmtp.Command{Name: "HELLO", Data: hello}, zmtp.MalformedHello, func(k *talk) zmtp.Handshake { return k.server }},
		{zmtp.Command{Name: "WELCOME", Data: welcome}, zmtp.MalformedWelcome, func(k *talk) zmtp.Handshake { k.hello(); return k.client }},
		{zmtp.Command{Name: "INITIATE", Data: initiate}, zmtp.MalformedInitiate, func(k *talk) zmtp.Handshake { k.welcome(); return k.server }},
		{zmtp.Command{Name: "READY", Data: ready}, zmtp.MalformedReady, func(k *talk) zmtp.Handshake { k.initiate(); return k.client }},
	} {
		least := map[string]int{"HELLO": helloSize, "WELCOME": welcomeSize, "INITIATE": initiateLeast, "READY": readyLeast}[c.cmd.Name]
		h := c.hear(newTalk(t)) // refusals change nothing
		for size := range least {
			s, err := h.Next(zmtp.Command{Name: c.cmd.Name, Data: c.cmd.Data[:size]})
			mustRefuse(t, s, err, c.want)
		}
		for _, more := range []int{1, 2, 100, 70_000} {
			s, err := h.Next(zmtp.Command{Name: c.cmd.Name, Data: append(bytes.Clone(c.cmd.Data), make([]byte, more)...)})
			want := c.want
			if c.cmd.Name == "INITIATE" || c.cmd.Name == "READY" {
				want = zmtp.Cryptographic // they have no upper limit here: the box says no
			}
			mustRefuse(t, s, err, want)
		}
		if s, err := h.Next(c.cmd); err != nil {
			t.Errorf("%s itself: %+v, %v", c.cmd.Name, s, err)
		}
	}
}

// No command is taken at another's time.
func TestOutOfTurn(t *testing.T) {
	full := newTalk(t)
	cmds := map[string]zmtp.Command{}
	cmds["READY"] = said(t, full.accepted(), nil)
	k := newTalk(t)
	cmds["INITIATE"] = k.initiate()
	k = newTalk(t)
	cmds["WELCOME"] = k.welcome()
	cmds["HELLO"] = newTalk(t).hello()
	cmds["MESSAGE"] = zmtp.Command{Name: "MESSAGE", Data: make([]byte, 40)}
	cmds["SUBSCRIBE"] = zmtp.Command{Name: "SUBSCRIBE"}
	cmds["hello"] = zmtp.Command{Name: "hello", Data: cmds["HELLO"].Data}

	for _, c := range []struct {
		when   string
		hear   func(*talk) zmtp.Handshake
		awaits string
	}{
		{"the server awaits HELLO", func(k *talk) zmtp.Handshake { return k.server }, "HELLO"},
		{"the server awaits INITIATE", func(k *talk) zmtp.Handshake { k.welcome(); return k.server }, "INITIATE"},
		{"the client awaits WELCOME", func(k *talk) zmtp.Handshake { k.hello(); return k.client }, "WELCOME"},
		{"the client awaits READY", func(k *talk) zmtp.Handshake { k.initiate(); return k.client }, "READY"},
	} {
		for name, cmd := range cmds {
			if name == c.awaits {
				continue
			}
			s, err := c.hear(newTalk(t)).Next(cmd)
			want := zmtp.UnexpectedCommand
			if name == "HELLO" && (c.awaits == "WELCOME" || c.awaits == "READY") {
				want = zmtp.BothClients
			}
			t.Log(c.when, "and hears", name)
			mustRefuse(t, s, err, want)
		}
	}
	// "A client peer SHALL NOT send ERROR to the server."
	s, err := newTalk(t).server.Next(zmtp.Command{Name: zmtp.ERROR, Data: []byte("\x03400")})
	mustRefuse(t, s, err, zmtp.UnexpectedCommand)
}

func TestHelloRefusals(t *testing.T) {
	k := newTalk(t)
	good := k.hello().Data
	signature := shortNonce(helloPrefix, 1)
	unsigned := k.client.hello.appendBox(bytes.Clone(good[:helloBoxAt]), append(make([]byte, 63), 1), signature)
	stranger := NewKeyPair()
	other, err := agree(k.client.transient.Secret, stranger.Public)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		data []byte
		want zmtp.Code
	}{
		{"version 2.0", changed(good, 0, 2), zmtp.MalformedHello},
		{"version 1.1", changed(good, 1, 1), zmtp.MalformedHello},
		{"the padding's first byte", changed(good, 2, 1), zmtp.MalformedHello},
		{"the padding's last byte", changed(good, 73, 1), zmtp.MalformedHello},
		{"a signature that is not of zeros", unsigned, zmtp.MalformedHello},
		{"a nonce that the signature is not for", changed(good, helloNonceAt+7, 9), zmtp.Cryptographic},
		{"for another server", other.appendBox(bytes.Clone(good[:helloBoxAt]), make([]byte, 64), signature), zmtp.Cryptographic},
	} {
		t.Log(c.name)
		s, err := newTalk(t).server.Next(zmtp.Command{Name: "HELLO", Data: c.data})
		mustRefuse(t, s, err, c.want)
	}
}

// What is well sealed may still be nonsense.
func TestMetadata(t *testing.T) {
	for _, metadata := range []string{"\x0bSocket-Type", "\x00\x00\x00\x00\x00", "\x01X\x7f\xff\xff\xff", "\x01X\x00\x00\x00\x00\x01x\x00\x00\x00\x00"} {
		k := newTalk(t)
		s, err := k.server.Next(k.forge(alice.Public, nil, []byte(metadata)))
		mustRefuse(t, s, err, zmtp.InvalidMetadata)

		k = newTalk(t)
		k.initiate()
		data := binary.BigEndian.AppendUint64(nil, 1)
		data = k.client.session.appendBox(data, []byte(metadata), shortNonce(readyPrefix, 1))
		s, err = k.client.Next(zmtp.Command{Name: "READY", Data: data})
		mustRefuse(t, s, err, zmtp.InvalidMetadata)
	}
	// An application's own properties make it long, and long it may be.
	large := append(slices.Clone(dealer), zmtp.Property{Name: "X-Large", Value: string(make([]byte, 60_000))})
	k := newTalk(t)
	k.client.local, k.server.local = large, large
	done := k.accepted()
	s, err := k.client.Next(said(t, done, nil))
	if err != nil || !slices.Equal(s.Remote, large) || !slices.Equal(done.Remote, large) {
		t.Errorf("60 kB: %v", err)
	}
}

func TestRefusedByTheServer(t *testing.T) {
	for _, await := range []func(*talk) zmtp.Command{(*talk).hello, (*talk).initiate} { // "S:error" stands for WELCOME and for READY
		k := newTalk(t)
		await(k)
		s, err := k.client.Next(zmtp.Command{Name: zmtp.ERROR, Data: []byte("\x03400")})
		if e := (*zmtp.PeerError)(nil); !errors.As(err, &e) || e.Reason != "400" || s.Done {
			t.Errorf("%+v, %v; want a PeerError with 400", s, err)
		}
		s, err = k.client.Next(zmtp.Command{Name: zmtp.ERROR, Data: []byte("\x04400")})
		mustRefuse(t, s, err, zmtp.MalformedError)
	}
}

// READY is out of reach without a yes, and what a no says is its status.
func TestRefusals(t *testing.T) {
	for _, c := range []struct {
		refused error
		want    string
	}{
		{&zmtp.AuthError{Status: 400, Text: "no such key"}, "400"},
		{&zmtp.AuthError{Status: 500}, "500"},
		{fmt.Errorf("wrapped: %w", &zmtp.AuthError{Status: 500}), "500"},
		{&zmtp.AuthError{}, "400"},
		{&zmtp.AuthError{Status: 999}, "400"},
		{errors.New("any other"), "400"},
		{&zmtp.AuthError{Status: 300}, ""},
		{&zmtp.ProtocolError{Code: zmtp.ZAPBadVersion}, ""},
		{context.DeadlineExceeded, ""},
		{os.ErrDeadlineExceeded, ""},
	} {
		k := newTalk(t)
		if s, err := k.server.Next(k.initiate()); err != nil || s.Ask == nil {
			t.Fatal(s, err)
		}
		s, err := k.server.Decide(zmtp.AuthReply{UserID: "root"}, c.refused)
		if err != c.refused || s.Done || s.Codec != nil || s.Remote != nil {
			t.Errorf("%v: %+v, %v", c.refused, s, err)
		}
		if c.want == "" {
			if len(s.Send) != 0 {
				t.Errorf("%v: the client hears %q", c.refused, s.Send)
			}
			continue
		}
		if reason, err := zmtp.ParseError(said(t, s, nil).Data); s.Send[0].Name != "ERROR" || err != nil || reason != c.want {
			t.Errorf("%v: the client hears %q, %v; want %s", c.refused, s.Send, err, c.want)
		}
	}
}

// Nobody decides before there is a question, and the client has none.
func TestDecidedTooEarly(t *testing.T) {
	k := newTalk(t)
	yes := zmtp.AuthReply{UserID: "root"}
	if s, err := k.server.Decide(yes, nil); err == nil || s.Done || s.Send != nil {
		t.Errorf("before HELLO: %+v, %v", s, err)
	}
	k.welcome()
	if s, err := k.server.Decide(yes, nil); err == nil || s.Done || s.Send != nil {
		t.Errorf("before INITIATE: %+v, %v", s, err)
	}
	if s, err := k.client.Decide(yes, nil); err == nil || s.Done {
		t.Errorf("the client: %+v, %v", s, err)
	}
}

// A mechanism that can never work says so, to who asks Validate and to who does not.
func TestUnusableKeys(t *testing.T) {
	low := PublicKey(unhex(t, lowOrder[2]))
	for name, m := range map[string]zmtp.Mechanism{
		"a client without keys":            Client(KeyPair{}, bob.Public),
		"a client without the server's":    Client(alice, PublicKey{}),
		"a client of a low-order server":   Client(alice, low),
		"a server without keys":            Server(KeyPair{}),
		"a client with half a pair":        Client(KeyPair{Public: alice.Public}, bob.Public),
		"a server with a public key only":  Server(KeyPair{Public: bob.Public}),
		"a server with a secret key only":  Server(KeyPair{Secret: bob.Secret}),
		"a client with keys of two people": Client(KeyPair{alice.Public, bob.Secret}, bob.Public),
	} {
		if err := m.Validate(); err == nil {
			t.Errorf("%s is valid", name)
		} else {
			checkText(t, err.Error())
		}
	}
	if s, err := Client(alice, PublicKey{}).Begin(dealer).Next(zmtp.Command{}); err == nil || s.Send != nil {
		t.Errorf("a client without the server's key begins with %+v, %v", s, err)
	}
	for name, m := range map[string]zmtp.Mechanism{"client": Client(KeyPair{}, bob.Public), "server": Server(KeyPair{})} {
		if s, err := m.Begin(dealer).Next(zmtp.Command{}); err == nil || s.Send != nil || errors.As(err, new(*zmtp.ProtocolError)) {
			t.Errorf("a %s without keys begins with %+v, %v", name, s, err)
		}
	}
}
