package zmq_test

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// What every socket promises (the contract's rows U1 to U12), where a network in memory can show it to the byte. What
// needs the system's own sockets is in contract_test.go, what happens in the order of events in testdata/story.

// U1, U2, U3: the connection dies after each byte that it could die after, from the first of the greeting on. Messages of
// several frames arrive whole, once and in order; only the one of which a part was on its way is lost, and the event says
// so.
func TestTheConnectionDiesAtEveryByte(t *testing.T) {
	parcels := make([][][]byte, 6)
	for i := range parcels {
		parcels[i] = [][]byte{{byte(i)}, bytes.Repeat([]byte("x"), 10*i), {}}
	}
	for _, dials := range []zmq.Type{zmq.PUSH, zmq.PULL} { // the cut counts what the dialling end sends
		for at := range 64 + 28 + 230 {
			synctest.Test(t, func(t *testing.T) {
				n := zmqtest.NewNetwork()
				x := n.Context(t)
				push, pull := zmq.NewPush(zmq.Config{Context: x}), zmq.NewPull(zmq.Config{Context: x})
				story := zmqtest.Record(t, push, monitor.Lifecycle)
				n.CutAfter("tcp://hub:1", at)
				if dials == zmq.PUSH {
					bindTo(t, pull, "tcp://hub:1")
					connect(t, push, "tcp://hub:1")
				} else {
					bindTo(t, push, "tcp://hub:1")
					connect(t, pull, "tcp://hub:1")
					ready(t, push, 1)
				}
				var got [][][]byte
				take := func() {
					for m, err := pull.Recv(zmq.NoWait); err == nil; m, err = pull.Recv(zmq.NoWait) {
						got = append(got, m.AppendFrames(nil))
					}
				}
				for _, p := range parcels {
					must(t, push.Send(within(t), p...)) // accepted: waits while nobody is there
					synctest.Wait()
					take()
				}
				time.Sleep(10 * time.Second)
				take()
				missing := uint64(len(parcels) - len(got))
				last := -1
				for _, m := range got {
					i := int(m[0][0])
					if i <= last || !slices.EqualFunc(m, parcels[i], bytes.Equal) {
						t.Errorf("cut after %d bytes: received %q after number %d", at, m, last)
					}
					last = i
				}
				if missing > 1 {
					t.Errorf("cut after %d bytes: %d messages are missing", at, missing)
				}
				told := uint64(0)
				for _, e := range story.Events() {
					told += e.Unsent
				}
				if out := push.State().MessagesOut; out+told != uint64(len(parcels)) {
					t.Errorf("cut after %d bytes: %d messages went out, %d are told as lost, of %d", at, out, told, len(parcels))
				}
			})
		}
	}
}

// U5: what is queued for a peer that had dialled dies with its connection, and is counted in the event of its end; what is
// queued for a peer that we dialled waits for it.
func TestQueuesAfterABreak(t *testing.T) {
	for _, ours := range []string{"bound", "dialled"} {
		synctest.Test(t, func(t *testing.T) {
			n := zmqtest.NewNetwork()
			x := n.Context(t)
			push, pull := zmq.NewPush(zmq.Config{Context: x, SendHWM: 10}), zmq.NewPull(zmq.Config{Context: x, RecvHWM: 1})
			story := zmqtest.Record(t, push, monitor.Lifecycle)
			if ours == "bound" {
				bindTo(t, push, "tcp://hub:1")
				connect(t, pull, "tcp://hub:1")
			} else {
				bindTo(t, pull, "tcp://hub:1")
				connect(t, push, "tcp://hub:1")
			}
			ready(t, push, 1)
			sent := choke(t, push)
			queued := push.State().Peers[0].QueueOut
			if queued != 10 {
				t.Fatalf("%d messages are queued at a mark of 10", queued)
			}
			n.Reset("tcp://hub:1")
			e := story.WaitFor(monitor.Disconnected, 1)
			go func() { push.Send(within(t), []byte("end")) }() // a PULL that is full notices when it is received from
			received := 0
			for m, err := pull.Recv(within(t)); ; m, err = pull.Recv(within(t)) {
				must(t, err)
				if received++; string(m.Body()) == "end" {
					break
				}
			}
			out, unsent := int(e.MessagesOut), int(e.Unsent)
			switch {
			case ours == "bound" && (out+unsent != sent || unsent < 2 || received > out+1):
				t.Errorf("of %d messages and an end %d arrived; out were %d, and %d are told as lost", sent, received, out, unsent)
			case ours == "dialled" && (unsent > 1 || received < 1+sent-out-unsent):
				t.Errorf("of %d messages and an end %d arrived; out were %d, and %d are told as lost", sent, received, out, unsent)
			}
		})
	}
}

// U6: what had arrived before a reset is received, also what the mark had kept out of the queue.
func TestReadableAfterAReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := zmqtest.NewNetwork()
		x := n.Context(t)
		push, pull := zmq.NewPush(zmq.Config{Context: x}), zmq.NewPull(zmq.Config{Context: x, RecvHWM: 3})
		bindTo(t, pull, "tcp://hub:1")
		connect(t, push, "tcp://hub:1")
		for i := range 20 {
			send(t, push, fmt.Sprint(i))
		}
		synctest.Wait()
		n.Reset("tcp://hub:1")
		for i := range 20 {
			recv(t, pull, fmt.Sprint(i))
		}
	})
}

// U10: who has not said who he is takes no part: nothing is sent to him, and nobody waits for him.
func TestStrangersTakeNoPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := zmqtest.NewNetwork()
		x := n.Context(t)
		push := zmq.NewPush(zmq.Config{Context: x})
		bindTo(t, push, "tcp://hub:1")
		stranger, err := n.Network().Dial(t.Context(), "tcp", "hub:1")
		must(t, err)
		defer stranger.Close()
		synctest.Wait()
		if err := push.Send(zmq.NoWait, []byte("x")); !errors.Is(err, zmq.ErrWouldBlock) {
			t.Errorf("Send with a stranger at the door: %v", err)
		}
		pull := connected(t, zmq.NewPull(zmq.Config{Context: x}), "tcp://hub:1")
		for i := range 10 {
			send(t, push, fmt.Sprint(i))
			recv(t, pull, fmt.Sprint(i))
		}
	})
}

// U11: a heartbeat forgives who is slow for a good reason: a receiver whose user does not receive, and a large message
// that arrives a little at a time. It does not forgive silence.
func TestHeartbeatsForgive(t *testing.T) {
	beat := zmq.Config{HeartbeatInterval: 100 * time.Millisecond, HeartbeatTimeout: 200 * time.Millisecond, HeartbeatTTL: 500 * time.Millisecond}
	t.Run("a user who does not receive", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := zmqtest.NewNetwork()
			in, out := beat, beat
			in.Context = n.Context(t)
			in.RecvHWM, out.Context, out.SendHWM = 2, in.Context, 2
			pull, push := zmq.NewPull(in), zmq.NewPush(out)
			story := zmqtest.Record(t, pull, monitor.Lifecycle)
			other := zmqtest.Record(t, push, monitor.Lifecycle)
			bindTo(t, pull, "tcp://hub:1")
			connect(t, push, "tcp://hub:1")
			sent := choke(t, push)
			time.Sleep(time.Minute)
			for i := range sent {
				m, err := pull.Recv(within(t))
				must(t, err)
				if !bytes.Equal(m.Body(), chokeBody(i)) {
					t.Fatalf("message %d is another", i)
				}
			}
			for _, s := range []*zmqtest.Recorder{story, other} {
				for _, e := range s.Events() {
					if e.Terminal() || e.Kind == monitor.HeartbeatTimeout {
						t.Errorf("in a minute without a Recv: %v", e)
					}
				}
			}
		})
	})
	t.Run("a large message that comes slowly", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := zmqtest.NewNetwork()
			in := beat
			in.Context = n.Context(t)
			pull := zmq.NewPull(in)
			story := zmqtest.Record(t, pull, monitor.Lifecycle)
			bindTo(t, pull, "tcp://hub:1")
			c, err := n.Network().Dial(t.Context(), "tcp", "hub:1")
			must(t, err)
			h := &hand{t, c, bufio.NewReader(c)}
			h.shake(1, "PUSH", "")
			go func() { // whoever sends cannot answer a PING meanwhile
				for {
					if _, err := c.Read(make([]byte, 100)); err != nil {
						return
					}
				}
			}()
			big := frame(0, make([]byte, 10_000))
			for len(big) > 0 {
				h.write(big[:min(50, len(big))])
				big = big[min(50, len(big)):]
				time.Sleep(150 * time.Millisecond)
			}
			m, err := pull.Recv(within(t))
			must(t, err)
			if m.Size() != 10_000 {
				t.Errorf("%d bytes came of 10000", m.Size())
			}
			if e := story.WaitFor(monitor.HeartbeatTimeout, 1); e.Time.IsZero() { // and then it falls silent
				t.Error("silence is forgiven")
			}
			c.Close()
		})
	})
}

// U11 with the timeout that nobody has set, which is the interval: a peer that does not read, for its user does not receive,
// answers no PING, and its own come in time.
func TestHeartbeatsOfWhoDoesNotRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := zmqtest.NewNetwork().Context(t)
		cfg := zmq.Config{Context: x, HeartbeatInterval: 2 * time.Second}
		full := cfg
		full.RecvHWM = 1
		w := x.Watch(monitor.HeartbeatTimeout)
		defer w.Close()
		for i := range 20 {
			pull, push := zmq.NewPull(full), zmq.NewPush(cfg)
			connect(t, push, bindTo(t, pull, fmt.Sprintf("tcp://hub:%d", i+1)))
			ready(t, push, 1)
			for range 5 {
				send(t, push, "too much for the mark")
			}
			time.Sleep(123 * time.Millisecond) // no two begin at one time
		}
		time.Sleep(10 * time.Minute)
		if e, ok := w.Poll(); ok {
			t.Errorf("a peer that only does not read: %v", e)
		}
	})
}

// U11 where the clock stands still: a PONG that comes at the very instant of what came before the PING is life, too. Clocks that
// tick a thousand times a second are enough for that.
func TestHeartbeatsAtOneInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := zmqtest.NewNetwork().Context(t)
		cfg := zmq.Config{Context: x, HeartbeatInterval: time.Second, HeartbeatTimeout: time.Second}
		w := x.Watch(monitor.HeartbeatTimeout)
		defer w.Close()
		var work sync.WaitGroup
		for i := range 10 {
			at := fmt.Sprintf("tcp://hub:%d", i+1)
			a, b := zmq.NewPair(cfg), zmq.NewPair(cfg)
			bindTo(t, a, at)
			connect(t, b, at)
			ready(t, b, 1)
			for _, s := range []*zmq.Pair{a, b} {
				work.Go(func() {
					for range 100 { // when the PINGs go out, every other time
						s.Send(t.Context(), []byte("now"))
						time.Sleep(2 * time.Second)
						s.Recv(zmq.NoWait)
					}
				})
			}
		}
		work.Wait()
		if e, ok := w.Poll(); ok {
			t.Errorf("a peer that answers at once: %v", e)
		}
	})
}

// U12: the name is resolved anew for each attempt, by whoever dials: here it is the test's network, which is given the
// name and not an address.
func TestEachAttemptIsGivenTheName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := zmqtest.NewNetwork()
		var asked []string
		elsewhere := zmq.Network{
			Dial: func(ctx context.Context, network, address string) (net.Conn, error) {
				asked = append(asked, address)
				if len(asked) < 4 {
					return nil, &net.DNSError{Err: "no such host", Name: "hub", IsNotFound: true}
				}
				return n.Network().Dial(ctx, network, "moved:1")
			},
			Listen: n.Network().Listen,
		}
		x := n.Context(t)
		pull, push := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPush(zmq.Config{Context: x, Network: elsewhere})
		bindTo(t, pull, "tcp://moved:1")
		connect(t, push, "tcp://hub:1")
		send(t, push, "found")
		recv(t, pull, "found")
		if !slices.Equal(asked, []string{"hub:1", "hub:1", "hub:1", "hub:1"}) {
			t.Errorf("the network was asked for %q", asked)
		}
	})
}
