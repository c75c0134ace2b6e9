package zmtp

import (
	"errors"
	"fmt"
	"log/slog"
	"strconv"
)

// A Mechanism secures the connections of a socket. It is a value that many
// connections share: its methods may be called from any goroutine.
//
// The caller compares Name with the greeting's; they must be equal, byte for
// byte (RFC 37: "it MUST close the connection"), or the weakest peer would choose
// the security.
type Mechanism interface {
	// Name is the mechanism's name in the greeting, 1 to 20 of A-Z 0-9 - _ . +
	Name() string
	// AsServer is the as-server bit that we send.
	AsServer() bool
	// Validate says why no handshake can succeed, whoever the peer is: a key that
	// is missing, a password that is too long. It is for whoever configures a
	// socket, before the first Begin.
	Validate() error
	// Begin starts one connection's handshake. local is what we say of
	// ourselves; it must be valid and is not changed.
	Begin(local Metadata) Handshake
}

// A Handshake is one connection's, for one goroutine. It is driven so:
//
//  1. Next with the zero Command asks for our first move, if we have one.
//  2. The caller does what the Step says, in the order of its fields.
//  3. Next with each command that arrives, until a Step is Done.
//
// An error is a *[ProtocolError] (the peer broke a rule), a *[PeerError] (the
// peer refused us), Decide's refusal, or a plain one (Validate's, or the caller
// broke this contract); the connection ends. For a ProtocolError the caller may
// first tell the peer (AppendError), unless it is the client of a mechanism that
// has roles: of PLAIN and CURVE only servers may send ERROR (RFC 24, RFC 26).
// Neither method is called after an error or after Done.
type Handshake interface {
	// Next takes the peer's next command. in.Data may be overwritten once Next
	// has returned.
	Next(in Command) (Step, error)
	// Decide takes the answer to Step.Ask: r if refused is nil. While it is
	// outstanding Next is not called: commands wait unread. If refused is not nil
	// it is also the error, and the Step's Send is the last word to the peer
	// ([Refusal]). To decide what was not asked is the caller's fault and a plain
	// error.
	Decide(r AuthReply, refused error) (Step, error)
}

// A Step is what the caller does next. The zero Step is: read another command.
type Step struct {
	// Send is for the peer, now; the caller may write it after Next has returned
	// and before the following call.
	Send []Command
	// Ask, if not nil, is for the authenticator, and its answer for Decide.
	Ask *AuthRequest
	// Done ends the handshake: messages may flow once Send is written. Before it
	// writes, the caller holds Remote against CheckRemote, so that a refusal can
	// go out as ERROR in the place of a READY.
	Done   bool
	Remote Metadata // when Done: what the peer says of itself
	Codec  Codec    // when Done; nil: in the clear
}

// A Codec seals and opens frames after a handshake that agreed on keys. Its two
// methods use different halves of it: one goroutine may seal while another opens.
type Codec interface {
	// AppendSealed appends the whole frame that carries h and body; h.Size does
	// not count, len(body) does. body must not lie in the memory behind len(b).
	AppendSealed(b []byte, h Header, body []byte) []byte
	// Open takes the body of a frame that arrived, whatever its COMMAND bit, and
	// returns what was sealed in it: the body of a message's frame, or, with
	// h.Command, of a command's. It takes the place of the sealed one: it aliases
	// frame, and frame's bytes are spent. An error is a *ProtocolError and ends the
	// connection.
	Open(frame []byte) (h Header, body []byte, err error)
}

// An AuthRequest is what an authenticator is asked about a peer (RFC 27). The
// mechanism fills in its name, the credentials and, where the peer has said it by
// then, the RoutingID; the caller the rest. No credentials come out of it but by
// their names: printed, logged or marshalled as text it leaves them out.
type AuthRequest struct {
	Domain, Address, RoutingID, Mechanism, Username, Password string
	PublicKey                                                 [32]byte // CURVE: the client's long-term key
}

// String leaves the credentials out.
func (r AuthRequest) String() string {
	return fmt.Sprintf("{%s from %q as %q, domain %q, credentials %s}", r.Mechanism, r.Address, r.RoutingID, r.Domain, redacted)
}

// Format is String under every verb, for %d and %x would pass it by and print the
// fields. (%p, which is for pointers, asks no method.)
func (r AuthRequest) Format(f fmt.State, _ rune) { f.Write([]byte(r.String())) }

// GoString is String.
func (r AuthRequest) GoString() string { return r.String() }

// LogValue is String.
func (r AuthRequest) LogValue() slog.Value { return slog.StringValue(r.String()) }

// MarshalText is String; so JSON and XML are, too.
func (r AuthRequest) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// redacted is what credentials say in the place of themselves.
const redacted = "[redacted]"

// An AuthReply is the authenticator's yes.
type AuthReply struct {
	UserID   string
	Metadata Metadata // on the peer's messages and events
}

// An AuthError is the authenticator's no.
type AuthError struct {
	Status int    // of RFC 27: 300 later perhaps, 400 denied, 500 the authenticator is at fault; 0 is 400
	Text   string // why; for our own events, it is not sent
}

// Error reads "400: no such user".
func (e *AuthError) Error() string {
	status := e.Status
	if status == 0 {
		status = 400
	}
	if e.Text == "" {
		return strconv.Itoa(status)
	}
	return strconv.Itoa(status) + ": " + e.Text
}

// Refusal is what a server's handshake says to a client that was refused: ERROR
// with the status of an *AuthError, else 400, and no word of the reason: a
// stranger would learn which half of a password was right.
//
// It says nothing where nobody has judged the client: the authenticator asks for
// patience (300), was too late (an error with Timeout) or broke RFC 27 (a
// *ProtocolError). ERROR is for good, and "any other error, e.g. overloaded" is
// the end of the connection without a word, after which the client comes back
// (RFC 37, "Error Handling").
func Refusal(refused error) Step {
	status := "400"
	var verdict *AuthError
	var broken *ProtocolError
	var late interface{ Timeout() bool }
	switch {
	case errors.As(refused, &verdict) && verdict.Status == 300, errors.As(refused, &broken), errors.As(refused, &late) && late.Timeout():
		return Step{}
	case verdict != nil && verdict.Status == 500:
		status = "500"
	}
	return Step{Send: []Command{{ERROR, append([]byte{byte(len(status))}, status...)}}}
}
