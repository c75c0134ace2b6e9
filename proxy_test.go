package zmq_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
)

// What a proxy does whatever its sockets are: it passes messages on, waits for room, pauses. proxy_end_test.go has how it ends and
// what it refuses, proxy_steer_test.go the control socket, proxy_patterns_test.go the pairs that people build.

// start runs p until the test or what is returned ends it; that waits, and returns Run's error.
func start(t *testing.T, p *zmq.Proxy) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancelCause(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() { cancel(nil) })
	return func() error {
		cancel(errStopped)
		return <-ended
	}
}

var errStopped = errors.New("stopped by the test")

// stopped ends a Run, which must have been ended by nothing else.
func stopped(t *testing.T, stop func() error) {
	t.Helper()
	if err := stop(); err != errStopped {
		t.Fatalf("Run returned %v, want the cause of its context's end", err)
	}
}

// await waits until what nobody tells has come true. There is no event for it: it looks again when others have run.
func await(t *testing.T, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !happened(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("never happened: %s", what)
		}
	}
}

// A line is PUSH, PULL and PUSH with a proxy between, PULL, over one transport.
type streamer struct {
	push        *zmq.Push
	front, back zmq.Socket
	pull        *zmq.Pull
	*zmq.Proxy
}

func newStreamer(t *testing.T, x *zmq.Context, endpoint string, marks int) *streamer {
	t.Helper()
	in, out := zmq.Config{Context: x, RecvHWM: marks, RecvBuffer: 8 << 10}, zmq.Config{Context: x, SendHWM: marks, SendBuffer: 8 << 10}
	s := &streamer{push: zmq.NewPush(out), pull: zmq.NewPull(in)}
	front, back := zmq.NewPull(in), zmq.NewPush(out)
	s.front, s.back, s.Proxy = front, back, &zmq.Proxy{Front: front, Back: back}
	connect(t, s.push, bindTo(t, front, endpoint))
	connect(t, s.pull, bindTo(t, back, strings.Replace(endpoint, "here", "there", 1)))
	for _, socket := range []zmq.Socket{s.push, front, back, s.pull} {
		ready(t, socket, 1)
	}
	return s
}

// A copy is captured of every message that was passed on, though the proxy is stopped as soon as it has been received.
func TestProxyStoppedAtOnceHasCaptured(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		s := newStreamer(t, x, endpoint, 0)
		tape, reel := zmq.NewPush(zmq.Config{Context: x}), zmq.NewPull(zmq.Config{Context: x})
		connect(t, tape, bindTo(t, reel, "inproc://reel"))
		s.Capture = tape
		for range 300 {
			stop := start(t, s.Proxy)
			send(t, s.push, "x")
			recv(t, s.pull, "x")
			if err := stop(); err != errStopped {
				t.Fatal(err)
			}
			if _, err := reel.Recv(zmq.NoWait); err != nil {
				t.Fatalf("what was passed on was not captured: %v", err)
			}
		}
	})
}

// Who has received a message through a proxy finds it in its Stats.
func TestProxyCountsBeforeItPassesOn(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		s := newStreamer(t, x, endpoint, 0)
		stop := start(t, s.Proxy)
		for n := uint64(1); n <= 3000; n++ {
			send(t, s.push, "x")
			recv(t, s.pull, "x")
			if front, back := s.Stats(); front.MessagesIn < n || back.MessagesOut < n {
				t.Fatalf("when %d have come through, it has counted %d in and %d out", n, front.MessagesIn, back.MessagesOut)
			}
		}
		if err := stop(); err != errStopped {
			t.Error(err)
		}
	})
}

func TestProxyPassesEverythingOn(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		s := newStreamer(t, x, endpoint, 0)
		stop := start(t, s.Proxy)
		large := bytes.Repeat([]byte("large "), 20_000)
		shapes := [][]string{{"one"}, {""}, {"a", "", "c"}, {string(large)}, {"topic", string(large), "tail"}, {strings.Repeat("x", 300)}}
		for _, m := range shapes {
			send(t, s.push, m...)
		}
		for _, m := range shapes {
			recv(t, s.pull, m...)
		}
		stopped(t, stop)
		front, back := s.Stats()
		size := uint64(3 + 0 + 2 + len(large) + 5 + len(large) + 4 + 300)
		if want := (zmq.ProxyStats{MessagesIn: 6, BytesIn: size}); front != want {
			t.Errorf("front: %+v, want %+v", front, want)
		}
		if want := (zmq.ProxyStats{MessagesOut: 6, BytesOut: size}); back != want {
			t.Errorf("back: %+v, want %+v", back, want)
		}
	})
}

// Two PAIRs talk through a proxy, each at its own pace.
func TestProxyBothWays(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		cfg := zmq.Config{Context: x}
		a, front, back, b := zmq.NewPair(cfg), zmq.NewPair(cfg), zmq.NewPair(cfg), zmq.NewPair(cfg)
		connect(t, a, bindTo(t, front, endpoint))
		connect(t, b, bindTo(t, back, strings.Replace(endpoint, "here", "there", 1)))
		p := &zmq.Proxy{Front: front, Back: back}
		stop := start(t, p)
		const n = 5000
		sent := make(chan error, 2)
		for _, s := range []*zmq.Pair{a, b} {
			go func() {
				for i := range n {
					if err := s.Send(within(t), fmt.Append(nil, i)); err != nil {
						sent <- err
						return
					}
				}
				sent <- nil
			}()
		}
		for i := range n {
			recv(t, a, fmt.Sprint(i))
			recv(t, b, fmt.Sprint(i))
		}
		for range 2 {
			if err := <-sent; err != nil {
				t.Error(err)
			}
		}
		stopped(t, stop)
		inFront, inBack := p.Stats()
		for _, s := range []zmq.ProxyStats{inFront, inBack} {
			if s.MessagesIn != n || s.MessagesOut != n || s.Dropped != 0 {
				t.Errorf("%+v, want %d both ways", s, n)
			}
		}
	})
}

// The bytes of a large message are the sender's at the other end of the proxy: nobody copied them.
func TestProxySharesLargeBodies(t *testing.T) {
	x := zmq.NewContext(zmq.ContextConfig{})
	t.Cleanup(func() { x.Shutdown(zmq.NoWait) })
	s := newStreamer(t, x, "inproc://here", 0)
	start(t, s.Proxy)
	large := make([]byte, 1<<20)
	for _, frames := range [][][]byte{{large}, {[]byte("topic"), large}} {
		if err := s.push.SendMessage(within(t), zmq.NewMessage(frames...)); err != nil {
			t.Fatal(err)
		}
		m, err := s.pull.Recv(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if got := m.Body(); len(got) != len(large) || &got[0] != &large[0] {
			t.Errorf("%d frames: the body is a copy", len(frames))
		}
	}
}

func TestProxyAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	x := zmq.NewContext(zmq.ContextConfig{})
	t.Cleanup(func() { x.Shutdown(zmq.NoWait) })
	s := newStreamer(t, x, "tcp://127.0.0.1:*", 0)
	start(t, s.Proxy)
	const warm, n = 20_000, 200_000
	go func() {
		topic, body := make([]byte, 8), make([]byte, 64)
		for range warm/2 + n/2 {
			if s.push.Send(context.Background(), body) != nil || s.push.Send(context.Background(), topic, body) != nil {
				return
			}
		}
	}()
	var b zmq.Buffer
	take := func(n int) {
		for range n {
			if err := s.pull.RecvInto(context.Background(), &b); err != nil {
				t.Error(err)
				return
			}
		}
	}
	take(warm)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	take(n)
	runtime.ReadMemStats(&after)
	// A wait allocates, for its context, and a message that is put back takes its memory with it. Both happen once for
	// many messages.
	if per := float64(after.Mallocs-before.Mallocs) / n; per > 0.1 {
		t.Errorf("%.4f allocations a message", per)
	} else {
		t.Logf("%.4f allocations a message", per)
	}
}

// Nobody is there to take messages: they stay where they are, and whoever else receives there gets them.
func TestProxyTakesNothingWithoutRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := zmq.NewContext(zmq.ContextConfig{})
		defer x.Shutdown(zmq.NoWait)
		push, front, back := zmq.NewPush(zmq.Config{Context: x}), zmq.NewPull(zmq.Config{Context: x}), zmq.NewPush(zmq.Config{Context: x})
		connect(t, push, bindTo(t, front, "inproc://here"))
		bindTo(t, back, "inproc://there")
		p := &zmq.Proxy{Front: front, Back: back}
		stop := start(t, p)
		send(t, push, "first")
		send(t, push, "second")
		synctest.Wait()
		if n := front.State().Peers[0].QueueIn; n != 2 {
			t.Errorf("%d messages are in the front socket, want both", n)
		}
		recv(t, front, "first")

		pull := zmq.NewPull(zmq.Config{Context: x})
		connect(t, pull, "inproc://there")
		recv(t, pull, "second")

		pull.Shutdown(zmq.NoWait) // while the proxy waits for a message, the room goes
		synctest.Wait()
		send(t, push, "third")
		synctest.Wait()
		stopped(t, stop)
		if m, err := front.Recv(zmq.NoWait); err != nil || string(m.Body()) != "third" {
			t.Errorf("after Run the front socket has %q (%v), want the message that nobody could take", m.Body(), err)
		}
		if in, out := p.Stats(); in.MessagesIn != 1 || out.MessagesOut != 1 {
			t.Errorf("in %d, out %d: want the one that was passed on", in.MessagesIn, out.MessagesOut)
		}
	})
}

// A worker that reads nothing: everything fills up, back to the first sender. Then Run is ended, and every message is
// still somewhere, once, in its order.
func TestProxyEndsWithEmptyHands(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		for _, size := range []int{400, 40_000} {
			s := newStreamer(t, x, strings.Replace(endpoint, "here", fmt.Sprint("here ", size), 1), 2)
			stop := start(t, s.Proxy)
			sent := 0
			body := func(i int) []byte { return append(make([]byte, size-4), byte(i>>24), byte(i>>16), byte(i>>8), byte(i)) }
			for full := time.Now(); time.Since(full) < 50*time.Millisecond; { // over tcp the kernel's buffers fill too
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
				if s.push.Send(ctx, body(sent)) == nil {
					sent++
					full = time.Now()
				}
				cancel()
			}
			stopped(t, stop)
			got := 0
			take := func(r zmq.Receiver) {
				m, err := r.Recv(within(t))
				if err != nil || !bytes.Equal(m.Body(), body(got)) {
					t.Fatalf("message %d of %d is not what was sent (%v)", got, sent, err)
				}
				got++
			}
			_, back := s.Stats()
			for got < int(back.MessagesOut) {
				take(s.pull)
			}
			for got < sent {
				take(s.front.(zmq.Receiver))
			}
			for _, r := range []zmq.Receiver{s.pull, s.front.(zmq.Receiver)} {
				if err := r.CanRecv(); err != zmq.ErrWouldBlock {
					t.Errorf("%v has more than was sent: %v", r.Type(), err)
				}
			}
		}
	})
}

// A message that the proxy put back is its receiver's for good: the proxy does not write over it.
func TestProxyLetsGoOfWhatItPutsBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := zmq.NewContext(zmq.ContextConfig{})
		defer x.Shutdown(zmq.NoWait)
		s := newStreamer(t, x, "inproc://here", 2) // four between each two sockets: the marks of both
		stop := start(t, s.Proxy)
		for i := range 4 + 3 {
			send(t, s.push, fmt.Sprint("message ", i), "tail")
		}
		synctest.Wait()
		m := recv(t, s.front.(zmq.Receiver), "message 4", "tail") // 4 are before it, it was put back
		for i := range 4 + 2 {
			want := i
			if i >= 4 {
				want++
			}
			recv(t, s.pull, fmt.Sprint("message ", want), "tail")
		}
		stopped(t, stop)
		if string(m.Frame(0)) != "message 4" || string(m.Frame(1)) != "tail" {
			t.Errorf("the message that was received from the front socket reads %q now", m.AppendFrames(nil))
		}
	})
}

// While two senders send, the proxy is paused, resumed, ended and started all the time. Each sender's messages come in
// their order, and all come.
func TestProxyPausesAndEndsInAStream(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		s := newStreamer(t, x, endpoint, 3)
		other := zmq.NewPush(zmq.Config{Context: x, SendHWM: 3})
		connect(t, other, s.front.State().Endpoints[0].Bound)
		const n = 3000
		for who, push := range []*zmq.Push{s.push, other} {
			go func() {
				for i := range n {
					if push.Send(t.Context(), []byte{byte(who)}, fmt.Append(nil, i)) != nil {
						return
					}
				}
			}()
		}
		over := make(chan struct{})
		trouble := make(chan struct{})
		go func() {
			defer close(trouble)
			for i := 0; ; i++ {
				stop := start(t, s.Proxy)
				for range i % 5 {
					s.Pause()
					s.Resume()
				}
				select {
				case <-over:
					stop()
					return
				default:
				}
				if i%3 == 0 {
					runtime.Gosched()
				}
				if err := stop(); err != errStopped {
					t.Errorf("Run: %v", err)
					return
				}
			}
		}()
		var next [2]int
		for range 2 * n {
			m, err := s.pull.Recv(within(t))
			if err != nil {
				t.Fatalf("after %v: %v", next, err)
			}
			who := m.Frame(0)[0]
			if want := fmt.Sprint(next[who]); string(m.Frame(1)) != want {
				t.Fatalf("sender %d: message %s, want %s", who, m.Frame(1), want)
			}
			next[who]++
		}
		close(over)
		<-trouble
		front, back := s.Stats()
		if front.MessagesIn != 2*n || back.MessagesOut != 2*n || back.Dropped != 0 {
			t.Errorf("in %d, out %d, dropped %d, want %d, all of them", front.MessagesIn, back.MessagesOut, back.Dropped, 2*n)
		}
	})
}

// Once Pause has returned nothing passes; before Run it is a beginning in silence.
func TestProxyPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := zmq.NewContext(zmq.ContextConfig{})
		defer x.Shutdown(zmq.NoWait)
		s := newStreamer(t, x, "inproc://here", 0)
		s.Resume() // of what is not paused: nothing
		s.Pause()
		s.Pause() // twice is once
		if !s.Paused() {
			t.Error("after Pause the proxy is not paused")
		}
		stop := start(t, s.Proxy)
		send(t, s.push, "1")
		synctest.Wait()
		if err := s.pull.CanRecv(); err != zmq.ErrWouldBlock {
			t.Fatalf("paused before Run, a message passed: %v", err)
		}
		s.Resume()
		if s.Paused() {
			t.Error("after Resume the proxy is paused")
		}
		recv(t, s.pull, "1")
		s.Pause()
		send(t, s.push, "2")
		synctest.Wait()
		if err := s.pull.CanRecv(); err != zmq.ErrWouldBlock {
			t.Fatalf("paused, a message passed: %v", err)
		}
		if n := s.front.State().Peers[0].QueueIn; n != 1 {
			t.Errorf("%d messages wait in the front socket, want 1", n)
		}
		stopped(t, stop) // ends while paused …
		stop = start(t, s.Proxy)
		synctest.Wait()
		if err := s.pull.CanRecv(); err != zmq.ErrWouldBlock {
			t.Fatalf("it was paused when Run ended, and the next Run passed a message: %v", err)
		}
		s.Resume() // … and goes on
		recv(t, s.pull, "2")
		stopped(t, stop)
	})
}

// Pause has its word even to a proxy that is in the midst of a stream.
func TestProxyPauseIsImmediate(t *testing.T) {
	x := zmq.NewContext(zmq.ContextConfig{})
	t.Cleanup(func() { x.Shutdown(zmq.NoWait) })
	s := newStreamer(t, x, "inproc://here", 0)
	start(t, s.Proxy)
	go func() {
		for s.push.Send(t.Context(), []byte("x")) == nil {
		}
	}()
	go func() {
		for range s.pull.Messages(t.Context()) {
		}
	}()
	for range 100 {
		before, _ := s.Stats()
		await(t, "the stream flows", func() bool { now, _ := s.Stats(); return now.MessagesIn > before.MessagesIn+10 })
		s.Pause()
		paused, _ := s.Stats()
		for range 100 {
			runtime.Gosched()
		}
		if now, _ := s.Stats(); now != paused {
			t.Fatalf("paused at %+v, and now %+v", paused, now)
		}
		s.Resume()
	}
}

// A message that comes from a socket goes back to it when it is both ends.
func TestProxyOfOneSocketEchoes(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		echo, pair := zmq.NewPair(zmq.Config{Context: x}), zmq.NewPair(zmq.Config{Context: x})
		connect(t, pair, bindTo(t, echo, endpoint))
		p := &zmq.Proxy{Front: echo, Back: echo}
		stop := start(t, p)
		for _, m := range []string{"hello", "hello again"} {
			send(t, pair, m, "tail")
			recv(t, pair, m, "tail")
		}
		stopped(t, stop)
		front, back := p.Stats()
		if want := (zmq.ProxyStats{MessagesIn: 2, MessagesOut: 2, BytesIn: 24, BytesOut: 24}); front != want || back != want {
			t.Errorf("%+v and %+v, want twice %+v", front, back, want)
		}
	})
}

// The copies come in the order in which the messages were passed on: a question before its answer.
func TestProxyCapture(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		cfg := zmq.Config{Context: x}
		client, front, back, server := zmq.NewPair(cfg), zmq.NewPair(cfg), zmq.NewPair(cfg), zmq.NewPair(cfg)
		tap, log := zmq.NewPush(cfg), zmq.NewPull(cfg)
		connect(t, client, bindTo(t, front, endpoint))
		connect(t, server, bindTo(t, back, strings.Replace(endpoint, "here", "there", 1)))
		connect(t, log, bindTo(t, tap, strings.Replace(endpoint, "here", "tap", 1)))
		start(t, &zmq.Proxy{Front: front, Back: back, Capture: tap})
		start(t, &zmq.Proxy{Front: server, Back: server}) // answers as fast as anybody can
		const n = 1000
		for i := range n {
			send(t, client, "question", fmt.Sprint(i))
			recv(t, client, "question", fmt.Sprint(i))
		}
		for i := range n {
			recv(t, log, "question", fmt.Sprint(i))
			recv(t, log, "question", fmt.Sprint(i))
		}
	})
}

// A PUSH that captures, and whose copies nobody takes, stops the proxy when it is full, and nothing is lost by it.
func TestProxyCaptureThatIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := zmq.NewContext(zmq.ContextConfig{})
		defer x.Shutdown(zmq.NoWait)
		s := newStreamer(t, x, "inproc://here", 0)
		tap := zmq.NewPush(zmq.Config{Context: x, SendHWM: 3})
		connect(t, tap, "inproc://tap")
		s.Capture = tap
		stop := start(t, s.Proxy)
		for i := range 10 {
			send(t, s.push, fmt.Sprint(i))
		}
		for i := range 3 {
			recv(t, s.pull, fmt.Sprint(i))
		}
		synctest.Wait()
		if err := s.pull.CanRecv(); err != zmq.ErrWouldBlock {
			t.Errorf("a message without a copy passed: %v", err)
		}
		stopped(t, stop)
		stop = start(t, s.Proxy)
		log := zmq.NewPull(zmq.Config{Context: x})
		bindTo(t, log, "inproc://tap")
		for i := range 10 {
			recv(t, log, fmt.Sprint(i))
		}
		for i := range 7 {
			recv(t, s.pull, fmt.Sprint(i+3))
		}
		stopped(t, stop)
	})
}
