package transport

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"syscall"
	"testing"
)

func TestName(t *testing.T) {
	for _, c := range []struct {
		addr net.Addr
		want string
	}{
		{nil, ""},
		{&net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 5}, "tcp://192.0.2.1:5"},
		{&net.TCPAddr{IP: net.ParseIP("::1"), Port: 5}, "tcp://[::1]:5"},
		{&net.TCPAddr{IP: net.ParseIP("fe80::1"), Port: 5, Zone: "eth0"}, "tcp://[fe80::1%eth0]:5"},
		{&net.TCPAddr{IP: net.ParseIP("::ffff:192.0.2.1"), Port: 5}, "tcp://192.0.2.1:5"},
		{&net.UnixAddr{Name: "/tmp/x", Net: "unix"}, "ipc:///tmp/x"},
		{&net.UnixAddr{Name: "@x", Net: "unix"}, "ipc://@x"},
		{&net.UnixAddr{Name: "@", Net: "unix"}, ""},
		{&net.UnixAddr{Net: "unix"}, ""},
	} {
		if got := Name(c.addr); got != c.want {
			t.Errorf("%v: %q; want %q", c.addr, got, c.want)
		}
	}
}

func TestFD(t *testing.T) {
	ln, bound := listen(t, "tcp://127.0.0.1:*", Options{})
	c := dial(t, bound, Options{})
	if FD(ln) < 0 || FD(c) < 0 || FD(ln) == FD(c) {
		t.Errorf("listener %d, connection %d", FD(ln), FD(c))
	}
	c.Close()
	pipe, _ := net.Pipe()
	if FD(c) != -1 || FD(pipe) != -1 || FD(nil) != -1 {
		t.Errorf("closed %d, pipe %d, nil %d; want -1", FD(c), FD(pipe), FD(nil))
	}
}

func TestCause(t *testing.T) {
	reset := os.NewSyscallError("read", syscall.ECONNRESET)
	custom := fmt.Errorf("SendBuffer 5: %w", syscall.EINVAL)
	for _, c := range []struct{ in, want error }{
		{nil, nil},
		{io.EOF, io.EOF},
		{&net.OpError{Op: "read", Net: "tcp", Err: reset}, syscall.ECONNRESET},
		{reset, syscall.ECONNRESET},
		{&net.OpError{Op: "dial", Err: context.Canceled}, context.Canceled},
		{context.DeadlineExceeded, os.ErrDeadlineExceeded},
		{&net.OpError{Op: "read", Err: os.ErrDeadlineExceeded}, os.ErrDeadlineExceeded},
		{&net.OpError{Op: "read", Err: net.ErrClosed}, net.ErrClosed},
		{&net.OpError{Op: "listen", Err: custom}, custom},
	} {
		if got := Cause(c.in); got != c.want {
			t.Errorf("%v: %v; want %v", c.in, got, c.want)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := new(net.Dialer).DialContext(ctx, "tcp", "127.0.0.1:1"); Cause(err) != context.Canceled {
		t.Errorf("net's own: %v", err) // it has an error of its own for this
	}
}

func TestTellsMore(t *testing.T) {
	for _, c := range []struct {
		a, b error
		want bool
	}{
		{syscall.ECONNREFUSED, os.ErrDeadlineExceeded, true},
		{os.ErrDeadlineExceeded, syscall.ECONNREFUSED, false},
		{os.ErrDeadlineExceeded, syscall.ENETUNREACH, true},
		{syscall.EMFILE, syscall.ECONNREFUSED, true},
		{syscall.ENETUNREACH, syscall.EAFNOSUPPORT, true},
		{syscall.ECONNREFUSED, syscall.ECONNREFUSED, false}, // the first one stays
		{syscall.EAFNOSUPPORT, io.ErrUnexpectedEOF, false},
		{&DialError{Err: syscall.ECONNREFUSED}, &DialError{Err: syscall.EHOSTUNREACH}, true},
	} {
		if got := tellsMore(c.a, c.b); got != c.want {
			t.Errorf("%v rather than %v: %t", c.a, c.b, got)
		}
	}
}
