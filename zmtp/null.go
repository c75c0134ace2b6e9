package zmtp

import "errors"

// Null is the NULL mechanism (RFC 37, "The NULL Security Mechanism"): each side
// sends READY with its metadata and is done when it has read the other's. There
// is no authentication and no secrecy.
func Null() Mechanism { return null{} }

type null struct{}

func (null) Name() string                   { return "NULL" }
func (null) AsServer() bool                 { return false } // "MUST be zero"
func (null) Validate() error                { return nil }
func (null) Begin(local Metadata) Handshake { return nullHandshake{local} }

// nullHandshake has no state: both sides send at once, as RFC 23 has it to avoid
// two peers that wait for each other, and after the one command that may arrive
// it is over.
type nullHandshake struct{ local Metadata }

func (h nullHandshake) Next(in Command) (Step, error) {
	switch in.Name {
	case "": // no parsed command has an empty name
		return Step{Send: []Command{{READY, AppendMetadata(nil, h.local)}}}, nil
	case READY:
		remote, err := ParseMetadata(in.Data)
		if err != nil {
			return Step{}, err
		}
		return Step{Done: true, Remote: remote}, nil
	case ERROR:
		return Step{}, refusedBy(in)
	}
	return Step{}, refuse(UnexpectedCommand, "%s instead of READY", quote([]byte(in.Name)))
}

// Decide is never called, as no Step asks.
func (nullHandshake) Decide(AuthReply, error) (Step, error) { return Step{}, errNotAsked }

// errNotAsked answers a caller that has confused two connections: to carry on
// would let an unknown peer in.
var errNotAsked = errors.New("zmtp: this handshake has asked nothing, so there is nothing to decide; end the connection")

// refusedBy is a peer's ERROR as an error.
func refusedBy(in Command) error {
	reason, err := ParseError(in.Data)
	if err != nil {
		return err
	}
	return &PeerError{Reason: reason}
}
