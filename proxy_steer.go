package zmq

import (
	"encoding/binary"
	"slices"

	"github.com/glassmq/zmq/internal/socket"
)

// checkControl finds a control socket that cannot be one.
func (p *Proxy) checkControl() error {
	if p.Control == nil || slices.Contains([]Type{REP, PAIR, SUB, PULL}, p.Control.Type()) {
		return nil
	}
	return socket.Because(ErrInvalid, "zmq: Proxy: Control is a %v: it can be a REP, PAIR, SUB or PULL", p.Control.Type())
}

// obey does what the next command says, if there is one, and answers it (zmq_proxy_steerable(3)).
func (p *Proxy) obey() (terminate bool, err error) {
	m, err := p.Control.(Receiver).Recv(NoWait)
	switch {
	case err == ErrWouldBlock: // somebody else has received it
		return false, nil
	case err != nil:
		return false, ended("Control", p.Control, err)
	}
	answer := [][]byte{{}}
	command := ""
	if m.Len() == 1 {
		command = string(m.Frame(0))
	}
	switch command {
	case "PAUSE":
		p.Pause()
	case "RESUME":
		p.Resume()
	case "TERMINATE":
		terminate = true
	case "STATISTICS":
		answer = p.statistics()
	default:
		answer[0] = []byte("no such command: PAUSE, RESUME, TERMINATE or STATISTICS, as one frame")
	}
	if typ := p.Control.Type(); typ == REP || typ == PAIR && command == "STATISTICS" {
		p.Control.(Sender).Send(NoWait, answer...) // a PAIR whose peer does not read its answers loses them: they are not worth a proxy that stands still
	}
	return terminate, nil
}

// statistics are the eight numbers in the manual page's order.
func (p *Proxy) statistics() (frames [][]byte) {
	front, back := p.Stats()
	for _, n := range []uint64{front.MessagesIn, front.BytesIn, front.MessagesOut, front.BytesOut, back.MessagesIn, back.BytesIn, back.MessagesOut, back.BytesOut} {
		frames = append(frames, binary.NativeEndian.AppendUint64(nil, n))
	}
	return frames
}
