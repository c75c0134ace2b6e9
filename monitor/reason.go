package monitor

import (
	"iter"
	"syscall"
)

// The reasons. Each has a row in reasons.go, and so in docs/events.md. Labels of
// metrics and cases of switches may rely on them: a reason is added, never
// renamed.
const (
	// An attempt that did not come up.
	ReasonRefused     Reason = "refused"
	ReasonTimeout     Reason = "timeout"
	ReasonUnreachable Reason = "unreachable"
	ReasonResolve     Reason = "resolve"
	ReasonSelfConnect Reason = "self_connect"
	ReasonBacklogFull Reason = "backlog_full"

	// A connection that broke.
	ReasonReset            Reason = "reset"
	ReasonPeerClosed       Reason = "peer_closed"
	ReasonHeartbeatTimeout Reason = "heartbeat_timeout"
	ReasonTTLExpired       Reason = "ttl_expired"
	ReasonBadFrame         Reason = "bad_frame"
	ReasonOversizeMessage  Reason = "oversize_message"

	// A handshake that failed.
	ReasonEOFInHandshake         Reason = "eof_in_handshake"
	ReasonHandshakeTimeout       Reason = "handshake_timeout"
	ReasonHandshakeTooLong       Reason = "handshake_too_long"
	ReasonTooManyHandshakes      Reason = "too_many_handshakes"
	ReasonFiltered               Reason = "filtered"
	ReasonMalformed              Reason = "malformed"
	ReasonNotZMTP                Reason = "not_zmtp"
	ReasonOldVersion             Reason = "old_version"
	ReasonMechanismMismatch      Reason = "mechanism_mismatch"
	ReasonBothSidesServer        Reason = "both_sides_server"
	ReasonBothSidesClient        Reason = "both_sides_client"
	ReasonWrongServerKey         Reason = "wrong_server_key"
	ReasonMissingSocketType      Reason = "missing_socket_type"
	ReasonIncompatibleSocketType Reason = "incompatible_socket_type"
	ReasonRefusedByPeer          Reason = "refused_by_peer"
	ReasonBadIdentity            Reason = "bad_identity"
	ReasonIdentityConflict       Reason = "identity_conflict"
	ReasonPairTaken              Reason = "pair_taken"

	// Authentication.
	ReasonAuthTemporary Reason = "auth_temporary"
	ReasonAuthDenied    Reason = "auth_denied"
	ReasonAuthInternal  Reason = "auth_internal"
	ReasonAuthTimeout   Reason = "auth_timeout"
	ReasonZAPProtocol   Reason = "zap_protocol"
	ReasonZAPMissing    Reason = "zap_missing"
	ReasonClearText     Reason = "clear_text"

	// This system said no.
	ReasonFDLimit             Reason = "fd_limit"
	ReasonAddressInUse        Reason = "address_in_use"
	ReasonAddressNotAvailable Reason = "address_not_available"
	ReasonNoSuchInterface     Reason = "no_such_interface"
	ReasonNoSuchDirectory     Reason = "no_such_directory"
	ReasonNameTooLong         Reason = "name_too_long"
	ReasonNotASocket          Reason = "not_a_socket"
	ReasonPermission          Reason = "permission"

	// We ended it.
	ReasonDisconnect       Reason = "disconnect"
	ReasonUnbind           Reason = "unbind"
	ReasonClose            Reason = "close"
	ReasonConnClosed       Reason = "conn_closed"
	ReasonContextEnded     Reason = "context_ended"
	ReasonHandover         Reason = "handover"
	ReasonRequestAbandoned Reason = "request_abandoned"
	ReasonNoMoreRetries    Reason = "no_more_retries"

	// Messages and subscriptions that were dropped.
	ReasonHWM               Reason = "hwm"
	ReasonNoRoute           Reason = "no_route"
	ReasonPeerGone          Reason = "peer_gone"
	ReasonLingerExpired     Reason = "linger_expired"
	ReasonLateReply         Reason = "late_reply"
	ReasonBadEnvelope       Reason = "bad_envelope"
	ReasonSubscriptionLimit Reason = "subscription_limit"

	// Readers of events.
	ReasonReaderSlow    Reason = "reader_slow"
	ReasonCallbackPanic Reason = "callback_panic"

	ReasonOther Reason = "other" // none of the above: Err says more
)

// words are what a person reads. {braces} name facts of the event; a part in
// [brackets] is left out when one of its facts is unknown. See words.go.
type words struct{ why, hint string }

// A reasonRow is what is known of a reason. Where the side that accepted needs
// other words than the side that dialled, or the side that was refused others
// than the one that refused, onBind and byPeer have them.
type reasonRow struct {
	reason Reason
	who    Who           // who it usually is; Event.Who wins
	errno  syscall.Errno // what Errno() says when Err has no number
	code   uint64        // what a handshake_failed_* frame says when Value is 0
	words
	onBind words // Side is SideBind
	onIPC  words // the endpoint is an ipc one
	byPeer words // Who is ByPeer: they refused us
}

// row is r's row, or that of "other".
func (r Reason) row() reasonRow {
	if i, ok := reasonIndex[r]; ok {
		return reasons[i]
	}
	if r == "" {
		return reasonRow{}
	}
	return reasons[reasonIndex[ReasonOther]]
}

// Reasons yields every reason, in the order of docs/events.md: to declare the
// series of a metric before the first failure.
func Reasons() iter.Seq[Reason] {
	return func(yield func(Reason) bool) {
		for _, row := range reasons {
			if !yield(row.reason) {
				return
			}
		}
	}
}

var reasonIndex = func() map[Reason]int {
	index := make(map[Reason]int, len(reasons))
	for i, row := range reasons {
		index[row.reason] = i
	}
	return index
}()
