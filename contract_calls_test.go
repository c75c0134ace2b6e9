package zmq_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// Calls: how they end, whose their contexts are, and that they may be made from many goroutines.

func TestCallsEnd(t *testing.T) {
	ends := map[string]struct {
		end  func(x *zmq.Context, s zmq.Socket)
		want error
	}{
		"Close":     {func(_ *zmq.Context, s zmq.Socket) { s.Close() }, zmq.ErrClosed},
		"Shutdown":  {func(_ *zmq.Context, s zmq.Socket) { s.Shutdown(zmq.NoWait) }, zmq.ErrClosed},
		"Terminate": {func(x *zmq.Context, _ zmq.Socket) { x.Terminate() }, zmq.ErrTerminated},
		"Context":   {func(x *zmq.Context, _ zmq.Socket) { x.Close() }, zmq.ErrTerminated},
	}
	for name, end := range ends {
		over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
			a, b := zmq.NewPair(zmq.Config{Context: x}), zmq.NewPair(zmq.Config{Context: x, SendHWM: 1})
			bindTo(t, a, endpoint)
			w := a.Watch(0)
			calls := map[string]func() error{
				"Recv":      func() error { _, err := a.Recv(context.Background()); return err },
				"WaitReady": func() error { return a.WaitReady(context.Background(), 5) },
				"Send":      func() error { return a.Send(context.Background(), []byte("x")) },
				"Readable":  func() error { <-a.Readable(); return a.CanRecv() },
				"Writable":  func() error { <-a.Writable(); return a.CanSend() },
			}
			type result struct {
				call string
				err  error
			}
			results := make(chan result)
			for call, f := range calls {
				go func() { results <- result{call, f()} }()
			}
			end.end(x, a)
			for range calls {
				if r := <-results; !errors.Is(r.err, end.want) || !errors.Is(r.err, net.ErrClosed) {
					t.Errorf("%s during %s: %v, want %v", r.call, name, r.err, end.want)
				}
			}
			if _, err := a.Bind(endpoint); !errors.Is(err, end.want) {
				t.Errorf("Bind after %s: %v", name, err)
			}
			if name != "Terminate" {
				for e := range w.Events(within(t)) {
					if e.Kind != monitor.MonitorStopped {
						t.Errorf("after %s came %v", name, e)
					}
				}
			}
			b.Close()
		})
	}
}

func TestContextsBelongToCalls(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		pull, push := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPush(zmq.Config{Context: x})
		connect(t, push, bindTo(t, pull, endpoint))
		if _, err := pull.Recv(zmq.NoWait); !errors.Is(err, zmq.ErrWouldBlock) || zmq.Errno(err) == 0 {
			t.Errorf("Recv(NoWait) with nothing there: %v", err)
		}
		send(t, push, "there")
		<-pull.Readable()
		done, cancel := context.WithCancelCause(t.Context())
		stop := errors.New("Ctrl-C")
		cancel(stop)
		if _, err := pull.Recv(done); !errors.Is(err, stop) {
			t.Errorf("Recv with a done context and a message there: %v", err)
		}
		if err := push.Send(done, []byte("x")); !errors.Is(err, stop) {
			t.Errorf("Send with a done context and room: %v", err)
		}
		recv(t, pull, "there")
		ctx, cancelLater := context.WithCancel(t.Context())
		got := make(chan error)
		go func() { _, err := pull.Recv(ctx); got <- err }()
		cancelLater()
		if err := <-got; !errors.Is(err, context.Canceled) {
			t.Errorf("Recv whose context was cancelled: %v", err)
		}
		send(t, push, "after")
		recv(t, pull, "after")
	})
}

// Each message goes to one of the calls that wait, whole and once, whoever else sends and receives.
func TestEachMessageOnce(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		pull, push := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPush(zmq.Config{Context: x})
		connect(t, push, bindTo(t, pull, endpoint))
		const senders, each = 8, 5000
		ctx, all := context.WithCancel(within(t))
		defer all()
		var work sync.WaitGroup
		for g := range senders {
			work.Go(func() {
				for i := range each {
					if err := push.Send(ctx, binary.BigEndian.AppendUint64(nil, uint64(g*each+i)), []byte("x")); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		var seen [senders * each]atomic.Bool
		var left atomic.Int64
		left.Store(int64(len(seen)))
		for range 8 {
			work.Go(func() {
				for m := range pull.Messages(ctx) {
					if m.Len() != 2 || seen[binary.BigEndian.Uint64(m.Frame(0))].Swap(true) {
						t.Errorf("received %q, half or twice", m.AppendFrames(nil))
					}
					if left.Add(-1) == 0 {
						all()
					}
				}
			})
		}
		work.Wait()
		if n := left.Load(); n != 0 {
			t.Errorf("%d messages are missing", n)
		}
	})
}

func TestSelectOverReadiness(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		pull, push := zmq.NewPull(zmq.Config{Context: x, RecvHWM: 3}), zmq.NewPush(zmq.Config{Context: x, SendHWM: 3})
		connect(t, push, bindTo(t, pull, endpoint))
		sent, got := 0, 0
		for got < 5000 {
			writable := push.Writable()
			if sent == 5000 {
				writable = nil
			}
			select {
			case <-writable:
				if err := push.Send(zmq.NoWait, binary.BigEndian.AppendUint32(nil, uint32(sent))); err != nil {
					t.Fatal(err)
				}
				sent++
			case <-pull.Readable():
				m, err := pull.Recv(zmq.NoWait)
				if err != nil || binary.BigEndian.Uint32(m.Body()) != uint32(got) {
					t.Fatalf("message %d: %v %v", got, m.Body(), err)
				}
				got++
			case <-within(t).Done():
				t.Fatalf("stuck with %d sent and %d received", sent, got)
			}
		}
	})
}
