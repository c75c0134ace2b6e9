package peer

import (
	"syscall"
	"unsafe"
)

// unacknowledged is how many bytes the peer's kernel has not acknowledged (SIOCOUTQ, tcp(7)); -1 if nobody can say.
func unacknowledged(raw syscall.RawConn) (bytes int32) {
	bytes = -1
	if raw == nil {
		return bytes
	}
	raw.Control(func(fd uintptr) {
		var n int32
		if _, _, errno := syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ, uintptr(unsafe.Pointer(&n))); errno == 0 {
			bytes = n
		}
	})
	return bytes
}
