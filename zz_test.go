package zmq_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

func TestZZLinger(t *testing.T) {
	for i := range 3000 {
		x := zmq.NewContext(zmq.ContextConfig{})
		push := zmq.NewPush(zmq.Config{Context: x})
		w := push.Watch(monitor.All)
		connect(t, push, "inproc://late")
		send(t, push, "the last words")
		closed := make(chan error, 1)
		go func() { closed <- push.Close() }()
		n := 0
		for push.Send(zmq.NoWait, nil) == nil || !errors.Is(push.CanSend(), zmq.ErrClosed) {
			n++
		}
		pull := zmq.NewPull(zmq.Config{Context: x})
		w2 := pull.Watch(monitor.All)
		bindTo(t, pull, "inproc://late")
		select {
		case <-pull.Readable():
		case <-within(t).Done():
			fmt.Println(i, n, "push", push.State(), "\npull", pull.State())
			for e, ok := w.Poll(); ok; e, ok = w.Poll() {
				fmt.Println("push", e)
			}
			for e, ok := w2.Poll(); ok; e, ok = w2.Poll() {
				fmt.Println("pull", e)
			}
			t.FailNow()
		}
		<-closed
		pull.Close()
	}
}
