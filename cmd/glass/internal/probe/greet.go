package probe

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"time"

	"github.com/glassmq/zmq/internal/transport"
	"github.com/glassmq/zmq/zmtp"
)

// null is how a stranger comes, with neither keys nor a name.
var null = zmtp.Null()

// greeting exchanges greetings, in this order:
//
//  1. We listen. A ZeroMQ socket speaks as soon as it is connected to; to whom speaks another protocol we need not say a
//     word, and a STREAM socket would give our greeting to its application.
//  2. Our version, if the peer has begun, or is silent and may be waiting for us (RFC 37 lets either side begin).
//  3. Its whole greeting, while patience lasts: libzmq hangs up on a greeting with another mechanism than its own before
//     it has said which that is.
//  4. The rest of ours, if it speaks our mechanism, or still waits.
//  5. If it hung up without a byte, as TLS servers do that hear no TLS: TLS, on a connection of its own.
func (p *probing) greeting(ctx context.Context) (detail string, err error) {
	const version = 12 // bytes, with the signature before it
	ours := zmtp.AppendGreeting(nil, zmtp.Greeting{Major: 3, Minor: 1, Mechanism: p.Mechanism.Name(), AsServer: p.Mechanism.AsServer()})
	detail = "ZMTP "
	switch err := p.listen(); {
	case timedOut(err) && time.Now().Before(p.deadline):
		detail = "it waited for us to speak first: ZMTP "
	case err != nil:
		return "", err
	}
	p.w.say(ours[:version])
	g, err := p.greeted(p.patience())
	waits := timedOut(err) && time.Now().Before(p.deadline)
	if err == nil && g.Mechanism == p.Mechanism.Name() || waits {
		p.w.say(ours[version:])
	}
	if waits {
		g, err = p.greetedOrPoked()
	}
	if hungUp(err) && len(p.w.in) == 0 && p.isTLS(ctx) {
		err = &zmtp.ProtocolError{Code: zmtp.NotZMTP, Detail: "TLS, which it answered when we spoke it"}
	}
	if err != nil {
		return "", err
	}
	p.report.Major, p.report.Minor, p.report.Mechanism, p.report.AsServer = g.Major, g.Minor, g.Mechanism, g.AsServer
	return detail + p.report.Version(), nil
}

// listen waits for the first byte of a greeting, while patience lasts.
func (p *probing) listen() error {
	const signature = 0xFF // the first byte of every greeting since ZMTP 2.0
	for patience := p.patience(); len(p.w.in) == 0 || p.w.in[0] != signature; {
		if err := p.w.hear(patience); err != nil {
			return err
		}
		if _, _, err := zmtp.ParseGreeting(p.w.in); err != nil {
			return err
		}
	}
	return nil
}

// greeted waits for the peer's whole greeting, until limit.
func (p *probing) greeted(limit time.Time) (zmtp.Greeting, error) {
	for {
		g, n, err := zmtp.ParseGreeting(p.w.in)
		if err != nil {
			return g, err
		}
		if n > 0 {
			p.w.in = p.w.in[n:]
			return g, nil
		}
		if err := p.w.hear(limit); err != nil {
			return g, err
		}
	}
}

// greetedOrPoked is greeted for as long as there is time. If half of it is over and not a byte has come, we end our half of
// the connection: servers that wait for the end of a line take this for one, and say what they are in complaining.
func (p *probing) greetedOrPoked() (zmtp.Greeting, error) {
	g, err := p.greeted(time.Now().Add(time.Until(p.deadline) / 2))
	if !timedOut(err) {
		return g, err
	}
	half, can := p.w.nc.(interface{ CloseWrite() error })
	poked := can && len(p.w.in) == 0 && half.CloseWrite() == nil
	g, err = p.greeted(p.deadline)
	if poked && errors.Is(err, io.EOF) && len(p.w.in) == 0 {
		p.report.Poked = true
		err = os.ErrDeadlineExceeded // it hung up because we did; by itself it was silent
	}
	return g, err
}

// isTLS speaks TLS to who hung up on our greeting. Any record in answer, a refusal too, is TLS.
func (p *probing) isTLS(ctx context.Context) bool {
	nc, err := transport.Dial(ctx, p.at[0], transport.Options{}, nil)
	if err != nil {
		return false
	}
	defer nc.Close()
	p.report.Connections++
	nc.SetDeadline(time.Now().Add(time.Until(p.deadline) / 2))              // an answer of another kind must not take all the time
	err = tls.Client(nc, &tls.Config{InsecureSkipVerify: true}).Handshake() // nothing is said over it, and who it is does not matter
	alert, foreign := (*net.OpError)(nil), tls.RecordHeaderError{}
	return err == nil || errors.As(err, &alert) && alert.Op == "remote error" && !errors.As(err, &foreign)
}

// mechanism looks whether we can hear more, as who we are.
func (p *probing) mechanism(context.Context) (detail string, err error) {
	theirs := p.report.Mechanism
	if ours := p.Mechanism.Name(); theirs != ours {
		return "", &zmtp.ProtocolError{Code: zmtp.MechanismMismatch,
			Detail: fmt.Sprintf("the peer speaks %s, this probe %s", theirs, ours)}
	}
	if p.Mechanism.AsServer() {
		return p.waitForClient()
	}
	if !p.secured() {
		return theirs, nil
	}
	if err := p.present(p.claims()[0]); err != nil {
		return theirs, err
	}
	return p.presented(), nil
}

// waitForClient waits for a client's HELLO, which comes as soon as both greetings have been exchanged (RFC 24, RFC 26: the client
// begins). Who has let more time than that go by waits for one as well: libzmq's server does not set the bit of its greeting.
func (p *probing) waitForClient() (detail string, err error) {
	p.over = true // what it would say next is for a server, a password among it
	cmd, err := p.w.command(time.Now().Add(min(time.Second+3*p.dialled, time.Until(p.deadline)/2)))
	switch {
	case timedOut(err) && p.report.AsServer:
		return "", &zmtp.ProtocolError{Code: zmtp.BothServers, Detail: "its greeting says that it is one, and each waits for the other's HELLO"}
	case timedOut(err) && time.Now().Before(p.deadline):
		return "", &zmtp.ProtocolError{Code: zmtp.BothServers, Detail: "it has greeted and waits, and a client would have begun"}
	case err != nil:
		return "", err
	case cmd.Name != zmtp.HELLO:
		return "", &zmtp.ProtocolError{Code: zmtp.UnexpectedCommand, Detail: "no HELLO, with which a client begins"}
	}
	p.report.Client = true
	return p.report.Mechanism + ", and the peer is its client", nil
}
