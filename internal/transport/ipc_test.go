//go:build unix

package transport

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// place is a path for a socket, short enough for every system's.
func place(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "ipc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "socket")
}

// left are the files in the directory of path.
func left(t *testing.T, path string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// reaches dials what s names and sends a byte to ln.
func reaches(t *testing.T, ln net.Listener, s string) {
	t.Helper()
	near := dial(t, s, Options{})
	far, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	far.SetDeadline(time.Now().Add(patience))
	near.Write([]byte{42})
	b := make([]byte, 2)
	if n, err := far.Read(b); n != 1 || b[0] != 42 {
		t.Errorf("%s: read %d bytes, %v", s, n, err)
	}
	for _, c := range []net.Conn{near, far} {
		if _, ok := c.(*net.UnixConn); !ok || FD(c) < 0 {
			t.Errorf("%T, descriptor %d; want the system's own, which the fast ways need", c, FD(c))
		}
	}
	if Name(near.RemoteAddr()) != s || Name(near.LocalAddr()) != "" || Name(far.RemoteAddr()) != "" || Name(far.LocalAddr()) != s {
		t.Errorf("dialled %q from %q, accepted %q from %q; want %s and no name", Name(near.RemoteAddr()), Name(near.LocalAddr()),
			Name(far.LocalAddr()), Name(far.RemoteAddr()), s)
	}
}

func TestIPCPath(t *testing.T) {
	path := place(t)
	ln, bound := listen(t, "ipc://"+path, Options{})
	if bound != "ipc://"+path {
		t.Errorf("bound as %s", bound)
	}
	reaches(t, ln, bound)
	if err := ln.Close(); err != nil || len(left(t, path)) != 0 {
		t.Errorf("closed: %v, and %q are left", err, left(t, path))
	}
	if err := ln.Close(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("closed again: %v", err)
	}
}

// A relative path is the process's directory's at Bind; that it has gone elsewhere by Close leaves nothing behind.
func TestIPCRelativePath(t *testing.T) {
	path := place(t)
	t.Chdir(filepath.Dir(path))
	ln, bound := listen(t, "ipc://socket", Options{})
	reaches(t, ln, bound)
	t.Chdir("/")
	if err := ln.Close(); err != nil || len(left(t, path)) != 0 {
		t.Errorf("closed elsewhere: %v, and %q are left", err, left(t, path))
	}
}

func TestIPCAnywhere(t *testing.T) {
	ln, bound := listen(t, "ipc://*", Options{})
	other, second := listen(t, "ipc://*", Options{})
	defer other.Close()
	if bound == second {
		t.Errorf("two are bound as %s", bound)
	}
	reaches(t, ln, bound)
	dir := filepath.Dir(strings.TrimPrefix(bound, "ipc://"))
	info, err := os.Stat(dir)
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("%s: %v, %v; want a directory that is this user's alone", dir, info, err)
	}
	if err := ln.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is left: %v", dir, err)
	}

	t.Setenv("TMPDIR", filepath.Join("/tmp", strings.Repeat("long/", 30)))
	if err := os.MkdirAll(os.TempDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll("/tmp/long")
	_, _, err = Listen(t.Context(), bindTo(t, "ipc://*"), Options{})
	if !errors.Is(err, syscall.ENAMETOOLONG) || len(left(t, os.TempDir()+"/x")) != 0 {
		t.Errorf("below a long TMPDIR: %v, and %q are left", err, left(t, os.TempDir()+"/x"))
	}
}

func TestIPCNobodyThere(t *testing.T) {
	path := place(t)
	for _, c := range []struct {
		name, path string
		want       error
	}{
		{"no file", path + "1", syscall.ENOENT},
		{"a dead process's", dead(t, path), syscall.ECONNREFUSED},
		{"too long", strings.Repeat("p", pathSize), syscall.ENAMETOOLONG},
	} {
		to := connectTo(t, "ipc://x")
		to.Name = c.path
		conn, err := Dial(within(t, patience), to, Options{}, nil)
		var failed *DialError
		if conn != nil || !errors.Is(err, c.want) || !errors.As(err, &failed) || failed.Remote != "ipc://"+c.path {
			t.Errorf("%s: %v, %v; want a *DialError that is %v", c.name, conn, err, c.want)
		}
		if (failed.FD >= 0) != (c.want != syscall.ENAMETOOLONG) {
			t.Errorf("%s: descriptor %d", c.name, failed.FD)
		}
	}
}

func TestIPCBindErrors(t *testing.T) {
	path := place(t)
	at := bindTo(t, "ipc://x")
	for _, c := range []struct {
		path string
		want error
	}{
		{filepath.Join(path, "nowhere", "socket"), syscall.ENOENT},
		{strings.Repeat("p", pathSize), syscall.ENAMETOOLONG},
	} {
		at.Name = c.path
		ln, bound, err := Listen(t.Context(), at, Options{})
		var failed *ListenError
		if ln != nil || bound != "" || !errors.Is(err, c.want) || !errors.As(err, &failed) {
			t.Errorf("%.40s: %v, %v; want a *ListenError that is %v", c.path, ln, err, c.want)
		}
	}
}

// Who wants to see every byte, or to come by another way, is told of the path.
func TestIPCHooks(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	var network, address string
	o := Options{
		Interface: "eth0", // is about tcp
		Dial: func(_ context.Context, n, a string) (net.Conn, error) {
			network, address = n, a
			return near, nil
		},
		Listen: func(_ context.Context, n, a string) (net.Listener, error) {
			network, address = n, a
			return nil, syscall.EACCES
		},
	}
	if c, err := Dial(t.Context(), connectTo(t, "ipc:///run/x"), o, nil); c != near || err != nil || network != "unix" || address != "/run/x" {
		t.Errorf("%v, %v from hook(%q, %q)", c, err, network, address)
	}
	if _, _, err := Listen(t.Context(), bindTo(t, "ipc://@x"), o); err != syscall.EACCES || network != "unix" || address != "@x" {
		t.Errorf("%v from hook(%q, %q)", err, network, address)
	}
	if _, _, err := Listen(t.Context(), bindTo(t, "ipc://*"), o); err == nil || !strings.Contains(err.Error(), "write a path") {
		t.Errorf("a path that nobody can choose: %v", err)
	}
	o.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, io.ErrClosedPipe }
	_, err := Dial(t.Context(), connectTo(t, "ipc:///run/x"), o, nil)
	if failed := new(DialError); !errors.As(err, &failed) || failed.Remote != "ipc:///run/x" || failed.FD != -1 {
		t.Errorf("%v; want a *DialError for the path", err)
	}
}

func TestPeerOf(t *testing.T) {
	ln, bound := listen(t, "ipc://"+place(t), Options{})
	near := dial(t, bound, Options{})
	far, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	for side, c := range map[string]net.Conn{"dialled": near, "accepted": far} {
		who := PeerOf(c)
		if who == nil {
			t.Skip("this system does not say")
		}
		if who.UID != uint32(os.Geteuid()) || who.GID != uint32(os.Getegid()) || who.PID != 0 && who.PID != os.Getpid() {
			t.Errorf("%s: %+v; want this process", side, who)
		}
	}
	far.Close()
	ln, bound = listen(t, "tcp://127.0.0.1:*", Options{})
	defer ln.Close()
	if who := PeerOf(dial(t, bound, Options{})); who != nil || PeerOf(far) != nil {
		t.Errorf("over tcp: %+v; over a closed connection: %+v", who, PeerOf(far))
	}
}
