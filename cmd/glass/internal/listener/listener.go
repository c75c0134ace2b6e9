// Package listener says what this host's kernel knows of who listens on one of its TCP ports: which process, whether it takes
// the connections that wait for it, whether it reads what came, and whether it has descriptors left. From outside, a process
// that hangs, one without descriptors and one that waits for other words look the same; here they do not.
//
// Nothing of it needs privileges but the process: of another user's, only root sees which it is (proc(5)). In a container the
// processes outside are not to be seen, and the kernel's tables are the container's own.
package listener

import (
	"errors"
	"net"
	"net/netip"
)

// A View is what was seen at one moment.
type View struct {
	At        netip.AddrPort   // where is listened, maybe at the wildcard address; not valid: nobody listens
	Elsewhere []netip.AddrPort // other addresses of this host at which the same port is listened on
	Waiting   int              // connections that no program has accepted yet
	Peers     []netip.AddrPort // whose connections a program has accepted, without the one that was asked about
	Conn      Conn
	Process   *Process // who listens; nil: this user may not know
}

// A Conn is the far end of the connection that was asked about.
type Conn struct {
	Known    bool // the kernel has it
	Accepted bool // a program has it
	Unread   int  // bytes that have come and that no program has read
}

// A Process is one of this host.
type Process struct {
	PID         int
	Name        string // as ps shows it; "": not known
	Stopped     bool   // by a signal or a debugger
	Descriptors int    // that it has open; with Limit 0, not known
	Limit       int    // how many it may have
}

// Full reports whether p cannot open or accept anything more.
func (p *Process) Full() bool { return p != nil && p.Limit > 0 && p.Descriptors >= p.Limit }

// ErrElsewhere says that an address is not this host's.
var ErrElsewhere = errors.New("not an address of this host")

// Look says who listens at remote, an address and port of this host, and what became of the connection to it whose near end is
// local (not valid: there is none). Errors: ErrElsewhere; errors.ErrUnsupported on a system other than Linux; one of reading the
// kernel's tables.
func Look(local, remote netip.AddrPort) (View, error) {
	if !isHere(remote.Addr()) {
		return View{}, ErrElsewhere
	}
	return look(local, remote)
}

// isHere reports whether a is an address of this host.
func isHere(a netip.Addr) bool {
	if a = a.Unmap(); a.IsLoopback() {
		return true
	}
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		return false
	}
	for _, own := range addrs {
		if prefix, err := netip.ParsePrefix(own.String()); err == nil && prefix.Addr().Unmap() == a.WithZone("") {
			return true
		}
	}
	return false
}
