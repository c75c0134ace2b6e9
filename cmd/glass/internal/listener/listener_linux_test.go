package listener

import (
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func listen(t *testing.T, at string) (*net.TCPListener, netip.AddrPort) {
	t.Helper()
	l, err := net.Listen("tcp", at)
	if err != nil {
		t.Skip(err) // a kernel without IPv6
	}
	t.Cleanup(func() { l.Close() })
	return l.(*net.TCPListener), netip.MustParseAddrPort(l.Addr().String())
}

func dial(t *testing.T, to netip.AddrPort) (net.Conn, netip.AddrPort) {
	t.Helper()
	c, err := net.Dial("tcp", to.String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, netip.MustParseAddrPort(c.LocalAddr().String())
}

func mustLook(t *testing.T, local, remote netip.AddrPort) View {
	t.Helper()
	v, err := Look(local, remote)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// The life of a connection as the kernel has it: it waits, is taken, has not been read, has.
func TestAConnection(t *testing.T) {
	for _, at := range []string{"127.0.0.1:0", "[::1]:0"} {
		l, to := listen(t, at)
		c, local := dial(t, to)
		if _, err := c.Write([]byte("twelve bytes")); err != nil {
			t.Fatal(err)
		}
		v := mustLook(t, local, to)
		if v.At != to || v.Waiting != 1 || !v.Conn.Known || v.Conn.Accepted || v.Conn.Unread != 12 || len(v.Peers) > 0 || len(v.Elsewhere) > 0 {
			t.Errorf("%s: it waits: %+v", at, v)
		}
		if v.Process == nil || v.Process.PID != os.Getpid() || v.Process.Name == "" || v.Process.Stopped || v.Process.Limit == 0 || v.Process.Descriptors < 5 {
			t.Errorf("%s: the process is %+v", at, v.Process)
		}
		if err := c.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		if v := mustLook(t, local, to); !v.Conn.Known || v.Conn.Unread != 12 {
			t.Errorf("%s: it waits, and we have finished: %+v", at, v)
		}
		far, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer far.Close()
		if v := mustLook(t, local, to); v.Waiting != 0 || !v.Conn.Accepted || v.Conn.Unread != 12 {
			t.Errorf("%s: it is taken: %+v", at, v)
		}
		if _, err := far.Read(make([]byte, 99)); err != nil {
			t.Fatal(err)
		}
		if v := mustLook(t, local, to); v.Conn.Unread != 0 {
			t.Errorf("%s: it is read: %+v", at, v)
		}
		_, other := dial(t, to)
		second, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer second.Close()
		if v := mustLook(t, netip.AddrPort{}, to); v.Conn.Known || !slices.Equal(v.Peers, []netip.AddrPort{other}) {
			t.Errorf("%s: of those who still speak, there is one peer: %+v", at, v)
		}
	}
}

// The most special address is the one that a connection goes to.
func TestWhoListens(t *testing.T) {
	l, all := listen(t, "0.0.0.0:0")
	one := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.1"), all.Port())
	_, elsewhere := dial(t, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), all.Port()))
	far, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	if v := mustLook(t, netip.AddrPort{}, one); v.At != all || !slices.Equal(v.Peers, []netip.AddrPort{elsewhere}) {
		t.Errorf("%+v: want %v, and the peer at another address", v, all)
	}
	_, here := listen(t, "127.0.0.1:0")
	there := netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), here.Port())
	if v := mustLook(t, netip.AddrPort{}, there); v.At.IsValid() || !slices.Equal(v.Elsewhere, []netip.AddrPort{here}) || v.Process != nil {
		t.Errorf("%+v: want nobody, and %v elsewhere", v, here)
	}
	_, both := listen(t, "[::]:0")
	if v := mustLook(t, netip.AddrPort{}, netip.AddrPortFrom(one.Addr(), both.Port())); v.At != both {
		t.Errorf("%+v: want %v, for both families", v, both)
	}
}

func TestAStoppedProcess(t *testing.T) {
	cmd := exec.Command("sleep", "60")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { cmd.Process.Kill(); cmd.Wait() }()
	if p := Of(cmd.Process.Pid); p.Stopped {
		t.Errorf("%+v: it runs", p)
	}
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(cmd.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Fatal(err, status)
	}
	if p := Of(cmd.Process.Pid); !p.Stopped || p.Name != "sleep" && !strings.Contains(p.Name, "coreutils") {
		t.Errorf("%+v: it is stopped", p)
	}
}

func TestOpenFiles(t *testing.T) {
	const head = "Limit                     Soft Limit           Hard Limit           Units\n"
	for text, want := range map[string]int{
		head + "Max open files            1024                 4096                 files\n":     1024,
		head + "Max open files            unlimited            unlimited            files\n":     0,
		head + "Max processes             7                    7                    processes\n": 0,
		head + "Max open files": 0, "": 0,
	} {
		if got := openFiles(text); got != want {
			t.Errorf("%q: %d, want %d", text, got, want)
		}
	}
}
