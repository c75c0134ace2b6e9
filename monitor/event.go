package monitor

import (
	"errors"
	"log/slog"
	"syscall"
	"time"
)

// ConnID names one connection or one dial attempt, from its first event to its
// terminal event. Ids grow and are never used again in a process; 0 is none.
// Unlike a file descriptor it joins events and messages safely.
type ConnID uint64

// Stable low-cardinality codes: the text in JSON, the label of a metric, the
// case of a switch.
type (
	Side   string // which call made the endpoint
	Who    string // who ended or refused it
	Phase  string // how far the connection had come
	Reason string // why; a row of docs/events.md each
)

// Values of Side, Who and Phase. The reasons are in reason.go.
const (
	SideBind    Side = "bind"
	SideConnect Side = "connect"

	ByLocal   Who = "local"   // this side
	ByPeer    Who = "peer"    // the other side
	ByNetwork Who = "network" // neither: a reset, no route
	ByTimer   Who = "timer"   // nobody: a time limit passed

	InResolve   Phase = "resolve"
	InConnect   Phase = "connect"
	InGreeting  Phase = "greeting"
	InMechanism Phase = "mechanism"
	InMetadata  Phase = "metadata"
	InTraffic   Phase = "traffic"
	InLinger    Phase = "linger"
)

// An Event is what happened: one flat value, never changed after it was
// emitted, safe to copy and to keep. Credentials and keys are never in it.
//
// A zero field is unknown or does not apply, except FD, which is -1 then.
type Event struct {
	Kind Kind
	Seq  uint64    // per socket, over all kinds, from 1; a mask leaves holes, only Lost means loss
	Time time.Time // wall and monotonic, stamped where it happened

	SocketID               uint64
	SocketName, SocketType string // Config.Name; "PUB"
	EndpointID             uint64 // one Bind or Connect call
	Endpoint               string // as the user wrote it
	Side                   Side
	Conn                   ConnID // 0: about the endpoint or the socket
	Local, Remote          string // resolved, with scheme; "" while unknown
	FD                     int    // -1 if none; to look at, join by Conn

	Attempt  int           // dial attempt since the endpoint was last ready, from 1
	Interval time.Duration // ConnectRetried: the wait before the next attempt
	Err      error         // errors.Is(e.Err, syscall.ECONNREFUSED) works
	Who      Who
	Phase    Phase
	Reason   Reason

	PeerID, PeerType, Mechanism, UserID, Version string // once known, then on every event of Conn

	Duration                time.Duration // from here to Unsent: terminal events
	MessagesIn, MessagesOut uint64
	BytesIn, BytesOut       uint64
	Unsent                  uint64 // messages queued for this peer and lost with it
	QueueIn, QueueOut       int    // PipesStats, QueueFull, QueueDrained: messages
	Count                   uint64 // how many it stands for: Lost, Dropped, AcceptFailed
	Topic                   string // Subscribed, Unsubscribed

	// Value is the number in a libzmq frame. A live event holds it only where
	// no other field implies it (ZMQ_PROTOCOL_ERROR_*, ZAP status); an event
	// from Parse or JSON always does, beside FD, Err and Interval.
	Value uint64

	peer *Peer
}

// SetPeer fills in what is known of the other end and keeps p for Peer. It is
// for whoever makes events, before Emit; p must not change any more.
func (e *Event) SetPeer(p *Peer) {
	e.peer = p
	e.Conn, e.SocketID, e.EndpointID = p.Conn, p.SocketID, p.EndpointID
	e.Endpoint, e.Side, e.Local, e.Remote, e.FD = p.Endpoint, p.Side, p.Local, p.Remote, p.FD
	e.PeerID, e.PeerType, e.Mechanism, e.UserID, e.Version = p.RoutingID, p.Type, p.Mechanism, p.UserID, p.Version
}

// Peer is what the event knows of the other end: with its READY and ZAP
// properties on the live events from HandshakeSucceeded on, else as far as the
// event's own fields tell.
func (e Event) Peer() Peer {
	if e.peer != nil {
		return *e.peer
	}
	return Peer{
		Conn: e.Conn, SocketID: e.SocketID, EndpointID: e.EndpointID,
		Endpoint: e.Endpoint, Side: e.Side, Local: e.Local, Remote: e.Remote, FD: e.FD,
		RoutingID: e.PeerID, Type: e.PeerType, Mechanism: e.Mechanism, UserID: e.UserID, Version: e.Version,
	}
}

// Addr is the address of a version 1 frame and of the manual page's event
// data: the local address where the endpoint was bound, the remote one where
// it was connected, and while that is unknown the endpoint as the user wrote
// it. Always with a scheme; "" for MonitorStopped.
func (e Event) Addr() string {
	addr := e.Remote
	if e.Side == SideBind {
		addr = e.Local
	}
	if addr == "" {
		return e.Endpoint
	}
	return addr
}

// Errno is the error number of the manual page's event data: that of Err, else
// the one that belongs to Reason, else 0.
func (e Event) Errno() int {
	if n, ok := errnoOf(e.Err); ok {
		return int(n)
	}
	return int(e.Reason.row().errno)
}

func errnoOf(err error) (syscall.Errno, bool) {
	var n syscall.Errno
	ok := errors.As(err, &n)
	return n, ok
}

// Terminal says whether this is the last event of its Conn. Every connection
// and every dial attempt has exactly one (contract M4).
func (e Event) Terminal() bool { return e.Kind&terminal != 0 && e.Conn != 0 }

// Level is how bad it is: the "sev" of JSON and the level of Log. A connection
// that ended is a warning unless the peer just left, or we did, with nothing
// unsent.
func (e Event) Level() slog.Level {
	bit, ok := e.Kind.known()
	if !ok {
		return slog.LevelInfo
	}
	switch {
	case e.Kind == Disconnected && e.Reason == ReasonPeerClosed && e.Unsent == 0:
		return slog.LevelInfo
	case e.Kind == LocalClosed && e.Unsent > 0:
		return slog.LevelWarn
	}
	return kinds[bit].level
}

// who is Who, or who it usually is for this reason.
// Who is who usually ends a connection for this reason; an event may know
// better.
func (r Reason) Who() Who { return r.row().who }

func (e *Event) who() Who {
	if e.Who != "" {
		return e.Who
	}
	return e.Reason.row().who
}
