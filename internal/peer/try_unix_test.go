//go:build unix

package peer

import (
	"io"
	"net"
	"testing"
	"time"
)

// A look takes nothing out, and says whether something was there.
func TestSoon(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	far, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	near, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer near.Close()
	c := &Conn{nc: near, opt: &Options{Spin: new(Spin)}}
	c.raw, _ = near.(*net.TCPConn).SyscallConn()
	c.opt.Spin.luck.Store(spinLuck)
	c.soon()
	if luck := c.opt.Spin.luck.Load(); luck != spinLuck-spinVain {
		t.Errorf("nothing came, and the luck is %d", luck)
	}
	far.Write([]byte("x"))
	near.SetReadDeadline(time.Now().Add(10 * time.Second))
	if err := c.raw.Read(func(fd uintptr) bool { return unread(c.raw, 1) }); err != nil {
		t.Fatal(err)
	}
	c.soon()
	if luck := c.opt.Spin.luck.Load(); luck != spinLuck-spinVain+1 {
		t.Errorf("something was there, and the luck is %d", luck)
	}
	if _, err := io.ReadFull(near, make([]byte, 1)); err != nil {
		t.Errorf("what was there is gone: %v", err)
	}
	far.Close()
}
