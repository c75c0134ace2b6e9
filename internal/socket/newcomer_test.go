package socket

import (
	"context"
	"testing"
	"time"
)

// A newcomer's message waits until those that have gone are read to their end. When the last of them is found to have left
// nothing, whoever waits must hear of the message, for nothing else will come.
func TestNewcomerIsHeard(t *testing.T) {
	x := NewContext(0)
	defer end(x)
	pull := New(x, "PULL", plain())
	at, err := pull.Bind("tcp://127.0.0.1:*")
	must(t, err)
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for i := range 500 {
		opt := plain()
		opt.Linger = -1
		push := New(x, "PUSH", opt)
		must(t, push.Connect(at))
		must(t, push.Send(NoWait, frame("x")))
		push.BeginClose() // and it goes as soon as its message has gone
		if _, err := pull.Recv(ctx); err != nil {
			t.Fatalf("message %d: %v; Recv need not wait: %v", i, err, pull.CanRecv() == nil)
		}
	}
}
