package zmq_test

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/glassmq/zmq"
)

// steered is a proxy with a control socket, and who commands it.
func steered(t *testing.T, control zmq.Type) (s *streamer, command zmq.Socket, ended chan error) {
	t.Helper()
	x := zmq.NewContext(zmq.ContextConfig{})
	t.Cleanup(func() { x.Shutdown(zmq.NoWait) })
	s = newStreamer(t, x, "inproc://here", 0)
	var err error
	if s.Control, err = zmq.New(control, zmq.Config{Context: x}); err != nil {
		t.Fatal(err)
	}
	other := map[zmq.Type]zmq.Type{zmq.REP: zmq.REQ, zmq.PAIR: zmq.PAIR, zmq.PULL: zmq.PUSH, zmq.SUB: zmq.PUB}[control]
	if command, err = zmq.New(other, zmq.Config{Context: x}); err != nil {
		t.Fatal(err)
	}
	connect(t, command, bindTo(t, s.Control, "inproc://control"))
	ended = make(chan error, 1)
	go func() { ended <- s.Run(t.Context()) }()
	return s, command, ended
}

// numbers are STATISTICS' answer.
func numbers(t *testing.T, m zmq.Message) (all []uint64) {
	t.Helper()
	for i, f := range m.All() {
		if len(f) != 8 {
			t.Fatalf("frame %d has %d bytes, want 8", i, len(f))
		}
		all = append(all, binary.NativeEndian.Uint64(f))
	}
	return all
}

// A REP answers every command: with an empty frame, with the numbers, or with what is wrong.
func TestProxySteeredByREP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, command, ended := steered(t, zmq.REP)
		req := command.(*zmq.Req)
		ask := func(frames ...string) zmq.Message {
			t.Helper()
			m, err := req.Do(within(t), byteFrames(frames)...)
			if err != nil {
				t.Fatal(err)
			}
			return m
		}
		obeyed := func(command string) {
			t.Helper()
			if m := ask(command); m.Len() != 1 || len(m.Frame(0)) != 0 {
				t.Errorf("%s was answered with %q, want one empty frame", command, m.AppendFrames(nil))
			}
		}
		send(t, s.push, "a", "bc")
		recv(t, s.pull, "a", "bc")
		obeyed("PAUSE")
		send(t, s.push, "def")
		synctest.Wait()
		if got, want := numbers(t, ask("STATISTICS")), []uint64{1, 3, 0, 0, 0, 0, 1, 3}; !slices.Equal(got, want) {
			t.Errorf("paused, the numbers are %d, want %d", got, want)
		}
		for _, nonsense := range [][]string{{"pause"}, {""}, {"PAUSE", "PAUSE"}, {strings.Repeat("x", 10_000)}} {
			if m := ask(nonsense...); !strings.HasPrefix(string(m.Body()), "no such command") {
				t.Errorf("%.20q was answered with %q", nonsense, m.AppendFrames(nil))
			}
		}
		obeyed("RESUME")
		recv(t, s.pull, "def")
		if got, want := numbers(t, ask("STATISTICS")), []uint64{2, 6, 0, 0, 0, 0, 2, 6}; !slices.Equal(got, want) {
			t.Errorf("the numbers are %d, want %d", got, want)
		}
		obeyed("TERMINATE")
		if err := <-ended; err != nil {
			t.Errorf("after TERMINATE, Run returned %v", err)
		}
	})
}

// A PAIR has an answer to STATISTICS only. One that nobody reads does not stop the proxy.
func TestProxySteeredByPAIR(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, command, ended := steered(t, zmq.PAIR)
		pair := command.(*zmq.Pair)
		for _, c := range []string{"PAUSE", "RESUME", "nonsense"} {
			send(t, pair, c)
		}
		send(t, s.push, "abc")
		recv(t, s.pull, "abc")
		send(t, pair, "STATISTICS")
		m, err := pair.Recv(within(t))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := numbers(t, m), []uint64{1, 3, 0, 0, 0, 0, 1, 3}; !slices.Equal(got, want) {
			t.Errorf("the numbers are %d, want %d", got, want)
		}
		for range 5000 { // more than both marks
			send(t, pair, "STATISTICS")
		}
		send(t, s.push, "def")
		recv(t, s.pull, "def")
		send(t, pair, "TERMINATE")
		if err := <-ended; err != nil {
			t.Errorf("after TERMINATE, Run returned %v", err)
		}
	})
}

// Who cannot be answered is obeyed all the same.
func TestProxySteeredOneWay(t *testing.T) {
	for _, control := range []zmq.Type{zmq.PULL, zmq.SUB} {
		t.Run(control.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, command, ended := steered(t, control)
				if sub, ok := s.Control.(*zmq.Sub); ok {
					if err := sub.Subscribe(""); err != nil {
						t.Fatal(err)
					}
					ready(t, command, 1) // a PUB's peer is, when it has subscribed
				}
				order := command.(zmq.Sender)
				send(t, order, "PAUSE")
				send(t, order, "STATISTICS")
				synctest.Wait()
				send(t, s.push, "abc")
				synctest.Wait()
				if err := s.pull.CanRecv(); err != zmq.ErrWouldBlock {
					t.Fatalf("paused, a message passed: %v", err)
				}
				send(t, order, "RESUME")
				recv(t, s.pull, "abc")
				send(t, order, "TERMINATE")
				if err := <-ended; err != nil {
					t.Errorf("after TERMINATE, Run returned %v", err)
				}
			})
		})
	}
}
