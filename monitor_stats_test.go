package zmq_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// Pipe statistics (zmq_socket_monitor_pipes_stats(3)), and the monitor over a PUB with many readers.

// The errors, the first that applies: the socket's end, nobody who reads, nothing to tell.
func TestPipesStatsErrors(t *testing.T) {
	x := newContext(t)
	pull := zmq.NewPull(zmq.Config{Context: x})
	refused := func(when string, is error, errno syscall.Errno) {
		t.Helper()
		if err := pull.MonitorPipesStats(); !errors.Is(err, is) || zmq.Errno(err) != errno {
			t.Errorf("%s: %v (errno %d), want %v", when, err, zmq.Errno(err), is)
		}
	}
	refused("nobody watches", zmq.ErrInvalid, syscall.EINVAL)
	story := zmqtest.Record(t, pull, monitor.Lifecycle)
	refused("who watches does not ask", zmq.ErrInvalid, syscall.EINVAL)
	must(t, pull.MonitorVersioned("inproc://monitor", monitor.ClassicV2, 2, zmq.PAIR))
	refused("there is no pipe", zmq.ErrWouldBlock, syscall.EAGAIN)
	stranger, err := net.Dial("tcp", strings.TrimPrefix(bindTCP(t, pull), "tcp://"))
	must(t, err)
	story.WaitFor(monitor.Accepted, 1)
	refused("there is a stranger, who is no peer", zmq.ErrWouldBlock, syscall.EAGAIN)
	stranger.Close()
	must(t, pull.Connect("tcp://"+freePort(t)))
	if err := pull.MonitorPipesStats(); err != nil {
		t.Errorf("there is a pipe, if without a peer: %v", err)
	}
	x.Terminate()
	refused("the Context ends", zmq.ErrTerminated, zmq.Errno(zmq.ErrTerminated))
}

// Each pipe is told of once, with exact numbers, in the frames as the manual page has them.
func TestPipesStats(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := zmqtest.NewNetwork()
		x := n.Context(t)
		n.Refuse("tcp://away:1", true)
		dealer := zmq.NewDealer(zmq.Config{Context: x})
		far, near := zmq.NewDealer(zmq.Config{Context: x}), zmq.NewDealer(zmq.Config{Context: x})
		story := zmqtest.Record(t, dealer, monitor.All)
		must(t, dealer.MonitorVersioned("inproc://monitor", monitor.PipesStats, 2, zmq.PAIR))
		reader := zmq.NewPair(zmq.Config{Context: x})
		must(t, reader.Connect("inproc://monitor"))
		_, err := dealer.Bind("tcp://hub:1")
		must(t, err)
		_, err = near.Bind("inproc://near")
		must(t, err)
		must(t, far.Connect("tcp://hub:1"))
		must(t, dealer.Connect("tcp://away:1"))
		must(t, dealer.Connect("inproc://near"))
		must(t, dealer.WaitReady(t.Context(), 2))
		must(t, far.Send(t.Context(), []byte("to be received")))
		must(t, far.Send(t.Context(), []byte("to be received")))
		synctest.Wait()
		for range 9 { // three each, in turn; those for far are with the network at once
			must(t, dealer.Send(t.Context(), []byte("x")))
		}
		recvAll(t, near, 1)
		synctest.Wait()

		must(t, dealer.MonitorPipesStats())
		synctest.Wait()
		peers := map[string]monitor.PeerState{}
		for _, p := range dealer.State().Peers {
			peers[p.Endpoint] = p
		}
		for _, want := range []struct {
			endpoint, local, remote string
			conn                    monitor.ConnID
			out, in                 int
		}{
			{"tcp://hub:1", peers["tcp://hub:1"].Local, peers["tcp://hub:1"].Remote, peers["tcp://hub:1"].Conn, 0, 2},
			{"tcp://away:1", "", "tcp://away:1", 0, 3, 0},
			{"inproc://near", "inproc://near", "inproc://near", peers["inproc://near"].Conn, 2, 0},
		} {
			m, err := reader.Recv(zmq.NoWait)
			must(t, err)
			number := func(n int) []byte { return binary.NativeEndian.AppendUint64(nil, uint64(n)) }
			frames := [][]byte{number(0x10000), number(2), number(want.out), number(want.in), []byte(want.local), []byte(want.remote)}
			if got := m.AppendFrames(nil); !slices.EqualFunc(got, frames, slices.Equal) {
				t.Errorf("%s: the frames are %q, want %q", want.endpoint, got, frames)
			}
			i := slices.IndexFunc(story.Events(), func(e zmq.Event) bool { return e.Kind == monitor.PipesStats && e.Endpoint == want.endpoint })
			if e := story.Events()[i]; e.Conn != want.conn || e.QueueOut != want.out || e.QueueIn != want.in {
				t.Errorf("the event is %v, want connection %d, %d out, %d in", e, want.conn, want.out, want.in)
			}
		}
		if m, err := reader.Recv(zmq.NoWait); err == nil {
			t.Errorf("one event more: %q", m.AppendFrames(nil))
		}
	})
}

// Over a PUB many readers have the same events, each those whose number it has subscribed to; one that is slow loses some,
// which is counted, and holds up nobody.
func TestMonitorOverPub(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := zmqtest.NewNetwork().Context(t)
		pull := zmq.NewPull(zmq.Config{Context: x})
		must(t, pull.MonitorVersioned("inproc://monitor", monitor.Classic, 2, zmq.PUB))
		number := binary.NativeEndian.AppendUint64(nil, uint64(monitor.Listening))
		all := zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{""}})
		some := zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{string(number)}})
		slow := zmq.NewSub(zmq.Config{Context: x, Subscribe: []string{""}})
		for _, s := range []zmq.Socket{all, some, slow} {
			must(t, s.Connect("inproc://monitor"))
		}
		kinds := func(s *zmq.Sub) (seen []monitor.Kind) {
			for m, err := s.Recv(zmq.NoWait); err == nil; m, err = s.Recv(zmq.NoWait) {
				e, err := monitor.Parse(m.AppendFrames(nil))
				must(t, err)
				seen = append(seen, e.Kind)
			}
			return seen
		}
		const rounds = 1500
		listened, closed := 0, 0
		for range rounds {
			rebind(t, pull)
			synctest.Wait()
			if got := kinds(all); !slices.Equal(got, []monitor.Kind{monitor.Listening, monitor.Closed}) {
				t.Fatalf("who reads everything has %v", got)
			}
			if got := kinds(some); !slices.Equal(got, []monitor.Kind{monitor.Listening}) {
				t.Fatalf("who reads %v has %v", monitor.Listening, got)
			}
		}
		missed := pull.State().FramesLost
		must(t, pull.Monitor("", 0))
		late := kinds(slow)
		for _, k := range late {
			switch k {
			case monitor.Listening:
				listened++
			case monitor.Closed:
				closed++
			}
		}
		if late[len(late)-1] != monitor.MonitorStopped || listened+closed+int(missed) != 2*rounds || missed == 0 || pull.State().FramesLost != missed {
			t.Errorf("who is slow has %d and %d events of %d, missed %d, and last %v", listened, closed, 2*rounds, missed, late[len(late)-1])
		}
	})
}

// What came over inproc was received, also when it is taken out after the connection has ended: as over a network.
func TestStateCountsWhatCameOverInproc(t *testing.T) {
	for _, endpoint := range []string{"tcp://hub:1", "inproc://hub"} {
		t.Run(endpoint, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x := zmqtest.NewNetwork().Context(t)
				pull, push := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPush(zmq.Config{Context: x})
				story := zmqtest.Record(t, pull, monitor.All)
				_, err := pull.Bind(endpoint)
				must(t, err)
				must(t, push.Connect(endpoint))
				for range 5 {
					must(t, push.Send(t.Context(), []byte("x")))
				}
				synctest.Wait()
				recvAll(t, pull, 2)
				now := func() string {
					s := pull.State()
					return fmt.Sprint(s.MessagesIn, s.MessagesOut, len(s.Peers))
				}
				if p := pull.State().Peers[0]; now() != "5 0 1" || p.MessagesIn != 5 || p.QueueIn != 3 {
					t.Errorf("with a peer: %s, of which %d in, %d wait", now(), p.MessagesIn, p.QueueIn)
				}
				must(t, push.Close())
				synctest.Wait()
				recvAll(t, pull, 3)
				if e := story.WaitFor(monitor.Disconnected, 1); e.MessagesIn != 5 || now() != "5 0 0" {
					t.Errorf("without: the state says %s, the terminal event %d in", now(), e.MessagesIn)
				}
			})
		})
	}
}

// State is exact, and may be asked for at any time, also while both ends of a connection over inproc are at work.
func TestStateWhileInprocIsBusy(t *testing.T) {
	x := newContext(t)
	pull, push := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPush(zmq.Config{Context: x, SendHWM: 10})
	_, err := pull.Bind("inproc://hub")
	must(t, err)
	must(t, push.Connect("inproc://hub"))
	const messages = 200_000
	sent := make(chan error, 1)
	go func() {
		for range messages {
			if err := push.Send(t.Context(), []byte("x")); err != nil {
				sent <- err
				return
			}
		}
		sent <- nil
	}()
	done := make(chan struct{})
	go func() {
		defer close(done)
		recvAll(t, pull, messages-3)
	}()
	for over := false; !over; {
		select {
		case <-done:
			over = true
		default:
		}
		for _, s := range []zmq.Socket{pull, push} {
			for _, p := range s.State().Peers {
				if p.QueueIn < 0 || p.QueueOut < 0 || p.QueueIn+p.QueueOut > 1010 {
					t.Fatalf("%v: %d in, %d out", s.Type(), p.QueueIn, p.QueueOut)
				}
			}
		}
		time.Sleep(100 * time.Microsecond)
	}
	must(t, <-sent)
	if in, out := pull.State().Peers[0].QueueIn, push.State().Peers[0].QueueOut; in != 3 || out != 3 {
		t.Errorf("3 are left: %d in one end's queue, %d in the other's", in, out)
	}
}

// What a publisher was given is in its counts: a copy for each subscriber that wants it, sent, queued or dropped, and what
// nobody wanted.
func TestAPublishersCopiesBalance(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := zmqtest.NewNetwork().Context(t)
		pub := zmq.NewPub(zmq.Config{Context: x, SendHWM: 3})
		at := bindTo(t, pub, "tcp://feed:1")
		all, few := zmq.NewSub(zmq.Config{Context: x, RecvHWM: 2}), zmq.NewSub(zmq.Config{Context: x, RecvHWM: 2})
		connect(t, all, at)
		connect(t, few, at)
		must(t, errors.Join(all.Subscribe("a", "b"), few.Subscribe("b")))
		ready(t, pub, 2)
		large := strings.Repeat("x", 1<<20) // more than a connection holds on its way
		for range 10 {
			send(t, pub, "a", large)
			send(t, pub, "none")
			synctest.Wait()
		}
		send(t, pub, "b")
		synctest.Wait()
		s := pub.State()
		queued := 0
		for _, p := range s.Peers {
			queued += p.QueueOut
		}
		if s.Copies != 12 || s.Unwanted != 10 {
			t.Errorf("%d copies and %d unwanted, want 12 and 10", s.Copies, s.Unwanted)
		}
		if s.Dropped == 0 || s.MessagesOut == 0 || queued == 0 || s.MessagesOut+uint64(queued)+s.Dropped != s.Copies {
			t.Errorf("%d went out, %d are queued, %d dropped: want some of each, and together %d", s.MessagesOut, queued, s.Dropped, s.Copies)
		}
	})
}
