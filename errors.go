package zmq

import (
	"context"
	"errors"
	"fmt"
	"syscall"

	"github.com/glassmq/zmq/internal/socket"
)

// What calls return, for errors.Is. ErrClosed and ErrTerminated are also net.ErrClosed. ErrWouldBlock from a call that
// waited is also its context's error, and os.ErrDeadlineExceeded after a deadline. Errno gives libzmq's numbers.
var (
	ErrClosed          = socket.ErrClosed          // the socket was closed
	ErrTerminated      = socket.ErrTerminated      // its Context has ended (ETERM); wins over ErrClosed
	ErrWouldBlock      = socket.ErrWouldBlock      // the call had to wait, and its context was done (EAGAIN)
	ErrState           = socket.ErrState           // REQ, REP: not this call's turn (EFSM)
	ErrHostUnreachable = socket.ErrHostUnreachable // no such peer (EHOSTUNREACH)
	ErrInvalid         = socket.ErrInvalid         // an argument or option is wrong (EINVAL)
	ErrNotSupported    = socket.ErrNotSupported    // a transport or form that is not there (EPROTONOSUPPORT); also errors.ErrUnsupported
	ErrNotFound        = socket.ErrNotFound        // no such endpoint or connection (ENOENT)
	ErrDropped         = socket.ErrDropped         // messages were dropped: a *DroppedError
)

// NoWait is a context that is done from the start: s.Recv(zmq.NoWait) is the non-blocking receive.
var NoWait context.Context = socket.NoWait

// An OpError is a Bind, Connect, Unbind, Disconnect or Monitor that was refused. Nothing has changed.
type OpError struct {
	Op       string // "bind"
	Endpoint string // as it was given; long ones are cut
	Err      error  // why: one of the sentinels, or the operating system's errno
}

func (e *OpError) Error() string { return "zmq: " + e.Op + " " + e.Endpoint + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *OpError) Unwrap() error { return e.Err }

// A ConfigError is an option that is out of range, or does not apply to the type of socket; it is also ErrInvalid.
type ConfigError struct {
	Field  string // of Config
	Reason string // what is wrong, and what would be right
	Type   Type
}

func (e *ConfigError) Error() string {
	return fmt.Sprintf("zmq: %v Config.%s: %s", e.Type, e.Field, e.Reason)
}

// Unwrap gives ErrInvalid.
func (e *ConfigError) Unwrap() error { return ErrInvalid }

// A DroppedError (also ErrDropped) is what Close, Shutdown and Context.Close return when messages were queued and not
// handed to a kernel, or over inproc to a peer.
type DroppedError struct {
	Messages int
	Bytes    int64         // on the wire
	Peers    []DroppedPeer // most first
}

// A DroppedPeer is one peer's part of a DroppedError.
type DroppedPeer struct {
	Endpoint, Remote, PeerID string
	Messages                 int
	LastErr                  error // why it was not connected, if it was not
}

func (e *DroppedError) Error() string {
	s := fmt.Sprintf("zmq: %d messages (%d bytes) dropped", e.Messages, e.Bytes)
	for i, p := range e.Peers {
		if i == 3 {
			return s + fmt.Sprintf(" and for %d peers more", len(e.Peers)-i)
		}
		s += fmt.Sprintf(", %d for %s", p.Messages, p.Endpoint)
		if p.LastErr != nil {
			s += " (" + p.LastErr.Error() + ")"
		}
	}
	return s
}

// Unwrap gives ErrDropped.
func (e *DroppedError) Unwrap() error { return ErrDropped }

// Errno is libzmq's number for err on this system (zmq.h), 0 if it has none.
func Errno(err error) syscall.Errno {
	var has interface{ Errno() syscall.Errno }
	if errors.As(err, &has) {
		return has.Errno()
	}
	var errno syscall.Errno
	errors.As(err, &errno)
	return errno
}

// public gives the errors of the rooms below the types that users see.
func public(err error) error {
	switch e := err.(type) {
	case *socket.OpError:
		return &OpError{Op: e.Op, Endpoint: e.Endpoint, Err: e.Err}
	case *socket.DroppedError:
		d := &DroppedError{Messages: e.Messages, Bytes: e.Bytes}
		for _, p := range e.Peers {
			d.Peers = append(d.Peers, DroppedPeer(p))
		}
		return d
	}
	return err
}
