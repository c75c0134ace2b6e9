package transport

import "syscall"

// portable gives Winsock's numbers their portable names: package syscall has those on Windows too, but the system never returns them.
// The numbers are those of winsock2.h.
func portable(e syscall.Errno) syscall.Errno {
	switch e {
	case 10013:
		return syscall.EACCES
	case 10024:
		return syscall.EMFILE
	case 10047:
		return syscall.EAFNOSUPPORT
	case 10048:
		return syscall.EADDRINUSE
	case 10049:
		return syscall.EADDRNOTAVAIL
	case 10051:
		return syscall.ENETUNREACH
	case 10053:
		return syscall.ECONNABORTED
	case 10054:
		return syscall.ECONNRESET
	case 10055:
		return syscall.ENOBUFS
	case 10060:
		return syscall.ETIMEDOUT
	case 10061:
		return syscall.ECONNREFUSED
	case 10065:
		return syscall.EHOSTUNREACH
	}
	return e
}
