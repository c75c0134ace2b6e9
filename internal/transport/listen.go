package transport

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"

	"github.com/glassmq/zmq/internal/endpoint"
)

// Listen opens a listener for what endpoint.ParseBind returned. bound is where it listens, with the port that the system chose and numbers for
// names: "tcp://0.0.0.0:49152"; peers can dial it, from this machine at least. ctx is the call's: the listener outlives it.
//
// The wildcard is 0.0.0.0, with o.IPv6 [::] and then IPv4 peers come in too; an interface is its first IPv4 address, with o.IPv6 its first IPv6
// address; localhost is 127.0.0.1 in any case, where dual-stack peers look as well.
//
// Over ipc the file of a dead process is taken over, that of a living one is EADDRINUSE, and a file of another kind stays where it is (ErrNotSocket).
// "*" is a new path in a directory that only this user may enter. Close removes what Listen made.
//
// errors.Is finds syscall.EADDRINUSE, EADDRNOTAVAIL, EACCES, ENODEV (no such interface), ENOENT (no such directory), ENAMETOOLONG,
// endpoint.ErrUnknownTransport, and errors.ErrUnsupported for an option that this system has not.
func Listen(ctx context.Context, e endpoint.Endpoint, o Options) (ln net.Listener, bound string, err error) {
	switch {
	case e.Scheme == endpoint.Inproc:
		return nil, "", fmt.Errorf("%s: %w", e.Scheme, endpoint.ErrUnknownTransport)
	case o.Listen != nil:
		if ln, err = o.listenHook(ctx, e); err != nil {
			err = Cause(err)
		}
	case e.Scheme == endpoint.IPC:
		ln, err = o.listenIPC(ctx, e)
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
	host := e.Host
	if host == "*" {
		wildcard, _ := local(host, o.IPv6)
		host = wildcard.String()
	}
	network, address, err := o.hooked(e, host)
	if err != nil {
		return nil, err
	}
	return o.Listen(ctx, network, address)
}

func (o *Options) listen(ctx context.Context, e endpoint.Endpoint) (net.Listener, error) {
	addr, err := local(e.Host, o.IPv6 && e.Host != "localhost")
	if err != nil {
		return nil, err
	}
	fd := -1
	config := net.ListenConfig{
		Control:         control(func(fd uintptr) error { return o.set(fd, addr.Is6()) }, &fd),
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
		raw.Control(func(fd uintptr) { setPriority(fd, l.priority) }) // the listener's descriptor took it, so this one does
	}
	return c, nil
}

// control applies options to a fresh descriptor, and notes its number.
func control(set func(fd uintptr) error, number *int) func(network, address string, c syscall.RawConn) error {
	return func(_, _ string, c syscall.RawConn) (err error) {
		if e := c.Control(func(fd uintptr) { *number, err = int(fd), set(fd) }); e != nil {
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
