package transport

import (
	"net"
	"syscall"
)

// Name is the endpoint of an address, numbers for names: "tcp://192.0.2.1:5555", "tcp://[::1]:5555", "ipc:///run/x". An IPv4 peer of a dual-stack
// listener has its IPv4 name. A nil address has none, nor has the dialling end of an ipc connection, which net calls "@" or "".
func Name(a net.Addr) string {
	switch {
	case a == nil:
		return ""
	case a.Network() != "unix":
		return a.Network() + "://" + a.String()
	case a.String() == "", a.String() == "@":
		return ""
	}
	return "ipc://" + a.String()
}

// FD is the descriptor under a connection or a listener, -1 if it has none. The number is to be shown, not used: it belongs to c, and once c is
// closed it may be another file's.
func FD(c any) int {
	under, ok := c.(syscall.Conn)
	if !ok {
		return -1
	}
	raw, err := under.SyscallConn()
	if err != nil {
		return -1
	}
	number := -1
	raw.Control(func(fd uintptr) { number = int(fd) }) // its error is that c is closed: no number then
	return number
}
