package zmqtest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// A reconnect in virtual time: no port, no sleep, no flake. What the package is for.
func TestQueueSurvivesReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := zmqtest.NewNetwork()
		zctx := net.Context(t)
		pull := zmq.NewPull(zmq.Config{Context: zctx, Name: "pull"})
		push := zmq.NewPush(zmq.Config{Context: zctx, Name: "push", ReconnectMin: 100 * time.Millisecond})
		story := zmqtest.Record(t, push, monitor.Lifecycle)

		net.Refuse("tcp://hub:1", true)
		if err := push.Connect("tcp://hub:1"); err != nil {
			t.Fatal(err)
		}
		push.Send(t.Context(), []byte("one")) // queued: nobody is there
		synctest.Wait()
		story.Want(
			"+0s connect_failed tcp://hub:1 attempt=1 reason=refused",
			"+0s closed tcp://hub:1 attempt=1",
			"+0s connect_retried tcp://hub:1 interval=100ms",
		)

		net.Refuse("tcp://hub:1", false)
		if _, err := pull.Bind("tcp://hub:1"); err != nil {
			t.Fatal(err)
		}
		m, err := pull.Recv(t.Context())
		if err != nil || string(m.Body()) != "one" {
			t.Fatalf("got %q, %v; want the message that was queued before there was a peer", m.Body(), err)
		}
		conn := m.Conn()

		net.Reset("tcp://hub:1")
		push.Send(t.Context(), []byte("two"))
		if m, _ = pull.Recv(t.Context()); m.Conn() == conn {
			t.Error("second message over the first connection, which was reset")
		}
		if e := story.WaitFor(monitor.Disconnected, 1); e.Reason != "reset" || e.Who != monitor.ByNetwork {
			t.Errorf("disconnected: %v by %v; want a reset by the network", e.Reason, e.Who)
		}
	})
}
