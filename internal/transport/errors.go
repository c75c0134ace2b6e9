package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"syscall"
)

// ErrSelfConnect is a connection whose two ends are one socket: a dial to a port of this machine that nobody listens on, from that very port.
// TCP allows it (RFC 9293 §3.5, simultaneous open); nobody would ever answer on it, and it would keep the port from its owner.
var ErrSelfConnect = errors.New("connected to itself: nobody listens there")

// A ResolveError is a host name without an address.
type ResolveError struct {
	Host string
	Err  error // *net.DNSError, or the end of the dial's context
}

func (e *ResolveError) Unwrap() error { return e.Err }

func (e *ResolveError) Error() string {
	reason := e.Err.Error()
	if dns := (*net.DNSError)(nil); errors.As(e.Err, &dns) {
		reason = dns.Err // its Error says the name and the resolver once more
	}
	return fmt.Sprintf("resolve %s: %s", e.Host, reason)
}

// A DialError is an attempt at which no address of the peer answered. With several addresses it is about the one whose error tells most: an
// answer tells more than silence, silence more than no way there.
type DialError struct {
	Remote string // "tcp://192.0.2.1:5555", "ipc:///run/x"
	FD     int    // the descriptor that was closed, for looking at only: the number may be in use again; -1: none was opened, or not by us
	Err    error  // a syscall.Errno, os.ErrDeadlineExceeded, context.Canceled, ErrSelfConnect …
}

func (e *DialError) Unwrap() error { return e.Err }
func (e *DialError) Error() string { return e.Remote + ": " + e.Err.Error() }

// A ListenError is an address that could not be listened on.
type ListenError struct {
	FD  int   // the descriptor that was closed, for looking at only; -1: none was opened
	Err error // a syscall.Errno …
}

func (e *ListenError) Unwrap() error { return e.Err }
func (e *ListenError) Error() string { return e.Err.Error() }

// because is e with a better account of why.
func (e *ListenError) because(err error) *ListenError { return &ListenError{FD: e.FD, Err: err} }

// Cause is err without the net package's account of who called what, which repeats what errors here and in events say anyway: of
// "read tcp 127.0.0.1:5->127.0.0.1:6: read: connection reset by peer" it leaves "connection reset by peer". What it returns is, on every system,
// what errors.Is finds by its portable name: syscall.ECONNRESET, context.Canceled, and os.ErrDeadlineExceeded for a context's deadline too.
func Cause(err error) error {
	if op, ok := err.(*net.OpError); ok {
		err = op.Err
	}
	if sys, ok := err.(*os.SyscallError); ok {
		err = sys.Err
	}
	errno, isErrno := err.(syscall.Errno)
	switch {
	case isErrno:
		return portable(errno)
	case errors.Is(err, context.Canceled): // net has an error of its own that stands for it, and another for the next
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return os.ErrDeadlineExceeded
	}
	return err
}

// telling orders errors by how much they say about the peer, most first; what is not here says least.
var telling = [...]error{
	syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, // this machine's trouble: every other address would have met it too
	syscall.ECONNREFUSED, syscall.ECONNRESET, ErrSelfConnect, // the machine is there
	syscall.EACCES, syscall.EPERM, // a filter answered
	os.ErrDeadlineExceeded, syscall.ETIMEDOUT, // silence
	syscall.EHOSTUNREACH, syscall.ENETUNREACH, // no way there
}

// tellsMore says whether a is to be reported rather than b. Of equals the first tried is, so b has to be the earlier one.
func tellsMore(a, b error) bool {
	rank := func(err error) int {
		i := slices.IndexFunc(telling[:], func(known error) bool { return errors.Is(err, known) })
		if i < 0 {
			return len(telling)
		}
		return i
	}
	return rank(a) < rank(b)
}
