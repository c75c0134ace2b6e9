package transport

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A name in the abstract namespace has no file, cannot be taken from the living, and is free when they close.
func TestIPCAbstract(t *testing.T) {
	name := fmt.Sprintf("ipc://@glassmq-test-%d", os.Getpid())
	ln, bound := listen(t, name, Options{})
	if bound != name {
		t.Errorf("bound as %s", bound)
	}
	reaches(t, ln, bound)
	if _, _, err := Listen(t.Context(), bindTo(t, name), Options{}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("bound twice: %v", err)
	}
	ln.Close()
	if _, err := Dial(t.Context(), connectTo(t, name), Options{}, nil); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dialled after its close: %v", err)
	}
	listen(t, name, Options{})
}

// A stream socket of the system's does not queue behind a full backlog (unix(7)): the answer is EAGAIN, at once.
func TestIPCBacklog(t *testing.T) {
	_, bound := listen(t, "ipc://"+place(t), Options{Backlog: 1})
	for range 4 {
		c, err := Dial(within(t, patience), connectTo(t, bound), Options{}, nil)
		if err != nil {
			if !errors.Is(err, syscall.EAGAIN) {
				t.Errorf("behind a full backlog: %v", err)
			}
			return
		}
		defer c.Close()
	}
	t.Error("a backlog of 1 took four connections")
}

// Of the options only those of every socket apply; the others are about TCP, and a socket may have endpoints of both kinds.
func TestIPCOptions(t *testing.T) {
	o := Options{SendBuffer: 100_000, RecvBuffer: 50_000, TOS: 0x28, Priority: 3, Interface: "lo", KeepAlive: net.KeepAliveConfig{Enable: true}}
	ln, bound := listen(t, "ipc://"+place(t), o)
	near := dial(t, bound, o)
	far, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	for name, c := range map[string]net.Conn{"dialled": near, "accepted": far} {
		if out, in := option(t, c, syscall.SOL_SOCKET, syscall.SO_SNDBUF), option(t, c, syscall.SOL_SOCKET, syscall.SO_RCVBUF); out != 200_000 || in != 100_000 {
			t.Errorf("%s: buffers of %d and %d bytes; want twice what was asked for, see socket(7)", name, out, in)
		}
	}
}

// asNobody runs f as a user who may look into everything and change nothing. It is this thread alone that does (setfsuid(2)).
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := syscall.Setfsuid(65534); err != nil {
		t.Fatal(err)
	}
	defer syscall.Setfsuid(0)
	f()
}

// A file that may not be removed stays, the listener closes all the same, and the error is the system's.
func TestUnremovableFile(t *testing.T) {
	path := place(t)
	ln, bound := listen(t, "ipc://"+path, Options{})
	if err := os.Chmod(filepath.Dir(path), 0o555); err != nil {
		t.Fatal(err)
	}
	defer os.Chmod(filepath.Dir(path), 0o755)
	var err error
	asNobody(t, func() { err = ln.Close() })
	if !errors.Is(err, syscall.EACCES) {
		t.Errorf("%v; want permission denied", err)
	}
	if names := left(t, path); len(names) != 1 {
		t.Errorf("there are %q", names)
	}
	ln.(*unixListener).SetDeadline(time.Now().Add(20 * time.Millisecond))
	if _, err := ln.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("accepts after its close: %v", err)
	}

	asNobody(t, func() { _, _, err = Listen(t.Context(), bindTo(t, bound), Options{}) })
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), path+" is another user's") {
		t.Errorf("%v; want in use, and that nobody may ask", err)
	}
}
