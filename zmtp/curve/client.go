package curve

import (
	"encoding/binary"
	"errors"
	"slices"

	"github.com/glassmq/zmq/zmtp"
)

// Sizes of commands without their names, and where their fields begin (RFC 26,
// "High-level Grammar").
const (
	signatureSize = 64 // zeros, in hello-box
	helloPadding  = 72 // the grammar's; the prose says 70, but then HELLO would not have 200 bytes
	helloClientAt = 2 + helloPadding
	helloNonceAt  = helloClientAt + keySize
	helloBoxAt    = helloNonceAt + shortSize
	helloSize     = helloBoxAt + signatureSize + boxMore

	cookieSize  = longSize + 2*keySize + boxMore
	welcomeSize = longSize + keySize + cookieSize + boxMore

	vouchSize       = longSize + 2*keySize + boxMore
	initiateNonceAt = cookieSize
	initiateBoxAt   = initiateNonceAt + shortSize
	initiateLeast   = initiateBoxAt + keySize + vouchSize + boxMore // and metadata

	readyLeast = shortSize + boxMore // and metadata
)

type client struct {
	discreet
	own    KeyPair
	server PublicKey
	random func([]byte)
}

// Client is the CURVE mechanism for a socket whose peers must hold the secret key
// of server, and that is own to them. Whoever the server is, a client without a
// name of its own still needs keys: NewKeyPair. Whether a socket is client or
// server says nothing about who binds.
func Client(own KeyPair, server PublicKey) zmtp.Mechanism {
	return newClient(own, server, random)
}

func newClient(own KeyPair, server PublicKey, random func([]byte)) *client {
	return &client{own: own, server: server, random: random}
}

func (*client) Name() string   { return "CURVE" }
func (*client) AsServer() bool { return false }

// Validate looks at both keys.
func (c *client) Validate() error {
	if c.server == (PublicKey{}) {
		return errors.New("curve: the server's public key is missing: a client must know it beforehand")
	}
	if err := c.own.validate(); err != nil {
		return err
	}
	_, err := agree(c.own.Secret, c.server)
	return err
}

func (c *client) Begin(local zmtp.Metadata) zmtp.Handshake {
	return &clientHandshake{client: c, local: local}
}

type clientHandshake struct {
	*client
	local     zmtp.Metadata
	transient KeyPair // C', c'
	hello     boxKey  // of C' and S
	session   boxKey  // of C' and S', from WELCOME on
	sent      uint64  // our last short nonce
	awaits    string
}

func (h *clientHandshake) Next(in zmtp.Command) (zmtp.Step, error) {
	switch {
	case in.Name == "": // no parsed command has an empty name
		return h.begin()
	case in.Name == zmtp.ERROR: // in the clear, so whoever sits between can say it, and end the connection as he could without
		return zmtp.Step{}, refusedBy(in)
	case in.Name == zmtp.HELLO:
		return zmtp.Step{}, refuse(zmtp.BothClients, "the peer says HELLO, too: one side must be CURVE's server")
	case in.Name == zmtp.WELCOME && h.awaits == zmtp.WELCOME:
		return h.welcome(in.Data)
	case in.Name == zmtp.READY && h.awaits == zmtp.READY:
		return h.ready(in.Data)
	}
	return zmtp.Step{}, unexpected(in, "instead of "+h.awaits)
}

// begin says HELLO: version, padding, C', nonce, Box [64 * %x0](C'->S).
func (h *clientHandshake) begin() (step zmtp.Step, err error) {
	if err := h.own.validate(); err != nil {
		return step, err
	}
	if h.transient, err = newKeyPair(h.random); err != nil {
		return step, err
	}
	if h.hello, err = agree(h.transient.Secret, h.server); err != nil {
		return step, err
	}
	data := make([]byte, helloClientAt, helloSize)
	data[0] = 1 // version 1.0
	data = append(data, h.transient.Public[:]...)
	data = h.appendNonce(data)
	data = h.hello.appendBox(data, make([]byte, signatureSize), shortNonce(helloPrefix, h.sent))
	h.awaits = zmtp.WELCOME
	return say(zmtp.HELLO, data), nil
}

// appendNonce appends the next short nonce: an "incrementing integer, and unique
// to each command within a connection".
func (h *clientHandshake) appendNonce(b []byte) []byte {
	h.sent++
	return binary.BigEndian.AppendUint64(b, h.sent)
}

// welcome reads Box [S' + cookie](S->C'), and answers with INITIATE.
func (h *clientHandshake) welcome(data []byte) (zmtp.Step, error) {
	if len(data) != welcomeSize {
		return zmtp.Step{}, refuse(zmtp.MalformedWelcome, "%d bytes instead of %d", len(data), welcomeSize)
	}
	text, err := h.hello.open(data[longSize:], longNonce(welcomePrefix, data[:longSize]), "WELCOME, with the server key that we have,")
	if err != nil {
		return zmtp.Step{}, err
	}
	server, cookie := PublicKey(text[:keySize]), text[keySize:]
	if h.session, err = agree(h.transient.Secret, server); err != nil {
		return zmtp.Step{}, refuse(zmtp.Cryptographic, "the server's transient key is none that a secret key has")
	}
	vouch, err := h.vouch(server)
	if err != nil {
		return zmtp.Step{}, err
	}
	text = zmtp.AppendMetadata(slices.Concat(h.own.Public[:], vouch), h.local)
	data = h.appendNonce(cookie)
	data = h.session.appendBox(data, text, shortNonce(initiatePrefix, h.sent))
	h.awaits = zmtp.READY
	return say(zmtp.INITIATE, data), nil
}

// vouch is a long nonce and Box [C',S](C->S'): only who holds c can say that C'
// is his, and to this server only. (The grammar has C->S; the section "Differences
// from CurveCP" has the reason for S'.)
func (h *clientHandshake) vouch(server PublicKey) ([]byte, error) {
	key, err := agree(h.own.Secret, server)
	if err != nil {
		return nil, err
	}
	vouch := make([]byte, longSize, vouchSize)
	h.random(vouch)
	text := slices.Concat(h.transient.Public[:], h.server[:])
	return key.appendBox(vouch, text, longNonce(vouchPrefix, vouch)), nil
}

// ready reads Box [metadata](S'->C').
func (h *clientHandshake) ready(data []byte) (zmtp.Step, error) {
	if len(data) < readyLeast {
		return zmtp.Step{}, refuse(zmtp.MalformedReady, "%d bytes, there must be %d at least", len(data), readyLeast)
	}
	nonce := binary.BigEndian.Uint64(data)
	text, err := h.session.open(data[shortSize:], shortNonce(readyPrefix, nonce), "READY")
	if err != nil {
		return zmtp.Step{}, err
	}
	remote, err := zmtp.ParseMetadata(text)
	if err != nil {
		return zmtp.Step{}, err
	}
	codec := newCodec(&h.session, half{clientMessagePrefix, h.sent}, half{serverMessagePrefix, nonce})
	return zmtp.Step{Done: true, Remote: remote, Codec: codec}, nil
}

// Decide is never called: it is the client who is asked about.
func (*clientHandshake) Decide(zmtp.AuthReply, error) (zmtp.Step, error) {
	return zmtp.Step{}, errNotAsked
}

// errNotAsked answers a caller that has confused two connections.
var errNotAsked = errors.New("curve: this handshake has asked nothing, so there is nothing to decide; end the connection")

// refusedBy is a server's ERROR as an error.
func refusedBy(in zmtp.Command) error {
	reason, err := zmtp.ParseError(in.Data)
	if err != nil {
		return err
	}
	return &zmtp.PeerError{Reason: reason}
}

func say(name string, data []byte) zmtp.Step {
	return zmtp.Step{Send: []zmtp.Command{{Name: name, Data: data}}}
}
