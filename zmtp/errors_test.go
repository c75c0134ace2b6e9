package zmtp

import (
	"regexp"
	"testing"
)

// libzmq's numbers (zmq_socket_monitor manual page and zmq.h's names), each its
// own Classic; and ours with what a libzmq frame shows.
var codes = []struct {
	code    Code
	number  uint32
	name    string
	classic Code
}{
	{Unspecified, 0x10000000, "unspecified", 0x10000000},
	{UnexpectedCommand, 0x10000001, "unexpected_command", 0x10000001},
	{InvalidSequence, 0x10000002, "invalid_sequence", 0x10000002},
	{KeyExchange, 0x10000003, "key_exchange", 0x10000003},
	{MalformedCommand, 0x10000011, "malformed_command", 0x10000011},
	{MalformedMessage, 0x10000012, "malformed_message", 0x10000012},
	{MalformedHello, 0x10000013, "malformed_hello", 0x10000013},
	{MalformedInitiate, 0x10000014, "malformed_initiate", 0x10000014},
	{MalformedError, 0x10000015, "malformed_error", 0x10000015},
	{MalformedReady, 0x10000016, "malformed_ready", 0x10000016},
	{MalformedWelcome, 0x10000017, "malformed_welcome", 0x10000017},
	{InvalidMetadata, 0x10000018, "invalid_metadata", 0x10000018},
	{Cryptographic, 0x11000001, "cryptographic", 0x11000001},
	{MechanismMismatch, 0x11000002, "mechanism_mismatch", 0x11000002},
	{ZAPUnspecified, 0x20000000, "zap_unspecified", 0x20000000},
	{ZAPMalformedReply, 0x20000001, "zap_malformed_reply", 0x20000001},
	{ZAPBadRequestID, 0x20000002, "zap_bad_request_id", 0x20000002},
	{ZAPBadVersion, 0x20000003, "zap_bad_version", 0x20000003},
	{ZAPInvalidStatusCode, 0x20000004, "zap_invalid_status_code", 0x20000004},
	{ZAPInvalidMetadata, 0x20000005, "zap_invalid_metadata", 0x20000005},
	{WSUnspecified, 0x30000000, "ws_unspecified", 0x30000000},

	{NotZMTP, 0x40000000, "not_zmtp", 0x10000000},
	{OldVersion, 0x40000001, "old_version", 0x10000000},
	{OversizeFrame, 0x40000002, "oversize_frame", 0x10000000},
	{BadFrame, 0x40000003, "bad_frame", 0x10000000},
	{IncompatibleSocketType, 0x40000004, "incompatible_socket_type", 0x10000018},
	{MissingSocketType, 0x40000005, "missing_socket_type", 0x10000018},
	{BothServers, 0x40000006, "both_servers", 0x11000002},
	{BothClients, 0x40000007, "both_clients", 0x10000001},
	{DuplicateIdentity, 0x40000008, "duplicate_identity", 0x10000018},
	{BadIdentity, 0x40000009, "bad_identity", 0x10000018},
	{PairTaken, 0x4000000a, "pair_taken", 0x10000000},
	{HandshakeTooLong, 0x4000000b, "handshake_too_long", 0x10000000},
}

func TestCodes(t *testing.T) {
	if len(codes) != 21+12 {
		t.Fatalf("%d codes", len(codes))
	}
	label := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	seen := map[string]bool{}
	for _, c := range codes {
		if uint32(c.code) != c.number || c.code.String() != c.name || c.code.Classic() != c.classic {
			t.Errorf("%v is %#x, for libzmq %v; want %s, %#x, %v", c.code, uint32(c.code), c.code.Classic(), c.name, c.number, c.classic)
		}
		if !label.MatchString(c.name) || seen[c.name] {
			t.Errorf("%q is no label of its own", c.name)
		}
		seen[c.name] = true
	}
	if got := Code(0x1234).String(); got != "code_0x00001234" {
		t.Errorf("an unknown code is %q", got)
	}
}

func TestErrorTexts(t *testing.T) {
	for want, err := range map[string]error{
		"not ZMTP: HTTP response":                           &ProtocolError{NotZMTP, "HTTP response"},
		"old version: ZMTP 1.0":                             &ProtocolError{OldVersion, "ZMTP 1.0"},
		"incompatible socket type: REQ cannot talk to PULL": &ProtocolError{IncompatibleSocketType, "REQ cannot talk to PULL"},
		"ZAP bad request id":                                &ProtocolError{Code: ZAPBadRequestID},
		"WebSocket unspecified":                             &ProtocolError{Code: WSUnspecified},
		`refused by the peer: "400"`:                        &PeerError{"400"},
		"refused by the peer, without a reason":             &PeerError{},
	} {
		if err.Error() != want {
			t.Errorf("%q; want %q", err, want)
		}
	}
}
