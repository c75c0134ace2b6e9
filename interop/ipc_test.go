//go:build unix

package interop

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// Over ipc the wire is the same: a thousand messages each way, whoever binds, whatever the kind of name.
func TestIPC(t *testing.T) {
	p := startPeer(t)
	dir, err := os.MkdirTemp("/tmp", "ipc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for name, endpoint := range map[string]string{"path": "ipc://" + filepath.Join(dir, "socket"), "any": "ipc://*", "abstract": "ipc://@glassmq-" + filepath.Base(dir)} {
		t.Run(name, func(t *testing.T) {
			bothWays(t, func(t *testing.T, weBind bool) {
				o, s := open(t, zmq.PAIR, zmq.Config{}), p.open(t, "PAIR", nil)
				if weBind {
					s.connect(t, o.bind(t, endpoint))
				} else {
					o.connect(t, s.bind(t, endpoint))
				}
				o.ready(t, 1)
				s.ready(t, 1)
				if who := o.State().Peers[0].Process; who != nil && who.PID != 0 && who.PID != p.cmd.Process.Pid {
					t.Errorf("process %d is at the other end, says the kernel; it is %d", who.PID, p.cmd.Process.Pid)
				}
				weTell(t, o, s)
				theyTell(t, o, s)
				s.close(t)
			})
		})
	}
}

// The file of a libzmq that was killed is in nobody's way.
func TestIPCAfterTheirKill(t *testing.T) {
	dir, err := os.MkdirTemp("/tmp", "ipc")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	endpoint := "ipc://" + filepath.Join(dir, "socket")
	victim, p := startPeer(t), startPeer(t)
	victim.open(t, "PULL", nil).bind(t, endpoint)
	push := open(t, zmq.PUSH, zmq.Config{})
	push.connect(t, endpoint)
	push.ready(t, 1)
	victim.kill(t)
	push.await(t, monitor.Disconnected)
	o, s := open(t, zmq.PULL, zmq.Config{}), p.open(t, "PUSH", nil)
	s.connect(t, o.bind(t, endpoint))
	s.send(t, 1, "after", 10).done(t)
	same(t, "what we received", o.take(t, 1), expected(1, "after", 10))
	push.ready(t, 1) // it has found the one that came after
}
