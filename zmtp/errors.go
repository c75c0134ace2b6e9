package zmtp

import (
	"fmt"
	"strconv"
	"strings"
)

// A Code says which rule a peer broke. It is a label, not an error: what we
// refuse is a [ProtocolError], so that "we refused" and "they refused"
// ([PeerError]) cannot be mixed up.
//
// The first 21 are libzmq's ZMQ_PROTOCOL_ERROR_* with their numbers
// (zmq_socket_monitor manual page). Those from 0x4000_0000 up are ours: libzmq
// has nothing there, and Classic gives what its frames show instead.
type Code uint32

const (
	Unspecified       Code = 0x10000000 // a command where none was expected
	UnexpectedCommand Code = 0x10000001 // not the command that this step of the handshake needs
	InvalidSequence   Code = 0x10000002 // CURVE: a nonce did not grow
	KeyExchange       Code = 0x10000003 // CURVE: the vouch is for another key
	MalformedCommand  Code = 0x10000011 // a command's body breaks its grammar
	MalformedMessage  Code = 0x10000012
	MalformedHello    Code = 0x10000013
	MalformedInitiate Code = 0x10000014
	MalformedError    Code = 0x10000015
	MalformedReady    Code = 0x10000016
	MalformedWelcome  Code = 0x10000017
	InvalidMetadata   Code = 0x10000018 // the property list cannot be read
	Cryptographic     Code = 0x11000001 // CURVE: a box does not open
	MechanismMismatch Code = 0x11000002 // the greeting announces another mechanism than ours

	ZAPUnspecified       Code = 0x20000000 // our authentication handler answered against RFC 27
	ZAPMalformedReply    Code = 0x20000001
	ZAPBadRequestID      Code = 0x20000002
	ZAPBadVersion        Code = 0x20000003
	ZAPInvalidStatusCode Code = 0x20000004
	ZAPInvalidMetadata   Code = 0x20000005

	WSUnspecified Code = 0x30000000 // a WebSocket upgrade was malformed
)

const (
	NotZMTP                Code = 0x40000000 + iota // the first bytes are another protocol's
	OldVersion                                      // the peer speaks ZMTP 1.0 or 2.0 only
	OversizeFrame                                   // a frame above the limit was announced
	BadFrame                                        // reserved bits, MORE on a command, a size above 2^63-1, a message where a command must be
	IncompatibleSocketType                          // such as REQ to PULL
	MissingSocketType                               // READY without a Socket-Type
	BothServers                                     // both sides are the mechanism's server
	BothClients                                     // neither side is
	DuplicateIdentity                               // another peer has this routing id
	BadIdentity                                     // over 255 bytes, or begins with NUL
	PairTaken                                       // a PAIR that has its peer
	HandshakeTooLong                                // more handshake bytes than any honest peer sends
	SubscriptionLimit                               // more subscriptions than one peer may have
)

// String is the code's stable name, such as "mechanism_mismatch": fit for a
// metric's label or a switch, the same in every release.
func (c Code) String() string {
	switch c {
	case Unspecified:
		return "unspecified"
	case UnexpectedCommand:
		return "unexpected_command"
	case InvalidSequence:
		return "invalid_sequence"
	case KeyExchange:
		return "key_exchange"
	case MalformedCommand:
		return "malformed_command"
	case MalformedMessage:
		return "malformed_message"
	case MalformedHello:
		return "malformed_hello"
	case MalformedInitiate:
		return "malformed_initiate"
	case MalformedError:
		return "malformed_error"
	case MalformedReady:
		return "malformed_ready"
	case MalformedWelcome:
		return "malformed_welcome"
	case InvalidMetadata:
		return "invalid_metadata"
	case Cryptographic:
		return "cryptographic"
	case MechanismMismatch:
		return "mechanism_mismatch"
	case ZAPUnspecified:
		return "zap_unspecified"
	case ZAPMalformedReply:
		return "zap_malformed_reply"
	case ZAPBadRequestID:
		return "zap_bad_request_id"
	case ZAPBadVersion:
		return "zap_bad_version"
	case ZAPInvalidStatusCode:
		return "zap_invalid_status_code"
	case ZAPInvalidMetadata:
		return "zap_invalid_metadata"
	case WSUnspecified:
		return "ws_unspecified"
	case NotZMTP:
		return "not_zmtp"
	case OldVersion:
		return "old_version"
	case OversizeFrame:
		return "oversize_frame"
	case BadFrame:
		return "bad_frame"
	case IncompatibleSocketType:
		return "incompatible_socket_type"
	case MissingSocketType:
		return "missing_socket_type"
	case BothServers:
		return "both_servers"
	case BothClients:
		return "both_clients"
	case DuplicateIdentity:
		return "duplicate_identity"
	case BadIdentity:
		return "bad_identity"
	case PairTaken:
		return "pair_taken"
	case HandshakeTooLong:
		return "handshake_too_long"
	case SubscriptionLimit:
		return "subscription_limit"
	}
	return fmt.Sprintf("code_0x%08x", uint32(c))
}

// Classic is the code that a libzmq frame shows for c: libzmq's own codes
// themselves, ours as the one of the 21 whose advice to an operator is nearest.
func (c Code) Classic() Code {
	switch c {
	case IncompatibleSocketType, MissingSocketType, BadIdentity, DuplicateIdentity:
		return InvalidMetadata // READY said what we cannot accept
	case BothServers:
		return MechanismMismatch // the mechanism agrees and its roles do not
	case BothClients:
		return UnexpectedCommand // what a libzmq client says to a HELLO
	}
	if c >= NotZMTP {
		return Unspecified
	}
	return c
}

// A ProtocolError is what the peer sent and we refuse: the connection ends.
type ProtocolError struct {
	Code   Code   // which rule
	Detail string // what was wrong this time; bounded, printable, may be empty; never a credential
}

// Error reads "incompatible socket type: REQ cannot talk to PULL".
func (e *ProtocolError) Error() string {
	words := strings.NewReplacer("_", " ", "zmtp", "ZMTP", "zap", "ZAP", "ws", "WebSocket").Replace(e.Code.String())
	if e.Detail == "" {
		return words
	}
	return words + ": " + e.Detail
}

// A PeerError is the peer's ERROR command: it refused us, for Reason. It is
// fatal for these credentials (RFC 37, "Error Handling"): to dial again at speed
// gains nothing. libzmq's reason is the ZAP status, such as "400".
type PeerError struct {
	Reason string // at most 255 bytes, printable ASCII; may be empty
}

// Error reads `refused by the peer: "400"`.
func (e *PeerError) Error() string {
	if e.Reason == "" {
		return "refused by the peer, without a reason"
	}
	return "refused by the peer: " + strconv.Quote(e.Reason)
}

// refuse builds the error of every parser here.
func refuse(c Code, format string, args ...any) error {
	return &ProtocolError{Code: c, Detail: fmt.Sprintf(format, args...)}
}
