package zmq_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// The contract of the sockets over tcp, ipc and inproc; its files:
//
//	contract_test.go            marks, linger, turns
//	contract_table_test.go      what becomes of a message, by type and condition
//	contract_promises_test.go   what every socket promises, to the byte, on a network in memory
//	contract_calls_test.go      calls and their contexts
//	contract_reqrep_test.go … contract_stream_test.go, contract_options_test.go   the rules of each type
//	contract_wire_test.go       the same as it is on the wire, by hand
//	contract_walk_test.go       random walks against a naive model
//	contract_race_test.go       all methods at once
//	ends_test.go                all that ends something, in any order
//	sim_test.go                 an hour of sockets and misfortunes, in virtual time
//
// A test waits for an event, for readiness, or for the call itself, each bounded by patience.

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
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		endpoint = vacant(t, endpoint)
		push := connected(t, zmq.NewPush(zmq.Config{Context: x}), endpoint)
		send(t, push, "one", "two")
		pull := zmq.NewPull(zmq.Config{Context: x})
		bindTo(t, pull, endpoint)
		recv(t, pull, "one", "two")
	})
}

func TestSendAndCloseLosesNothing(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		const n = 20_000
		ctx := within(t)
		pull := zmq.NewPull(zmq.Config{Context: x})
		bound := bindTo(t, pull, endpoint)
		sender := func() error {
			push := zmq.NewPush(zmq.Config{Context: x})
			if err := push.Connect(bound); err != nil {
				return err
			}
			for i := range n {
				if err := push.Send(ctx, binary.BigEndian.AppendUint32(nil, uint32(i))); err != nil {
					return err
				}
			}
			return push.Close()
		}
		done := make(chan error, 1)
		go func() { done <- sender() }()
		for i := range n {
			if m, err := pull.Recv(ctx); err != nil || binary.BigEndian.Uint32(m.Body()) != uint32(i) {
				t.Fatalf("message %d: %q, %v", i, m.Body(), err)
			}
		}
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestLingerMeetsALatePeer(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		place := vacant(t, endpoint)
		push := zmq.NewPush(zmq.Config{Context: x})
		w := push.Watch(monitor.ConnectRetried)
		connect(t, push, place)
		send(t, push, "the last words")
		if place != endpoint { // a network was asked, and nobody was there
			heard(t, w, 1)
		}
		closed := make(chan error, 1)
		go func() { closed <- push.Close() }()
		for push.Send(zmq.NoWait, nil) == nil || !errors.Is(push.CanSend(), zmq.ErrClosed) {
		}
		pull := zmq.NewPull(zmq.Config{Context: x})
		bindTo(t, pull, place)
		recv(t, pull, "the last words")
		if err := <-closed; err != nil {
			t.Errorf("Close says %v", err)
		}
	})
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

// With Immediate a peer that is away is none: messages go to others, or wait, and nothing is queued for it.
func TestImmediateQueuesToReadyPeersOnly(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		away := vacant(t, endpoint)
		for _, s := range []zmq.Sender{
			zmq.NewPush(zmq.Config{Context: x, Immediate: true, ReconnectMin: fast}),
			zmq.NewDealer(zmq.Config{Context: x, Immediate: true, ReconnectMin: fast}),
		} {
			come := func(place string) zmq.Receiver {
				typ := map[zmq.Type]zmq.Type{zmq.PUSH: zmq.PULL, zmq.DEALER: zmq.DEALER}[s.Type()]
				peer, err := zmq.New(typ, zmq.Config{Context: x})
				must(t, err)
				bindTo(t, peer, place)
				return peer.(zmq.Receiver)
			}
			connect(t, s, away)
			if err := s.Send(zmq.NoWait, []byte("x")); !errors.Is(err, zmq.ErrWouldBlock) {
				t.Errorf("%v: Send with no peer ready: %v", s.Type(), err)
			}
			here := vacant(t, another(endpoint, s.Type().String()))
			connect(t, s, here)
			peer := come(here)
			for i := range 100 {
				send(t, s, fmt.Sprint(i))
				recv(t, peer, fmt.Sprint(i))
			}
			w := s.Watch(monitor.Disconnected | monitor.Inproc)
			peer.Close()
			heard(t, w, 1)
			if err := s.Send(zmq.NoWait, []byte("x")); !errors.Is(err, zmq.ErrWouldBlock) {
				t.Errorf("%v: Send when the only peer has left: %v", s.Type(), err)
			}
			peer = come(away)
			send(t, s, "and now?")
			recv(t, peer, "and now?")
			if err := s.Close(); err != nil {
				t.Errorf("%v: Close says %v", s.Type(), err)
			}
			peer.Close()
		}
	})
}

// until waits for what no event tells of: it looks again until look says that it is so, or the time is up.
func until(t *testing.T, limit time.Duration, what string, look func() bool) (took time.Duration) {
	t.Helper()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for began := time.Now(); ; <-again.C {
		if look() {
			return time.Since(began)
		}
		if time.Since(began) > limit {
			t.Fatalf("after %v still not: %s", limit, what)
		}
	}
}
