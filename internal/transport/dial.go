package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"github.com/glassmq/zmq/internal/endpoint"
)

// A dial, in order:
//
//  1. Dial: the hook, if there is one, does everything
//  2. resolve: the name, anew in every dial
//  3. dialAll: each address in turn, each with its share of the time
//  4. attempt.control: on the descriptor that net has just made, the options, the source address, our own connect
//  5. attempt.dial: net's connect, which finds ours under way and waits for it

// Dial connects to what endpoint.ParseConnect returned. It resolves the name every time and tries its addresses in the resolver's order until one
// answers; when ctx has a deadline, each gets its share of the time left, so that a silent one does not starve the rest.
//
// pending, if not nil, is called during Dial, on its goroutine, each time that a connect(2) of ours has answered EINPROGRESS: remote is
// the address ("tcp://192.0.2.1:5555"), errno that EINPROGRESS. On Linux this is every attempt that was not refused on the spot; systems that are
// not unix, and hooks, have no such moment.
//
// A hook is called with "tcp" and "HOST:PORT", or "unix" and the path. Its connection is returned as it is.
//
// Errors: *ResolveError, *DialError. What can never succeed as asked (another transport, an option that a hook does not take) is neither; an option
// that this system has not is a *DialError, and errors.Is finds errors.ErrUnsupported.
func Dial(ctx context.Context, e endpoint.Endpoint, o Options, pending func(remote string, errno syscall.Errno)) (net.Conn, error) {
	switch {
	case e.Scheme == endpoint.Inproc:
		return nil, fmt.Errorf("%s: %w", e.Scheme, endpoint.ErrUnknownTransport)
	case o.Dial != nil:
		return o.dialHook(ctx, e)
	case e.Scheme == endpoint.IPC:
		return o.dialIPC(ctx, e)
	}
	if pending == nil {
		pending = func(string, syscall.Errno) {}
	}
	addrs, err := o.resolve(ctx, e.Host)
	if err != nil {
		return nil, &ResolveError{e.Host, Cause(err)}
	}
	return o.dialAll(ctx, e, addrs, pending)
}

func (o *Options) dialHook(ctx context.Context, e endpoint.Endpoint) (net.Conn, error) {
	if e.Source != (endpoint.Addr{}) {
		return nil, fmt.Errorf("source %v does not apply: the network is not the system's", e.Source)
	}
	network, address, err := o.hooked(e, e.Host)
	if err != nil {
		return nil, err
	}
	c, err := o.Dial(ctx, network, address)
	if dns := (*net.DNSError)(nil); errors.As(err, &dns) { // maybe of another host: a proxy on the way
		return nil, &ResolveError{dns.Name, dns}
	}
	if err != nil {
		return nil, &DialError{Remote: e.Scheme + "://" + address, FD: -1, Err: Cause(err)}
	}
	return c, nil
}

// hooked is what a hook is told of an endpoint at host.
func (o *Options) hooked(e endpoint.Endpoint, host string) (network, address string, err error) {
	switch {
	case e.Scheme == endpoint.IPC && e.Name == "*":
		return "", "", fmt.Errorf("ipc://* does not apply: the network is not the system's, so write a path")
	case e.Scheme == endpoint.IPC:
		return "unix", e.Name, nil
	case o.Interface != "":
		return "", "", fmt.Errorf("interface %q does not apply: the network is not the system's", o.Interface)
	}
	return "tcp", net.JoinHostPort(host, strconv.Itoa(int(e.Port))), nil
}

// resolve asks for IPv4 addresses alone unless IPv6 is set: a host reachable over both would cost an attempt that cannot succeed.
func (o *Options) resolve(ctx context.Context, host string) ([]netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{dialable(addr.Unmap())}, nil
	}
	lookup, network := o.lookup, "ip4"
	if lookup == nil {
		lookup = net.DefaultResolver.LookupNetIP
	}
	if o.IPv6 {
		network = "ip"
	}
	addrs, err := lookup(ctx, network, host)
	for i, a := range addrs {
		addrs[i] = a.Unmap() // the C library's resolver gives IPv4 as ::ffff:1.2.3.4
	}
	return addrs, err
}

// dialable makes what Bind returns for a wildcard, "tcp://0.0.0.0:49152", a peer: this machine, which some systems do not take it for.
func dialable(addr netip.Addr) netip.Addr {
	if !addr.IsUnspecified() {
		return addr
	}
	return loopback(addr.Is6())
}

// dialAll returns the first connection, or the most telling error. A resolver returns at least one address or an error.
func (o *Options) dialAll(ctx context.Context, e endpoint.Endpoint, addrs []netip.Addr, pending func(string, syscall.Errno)) (net.Conn, error) {
	var worst *DialError
	for i, addr := range addrs {
		a := attempt{o: o, remote: netip.AddrPortFrom(addr, e.Port), pending: pending, fd: -1}
		share, cancel := shareOf(ctx, len(addrs)-i)
		c, err := a.dial(share, e.Source)
		cancel()
		if err == nil {
			return c, nil
		}
		failed := &DialError{Remote: a.name(), FD: a.fd, Err: Cause(err)}
		if worst == nil || tellsMore(failed, worst) {
			worst = failed
		}
		if ctx.Err() != nil {
			break
		}
	}
	if ctx.Err() == context.Canceled {
		worst.Err = context.Canceled // whatever an earlier address said, this is why there was no later one
	}
	return nil, worst
}

// shareOf is ctx with an equal share of its time, one of left. Below two seconds shares are not equal: that is one retransmission of a lost SYN
// (RFC 6298 §2.1: after 1 s), and an address that gets less has hardly been tried.
func shareOf(ctx context.Context, left int) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok || left == 1 {
		return ctx, func() {}
	}
	return context.WithTimeout(ctx, max(time.Until(deadline)/time.Duration(left), 2*time.Second))
}

// An attempt is one address being dialled. Only the dialling goroutine touches it: for an address in digits, net starts no other.
type attempt struct {
	o       *Options
	source  netip.AddrPort // not valid: the system's choice
	remote  netip.AddrPort
	pending func(remote string, errno syscall.Errno)
	told    bool // pending was called
	fd      int  // the last descriptor used
}

func (a *attempt) name() string { return "tcp://" + a.remote.String() }

func (a *attempt) dial(ctx context.Context, source endpoint.Addr) (net.Conn, error) {
	if err := a.from(source); err != nil {
		return nil, err
	}
	if a.source == a.remote {
		return nil, ErrSelfConnect // it would succeed
	}
	dialer := net.Dialer{
		ControlContext:  a.control,
		KeepAlive:       -1, // not Go's default; an enabled KeepAliveConfig wins over it
		KeepAliveConfig: a.o.KeepAlive,
	}
	if !ownConnect && a.source.IsValid() {
		dialer.LocalAddr = net.TCPAddrFromAddrPort(a.source)
	}
	dialer.SetMultipathTCP(false) // its first connect would be another protocol's
	c, err := dialer.DialContext(ctx, networkOf(a.remote.Addr()), a.remote.String())
	if err != nil {
		return nil, err
	}
	// net dials again up to twice when the system picks the peer's port as ours. If it did so three times, we do not take it.
	if c.LocalAddr().String() == c.RemoteAddr().String() {
		c.Close()
		return nil, ErrSelfConnect
	}
	return c, nil
}

// from finds the source's address of the same family as the peer's.
func (a *attempt) from(source endpoint.Addr) error {
	if source == (endpoint.Addr{}) {
		return nil
	}
	v6 := a.remote.Addr().Is6()
	addr, err := local(source.Host, v6)
	if err != nil {
		return err
	}
	if addr.Is6() != v6 {
		return fmt.Errorf("source %s and the peer are not of one family: %w", addr, syscall.EAFNOSUPPORT)
	}
	a.source = netip.AddrPortFrom(addr, source.Port)
	return nil
}

// control prepares the fresh descriptor and, where it can, connects it. net calls it once per descriptor, and makes a second and a third one when
// the system's choice of a port was bad; pending hears of the first alone, for it is one attempt.
func (a *attempt) control(_ context.Context, _, _ string, c syscall.RawConn) error {
	var errno syscall.Errno
	var err error
	if e := c.Control(func(fd uintptr) {
		a.fd = int(fd)
		if err = a.o.set(fd, a.remote.Addr().Is6()); err == nil {
			errno, err = a.connect(fd)
		}
	}); e != nil {
		return e
	}
	if errno == syscall.EINPROGRESS && !a.told {
		a.told = true
		a.pending(a.name(), errno)
	}
	return err
}
