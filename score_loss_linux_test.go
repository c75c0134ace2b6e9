package zmq_test

import (
	"context"
	"encoding/binary"
	"net"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"golang.org/x/sys/unix"
)

// A lossy network, for R13: of the packets that reach a connection the kernel throws away one in ten, before TCP has seen it.

// lossy makes connections of the system's own lose packets from their beginning on; what it counts are those that had to be
// sent again.
type lossy struct {
	t     *testing.T
	conns chan *net.TCPConn
}

func (l *lossy) network() zmq.Network {
	return zmq.Network{
		Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := new(net.Dialer).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return l.lose(conn), nil
		},
		Listen: func(ctx context.Context, network, address string) (net.Listener, error) {
			listener, err := new(net.ListenConfig).Listen(ctx, network, address)
			return lossyListener{listener, l}, err
		},
	}
}

type lossyListener struct {
	net.Listener
	to *lossy
}

func (l lossyListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.to.lose(conn), nil
}

// lose gives the connection a filter that asks for a random number (socket(7), SO_ATTACH_FILTER; SKF_AD_RANDOM).
func (l *lossy) lose(conn net.Conn) net.Conn {
	const random, tenth, all = 0xfffff000 + 56, 1 << 32 / 10, 1<<32 - 1
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: random},
		{Code: unix.BPF_JMP | unix.BPF_JGE | unix.BPF_K, K: tenth, Jt: 1},
		{Code: unix.BPF_RET | unix.BPF_K, K: 0},
		{Code: unix.BPF_RET | unix.BPF_K, K: all},
	}
	l.control(conn.(*net.TCPConn), func(fd int) error {
		return unix.SetsockoptSockFprog(fd, unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]})
	})
	l.conns <- conn.(*net.TCPConn)
	return conn
}

func (l *lossy) control(conn *net.TCPConn, f func(fd int) error) {
	raw, err := conn.SyscallConn()
	if err == nil {
		raw.Control(func(fd uintptr) { err = f(int(fd)) })
	}
	if err != nil {
		l.t.Error(err)
	}
}

// again is how often the kernel has had to send once more.
func (l *lossy) again(conn *net.TCPConn) (n uint32) {
	l.control(conn, func(fd int) error {
		info, err := unix.GetsockoptTCPInfo(fd, syscall.IPPROTO_TCP, unix.TCP_INFO)
		if err == nil {
			n = info.Total_retrans
		}
		return err
	})
	return n
}

// TestR13Loss sends over such a network, with heartbeats. Everything comes, in order, over one connection.
func TestR13Loss(t *testing.T) {
	length := 2 * time.Second
	if *full {
		length = 2 * time.Minute
	}
	l := &lossy{t: t, conns: make(chan *net.TCPConn, 100)}
	cfg := zmq.Config{Context: newContext(t), Network: l.network(), HeartbeatInterval: 500 * time.Millisecond, HeartbeatTimeout: 5 * time.Second}
	pull, push := zmq.NewPull(cfg), zmq.NewPush(cfg)
	w := pull.Watch(monitor.Lifecycle)
	connect(t, push, bindTCP(t, pull))
	ready(t, push, 1)
	var sent atomic.Uint64
	go func() {
		beat := time.NewTicker(time.Millisecond)
		defer beat.Stop()
		for began := time.Now(); time.Since(began) < length; <-beat.C {
			if push.Send(context.Background(), binary.BigEndian.AppendUint64(nil, sent.Load())) != nil {
				return
			}
			sent.Add(1)
		}
		push.Send(context.Background(), []byte("the end"))
	}()
	for n := uint64(0); ; n++ {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		m, err := pull.Recv(ctx)
		cancel()
		must(t, err)
		if string(m.Body()) == "the end" {
			if n != sent.Load() {
				t.Errorf("%d of %d messages came", n, sent.Load())
			}
			break
		}
		if got := binary.BigEndian.Uint64(m.Body()); got != n {
			t.Fatalf("message %d came, want %d", got, n)
		}
	}
	lost := l.again(<-l.conns) + l.again(<-l.conns)
	t.Logf("%d messages in %v; segments were sent again %d times", sent.Load(), length, lost)
	if lost == 0 {
		t.Error("nothing was lost: this network is none")
	}
	for e, ok := w.Poll(); ok; e, ok = w.Poll() {
		if e.Terminal() || e.Kind == monitor.HeartbeatTimeout {
			t.Errorf("packets were lost, and the connection ended: %v", e)
		}
	}
}
