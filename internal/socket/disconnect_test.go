package socket

import (
	"errors"
	"testing"
	"time"
)

// An endpoint that Disconnect has ended is not connected any more, although what was queued for it lingers.
func TestDisconnectOnce(t *testing.T) {
	x := NewContext(0)
	defer end(x)
	opt := plain()
	opt.Linger = -1
	opt.ReconnectMin, opt.ReconnectMax = time.Hour, time.Hour // zero would be: dial once, and then it is gone by itself
	push := New(x, "PUSH", opt)
	const nobody = "ipc:///tmp/glassmq-disconnect-once-nobody"
	must(t, push.Connect(nobody))
	must(t, push.Send(NoWait, frame("for nobody")))
	must(t, push.Disconnect(nobody))
	if err := push.Disconnect(nobody); !errors.Is(err, ErrNotFound) {
		t.Errorf("the second time: %v", err)
	}
}
