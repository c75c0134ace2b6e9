package zmq_test

import (
	"fmt"
	"net"
	"slices"
	"testing"

	"github.com/glassmq/zmq/zmtp"
)

// A visitor is a peer of raw bytes that wants to be let in and to have a message delivered.
type visitor struct {
	t      *testing.T
	conn   net.Conn
	typ    string
	manner string // "in turn", "at once": it waits for no answer that it can do without, "byte by byte"
	settle func()
	in     []byte
	told   []string // the commands that it has heard, up to READY
}

// enter says what a peer of that version says, its message included, and reports whether it was let in. What becomes of
// the connection it knows beforehand: where it will not be let in, it does not wait for that before it says its message.
func (v *visitor) enter(client zmtp.Mechanism, is version, end ending) (in bool) {
	v.t.Helper()
	switch is.major {
	case 1:
		v.say([]byte("\x01\x00"), []byte("\x06\x00hello")) // RFC 13: an anonymous peer; a frame's length counts its flags
	case 2:
		types := map[string]byte{"PAIR": 0, "REQ": 3, "DEALER": 5, "PUSH": 8} // RFC 15
		v.say([]byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x01"), []byte{types[v.typ]}, []byte("\x00\x00"), []byte("\x00\x05hello"))
	default:
		return v.shake(client, is, end)
	}
	for len(v.more()) > 0 {
	}
	return false
}

// shake goes through the handshake of a peer of version 3.
func (v *visitor) shake(client zmtp.Mechanism, is version, end ending) (in bool) {
	v.t.Helper()
	greeting := zmtp.AppendGreeting(nil, zmtp.Greeting{Major: is.major, Minor: is.minor, Mechanism: client.Name()})
	metadata := zmtp.Metadata{{Name: zmtp.SocketType, Value: v.typ}}
	with := client.Begin(metadata)
	step, err := with.Next(zmtp.Command{})
	must(v.t, err)
	opening := append(greeting, wireOf(step.Send)...)
	eager := v.manner == "at once" && client.Name() != "CURVE"
	if eager && client.Name() == "PLAIN" {
		opening = zmtp.AppendCommand(opening, zmtp.Command{Name: zmtp.INITIATE, Data: zmtp.AppendMetadata(nil, metadata)})
	}
	if eager {
		opening = append(opening, v.message(nil)...)
	}
	v.say(opening)
	v.greeted()
	for !step.Done {
		c, ok := v.command()
		if !ok {
			return false
		}
		if step, err = with.Next(c); err != nil {
			v.rest()
			return false
		}
		out := wireOf(step.Send)
		if v.manner == "at once" && !step.Done && !eager && !end.in {
			out = append(out, v.message(nil)...) // in the clear, for the keys are to be had only behind READY
		}
		if !eager {
			v.say(out)
		}
	}
	if !eager {
		v.say(v.message(step.Codec))
	}
	return true
}

func wireOf(all []zmtp.Command) (b []byte) {
	for _, c := range all {
		b = zmtp.AppendCommand(b, c)
	}
	return b
}

// message is "hello", from a REQ in its envelope.
func (v *visitor) message(codec zmtp.Codec) (b []byte) {
	frames := []string{"hello"}
	if v.typ == "REQ" {
		frames = []string{"", "hello"}
	}
	for i, f := range frames {
		h := zmtp.Header{More: i < len(frames)-1, Size: uint64(len(f))}
		if codec != nil {
			b = codec.AppendSealed(b, h, []byte(f))
		} else {
			b = append(zmtp.AppendHeader(b, h), f...)
		}
	}
	return b
}

// say writes; that the other side has hung up by now is no fault.
func (v *visitor) say(parts ...[]byte) {
	b := slices.Concat(parts...)
	if len(b) == 0 {
		return
	}
	step := len(b)
	if v.manner == "byte by byte" {
		step = 1
	}
	for piece := range slices.Chunk(b, step) {
		if _, err := v.conn.Write(piece); err != nil {
			return
		}
		if step == 1 {
			v.settle()
		}
	}
}

// more reads what comes; nothing is the end.
func (v *visitor) more() []byte {
	b := make([]byte, 4096)
	n, _ := v.conn.Read(b)
	v.in = append(v.in, b[:n]...)
	return b[:n]
}

// greeted reads the other side's greeting.
func (v *visitor) greeted() {
	v.t.Helper()
	for {
		_, n, err := zmtp.ParseGreeting(v.in)
		must(v.t, err)
		if v.in = v.in[n:]; n > 0 {
			return
		}
		if len(v.more()) == 0 {
			v.t.Fatalf("the connection ends within the greeting, %q", v.in)
		}
	}
}

// command reads the next one; ok is false at the end.
func (v *visitor) command() (c zmtp.Command, ok bool) {
	v.t.Helper()
	for {
		h, n, err := zmtp.ParseHeader(v.in, 0)
		must(v.t, err)
		if n > 0 && uint64(len(v.in)-n) >= h.Size {
			end := n + int(h.Size)
			c, err = zmtp.ParseCommand(v.in[n:end])
			if v.in = v.in[end:]; err != nil || !h.Command {
				v.t.Fatalf("the visitor was sent a frame that is no command: %+v, %v", h, err)
			}
			v.note(c)
			return c, true
		}
		if len(v.more()) == 0 {
			if len(v.in) > 0 {
				v.t.Errorf("the connection ends within a frame, %q", v.in)
			}
			return c, false
		}
	}
}

func (v *visitor) note(c zmtp.Command) {
	what := c.Name
	if c.Name == zmtp.ERROR {
		reason, err := zmtp.ParseError(c.Data)
		must(v.t, err)
		what = fmt.Sprintf("%s %s", c.Name, reason)
	}
	v.told = append(v.told, what)
}

// rest reads to the end.
func (v *visitor) rest() {
	for ok := true; ok; {
		_, ok = v.command()
	}
}

// leave hangs up, and reads to the end first: to close with something unread would be a reset.
func (v *visitor) leave() {
	if half, ok := v.conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		for len(v.more()) > 0 {
		}
	}
	v.conn.Close()
}
