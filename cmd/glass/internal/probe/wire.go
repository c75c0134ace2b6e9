package probe

import (
	"context"
	"fmt"
	"net"
	"time"

	"github.com/glassmq/zmq/zmtp"
)

// most is what a peer may send before its handshake is through: a greeting and metadata at its limit, as for a socket.
const most = 128 << 10

// A wire is one connection.
type wire struct {
	nc       net.Conn
	stop     func() bool // the watch over the context
	deadline time.Time   // of the probe
	in       []byte      // received, not yet understood
	codec    zmtp.Codec  // of what follows the handshake; nil: in the clear
}

// newWire takes nc over. It ends with ctx, at once if that is cancelled.
func newWire(ctx context.Context, nc net.Conn, deadline time.Time) *wire {
	nc.SetDeadline(deadline)
	stop := context.AfterFunc(ctx, func() {
		if ctx.Err() == context.Canceled { // the deadline is the connection's own
			nc.Close()
		}
	})
	return &wire{nc: nc, stop: stop, deadline: deadline}
}

func (w *wire) close() {
	w.stop()
	w.nc.Close()
}

// hear reads what there is, and waits for it until limit, or for the probe's end if that is sooner.
func (w *wire) hear(limit time.Time) error {
	if limit.After(w.deadline) {
		limit = w.deadline
	}
	w.nc.SetReadDeadline(limit)
	w.in = append(w.in, make([]byte, 512)...)
	n, err := w.nc.Read(w.in[len(w.in)-512:])
	w.in = w.in[:len(w.in)-512+n]
	if n > 0 {
		return nil // an error comes again
	}
	return err
}

// say sends b. An error is not looked at: a connection that does not take it ends, and tells how when it is read.
func (w *wire) say(b []byte) { w.nc.Write(b) }

// sayAll says commands of a handshake.
func (w *wire) sayAll(cmds []zmtp.Command) {
	var b []byte
	for _, cmd := range cmds {
		b = zmtp.AppendCommand(b, cmd)
	}
	w.say(b)
}

// sayTraffic says a frame that follows the handshake.
func (w *wire) sayTraffic(frame []byte) {
	if w.codec != nil {
		h, n, _ := zmtp.ParseHeader(frame, 0) // it is ours
		frame = w.codec.AppendSealed(nil, h, frame[n:])
	}
	w.say(frame)
}

// command reads the next command of a handshake, until limit.
func (w *wire) command(limit time.Time) (zmtp.Command, error) {
	for {
		head, n, err := zmtp.ParseHeader(w.in, most)
		switch {
		case err != nil:
			return zmtp.Command{}, err
		case n > 0 && !head.Command:
			return zmtp.Command{}, &zmtp.ProtocolError{Code: zmtp.BadFrame, Detail: "a message before the handshake was through"}
		case n > 0 && uint64(len(w.in)-n) >= head.Size:
			end := n + int(head.Size)
			cmd, err := zmtp.ParseCommand(w.in[n:end])
			w.in = w.in[end:]
			return cmd, err
		case len(w.in) > most:
			return zmtp.Command{}, &zmtp.ProtocolError{Code: zmtp.HandshakeTooLong, Detail: fmt.Sprintf("%d bytes without coming to an end", len(w.in))}
		}
		if err := w.hear(limit); err != nil {
			return zmtp.Command{}, err
		}
	}
}

// longest is the longest frame that may be a command after the handshake: a PONG has 22 bytes, an ERROR 262; a seal, 33 more.
const longest = 512

// message waits until a message has begun to come, past commands and until limit.
func (w *wire) message(limit time.Time) error {
	for {
		head, n, err := zmtp.ParseHeader(w.in, 0)
		sealed := w.codec != nil && head.Size <= longest
		switch {
		case err != nil:
		case n == 0:
			err = w.hear(limit)
		case sealed:
			var cmd zmtp.Command
			if cmd, err = w.sealed(n, int(head.Size)); err == nil && cmd.Name == "" {
				return nil
			}
		case w.codec == nil && head.Command:
			err = w.skip(uint64(n) + head.Size)
		default:
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// commandAmid reads the next short command from between messages and long ones, which it throws away as they come.
func (w *wire) commandAmid() (zmtp.Command, error) {
	for {
		head, n, err := zmtp.ParseHeader(w.in, 0)
		short := n > 0 && head.Size <= longest
		switch {
		case err != nil:
		case short && w.codec != nil:
			var cmd zmtp.Command
			if cmd, err = w.sealed(n, int(head.Size)); err == nil && cmd.Name != "" {
				return cmd, nil
			}
		case short && head.Command:
			return w.command(w.deadline)
		case n > 0:
			err = w.skip(uint64(n) + head.Size)
		default:
			err = w.hear(w.deadline)
		}
		if err != nil {
			return zmtp.Command{}, err
		}
	}
}

// sealed opens the frame that begins w.in, whose header has n bytes; no name: it was a message. Those that were skipped are
// missing in the count of nonces, which may have gaps (RFC 26: "greater than").
func (w *wire) sealed(n, size int) (cmd zmtp.Command, err error) {
	for len(w.in)-n < size {
		if err := w.hear(w.deadline); err != nil {
			return cmd, err
		}
	}
	frame := w.in[n : n+size]
	w.in = w.in[n+size:]
	h, body, err := w.codec.Open(frame)
	if err != nil || !h.Command {
		return cmd, err
	}
	return zmtp.ParseCommand(body)
}

func (w *wire) skip(n uint64) error {
	for {
		here := min(n, uint64(len(w.in)))
		w.in = w.in[here:]
		if n -= here; n == 0 {
			return nil
		}
		if err := w.hear(w.deadline); err != nil {
			return err
		}
	}
}
