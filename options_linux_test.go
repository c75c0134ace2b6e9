package zmq_test

import (
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// What Config asks of the operating system is what the system then has, on a connection that was dialled and on one that was accepted: getsockopt(2)
// is the witness.
func TestOptionsOnRealSockets(t *testing.T) {
	type option struct{ level, name, want int }
	asked := zmq.Config{
		SendBuffer: 100_000, RecvBuffer: 50_000, TOS: 0x28, Priority: 3, Interface: "lo", TCPMaxRetransmit: 45*time.Second + 500*time.Microsecond,
		KeepAlive: net.KeepAliveConfig{Enable: true, Idle: 77 * time.Second, Interval: 7 * time.Second, Count: 4},
	}
	buffers := []option{{syscall.SOL_SOCKET, syscall.SO_SNDBUF, 200_000}, {syscall.SOL_SOCKET, syscall.SO_RCVBUF, 100_000}} // socket(7): the kernel doubles them
	for name, c := range map[string]struct {
		cfg      zmq.Config
		endpoint string
		want     []option
	}{
		"nothing asked": {zmq.Config{}, "tcp://127.0.0.1:*", []option{
			{syscall.IPPROTO_IP, syscall.IP_TOS, 0}, {syscall.SOL_SOCKET, syscall.SO_PRIORITY, 0},
			{syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 0}, {syscall.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 0},
			{syscall.IPPROTO_TCP, syscall.TCP_NODELAY, 1}}},
		"tcp": {asked, "tcp://127.0.0.1:*", append([]option{
			{syscall.IPPROTO_IP, syscall.IP_TOS, 0x28}, {syscall.SOL_SOCKET, syscall.SO_PRIORITY, 3},
			{syscall.SOL_SOCKET, syscall.SO_KEEPALIVE, 1}, {syscall.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 45_000},
			{syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE, 77}, {syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL, 7},
			{syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT, 4}}, buffers...)},
		"ipc": {asked, "ipc://*", buffers},
	} {
		t.Run(name, func(t *testing.T) {
			c.cfg.Context = newContext(t)
			pull, push := zmq.NewPull(c.cfg), zmq.NewPush(c.cfg)
			connect(t, push, bindTo(t, pull, c.endpoint))
			ready(t, pull, 1)
			ready(t, push, 1)
			for _, s := range []zmq.Socket{pull, push} {
				fd := s.State().Peers[0].FD
				for _, o := range c.want {
					if got, err := syscall.GetsockoptInt(fd, o.level, o.name); err != nil || got != o.want {
						t.Errorf("%v: level %d, option %d is %d, %v; want %d", s.Type(), o.level, o.name, got, err, o.want)
					}
				}
			}
			if c.endpoint == "ipc://*" {
				return
			}
			device, err := unix.GetsockoptString(push.State().Peers[0].FD, unix.SOL_SOCKET, unix.SO_BINDTODEVICE)
			if err != nil || device != c.cfg.Interface {
				t.Errorf("bound to device %q, %v", device, err)
			}
		})
	}
}

// One host cannot keep the others out: strangers from one address take the places that are for it, and a peer from another
// comes in beside them.
func TestMaxHandshakesPerHost(t *testing.T) {
	const most, strangers = 2, 5
	x := newContext(t)
	pull := zmq.NewPull(zmq.Config{Context: x, MaxHandshakesPerHost: most})
	story := zmqtest.Record(t, pull, monitor.AcceptFailed)
	bound := bindTo(t, pull, "tcp://127.0.0.1:*")
	for range strangers {
		conn, err := net.Dial("tcp", address(bound))
		must(t, err)
		defer conn.Close()
	}
	push := zmq.NewPush(zmq.Config{Context: x})
	connect(t, push, "tcp://127.0.0.2:0;"+address(bound))
	send(t, push, "from another host")
	recv(t, pull, "from another host")
	must(t, pull.Shutdown(within(t))) // what was not told yet is told now
	var away uint64
	for _, e := range slices.DeleteFunc(story.Events(), func(e zmq.Event) bool { return e.Kind != monitor.AcceptFailed }) {
		away += e.Count
		if e.Reason != monitor.ReasonTooManyHandshakes || !strings.HasPrefix(e.Remote, "tcp://127.0.0.1:") || !strings.Contains(e.Err.Error(), "this host") {
			t.Errorf("%+v", e)
		}
	}
	if away != strangers-most {
		t.Errorf("%d were turned away, want %d", away, strangers-most)
	}
}
