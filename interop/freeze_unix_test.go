//go:build unix

package interop

import (
	"syscall"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

func (p *process) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// A peer whose process is stopped still has a kernel that takes everything we send. Its silence tells, and when it goes
// on, it is served again.
func TestFrozenPeer(t *testing.T) {
	t.Parallel() // it waits, most of the time
	p := startPeer(t)
	bothWays(t, func(t *testing.T, weBind bool) {
		o, s := open(t, zmq.PULL, ourBeats), p.open(t, "PUSH", nil)
		join(t, o, s, weBind)
		s.send(t, 1, "before", 10).done(t)
		same(t, "what we received", o.take(t, 1), expected(1, "before", 10))

		p.signal(t, syscall.SIGSTOP)
		defer p.signal(t, syscall.SIGCONT)
		noticed, ended := o.await(t, monitor.HeartbeatTimeout), o.await(t, monitor.Disconnected)
		if noticed.Conn != ended.Conn || ended.Reason != monitor.ReasonHeartbeatTimeout || ended.Who != monitor.ByTimer {
			t.Errorf("we noticed %v and ended it with %v", noticed, ended)
		}
		if ended.Duration < silence {
			t.Errorf("it ended after %v, before %v of silence", ended.Duration, silence)
		}
		p.signal(t, syscall.SIGCONT)
		o.ready(t, 1)
		sent := s.send(t, 1, "after", 10)
		same(t, "what we received", o.take(t, 1), expected(1, "after", 10))
		sent.done(t)
	})
}
