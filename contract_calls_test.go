package zmq_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"sync"
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

func TestEachMessageOnce(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		pull, push := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPush(zmq.Config{Context: x})
		connect(t, push, bindTo(t, pull, endpoint))
		const senders, each = 8, 5000
		var out, in sync.WaitGroup
		for g := range senders {
			out.Go(func() {
				for i := range each {
					if err := push.Send(context.Background(), binary.BigEndian.AppendUint64(nil, uint64(g*each+i)), []byte("x")); err != nil {
						t.Error(err)
						return
					}
				}
			})
		}
		seen := make([]bool, senders*each)
		var mu sync.Mutex
		for range 8 {
			in.Go(func() {
				for {
					m, err := pull.Recv(context.Background())
					if err != nil {
						return
					}
					if m.Len() != 2 {
						continue
					}
					mu.Lock()
					n := binary.BigEndian.Uint64(m.Frame(0))
					if seen[n] {
						t.Errorf("message %d twice", n)
					}
					seen[n] = true
					mu.Unlock()
				}
			})
		}
		out.Wait()
		push.Close()
		for {
			mu.Lock()
			left := slices.Index(seen, false)
			mu.Unlock()
			if left < 0 {
				break
			}
			select {
			case <-within(t).Done():
				t.Fatalf("message %d is missing", left)
			default:
			}
		}
		pull.Close()
		in.Wait()
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
