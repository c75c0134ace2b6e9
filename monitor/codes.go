package monitor

import "syscall"

// What the numbers of libzmq frames mean.

// impliedReason is what a number tells that came without a reason, as in a
// libzmq frame.
func (e *Event) impliedReason() Reason {
	switch e.Kind {
	case HandshakeFailedProtocol:
		return protocolCodes[e.code()].reason
	case HandshakeFailedAuth:
		return zapReasons[e.code()]
	case HeartbeatTimeout:
		return ReasonHeartbeatTimeout
	case IdentityConflict:
		return ReasonIdentityConflict
	case Dropped:
		return ReasonHWM
	case Lost:
		return ReasonReaderSlow
	}
	if e.Kind&(Failures|ConnectRetried) == 0 {
		return ""
	}
	n, ok := errnoOf(e.Err)
	if !ok {
		return ""
	}
	if e.Kind == HandshakeFailedNoDetail {
		// libzmq: EPIPE is the end of the stream, EAGAIN a stale number that
		// goes with the handshake timer, EFAULT a missing ZAP handler.
		switch n {
		case syscall.EPIPE:
			return ReasonEOFInHandshake
		case syscall.EAGAIN, syscall.ETIMEDOUT:
			return ReasonHandshakeTimeout
		case syscall.EFAULT:
			return ReasonZAPMissing
		}
	}
	return errnoReasons[errnoNames[n]]
}

// zapReasons are the statuses of RFC 27, "Status Codes", that refuse.
var zapReasons = map[uint64]Reason{300: ReasonAuthTemporary, 400: ReasonAuthDenied, 500: ReasonAuthInternal}

// errnoReasons goes by name because the numbers differ between systems.
var errnoReasons = map[string]Reason{
	"ECONNREFUSED":  ReasonRefused,
	"ETIMEDOUT":     ReasonTimeout,
	"EHOSTUNREACH":  ReasonUnreachable,
	"ENETUNREACH":   ReasonUnreachable,
	"ECONNRESET":    ReasonReset,
	"EPIPE":         ReasonReset,
	"EMFILE":        ReasonFDLimit,
	"ENFILE":        ReasonFDLimit,
	"EADDRINUSE":    ReasonAddressInUse,
	"EADDRNOTAVAIL": ReasonAddressNotAvailable,
	"ENODEV":        ReasonNoSuchInterface,
	"ENOENT":        ReasonNoSuchDirectory,
	"ENAMETOOLONG":  ReasonNameTooLong,
	"EACCES":        ReasonPermission,
	"EPERM":         ReasonPermission,
}

// A protocolCode is one of the ZMQ_PROTOCOL_ERROR_* numbers (zmq.h; manual
// page zmq_socket_monitor). Where the number says more than its reason, it has
// words of its own.
type protocolCode struct {
	name   string // without the prefix
	reason Reason
	words
}

func malformedCommand(name string) words {
	return words{
		"the peer's " + name + " command has the wrong length or content",
		"the peer's ZeroMQ library is faulty, or something on the way cuts or changes the bytes: note the peer's library and version",
	}
}

func badZAPReply(what string) words {
	return words{
		"our ZAP handler's answer has " + what + " (RFC 27)",
		"repair the handler: an empty frame, version \"1.0\", the request id, status 200, 300, 400 or 500, text, user id, readable metadata",
	}
}

var protocolCodes = map[uint64]protocolCode{
	0x10000000: {name: "ZMTP_UNSPECIFIED", reason: ReasonMalformed},
	0x10000001: {"ZMTP_UNEXPECTED_COMMAND", ReasonMalformed, words{
		"the peer sent a command that does not belong to this step of the handshake",
		"compare the mechanism on both sides, and that exactly one is its server; otherwise the peer's library is faulty",
	}},
	0x10000002: {"ZMTP_INVALID_SEQUENCE", ReasonMalformed, words{
		"a CURVE nonce went backwards: traffic was replayed or duplicated",
		"look for a proxy that reconnects in mid-stream; if there is none, somebody replays traffic",
	}},
	0x10000003: {"ZMTP_KEY_EXCHANGE", ReasonWrongServerKey, words{
		"the CURVE key exchange did not verify",
		"compare the server key configured in the client with the public key that the server prints",
	}},
	0x10000011: {"ZMTP_MALFORMED_COMMAND_UNSPECIFIED", ReasonMalformed, malformedCommand("handshake")},
	0x10000012: {"ZMTP_MALFORMED_COMMAND_MESSAGE", ReasonMalformed, malformedCommand("MESSAGE")},
	0x10000013: {"ZMTP_MALFORMED_COMMAND_HELLO", ReasonMalformed, malformedCommand("HELLO")},
	0x10000014: {"ZMTP_MALFORMED_COMMAND_INITIATE", ReasonMalformed, malformedCommand("INITIATE")},
	0x10000015: {"ZMTP_MALFORMED_COMMAND_ERROR", ReasonMalformed, malformedCommand("ERROR")},
	0x10000016: {"ZMTP_MALFORMED_COMMAND_READY", ReasonMalformed, malformedCommand("READY")},
	0x10000017: {"ZMTP_MALFORMED_COMMAND_WELCOME", ReasonMalformed, malformedCommand("WELCOME")},
	0x10000018: {"ZMTP_INVALID_METADATA", ReasonMalformed, words{
		"the peer's metadata could not be read, or its socket type does not fit[: {err}]",
		"compare the socket types of both sides; if they fit, the peer's library is faulty",
	}},
	0x11000001: {name: "ZMTP_CRYPTOGRAPHIC", reason: ReasonWrongServerKey},
	0x11000002: {name: "ZMTP_MECHANISM_MISMATCH", reason: ReasonMechanismMismatch},
	0x20000000: {name: "ZAP_UNSPECIFIED", reason: ReasonZAPProtocol},
	0x20000001: {"ZAP_MALFORMED_REPLY", ReasonZAPProtocol, badZAPReply("not exactly seven frames")},
	0x20000002: {"ZAP_BAD_REQUEST_ID", ReasonZAPProtocol, badZAPReply("another request's id")},
	0x20000003: {"ZAP_BAD_VERSION", ReasonZAPProtocol, badZAPReply("a version other than 1.0")},
	0x20000004: {"ZAP_INVALID_STATUS_CODE", ReasonZAPProtocol, badZAPReply("a status other than 200, 300, 400 or 500")},
	0x20000005: {"ZAP_INVALID_METADATA", ReasonZAPProtocol, badZAPReply("metadata that cannot be read")},
	0x30000000: {"WS_UNSPECIFIED", ReasonMalformed, words{
		"the WebSocket upgrade failed",
		"compare the path of the endpoint and the subprotocol (ZWS2.0) on both sides",
	}},
}
