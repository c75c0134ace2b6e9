package zmq_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/zmtp/curve"
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
			to, from := endOf(t, c.to, zmq.Config{}), endOf(t, c.from, zmq.Config{})
			connect(t, to, bindTo(t, from, "tcp://127.0.0.1:*"))
			if err := from.WaitReady(ctx, 1); err != nil {
				t.Fatal(err)
			}
			// The runtime itself allocates a few hundred objects a second; a message that did would be 200,000.
			if per, _ := allocated(t, 200_000, from, to, c.send, c.into); per > c.most+0.0005 {
				t.Errorf("%.4f allocations a message, want at most %v", per, c.most)
			} else {
				t.Logf("%.4f allocations a message", per)
			}
		})
	}
}

// TestAllocationsBySize counts what messages of other sizes allocate, in the clear and with CURVE, which shall be the same.
// Up to 8 KiB it is nothing, although the queues fill many chunks. The memory of larger bodies goes round at both ends, as
// long as no more of them are written at once than are kept: half a body a message is allowed for those, and seven
// objects: an end's are a body's place in its chunk, and two by which a spare is remembered.
func TestAllocationsBySize(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	own := curve.NewKeyPair()
	sealed := [2]zmq.Config{{Mechanism: curve.Server(own), Authenticate: zmq.AllowAny}, {Mechanism: curve.Client(curve.NewKeyPair(), own.Public)}}
	ctx := context.Background()
	for name, cfg := range map[string][2]zmq.Config{"in the clear": {}, "CURVE": sealed} {
		for _, c := range []struct {
			size, n     int
			most, bytes float64
		}{
			{64, 100_000, 0, 0},
			{1 << 10, 50_000, 0, 0},
			{4 << 10, 20_000, 0, 0},
			{64 << 10, 1000, 7, 32 << 10},
			{120_000, 500, 7, 60_000},
		} {
			t.Run(fmt.Sprintf("%s, %d bytes", name, c.size), func(t *testing.T) {
				if c.size > 8<<10 { // else it is by chance how far the sender is ahead, and each body that it is takes memory of its own
					cfg[0].RecvHWM, cfg[1].SendHWM = 20, 20
				}
				pull, push := endOf(t, zmq.PULL, cfg[0]), endOf(t, zmq.PUSH, cfg[1])
				connect(t, push, bindTo(t, pull, "tcp://127.0.0.1:*"))
				body := make([]byte, c.size)
				send := func(s zmq.Sender) error { return s.(*zmq.Push).Send(ctx, body) }
				per, bytes := allocated(t, c.n, push, pull, send, true)
				// A twentieth more, for what the allocator rounds up, and 80 chunks: a collection takes those that are unused.
				if spare := 80.0 / float64(c.n); per > c.most*1.05+2*spare || bytes > c.bytes*1.05+spare*(64<<10) {
					t.Errorf("%.4f allocations and %.0f bytes a message, want at most %v and %.0f", per, bytes, c.most, c.bytes)
				}
				t.Logf("%.4f allocations and %.0f bytes a message", per, bytes)
			})
		}
	}
}

// TestMarkHoldsBackWhatIsSealed has a sender that never stops, and a receiver that lets ten messages in at a time: what it
// cannot open yet it does not read, or its memory would grow by all that is sent.
func TestMarkHoldsBackWhatIsSealed(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	own := curve.NewKeyPair()
	pull := endOf(t, zmq.PULL, zmq.Config{Mechanism: curve.Server(own), Authenticate: zmq.AllowAny, RecvHWM: 10})
	push := endOf(t, zmq.PUSH, zmq.Config{Mechanism: curve.Client(curve.NewKeyPair(), own.Public), Linger: zmq.Off})
	connect(t, push, bindTo(t, pull, "tcp://127.0.0.1:*"))
	go func() {
		for body := make([]byte, 64); push.(*zmq.Push).Send(context.Background(), body) == nil; {
		}
	}()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	var b zmq.Buffer
	for range 200_000 { // 20 MB on the wire
		if err := pull.(*zmq.Pull).RecvInto(context.Background(), &b); err != nil {
			t.Fatal(err)
		}
	}
	runtime.ReadMemStats(&after)
	if bytes := after.TotalAlloc - before.TotalAlloc; bytes > 8<<20 {
		t.Errorf("%d KiB were allocated, want at most 8 MiB", bytes>>10)
	}
}

// allocated is how many objects and bytes each of n messages allocates on its way, when a tenth as many have gone before.
func allocated(t *testing.T, n int, from, to zmq.Socket, send func(zmq.Sender) error, into bool) (objects, bytes float64) {
	t.Helper()
	sent := make(chan struct{}, 250) // so few that nothing is dropped, even if the writer is slow to hear that they went out
	go func() {
		for range n/10 + n {
			if send(from.(zmq.Sender)) != nil {
				return
			}
			sent <- struct{}{}
		}
	}()
	var b zmq.Buffer
	recv := func(n int) {
		for range n {
			var err error
			if <-sent; into {
				err = to.(zmq.Receiver).RecvInto(context.Background(), &b)
			} else {
				_, err = to.(zmq.Receiver).Recv(context.Background())
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	recv(n / 10)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	recv(n)
	runtime.ReadMemStats(&after)
	return float64(after.Mallocs-before.Mallocs) / float64(n), float64(after.TotalAlloc-before.TotalAlloc) / float64(n)
}

var routed = []byte("somebody")

// endOf makes one end of a stream.
func endOf(t *testing.T, typ zmq.Type, cfg zmq.Config) zmq.Socket {
	t.Helper()
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
