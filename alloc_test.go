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
	ctx := context.Background()
	for name, c := range map[string]struct {
		from, to zmq.Type
		send     func(s zmq.Sender) error
		into     bool
		most     float64
	}{
		"one frame":               {zmq.PUSH, zmq.PULL, func(s zmq.Sender) error { return s.(*zmq.Push).Send(ctx, body) }, false, 0.1},
		"one frame, RecvInto":     {zmq.PUSH, zmq.PULL, func(s zmq.Sender) error { return s.(*zmq.Push).Send(ctx, body) }, true, 0},
		"three frames":            {zmq.PUSH, zmq.PULL, func(s zmq.Sender) error { return s.(*zmq.Push).Send(ctx, topic, seq, body) }, false, 0.1},
		"three frames, RecvInto":  {zmq.PUSH, zmq.PULL, func(s zmq.Sender) error { return s.(*zmq.Push).Send(ctx, topic, seq, body) }, true, 0},
		"a Message from the heap": {zmq.PUSH, zmq.PULL, func(s zmq.Sender) error { return s.SendMessage(ctx, zmq.NewMessage(body)) }, true, 0},
		"published":               {zmq.PUB, zmq.SUB, func(s zmq.Sender) error { return s.(*zmq.Pub).Send(ctx, topic, seq, body) }, false, 0.1},
		"published, RecvInto":     {zmq.PUB, zmq.SUB, func(s zmq.Sender) error { return s.(*zmq.Pub).Send(ctx, topic, seq, body) }, true, 0},
		"routed":                  {zmq.ROUTER, zmq.DEALER, func(s zmq.Sender) error { return s.(*zmq.Router).Send(ctx, routed, body) }, false, 0.1},
		"routed, RecvInto":        {zmq.ROUTER, zmq.DEALER, func(s zmq.Sender) error { return s.(*zmq.Router).Send(ctx, routed, body) }, true, 0},
		"to a ROUTER":             {zmq.DEALER, zmq.ROUTER, func(s zmq.Sender) error { return s.(*zmq.Dealer).Send(ctx, body) }, false, 0.1},
		"to a ROUTER, RecvInto":   {zmq.DEALER, zmq.ROUTER, func(s zmq.Sender) error { return s.(*zmq.Dealer).Send(ctx, body) }, true, 0},
	} {
		t.Run(name, func(t *testing.T) {
			to, from := endOf(t, c.to), endOf(t, c.from)
			connect(t, to, bindTo(t, from, "tcp://127.0.0.1:*"))
			if err := from.WaitReady(ctx, 1); err != nil {
				t.Fatal(err)
			}
			const warm, n = 20_000, 200_000
			sent := make(chan struct{}, 250) // so few that nothing is dropped, even if the writer is slow to hear that they went out
			go func() {
				for range warm + n {
					if c.send(from.(zmq.Sender)) != nil {
						return
					}
					sent <- struct{}{}
				}
			}()
			var b zmq.Buffer
			recv := func(n int) {
				for range n {
					var err error
					if <-sent; c.into {
						err = to.(zmq.Receiver).RecvInto(ctx, &b)
					} else {
						_, err = to.(zmq.Receiver).Recv(ctx)
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

var routed = []byte("somebody")

// endOf makes one end of a stream.
func endOf(t *testing.T, typ zmq.Type) zmq.Socket {
	t.Helper()
	cfg := zmq.Config{}
	switch typ {
	case zmq.SUB:
		cfg.Subscribe = []string{""}
	case zmq.DEALER:
		cfg.RoutingID = string(routed)
	}
	s, err := zmq.New(typ, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}
