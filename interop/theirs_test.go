package interop

import (
	"encoding/hex"
	"fmt"
	"testing"

	"github.com/glassmq/zmq/monitor"
)

// A socket is one of libzmq's, with what its monitor said so far.
type socket struct {
	p      *process
	typ    string
	name   string
	closed bool
	story  *story[happening]
	took   *story[taken] // what a drain took
}

// taken is one message of a stream, as a drain tells of it.
type taken struct {
	Tag  string
	N    int
	Torn string // what it looks like instead
}

// options are libzmq's, by their names without ZMQ_.
type options map[string]any

// open makes a socket of libzmq, monitored from the first moment, which is closed when the test ends.
func (p *process) open(t *testing.T, typ string, o options) *socket {
	t.Helper()
	if o == nil {
		o = options{}
	}
	p.mu.Lock()
	s := &socket{p: p, typ: typ, name: fmt.Sprintf("%s %d", typ, len(p.sockets)+1), story: newStory[happening](), took: newStory[taken]()}
	p.sockets[s.name] = s
	p.mu.Unlock()
	t.Cleanup(func() {
		s.release(t)
		if t.Failed() {
			t.Logf("the story of libzmq's %s:\n%v", s.name, s.story)
		}
	})
	s.tell(t, "open", args{"type": typ, "options": o}).done(t)
	return s
}

func (s *socket) tell(t *testing.T, do string, with args) *call {
	t.Helper()
	s.closed = s.closed || do == "close"
	return s.p.tell(t, s.name, do, with)
}

// bind returns where the socket is bound.
func (s *socket) bind(t *testing.T, endpoint string) string {
	t.Helper()
	return s.tell(t, "bind", args{"endpoint": endpoint}).done(t).Endpoint
}

func (s *socket) connect(t *testing.T, endpoint string) {
	t.Helper()
	s.tell(t, "connect", args{"endpoint": endpoint}).done(t)
}

// release closes the socket if it can still be closed.
func (s *socket) release(t *testing.T) {
	select {
	case <-s.p.over:
		return
	default:
	}
	if !s.closed {
		s.tell(t, "stop", nil)
		s.tell(t, "close", args{"linger": 0})
	}
}

// close closes the socket; it has let go of its port when the story ends.
func (s *socket) close(t *testing.T) {
	t.Helper()
	s.tell(t, "close", args{"linger": 0}).done(t)
	s.await(t, monitor.MonitorStopped)
}

// ready waits until n more handshakes have succeeded.
func (s *socket) ready(t *testing.T, n int) {
	t.Helper()
	for range n {
		s.await(t, monitor.HandshakeSucceeded)
	}
}

// await waits for the next event of kind k.
func (s *socket) await(t *testing.T, k monitor.Kind) happening {
	t.Helper()
	return s.story.await(t, s.name+" sees "+k.String(), func(h happening) bool { return h.Event&k != 0 })
}

// send and recv are about generated messages (message_test.go).
func (s *socket) send(t *testing.T, count int, tag string, sizes ...int) *call {
	t.Helper()
	return s.tell(t, "send", args{"count": count, "tag": tag, "sizes": sizes})
}

func (s *socket) sendShapes(t *testing.T, tag string, shapes [][]int) *call {
	t.Helper()
	return s.tell(t, "send_shapes", args{"tag": tag, "shapes": shapes})
}

// converse asks a question of each shape, and each waits for the answer to the one before.
func (s *socket) converse(t *testing.T, tag string, shapes [][]int) *call {
	t.Helper()
	return s.tell(t, "converse", args{"tag": tag, "shapes": shapes})
}

func (s *socket) recv(t *testing.T, count int) *call {
	t.Helper()
	return s.tell(t, "recv", args{"count": count})
}

func (s *socket) echo(t *testing.T, count int) *call {
	t.Helper()
	return s.tell(t, "echo", args{"count": count})
}

// show receives one message and returns its frames.
func (s *socket) show(t *testing.T) (frames []string) {
	t.Helper()
	for _, f := range s.tell(t, "show", nil).done(t).Frames {
		b, err := hex.DecodeString(f)
		if err != nil {
			t.Fatal(err)
		}
		frames = append(frames, string(b))
	}
	return frames
}

// put sends one message of these very frames.
func (s *socket) put(t *testing.T, frames ...string) {
	t.Helper()
	s.tell(t, "put_frames", args{"frames": hexed(frames)}).done(t)
}

// subscribe and unsubscribe are ZMQ_SUBSCRIBE and ZMQ_UNSUBSCRIBE, of a SUB, and of an XPUB that decides by hand.
func (s *socket) subscribe(t *testing.T, prefixes ...string) {
	t.Helper()
	s.tell(t, "subscribe", args{"prefixes": hexed(prefixes)}).done(t)
}

func (s *socket) unsubscribe(t *testing.T, prefixes ...string) {
	t.Helper()
	s.tell(t, "unsubscribe", args{"prefixes": hexed(prefixes)}).done(t)
}

func hexed(frames []string) (h []string) {
	for _, f := range frames {
		h = append(h, hex.EncodeToString([]byte(f)))
	}
	return h
}

// octets is an option's value that is no text.
func octets(value string) map[string]string {
	return map[string]string{"hex": hex.EncodeToString([]byte(value))}
}

// stream sends numbered messages, drain takes them, until stop: see testdata/peer.py.
func (s *socket) stream(t *testing.T, tag string, size int) *call {
	t.Helper()
	return s.tell(t, "stream", args{"tag": tag, "size": size})
}

func (s *socket) drain(t *testing.T) *call {
	t.Helper()
	return s.tell(t, "drain", nil)
}

func (s *socket) stop(t *testing.T) {
	t.Helper()
	s.tell(t, "stop", nil).done(t)
}

// none fails the test if any of these kinds has happened.
func (s *socket) none(t *testing.T, kinds monitor.Mask) {
	t.Helper()
	for _, h := range s.story.events() {
		if h.Event&kinds != 0 {
			t.Errorf("libzmq's %s saw %v", s.name, h)
		}
	}
}
