package zmq_test

import (
	"net"
	"strings"
	"syscall"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// M10 with a process that really has no descriptor left: the listener tells of it now and then, the pair that is there
// goes on, and when there are descriptors again the strangers come in.
func TestM10OutOfDescriptors(t *testing.T) {
	x := newContext(t)
	pull, push := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPush(zmq.Config{Context: x})
	story := zmqtest.Record(t, pull, monitor.Lifecycle)
	bound := bindTCP(t, pull)
	must(t, push.Connect(bound))
	must(t, push.WaitReady(t.Context(), 1))
	at, err := net.ResolveTCPAddr("tcp", strings.TrimPrefix(bound, "tcp://"))
	must(t, err)
	const crowd = 5
	var strangers []int
	for range crowd {
		fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
		must(t, err)
		defer syscall.Close(fd)
		strangers = append(strangers, fd)
	}

	restore := exhaust(t)
	defer restore()
	for _, fd := range strangers {
		must(t, syscall.Connect(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: at.Port}))
	}
	story.WaitFor(monitor.AcceptFailed, 3)
	for range 100 {
		must(t, push.Send(t.Context(), []byte("goes on")))
	}
	recvAll(t, pull, 100)
	restore()
	story.WaitFor(monitor.Accepted, 1+crowd)
	failures := uint64(0)
	for _, e := range story.Events() {
		if e.Kind == monitor.AcceptFailed {
			failures += e.Count
		}
		if e.Kind == monitor.AcceptFailed && (e.Reason != monitor.ReasonFDLimit || e.Errno() != int(syscall.EMFILE)) {
			t.Errorf("accept_failed for %s, errno %d", e.Reason, e.Errno())
		}
	}
	if failures > 50 { // 5, 10, 20 … 1000 ms apart
		t.Errorf("%d attempts to accept before there were descriptors: a spin", failures)
	}
}

// exhaust leaves the process without a free descriptor until restore is called: the limit is the lowest number that is
// free (getrlimit(2)).
func exhaust(t *testing.T) (restore func()) {
	t.Helper()
	var limit syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit))
	free, err := syscall.Dup(0)
	must(t, err)
	must(t, syscall.Close(free))
	must(t, syscall.Setrlimit(syscall.RLIMIT_NOFILE, &syscall.Rlimit{Cur: uint64(free), Max: limit.Max}))
	return func() { syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit) }
}
