//go:build unix

package zmq_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// What ipc has of its own; contract_test.go holds it to what every transport promises.

// ipcEndpoint is an endpoint whose file is in a directory of its own.
func ipcEndpoint(t *testing.T) (endpoint, path string) {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "ipc") // t.TempDir may be longer than a socket's path
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	path = filepath.Join(dir, "socket")
	return "ipc://" + path, path
}

// The life of an endpoint: dialled before there is a file, found, used, and gone without a trace.
func TestIPCStory(t *testing.T) {
	x := newContext(t)
	endpoint, path := ipcEndpoint(t)
	pull, push := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPush(zmq.Config{Context: x})
	ours, theirs := zmqtest.Record(t, pull, monitor.Lifecycle), zmqtest.Record(t, push, monitor.Lifecycle)
	must(t, push.Connect(endpoint))
	failed := theirs.WaitFor(monitor.ConnectFailed, 1)
	if failed.Reason != monitor.ReasonRefused || !errors.Is(failed.Err, syscall.ENOENT) || failed.Remote != endpoint || failed.FD < 0 ||
		failed.Why() != "nothing listens on "+endpoint+": no such file or directory" {
		t.Errorf("%+v: %s", failed, failed.Why())
	}
	send(t, push, "early")

	if bound := bindTo(t, pull, endpoint); bound != endpoint {
		t.Errorf("bound as %s", bound)
	}
	from := recv(t, pull, "early").Peer()
	accepted, connected := ours.WaitFor(monitor.Accepted, 1), theirs.WaitFor(monitor.Connected, 1)
	if connected.Remote != endpoint || connected.Local != "" || connected.FD < 0 || accepted.Local != endpoint || accepted.FD < 0 {
		t.Errorf("connected: %+v\naccepted: %+v", connected, accepted)
	}
	who := accepted.Peer().Process
	if who == nil {
		t.Log("this system does not say who is at the other end")
	} else {
		if who.UID != uint32(os.Geteuid()) || who.GID != uint32(os.Getegid()) || who.PID != 0 && who.PID != os.Getpid() {
			t.Errorf("the kernel says that %v is at the other end, which is this process", who)
		}
		for place, p := range map[string]monitor.Peer{"state": pull.State().Peers[0].Peer, "message": from, "their event": connected.Peer()} {
			if p.Process == nil || *p.Process != *who {
				t.Errorf("%s: %v; want %v", place, p.Process, who)
			}
		}
	}
	if accepted.Remote != "ipc://"+who.String() || from.Remote != accepted.Remote {
		t.Errorf("remote is %s, and the message's %s; want %v", accepted.Remote, from.Remote, who)
	}

	must(t, pull.Unbind(endpoint))
	if entries, err := os.ReadDir(filepath.Dir(path)); err != nil || len(entries) != 0 {
		t.Errorf("%v is left, %v", entries, err)
	}
	if lost := theirs.WaitFor(monitor.Disconnected, 1); lost.Reason != monitor.ReasonPeerClosed {
		t.Errorf("%+v", lost)
	}
	for _, e := range theirs.Events() {
		if e.Kind == monitor.ConnectDelayed {
			t.Errorf("%+v: connecting over ipc is answered at once", e)
		}
	}
}

// A server that was killed is simply started again: the file that it left is in nobody's way.
func TestIPCRestartAfterKill(t *testing.T) {
	x := newContext(t)
	endpoint, path := ipcEndpoint(t)
	fd, err := syscall.Socket(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	must(t, err)
	must(t, syscall.Bind(fd, &syscall.SockaddrUnix{Name: path}))
	must(t, syscall.Close(fd)) // the kernel does no more for a process that was killed

	push := zmq.NewPush(zmq.Config{Context: x})
	theirs := zmqtest.Record(t, push, monitor.Lifecycle)
	must(t, push.Connect(endpoint))
	if failed := theirs.WaitFor(monitor.ConnectFailed, 1); failed.Reason != monitor.ReasonRefused || !errors.Is(failed.Err, syscall.ECONNREFUSED) {
		t.Errorf("%+v", failed)
	}
	pull := zmq.NewPull(zmq.Config{Context: x})
	bindTo(t, pull, endpoint)
	send(t, push, "again")
	recv(t, pull, "again")
}

// What is in the way of a Bind is said, by the call and by the event, and stays where it is.
func TestIPCInTheWay(t *testing.T) {
	x := newContext(t)
	endpoint, path := ipcEndpoint(t)
	bindTo(t, zmq.NewRep(zmq.Config{Context: x}), endpoint)
	must(t, os.WriteFile(path+"2", nil, 0o600))
	for _, c := range []struct {
		endpoint string
		reason   monitor.Reason
		is       error
		why      string
	}{
		{endpoint, monitor.ReasonAddressInUse, syscall.EADDRINUSE, "is taken already: a living process has its file"},
		{endpoint + "2", monitor.ReasonNotASocket, syscall.EADDRINUSE, "there is a file at " + endpoint + "2 that is no socket"},
		{endpoint + "3/socket", monitor.ReasonNoSuchDirectory, syscall.ENOENT, "the directory of " + endpoint + "3/socket does not exist"},
	} {
		s := zmq.NewPull(zmq.Config{Context: x})
		story := zmqtest.Record(t, s, monitor.Lifecycle)
		_, err := s.Bind(c.endpoint)
		if op := new(zmq.OpError); !errors.As(err, &op) || !errors.Is(err, c.is) || op.Endpoint != c.endpoint {
			t.Errorf("%s: %v", c.endpoint, err)
		}
		e := story.WaitFor(monitor.BindFailed, 1)
		if e.Reason != c.reason || !errors.Is(e.Err, c.is) || !strings.Contains(e.Why(), c.why) || e.Hint() == "" {
			t.Errorf("%s: %+v, because %s", c.endpoint, e, e.Why())
		}
	}
	if _, err := os.Stat(path + "2"); err != nil {
		t.Error(err)
	}
	if _, err := zmq.NewPull(zmq.Config{Context: x}).Bind("ipc://"); !errors.Is(err, zmq.ErrInvalid) {
		t.Errorf("no path: %v", err)
	}
}

// Close lets go as soon as the system has everything, though the peer has read nothing of it yet and has sent what nobody
// will read; the peer finds it all.
func TestIPCCloseKeepsWhatIsUnread(t *testing.T) {
	const many = 60
	x := newContext(t)
	endpoint, _ := ipcEndpoint(t)
	leaves := zmq.NewPair(zmq.Config{Context: x, RecvHWM: 1, SendBuffer: 1 << 20})
	stays := zmq.NewPair(zmq.Config{Context: x, RecvHWM: 1, SendHWM: 100})
	story := zmqtest.Record(t, stays, monitor.Lifecycle)
	bindTo(t, leaves, endpoint)
	connect(t, stays, endpoint)
	ready(t, leaves, 1)
	large := strings.Repeat("x", 3000)                 // in all more than one read takes
	for stays.Send(zmq.NoWait, []byte(large)) == nil { // more than the other end reads
	}
	for i := range many {
		send(t, leaves, fmt.Sprint(i), large)
	}
	ctx := within(t)
	if err := leaves.Shutdown(ctx); err != nil || ctx.Err() != nil {
		t.Fatalf("%v; want an end that does not wait for the peer to read: %v", err, ctx.Err())
	}
	for i := range many {
		recv(t, stays, fmt.Sprint(i), large)
	}
	if e := story.WaitFor(monitor.Disconnected, 1); e.MessagesIn != many {
		t.Errorf("%d messages have come, want %d: %+v", e.MessagesIn, many, e)
	}
}

// Over ipc a server that is not there is a file that is not there: StopRefused is about it, too.
func TestStopRefusedOverIPC(t *testing.T) {
	endpoint, _ := ipcEndpoint(t)
	push := zmq.NewPush(zmq.Config{Context: newContext(t), ReconnectStop: zmq.StopRefused | zmq.StopHandshakeFailed})
	story := zmqtest.Record(t, push, monitor.Lifecycle)
	connect(t, push, endpoint)
	e := story.WaitFor(monitor.GaveUp, 1)
	if !errors.Is(e.Err, syscall.ENOENT) || e.Reason != monitor.ReasonNoMoreRetries || !strings.Contains(e.Hint(), "ReconnectStop") {
		t.Errorf("%+v: %s", e, e.Hint())
	}
	if slices.ContainsFunc(story.Events(), func(e zmq.Event) bool { return e.Kind == monitor.ConnectRetried }) {
		t.Error(story.Story())
	}
}
