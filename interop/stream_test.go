package interop

import (
	"context"
	"sync"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// Streams are messages with numbers (sequel). They flow until somebody stops them, so that a test can break what they
// flow over, and afterwards say which arrived.

// A streamer sends a stream from a socket of ours.
type streamer struct {
	stop context.CancelFunc
	work sync.WaitGroup
	sent int // the number of the next message; to be read when work is done
}

// stream sends messages of a stream, from number first on, until halt.
func (o *ours) stream(t *testing.T, tag string, first, size int) *streamer {
	ctx, stop := context.WithCancel(context.Background())
	s := &streamer{stop: stop, sent: first}
	s.work.Go(func() {
		for o.Socket.(zmq.Sender).Send(ctx, sequel(tag, s.sent, size)...) == nil {
			s.sent++
		}
	})
	t.Cleanup(func() { s.halt() })
	return s
}

// halt ends the stream and returns the number that would have been next.
func (s *streamer) halt() int {
	s.stop()
	s.work.Wait()
	return s.sent
}

// arrival is a message of a stream and the connection that it came over.
type arrival struct {
	taken
	conn monitor.ConnID
}

// drain receives everything until the socket is closed.
func (o *ours) drain(t *testing.T) *story[arrival] {
	arrived := newStory[arrival]()
	var work sync.WaitGroup
	work.Go(func() {
		for {
			m, err := o.Socket.(zmq.Receiver).Recv(context.Background())
			if err != nil {
				return
			}
			arrived.add(arrival{readSequel(m.AppendFrames(nil)), m.Conn()})
		}
	})
	t.Cleanup(func() {
		o.Shutdown(zmq.NoWait)
		work.Wait()
	})
	return arrived
}

// over are the messages that came over one connection.
func over(arrived *story[arrival], conn monitor.ConnID) (messages []taken) {
	for _, a := range arrived.events() {
		if a.conn == conn {
			messages = append(messages, a.taken)
		}
	}
	return messages
}

// awaitMany waits for n more.
func awaitMany[E any](t *testing.T, s *story[E], n int, what string) {
	t.Helper()
	for range n {
		s.await(t, what, func(E) bool { return true })
	}
}

// run fails the test unless the messages are whole, of one stream, and in order without a gap. It returns the first
// number and the one behind the last.
func run(t *testing.T, tag string, messages []taken) (first, next int) {
	t.Helper()
	if len(messages) == 0 {
		t.Fatal("not one message arrived")
	}
	first = messages[0].N
	for i, m := range messages {
		if m != (taken{Tag: tag, N: first + i}) {
			t.Fatalf("after message %d of %q came %+v", first+i-1, tag, m)
		}
	}
	return first, first + len(messages)
}
