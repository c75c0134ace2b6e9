package zmq_test

import (
	"context"
	"io"
	"net"
	"os"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/internal/assault"
	"github.com/glassmq/zmq/internal/headroom"
	"github.com/glassmq/zmq/monitor"
)

// Memory: a connection costs at most 64 KiB and twice the bytes that came over it, whatever sizes they
// announce, and what is no message costs nothing once it was read (R3; CVE-2021-20237, CVE-2021-20234).
//
// The attackers are scripted: they cost nothing themselves, and it can be told when everything they say has been read.

const mostPerConn = 64 << 10

func TestHostileAnnouncementsCostNothing(t *testing.T) {
	const conns = 200
	for name, words := range map[string]string{
		"a body of 2^62-1":                    `peer head:02:2^62-1 "xxxxx"`,
		"a part of 2^62-1":                    `peer more{ "a" } head:03:2^62-1 "xxxxx"`,
		"a body of 2^62-1, 100 kB of it sent": `peer head:02:2^62-1 fill:100000`,
		"a body of 2^40 behind a message":     `peer frame{ fill:50 } head:02:2^40 "xxxxx"`,
		"a body of 8 KiB":                     `peer head:02:8192`,
		"a command of 32 KiB":                 `peer head:06:32768 "\x04PING"`,
		"a READY of 128 KiB":                  `greeting head:06:131072 "\x05READY"`,
		"a READY of 60 kB, sent":              `greeting READY{ prop:Socket-Type=PUSH name:X-A u32:60000 fill:60000 }`,
		"half a READY of 100 kB":              `greeting head:06:100000 name:READY fill:50000`,
		"half a greeting":                     `hex:ff0000000000000000`,
		"nothing":                             ``,
		"parts of nothing":                    `peer repeat:10000{ more{ } }`,
		"parts of a byte":                     `peer repeat:10000{ more{ "x" } }`,
		"parts of 8 KiB":                      `peer repeat:10{ longmore{ fill:8192 } }`,
		"commands":                            `peer repeat:1000{ JUNK{ fill:100 } }`,
		"commands between two parts":          `peer more{ "a" } repeat:1000{ JUNK{ fill:100 } }`,
	} {
		t.Run(name, func(t *testing.T) {
			wire := spelled(t, words, "PULL")
			l := newScripted()
			pull := zmq.NewPull(zmq.Config{Context: newContext(t), HandshakeTimeout: zmq.Off, Network: l.network()})
			bindTo(t, pull, "tcp://127.0.0.1:1")
			before := inUse()
			for range conns {
				l.connect(within(t), &scripted{script: wire})
			}
			l.quiet(t, conns)
			if n := len(pull.State().Peers); n != conns {
				t.Fatalf("%d connections, want %d", n, conns)
			}
			each, most := (inUse()-before)/conns, int64(mostPerConn+2*len(wire))
			t.Logf("each connection costs %d bytes and sent %d", each, len(wire))
			if each > most {
				t.Errorf("at most %d are allowed", most)
			}
			runtime.KeepAlive(pull)
		})
	}
}

// A flood of what is no message leaves nothing behind, also while a message waits to be received and while nobody reads the
// answers.
func TestHostileFloodsCostNothing(t *testing.T) {
	const (
		size  = 4 << 20
		slack = 128 << 10 // for what a first flood makes the runtime keep, and two commands of 32 KiB at work
	)
	for name, c := range map[string]struct{ typ, first, flood string }{
		"commands":                              {"PULL", `peer`, `JUNK{ fill:1000 }`},
		"small commands":                        {"PULL", `peer`, `JUNK`},
		"commands behind a message":             {"PULL", `peer frame{ "unread" }`, `JUNK{ fill:1000 }`},
		"commands behind many messages":         {"PULL", `peer repeat:900{ frame{ fill:100 } }`, `JUNK{ fill:100 }`},
		"commands behind a part":                {"PULL", `peer more{ "a" }`, `JUNK{ fill:1000 }`},
		"commands behind a message and a part":  {"PULL", `peer frame{ "unread" } more{ "a" }`, `JUNK{ fill:1000 }`},
		"commands behind a large part":          {"PULL", `peer more{ fill:20000 }`, `JUNK{ fill:1000 }`},
		"commands of 32 KiB behind a message":   {"PULL", `peer frame{ "unread" }`, `command{ name:JUNK fill:32763 }`},
		"SUBSCRIBE to a PULL":                   {"PULL", `peer`, `SUBSCRIBE{ fill:100 }`},
		"PONG":                                  {"PULL", `peer frame{ "unread" }`, `PONG{ "x" }`},
		"PING whose PONG nobody reads":          {"PULL", `peer`, `PING{ hex:0000 fill:16 }`},
		"PING behind a message":                 {"PAIR", `peer frame{ "unread" }`, `PING{ hex:0000 fill:16 }`},
		"messages to a PUSH":                    {"PUSH", `peer`, `frame{ fill:100 } more{ "a" } frame{ "b" }`},
		"large messages to a PUSH":              {"PUSH", `peer`, `frame{ fill:100000 }`},
		"commands to a REQ":                     {"REQ", `peer`, `SUBSCRIBE{ fill:10 }`},
		"commands in the middle of large parts": {"PULL", `peer more{ fill:9000 } more{ "b" } more{ fill:9000 }`, `JUNK{ fill:100 }`},
	} {
		t.Run(name, func(t *testing.T) {
			var wire [2][]byte
			for i, words := range []string{c.first, c.flood} {
				wire[i] = spelled(t, words, c.typ)
			}
			l := newScripted()
			s := (&field{x: newContext(t)}).socket(t, c.typ, zmq.Config{Network: l.network(), HandshakeTimeout: zmq.Off})
			bindTo(t, s, "tcp://127.0.0.1:1")
			before := inUse()
			l.connect(within(t), &scripted{script: wire[0], flood: wire[1], times: size / len(wire[1]), deaf: true})
			l.quiet(t, 1)
			if len(s.State().Peers) != 1 {
				t.Fatal("the connection has ended")
			}
			grown, most := inUse()-before, int64(mostPerConn+2*len(wire[0])+slack)
			t.Logf("after a flood of %d bytes the connection costs %d", size, grown)
			if grown > most {
				t.Errorf("at most %d are allowed", most)
			}
			runtime.KeepAlive(s)
		})
	}
}

// A subscriber that says again and again what is known makes no work for the collector, in either form that subscriptions have.
func TestHostileRepetitionsAllocateNothing(t *testing.T) {
	const times = 20_000
	for name, words := range map[string]string{"as a command": `SUBSCRIBE{ fill:100 }`, "as a message": `frame{ hex:01 fill:100 }`} {
		t.Run(name, func(t *testing.T) {
			l := newScripted()
			pub := zmq.NewPub(zmq.Config{Context: newContext(t), Network: l.network(), HandshakeTimeout: zmq.Off})
			bindTo(t, pub, "tcp://127.0.0.1:1")
			flood := spelled(t, words, "PUB")
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			l.connect(within(t), &scripted{script: append(spelled(t, "peer", "PUB"), flood...), flood: flood, times: times, deaf: true})
			l.quiet(t, 1)
			runtime.ReadMemStats(&after)
			if n := pub.State().Peers; len(n) != 1 || n[0].Subscriptions != 1 {
				t.Fatalf("%+v, want a peer with a subscription", n)
			}
			if each := float64(after.TotalAlloc-before.TotalAlloc) / times; each > 10 {
				t.Errorf("each costs %.0f bytes", each)
			}
		})
	}
}

// inUse is the memory that the program holds: objects and stacks. Headroom is none.
func inUse() int64 {
	var m runtime.MemStats
	for {
		before := headroom.Held()
		for range 2 { // what a finalizer lets go of, the second takes
			runtime.GC()
		}
		runtime.ReadMemStats(&m)
		if headroom.Held() == before { // else it went meanwhile, and nobody knows whether it was counted
			return int64(m.HeapAlloc+m.StackInuse) - before
		}
	}
}

// TestHostilePingFlood asks over the system's TCP for more PONGs than it reads: it is read to the end, and the connection lives.
func TestHostilePingFlood(t *testing.T) {
	pull := zmq.NewPull(zmq.Config{Context: newContext(t), SendBuffer: 4 << 10})
	w := pull.Watch(monitor.Lifecycle)
	conn, err := net.Dial("tcp", address(bindTo(t, pull, "tcp://127.0.0.1:*")))
	must(t, err)
	defer conn.Close()
	conn.(*net.TCPConn).SetReadBuffer(4 << 10)
	conn.SetDeadline(time.Now().Add(patience))
	peer, ping := spelled(t, "peer", "PULL"), spelled(t, "PING{ hex:0000 fill:16 }", "PULL")
	const pings = 50_000
	_, err = conn.Write(append(peer, slices.Repeat(ping, pings)...)) // returns when our side has read nearly all of it
	must(t, err)
	pong := spelled(t, "PONG{ fill:16 }", "PULL")
	answers := make([]byte, len(assault.Opening("PULL"))+len(pong))
	_, err = io.ReadFull(conn, answers) // one is answered, however late the writer comes
	must(t, err)
	must(t, conn.(*net.TCPConn).CloseWrite())
	_, err = io.Copy(io.Discard, conn)
	must(t, err)
	for e := range w.Events(within(t)) {
		if e.Terminal() {
			if e.Reason != monitor.ReasonPeerClosed {
				t.Errorf("a peer that asks too often and leaves ends in %v", e)
			}
			return
		}
	}
}

// A scriptedListener hands out connections whose other end is a script.
type scriptedListener struct {
	conns chan *scripted
	read  chan struct{} // one for each connection whose script was read to its end
	once  sync.Once
	over  chan struct{}
}

func newScripted() *scriptedListener {
	return &scriptedListener{conns: make(chan *scripted), read: make(chan struct{}, 1024), over: make(chan struct{})}
}

func (l *scriptedListener) network() zmq.Network {
	return zmq.Network{Listen: func(context.Context, string, string) (net.Listener, error) { return l, nil }}
}

// connect is a stranger that dials.
func (l *scriptedListener) connect(ctx context.Context, c *scripted) {
	c.listener = l
	c.turn.L = &c.mu
	select {
	case l.conns <- c:
	case <-ctx.Done():
	}
}

// quiet waits until n scripts were read, and all that they say has been taken in: their reader is back for more.
func (l *scriptedListener) quiet(t *testing.T, n int) {
	t.Helper()
	late := within(t).Done()
	for i := range n {
		select {
		case <-l.read:
		case <-late:
			t.Fatalf("%d of %d strangers are not heard out", n-i, n)
		}
	}
}

func (l *scriptedListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.over:
		return nil, net.ErrClosed
	}
}

func (l *scriptedListener) Close() error {
	l.once.Do(func() { close(l.over) })
	return nil
}

func (l *scriptedListener) Addr() net.Addr { return scriptedAddr }

var scriptedAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1}

// A scripted connection says its script, then its flood so many times, and then nothing.
type scripted struct {
	listener *scriptedListener
	script   []byte
	flood    []byte
	times    int
	deaf     bool // what is written behind the opening waits for ever

	mu sync.Mutex
	// mu guards:
	turn    sync.Cond
	at      int
	told    bool
	wrote   int
	stopped bool // a deadline has passed, or it was closed
}

func (c *scripted) Read(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.at == len(c.script) {
		if c.times > 0 {
			c.times--
			c.script, c.at = c.flood, 0
			break
		}
		if !c.told {
			c.told = true
			c.listener.read <- struct{}{}
		}
		if c.stopped {
			return 0, os.ErrDeadlineExceeded
		}
		c.turn.Wait()
	}
	n := copy(p, c.script[c.at:])
	c.at += n
	return n, nil
}

func (c *scripted) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.deaf && c.wrote >= 64+24 && !c.stopped {
		c.turn.Wait()
	}
	if c.stopped {
		return 0, os.ErrDeadlineExceeded
	}
	c.wrote += len(p)
	return len(p), nil
}

func (c *scripted) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = !t.IsZero() && !t.After(time.Now())
	c.turn.Broadcast()
	return nil
}

func (c *scripted) SetReadDeadline(t time.Time) error  { return c.SetDeadline(t) }
func (c *scripted) SetWriteDeadline(t time.Time) error { return c.SetDeadline(t) }
func (c *scripted) Close() error                       { return c.SetDeadline(time.Unix(1, 0)) }
func (c *scripted) LocalAddr() net.Addr                { return scriptedAddr }
func (c *scripted) RemoteAddr() net.Addr               { return scriptedAddr }
