package zmq_test

import (
	"context"
	"runtime"
	"testing"

	"github.com/glassmq/zmq"
)

// TestAllocations counts what a steady stream of small messages allocates, both ends in one process over real TCP:
// nothing to send, a slab per 3 KiB to receive, nothing to receive into a Buffer.
func TestAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	topic, seq, body := make([]byte, 8), make([]byte, 8), make([]byte, 64)
	for name, c := range map[string]struct {
		send func(s *zmq.Push) error
		into bool
		most float64
	}{
		"one frame":               {func(s *zmq.Push) error { return s.Send(context.Background(), body) }, false, 0.1},
		"one frame, RecvInto":     {func(s *zmq.Push) error { return s.Send(context.Background(), body) }, true, 0},
		"three frames, RecvInto":  {func(s *zmq.Push) error { return s.Send(context.Background(), topic, seq, body) }, true, 0},
		"three frames":            {func(s *zmq.Push) error { return s.Send(context.Background(), topic, seq, body) }, false, 0.1},
		"a Message from the heap": {func(s *zmq.Push) error { return s.SendMessage(context.Background(), zmq.NewMessage(body)) }, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			pull, push := zmq.NewPull(zmq.Config{}), zmq.NewPush(zmq.Config{})
			defer pull.Close()
			defer push.Close()
			connect(t, push, bindTo(t, pull, "tcp://127.0.0.1:*"))
			const warm, n = 20_000, 200_000
			go func() {
				for range warm + n {
					if c.send(push) != nil {
						return
					}
				}
			}()
			var b zmq.Buffer
			recv := func(n int) {
				for range n {
					var err error
					if c.into {
						err = pull.RecvInto(context.Background(), &b)
					} else {
						_, err = pull.Recv(context.Background())
					}
					if err != nil {
						t.Error(err)
						return
					}
				}
			}
			recv(warm)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			recv(n)
			runtime.ReadMemStats(&after)
			// The runtime itself allocates a few hundred objects a second; a message that did would be 200,000.
			if per := float64(after.Mallocs-before.Mallocs) / n; per > c.most+0.0005 {
				t.Errorf("%.4f allocations a message, want at most %v", per, c.most)
			} else {
				t.Logf("%.4f allocations a message", per)
			}
		})
	}
}
