package zmq_test

import (
	"fmt"
	"io"
	"net"
	"syscall"
	"testing"
)

// freePort is a port of 127.0.0.1 that stays free for the test to listen on, and that refuses until then: a descriptor
// has it, without listening. With SO_REUSEADDR, which net's listeners have too, both may (socket(7)); nobody else is
// given it.
func freePort(t *testing.T) string {
	t.Helper()
	fd := bind(t, 0)
	t.Cleanup(func() { syscall.Close(fd) })
	at, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", fmt.Sprint(at.(*syscall.SockaddrInet4).Port))
}

func bind(t *testing.T, port int) (fd int) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err == nil {
		err = syscall.SetsockoptInt(fd, syscall.SOL_SOCKET, syscall.SO_REUSEADDR, 1)
	}
	if err == nil {
		err = syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: port})
	}
	if err != nil {
		t.Fatal(err)
	}
	return fd
}

// A silence is a listener that does not answer: it has room for one connection (a backlog of 0, listen(2)), which the
// test has taken, so the kernel drops whatever else comes.
type silence struct {
	fd    int
	taken net.Conn
}

func listenSilently(t *testing.T, at string) io.Closer {
	t.Helper()
	addr, err := net.ResolveTCPAddr("tcp", at)
	if err != nil {
		t.Fatal(err)
	}
	s := &silence{fd: bind(t, addr.Port)}
	if err := syscall.Listen(s.fd, 0); err != nil {
		t.Fatal(err)
	}
	if s.taken, err = net.Dial("tcp", at); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *silence) Close() error {
	s.taken.Close()
	return syscall.Close(s.fd)
}
