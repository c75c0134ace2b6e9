package zmq_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// A file that may not be removed is told by its real cause, in place of the listener's Closed; the endpoint is gone all
// the same.
func TestIPCCloseFailed(t *testing.T) {
	endpoint, path := ipcEndpoint(t)
	pull := zmq.NewPull(zmq.Config{Context: newContext(t)})
	story := zmqtest.Record(t, pull, monitor.Lifecycle|monitor.Classic)
	bindTo(t, pull, endpoint)
	must(t, os.Chmod(filepath.Dir(path), 0o555))
	defer os.Chmod(filepath.Dir(path), 0o755)
	if os.Geteuid() == 0 { // who may do everything does this as somebody who may not: this thread's file accesses (setfsuid(2))
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		must(t, syscall.Setfsuid(65534))
		defer syscall.Setfsuid(0)
	}
	must(t, pull.Unbind(endpoint))
	e := story.WaitFor(monitor.CloseFailed, 1)
	if !errors.Is(e.Err, syscall.EACCES) || e.Errno() != int(syscall.EACCES) || e.Reason != monitor.ReasonPermission || e.Local != endpoint || e.Conn != 0 {
		t.Errorf("%+v, because %s", e, e.Why())
	}
	story.WaitFor(monitor.Unbound, 1)
	if _, err := os.Lstat(path); err != nil {
		t.Error(err)
	}
}

// A client that comes when the server's backlog is full is told so, and comes again.
func TestIPCBacklogFull(t *testing.T) {
	endpoint, path := ipcEndpoint(t)
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	must(t, err)
	defer syscall.Close(fd)
	must(t, syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}))
	must(t, syscall.Listen(fd, 0))
	push := zmq.NewPush(zmq.Config{Context: newContext(t)})
	story := zmqtest.Record(t, push, monitor.Lifecycle)
	for range 3 {
		connect(t, push, endpoint)
	}
	e := story.WaitFor(monitor.ConnectFailed, 1)
	if e.Reason != monitor.ReasonBacklogFull || !errors.Is(e.Err, syscall.EAGAIN) || e.Who != monitor.ByPeer {
		t.Errorf("%+v", e)
	}
	story.WaitFor(monitor.ConnectRetried, 1)
}

// The abstract namespace has names and no files.
func TestIPCAbstract(t *testing.T) {
	x := newContext(t)
	endpoint := fmt.Sprintf("ipc://@glassmq-%d", os.Getpid())
	rep, req := zmq.NewRep(zmq.Config{Context: x}), zmq.NewReq(zmq.Config{Context: x})
	connect(t, req, endpoint)
	if bound := bindTo(t, rep, endpoint); bound != endpoint {
		t.Errorf("bound as %s", bound)
	}
	send(t, req, "who?")
	recv(t, rep, "who?")
	if _, err := zmq.NewRep(zmq.Config{Context: x}).Bind(endpoint); !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("bound twice: %v", err)
	}
}
