package zmq_test

import (
	"net"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/glassmq/zmq"
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
