// Package transport opens TCP connections and listeners, and ipc ones, for the endpoints of package endpoint, and knows nothing above them.
//
// Connections have Nagle's algorithm off (TCP_NODELAY): the layer above writes everything it has in one call, so waiting for more only costs time.
// Contexts belong to the calls: when one ends, the call returns and what it had opened is closed. What a call has returned is the caller's.
package transport

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"time"
)

// Options are what can be asked of the operating system about a socket. The zero Options ask nothing.
//
// With a hook, connections and listeners are the hook's to set up: it hears of the address and of nothing else here. Sizes and marks are then
// ignored, for they are wishes; an Interface or an endpoint's source address is an error, for they are promises about where traffic goes.
type Options struct {
	SendBuffer, RecvBuffer int                 // SO_SNDBUF, SO_RCVBUF, bytes, set before the connection is made, so that TCP can announce them; 0: the system's
	TOS                    int                 // IP_TOS and IPV6_TCLASS, unix; 0: the system's
	Priority               int                 // SO_PRIORITY, Linux; 0: the system's
	Interface              string              // SO_BINDTODEVICE, Linux; "": any
	Backlog                int                 // of listeners, connections, unix; 0: the system's maximum
	MaxRetransmit          time.Duration       // TCP_USER_TIMEOUT, Linux, whole milliseconds; 0: the system's
	KeepAlive              net.KeepAliveConfig // not enabled: the system's default, which is off, as in libzmq; Go's own default would be on

	// IPv6 makes names, interfaces and the wildcard mean IPv6 as well. Without it they mean IPv4 only. An address in digits is what it is either way.
	IPv6 bool

	// AcceptFilter are the networks whose TCP peers may come in; nil: all. It is the accept loop's to ask: see Admits.
	AcceptFilter []netip.Prefix

	Dial   func(ctx context.Context, network, address string) (net.Conn, error)     // nil: the operating system's
	Listen func(ctx context.Context, network, address string) (net.Listener, error) // nil: the operating system's

	lookup func(ctx context.Context, network, host string) ([]netip.Addr, error) // nil: the system's resolver
}

// set applies to a fresh descriptor what must be there before it connects or listens. Connections that a listener accepts inherit it, but for the
// priority.
func (o *Options) set(fd uintptr, v6 bool) error {
	if err := o.setBuffers(fd); err != nil {
		return err
	}
	// Priority after TOS, from which Linux derives a priority (socket(7)).
	err := apply(setting{"TOS", o.TOS, func(tos int) error { return setTOS(fd, tos, v6) }},
		setting{"Priority", o.Priority, func(priority int) error { return setPriority(fd, priority) }},
		setting{"TCPMaxRetransmit (ms)", int(o.MaxRetransmit.Milliseconds()), func(ms int) error { return setUserTimeout(fd, ms) }})
	if err == nil && o.Interface != "" {
		if err = bindToDevice(fd, o.Interface); err != nil {
			err = fmt.Errorf("interface %q: %w", o.Interface, err)
		}
	}
	return err
}

// setBuffers is all that applies over ipc.
func (o *Options) setBuffers(fd uintptr) error {
	return apply(setting{"SendBuffer", o.SendBuffer, func(bytes int) error { return setSendBuffer(fd, bytes) }},
		setting{"RecvBuffer", o.RecvBuffer, func(bytes int) error { return setRecvBuffer(fd, bytes) }})
}

// A setting is one option of a descriptor; 0 leaves it as the system has it.
type setting struct {
	name   string
	wanted int
	set    func(value int) error
}

func apply(all ...setting) error {
	for _, s := range all {
		if s.wanted == 0 {
			continue
		}
		if err := s.set(s.wanted); err != nil {
			return fmt.Errorf("%s %d: %w", s.name, s.wanted, err)
		}
	}
	return nil
}

// Admits reports whether AcceptFilter lets a peer in. It is about TCP: who comes over ipc is on this machine. An address that nobody can read, as a
// hook's may be, is in no network.
func (o *Options) Admits(peer net.Addr) bool {
	if len(o.AcceptFilter) == 0 || peer != nil && peer.Network() == "unix" {
		return true
	}
	if peer == nil {
		return false
	}
	at, err := netip.ParseAddrPort(peer.String())
	addr := at.Addr().Unmap().WithZone("") // a network has no zone
	return err == nil && slices.ContainsFunc(o.AcceptFilter, func(p netip.Prefix) bool { return p.Contains(addr) })
}
