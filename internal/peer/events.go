package peer

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/glassmq/zmq/internal/endpoint"
	"github.com/glassmq/zmq/internal/transport"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// A Cause is why a connection or an attempt ended, as its terminal event says it.
type Cause struct {
	Who    monitor.Who
	Phase  monitor.Phase
	Reason monitor.Reason
	Err    error
	Drop   bool         // what is queued goes with it
	kind   monitor.Kind // the HandshakeFailed… that goes before the terminal event; 0: none
	value  uint64       // its number in a libzmq frame
}

// Local is an ending that this side chose.
func Local(r monitor.Reason) Cause { return Cause{Who: monitor.ByLocal, Reason: r} }

// silenceError is a heartbeat's verdict.
type silenceError struct{ d time.Duration }

func (e *silenceError) Error() string {
	return fmt.Sprintf("not a byte for %v", e.d.Round(time.Millisecond))
}
func (e *silenceError) Unwrap() error   { return syscall.ETIMEDOUT }
func (e *silenceError) Is(t error) bool { return t == os.ErrDeadlineExceeded }

// event begins an event of c with all that is known of it by now. Control lock held.
func (c *Conn) event(k monitor.Kind) *monitor.Event {
	e := &monitor.Event{Kind: k, Attempt: c.attempt}
	if known := c.facts; known != nil {
		e.SetPeer(known)
	} else {
		soFar := c.peer // readers keep it, and more will be known
		e.SetPeer(&soFar)
	}
	return e
}

// About begins an event about what c carries: while the handshake is not through, that is the endpoint's. Control lock
// held.
func (c *Conn) About(k monitor.Kind) *monitor.Event {
	if c.state == Ready {
		return c.event(k)
	}
	return c.Endpoint.event(k)
}

func (e *Endpoint) event(k monitor.Kind) *monitor.Event {
	return &monitor.Event{Kind: k, EndpointID: e.ID, Endpoint: e.Text, Side: e.Side, FD: -1}
}

// emit tells e, and the endpoint that it is about. Control lock held.
func (c *Conn) emit(e *monitor.Event) {
	c.host.Emit(e)
	if c.dialer != nil {
		c.dialer.note(e)
	}
}

// delayed: our non-blocking connect was answered with errno, EINPROGRESS on Linux, and is being polled.
func (c *Conn) delayed(remote string, errno syscall.Errno) {
	c.host.Lock()
	defer c.host.Unlock()
	c.peer.Remote = remote
	e := c.event(monitor.ConnectDelayed)
	e.Err, e.Phase = errno, monitor.InConnect
	c.emit(e)
}

// up: the transport connection is there, dialled or accepted. Control lock held.
func (c *Conn) up() {
	c.state = Shaking
	c.peer.Since = time.Now()
	e := c.event(monitor.Connected)
	e.Duration = c.peer.Since.Sub(c.began)
	if c.Endpoint.Side == monitor.SideBind {
		e.Kind, e.Duration = monitor.Accepted, 0
	}
	c.emit(e)
	c.host.Changed()
}

// ready: the handshake is through. Control lock held.
func (c *Conn) ready() {
	e := c.event(monitor.HandshakeSucceeded)
	e.Duration = time.Since(c.peer.Since)
	c.emit(e)
}

// Conflict: the routing id that the peer says is that of another connection, which is displaced or stays. Control lock held.
func (c *Conn) Conflict(with monitor.ConnID, displaced bool) {
	e := c.event(monitor.IdentityConflict)
	e.Who, e.Phase, e.Reason = monitor.ByPeer, monitor.InMetadata, monitor.ReasonIdentityConflict
	e.Err = &conflictError{with, displaced}
	c.emit(e)
}

// conflictError says who has the routing id.
type conflictError struct {
	with      monitor.ConnID
	displaced bool
}

func (e *conflictError) Error() string {
	if e.displaced {
		return fmt.Sprintf("connection %d had it, and gives way", e.with)
	}
	return fmt.Sprintf("connection %d has it, and keeps it", e.with)
}
func (e *conflictError) Unwrap() error { return syscall.EADDRINUSE }

// heartbeatTimeout: the peer was silent for too long; the terminal event follows. Control lock held.
func (c *Conn) heartbeatTimeout(why *Cause) {
	e := c.event(monitor.HeartbeatTimeout)
	e.Who, e.Phase, e.Reason, e.Err = why.Who, why.Phase, why.Reason, why.Err
	c.emit(e)
}

// ended: the terminal event, and before it, if the handshake failed, the event that says so. Control lock held.
func (c *Conn) ended(why *Cause, unsent int) {
	if why.kind != 0 && c.state == Shaking {
		e := c.event(why.kind)
		e.Who, e.Phase, e.Reason, e.Err, e.Value = why.Who, why.Phase, why.Reason, why.Err, why.value
		c.emit(e)
	}
	kind := monitor.Disconnected
	if why.Who == monitor.ByLocal && why.kind == 0 {
		kind = monitor.LocalClosed
	}
	e := c.event(kind)
	e.Who, e.Phase, e.Reason, e.Err = why.Who, why.Phase, why.Reason, why.Err
	if e.Phase == "" {
		e.Phase = c.phase()
	}
	e.Duration = time.Since(c.began)
	in, out := c.Carried()
	e.MessagesIn, e.BytesIn, e.MessagesOut, e.BytesOut = in.Messages, in.Bytes, out.Messages, out.Bytes
	e.Unsent = uint64(unsent)
	c.emit(e)
}

// phase is how far a connection that we end has come. Control lock held.
func (c *Conn) phase() monitor.Phase {
	switch c.state {
	case Dialling:
		return monitor.InConnect
	case Shaking:
		return monitor.InGreeting
	}
	return monitor.InTraffic
}

// failed: an attempt never came up. ConnectFailed is its terminal event; Closed is about the descriptor that was tried
// with, and belongs to the endpoint. Control lock held.
func (c *Conn) failed(err error) {
	why := ExplainDial(err)
	kind := monitor.ConnectFailed
	if c.cause != nil {
		at := why.Phase
		why, kind = *c.cause, monitor.LocalClosed
		why.Phase = at
	}
	fd := -1
	var dial *transport.DialError
	if errors.As(err, &dial) {
		fd = dial.FD
		if dial.Remote != "" {
			c.peer.Remote = dial.Remote
		}
	}
	e := c.event(kind)
	e.Who, e.Phase, e.Reason, e.Err, e.Duration, e.FD = why.Who, why.Phase, why.Reason, why.Err, time.Since(c.began), fd
	c.emit(e)
	if why.Phase == monitor.InResolve {
		return // there was no descriptor
	}
	e = c.event(monitor.Closed)
	e.Conn, e.FD = 0, fd
	c.emit(e)
}

// ExplainDial says why an attempt failed, of which transport.Dial returned err.
func ExplainDial(err error) Cause {
	var dial *transport.DialError
	ipc := false
	if errors.As(err, &dial) {
		err = dial.Err // the event has the address
		ipc = strings.HasPrefix(dial.Remote, endpoint.IPC+":")
	}
	why := Cause{Phase: monitor.InConnect, Err: transport.Cause(err), Who: monitor.ByNetwork, Reason: monitor.ReasonOther}
	var name *transport.ResolveError
	switch {
	case errors.As(err, &name):
		why.Phase, why.Reason, why.Err = monitor.InResolve, monitor.ReasonResolve, name
	case errors.Is(err, transport.ErrSelfConnect):
		why.Who, why.Reason, why.Err = monitor.ByLocal, monitor.ReasonSelfConnect, transport.ErrSelfConnect
	case errors.Is(err, syscall.ECONNREFUSED), ipc && errors.Is(err, syscall.ENOENT):
		why.Who, why.Reason = monitor.ByPeer, monitor.ReasonRefused
	case ipc && errors.Is(err, syscall.EAGAIN): // unix(7); before isTimeout, which EAGAIN says it is
		why.Who, why.Reason = monitor.ByPeer, monitor.ReasonBacklogFull
	case isTimeout(err):
		why.Who, why.Reason = monitor.ByTimer, monitor.ReasonTimeout
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		why.Reason = monitor.ReasonUnreachable
	default:
		if why.Reason = systemReason(why.Err); why.Reason.Who() != "" {
			why.Who = why.Reason.Who()
		}
	}
	return why
}

// explain says why a connection ended that nobody on this side ended.
func (c *Conn) explain(err error) *Cause {
	c.mu.Lock()
	if c.leaving != nil && (errors.Is(err, io.EOF) || c.broken != nil) { // the answer to our own goodbye
		why := c.drainEnd
		c.mu.Unlock()
		return &why
	}
	if c.broken != nil && errors.Is(err, io.EOF) {
		err = c.broken // the write heard of the reset, and so the read did not
	}
	c.mu.Unlock()
	return explain(err)
}

// ExplainHandshake says why a handshake ended with err, in which phase; seen is what came of a greeting that never became
// one. It is for who speaks the wire without a socket, and says what a socket would.
func ExplainHandshake(phase monitor.Phase, seen []byte, err error) Cause {
	return *explain(&phaseError{phase, seen, err})
}

// explain says why a connection ended, by the error alone.
func explain(err error) *Cause {
	why := &Cause{Phase: monitor.InTraffic}
	var at *phaseError
	if errors.As(err, &at) {
		err = at.err
		why.Phase = at.phase
		why.kind = monitor.HandshakeFailedNoDetail
	}
	why.Err = transport.Cause(err)
	var rule *zmtp.ProtocolError
	var refused *zmtp.PeerError
	switch {
	case why.authRefusal(err):
	case errors.As(err, &rule):
		why.Reason, why.Err, why.value = reasons[rule.Code], rule, uint64(rule.Code.Classic())
		if why.Reason == "" {
			why.Reason = monitor.ReasonMalformed
		}
		why.Who = why.Reason.Who()
		switch {
		case at != nil:
			why.kind = monitor.HandshakeFailedProtocol
		case rule.Code == zmtp.Cryptographic: // the keys were right a moment ago
			why.Reason = monitor.ReasonBadFrame
		}
	case errors.As(err, &refused):
		why.refusal(refused)
	case errors.Is(err, io.EOF):
		why.Who, why.Reason, why.Err = monitor.ByPeer, monitor.ReasonPeerClosed, io.EOF
		if at != nil {
			why.Reason = monitor.ReasonEOFInHandshake
			if len(at.seen) > 0 && at.phase == monitor.InGreeting {
				why.Err = &hungUpError{zmtp.Recognise(at.seen)}
			}
		}
	case isTimeout(err) && at == nil: // the system gave up sending again
		why.Who, why.Reason = monitor.ByNetwork, monitor.ReasonTimeout
	case isTimeout(err):
		why.Who, why.Reason = monitor.ByTimer, monitor.ReasonHandshakeTimeout
		if len(at.seen) > 0 && at.phase == monitor.InGreeting {
			why.Err = &hungUpError{zmtp.Recognise(at.seen)}
		}
	default:
		why.Who, why.Reason = monitor.ByNetwork, systemReason(why.Err)
	}
	return why
}

// refusal is the peer's ERROR command: a ZAP status if it is one, else words.
func (w *Cause) refusal(e *zmtp.PeerError) {
	w.Who, w.Err = monitor.ByPeer, e
	w.kind, w.Reason = monitor.HandshakeFailedProtocol, monitor.ReasonRefusedByPeer
	w.value = uint64(zmtp.Unspecified)
	status, _, _ := strings.Cut(e.Reason, " ")
	if n, err := strconv.ParseUint(status, 10, 16); err == nil && len(status) == 3 {
		w.refusedWith(int(n))
	}
}

// hungUpError is a peer that left, or fell silent, before its greeting was whole.
type hungUpError struct{ sent string }

func (e *hungUpError) Error() string { return "it had sent " + e.sent }
func (e *hungUpError) Unwrap() error { return syscall.EPIPE }

// reasons gives each broken rule its word.
var reasons = map[zmtp.Code]monitor.Reason{
	zmtp.MechanismMismatch:      monitor.ReasonMechanismMismatch,
	zmtp.KeyExchange:            monitor.ReasonWrongServerKey,
	zmtp.Cryptographic:          monitor.ReasonWrongServerKey,
	zmtp.NotZMTP:                monitor.ReasonNotZMTP,
	zmtp.OldVersion:             monitor.ReasonOldVersion,
	zmtp.OversizeFrame:          monitor.ReasonOversizeMessage,
	zmtp.BadFrame:               monitor.ReasonBadFrame,
	zmtp.IncompatibleSocketType: monitor.ReasonIncompatibleSocketType,
	zmtp.MissingSocketType:      monitor.ReasonMissingSocketType,
	zmtp.BothServers:            monitor.ReasonBothSidesServer,
	zmtp.BothClients:            monitor.ReasonBothSidesClient,
	zmtp.DuplicateIdentity:      monitor.ReasonIdentityConflict,
	zmtp.BadIdentity:            monitor.ReasonBadIdentity,
	zmtp.PairTaken:              monitor.ReasonPairTaken,
	zmtp.HandshakeTooLong:       monitor.ReasonHandshakeTooLong,
	zmtp.SubscriptionLimit:      monitor.ReasonSubscriptionLimit,
	zmtp.ZAPUnspecified:         monitor.ReasonZAPProtocol,
	zmtp.ZAPMalformedReply:      monitor.ReasonZAPProtocol,
	zmtp.ZAPBadRequestID:        monitor.ReasonZAPProtocol,
	zmtp.ZAPBadVersion:          monitor.ReasonZAPProtocol,
	zmtp.ZAPInvalidStatusCode:   monitor.ReasonZAPProtocol,
	zmtp.ZAPInvalidMetadata:     monitor.ReasonZAPProtocol,
}

// systemReason gives the operating system's number its word.
func systemReason(err error) monitor.Reason {
	for _, row := range [...]struct {
		is     error
		reason monitor.Reason
	}{
		{transport.ErrNotSocket, monitor.ReasonNotASocket}, // which is EADDRINUSE, too
		{syscall.ECONNRESET, monitor.ReasonReset},
		{syscall.EPIPE, monitor.ReasonReset},
		{syscall.ECONNABORTED, monitor.ReasonReset},
		{syscall.ETIMEDOUT, monitor.ReasonTimeout},
		{syscall.EADDRINUSE, monitor.ReasonAddressInUse},
		{syscall.EADDRNOTAVAIL, monitor.ReasonAddressNotAvailable},
		{syscall.ENODEV, monitor.ReasonNoSuchInterface},
		{syscall.EACCES, monitor.ReasonPermission},
		{syscall.EPERM, monitor.ReasonPermission},
		{syscall.EMFILE, monitor.ReasonFDLimit},
		{syscall.ENFILE, monitor.ReasonFDLimit},
		{syscall.ENOENT, monitor.ReasonNoSuchDirectory},
		{syscall.ENAMETOOLONG, monitor.ReasonNameTooLong},
	} {
		if errors.Is(err, row.is) {
			return row.reason
		}
	}
	return monitor.ReasonOther
}

func isTimeout(err error) bool {
	var t net.Error
	return errors.Is(err, os.ErrDeadlineExceeded) || errors.As(err, &t) && t.Timeout()
}
