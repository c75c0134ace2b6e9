package interop

import (
	"fmt"
	"testing"

	"github.com/glassmq/zmq"
)

// The edges of the wire and of both engines' buffers: 255 is the last size with a short header (RFC 37, "Framing"), and
// what is near a power of two falls on or over the end of somebody's chunk.
var edges = []int{0, 1, 254, 255, 256, 257, 8191, 8192, 8193, 65535, 65536, 1 << 20}

// shapes are messages with one frame of each size, and with frames empty in every position.
func shapes() (all [][]int) {
	for _, size := range edges {
		all = append(all, []int{size}, []int{size, size}, []int{3, size, 3})
	}
	for frames := 1; frames <= 3; frames++ {
		for empty := range 1 << frames {
			all = append(all, sizes(frames, func(j int) bool { return empty>>j&1 == 1 }))
		}
	}
	for at := range 50 {
		all = append(all, sizes(50, func(j int) bool { return j == at }), sizes(50, func(j int) bool { return j != at }))
	}
	return append(all, sizes(50, func(int) bool { return true }), sizes(50, func(int) bool { return false }))
}

func sizes(frames int, empty func(int) bool) (s []int) {
	for j := range frames {
		if empty(j) {
			s = append(s, 0)
		} else {
			s = append(s, 1+37*j)
		}
	}
	return s
}

// Whatever its number of frames and their sizes, a message arrives as it was sent, in both directions.
func TestEveryShape(t *testing.T) {
	p := startPeer(t)
	all := shapes()
	var want []string
	for i, sizes := range all {
		want = append(want, printed(message("shape", i, sizes)))
	}
	bothWays(t, func(t *testing.T, weBind bool) {
		o, s := open(t, zmq.PAIR, zmq.Config{}), p.open(t, "PAIR", nil)
		join(t, o, s, weBind)
		got := s.recv(t, len(all))
		for i, sizes := range all {
			o.send(t, message("shape", i, sizes))
		}
		same(t, "what they received", got.done(t).Messages, want)
		sent := s.sendShapes(t, "shape", all)
		same(t, "what we received", o.take(t, len(all)), want)
		sent.done(t)
	})
}

// One message of 64 MiB, alone and between small frames, in both directions.
func TestLargeMessages(t *testing.T) {
	p := startPeer(t)
	o, s := open(t, zmq.PAIR, zmq.Config{}), p.open(t, "PAIR", nil)
	join(t, o, s, true)
	for _, sizes := range [][]int{{64 << 20}, {3, 64 << 20, 0, 5}} {
		t.Run(fmt.Sprint(sizes), func(t *testing.T) {
			want := expected(1, "large", sizes...)
			got := s.recv(t, 1)
			o.send(t, message("large", 0, sizes))
			same(t, "what they received", got.done(t).Messages, want)
			sent := s.send(t, 1, "large", sizes...)
			same(t, "what we received", o.take(t, 1), want)
			sent.done(t)
		})
	}
}

// SendMessage shares the bytes instead of copying them: what the peer gets is the same, and a message that came from one
// peer may go on to another as it is.
func TestForwardedMessages(t *testing.T) {
	p := startPeer(t)
	in, source := open(t, zmq.PULL, zmq.Config{}), p.open(t, "PUSH", nil)
	out, sink := open(t, zmq.PUSH, zmq.Config{}), p.open(t, "PULL", nil)
	join(t, in, source, true)
	join(t, out, sink, false)
	all := shapes()
	source.sendShapes(t, "forwarded", all)
	got := sink.recv(t, len(all))
	var want []string
	for i, sizes := range all {
		want = append(want, printed(message("forwarded", i, sizes)))
		if err := out.Socket.(zmq.Sender).SendMessage(within(t), in.recv(t)); err != nil {
			t.Fatal(err)
		}
	}
	same(t, "what arrived", got.done(t).Messages, want)
}
