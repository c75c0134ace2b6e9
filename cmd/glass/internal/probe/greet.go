package probe

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

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
func (p *probing) greeting(context.Context) (detail string, err error) {
	const version = 12 // bytes, with the signature before it
	ours := zmtp.AppendGreeting(nil, zmtp.Greeting{Major: 3, Minor: 1, Mechanism: p.Mechanism.Name()})
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
		err = os.ErrDeadlineExceeded // it hung up because we did; by itself it was silent
	}
	return g, err
}

// mechanism looks whether we can hear more, as who we are.
func (p *probing) mechanism(context.Context) (detail string, err error) {
	theirs := p.report.Mechanism
	if ours := p.Mechanism.Name(); theirs != ours {
		return "", &zmtp.ProtocolError{Code: zmtp.MechanismMismatch,
			Detail: fmt.Sprintf("the peer speaks %s, this probe %s", theirs, ours)}
	}
	if !p.secured() {
		return theirs, nil
	}
	if err := p.present(claims[0]); err != nil {
		return theirs, err
	}
	return p.presented(), nil
}
