package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

const stream, replay = "tcp://server:5557", "tcp://server:5558"

// A stage is a consumer, a publisher and a network between them, in virtual time.
type stage struct {
	t    *testing.T
	net  *zmqtest.Network
	x    *zmq.Context // the publisher's
	pub  *Publisher   // the present one
	life int          // how many there were before it
	c    *Consumer
	gate chan struct{} // is closed while deliveries pass
	heard
}

// heard is what a consumer delivered.
type heard struct {
	mu sync.Mutex
	// mu guards:
	batches []string
	log     []string
	more    chan struct{} // closed, and renewed, when there is more
}

func (h *heard) deliver(b Batch) {
	text := fmt.Sprintf("%d/%d %s", b.Life, b.Seq, b.Payload)
	if b.Missing > 0 {
		text += fmt.Sprintf(" (%d missing)", b.Missing)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.batches = append(h.batches, text)
	if h.more != nil {
		close(h.more)
	}
	h.more = make(chan struct{})
}

func (h *heard) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.batches)
}

func (h *heard) note(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.log = append(h.log, fmt.Sprintf(format, args...))
}

// busy is a consumer whose first delivery takes until relax.
func busy(s *stage) { s.busy() }

// busy makes the next delivery take until relax.
func (s *stage) busy() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gate = make(chan struct{})
}

func (s *stage) relax() {
	close(s.gate)
	synctest.Wait()
}

func (s *stage) deliver(b Batch) {
	s.mu.Lock()
	gate := s.gate
	s.mu.Unlock()
	<-gate
	s.heard.deliver(b)
}

// play runs a test with a consumer that dials, and a publisher that is not bound yet.
func play(t *testing.T, change func(*stage), test func(t *testing.T, s *stage)) {
	synctest.Test(t, func(t *testing.T) {
		s := &stage{t: t, net: zmqtest.NewNetwork(), gate: make(chan struct{})}
		close(s.gate)
		s.x = s.net.Context(t)
		s.start(10_000)
		s.c = &Consumer{Stream: stream, Replay: replay, Topic: "kv", Deliver: s.deliver, Log: s.note, Context: s.net.Context(t)}
		if change != nil {
			change(s)
		}
		watched(t, s.c.Context)
		s.run()
		test(t, s)
	})
}

// run runs the consumer until the test ends.
func (s *stage) run() {
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := s.c.Run(ctx); !errors.Is(err, context.Canceled) {
			s.t.Errorf("Run ended by itself: %v", err)
		}
	})
	s.t.Cleanup(func() {
		cancel()
		running.Wait()
		if s.t.Failed() {
			s.t.Logf("the consumer said:\n  %s", strings.Join(s.log, "\n  "))
		}
	})
	synctest.Wait()
}

// watched reads the story of every socket in x along, and checks it when the test ends.
func watched(t *testing.T, x *zmq.Context) {
	w := x.Watch(monitor.Lifecycle)
	var story []zmq.Event
	var reading sync.WaitGroup
	reading.Go(func() {
		for e := range w.Events(context.Background()) {
			story = append(story, e)
		}
	})
	t.Cleanup(func() {
		x.Shutdown(zmq.NoWait)
		reading.Wait()
		if err := monitor.Check(slices.Values(story)); err != nil {
			t.Errorf("the consumer's sockets: %v", err)
		}
		if len(story) == 0 {
			t.Error("the consumer's sockets told nothing")
		}
	})
}

// start begins a publisher's life, after that of the one before.
func (s *stage) start(keep int) {
	s.pub = NewPublisher(s.x, "kv-events", keep)
	s.t.Cleanup(func() { s.pub.Close() })
}

func (s *stage) bind() {
	s.t.Helper()
	s.bindNow()
	s.pass(time.Second) // more than the back-off
}

func (s *stage) bindNow() {
	s.t.Helper()
	if _, _, err := s.pub.Bind(stream, replay); err != nil {
		s.t.Fatal(err)
	}
}

// end is the end of the publisher, and the beginning of the next one's life.
func (s *stage) end() {
	s.pub.Close()
	s.life++
	s.start(10_000)
}

// text is the payload of the present publisher's number n.
func (s *stage) text(n int) string { return fmt.Sprintf("event %d of life %d", n, s.life) }

// publish says the numbers from first to last, keep does not say them. Both wait until everybody has done what there is to do.
func (s *stage) publish(first, last int) {
	s.t.Helper()
	for n := first; n <= last; n++ {
		if err := s.pub.Publish([]byte(s.text(n))); err != nil {
			s.t.Fatal(err)
		}
	}
	synctest.Wait()
}

func (s *stage) keep(first, last int) {
	for n := first; n <= last; n++ {
		s.pub.Keep([]byte(s.text(n)))
	}
}

// pass lets virtual time pass.
func (s *stage) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// want is what must have been delivered since the beginning, and how often the present publisher was asked.
func (s *stage) want(asked int, batches ...string) {
	s.t.Helper()
	if got := s.all(); !slices.Equal(got, batches) {
		s.t.Errorf("delivered:\n  %s\nwant:\n  %s", strings.Join(got, "\n  "), strings.Join(batches, "\n  "))
	}
	if n := s.pub.Asked(); n != asked {
		s.t.Errorf("the publisher was asked %d times, want %d", n, asked)
	}
}

// numbers are the batches from first to last of a life.
func numbers(life, first, last int) (batches []string) {
	for n := first; n <= last; n++ {
		batches = append(batches, fmt.Sprintf("%d/%d event %d of life %d", life, n, n, life))
	}
	return batches
}
