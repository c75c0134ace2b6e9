package curve

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/glassmq/zmq/zmtp"
)

type server struct {
	discreet
	own     KeyPair
	random  func([]byte)
	cookies *cookies
}

// Server is the CURVE mechanism for a socket that proves to its peers that it
// holds own's secret key, and that asks its authenticator about theirs. One value
// may serve many sockets.
func Server(own KeyPair) zmtp.Mechanism { return newServer(own, time.Now, random) }

func newServer(own KeyPair, now func() time.Time, random func([]byte)) *server {
	return &server{own: own, random: random, cookies: &cookies{now: now, random: random}}
}

func (*server) Name() string   { return "CURVE" }
func (*server) AsServer() bool { return true }

// Validate looks at the key pair.
func (s *server) Validate() error { return s.own.validate() }

func (s *server) Begin(local zmtp.Metadata) zmtp.Handshake {
	return &serverHandshake{server: s, local: local, awaits: zmtp.HELLO}
}

// A serverHandshake has, between WELCOME and INITIATE, what fits in 24 bytes: "The
// server SHALL not keep this transient key pair and SHOULD keep minimal state".
type serverHandshake struct {
	*server
	local    zmtp.Metadata
	awaits   string // the next command; "": the authenticator's answer
	received uint64 // the client's last short nonce

	// cookie is the long nonce of the one that this connection's client was given.
	// A cookie alone says who, but not when: with its bytes and those of INITIATE,
	// which he need not understand, a listener could let that client in once more
	// for as long as the cookie key lives. So it is good here only, and as the
	// handshake moves on, only once.
	cookie [longSize]byte

	session boxKey        // of C' and S', from INITIATE on
	remote  zmtp.Metadata // from INITIATE
}

func (h *serverHandshake) Next(in zmtp.Command) (zmtp.Step, error) {
	switch {
	case h.awaits == "":
		return zmtp.Step{}, errors.New("curve: this handshake has asked about its peer: call Decide before Next")
	case in.Name == "":
		return zmtp.Step{}, h.own.validate() // the client begins
	case in.Name == zmtp.HELLO && h.awaits == zmtp.HELLO:
		return h.hello(in.Data)
	case in.Name == zmtp.INITIATE && h.awaits == zmtp.INITIATE:
		return h.initiate(in.Data)
	}
	return zmtp.Step{}, unexpected(in, "instead of "+h.awaits)
}

// hello reads Box [64 * %x0](C'->S), and answers with WELCOME.
func (h *serverHandshake) hello(data []byte) (zmtp.Step, error) {
	if err := checkHello(data); err != nil {
		return zmtp.Step{}, err
	}
	client := PublicKey(data[helloClientAt:helloNonceAt])
	key, err := agree(h.own.Secret, client)
	if err != nil {
		return zmtp.Step{}, refuse(zmtp.Cryptographic, "the client's transient key is none that a secret key has")
	}
	h.received = binary.BigEndian.Uint64(data[helloNonceAt:])
	text, err := key.open(data[helloBoxAt:], shortNonce(helloPrefix, h.received), "HELLO, made for another server key than ours or changed on its way,")
	if err != nil {
		return zmtp.Step{}, err
	}
	if !isZero(text) {
		return zmtp.Step{}, refuse(zmtp.MalformedHello, "the signature is not of zeros")
	}
	return h.welcome(client, &key)
}

func checkHello(data []byte) error {
	switch {
	case len(data) != helloSize:
		return refuse(zmtp.MalformedHello, "%d bytes instead of %d", len(data), helloSize)
	case data[0] != 1 || data[1] != 0:
		return refuse(zmtp.MalformedHello, "CurveZMQ %d.%d, this is 1.0", data[0], data[1])
	case !isZero(data[2:helloClientAt]):
		return refuse(zmtp.MalformedHello, "the padding is not of zeros") // "SHALL be … all zero", "SHALL validate all fields"
	}
	return nil
}

// welcome says Box [S' + cookie](S->C').
func (h *serverHandshake) welcome(client PublicKey, key *boxKey) (zmtp.Step, error) {
	transient, err := newKeyPair(h.random)
	if err != nil {
		return zmtp.Step{}, err
	}
	cookie := h.cookies.bake(client, transient.Secret)
	h.cookie = [longSize]byte(cookie)
	text := slices.Concat(transient.Public[:], cookie)
	data := make([]byte, longSize, welcomeSize)
	h.random(data)
	data = key.appendBox(data, text, longNonce(welcomePrefix, data))
	h.awaits = zmtp.INITIATE
	return say(zmtp.WELCOME, data), nil
}

// initiate reads the cookie, a nonce and Box [C + vouch + metadata](C'->S').
func (h *serverHandshake) initiate(data []byte) (zmtp.Step, error) {
	if len(data) < initiateLeast {
		return zmtp.Step{}, refuse(zmtp.MalformedInitiate, "%d bytes, there must be %d at least", len(data), initiateLeast)
	}
	client, transient, err := h.eat(data[:cookieSize])
	if err != nil {
		return zmtp.Step{}, err
	}
	nonce := binary.BigEndian.Uint64(data[initiateNonceAt:])
	if nonce <= h.received { // "SHALL disconnect clients that reuse a short nonce"
		return zmtp.Step{}, refuse(zmtp.InvalidSequence, "INITIATE's nonce is %d, after HELLO's %d", nonce, h.received)
	}
	if h.session, err = agree(transient, client); err != nil {
		return zmtp.Step{}, err // HELLO's key was found good, and this is the same one
	}
	text, err := h.session.open(data[initiateBoxAt:], shortNonce(initiatePrefix, nonce), "INITIATE")
	if err != nil {
		return zmtp.Step{}, err
	}
	permanent, vouch, metadata := PublicKey(text[:keySize]), text[keySize:keySize+vouchSize], text[keySize+vouchSize:]
	if err := h.check(vouch, permanent, client, transient); err != nil {
		return zmtp.Step{}, err
	}
	h.received = nonce
	return h.ask(permanent, metadata)
}

// ask leaves it to the authenticator whether C may come in.
func (h *serverHandshake) ask(permanent PublicKey, metadata []byte) (step zmtp.Step, err error) {
	if h.remote, err = zmtp.ParseMetadata(metadata); err != nil {
		return step, err
	}
	h.awaits = ""
	id, _ := h.remote.Get(zmtp.Identity)
	step.Ask = &zmtp.AuthRequest{Mechanism: "CURVE", RoutingID: id, PublicKey: permanent}
	return step, nil
}

// eat takes C' and s' out of the cookie.
func (h *serverHandshake) eat(cookie []byte) (client PublicKey, transient SecretKey, err error) {
	if !bytes.Equal(cookie[:longSize], h.cookie[:]) {
		return client, transient, refuse(zmtp.Cryptographic, "the cookie is another connection's, or was changed")
	}
	text, ok := h.cookies.open(cookie)
	if !ok {
		return client, transient, refuse(zmtp.Cryptographic, "the cookie is older than %v, or was changed", cookieTurn)
	}
	transient, err = newSecretKey(text[keySize:])
	return PublicKey(text[:keySize]), transient, err
}

// check holds the vouch, Box [C',S](C->S'), against what we know: that the holder
// of c is who made C' is the one half, that he meant this server is the other.
// Without it a server could pass on to another one the vouch that it was given.
func (h *serverHandshake) check(vouch []byte, permanent, client PublicKey, transient SecretKey) error {
	key, err := agree(transient, permanent)
	if err != nil {
		return refuse(zmtp.Cryptographic, "the client's permanent key is none that a secret key has")
	}
	text, err := key.open(vouch[longSize:], longNonce(vouchPrefix, vouch[:longSize]), "the vouch")
	if err != nil {
		return err
	}
	if PublicKey(text[:keySize]) != client {
		return refuse(zmtp.KeyExchange, "the vouch is for another transient key")
	}
	if PublicKey(text[keySize:]) != h.own.Public {
		return refuse(zmtp.KeyExchange, "the vouch is for another server")
	}
	return nil
}

// Decide says READY: a nonce and Box [metadata](S'->C').
func (h *serverHandshake) Decide(_ zmtp.AuthReply, refused error) (zmtp.Step, error) {
	if h.awaits != "" {
		return zmtp.Step{}, errNotAsked
	}
	if refused != nil {
		return zmtp.Refusal(refused), refused
	}
	const nonce = 1 // the first thing that we say under this key
	data := binary.BigEndian.AppendUint64(nil, nonce)
	data = h.session.appendBox(data, zmtp.AppendMetadata(nil, h.local), shortNonce(readyPrefix, nonce))
	step := say(zmtp.READY, data)
	step.Done, step.Remote = true, h.remote
	step.Codec = newCodec(&h.session, half{serverMessagePrefix, nonce}, half{clientMessagePrefix, h.received})
	return step, nil
}

func isZero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}
