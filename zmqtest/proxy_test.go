package zmqtest_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// pair is the two ends of a connection through a Proxy, as raw bytes.
func pair(t *testing.T) (p *zmqtest.Proxy, up, down net.Conn, again func() (up, down net.Conn)) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p = zmqtest.NewProxy(t, "tcp://"+l.Addr().String())
	again = func() (up, down net.Conn) {
		t.Helper()
		up, err := net.Dial("tcp", strings.TrimPrefix(p.Endpoint(), "tcp://"))
		if err != nil {
			t.Fatal(err)
		}
		down, err = l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { up.Close(); down.Close() })
		for _, c := range []net.Conn{up, down} {
			c.SetDeadline(time.Now().Add(10 * time.Second))
		}
		return up, down
	}
	up, down = again()
	return p, up, down, again
}

func write(t *testing.T, c net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(c, text); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, c net.Conn, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(c, got); string(got) != want {
		t.Fatalf("%q arrived, want %q: %v", got[:n], want, err)
	}
}

func TestProxyHandsOnBytesAndEnds(t *testing.T) {
	p, up, down, again := pair(t)
	write(t, up, "there")
	read(t, down, "there")
	write(t, down, "back")
	read(t, up, "back")
	up.(*net.TCPConn).CloseWrite()
	if rest, err := io.ReadAll(down); len(rest) != 0 || err != nil {
		t.Errorf("%q, %v behind the end", rest, err)
	}
	write(t, down, "and still")
	read(t, up, "and still")
	down.Close()
	if rest, err := io.ReadAll(up); len(rest) != 0 || err != nil {
		t.Errorf("%q, %v behind the other end", rest, err)
	}
	again()
	if n := p.Connections(); n != 2 {
		t.Errorf("%d connections, want 2", n)
	}
}

func TestProxyLatency(t *testing.T) {
	p, up, down, _ := pair(t)
	const d = 50 * time.Millisecond
	p.SetLatency(d)
	began := time.Now()
	write(t, up, "late")
	read(t, down, "late")
	if took := time.Since(began); took < d {
		t.Errorf("it took %v, want %v at least", took, d)
	}
}

func TestProxySlices(t *testing.T) {
	p, up, down, _ := pair(t)
	p.Slice(3)
	text := strings.Repeat("0123456789", 100)
	write(t, up, text)
	read(t, down, text)
}

// What is held comes when it may; meanwhile the other direction goes on.
func TestProxyStall(t *testing.T) {
	p, up, down, _ := pair(t)
	p.Stall(zmqtest.Up, true)
	write(t, up, "held")
	write(t, down, "free")
	read(t, up, "free")
	down.SetReadDeadline(time.Now().Add(50 * time.Millisecond))
	if n, err := down.Read(make([]byte, 1)); n != 0 || !errors.Is(err, context.DeadlineExceeded) && !isTimeout(err) {
		t.Fatalf("%d bytes, %v through a way that is held", n, err)
	}
	p.Stall(zmqtest.Up, false)
	down.SetReadDeadline(time.Now().Add(10 * time.Second))
	read(t, down, "held")
}

func isTimeout(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// A sender that does not stop is held back.
func TestProxyStallIsBackPressure(t *testing.T) {
	p, up, _, _ := pair(t)
	p.Stall(zmqtest.Up, true)
	up.SetWriteDeadline(time.Now().Add(200 * time.Millisecond))
	if n, err := up.Write(make([]byte, 64<<20)); !isTimeout(err) {
		t.Errorf("%d bytes went into a way that is held: %v", n, err)
	}
}

func TestProxyBlackHole(t *testing.T) {
	p, up, down, _ := pair(t)
	p.BlackHole(true)
	write(t, up, "lost?")
	up.Close()
	p.BlackHole(false)
	if all, err := io.ReadAll(down); string(all) != "lost?" || err != nil {
		t.Errorf("%q, %v came out of it, want all of it and the end", all, err)
	}
}

func TestProxyCutsAndCorrupts(t *testing.T) {
	p, _, _, again := pair(t)
	p.CutAfter(zmqtest.Up, 5)
	p.Corrupt(zmqtest.Down, 1)
	up, down := again()
	write(t, down, "abc")
	read(t, up, "a\x9dc")
	write(t, up, "0123456789")
	got, err := io.ReadAll(down)
	if !bytes.HasPrefix([]byte("01234"), got) || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%q, %v; want at most five bytes and a reset", got, err)
	}
	if _, err := io.ReadAll(up); !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("the end that dialled hears %v, want a reset", err)
	}
	up, down = again() // for the next connection only
	write(t, up, "0123456789")
	read(t, down, "0123456789")
	write(t, down, "abc")
	read(t, up, "abc")
}

func TestProxyResets(t *testing.T) {
	p, up, down, again := pair(t)
	again()
	if n := p.Reset(); n != 2 {
		t.Errorf("%d connections were reset, want 2", n)
	}
	for name, c := range map[string]net.Conn{"that dialled": up, "behind": down} {
		if _, err := io.ReadAll(c); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("the end %s hears %v", name, err)
		}
	}
}

func TestProxyHalfCloses(t *testing.T) {
	p, up, down, _ := pair(t)
	write(t, up, "last")
	read(t, down, "last")
	if n := p.HalfClose(zmqtest.Up); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
	if rest, err := io.ReadAll(down); len(rest) != 0 || err != nil {
		t.Errorf("%q, %v; want the end", rest, err)
	}
	write(t, up, "nobody hears this")
	write(t, down, "this they do")
	read(t, up, "this they do")
}

func TestProxyRefuses(t *testing.T) {
	p, up, down, again := pair(t)
	p.Refuse(true)
	if _, err := net.Dial("tcp", strings.TrimPrefix(p.Endpoint(), "tcp://")); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("an attempt ends in %v", err)
	}
	write(t, up, "old friends")
	read(t, down, "old friends")
	p.Refuse(false)
	again()
}

// Sockets on real TCP and ipc: what was sent before a break that the sender could see arrives, once it is over.
func TestProxyBetweenSockets(t *testing.T) {
	for _, target := range []string{"tcp://127.0.0.1:*", "ipc://" + filepath.Join(t.TempDir(), "s")} {
		scheme, _, _ := strings.Cut(target, ":")
		t.Run(scheme, func(t *testing.T) {
			x := zmq.NewContext(zmq.ContextConfig{})
			t.Cleanup(func() { x.Shutdown(zmq.NoWait) })
			pull := zmq.NewPull(zmq.Config{Context: x})
			at, err := pull.Bind(target)
			if err != nil {
				t.Fatal(err)
			}
			p := zmqtest.NewProxy(t, at)
			push := zmq.NewPush(zmq.Config{Context: x, ReconnectMin: time.Millisecond})
			story := zmqtest.Record(t, push, monitor.Lifecycle)
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			for _, step := range []func(){
				func() { push.Connect(p.Endpoint()) },
				func() { p.Reset() },
				func() { p.Slice(1); p.Reset() },
			} {
				before := p.Connections()
				step()
				story.WaitFor(monitor.HandshakeSucceeded, before+1)
				if err := push.Send(ctx, []byte("through")); err != nil {
					t.Fatal(err)
				}
				if m, err := pull.Recv(ctx); err != nil || string(m.Body()) != "through" {
					t.Fatalf("%q, %v", m.Body(), err)
				}
			}
		})
	}
}
