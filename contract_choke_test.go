package zmq_test

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq"
)

const (
	// stalled is how long a Send must have waited to wait for good: on these tests' small queues a writer at work makes room
	// within microseconds.
	stalled = 60 * time.Millisecond

	// fast is a back-off that costs a test nothing.
	fast = time.Millisecond
)

// chokeBody is what choke sends: a number, in a message large enough to fill the kernel's buffers soon.
func chokeBody(n int) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(n)), make([]byte, 20_000)...)
}

// choke sends numbers until Send waits for good: our queue, the kernel's buffers and the peer's queue are full. It says how
// many there are.
func choke(t *testing.T, s zmq.Sender, prefix ...string) (n int) {
	t.Helper()
	for ; n < 10_000; n++ {
		ctx, cancel := context.WithTimeout(t.Context(), stalled)
		err := s.Send(ctx, append(byteFrames(prefix), chokeBody(n))...)
		cancel()
		if errors.Is(err, zmq.ErrWouldBlock) {
			return n
		}
		must(t, err)
	}
	t.Fatal("never full")
	return n
}

// chokeDropping sends numbers until a peer that takes no more has them dropped: until one is dropped although nothing has
// moved for a while. It says how many it sent, those that were dropped included.
func chokeDropping(t *testing.T, s zmq.Sender, prefix ...string) (n int) {
	t.Helper()
	one := func() (dropped bool) {
		before := s.State().Dropped
		must(t, s.Send(zmq.NoWait, append(byteFrames(prefix), chokeBody(n))...))
		n++
		return s.State().Dropped > before
	}
	for n < 10_000 {
		if one() {
			time.Sleep(stalled)
			if one() {
				return n
			}
		}
	}
	t.Fatal("never full")
	return n
}

// another is an endpoint like that, to bind besides.
func another(endpoint, name string) string {
	if strings.HasPrefix(endpoint, "inproc:") {
		return "inproc://" + name
	}
	return endpoint // * is a new one each time
}

// vacant is a place of endpoint's transport where nobody is, but somebody may come again and again.
func vacant(t *testing.T, endpoint string) string {
	t.Helper()
	switch scheme, _, _ := strings.Cut(endpoint, ":"); scheme {
	case "tcp":
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		defer l.Close()
		return "tcp://" + l.Addr().String()
	case "ipc":
		return "ipc://" + t.TempDir() + "/here"
	}
	return endpoint
}

// connected is s, which has dialled.
func connected[S zmq.Socket](t *testing.T, s S, endpoint string) S {
	t.Helper()
	connect(t, s, endpoint)
	return s
}
