package zmq_test

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"sync"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// The memory of large bodies is used again: by the sender's queue when the kernel has them, by RecvInto for what it received
// before. Nobody who still holds one may notice: what Recv returned is the user's for good, what SendMessage was given
// belongs to whoever made it, and what Send was given is the caller's at once. Every message is filled with a byte of its
// own, and all that are held are looked at again at the end.
func TestWhatIsHeldStaysAsItIs(t *testing.T) {
	const n, size = 60, 20_000
	filled := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, size+i*100) }
	own := curve.NewKeyPair()
	none, sealed := [2]zmtp.Mechanism{}, [2]zmtp.Mechanism{curve.Server(own), curve.Client(curve.NewKeyPair(), own.Public)}
	for name, where := range map[string]struct {
		endpoint   string
		mechanisms [2]zmtp.Mechanism
		relayed    bool // by a Proxy
	}{
		"tcp": {"tcp://127.0.0.1:*", none, false}, "ipc": {"ipc://*", none, false}, "inproc": {"inproc://held", none, false},
		"CURVE": {"tcp://127.0.0.1:*", sealed, false}, "through a proxy": {"tcp://127.0.0.1:*", none, true},
	} {
		for _, types := range [][2]zmq.Type{{zmq.PUSH, zmq.PULL}, {zmq.PUB, zmq.SUB}, {zmq.DEALER, zmq.ROUTER}, {zmq.PAIR, zmq.PAIR}} {
			if where.relayed && types[0] != zmq.PUSH {
				continue
			}
			t.Run(fmt.Sprintf("%s/%v to %v", name, types[0], types[1]), func(t *testing.T) {
				x := newContext(t)
				to := endOf(t, types[1], zmq.Config{Context: x, Mechanism: where.mechanisms[1]}).(zmq.Receiver)
				from := endOf(t, types[0], zmq.Config{Context: x, Mechanism: where.mechanisms[0], Authenticate: anybody(where.mechanisms[0])}).(zmq.Sender)
				at := bindTo(t, from, where.endpoint)
				if where.relayed {
					at = passedOn(t, x, at)
				}
				connect(t, to, at)
				must(t, from.WaitReady(within(t), 1))
				if types[0] == zmq.PUB { // one body in two queues
					other := endOf(t, types[1], zmq.Config{Context: x, Mechanism: where.mechanisms[1]}).(zmq.Receiver)
					connect(t, other, at)
					must(t, from.WaitReady(within(t), 2))
					var b zmq.Buffer
					go func() {
						for other.RecvInto(context.Background(), &b) == nil {
						}
					}()
				}
				given := make([]zmq.Message, n)
				for i := range given {
					given[i] = zmq.NewMessage([]byte{byte(i)}, filled(i))
				}
				ctx := within(t)
				var sending sync.WaitGroup
				sending.Go(func() {
					scratch := make([]byte, 2*size)
					for i := range 4 * n {
						var err error
						if i%2 == 0 {
							err = from.SendMessage(ctx, given[i%n])
						} else {
							err = sendFrames(from, ctx, []byte{byte(i % n)}, scratch[:copy(scratch, filled(i%n))])
						}
						if clear(scratch); err != nil {
							t.Errorf("message %d: %v", i, err)
							return
						}
					}
				})
				var b zmq.Buffer
				kept := make([]zmq.Message, 0, 4*n)
				check := func(m zmq.Message, when string) {
					k := m.Len()
					want := m.Frame(k - 2)[0]
					if got := m.Frame(k - 1); !bytes.Equal(got, filled(int(want))) {
						t.Fatalf("message %d %s: %d bytes of other content, beginning with %d", want, when, len(got), got[0])
					}
				}
				for i := range 4 * n {
					if i%3 == 0 {
						m, err := to.Recv(within(t))
						must(t, err)
						kept = append(kept, m)
						continue
					}
					must(t, to.RecvInto(within(t), &b))
					check(b.Message, "as it was received into a Buffer")
				}
				sending.Wait()
				for _, m := range kept {
					check(m, "that was kept")
				}
				for i, m := range given {
					if !bytes.Equal(m.Frame(1), filled(i)) {
						t.Errorf("message %d, which was sent and is still ours, has changed", i)
					}
				}
			})
		}
	}
}

// sendFrames is Send of a socket whose type is known at run time only.
func sendFrames(s zmq.Sender, ctx context.Context, frames ...[]byte) error {
	return s.(interface {
		Send(ctx context.Context, frames ...[]byte) error
	}).Send(ctx, frames...)
}

// anybody lets every client in, where there is somebody to ask.
func anybody(m zmtp.Mechanism) zmq.Authenticator {
	if m == nil {
		return nil
	}
	return zmq.AllowAny
}

// passedOn puts a streamer between what is bound and whoever dials what it returns.
func passedOn(t *testing.T, x *zmq.Context, at string) string {
	t.Helper()
	front, back := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPush(zmq.Config{Context: x})
	connect(t, front, at)
	p := zmq.Proxy{Front: front, Back: back}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { p.Run(ctx) })
	t.Cleanup(func() { cancel(); running.Wait() })
	return bindTo(t, back, "tcp://127.0.0.1:*")
}

// A clone of what is in a Buffer is what it was, who sent it and of how many frames included, whatever comes into the Buffer next.
func TestACloneStaysAsItIs(t *testing.T) {
	x := newContext(t)
	rep, first, second := zmq.NewRep(zmq.Config{Context: x}), zmq.NewReq(zmq.Config{Context: x}), zmq.NewReq(zmq.Config{Context: x})
	at := bindTo(t, rep, "tcp://127.0.0.1:*")
	connect(t, first, at)
	connect(t, second, at)
	var question, answer zmq.Buffer
	var kept []zmq.Message
	var was []string
	told := func(m zmq.Message) string { return fmt.Sprintf("%q from %d", m.AppendFrames(nil), m.Conn()) }
	keep := func(b *zmq.Buffer) {
		kept, was = append(kept, b.Clone()), append(was, told(b.Message))
	}
	for i, words := range [][]string{{"one"}, {"two", "frames"}, {"three", "frames", "here"}, {"again one"}, {"last", "two"}} {
		asker := []*zmq.Req{first, second}[i%2]
		send(t, asker, words...)
		must(t, rep.RecvInto(within(t), &question))
		keep(&question)
		send(t, rep, words...)
		must(t, asker.RecvInto(within(t), &answer))
		keep(&answer)
	}
	for i, m := range kept {
		if is := told(m); is != was[i] {
			t.Errorf("a clone was %s, and is %s now", was[i], is)
		}
	}
}

// Who keeps one message of several frames does not keep what came with it.
func TestOneKeptMessageKeepsNoOther(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector has memory of its own")
	}
	const many, size = 40 * 14, 64 << 10
	x := newContext(t)
	push, pull := zmq.NewPush(zmq.Config{Context: x}), zmq.NewPull(zmq.Config{Context: x})
	connect(t, push, bindTo(t, pull, "tcp://127.0.0.1:*"))
	body, before := make([]byte, size), inUse()
	var kept []zmq.Message
	for i := range many {
		must(t, push.Send(within(t), []byte("t"), body))
		m, err := pull.Recv(within(t))
		must(t, err)
		if i%14 == 0 {
			kept = append(kept, m)
		}
	}
	grown := inUse() - before
	if most := int64(len(kept)*size + 4<<20); grown > most {
		t.Errorf("%d messages of %d bytes are kept, and %d bytes with them, at most %d allowed", len(kept), size, grown, most)
	}
	runtime.KeepAlive(kept)
}
