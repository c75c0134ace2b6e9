package detect

import "github.com/glassmq/zmq/monitor"

// The conditions.
const (
	ServerDown        = "server_down"
	BlackHole         = "black_hole"
	AcceptsThenCloses = "accepts_then_closes"
	Flapping          = "flapping"
	SlowSubscriber    = "slow_subscriber"
	SilentStream      = "silent_stream"
	HandshakeFailing  = "handshake_failing"
	IdentityConflict  = "identity_conflict"
	FDPressure        = "fd_pressure"
	Drops             = "drops"
)

// A Text is what an operator should know of a condition.
type Text struct {
	Name string
	What string // what it is
	When string // when it is raised, and when it is over
	Do   string
}

// Texts are all conditions, for explain and docs/conditions.md.
func Texts() []Text {
	return []Text{
		{
			ServerDown,
			"what an endpoint dials is not there: each attempt is refused, has no route, or no address for the name",
			"raised when 3 attempts in a row have failed, over 10 s, or when there will be no more; a server that is started anew is back before. Over when a connection has lasted 5 s, or the endpoint is gone",
			"start the server; or compare its port and interface with the endpoint: what is bound to 127.0.0.1 cannot be reached from another host",
		},
		{
			BlackHole,
			"attempts are not answered at all, not even refused: the packets vanish on the way",
			"raised when one attempt has waited for 10 s, or 2 in a row have timed out. Over when a connection has lasted 5 s",
			"look for a firewall or security group that drops packets, or a host that is down; set ConnectTimeout (ZMQ_CONNECT_TIMEOUT), or each attempt waits for as long as the system likes, which may be two minutes",
		},
		{
			AcceptsThenCloses,
			"somebody accepts the connection, and ends it before the handshake is done, without a word",
			"raised when 3 attempts in a row have ended so, over 10 s. Over when a connection has lasted 5 s",
			"compare security mechanism, keys and socket type with the server's side, and read its events; a load balancer without a live backend looks the same, and so does another service at that port",
		},
		{
			Flapping,
			"an endpoint connects, is ready, and loses the connection again, and again",
			"raised when 5 connections of an endpoint have ended within 60 s, half of them after less than 5 s. Over when one has lasted 10 s",
			"look at the log of the process at the other end: it crashes or is restarted; or two peers of one routing id take it from each other",
		},
		{
			HandshakeFailing,
			"handshakes fail by protocol or by authentication, and will go on failing until one side is changed",
			"raised at an endpoint that is dialled after 3 such attempts, or when one such attempt was the last, as with libzmq; at one that is bound when 3 handshakes with one host have failed for one reason within 60 s. Over when a connection has lasted 5 s; at a bound endpoint when none has failed so for 60 s",
			"follow the reason, which explain knows, too: the two sides differ in mechanism, key, password or socket type; or something that is not ZeroMQ comes to the port",
		},
		{
			SlowSubscriber,
			"the queue towards a peer, a subscriber or any other, stays full: what comes on top is dropped, or waits",
			"raised when it has been full for 5 s, and for up to 7 s more while the kernel is asked whose fault it is. Over when it has had room for 3 s, or the connection ends",
			"the words name the culprit: a peer that does not read (its receive window is closed), a network that loses packets or is too narrow, our send buffer, or our own process",
		},
		{
			SilentStream,
			"a socket that has received regularly, or was to, receives nothing any more",
			"learned for SUB, XSUB and PULL from at least 20 arrivals over 30 s; raised after ten times the usual pause, three times the longest, and 10 s. Over at the second arrival after that",
			"look at the publisher; if somebody is connected, compare the subscriptions with its topics, and set HeartbeatInterval to find a connection that is only half there. If silence is normal, configure how long",
		},
		{
			IdentityConflict,
			"two peers of one socket announce the same routing id: one of them is refused, or they take the connection from each other",
			"raised at the third conflict over an id within 60 s: who comes back before the old connection is found dead has one or two. Over when there was none for 60 s",
			"give each peer a RoutingID of its own; if it is one peer that comes back, set HeartbeatInterval so that its old connection is found dead, and RouterHandover",
		},
		{
			FDPressure,
			"a process has no file descriptors left, and cannot accept or dial",
			"raised at the first descriptor that is refused. Over when none has been for 30 s",
			"raise the limit (ulimit -n, LimitNOFILE in systemd), or find what holds them: idle peers, or files that are never closed",
		},
		{
			Drops,
			"a socket drops messages: at a high-water mark, for want of a route, or because they have no envelope",
			"raised 2 s after the first, not for what is lost with the end of a connection, which its event tells. Over when nothing has been dropped for 30 s",
			"follow the reason: at a high-water mark the peer reads more slowly than we send",
		},
	}
}

const (
	hintBlackHole = "look for a firewall or security group that drops the packets, or a host that is down; set ConnectTimeout (ZMQ_CONNECT_TIMEOUT) so that an attempt does not wait for as long as the system likes"
	hintCloses    = "compare security mechanism, keys and socket type with the server's side, and read its events; a load balancer without a live backend looks the same, and so does another service at that port"
	hintSlow      = "look at the peer's process: it reads more slowly than we send; glass on its host says more"
	hintGaveUp    = "and call Connect again when it is mended"
	hintProbe     = "check that the server runs, and its host and port: glass probe and glass doctor find the cause"
	hintPeer      = "the peer's process is the bottleneck, not the network: look at its load, and at what it does between two messages"
	hintNetwork   = "look at the path between the two hosts: loss, a cut, or a firewall that forgot the connection; HeartbeatInterval finds a peer that cannot be reached"
	hintBuffer    = "raise SendBuffer (ZMQ_SNDBUF): it should hold what is under way in one round trip"
	hintPath      = "the path carries no more: send less, compress, or let fewer peers share it"
	hintWriter    = "look at this process: it has no processor time, or is stopped"
	hintQuiet     = "look at the publisher, and compare its topics with what is subscribed; HeartbeatInterval finds a connection that is only half there"
	hintAlone     = "the condition or the events of this socket's endpoints say why nobody is connected"
)

// sentence is why something happened, as its event has it. libzmq's say of an attempt only that there will be another.
func sentence(e *monitor.Event) string {
	if e.Kind == monitor.ConnectRetried {
		return "connecting to " + e.Addr() + " does not succeed, and libzmq does not say why"
	}
	if why := e.Why(); why != "" {
		return why
	}
	return e.Kind.String()
}

// hintOf is what to do about it.
func hintOf(e *monitor.Event) string {
	if hint := e.Hint(); hint != "" && e.Kind != monitor.ConnectRetried {
		return hint
	}
	return hintProbe
}
