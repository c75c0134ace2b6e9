package zmtp

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
)

// PLAIN (RFC 24): a user name and a password in the clear, so fit for ipc and
// networks that nobody else is on.
//
//	client                                server
//	HELLO username password  →
//	                                      asks its authenticator
//	                         ←  WELCOME, or ERROR
//	INITIATE metadata        →
//	                         ←  READY metadata, or ERROR

// PlainClient is the PLAIN mechanism for a socket that has to say who it is: each
// at most 255 bytes, of any kind. RFC 24 has VCHAR, which is no space and no
// letter beyond ASCII; nobody checks that, so people's passwords have both.
//
// The mechanism sends the password in the clear. It redacts itself wherever it is
// printed.
func PlainClient(username, password string) Mechanism {
	return &plainClient{credentials: func() (string, string) { return username, password }}
}

// PlainServer is the PLAIN mechanism for a socket that asks its authenticator
// about each peer.
func PlainServer() Mechanism { return plainServer{} }

type plainClient struct {
	discreet
	// credentials is a func, because inside of unexported fields package fmt calls
	// no methods, and only of a func it prints nothing but a number under every verb.
	credentials func() (username, password string)
}

// discreet is embedded in what has secrets: that then shows nothing, under any verb
// of package fmt, to a logger, or as JSON.
type discreet struct{}

func (discreet) Format(f fmt.State, _ rune)   { f.Write([]byte(redacted)) } // %d and %x would pass String by
func (discreet) String() string               { return redacted }
func (discreet) GoString() string             { return redacted }
func (discreet) LogValue() slog.Value         { return slog.StringValue(redacted) }
func (discreet) MarshalText() ([]byte, error) { return []byte(redacted), nil }

func (*plainClient) Name() string   { return "PLAIN" }
func (*plainClient) AsServer() bool { return false }

// Validate holds the two against their OCTET of length.
func (p *plainClient) Validate() error {
	username, password := p.credentials()
	if most := max(len(username), len(password)); most > math.MaxUint8 {
		return fmt.Errorf("zmtp: PLAIN: a user name or password of %d bytes: at most %d fit", most, math.MaxUint8)
	}
	return nil
}

func (p *plainClient) Begin(local Metadata) Handshake {
	return &plainClientHandshake{mechanism: p, local: local}
}

type plainClientHandshake struct {
	mechanism *plainClient
	local     Metadata
	sent      string // our last command: what may come depends on it
}

func (h *plainClientHandshake) Next(in Command) (Step, error) {
	switch {
	case in.Name == "": // no parsed command has an empty name
		return h.hello()
	case in.Name == ERROR: // "S:error" stands wherever the server speaks
		return Step{}, refusedBy(in)
	case in.Name == HELLO:
		return Step{}, refuse(BothClients, "the peer says HELLO, too: one side must be PLAIN's server")
	case in.Name == WELCOME && h.sent == HELLO:
		return h.initiate(in)
	case in.Name == READY && h.sent == INITIATE:
		remote, err := ParseMetadata(in.Data)
		return Step{Done: err == nil, Remote: remote}, err
	}
	return Step{}, refuse(UnexpectedCommand, "%s after our %s", quote([]byte(in.Name)), h.sent)
}

// hello is %d5 "HELLO" username password, each an OCTET of length and its bytes.
func (h *plainClientHandshake) hello() (Step, error) {
	if err := h.mechanism.Validate(); err != nil {
		return Step{}, err
	}
	h.sent = HELLO
	username, password := h.mechanism.credentials()
	data := append([]byte{byte(len(username))}, username...)
	data = append(append(data, byte(len(password))), password...)
	return Step{Send: []Command{{HELLO, data}}}, nil
}

// initiate answers welcome = command-size %d7 "WELCOME", which has no data.
func (h *plainClientHandshake) initiate(in Command) (Step, error) {
	if len(in.Data) != 0 {
		return Step{}, refuse(MalformedWelcome, "%d bytes of data, there must be none", len(in.Data))
	}
	h.sent = INITIATE
	return Step{Send: []Command{{INITIATE, AppendMetadata(nil, h.local)}}}, nil
}

// Decide is never called: it is the client who is asked about.
func (*plainClientHandshake) Decide(AuthReply, error) (Step, error) { return Step{}, errNotAsked }

type plainServer struct{}

func (plainServer) Name() string    { return "PLAIN" }
func (plainServer) AsServer() bool  { return true }
func (plainServer) Validate() error { return nil }

func (plainServer) Begin(local Metadata) Handshake {
	return &plainServerHandshake{local: local, awaits: HELLO}
}

type plainServerHandshake struct {
	local  Metadata
	awaits string // the next command; "": the authenticator's answer
}

func (h *plainServerHandshake) Next(in Command) (Step, error) {
	switch {
	case h.awaits == "":
		return Step{}, errors.New("zmtp: this handshake has asked about its peer: call Decide before Next")
	case in.Name == "":
		return Step{}, nil // the client begins
	case in.Name == HELLO && h.awaits == HELLO:
		return h.ask(in.Data)
	case in.Name == INITIATE && h.awaits == INITIATE:
		remote, err := ParseMetadata(in.Data)
		if err != nil {
			return Step{}, err
		}
		return Step{Send: []Command{{READY, AppendMetadata(nil, h.local)}}, Done: true, Remote: remote}, nil
	}
	return Step{}, refuse(UnexpectedCommand, "%s instead of %s", quote([]byte(in.Name)), h.awaits)
}

func (h *plainServerHandshake) ask(data []byte) (Step, error) {
	username, rest, ok := cutShort(data)
	password, rest, ok2 := cutShort(rest)
	if !ok || !ok2 || len(rest) != 0 {
		return Step{}, refuse(MalformedHello, "%d bytes are no user name and password", len(data))
	}
	h.awaits = ""
	return Step{Ask: &AuthRequest{Mechanism: "PLAIN", Username: username, Password: password}}, nil
}

// cutShort takes OCTET *OCTET off b; the string is a copy.
func cutShort(b []byte) (s string, rest []byte, ok bool) {
	if len(b) == 0 || int(b[0]) > len(b)-1 {
		return "", nil, false
	}
	end := 1 + int(b[0])
	return string(b[1:end]), b[end:], true
}

func (h *plainServerHandshake) Decide(_ AuthReply, refused error) (Step, error) {
	if h.awaits != "" {
		return Step{}, errNotAsked
	}
	if refused != nil {
		return Refusal(refused), refused
	}
	h.awaits = INITIATE
	return Step{Send: []Command{{Name: WELCOME}}}, nil
}
