package peer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"syscall"

	"github.com/glassmq/zmq/internal/endpoint"
	"github.com/glassmq/zmq/internal/transport"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// An Authenticator decides whether a peer may come in; an error refuses it. It is called on a goroutine of its own, and
// nobody waits for it beyond ctx.
type Authenticator func(ctx context.Context, r zmtp.AuthRequest) (zmtp.AuthReply, error)

// ErrNobodyToAsk is an Authenticator's that knows nobody who could decide: no ZAP handler.
var ErrNobodyToAsk = errors.New("nobody to ask: no ZAP handler is bound to inproc://zeromq.zap.01 in this Context")

// talk is the next move of the mechanism's handshake, whatever the authenticator has to say included.
func (h *handshaker) talk(with zmtp.Handshake, in zmtp.Command) (step zmtp.Step, err error) {
	step, err = with.Next(in)
	for err == nil && step.Ask != nil {
		if err = h.say(step.Send); err != nil {
			return step, err
		}
		reply, refused := h.ask(*step.Ask)
		if step, err = with.Decide(reply, refused); err != nil && judged(refused) {
			h.lastWord(step.Send)
		}
	}
	return step, err
}

// admitted asks about a peer that need not say who it is: NULL (RFC 27, "ZAP shall be used with NULL").
func (h *handshaker) admitted() error {
	if h.c.opt.Authenticate == nil || h.c.opt.Mechanism.Name() != "NULL" {
		return nil
	}
	_, refused := h.ask(zmtp.AuthRequest{Mechanism: "NULL"})
	if refused != nil && judged(refused) {
		h.lastWord(zmtp.Refusal(refused).Send)
	}
	return refused
}

// judged reports whether a refusal is somebody's verdict. Our own end is none, and where nobody is there to ask, nobody has
// found anything wrong with the peer: an ERROR is for good (RFC 37), and it could come in as soon as a handler is bound.
func judged(refused error) bool {
	return !errors.Is(refused, net.ErrClosed) && !errors.Is(refused, ErrNobodyToAsk)
}

// ask has the authenticator decide, within the handshake's time and the connection's life.
func (h *handshaker) ask(r zmtp.AuthRequest) (zmtp.AuthReply, error) {
	c := h.c
	if c.opt.Authenticate == nil {
		return zmtp.AuthReply{}, ErrNobodyToAsk
	}
	r.Domain, r.Address = c.opt.Domain, address(c.nc.RemoteAddr())
	ctx, cancel := h.time()
	defer cancel()
	type answer struct {
		reply   zmtp.AuthReply
		refused error
	}
	answers := make(chan answer, 1)
	go func() { // not the host's work: a user's function that never returns must not hold up the socket's end
		defer func() {
			if what := recover(); what != nil {
				answers <- answer{refused: &zmtp.AuthError{Status: 500, Text: fmt.Sprintf("the authenticator panicked: %v", what)}}
			}
		}()
		reply, refused := c.opt.Authenticate(ctx, r)
		answers <- answer{reply, verdict(refused)}
	}()
	select {
	case a := <-answers:
		if a.refused == nil {
			h.approved = a.reply
		}
		return a.reply, a.refused
	case <-ctx.Done():
		return zmtp.AuthReply{}, &tooLateError{}
	case <-c.done:
		return zmtp.AuthReply{}, net.ErrClosed
	}
}

// time is what is left of the handshake's.
func (h *handshaker) time() (context.Context, context.CancelFunc) {
	if h.deadline.IsZero() {
		return context.WithCancel(context.Background())
	}
	return context.WithDeadline(context.Background(), h.deadline)
}

// verdict makes any error of a user's a refusal with a status.
func verdict(err error) error {
	if err == nil || errors.Is(err, ErrNobodyToAsk) || errors.Is(err, net.ErrClosed) || errors.As(err, new(*zmtp.AuthError)) || errors.As(err, new(*zmtp.ProtocolError)) {
		return err
	}
	if late := interface{ Timeout() bool }(nil); errors.As(err, &late) && late.Timeout() {
		return &zmtp.AuthError{Status: 300, Text: err.Error()} // what it asks was too slow: that is no verdict
	}
	return &zmtp.AuthError{Status: 400, Text: err.Error()}
}

// tooLateError is an authenticator that did not decide within the handshake's time.
type tooLateError struct{}

func (*tooLateError) Error() string { return "the authenticator did not answer in time" }
func (*tooLateError) Timeout() bool { return true }
func (*tooLateError) Unwrap() error { return os.ErrDeadlineExceeded }

// address is what an authenticator hears of where a peer is: its IP address (RFC 27, "address"), or over ipc nothing. A
// hook's that cannot be read is no IP address and not nothing either: who denies networks must not take it for ipc.
func address(a net.Addr) string {
	switch {
	case a == nil || a.String() == "" && a.Network() != "unix":
		return "unknown"
	case a.Network() == "unix":
		return ""
	}
	at, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return a.String()[:min(len(a.String()), 255)] // RFC 27: "at most 255 characters"
	}
	return at.Addr().Unmap().WithZone("").String()
}

// lastWord says why a peer may not come in; the connection ends whether it hears it or not.
func (h *handshaker) lastWord(cmds []zmtp.Command) {
	if len(cmds) == 0 {
		return
	}
	h.say(cmds)
	h.hangUp()
}

// hungUp reports whether a peer has gone.
func hungUp(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) }

// hangUp ends our side, so that what was sent is read before what follows.
func (h *handshaker) hangUp() {
	if half, ok := h.c.nc.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
}

// ErrHungUpOnHello is how a CURVE server that cannot open our HELLO says so: it has no other way (RFC 26).
var ErrHungUpOnHello = fmt.Errorf("it hung up on our HELLO, which it could not open: %w", syscall.EPIPE)

// InTheClear reports what forbids passwords in the clear between this machine and a, a peer's address or our own that peers
// dial: PLAIN is for this machine, unless the user said otherwise. An address that cannot be read is not known to be on it.
func (o *Options) InTheClear(a net.Addr) error {
	if o.Mechanism.Name() != "PLAIN" || o.PlainAnywhere {
		return nil
	}
	if at := address(a); at != "" && !loopback(at) {
		return &ClearTextError{transport.Name(a)}
	}
	return nil
}

// inTheClear is InTheClear for a connection. Where a hook dials, a proxy on this machine may stand before a peer elsewhere: then
// what was to be dialled counts as well, and of a name nobody knows where it leads.
func (c *Conn) inTheClear() error {
	if err := c.opt.InTheClear(c.nc.RemoteAddr()); err != nil {
		return err
	}
	d := c.dialer
	if d == nil || d.opt.Transport.Dial == nil || d.target.Scheme != endpoint.TCP || loopback(d.target.Addr.Host) ||
		c.opt.Mechanism.Name() != "PLAIN" || c.opt.PlainAnywhere {
		return nil
	}
	return &ClearTextError{d.Endpoint.Text}
}

func loopback(ip string) bool {
	addr, err := netip.ParseAddr(ip)
	return err == nil && addr.IsLoopback()
}

// A ClearTextError is a password that was not sent, or not waited for.
type ClearTextError struct{ At string }

func (e *ClearTextError) Error() string {
	return fmt.Sprintf("PLAIN would send passwords in the clear, and %s is not on this machine alone: use CURVE, or set PlainAnywhere", e.At)
}

// authRefusal is our own authenticator's no, as the events have it.
func (w *Cause) authRefusal(err error) (ok bool) {
	var verdict *zmtp.AuthError
	var clear *ClearTextError
	switch {
	case errors.As(err, &verdict):
		w.Who, w.Err = monitor.ByLocal, verdict
		if !w.refusedWith(verdict.Status) {
			w.refusedWith(400) // what a verdict without a status is
		}
	case errors.Is(err, ErrNobodyToAsk):
		w.Who, w.Err, w.Reason = monitor.ByLocal, ErrNobodyToAsk, monitor.ReasonZAPMissing
	case errors.As(err, new(*tooLateError)):
		w.Who, w.Err, w.Reason = monitor.ByTimer, err, monitor.ReasonAuthTimeout
	case errors.As(err, &clear):
		w.Who, w.Err, w.Reason = monitor.ByLocal, clear, monitor.ReasonClearText
	case errors.Is(err, ErrHungUpOnHello):
		w.Who, w.Err, w.Reason = monitor.ByPeer, ErrHungUpOnHello, monitor.ReasonWrongServerKey
	default:
		return false
	}
	return true
}

// refusedWith takes over a status of RFC 27, and reports whether it is one of a refusal.
func (w *Cause) refusedWith(status int) bool {
	reason, ok := map[int]monitor.Reason{
		300: monitor.ReasonAuthTemporary, 400: monitor.ReasonAuthDenied, 500: monitor.ReasonAuthInternal,
	}[status]
	if ok {
		w.kind, w.value, w.Reason = monitor.HandshakeFailedAuth, uint64(status), reason
	}
	return ok
}
