package zmq_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// Patterns as they are on the wire, by hand from RFC 23 and RFC 37, with nothing of our own wire code: two ends that agree
// on a mistake would not notice it.

// A hand is a peer by hand.
type hand struct {
	t *testing.T
	net.Conn
	in *bufio.Reader
}

func newHand(t *testing.T, c net.Conn) *hand {
	c.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { c.Close() })
	return &hand{t, c, bufio.NewReader(c)}
}

// shake dials and goes through the handshake as a peer of ZMTP 3.minor; more is sent in the same segment as READY.
func shake(t *testing.T, endpoint string, minor byte, typ, id string, more ...[]byte) *hand {
	t.Helper()
	c, err := net.DialTimeout("tcp", strings.TrimPrefix(endpoint, "tcp://"), patience)
	must(t, err)
	h := newHand(t, c)
	h.shake(minor, typ, id, more...)
	return h
}

func (h *hand) shake(minor byte, typ, id string, more ...[]byte) {
	h.t.Helper()
	greeting := make([]byte, 64) // signature, version, mechanism, as-server, filler
	greeting[0], greeting[9], greeting[10], greeting[11] = 0xFF, 0x7F, 3, minor
	copy(greeting[12:], "NULL")
	ready := []byte("\x05READY\x0bSocket-Type")
	ready = append(binary.BigEndian.AppendUint32(ready, uint32(len(typ))), typ...)
	if id != "" {
		ready = append(ready, "\x08Identity"...)
		ready = append(binary.BigEndian.AppendUint32(ready, uint32(len(id))), id...)
	}
	h.write(append([][]byte{greeting, frame(4, ready)}, more...)...)
	h.bytes(64)
	if flags, body := h.frame(); flags != 4 || !strings.HasPrefix(body, "\x05READY") {
		h.t.Fatalf("where READY must be came a frame with flags %d and %q", flags, body)
	}
}

func (h *hand) write(parts ...[]byte) {
	h.t.Helper()
	if _, err := h.Write(bytes.Join(parts, nil)); err != nil {
		h.t.Fatal(err)
	}
}

func (h *hand) bytes(n int) []byte {
	h.t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(h.in, b); err != nil {
		h.t.Fatalf("of %d bytes: %v", n, err)
	}
	return b
}

// frame reads the next one: 1 is MORE, 2 LONG, 4 COMMAND.
func (h *hand) frame() (flags byte, body string) {
	h.t.Helper()
	if flags = h.bytes(1)[0]; flags&2 == 0 {
		return flags, string(h.bytes(int(h.bytes(1)[0])))
	}
	return flags, string(h.bytes(int(binary.BigEndian.Uint64(h.bytes(8)))))
}

// want reads so many frames and holds each against "flags body".
func (h *hand) want(frames ...string) {
	h.t.Helper()
	for _, want := range frames {
		flags, body := h.frame()
		if got := fmt.Sprintf("%d %s", flags, body); got != want {
			h.t.Errorf("the next frame is %.80q, want %.80q", got, want)
		}
	}
}

func frame(flags byte, body []byte) []byte {
	if len(body) < 256 {
		return append([]byte{flags, byte(len(body))}, body...)
	}
	return append(binary.BigEndian.AppendUint64([]byte{flags | 2}, uint64(len(body))), body...)
}

// subscribe and cancel are the commands of RFC 37, message a message of one frame.
func subscribe(prefix string) []byte { return frame(4, []byte("\x09SUBSCRIBE"+prefix)) }
func cancel(prefix string) []byte    { return frame(4, []byte("\x06CANCEL"+prefix)) }
func message(body string) []byte     { return frame(0, []byte(body)) }

// A publisher obeys subscriptions in both forms, from whatever version: as a command (RFC 37, 3.1) and as a message (RFC
// 23, 3.0), also when they come together with READY, and long ones too. It sends nothing but what was asked for.
func TestPublisherObeysBothForms(t *testing.T) {
	x := newContext(t)
	long := strings.Repeat("x", 300)
	for _, minor := range []byte{0, 1, 2} {
		for form, say := range map[string]struct{ on, off func(string) []byte }{
			"command": {subscribe, cancel},
			"message": {func(p string) []byte { return message(on(p)) }, func(p string) []byte { return message(off(p)) }},
		} {
			for _, pub := range []interface {
				zmq.Sender
				TopicsCount() int
			}{zmq.NewPub(zmq.Config{Context: x}), zmq.NewXPub(zmq.Config{Context: x})} {
				bound := bindTo(t, pub, "tcp://127.0.0.1:*")
				h := shake(t, bound, minor, "SUB", "", say.on("a"), say.on("b\x00"))
				h.write(say.on(long), say.on("end"))
				knows(t, pub, 4)
				for _, topic := range []string{"b", "b\x00c", "c", long + "y", "ab"} {
					send(t, pub, topic, "body")
				}
				h.want("1 b\x00c", "0 body", "3 "+long+"y", "0 body", "1 ab", "0 body")
				h.write(say.off("a"), say.off(long), say.off("nothing"))
				knows(t, pub, 2)
				send(t, pub, "a")
				send(t, pub, long)
				send(t, pub, "end")
				h.want("0 end")
				if t.Failed() {
					t.Fatalf("a %v, minor %d, %s", pub.Type(), minor, form)
				}
				pub.Close()
			}
		}
	}
}

// What a subscriber says besides is nothing to a PUB: it goes on (RFC 29: "SHALL silently discard"). An XPUB receives it.
func TestPublisherAndOtherMessages(t *testing.T) {
	x := newContext(t)
	pub, xpub := zmq.NewPub(zmq.Config{Context: x}), zmq.NewXPub(zmq.Config{Context: x})
	for _, s := range []zmq.Sender{pub, xpub} {
		h := shake(t, bindTo(t, s, "tcp://127.0.0.1:*"), 1, "XSUB", "")
		h.write(frame(1, []byte("\x01a")), message("b"), message(""), message("\x02"), message(strings.Repeat("y", 70_000)),
			frame(4, []byte("\x07UNKNOWNx")), subscribe("a"))
		ready(t, s, 1)
		send(t, s, "abc")
		h.want("0 abc")
	}
	recv(t, xpub, "\x01a", "b")
	recv(t, xpub, "")
	recv(t, xpub, "\x02")
	recv(t, xpub, strings.Repeat("y", 70_000))
	recv(t, xpub, on("a"))
}

// A subscriber says commands to a publisher of 3.1, and messages to one of 3.0, which knows no such commands: first all
// that it has, then each change. It filters again what comes, for a publisher may send anything.
func TestSubscriberSpeaksBothForms(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, minor := range []byte{0, 1} {
		on := func(p string) string { return fmt.Sprintf("%d %s", 4|long2(len(p)+10), "\x09SUBSCRIBE"+p) }
		off := func(p string) string { return fmt.Sprintf("%d %s", 4|long2(len(p)+7), "\x06CANCEL"+p) }
		if minor == 0 {
			on = func(p string) string { return fmt.Sprintf("%d %s", long2(len(p)+1), "\x01"+p) }
			off = func(p string) string { return fmt.Sprintf("%d %s", long2(len(p)+1), "\x00"+p) }
		}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		defer l.Close()
		sub := zmq.NewSub(zmq.Config{Context: newContext(t), Subscribe: []string{"b\x00", "", long}, ReconnectMin: fast})
		connect(t, sub, "tcp://"+l.Addr().String())
		for round := range 2 {
			c, err := l.Accept()
			must(t, err)
			h := newHand(t, c)
			h.shake(minor, "PUB", "")
			if round == 1 { // again, as they stand
				h.want(on("b\x00"), on("c"))
				break
			}
			h.want(on(""), on("b\x00"), on(long))
			must(t, sub.Subscribe("c"))
			h.want(on("c"))
			must(t, sub.Unsubscribe("", long))
			h.want(off(""), off(long))
			h.write(message("a"), message("b"), message("b\x00x"), message(""), message("c"))
			recv(t, sub, "b\x00x")
			recv(t, sub, "c")
			c.Close()
		}
	}
}

// long2 is the flag LONG for a frame of n bytes.
func long2(n int) int {
	if n < 256 {
		return 0
	}
	return 2
}

// The id that a peer says of itself must be one that it may have.
func TestRouterRefusesBadIdentities(t *testing.T) {
	x := newContext(t)
	router := zmq.NewRouter(zmq.Config{Context: x})
	w := router.Watch(monitor.Disconnected)
	bound := bindTo(t, router, "tcp://127.0.0.1:*")
	for _, id := range []string{"\x00abcd", "\x00", strings.Repeat("x", 256)} {
		c, err := net.Dial("tcp", strings.TrimPrefix(bound, "tcp://"))
		must(t, err)
		h := newHand(t, c)
		greeting := make([]byte, 64)
		greeting[0], greeting[9], greeting[10], greeting[11] = 0xFF, 0x7F, 3, 1
		copy(greeting[12:], "NULL")
		ready := append([]byte("\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER\x08Identity"), binary.BigEndian.AppendUint32(nil, uint32(len(id)))...)
		h.write(greeting, frame(4, append(ready, id...)), message("let me in"))
		h.bytes(64)
		if flags, body := h.frame(); flags&4 == 0 || !strings.HasPrefix(body, "\x05ERROR") {
			t.Errorf("an id of %d bytes was answered with flags %d, %q", len(id), flags, body)
		}
		e, err := w.Next(within(t))
		must(t, err)
		if e.Reason != monitor.ReasonBadIdentity {
			t.Errorf("an id of %d bytes is told as %v", len(id), e)
		}
	}
	if err := router.CanRecv(); !errors.Is(err, zmq.ErrWouldBlock) {
		t.Errorf("a message came in: %v", err)
	}
	h := shake(t, bound, 1, "DEALER", "\x7f\x00", message("good"))
	recv(t, router, "\x7f\x00", "good")
	send(t, router, "\x7f\x00", "", "frames")
	h.want("1 ", "0 frames")
}

// Envelopes on the wire: REQ's delimiter and number, REP's echo of them, ROUTER's and DEALER's nothing.
func TestEnvelopesOnTheWire(t *testing.T) {
	x := newContext(t)
	req := zmq.NewReq(zmq.Config{Context: x})
	h := shake(t, bindTo(t, req, "tcp://127.0.0.1:*"), 1, "REP", "")
	ready(t, req, 1)
	send(t, req, "q", "")
	h.want("1 ", "1 q", "0 ")
	h.write(frame(1, nil), message("a"))
	recv(t, req, "a")

	numbered := zmq.NewReq(zmq.Config{Context: x, ReqCorrelate: true})
	h = shake(t, bindTo(t, numbered, "tcp://127.0.0.1:*"), 1, "ROUTER", "")
	ready(t, numbered, 1)
	send(t, numbered, "q")
	_, number := h.frame()
	if len(number) != 4 {
		t.Errorf("the number is %q, want four bytes", number)
	}
	h.want("1 ", "0 q")
	h.write(frame(1, []byte("none")), frame(1, nil), message("late"), frame(1, []byte(number)), frame(1, nil), message("a"))
	recv(t, numbered, "a")

	rep := zmq.NewRep(zmq.Config{Context: x})
	h = shake(t, bindTo(t, rep, "tcp://127.0.0.1:*"), 1, "DEALER", "")
	h.write(frame(1, []byte("hop")), frame(1, []byte("\x00\x01\x02\x03")), frame(1, nil), frame(1, nil), message("q"))
	recv(t, rep, "", "q")
	send(t, rep, "a")
	h.want("1 hop", "1 \x00\x01\x02\x03", "1 ", "0 a")
}

// A message is received whole or not at all, at whatever byte the connection ends: no type shows half of one, and each
// serves the next peer (contract U1).
func TestHalfAMessageIsNone(t *testing.T) {
	whole := bytes.Join([][]byte{frame(1, []byte("topic")), frame(1, bytes.Repeat([]byte("x"), 300)), message("end")}, nil)
	for _, typ := range []struct{ ours, theirs zmq.Type }{
		{zmq.PULL, zmq.PUSH}, {zmq.PAIR, zmq.PAIR}, {zmq.DEALER, zmq.DEALER}, {zmq.ROUTER, zmq.DEALER}, {zmq.SUB, zmq.PUB},
		{zmq.XSUB, zmq.PUB}, {zmq.XPUB, zmq.XSUB}, {zmq.REP, zmq.DEALER},
	} {
		s, err := zmq.New(typ.ours, zmq.Config{Context: newContext(t)})
		must(t, err)
		if sub, ok := s.(*zmq.Sub); ok {
			must(t, sub.Subscribe(""))
		}
		w := s.Watch(monitor.Disconnected)
		bound := bindTo(t, s, "tcp://127.0.0.1:*")
		for _, at := range []int{1, 2, 7, 8, 9, 16, 50, len(whole) - 5, len(whole) - 1} {
			h := shake(t, bound, 1, typ.theirs.String(), "")
			h.write(whole[:at])
			h.Close()
			heard(t, w, 1)
			if err := s.(zmq.Receiver).CanRecv(); !errors.Is(err, zmq.ErrWouldBlock) {
				t.Errorf("%v received of a message that ended after %d bytes: %v", typ.ours, at, err)
			}
		}
		h := shake(t, bound, 1, typ.theirs.String(), "", frame(1, nil), whole)
		m, err := s.(zmq.Receiver).Recv(within(t))
		must(t, err)
		if got := m.AppendFrames(nil); len(got) < 3 || string(got[len(got)-3]) != "topic" || string(m.Body()) != "end" {
			t.Errorf("%v received %.80q", typ.ours, got)
		}
		h.Close()
	}
}

// The order of prefixes that a SUB says does not matter to anybody; that it says each once does.
func TestSubscriberSaysEachOnce(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	var prefixes []string
	for i := range 3000 {
		prefixes = append(prefixes, fmt.Sprint("prefix ", i))
	}
	sub := zmq.NewSub(zmq.Config{Context: newContext(t), Subscribe: append(prefixes, prefixes...)})
	connect(t, sub, "tcp://"+l.Addr().String())
	c, err := l.Accept()
	must(t, err)
	h := newHand(t, c)
	h.shake(1, "XPUB", "")
	var said []string
	for range prefixes {
		_, body := h.frame()
		said = append(said, strings.TrimPrefix(body, "\x09SUBSCRIBE"))
	}
	slices.Sort(said)
	slices.Sort(prefixes)
	if !slices.Equal(said, prefixes) {
		t.Errorf("of %d prefixes it said %d different ones", len(prefixes), len(slices.Compact(said)))
	}
	must(t, sub.Subscribe("end"))
	h.want("4 \x09SUBSCRIBEend")
}
