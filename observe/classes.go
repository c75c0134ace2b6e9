package observe

import (
	"slices"
	"strings"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// The values of labels. They are bounded by these tables, whatever a peer or another process says: what is in none of them
// is Other, or "other" where the table has that word.

// Other is the value of the labels socket, endpoint and peer that stands for all for which there was no room.
const Other = "_other"

// closedClasses are why connections that were up ended.
var closedClasses = [...]string{"local", "peer", "reset", "heartbeat_timeout", "handshake", "protocol", "too_large", "handover", "fd_limit", "other"}

const notOpen = -1 // an attempt: nothing was up that could end

// closedClass is the index in closedClasses of a terminal event.
func closedClass(e *monitor.Event) int {
	switch {
	case e.Kind == monitor.ConnectFailed || e.Phase == monitor.InConnect || e.Phase == monitor.InResolve:
		return notOpen
	case e.Reason == monitor.ReasonHandover:
		return 7
	case e.Kind == monitor.LocalClosed:
		return 0
	case e.Phase == monitor.InGreeting || e.Phase == monitor.InMechanism || e.Phase == monitor.InMetadata:
		return 4
	}
	switch e.Reason {
	case monitor.ReasonPeerClosed:
		return 1
	case monitor.ReasonReset, monitor.ReasonTimeout, monitor.ReasonUnreachable:
		return 2
	case monitor.ReasonHeartbeatTimeout, monitor.ReasonTTLExpired:
		return 3
	case monitor.ReasonBadFrame, monitor.ReasonMalformed, monitor.ReasonSubscriptionLimit:
		return 5
	case monitor.ReasonOversizeMessage:
		return 6
	case monitor.ReasonFDLimit:
		return 8
	}
	return 9
}

// dialResults are what became of dial attempts.
var dialResults = [...]string{"ok", "refused", "timeout", "unreachable", "resolve", "canceled", "other"}

const noResult = -1 // the event ends no attempt

// dialResult is the index in dialResults of an event of a dialling endpoint.
func dialResult(e *monitor.Event) int {
	switch {
	case e.Kind == monitor.Connected:
		return 0
	case e.Kind == monitor.LocalClosed && closedClass(e) == notOpen:
		return 5
	case e.Kind != monitor.ConnectFailed:
		return noResult
	}
	switch e.Reason {
	case monitor.ReasonRefused:
		return 1
	case monitor.ReasonTimeout:
		return 2
	case monitor.ReasonUnreachable:
		return 3
	case monitor.ReasonResolve:
		return 4
	}
	return 6
}

// handshakeReasons are why handshakes fail, in the words of docs/events.md.
var handshakeReasons = [...]monitor.Reason{
	monitor.ReasonEOFInHandshake, monitor.ReasonReset, monitor.ReasonHandshakeTimeout, monitor.ReasonHandshakeTooLong, monitor.ReasonMalformed,
	monitor.ReasonNotZMTP, monitor.ReasonOldVersion, monitor.ReasonMechanismMismatch, monitor.ReasonBothSidesServer, monitor.ReasonBothSidesClient,
	monitor.ReasonWrongServerKey, monitor.ReasonMissingSocketType, monitor.ReasonIncompatibleSocketType, monitor.ReasonRefusedByPeer,
	monitor.ReasonBadIdentity, monitor.ReasonIdentityConflict, monitor.ReasonPairTaken, monitor.ReasonAuthTemporary, monitor.ReasonAuthDenied,
	monitor.ReasonAuthInternal, monitor.ReasonAuthTimeout, monitor.ReasonZAPProtocol, monitor.ReasonZAPMissing, monitor.ReasonClearText,
	monitor.ReasonOther,
}

// noSubscriber is why a publisher's message reaches nobody: no trouble and so no event, but a number in the socket's state.
const noSubscriber monitor.Reason = "no_subscriber"

// dropReasons are why a socket of a type drops messages.
func dropReasons(typ string) []monitor.Reason {
	all := []monitor.Reason{monitor.ReasonPeerGone, monitor.ReasonLingerExpired}
	switch typ {
	case "SUB", "PULL":
		return nil // they queue nothing for anybody; an XSUB does, and may be one end of a proxy
	case "PUB":
		all = append(all, monitor.ReasonHWM, noSubscriber)
	case "XPUB":
		all = append(all, monitor.ReasonHWM, noSubscriber, monitor.ReasonSubscriptionLimit)
	case "XSUB":
		all = append(all, monitor.ReasonHWM, noSubscriber)
	case "ROUTER", "STREAM":
		all = append(all, monitor.ReasonHWM, monitor.ReasonNoRoute)
	case "REQ":
		all = append(all, monitor.ReasonLateReply)
	case "REP":
		all = append(all, monitor.ReasonBadEnvelope)
	}
	return all
}

// unsentReason is why what was queued for a peer, or for an endpoint, is lost with it.
func unsentReason(e *monitor.Event) monitor.Reason {
	switch e.Reason {
	case monitor.ReasonDisconnect, monitor.ReasonUnbind, monitor.ReasonClose, monitor.ReasonContextEnded, monitor.ReasonLingerExpired:
		return monitor.ReasonLingerExpired
	}
	return monitor.ReasonPeerGone
}

// mechanisms are those of ZMTP (RFC 23, 24, 25). A STREAM has none.
var mechanisms = map[string]struct{}{"NULL": {}, "PLAIN": {}, "CURVE": {}, "": {}}

// declare begins the counts that a socket of a type can have at 0, so that rate() sees the first failure.
func (t *tally) declare(typ string) {
	for k := range monitor.Kinds() {
		if k&declared != 0 {
			t.events[k] += 0
		}
	}
	for _, r := range dropReasons(typ) {
		t.dropped[r] += 0
	}
	for _, r := range handshakeReasons {
		t.failures[r] += 0
	}
}

// declared are the kinds that a socket can have without being asked for them.
const declared = watched &^ (monitor.MonitorStopped | monitor.Inproc)

// watched is what tallies are made of.
const watched = monitor.Lifecycle | monitor.QueueFull | monitor.QueueDrained | monitor.Dropped | monitor.Inproc

// knownType is typ, "" if it is not known, or "other" if no socket has it.
func knownType(typ string) string {
	if _, err := zmq.ParseType(typ); err != nil && typ != "" {
		return "other"
	}
	return typ
}

// plain is s as a label may be: the value of one has to be UTF-8.
func plain(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// knownKind is k, or 0 if it has no name here.
func knownKind(k monitor.Kind) monitor.Kind {
	if strings.HasPrefix(k.String(), "0x") || k&(k-1) != 0 {
		return 0
	}
	return k
}

// droppedReasons are all reasons for which messages are dropped.
var droppedReasons = [...]monitor.Reason{
	monitor.ReasonHWM, monitor.ReasonNoRoute, monitor.ReasonPeerGone, monitor.ReasonLingerExpired, monitor.ReasonLateReply,
	monitor.ReasonBadEnvelope, monitor.ReasonSubscriptionLimit, monitor.ReasonOther,
}

// oneOf is r, or ReasonOther if it is not among all.
func oneOf(all []monitor.Reason, r monitor.Reason) monitor.Reason {
	if slices.Contains(all, r) {
		return r
	}
	return monitor.ReasonOther
}
