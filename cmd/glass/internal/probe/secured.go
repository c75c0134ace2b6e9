package probe

import (
	"errors"
	"io"
	"syscall"

	"github.com/glassmq/zmq/internal/peer"
	"github.com/glassmq/zmq/zmtp"
)

// A probe that was given keys, or a name and a password, is a client that says who it is. It has to say what it is as well,
// before the peer does: so it claims types from the start (claim.go), with the same care.

// secured reports whether the probe comes with more than nothing.
func (p *probing) secured() bool { return p.Mechanism.Name() != null.Name() }

// present begins the mechanism's handshake as a socket of type typ, and takes the peer's first answer: with CURVE the peer
// has then proved that it is who we think, with PLAIN it has taken our name and password.
func (p *probing) present(typ string) error {
	words := peer.Options{Mechanism: p.Mechanism, PlainAnywhere: p.PlainAnywhere}
	if err := words.InTheClear(p.w.nc.RemoteAddr()); err != nil {
		return err
	}
	p.with = p.Mechanism.Begin(p.as(typ))
	step, err := p.with.Next(zmtp.Command{})
	if err != nil {
		return err
	}
	p.w.sayAll(step.Send)
	cmd, err := p.w.command(p.deadline)
	if hungUp(err) && p.Mechanism.Name() == "CURVE" {
		return peer.ErrHungUpOnHello
	}
	if err != nil {
		return err
	}
	p.unsaid, err = p.with.Next(cmd)
	return err
}

// presented is what present has found out, in words.
func (p *probing) presented() string {
	if p.Mechanism.Name() == "CURVE" {
		return "CURVE, and the server has proved its key"
	}
	return p.Mechanism.Name() + ", and the server takes the user name and password"
}

// admitted goes on where present has ended, to the peer's READY.
func (p *probing) admitted() error {
	step := p.unsaid
	for !step.Done {
		p.w.sayAll(step.Send)
		cmd, err := p.w.command(p.deadline)
		if err != nil {
			return err
		}
		if step, err = p.with.Next(cmd); err != nil {
			return err
		}
	}
	p.w.sayAll(step.Send)
	p.w.codec = step.Codec
	return p.learn(step.Remote)
}

func hungUp(err error) bool { return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) }
