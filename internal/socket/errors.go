package socket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/glassmq/zmq/internal/pattern"
)

// A sentinel is an error that callers compare with; it is also what its like in the standard library is, and has
// libzmq's number.
type sentinel struct {
	text  string
	also  error
	errno syscall.Errno
}

func (e *sentinel) Error() string        { return e.text }
func (e *sentinel) Unwrap() error        { return e.also }
func (e *sentinel) Errno() syscall.Errno { return e.errno }

// ENOTSUP as the systems have it is not libzmq's: its own numbers begin at ZMQ_HAUSNUMERO (zmq.h).
const hausnumero = 156384712

var (
	ErrClosed          error = &sentinel{"zmq: socket closed", net.ErrClosed, syscall.Errno(errnoENOTSOCK)}
	ErrTerminated      error = &sentinel{"zmq: context terminated", net.ErrClosed, hausnumero + 53}
	ErrWouldBlock      error = &sentinel{"zmq: would block", syscall.EAGAIN, syscall.EAGAIN}
	ErrState           error = &sentinel{"zmq: not this call's turn", pattern.ErrState, hausnumero + 51}
	ErrHostUnreachable error = &sentinel{"zmq: no such peer", syscall.EHOSTUNREACH, errnoEHOSTUNREACH}
	ErrInvalid         error = &sentinel{"zmq: invalid argument", syscall.EINVAL, syscall.EINVAL}
	ErrNotSupported    error = &sentinel{"zmq: not supported", errors.ErrUnsupported, errnoEPROTONOSUPPORT}
	ErrNotFound        error = &sentinel{"zmq: no such endpoint", syscall.ENOENT, syscall.ENOENT}
	ErrDropped         error = &sentinel{"zmq: messages dropped", nil, 0}
	ErrInUse           error = &sentinel{"zmq: address in use", syscall.EADDRINUSE, errnoEADDRINUSE}
)

// A because is a sentinel with the particulars of the case.
type because struct {
	error
	what string
}

// Because returns what as an error that is the sentinel is.
func Because(is error, format string, args ...any) error {
	return &because{is, fmt.Sprintf(format, args...)}
}

func (e *because) Error() string { return e.what }
func (e *because) Unwrap() error { return e.error }

// waitError is a call that had to wait when its context ended: ErrWouldBlock and the context's error in one.
type waitError struct{ ctx error }

func (e *waitError) Error() string { return "zmq: would block: " + e.ctx.Error() }
func (e *waitError) Unwrap() []error {
	if errors.Is(e.ctx, context.DeadlineExceeded) {
		return []error{ErrWouldBlock, e.ctx, os.ErrDeadlineExceeded}
	}
	return []error{ErrWouldBlock, e.ctx}
}
func (e *waitError) Timeout() bool { return errors.Is(e.ctx, context.DeadlineExceeded) }

// noWait is a context that is done from the start.
type noWait struct{}

var done = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

func (noWait) Deadline() (t time.Time, ok bool) { return t, false }
func (noWait) Done() <-chan struct{}            { return done }
func (noWait) Err() error                       { return ErrWouldBlock }
func (noWait) Value(any) any                    { return nil }
func (noWait) String() string                   { return "zmq.NoWait" }

// NoWait makes a call that would wait return ErrWouldBlock instead.
var NoWait context.Context = noWait{}

// mayBegin reports whether a call may do what needs no waiting: its context is not done, or is NoWait.
func mayBegin(ctx context.Context) bool {
	err := ctx.Err()
	return err == nil || err == ErrWouldBlock
}

// begin looks at a call's context: a NoWait call does not wait, and any other context that is done ends it, also when
// it need not wait: a busy loop must hear its end.
func begin(ctx context.Context) (nowait bool, err error) {
	switch err := ctx.Err(); err {
	case nil:
		return false, nil
	case ErrWouldBlock:
		return true, nil
	default:
		return false, context.Cause(ctx)
	}
}

// A DroppedError says which messages were queued and not handed to a kernel when a socket closed.
type DroppedError struct {
	Messages int
	Bytes    int64
	Peers    []DroppedPeer
}

// A DroppedPeer is one peer's part of a DroppedError.
type DroppedPeer struct {
	Endpoint, Remote, PeerID string
	Messages                 int
	LastErr                  error
}

func (e *DroppedError) Unwrap() error { return ErrDropped }
func (e *DroppedError) Error() string {
	s := fmt.Sprintf("zmq: %d messages (%d bytes) dropped", e.Messages, e.Bytes)
	for i, p := range e.Peers {
		if i == 3 {
			return s + fmt.Sprintf(", and %d peers more", len(e.Peers)-i)
		}
		s += fmt.Sprintf("; %d for %s", p.Messages, p.Endpoint)
		if p.LastErr != nil {
			s += ": " + p.LastErr.Error()
		}
	}
	return s
}

// add takes in what another end dropped.
func (e *DroppedError) add(messages, bytes int, p DroppedPeer) {
	if messages == 0 {
		return
	}
	e.Messages += messages
	e.Bytes += int64(bytes)
	p.Messages = messages
	e.Peers = append(e.Peers, p)
}
