package interop

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/glassmq/zmq/zmtp"
)

// A secured connection is the other side of one of libzmq's sockets.
type secured struct {
	net.Conn
	in     *bufio.Reader
	codec  zmtp.Codec // nil: in the clear
	remote zmtp.Metadata
	asked  *zmtp.AuthRequest // what an authenticator would have been asked
}

// secure greets, and takes the mechanism's handshake to its end; verdict is what an authenticator says of whoever it is.
func secure(t *testing.T, c net.Conn, m zmtp.Mechanism, typ string, verdict error) (*secured, error) {
	t.Helper()
	s := &secured{Conn: c, in: bufio.NewReader(c)}
	c.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { c.Close() })
	if _, err := c.Write(zmtp.AppendGreeting(nil, zmtp.Greeting{Major: 3, Minor: 1, Mechanism: m.Name(), AsServer: m.AsServer()})); err != nil {
		return nil, err
	}
	greeting := make([]byte, 64)
	if _, err := io.ReadFull(s.in, greeting); err != nil {
		return nil, err
	}
	if g, _, err := zmtp.ParseGreeting(greeting); err != nil || g.Mechanism != m.Name() {
		return nil, fmt.Errorf("libzmq greets with %+v: %w", g, err)
	}
	return s, s.shake(m.Begin(zmtp.Metadata{{Name: zmtp.SocketType, Value: typ}, {Name: zmtp.Identity, Value: "ours"}}), verdict)
}

func (s *secured) shake(h zmtp.Handshake, verdict error) error {
	step, err := h.Next(zmtp.Command{})
	for {
		var out []byte
		for _, c := range step.Send { // with Decide's refusal, too
			out = zmtp.AppendCommand(out, c)
		}
		if _, broken := s.Write(out); broken != nil || err != nil {
			return errors.Join(err, broken)
		}
		switch {
		case step.Ask != nil:
			s.asked = step.Ask
			step, err = h.Decide(zmtp.AuthReply{}, verdict)
			continue
		case step.Done:
			s.codec, s.remote = step.Codec, step.Remote
			return nil
		}
		head, body, broken := s.frame()
		if broken != nil {
			return broken
		}
		c, broken := zmtp.ParseCommand(body)
		if broken != nil || !head.Command {
			return fmt.Errorf("a message within the handshake, or %w", broken)
		}
		step, err = h.Next(c)
	}
}

// frame reads the next frame, as it is on the wire.
func (s *secured) frame() (h zmtp.Header, body []byte, err error) {
	for n := 2; ; n = 9 {
		b, err := s.in.Peek(n)
		if err != nil {
			return h, nil, err
		}
		h, size, err := zmtp.ParseHeader(b, 4<<20)
		if err != nil {
			return h, nil, err
		}
		if size > 0 {
			s.in.Discard(size)
			body = make([]byte, h.Size)
			_, err = io.ReadFull(s.in, body)
			return h, body, err
		}
	}
}

// recv reads and opens the next frame.
func (s *secured) recv(t *testing.T) (zmtp.Header, []byte) {
	t.Helper()
	h, body, err := s.frame()
	if err == nil && s.codec != nil {
		if h.Command {
			t.Error("libzmq's MESSAGE is in a command's frame") // not so until now: whoever drives a codec should know
		}
		h, body, err = s.codec.Open(body)
	}
	if err != nil {
		t.Fatal(err)
	}
	return h, body
}

func (s *secured) message(t *testing.T) (frames [][]byte) {
	t.Helper()
	for more := true; more; {
		h, body := s.recv(t)
		if h.Command {
			t.Fatalf("a command: %q", body)
		}
		more = h.More
		frames = append(frames, body)
	}
	return frames
}

func (s *secured) append(b []byte, h zmtp.Header, body []byte) []byte {
	if s.codec != nil {
		return s.codec.AppendSealed(b, h, body)
	}
	h.Size = uint64(len(body))
	return append(zmtp.AppendHeader(b, h), body...)
}

func (s *secured) send(t *testing.T, frames ...[]byte) {
	t.Helper()
	var out []byte
	for i, f := range frames {
		out = s.append(out, zmtp.Header{More: i < len(frames)-1}, f)
	}
	if _, err := s.Write(out); err != nil {
		t.Fatal(err)
	}
}

// command sends a command of ZMTP's.
func (s *secured) command(t *testing.T, frame []byte) {
	t.Helper()
	if _, err := s.Write(s.append(nil, zmtp.Header{Command: true}, frame[2:])); err != nil {
		t.Fatal(err)
	}
}

// reach is a connection between us and a socket of libzmq, whoever dials.
func reach(t *testing.T, s *socket, weBind bool) net.Conn {
	t.Helper()
	if !weBind {
		return dialRaw(t, s.bind(t, loopback)).TCPConn
	}
	endpoint, accept := listenRaw(t)
	s.connect(t, endpoint)
	return accept().TCPConn
}
