package peer

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"syscall"
	"time"

	"github.com/glassmq/zmq/internal/message"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// A handshaker is the state of one handshake; it reads what it needs and keeps what came behind.
type handshaker struct {
	c     *Conn
	in    []byte // received, not yet understood
	total int
	phase monitor.Phase

	deadline time.Time      // zero: none
	approved zmtp.AuthReply // what the authenticator said of the peer
	heard    bool           // a command has come
}

// A phaseError says how far a handshake had come.
type phaseError struct {
	phase monitor.Phase
	seen  []byte // of the greeting, if it never became one
	err   error
}

func (e *phaseError) Error() string { return e.err.Error() }
func (e *phaseError) Unwrap() error { return e.err }

// handshake takes a fresh connection to Ready (RFC 23, 37):
//
//  1. both sides greet, whoever is first;
//  2. the mechanism's commands go to and fro;
//  3. the peer is held against our type, and the socket asked whether it takes one more;
//  4. HandshakeSucceeded, and from then on messages.
//
// One deadline covers it all: a peer that sends a byte now and then gains nothing. rest is what came behind.
func (c *Conn) handshake() (rest []byte, err error) {
	h := handshaker{c: c, phase: monitor.InGreeting}
	c.mu.Lock()
	if d := c.opt.HandshakeTimeout; d > 0 && c.cause == nil {
		h.deadline = time.Now().Add(d)
		c.nc.SetDeadline(h.deadline)
	}
	c.mu.Unlock()
	version, err := h.run()
	if err != nil {
		return nil, &phaseError{h.phase, h.in, err}
	}
	if err := c.become(version); err != nil {
		return nil, &phaseError{h.phase, nil, err}
	}
	return h.in, nil
}

func (h *handshaker) run() (version string, err error) {
	greeting, err := h.greet()
	if err != nil {
		return "", err
	}
	h.phase = monitor.InMechanism
	mine := h.c.opt.Mechanism
	if greeting.Mechanism != mine.Name() {
		return "", &zmtp.ProtocolError{Code: zmtp.MechanismMismatch,
			Detail: fmt.Sprintf("the peer speaks %s, this socket %s", greeting.Mechanism, mine.Name())}
	}
	err = h.mechanism()
	if mine.AsServer() && greeting.AsServer && isTimeout(err) && !h.heard {
		err = &zmtp.ProtocolError{Code: zmtp.BothServers, Detail: "each waited for the other's HELLO"} // the bit alone proves nothing
	}
	return fmt.Sprintf("%d.%d", greeting.Major, greeting.Minor), err
}

// greet exchanges greetings. Ours goes out whole at once and first: each side may (RFC 37, "Greeting").
func (h *handshaker) greet() (g zmtp.Greeting, err error) {
	mine := h.c.opt.Mechanism
	ours := zmtp.AppendGreeting(nil, zmtp.Greeting{Major: 3, Minor: 1, Mechanism: mine.Name(), AsServer: mine.AsServer()})
	if _, err := h.c.nc.Write(ours); err != nil {
		return g, err
	}
	for {
		g, n, err := zmtp.ParseGreeting(h.in)
		if err != nil || n > 0 {
			if err == nil {
				h.in = h.in[n:]
			}
			return g, err
		}
		if err := h.more(); err != nil {
			return g, err
		}
	}
}

// mechanism lets the mechanism's two sides talk until it is done. A socket that may have no place for a peer says nothing
// before it has heard who the peer is and looked: a peer that was told READY first would send what it has queued to a
// connection that ends.
func (h *handshaker) mechanism() error {
	mine := h.c.opt.Mechanism
	if err := h.c.inTheClear(); err != nil {
		return err
	}
	if err := h.admitted(); err != nil {
		return err
	}
	with := mine.Begin(h.c.opt.Metadata)
	hold := h.c.opt.Exclusive && h.c.dialer == nil && mine.Name() == "NULL" // elsewhere the roles say who speaks first
	var out []zmtp.Command
	step, err := h.talk(with, zmtp.Command{})
	for {
		if err == nil && step.Done {
			h.phase = monitor.InMetadata
			err = h.check(step.Remote)
		}
		if err != nil {
			h.refuse(err)
			return err
		}
		var unsaid error
		if out = append(out, step.Send...); !hold || step.Done {
			unsaid = h.say(out)
			out = nil
		}
		if step.Done {
			h.c.codec = step.Codec
			return unsaid
		}
		cmd, broken := h.command()
		if broken == io.EOF && errors.Is(unsaid, syscall.ECONNRESET) {
			broken = unsaid // the write heard of the reset, and so the read did not
		}
		if hungUp(broken) && mine.Name() == "CURVE" && !mine.AsServer() && !h.heard {
			return ErrHungUpOnHello
		}
		if broken != nil { // also when we could not speak: what the peer said before it left tells more
			return broken
		}
		if unsaid != nil && cmd.Name != zmtp.ERROR { // which says why nobody listens any more
			return unsaid
		}
		hold, h.heard = false, true
		step, err = h.talk(with, cmd)
	}
}

// say sends commands of the handshake.
func (h *handshaker) say(cmds []zmtp.Command) error {
	var out []byte
	for _, cmd := range cmds {
		out = zmtp.AppendCommand(out, cmd)
	}
	if len(out) == 0 {
		return nil
	}
	_, err := h.c.nc.Write(out)
	return err
}

// check holds the peer against our type, and asks the socket.
func (h *handshaker) check(remote zmtp.Metadata) error {
	h.c.introduce(remote, h.approved)
	if err := zmtp.CheckRemote(h.c.opt.Type, remote); err != nil {
		return err
	}
	if err := remote.Within(cmp.Or(h.c.opt.MaxProperties, zmtp.MaxProperties), cmp.Or(h.c.opt.MaxPropertyBytes, zmtp.MaxMetadata)); err != nil {
		return err
	}
	return h.c.host.Accept(h.c)
}

// refuse tells the peer why, so that its own events can (RFC 37: "ERROR"). What broke the protocol itself is not
// answered: the peer may not be ZeroMQ at all.
func (h *handshaker) refuse(err error) {
	var p *zmtp.ProtocolError
	if !errors.As(err, &p) || h.phase != monitor.InMetadata {
		return
	}
	if mine := h.c.opt.Mechanism; mine.Name() != "NULL" && !mine.AsServer() {
		return // RFC 24, RFC 26: only servers say ERROR
	}
	if p.Code == zmtp.DuplicateIdentity {
		return // it may be who has the routing id, come back before its old connection was found dead; libzmq never dials again after an ERROR
	}
	h.c.nc.Write(zmtp.AppendError(nil, p.Error())) // the connection ends either way
	h.hangUp()
}

// command reads the next command of the handshake.
func (h *handshaker) command() (zmtp.Command, error) {
	for {
		if len(h.in) > 0 && h.in[0]&message.FlagCommand == 0 {
			return zmtp.Command{}, &zmtp.ProtocolError{Code: zmtp.BadFrame, Detail: "a message before the handshake was through"}
		}
		head, n, err := zmtp.ParseHeader(h.in, 0)
		var rule *zmtp.ProtocolError
		if err == nil && head.Size > h.most() || errors.As(err, &rule) && rule.Code == zmtp.OversizeFrame {
			err = &zmtp.ProtocolError{Code: zmtp.HandshakeTooLong, Detail: fmt.Sprintf("a frame of over %d bytes", h.most())}
		}
		if err != nil {
			return zmtp.Command{}, err
		}
		if n > 0 && uint64(len(h.in)-n) >= head.Size {
			end := n + int(head.Size)
			cmd, err := zmtp.ParseCommand(h.in[n:end])
			h.in = h.in[end:]
			return cmd, err
		}
		if err := h.more(); err != nil {
			return zmtp.Command{}, err
		}
	}
}

// most is how many bytes a peer may send before it is through.
func (h *handshaker) most() uint64 {
	if h.c.opt.MaxHandshakeBytes <= 0 {
		return math.MaxInt
	}
	return uint64(h.c.opt.MaxHandshakeBytes)
}

// more reads what there is.
func (h *handshaker) more() error {
	if uint64(h.total) >= h.most() {
		return &zmtp.ProtocolError{Code: zmtp.HandshakeTooLong, Detail: fmt.Sprintf("%d bytes without coming to an end", h.total)}
	}
	const step = 256 // greeting and READY of an ordinary peer are 64 and 30 to 60
	if cap(h.in)-len(h.in) < step {
		h.in = append(make([]byte, 0, 2*len(h.in)+step), h.in...)
	}
	h.c.soon()
	n, err := h.c.nc.Read(h.in[len(h.in):cap(h.in)])
	h.in = h.in[:len(h.in)+n]
	h.total += n
	if n > 0 {
		return nil
	}
	return err
}
