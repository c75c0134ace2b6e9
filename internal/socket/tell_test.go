package socket

import (
	"context"
	"testing"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/zmtp"
)

// A bell counts how often it was rung.
type bell struct{ rung chan struct{} }

func newBell() bell           { return bell{make(chan struct{}, 100)} }
func (b bell) ring()          { b.rung <- struct{}{} }
func (b bell) count() (n int) { return len(b.rung) }
func (b bell) await()         { <-b.rung }
func plain() Options          { return Options{Mechanism: zmtp.Null(), Linger: 0} }
func frame(s string) [][]byte { return [][]byte{[]byte(s)} }
func end(x *Context)          { x.Close(func(c *Core) error { return c.Shutdown(NoWait) }) }
func must(t *testing.T, e error) {
	t.Helper()
	if e != nil {
		t.Fatal(e)
	}
}

// Over inproc everything happens in the calls themselves, so that every count is exact.
func TestTellReadable(t *testing.T) {
	x := NewContext(0)
	defer end(x)
	pull, push := New(x, "PULL", plain()), New(x, "PUSH", plain())
	_, err := pull.Bind("inproc://a")
	must(t, err)
	must(t, push.Connect("inproc://a"))

	first, second := newBell(), newBell()
	for _, b := range []bell{first, second} { // the second takes the first one's place
		if fd, err := pull.TellReadable(b.ring, true); err != ErrWouldBlock || fd != -1 {
			t.Fatalf("nothing was sent: %d, %v", fd, err)
		}
	}
	must(t, push.Send(NoWait, frame("one")))
	must(t, push.Send(NoWait, frame("two")))
	if first.count() != 0 || second.count() != 1 {
		t.Fatalf("the bell that was replaced rang %d times, the other %d times", first.count(), second.count())
	}
	if _, err := pull.TellReadable(first.ring, false); err != nil {
		t.Fatalf("two messages wait: %v", err)
	}
	for range 2 {
		_, err := pull.Recv(NoWait)
		must(t, err)
	}
	must(t, push.Send(NoWait, frame("three")))
	if first.count() != 0 {
		t.Error("it was readable, and the bell is told nevertheless")
	}
	_, err = pull.Recv(NoWait)
	must(t, err)
	if _, err := pull.TellReadable(first.ring, false); err != ErrWouldBlock {
		t.Fatal(err)
	}
	x.Terminate()
	if first.count() != 1 {
		t.Error("the end was not told")
	}
	if _, err := pull.TellReadable(first.ring, false); err != ErrTerminated {
		t.Errorf("after the end: %v", err)
	}
}

func TestTellWritable(t *testing.T) {
	x := NewContext(0)
	defer end(x)
	opt := plain()
	opt.SendHWM, opt.RecvHWM = 1, 1
	push, pull := New(x, "PUSH", opt), New(x, "PULL", opt)
	b := newBell()
	if err := push.TellWritable(b.ring, false); err != ErrWouldBlock {
		t.Fatalf("nobody is there: %v", err)
	}
	_, err := pull.Bind("inproc://a")
	must(t, err)
	must(t, push.Connect("inproc://a"))
	if b.count() != 1 {
		t.Fatal("a peer has come, and it was not told")
	}
	for range 2 { // both marks together
		must(t, push.TellWritable(b.ring, false))
		must(t, push.Send(NoWait, frame("x")))
	}
	if err := push.TellWritable(b.ring, false); err != ErrWouldBlock || b.count() != 1 {
		t.Fatalf("the queue is full: %v, %d", err, b.count())
	}
	_, err = pull.Recv(NoWait)
	must(t, err)
	b.await()
	b.await()
}

// Who waits for one peer's room hears of it although another has some.
func TestTellWritableAlways(t *testing.T) {
	x := NewContext(0)
	defer end(x)
	opt := plain()
	opt.RouterMandatory, opt.SendHWM = true, 1
	router := New(x, "ROUTER", opt)
	_, err := router.Bind("inproc://a")
	must(t, err)
	to := map[string]*Core{}
	for _, name := range []string{"full", "free"} {
		opt := plain()
		opt.RoutingID, opt.RecvHWM = name, 1
		to[name] = New(x, "DEALER", opt)
		must(t, to[name].Connect("inproc://a"))
	}
	m := [][]byte{[]byte("full"), []byte("x")}
	for err = router.Send(NoWait, m); err == nil; err = router.Send(NoWait, m) {
	}
	if err != ErrWouldBlock {
		t.Fatal(err)
	}
	b := newBell()
	must(t, router.TellWritable(b.ring, true))
	for range 2 {
		_, err := to["full"].Recv(NoWait)
		must(t, err)
	}
	b.await()
	must(t, router.Send(NoWait, m))
}

// A caller who says that it reads by itself is lent the connection: it finds the bytes at the descriptor before any goroutine
// does, and loses the descriptor, with a bell, when it does not come to read.
func TestTellReadableLends(t *testing.T) {
	x := NewContext(0)
	defer end(x)
	pull, push := New(x, "PULL", plain()), New(x, "PUSH", plain())
	at, err := pull.Bind("tcp://127.0.0.1:*")
	must(t, err)
	must(t, push.Connect(at))
	b := newBell()
	lent := 0
	var in message.Buffer
	for i := range 100 {
		fd, err := pull.TellReadable(b.ring, true)
		if err != ErrWouldBlock {
			t.Fatalf("message %d: %v", i, err)
		}
		must(t, push.Send(context.Background(), frame("x")))
		for err = pull.RecvInto(NoWait, &in); err == ErrWouldBlock; err = pull.RecvInto(NoWait, &in) {
			if fd >= 0 && pull.FetchLent() {
				lent++
				continue
			}
			b.await()
			fd, _ = pull.TellReadable(b.ring, true)
		}
		must(t, err)
	}
	if lent == 0 {
		t.Error("the connection was never lent")
	}
	b = newBell() // the old one may have been rung more than once
	fd, err := pull.TellReadable(b.ring, true)
	if err != ErrWouldBlock {
		t.Fatal(err)
	}
	if fd >= 0 {
		if has := pull.State().Peers[0].FD; fd != has {
			t.Errorf("descriptor %d, and the connection's is %d", fd, has)
		}
		b.await() // nobody reads: its owner has it back
		if pull.FetchLent() {
			t.Error("it was given back, and still lent")
		}
	}
}
