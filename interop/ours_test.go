package interop

import (
	"context"
	"fmt"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

const loopback = "tcp://127.0.0.1:*"

// ours is a socket of ours, with its story from the first event on. When the test ends, the story must have been legal.
type ours struct {
	zmq.Socket
	story *story[zmq.Event]
}

func open(t *testing.T, typ zmq.Type, cfg zmq.Config) *ours {
	t.Helper()
	s, err := zmq.New(typ, cfg)
	if err != nil {
		t.Fatal(err)
	}
	o := &ours{s, newStory[zmq.Event]()}
	events := s.Watch(monitor.Lifecycle | monitor.Flow)
	told := make(chan struct{})
	go func() {
		defer close(told)
		for e := range events.Events(context.Background()) {
			o.story.add(e)
		}
	}()
	t.Cleanup(func() {
		s.Shutdown(zmq.NoWait)
		<-told
		if err := monitor.CheckMask(monitor.Lifecycle, slices.Values(o.story.events())); err != nil {
			t.Errorf("the story of our %v is not legal: %v", s.Type(), err)
		}
		if t.Failed() {
			t.Logf("the story of our %v:\n%v", s.Type(), o.story)
		}
	})
	return o
}

func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func (o *ours) bind(t *testing.T, endpoint string) string {
	t.Helper()
	bound, err := o.Bind(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	return bound
}

func (o *ours) connect(t *testing.T, endpoint string) {
	t.Helper()
	if err := o.Connect(endpoint); err != nil {
		t.Fatal(err)
	}
}

// ready waits until n peers are.
func (o *ours) ready(t *testing.T, n int) {
	t.Helper()
	if err := o.WaitReady(within(t), n); err != nil {
		t.Fatalf("our %v: %v", o.Type(), err)
	}
}

// await waits for the next event of kind k.
func (o *ours) await(t *testing.T, k monitor.Kind) zmq.Event {
	t.Helper()
	return o.story.await(t, fmt.Sprintf("our %v sees %v", o.Type(), k), func(e zmq.Event) bool { return e.Kind&k != 0 })
}

// none fails the test if any of these kinds has happened.
func (o *ours) none(t *testing.T, kinds monitor.Mask) {
	t.Helper()
	for _, e := range o.story.events() {
		if e.Kind&kinds != 0 {
			t.Errorf("our %v saw %v", o.Type(), e)
		}
	}
}

func (o *ours) send(t *testing.T, frames [][]byte) {
	t.Helper()
	if err := o.Socket.(zmq.Sender).Send(within(t), frames...); err != nil {
		t.Fatalf("our %v sends: %v", o.Type(), err)
	}
}

func (o *ours) recv(t *testing.T) zmq.Message {
	t.Helper()
	m, err := o.Socket.(zmq.Receiver).Recv(within(t))
	if err != nil {
		t.Fatalf("our %v receives: %v", o.Type(), err)
	}
	return m
}

// take receives n messages and returns what they are compared by.
func (o *ours) take(t *testing.T, n int) (messages []string) {
	t.Helper()
	for range n {
		messages = append(messages, printed(o.recv(t).AppendFrames(nil)))
	}
	return messages
}

// put sends one message of these very frames.
func (o *ours) put(t *testing.T, frames ...string) {
	t.Helper()
	var b [][]byte
	for _, f := range frames {
		b = append(b, []byte(f))
	}
	o.send(t, b)
}

// show receives one message and returns its frames.
func (o *ours) show(t *testing.T) (frames []string) {
	t.Helper()
	for _, f := range o.recv(t).All() {
		frames = append(frames, string(f))
	}
	return frames
}

func (o *ours) subscribe(t *testing.T, prefixes ...string) {
	t.Helper()
	if err := o.Socket.(interface{ Subscribe(...string) error }).Subscribe(prefixes...); err != nil {
		t.Fatal(err)
	}
}

func (o *ours) unsubscribe(t *testing.T, prefixes ...string) {
	t.Helper()
	if err := o.Socket.(interface{ Unsubscribe(...string) error }).Unsubscribe(prefixes...); err != nil {
		t.Fatal(err)
	}
}

// join connects the two, one way round or the other, and waits until both are ready.
func join(t *testing.T, o *ours, s *socket, weBind bool) {
	t.Helper()
	joinAt(t, o, s, loopback, weBind)
}

// joinAt is join at an endpoint that can be bound to.
func joinAt(t *testing.T, o *ours, s *socket, endpoint string, weBind bool) {
	t.Helper()
	if weBind {
		s.connect(t, o.bind(t, endpoint))
	} else {
		o.connect(t, s.bind(t, endpoint))
	}
	met(t, o, s)
}

// met waits until both are ready.
func met(t *testing.T, o *ours, s *socket) {
	t.Helper()
	if o.Type() == zmq.PUB || o.Type() == zmq.XPUB {
		o.await(t, monitor.HandshakeSucceeded) // ready is more: that the peer has subscribed
	} else {
		o.ready(t, 1)
	}
	s.ready(t, 1)
}

// bothWays runs a test with the binding side ours, and theirs.
func bothWays(t *testing.T, test func(t *testing.T, weBind bool)) {
	t.Run("we bind", func(t *testing.T) { test(t, true) })
	t.Run("they bind", func(t *testing.T) { test(t, false) })
}

// lastPort is where freeEndpoint goes on.
var lastPort atomic.Uint32

// freeEndpoint is an endpoint that nobody is bound to and that no system hands out by itself: ephemeral ports begin at
// 32768 or above, and a test that lets a port be free for a while must find it free.
func freeEndpoint(t *testing.T) string {
	t.Helper()
	lastPort.CompareAndSwap(0, uint32(time.Now().UnixNano())) // not where the run before began
	for range 1000 {
		port := 20000 + lastPort.Add(1)%12000
		ln, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
		if err != nil {
			continue
		}
		ln.Close()
		return fmt.Sprintf("tcp://127.0.0.1:%d", port)
	}
	t.Fatal("of 1000 ports none is free")
	return ""
}

// ends are the kinds that tell of a connection's end or of one that failed.
const ends = monitor.Disconnected | monitor.LocalClosed | monitor.ConnectFailed | monitor.HeartbeatTimeout | handshakeFailed

// handshakeFailed are the kinds of which one, and one alone, tells of a handshake that failed.
const handshakeFailed = monitor.HandshakeFailedNoDetail | monitor.HandshakeFailedProtocol | monitor.HandshakeFailedAuth

// failures is how often the handshake of a connection is said to have failed.
func (o *ours) failures(conn monitor.ConnID) (n int) {
	for _, e := range o.story.events() {
		if e.Conn == conn && e.Kind&handshakeFailed != 0 {
			n++
		}
	}
	return n
}
