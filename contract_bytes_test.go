package zmq_test

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/glassmq/zmq"
)

// The memory of large bodies is used again: by the sender's queue when the kernel has them, by RecvInto for what it received
// before. Nobody who still holds one may notice: what Recv returned is the user's for good, what SendMessage was given
// belongs to whoever made it, and what Send was given is the caller's at once. Every message is filled with a byte of its
// own, and all that are held are looked at again at the end.
func TestWhatIsHeldStaysAsItIs(t *testing.T) {
	const n, size = 60, 20_000
	filled := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, size+i*100) }
	for name, endpoint := range map[string]string{"tcp": "tcp://127.0.0.1:*", "ipc": "ipc://*", "inproc": "inproc://held"} {
		for _, types := range [][2]zmq.Type{{zmq.PUSH, zmq.PULL}, {zmq.PUB, zmq.SUB}, {zmq.DEALER, zmq.ROUTER}, {zmq.PAIR, zmq.PAIR}} {
			t.Run(fmt.Sprintf("%s/%v to %v", name, types[0], types[1]), func(t *testing.T) {
				x := newContext(t)
				to := endOf(t, types[1], zmq.Config{Context: x}).(zmq.Receiver)
				from := endOf(t, types[0], zmq.Config{Context: x}).(zmq.Sender)
				connect(t, to, bindTo(t, from, endpoint))
				must(t, from.WaitReady(within(t), 1))
				given := make([]zmq.Message, n)
				for i := range given {
					given[i] = zmq.NewMessage([]byte{byte(i)}, filled(i))
				}
				var sending sync.WaitGroup
				sending.Go(func() {
					scratch := make([]byte, 2*size)
					for i := range 4 * n {
						if i%2 == 0 {
							must(t, from.SendMessage(within(t), given[i%n]))
							continue
						}
						body := scratch[:copy(scratch, filled(i%n))]
						must(t, sendFrames(from, within(t), []byte{byte(i % n)}, body))
						clear(scratch)
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
