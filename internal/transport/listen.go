package transport

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"

	"github.com/glassmq/zmq/internal/endpoint"
)

// Listen opens a listener for what endpoint.ParseBind returned. bound is where it listens, with the port that the system chose and numbers for
// names: "tcp://0.0.0.0:49152"; peers can dial it, from this machine at least. ctx is the call's: the listener outlives it.
//
// The wildcard is 0.0.0.0, with o.IPv6 [::] and then IPv4 peers come in too; an interface is its first IPv4 address, with o.IPv6 its first IPv6
// address; localhost is 127.0.0.1 in any case, where dual-stack peers look as well.
//
// errors.Is finds syscall.EADDRINUSE, EADDRNOTAVAIL, EACCES, ENODEV (no such interface), endpoint.ErrUnknownTransport, and errors.ErrUnsupported
// for an option that this system has not.
func Listen(ctx context.Context, e endpoint.Endpoint, o Options) (ln net.Listener, bound string, err error) {
	switch {
	case e.Scheme != endpoint.TCP:
		return nil, "", fmt.Errorf("%s: %w", e.Scheme, endpoint.ErrUnknownTransport)
	case o.Listen != nil:
		if ln, err = o.listenHook(ctx, e); err != nil {
			err = Cause(err)
		}
	default:
		ln, err = o.listen(ctx, e)
	}
	if err != nil {
		return nil, "", err
	}
	return ln, Name(ln.Addr()), nil
}

// listenHook passes names through, for they are the hook's to know, but the wildcard as every net.Listen understands it.
func (o *Options) listenHook(ctx context.Context, e endpoint.Endpoint) (net.Listener, error) {
	if o.Interface != "" {
		return nil, fmt.Errorf("interface %q does not apply: the network is not the system's", o.Interface)
	}
	host := e.Host
	if host == "*" {
		wildcard, _ := local(host, o.IPv6)
		host = wildcard.String()
	}
	return o.Listen(ctx, "tcp", net.JoinHostPort(host, strconv.Itoa(int(e.Port))))
}

func (o *Options) listen(ctx context.Context, e endpoint.Endpoint) (net.Listener, error) {
	addr, err := local(e.Host, o.IPv6 && e.Host != "localhost")
	if err != nil {
		return nil, err
	}
	fd := -1
	config := net.ListenConfig{
		Control:         o.control(addr.Is6(), &fd),
		KeepAlive:       -1, // not Go's default; an enabled KeepAliveConfig wins over it
		KeepAliveConfig: o.KeepAlive,
	}
	config.SetMultipathTCP(false) // Go's default for listeners is on; the options above are plain TCP's, and so are libzmq's peers
	ln, err := config.Listen(ctx, networkOf(addr), netip.AddrPortFrom(addr, e.Port).String())
	if err != nil {
		return nil, &ListenError{FD: fd, Err: Cause(err)}
	}
	if err := o.limitBacklog(ln.(syscall.Conn)); err != nil {
		ln.Close()
		return nil, err
	}
	if o.Priority != 0 {
		return prioritised{ln.(*net.TCPListener), o.Priority}, nil
	}
	return ln, nil
}

// prioritised gives what it accepts the one option that Linux does not let it inherit.
type prioritised struct {
	*net.TCPListener
	priority int
}

func (l prioritised) Accept() (net.Conn, error) {
	c, err := l.TCPListener.AcceptTCP()
	if err != nil {
		return nil, err
	}
	if raw, err := c.SyscallConn(); err == nil {
		raw.Control(func(fd uintptr) { setPriority(fd, l.priority, false) }) // the listener's descriptor took it, so this one does
	}
	return c, nil
}

// control applies the options to a fresh descriptor, and notes its number.
func (o *Options) control(v6 bool, number *int) func(network, address string, c syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) (err error) {
		if e := c.Control(func(fd uintptr) { *number, err = int(fd), o.set(fd, v6) }); e != nil {
			return e
		}
		return err
	}
}

// networkOf keeps net from guessing: it would make a dual-stack listener of 0.0.0.0 too. Of [::] it shall.
func networkOf(addr netip.Addr) string {
	switch {
	case addr.Is4():
		return "tcp4"
	case addr.IsUnspecified():
		return "tcp"
	}
	return "tcp6"
}

// limitBacklog comes after the fact, since net's listeners have the system's maximum and no say in it. In the microseconds between, more
// connections may queue up than were asked for; they stay.
func (o *Options) limitBacklog(c syscall.Conn) error {
	if o.Backlog == 0 {
		return nil
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	if e := raw.Control(func(fd uintptr) { err = setBacklog(fd, o.Backlog) }); e != nil {
		return e
	}
	if err != nil {
		return fmt.Errorf("listen with a backlog of %d: %w", o.Backlog, err)
	}
	return nil
}
