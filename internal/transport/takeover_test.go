//go:build unix

package transport

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// dead leaves a socket's file at path, as a process does that is killed.
func dead(t *testing.T, path string) string {
	t.Helper()
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	ln.SetUnlinkOnClose(false)
	ln.Close()
	return path
}

// needLocks skips where lock knows no way.
func needLocks(t *testing.T) {
	t.Helper()
	unlock, err := lock(t.Context(), place(t))
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip("this system has no locks that end with their holder: nothing is taken over")
	}
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

func TestDeadSocketIsTakenOver(t *testing.T) {
	needLocks(t)
	path := dead(t, place(t))
	ln, bound := listen(t, "ipc://"+path, Options{})
	reaches(t, ln, bound)
	if names := left(t, path); !slices.Equal(names, []string{"socket"}) {
		t.Errorf("beside the socket there are %q", names)
	}
	if err := ln.Close(); err != nil || len(left(t, path)) != 0 {
		t.Errorf("closed: %v, and %q are left", err, left(t, path))
	}
}

// A living socket keeps its path, listening or not yet, and does not even hear of the attempt.
func TestLivingSocketIsNotTakenOver(t *testing.T) {
	path := place(t)
	ln, bound := listen(t, "ipc://"+path, Options{})
	_, _, err := Listen(t.Context(), bindTo(t, bound), Options{})
	if failed := new(ListenError); !errors.Is(err, syscall.EADDRINUSE) || !errors.As(err, &failed) || failed.FD < 0 {
		t.Errorf("%v; want a *ListenError that says in use", err)
	}
	ln.(*unixListener).SetDeadline(time.Now().Add(20 * time.Millisecond))
	if c, err := ln.Accept(); err == nil {
		t.Errorf("%v came in", c)
	}

	other := place(t)
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := syscall.Bind(fd, &syscall.SockaddrUnix{Name: other}); err != nil {
		t.Fatal(err)
	}
	if _, _, err := Listen(t.Context(), bindTo(t, "ipc://"+other), Options{}); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("bound by somebody who does not listen yet: %v", err)
	}
	for _, network := range []string{"unixgram", "unixpacket"} {
		third := place(t)
		c, err := listenLocal(network, third)
		if errors.Is(err, syscall.EPROTONOSUPPORT) {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := Listen(t.Context(), bindTo(t, "ipc://"+third), Options{}); !errors.Is(err, syscall.EADDRINUSE) {
			t.Errorf("a living %s socket's: %v", network, err)
		}
		c.Close()
	}
}

func listenLocal(network, path string) (interface{ Close() error }, error) {
	at := &net.UnixAddr{Name: path, Net: network}
	if network == "unixgram" {
		return net.ListenUnixgram(network, at)
	}
	return net.ListenUnix(network, at)
}

func TestOtherFilesStay(t *testing.T) {
	path := place(t)
	socket := dead(t, path+"2")
	for name, mk := range map[string]func() error{
		"file":      func() error { return os.WriteFile(path, []byte("dear"), 0o600) },
		"directory": func() error { return os.Mkdir(path, 0o700) },
		"link":      func() error { return os.Symlink(socket, path) },
		"no target": func() error { return os.Symlink(path+"3", path) },
	} {
		if err := mk(); err != nil {
			t.Fatal(err)
		}
		_, _, err := Listen(t.Context(), bindTo(t, "ipc://"+path), Options{})
		if !errors.Is(err, ErrNotSocket) || !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), path+" is not a socket: remove it") {
			t.Errorf("%s: %v", name, err)
		}
		if err := os.Remove(path); err != nil {
			t.Errorf("%s: %v; want it still there", name, err)
		}
	}
}

// Many find the same dead file at once. Each time one gets it, is there under its name, and the others hear that it is in use.
func TestOneWinsADeadSocket(t *testing.T) {
	needLocks(t)
	path := place(t)
	for round := range 200 {
		dead(t, path)
		var start, done sync.WaitGroup
		var won atomic.Pointer[net.Listener]
		start.Add(1)
		for range 4 {
			done.Go(func() {
				start.Wait()
				ln, _, err := Listen(t.Context(), bindTo(t, "ipc://"+path), Options{})
				switch {
				case err == nil && !won.CompareAndSwap(nil, &ln):
					t.Errorf("round %d: two have won", round)
					ln.Close()
				case err != nil && !errors.Is(err, syscall.EADDRINUSE):
					t.Errorf("round %d: %v", round, err)
				}
			})
		}
		start.Done()
		done.Wait()
		if won.Load() == nil {
			t.Fatalf("round %d: nobody has won", round)
		}
		ln := *won.Load()
		if names := left(t, path); !slices.Equal(names, []string{"socket"}) {
			t.Fatalf("round %d: there are %q", round, names)
		}
		dial(t, "ipc://"+path, Options{}).Close()
		if err := ln.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHeldLockIsNoTakeover(t *testing.T) {
	needLocks(t)
	path := dead(t, place(t))
	unlock, err := lock(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = Listen(within(t, 20*time.Millisecond), bindTo(t, "ipc://"+path), Options{})
	if !errors.Is(err, syscall.EADDRINUSE) || !strings.Contains(err.Error(), "dead process's and cannot be taken over") {
		t.Errorf("%v; want in use, and the cure", err)
	}
	unlock()
	listen(t, "ipc://"+path, Options{})
}

// Who dies with the lock in hand leaves a file that keeps nobody out, and that the next one clears away.
func TestForgottenLockKeepsNobodyOut(t *testing.T) {
	needLocks(t)
	path := dead(t, place(t))
	forgotten := filepath.Join(filepath.Dir(path), ".socket.glassmq")
	if err := os.WriteFile(forgotten, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	listen(t, "ipc://"+path, Options{})
	if names := left(t, path); !slices.Equal(names, []string{"socket"}) {
		t.Errorf("there are %q", names)
	}
	if err := os.Symlink("/etc/passwd", forgotten); err != nil {
		t.Fatal(err)
	}
	if unlock, err := lock(t.Context(), path); err == nil {
		unlock()
		t.Error("the lock was a link to somebody's file")
	}
}

// What has come to stand at the path meanwhile is not ours to remove.
func TestCloseLeavesOthersFiles(t *testing.T) {
	path := place(t)
	ln, _ := listen(t, "ipc://"+path, Options{})
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if err := ln.Close(); err != nil {
		t.Errorf("closed without a file: %v", err)
	}

	ln, _ = listen(t, "ipc://"+path, Options{})
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	other, bound := listen(t, "ipc://"+path, Options{})
	if err := ln.Close(); err != nil {
		t.Error(err)
	}
	reaches(t, other, bound)

	again := other.(*unixListener)
	again.Close()
	ln, bound = listen(t, "ipc://"+path, Options{})
	again.Close()
	reaches(t, ln, bound)
}
