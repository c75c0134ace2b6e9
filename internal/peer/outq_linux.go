package peer

import (
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
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

// endsSoon reports whether nothing more can come, by the peer's end or a reset, however much of what came is still to be read
// (poll(2), POLLRDHUP); false if nobody can say.
func endsSoon(raw syscall.RawConn) (over bool) {
	if raw == nil {
		return false
	}
	raw.Control(func(fd uintptr) {
		n, err := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLRDHUP}}, 0)
		over = n > 0 && err == nil
	})
	return over
}
