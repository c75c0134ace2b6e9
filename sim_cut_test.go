package zmq_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// R12: a connection dies after each byte that it could die after, whoever sends it: the one who dialled or the one who is bound,
// the one who says the messages or the one who listens. Messages of several frames arrive whole, once, in order; one at most is
// lost, and told; those after the reconnect are whole.
func TestR12CutAtEveryByte(t *testing.T) {
	for name, step := range map[string]int{"NULL": 1, "CURVE": 7} {
		lock := locks[slices.IndexFunc(locks, func(l lock) bool { return l.name == name })]
		if *full {
			step = 1
		} else if raceEnabled {
			step *= 10
		}
		for _, c := range []cut{{lock: lock}, {lock: lock, up: true}, {lock: lock, pullDials: true}, {lock: lock, pullDials: true, up: true}} {
			t.Run(fmt.Sprintf("%s, up %v, PULL dials %v", name, c.up, c.pullDials), func(t *testing.T) {
				end := c.measure(t)
				for c.at = 0; c.at < end && !t.Failed(); c.at += step {
					synctest.Test(t, c.happens)
				}
				t.Logf("%d bytes", end)
			})
		}
	}
}

// A byte that is turned over anywhere in a sealed connection costs at most what was behind it: what arrives is what was sent.
func TestR12WrongAtEveryByte(t *testing.T) {
	step := 7
	if *full {
		step = 1
	} else if raceEnabled {
		step = 70
	}
	c := cut{lock: locks[2], up: true, wrong: true}
	end := c.measure(t)
	for c.at = 64; c.at < end && !t.Failed(); c.at += step {
		synctest.Test(t, c.happens)
	}
}

// A cut is one way in which the first connection dies.
type cut struct {
	lock      lock
	pullDials bool
	up        bool // counts the bytes of the end that dialled
	at        int  // so many of them pass
	wrong     bool // the next one is turned over, and the connection lives
}

// parcels are three messages of several frames, of which one is empty, and some are sealed in the long form; and a last one.
func (c cut) parcels() (all [][][]byte) {
	for i := range 3 {
		all = append(all, [][]byte{{byte(i)}, bytes.Repeat([]byte{'x', byte(i)}, 20*i), {}, bytes.Repeat([]byte{'y'}, 150+i)})
	}
	return append(all, [][]byte{{3}, []byte("still here")})
}

// measure is how many bytes that end sends when nothing happens, until a while before the last message.
func (c cut) measure(t *testing.T) (total int) {
	synctest.Test(t, func(t *testing.T) {
		c.at = 1 << 30
		n := zmqtest.NewNetwork()
		s := newScissors(n, c)
		c.speak(t, s, n)
		s.mu.Lock()
		defer s.mu.Unlock()
		total = s.quiet
	})
	return total
}

// happens lets it, and looks at what arrives.
func (c cut) happens(t *testing.T) {
	n := zmqtest.NewNetwork()
	got, lost := c.speak(t, newScissors(n, c), n)
	last := -1
	for _, m := range got {
		i := slices.IndexFunc(c.parcels(), func(p [][]byte) bool { return slices.EqualFunc(p, m, bytes.Equal) })
		if i <= last {
			t.Errorf("%d bytes passed: received %s after number %d", c.at, shape(m), last)
		}
		last = i
	}
	if last != len(c.parcels())-1 {
		t.Errorf("%d bytes passed: the message that was sent when all was over has not arrived", c.at)
	}
	if missing := len(c.parcels()) - len(got); !c.wrong && missing > 1+lost {
		t.Errorf("%d bytes passed: %d messages are missing, and %d were told", c.at, missing, lost)
	}
}

// speak sends the parcels, one after the other, and a last message when everything is as it was.
func (c cut) speak(t *testing.T, s *scissors, n *zmqtest.Network) (got [][][]byte, told int) {
	x := zmq.NewContext(zmq.ContextConfig{Network: s.network(), Jitter: func() float64 { return 0 }})
	defer x.Shutdown(zmq.NoWait)
	to, from := zmq.Config{Context: x, HandshakeTimeout: time.Second, HeartbeatInterval: time.Second}, zmq.Config{Context: x, HandshakeTimeout: time.Second, HeartbeatInterval: time.Second}
	c.lock.put(&to, &from)
	to.MaxMessageSize = 10_000
	push, pull := zmq.NewPush(from), zmq.NewPull(to)
	story := zmqtest.Record(t, push, monitor.Lifecycle)
	bound, dialler := zmq.Socket(pull), zmq.Socket(push)
	if c.pullDials {
		bound, dialler = push, pull
	}
	bindTo(t, bound, "tcp://hub:1")
	connect(t, dialler, "tcp://hub:1")
	take := func() {
		for m, err := pull.Recv(zmq.NoWait); err == nil; m, err = pull.Recv(zmq.NoWait) {
			got = append(got, m.AppendFrames(nil))
		}
	}
	all := c.parcels()
	for _, p := range all[:len(all)-1] {
		must(t, push.Send(within(t), p...))
		synctest.Wait()
		take()
	}
	time.Sleep(5 * time.Second)
	s.mark()
	time.Sleep(5 * time.Second) // more than heartbeats, handshake and back-off
	must(t, push.Send(within(t), all[len(all)-1]...))
	time.Sleep(time.Second)
	take()
	for _, e := range story.Events() {
		told += int(e.Unsent)
	}
	return got, told
}

// scissors are a network that kills its first connection when so many bytes of one end have passed.
type scissors struct {
	net *zmqtest.Network
	cut cut

	mu sync.Mutex
	// mu guards what follows, of the end that counts:
	passed int
	quiet  int  // had passed when mark was called
	taken  bool // the first connection has been made
	done   bool
}

func newScissors(n *zmqtest.Network, c cut) *scissors { return &scissors{net: n, cut: c} }

func (s *scissors) network() zmq.Network {
	through := s.net.Network()
	return zmq.Network{
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := through.Dial(ctx, network, address)
			return s.wrap(c, err, s.cut.up)
		},
		Listen: func(ctx context.Context, network, address string) (net.Listener, error) {
			l, err := through.Listen(ctx, network, address)
			return &blades{l, s}, err
		},
	}
}

func (s *scissors) mark() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quiet = s.passed
}

// wrap takes the first connection of the end that counts.
func (s *scissors) wrap(c net.Conn, err error, counts bool) (net.Conn, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err != nil || !counts || s.taken {
		return c, err
	}
	s.taken = true
	return &strand{c, s}, nil
}

// blades is a listener whose first connection may be the one.
type blades struct {
	net.Listener
	s *scissors
}

func (b *blades) Accept() (net.Conn, error) {
	c, err := b.Listener.Accept()
	return b.s.wrap(c, err, !b.s.cut.up)
}

// strand is the connection that is cut.
type strand struct {
	net.Conn
	s *scissors
}

func (c *strand) CloseWrite() error { return c.Conn.(interface{ CloseWrite() error }).CloseWrite() }

// Write lets pass what may pass. What crosses the line is gone, and the writer does not know.
func (c *strand) Write(b []byte) (int, error) {
	s := c.s
	s.mu.Lock()
	left := s.cut.at - s.passed
	s.passed += len(b)
	crosses := !s.done && left < len(b)
	s.done = s.done || crosses
	s.mu.Unlock()
	switch {
	case !crosses:
		return c.Conn.Write(b)
	case s.cut.wrong:
		b = slices.Clone(b)
		b[left] ^= 0xff
		return c.Conn.Write(b)
	}
	c.Conn.Write(b[:left])
	s.net.Reset("tcp://hub:1")
	return len(b), nil
}
