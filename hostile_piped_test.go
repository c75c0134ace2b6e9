package zmq_test

import (
	"bytes"
	"context"
	"io"
	"net"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/internal/assault"
)

// Memory, where it matters what a stranger hears and when: behind CURVE's handshake, and while it does not read. Its connection
// holds nothing, so that what it has written has been read.

// Behind CURVE a frame is gathered before it is opened: what was announced costs nothing there, either.
func TestHostileSealedAnnouncementsCostNothing(t *testing.T) {
	const conns = 50
	for name, words := range map[string]string{
		"a MESSAGE of 2^62-1":            `head:02:2^62-1 name:MESSAGE u64:3 fill:5000`, // more than is there at first
		"a MESSAGE of 100 kB, half sent": `head:02:100000 name:MESSAGE u64:3 fill:50000`,
		"the same behind a large one":    `curve.message { fill:60000 } head:02:100000 name:MESSAGE u64:4 fill:50000`,
		"a MESSAGE of 100 kB, begun":     `curve.message { "a" } head:02:100000 name:MESSAGE u64:4 fill:5000`,
	} {
		t.Run(name, func(t *testing.T) {
			cfg, err := security("CURVE-server")
			must(t, err)
			l := newPiped()
			cfg.Context, cfg.Network = newContext(t), zmq.Network{Listen: l.listen}
			pull := zmq.NewPull(cfg)
			bindTo(t, pull, "tcp://127.0.0.1:1")
			before, said := inUse(), 0
			for range conns {
				said = l.enterAndSay(t, words)
			}
			if n := len(pull.State().Peers); n != conns {
				t.Fatalf("%d connections, want %d", n, conns)
			}
			each, most := (inUse()-before)/conns, int64(mostPerConn+2*said) // the attacker's own memory is among it
			t.Logf("each connection costs %d bytes and sent %d", each, said)
			if each > most {
				t.Errorf("at most %d are allowed", most)
			}
			runtime.KeepAlive(pull)
		})
	}
}

// enterAndSay is an attacker with the right key, who stays. When it returns, what it said has been taken in. It says how many bytes
// that were.
func (l *pipedListener) enterAndSay(t *testing.T, words string) int {
	t.Helper()
	conn := &tallied{Conn: l.dial(t)}
	steps := append(slices.Clone(assault.Entrance("CURVE-server")), assault.Step{Verb: ">", Words: strings.Fields(words)})
	a := &assault.Attack{In: &assault.Input{Mechanism: "CURVE-server", Steps: steps}, Type: "PULL", Conn: conn, Patience: patience}
	a.Begin()
	t.Cleanup(a.Close)
	must(t, a.Strike(within(t)))
	_, err := conn.Write([]byte("x")) // is read when our side is back for more
	must(t, err)
	return conn.wrote
}

// A tallied connection knows how much was written to it.
type tallied struct {
	net.Conn
	wrote int
}

func (c *tallied) Write(b []byte) (n int, err error) {
	n, err = c.Conn.Write(b)
	c.wrote += n
	return n, err
}

// Of the PINGs of a peer that does not read, as many are answered as MaxPongs says, and one by default: no more PONGs ever
// wait behind what is being written.
func TestHostilePingsOfTheDeaf(t *testing.T) {
	t.Run("by default", func(t *testing.T) { deafPings(t, 0, `PONG{ "second" }`) })
	t.Run("three may wait", func(t *testing.T) { deafPings(t, 3, `PONG{ "second" } PONG{ "more" } PONG{ "more" }`) })
}

func deafPings(t *testing.T, most int, waiting string) {
	const pings = 10_000
	l := newPiped()
	pair := zmq.NewPair(zmq.Config{Context: newContext(t), Network: zmq.Network{Listen: l.listen}, MaxPongs: most})
	bindTo(t, pair, "tcp://127.0.0.1:1")
	conn := l.dial(t)
	spell := func(words string) []byte { return spelled(t, words, "PAIR") }
	write := func(b []byte) {
		_, err := conn.Write(b) // returns when our side has read it
		must(t, err)
	}
	read := func(n int) []byte {
		b := make([]byte, n)
		_, err := io.ReadFull(conn, b)
		must(t, err)
		return b
	}
	go conn.Write(spell("peer")) // both sides talk at once, and the pipe holds nothing
	read(len(assault.Opening("PAIR")))
	write(spell(`PING{ hex:0000 "first" }`))
	pong := spell(`PONG{ "first" }`)
	read(1) // the writer has begun: the rest of this PONG is in its hands, and stays there
	write(spell(`PING{ hex:0000 "second" }`))
	write(bytes.Repeat(spell(`PING{ hex:0000 "more" }`), pings))
	write(spell("JUNK")) // is read when the PINGs have been obeyed
	send(t, pair, "end") // goes out behind everything that waits
	want := append(pong[1:], spell(waiting+` frame{ "end" }`)...)
	if got := read(len(want)); !bytes.Equal(got, want) {
		t.Errorf("%d PINGs later the peer is sent %q, want %q", pings, got, want)
	}
}

// A pipedListener hands out connections that hold nothing: what one end writes, the other has read.
type pipedListener struct {
	conns chan net.Conn
	once  sync.Once
	over  chan struct{}
}

func newPiped() *pipedListener {
	return &pipedListener{conns: make(chan net.Conn), over: make(chan struct{})}
}

func (l *pipedListener) listen(context.Context, string, string) (net.Listener, error) { return l, nil }

// dial is a stranger's end, which the test closes when it ends.
func (l *pipedListener) dial(t *testing.T) net.Conn {
	t.Helper()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { theirs.Close() })
	theirs.SetDeadline(time.Now().Add(patience))
	select {
	case l.conns <- ours:
	case <-within(t).Done():
		t.Fatal("nobody accepts")
	}
	return theirs
}

func (l *pipedListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.over:
		return nil, net.ErrClosed
	}
}

func (l *pipedListener) Close() error {
	l.once.Do(func() { close(l.over) })
	return nil
}

func (l *pipedListener) Addr() net.Addr { return scriptedAddr }
