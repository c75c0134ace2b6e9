package zmq_test

import (
	"fmt"
	"net"
	"syscall"
	"testing"
)

// freePort is a port of 127.0.0.1 that stays free for the test to listen on, and that refuses until then: a descriptor
// has it, without listening. With SO_REUSEADDR, which net's listeners have too, both may (socket(7)); nobody else is
// given it.
func freePort(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	at, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(at.(*syscall.SockaddrInet4).Port))
}
