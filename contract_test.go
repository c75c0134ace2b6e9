package zmq_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// The contract of the patterns, row by row, over tcp, ipc and inproc. Nothing here sleeps: a test waits for an event, for
// readiness, or for the call itself, each bounded by patience.

const patience = 10 * time.Second

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

// over runs f over each transport, in a Context of its own that must end cleanly.
func over(t *testing.T, f func(t *testing.T, x *zmq.Context, endpoint string)) {
	for name, endpoint := range map[string]string{"tcp": "tcp://127.0.0.1:*", "ipc": "ipc://*", "inproc": "inproc://here"} {
		t.Run(name, func(t *testing.T) {
			x := zmq.NewContext(zmq.ContextConfig{})
			t.Cleanup(func() { x.Shutdown(zmq.NoWait) })
			f(t, x, endpoint)
		})
	}
}

func bindTo(t *testing.T, s zmq.Socket, endpoint string) string {
	t.Helper()
	bound, err := s.Bind(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	return bound
}

func connect(t *testing.T, s zmq.Socket, endpoint string) {
	t.Helper()
	if err := s.Connect(endpoint); err != nil {
		t.Fatal(err)
	}
}

func ready(t *testing.T, s zmq.Socket, n int) {
	t.Helper()
	if err := s.WaitReady(within(t), n); err != nil {
		t.Fatal(err)
	}
}

func send(t *testing.T, s zmq.Sender, frames ...string) {
	t.Helper()
	if err := s.Send(within(t), byteFrames(frames)...); err != nil {
		t.Fatal(err)
	}
}

func recv(t *testing.T, s zmq.Receiver, want ...string) zmq.Message {
	t.Helper()
	m, err := s.Recv(within(t))
	if err != nil {
		t.Fatal(err)
	}
	if got := m.AppendFrames(nil); !slices.EqualFunc(got, byteFrames(want), bytes.Equal) {
		t.Fatalf("received %q, want %q", got, want)
	}
	return m
}

func byteFrames(s []string) (b [][]byte) {
	for _, f := range s {
		b = append(b, []byte(f))
	}
	return b
}

// fill sends until the socket would have to wait, and counts.
func fill(t *testing.T, s zmq.Sender) (n int) {
	t.Helper()
	for ; n < 1_000_000; n++ {
		if err := s.Send(zmq.NoWait, binary.BigEndian.AppendUint32(nil, uint32(n))); err != nil {
			if !errors.Is(err, zmq.ErrWouldBlock) {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatal("never full")
	return n
}

func TestMarkWithNobodyThere(t *testing.T) {
	for _, mark := range []int{1, 2, 7, 1000} {
		x := zmq.NewContext(zmq.ContextConfig{})
		for _, endpoint := range []string{"tcp://127.0.0.1:1", "inproc://nobody"} {
			s := zmq.NewPush(zmq.Config{Context: x, SendHWM: mark})
			connect(t, s, endpoint)
			if n := fill(t, s); n != mark {
				t.Errorf("%s: %d messages queued at a mark of %d", endpoint, n, mark)
			}
			if err := s.Update(func(c *zmq.Config) { c.SendHWM = mark + 3 }); err != nil {
				t.Fatal(err)
			}
			if n := fill(t, s); n != 3 {
				t.Errorf("%s: raising the mark by 3 gave room for %d", endpoint, n)
			}
			if err := s.Update(func(c *zmq.Config) { c.SendHWM = 1 }); err != nil {
				t.Fatal(err)
			}
			if n := fill(t, s); n != 0 {
				t.Errorf("%s: %d messages queued above a lowered mark", endpoint, n)
			}
			err := s.Shutdown(zmq.NoWait)
			var dropped *zmq.DroppedError
			if !errors.As(err, &dropped) || dropped.Messages != mark+3 || !errors.Is(err, zmq.ErrDropped) {
				t.Errorf("%s: Shutdown says %v, want %d messages dropped", endpoint, err, mark+3)
			}
		}
		x.Shutdown(zmq.NoWait)
	}
}

func TestMarksAddUpOverInproc(t *testing.T) {
	for _, first := range []string{"bind", "connect"} {
		x := zmq.NewContext(zmq.ContextConfig{})
		push := zmq.NewPush(zmq.Config{Context: x, SendHWM: 2})
		pull := zmq.NewPull(zmq.Config{Context: x, RecvHWM: 3})
		if first == "connect" {
			connect(t, push, "inproc://q")
			bindTo(t, pull, "inproc://q")
		} else {
			bindTo(t, pull, "inproc://q")
			connect(t, push, "inproc://q")
		}
		if n := fill(t, push); n != 5 {
			t.Errorf("%s first: %d messages fit, want 2 + 3", first, n)
		}
		for i := range 5 {
			recv(t, pull, string([]byte{0, 0, 0, byte(i)}))
			if n := fill(t, push); n != 1 {
				t.Errorf("%s first: one received made room for %d", first, n)
			}
		}
		pull.Update(func(c *zmq.Config) { c.RecvHWM = 10 })
		if n := fill(t, push); n != 7 {
			t.Errorf("%s first: raising the receiver's mark from 3 to 10 gave room for %d", first, n)
		}
		x.Shutdown(zmq.NoWait)
	}
}

func TestBlockedSendGoesOnWithTheFirstRoom(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		push := zmq.NewPush(zmq.Config{Context: x, SendHWM: 4, SendBuffer: 4096})
		pull := zmq.NewPull(zmq.Config{Context: x, RecvHWM: 4, RecvBuffer: 4096})
		connect(t, push, bindTo(t, pull, endpoint))
		ready(t, push, 1)
		big := make([]byte, 100_000) // soon more than any kernel buffer
		for push.Send(zmq.NoWait, big) == nil || push.State().Peers[0].QueueOut < 4 && endpoint[0] == 't' {
		}
		sent := make(chan error)
		go func() { sent <- push.Send(within(t), []byte("at last")) }()
		for {
			m, err := pull.Recv(within(t))
			if err != nil {
				t.Fatal(err)
			}
			if string(m.Body()) == "at last" {
				break
			}
		}
		if err := <-sent; err != nil {
			t.Error(err)
		}
	})
}

func TestConnectBeforeBind(t *testing.T) {
	x := zmq.NewContext(zmq.ContextConfig{})
	defer x.Shutdown(zmq.NoWait)
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port that nobody has
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for _, endpoint := range []string{"tcp://" + l.Addr().String(), "inproc://later"} {
		push := zmq.NewPush(zmq.Config{Context: x})
		connect(t, push, endpoint)
		send(t, push, "one", "two")
		pull := zmq.NewPull(zmq.Config{Context: x})
		bindTo(t, pull, endpoint)
		recv(t, pull, "one", "two")
		push.Close()
		pull.Close()
	}
}

func TestSendAndCloseLosesNothing(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		const n = 20_000
		pull := zmq.NewPull(zmq.Config{Context: x})
		bound := bindTo(t, pull, endpoint)
		sender := func() error {
			push := zmq.NewPush(zmq.Config{Context: x})
			if err := push.Connect(bound); err != nil {
				return err
			}
			for i := range n {
				if err := push.Send(within(t), binary.BigEndian.AppendUint32(nil, uint32(i))); err != nil {
					return err
				}
			}
			return push.Close()
		}
		done := make(chan error, 1)
		go func() { done <- sender() }()
		for i := range n {
			recv(t, pull, string(binary.BigEndian.AppendUint32(nil, uint32(i))))
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestLingerMeetsALatePeer(t *testing.T) {
	x := zmq.NewContext(zmq.ContextConfig{})
	defer x.Shutdown(zmq.NoWait)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	for _, endpoint := range []string{"tcp://" + l.Addr().String(), "inproc://late"} {
		push := zmq.NewPush(zmq.Config{Context: x})
		w := push.Watch(monitor.ConnectRetried)
		connect(t, push, endpoint)
		send(t, push, "the last words")
		if endpoint[0] == 't' {
			if _, err := w.Next(within(t)); err != nil {
				t.Fatal(err)
			}
		}
		closed := make(chan error, 1)
		go func() { closed <- push.Close() }()
		for push.Send(zmq.NoWait, nil) == nil || !errors.Is(push.CanSend(), zmq.ErrClosed) {
		}
		pull := zmq.NewPull(zmq.Config{Context: x})
		bindTo(t, pull, endpoint)
		recv(t, pull, "the last words")
		if err := <-closed; err != nil {
			t.Errorf("%s: Close says %v", endpoint, err)
		}
		pull.Close()
	}
}

func TestRoundRobinAndFairQueue(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		push := zmq.NewPush(zmq.Config{Context: x})
		bound := bindTo(t, push, endpoint)
		var pulls []*zmq.Pull
		for range 3 {
			p := zmq.NewPull(zmq.Config{Context: x})
			connect(t, p, bound)
			pulls = append(pulls, p)
		}
		ready(t, push, 3)
		for i := range 30 {
			send(t, push, fmt.Sprint(i))
		}
		seen := map[string]bool{}
		for _, p := range pulls {
			for range 10 {
				m, err := p.Recv(within(t))
				if err != nil {
					t.Fatal(err)
				}
				seen[string(m.Body())] = true
			}
			if err := p.CanRecv(); !errors.Is(err, zmq.ErrWouldBlock) {
				t.Errorf("one of three got more than ten of thirty: %v", err)
			}
		}
		if len(seen) != 30 {
			t.Errorf("%d of 30 arrived", len(seen))
		}
	})
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		pull := zmq.NewPull(zmq.Config{Context: x})
		bound := bindTo(t, pull, endpoint)
		for i := range 3 {
			p := zmq.NewPush(zmq.Config{Context: x})
			connect(t, p, bound)
			for range 50 {
				send(t, p, fmt.Sprint(i))
			}
		}
		ready(t, pull, 3)
		for settled := false; !settled; { // all is in the pull's queues
			total := 0
			for _, p := range pull.State().Peers {
				total += p.QueueIn
			}
			settled = total == 150
		}
		count := map[string]int{}
		for range 30 {
			m, err := pull.Recv(within(t))
			if err != nil {
				t.Fatal(err)
			}
			count[string(m.Body())]++
		}
		if count["0"] != 10 || count["1"] != 10 || count["2"] != 10 {
			t.Errorf("of three full queues came %v, want ten each", count)
		}
	})
}

func TestSlowPeerDelaysNobody(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		push := zmq.NewPush(zmq.Config{Context: x, SendHWM: 5})
		bound := bindTo(t, push, endpoint)
		stuck := zmq.NewPull(zmq.Config{Context: x, RecvHWM: 5}) // never reads
		connect(t, stuck, bound)
		good := zmq.NewPull(zmq.Config{Context: x, RecvHWM: 5})
		connect(t, good, bound)
		ready(t, push, 2)
		big := make([]byte, 50_000)
		go func() {
			for range 2000 {
				if push.Send(within(t), big) != nil {
					return
				}
			}
			push.Send(within(t), []byte("end"))
		}()
		got := 0
		for {
			m, err := good.Recv(within(t))
			if err != nil {
				t.Fatalf("after %d messages: %v", got, err)
			}
			if got++; string(m.Body()) == "end" || got > 1500 {
				break
			}
		}
	})
}

func TestReqRep(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		rep := zmq.NewRep(zmq.Config{Context: x})
		req := zmq.NewReq(zmq.Config{Context: x})
		connect(t, req, bindTo(t, rep, endpoint))
		if _, err := req.Recv(within(t)); !errors.Is(err, zmq.ErrState) {
			t.Errorf("REQ Recv before Send: %v", err)
		}
		if err := rep.Send(within(t), []byte("x")); !errors.Is(err, zmq.ErrState) {
			t.Errorf("REP Send before Recv: %v", err)
		}
		for i := range 100 {
			send(t, req, fmt.Sprint(i), "", "x")
			if err := req.Send(within(t), []byte("x")); !errors.Is(err, zmq.ErrState) {
				t.Errorf("REQ Send twice: %v", err)
			}
			recv(t, rep, fmt.Sprint(i), "", "x")
			if _, err := rep.Recv(within(t)); !errors.Is(err, zmq.ErrState) {
				t.Errorf("REP Recv twice: %v", err)
			}
			send(t, rep, "", fmt.Sprint(i))
			recv(t, req, "", fmt.Sprint(i))
		}
		if zmq.Errno(rep.Send(within(t), []byte("x"))) != 156384712+51 {
			t.Error("ErrState is not EFSM")
		}
	})
}

func TestDoGivesUpAndStartsClean(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		for _, correlate := range []bool{false, true} {
			rep := zmq.NewRep(zmq.Config{Context: x})
			req := zmq.NewReq(zmq.Config{Context: x, ReqCorrelate: correlate})
			connect(t, req, bindTo(t, rep, endpoint))
			release := make(chan struct{})
			go func() {
				for {
					m, err := rep.Recv(context.Background())
					if err != nil {
						return
					}
					if string(m.Body()) == "slow" {
						<-release
					}
					rep.Send(context.Background(), append([]byte("re: "), m.Body()...))
				}
			}()
			ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
			_, err := req.Do(ctx, []byte("slow"))
			cancel()
			if !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, zmq.ErrWouldBlock) || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Fatalf("Do with a deadline: %v", err)
			}
			close(release) // the late answer is on its way
			for i := range 20 {
				m, err := req.Do(within(t), fmt.Append(nil, i))
				if err != nil || string(m.Body()) != fmt.Sprint("re: ", i) {
					t.Fatalf("correlate %v: question %d was answered %q, %v", correlate, i, m.Body(), err)
				}
			}
			req.Close()
			rep.Close()
		}
	})
}

func TestDoIsSharedByGoroutines(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		rep := zmq.NewRep(zmq.Config{Context: x})
		req := zmq.NewReq(zmq.Config{Context: x})
		connect(t, req, bindTo(t, rep, endpoint))
		go func() {
			for {
				m, err := rep.Recv(context.Background())
				if err != nil {
					return
				}
				rep.SendMessage(context.Background(), m)
			}
		}()
		var all sync.WaitGroup
		for g := range 8 {
			all.Go(func() {
				for i := range 200 {
					want := fmt.Sprint(g, " ", i)
					if m, err := req.Do(within(t), []byte(want)); err != nil || string(m.Body()) != want {
						t.Errorf("asked %s, answered %s, %v", want, m.Body(), err)
						return
					}
				}
			})
		}
		all.Wait()
	})
}

func TestReplyToAPeerThatIsGone(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		rep := zmq.NewRep(zmq.Config{Context: x})
		w := rep.Watch(monitor.Disconnected | monitor.Inproc)
		bound := bindTo(t, rep, endpoint)
		gone := zmq.NewReq(zmq.Config{Context: x})
		connect(t, gone, bound)
		send(t, gone, "anybody there?")
		recv(t, rep, "anybody there?")
		gone.Shutdown(zmq.NoWait)
		if _, err := w.Next(within(t)); err != nil {
			t.Fatal(err)
		}
		send(t, rep, "yes")
		if n := rep.State().Dropped; n != 1 {
			t.Errorf("%d replies counted as dropped, want 1", n)
		}
		next := zmq.NewReq(zmq.Config{Context: x})
		connect(t, next, bound)
		send(t, next, "and now?")
		recv(t, rep, "and now?")
		send(t, rep, "still")
		recv(t, next, "still")
	})
}

func TestPairHasOnePeer(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		a := zmq.NewPair(zmq.Config{Context: x})
		bound := bindTo(t, a, endpoint)
		b := zmq.NewPair(zmq.Config{Context: x})
		connect(t, b, bound)
		ready(t, a, 1)
		c := zmq.NewPair(zmq.Config{Context: x})
		connect(t, c, bound)
		send(t, c, "intruder")
		for i := range 100 {
			send(t, b, fmt.Sprint(i))
			recv(t, a, fmt.Sprint(i))
			send(t, a, fmt.Sprint(i))
			recv(t, b, fmt.Sprint(i))
		}
		if err := a.Connect("tcp://127.0.0.1:1"); !errors.Is(err, zmq.ErrInvalid) {
			t.Errorf("a PAIR with a peer dialled another: %v", err)
		}
		b.Close() // and now it is the other's turn
		recv(t, a, "intruder")
	})
}

func TestReadableAfterTheEnd(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		pull := zmq.NewPull(zmq.Config{Context: x, RecvHWM: 10})
		w := pull.Watch(monitor.Disconnected | monitor.Inproc)
		push := zmq.NewPush(zmq.Config{Context: x})
		connect(t, push, bindTo(t, pull, endpoint))
		for i := range 10 {
			send(t, push, fmt.Sprint(i))
		}
		push.Close()
		if _, err := w.Next(within(t)); err != nil {
			t.Fatal(err)
		}
		for i := range 10 {
			recv(t, pull, fmt.Sprint(i))
		}
	})
}

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

func TestImmediateQueuesToReadyPeersOnly(t *testing.T) {
	x := zmq.NewContext(zmq.ContextConfig{})
	defer x.Shutdown(zmq.NoWait)
	pull := zmq.NewPull(zmq.Config{Context: x})
	bound := bindTo(t, pull, "tcp://127.0.0.1:*")
	push := zmq.NewPush(zmq.Config{Context: x, Immediate: true})
	connect(t, push, "tcp://127.0.0.1:1")
	if err := push.Send(zmq.NoWait, []byte("x")); !errors.Is(err, zmq.ErrWouldBlock) {
		t.Errorf("Send with no peer ready: %v", err)
	}
	connect(t, push, bound)
	for i := range 100 {
		send(t, push, fmt.Sprint(i))
	}
	for i := range 100 {
		recv(t, pull, fmt.Sprint(i))
	}
}
