package zmtp

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
// An error is a *[ProtocolError] (the peer broke a rule) or a *[PeerError] (the
// peer refused us); the connection ends, and for a ProtocolError the caller may
// first tell the peer (AppendError). Neither method is called after an error or
// after Done.
type Handshake interface {
	// Next takes the peer's next command. in.Data may be overwritten once Next
	// has returned.
	Next(in Command) (Step, error)
	// Decide takes the answer to Step.Ask: r if refused is nil. While it is
	// outstanding Next is not called: commands wait unread. To decide what was
	// not asked is the caller's fault and a plain error.
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
	// AppendSealed appends the whole frame that carries h and body.
	AppendSealed(b []byte, h Header, body []byte) []byte
	// Open takes the body of a frame that arrived, whatever its COMMAND bit, and
	// returns what was sealed in it. The plain body may take the place of the
	// sealed one: it aliases frame, and frame's bytes are spent. An error is a
	// *ProtocolError and ends the connection.
	Open(frame []byte) (h Header, body []byte, err error)
}

// An AuthRequest is what an authenticator is asked about a peer (RFC 27). The
// mechanism fills in its name and the credentials, the caller the rest. It holds
// secrets and belongs in no log.
type AuthRequest struct {
	Domain, Address, RoutingID, Mechanism, Username, Password string
	PublicKey                                                 [32]byte // CURVE: the client's long-term key
}

// An AuthReply is the authenticator's yes.
type AuthReply struct {
	UserID   string
	Metadata Metadata // on the peer's messages and events
}
