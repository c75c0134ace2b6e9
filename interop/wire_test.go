package interop

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// A listener is a PULL of either engine: a raw peer must be told the same by both.
type listener struct {
	name string
	open func(t *testing.T) (endpoint string, take func() []string)
}

var ourListener = listener{"ours", func(t *testing.T) (string, func() []string) {
	o := open(t, zmq.PULL, zmq.Config{})
	return o.bind(t, loopback), func() (frames []string) {
		for _, f := range o.recv(t).All() {
			frames = append(frames, string(f))
		}
		return frames
	}
}}

func listeners(p *process) []listener {
	return []listener{ourListener, {"libzmq", func(t *testing.T) (string, func() []string) {
		s := p.open(t, "PULL", nil)
		return s.bind(t, loopback), func() []string { return s.show(t) }
	}}}
}

func wantFrames(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: %q, not %q", what, got, want)
	}
}

// A greeting arrives in whatever pieces TCP, or the peer's program, makes of it: RFC 37 lets a peer send the signature
// alone, and wait for the other's, and go on when it knows with whom it speaks.
func TestGreetingInPieces(t *testing.T) {
	p := startPeer(t)
	whole := slices.Concat(rawGreeting(1), rawReady("Socket-Type", "PUSH", "Identity", ""))
	var bytewise []int
	for range whole {
		bytewise = append(bytewise, 1)
	}
	for _, row := range []struct {
		name   string
		pieces []int // the last one is the rest
		wait   []int // how much of the other's greeting to read after each piece
	}{
		{"all at once", nil, nil},
		{"byte by byte", bytewise, nil},
		{"10, 1 and 53, each after the other's", []int{10, 1, 53}, []int{10, 1, 53}},
		{"11 and 53", []int{11, 53}, []int{11, 53}},
		{"12 and 52", []int{12, 52}, nil},
		{"64, then READY", []int{64}, []int{64}},
		{"one byte short of the greeting", []int{63}, nil},
		{"READY cut in two", []int{70}, []int{64}},
	} {
		for _, l := range listeners(p) {
			t.Run(row.name+" to "+l.name, func(t *testing.T) {
				endpoint, take := l.open(t)
				r := dialRaw(t, endpoint)
				rest, read := whole, 0
				for i, n := range row.pieces {
					r.send(t, rest[:n])
					rest = rest[n:]
					if i < len(row.wait) {
						r.bytes(t, row.wait[i])
						read += row.wait[i]
					}
				}
				r.send(t, rest)
				r.bytes(t, 64-read)
				if ready := r.ready(t); !strings.Contains(ready, "PULL") {
					t.Errorf("READY is %q", ready)
				}
				r.send(t, rawMessage("hello", "", "world"))
				wantFrames(t, "the message", take(), "hello", "", "world")
			})
		}
	}
}

// A peer that does not wait for our READY before its first message is understood. (libzmq takes that message for a
// command that it did not expect, and hangs up.)
func TestMessageBeforeOurReady(t *testing.T) {
	endpoint, take := ourListener.open(t)
	r := dialRaw(t, endpoint)
	r.send(t, slices.Concat(rawGreeting(1), rawReady("Socket-Type", "PUSH"), rawMessage("in", "a", "hurry")))
	wantFrames(t, "the message", take(), "in", "a", "hurry")
}

// Versions above ours are spoken to as ours (RFC 37, "Version Negotiation"), and 3.0 as 3.0.
func TestGreetingVersions(t *testing.T) {
	p := startPeer(t)
	for _, version := range [][2]byte{{3, 0}, {3, 1}, {3, 9}, {4, 0}, {255, 255}} {
		for _, l := range listeners(p) {
			t.Run(fmt.Sprintf("%d.%d to %s", version[0], version[1], l.name), func(t *testing.T) {
				endpoint, take := l.open(t)
				r := dialRaw(t, endpoint)
				g := rawGreeting(version[1])
				g[10] = version[0]
				r.send(t, slices.Concat(g, rawReady("Socket-Type", "PUSH")))
				r.greeted(t)
				r.send(t, rawMessage("from another age"))
				wantFrames(t, "the message", take(), "from another age")
			})
		}
	}
}

// What JeroMQ, NetMQ and others speak: ZMTP 3.0. Our events say so.
func TestZMTP30(t *testing.T) {
	o := open(t, zmq.PAIR, zmq.Config{})
	there, accept := listenRaw(t)
	o.connect(t, there)
	r := accept()
	for _, b := range rawGreeting(0) {
		r.send(t, []byte{b})
	}
	greeting, ready := r.greeted(t)
	if greeting[11] != 1 || !strings.Contains(ready, "\x0BSocket-Type\x00\x00\x00\x04PAIR") {
		t.Errorf("we greet as 3.%d with %q", greeting[11], ready)
	}
	r.send(t, rawReady("Socket-Type", "PAIR"))
	if e := o.await(t, monitor.HandshakeSucceeded); e.Version != "3.0" || e.PeerType != "PAIR" {
		t.Errorf("we say of it: %v", e)
	}
	for i := range 100 {
		r.send(t, rawMessage("ask", fmt.Sprint(i), strings.Repeat("x", 10*i)))
		m := o.recv(t)
		o.send(t, m.AppendFrames(nil))
		wantFrames(t, "what came back", r.message(t), "ask", fmt.Sprint(i), strings.Repeat("x", 10*i))
	}
}

// What a peer may do on the wire although no engine of today does it, and what both engines make of it. The rows are
// some of those that were measured on libzmq.
func TestOddFrames(t *testing.T) {
	p := startPeer(t)
	ping := func(context string) []byte { return rawFrame(flagCommand, []byte("\x04PING\x00\x00"+context)) }
	long := append([]byte{flagLong, 0, 0, 0, 0, 0, 0, 0, 5}, "hello"...) // a size that would fit the short form
	for _, row := range []struct {
		name string
		send []byte
		pong string // the context of the PONG that must come; "-": none
		want []string
	}{
		{"a size in long form that needs none", long, "-", []string{"hello"}},
		{"PING", slices.Concat(ping("abc"), rawMessage("hello")), "abc", []string{"hello"}},
		{"PING between the parts of a message", slices.Concat(rawFrame(flagMore, []byte("one")), ping(""), rawFrame(0, []byte("two"))), "", []string{"one", "two"}},
		{"PING with the longest context", slices.Concat(ping("0123456789abcdef"), rawMessage("hello")), "0123456789abcdef", []string{"hello"}},
		{"an unknown command", slices.Concat(rawFrame(flagCommand, []byte("\x05HELLO?!")), rawMessage("hello")), "-", []string{"hello"}},
		{"a message of empty frames", rawMessage("", "", ""), "-", []string{"", "", ""}},
	} {
		for _, l := range listeners(p) {
			t.Run(row.name+" to "+l.name, func(t *testing.T) {
				endpoint, take := l.open(t)
				r := dialRaw(t, endpoint)
				r.send(t, slices.Concat(rawGreeting(1), rawReady("Socket-Type", "PUSH")))
				r.greeted(t)
				r.send(t, row.send)
				wantFrames(t, "the message", take(), row.want...)
				if row.pong != "-" {
					flags, body := r.frame(t)
					if want := "\x04PONG" + row.pong; flags != flagCommand || string(body) != want {
						t.Errorf("the answer has flags %d and is %q, not %q", flags, body, want)
					}
				}
			})
		}
	}
}

// Messages that had arrived whole are delivered although their sender is gone, the one that was cut is not, and the next
// peer is served.
func TestCutInTheMiddle(t *testing.T) {
	p := startPeer(t)
	for _, l := range listeners(p) {
		t.Run("to "+l.name, func(t *testing.T) {
			endpoint, take := l.open(t)
			whole := rawMessage("second", "message", strings.Repeat("x", 300))
			for cut := range whole {
				r := dialRaw(t, endpoint)
				r.send(t, slices.Concat(rawGreeting(1), rawReady("Socket-Type", "PUSH")))
				r.greeted(t)
				r.send(t, slices.Concat(rawMessage("first", fmt.Sprint(cut)), whole[:cut]))
				r.Close()
				wantFrames(t, "the message", take(), "first", fmt.Sprint(cut))
			}
		})
	}
}
