//go:build unix

package transport

import (
	"net"
	"net/netip"
	"os"
	"strconv"
	"syscall"
)

// ownConnect: connect(2) is called here, before net calls it for the same descriptor and address.
//
// The point is its answer, which net keeps to itself: EINPROGRESS is the fact behind the event ConnectDelayed. Nothing is lost by asking twice.
// POSIX has the second connect(2) answer EALREADY while the first is under way, EISCONN (on Linux once 0) when it has succeeded meanwhile, and
// its error when it has failed meanwhile; net waits on EALREADY and takes EISCONN for success, since it calls again itself after EINTR.
const ownConnect = true

// connect binds the source address and starts the connection. A source must be bound before that, so net, which would bind it later, does not
// hear of it. errno is EINPROGRESS if that was the answer.
func (a *attempt) connect(fd uintptr) (errno syscall.Errno, err error) {
	if a.source.IsValid() {
		if err := bindSource(int(fd), a.source); err != nil {
			return 0, err
		}
	}
	switch err := syscall.Connect(int(fd), sockaddr(a.remote)); err {
	case nil, syscall.EINTR: // there already (some systems over loopback), or a signal while it goes on
		return 0, nil
	case syscall.EINPROGRESS:
		return syscall.EINPROGRESS, nil
	default:
		return 0, os.NewSyscallError("connect", err)
	}
}

// bindSource: with a port of one's own, a reconnect must not wait until the system has forgotten the connection before it (TIME_WAIT).
func bindSource(fd int, source netip.AddrPort) error {
	if source.Port() == 0 {
		deferPort(fd)
	} else if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		return os.NewSyscallError("setsockopt", err)
	}
	return os.NewSyscallError("bind", syscall.Bind(fd, sockaddr(source)))
}

func sockaddr(a netip.AddrPort) syscall.Sockaddr {
	if a.Addr().Is4() {
		return &syscall.SockaddrInet4{Port: int(a.Port()), Addr: a.Addr().As4()}
	}
	return &syscall.SockaddrInet6{Port: int(a.Port()), Addr: a.Addr().As16(), ZoneId: zoneID(a.Addr().Zone())}
}

// zoneID reads a zone as net does: an interface's name, else its number. 0 is no zone.
func zoneID(zone string) uint32 {
	if device, err := net.InterfaceByName(zone); err == nil {
		return uint32(device.Index)
	}
	n, _ := strconv.ParseUint(zone, 10, 32)
	return uint32(n)
}
