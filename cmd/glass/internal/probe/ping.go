package probe

import (
	"context"
	"fmt"
	"time"

	"github.com/glassmq/zmq/zmtp"
)

// ping measures the round trip of a PING, which only a peer may send.
func (p *probing) ping(ctx context.Context) (detail string, err error) {
	if why := p.notToPing(); why != "" {
		return "none: " + why, nil
	}
	mate := p.mate()
	if p.said != "" && p.said != mate { // it has refused what we said, and the connection is over
		if err := p.again(ctx); err != nil {
			return "", err
		}
	}
	if p.said != mate {
		if err := p.claimFor(mate); err != nil {
			return "", err
		}
	}
	began := time.Now()
	p.w.sayTraffic(zmtp.AppendPing(nil, zmtp.Ping{Context: []byte(p.nonce[:16])}))
	if err := p.pong(); err != nil {
		return "", err
	}
	p.report.RTT = time.Since(began)
	return "answered, to a " + mate, nil
}

// claimFor says that we are a mate, to a peer whose type is known.
func (p *probing) claimFor(mate string) error {
	if p.secured() {
		return p.become(mate)
	}
	p.claim(mate) // to READY, which it has said or will say, pong pays no attention
	return nil
}

// notToPing says why there is no PING, "" if there may be one.
func (p *probing) notToPing() string {
	r := &p.report
	switch {
	case p.NoPing:
		return "not asked for"
	case r.Major == 3 && r.Minor == 0:
		return "it came with ZMTP 3.1, and the peer speaks 3.0"
	case p.mate() == "":
		return fmt.Sprintf("a %s could give us messages that are meant for another peer, so we did not become one", r.TypeText())
	}
	return ""
}

// pong waits for the answer to our PING amid all that the peer says to a fresh peer: READY, subscriptions, a welcome, a
// PING of its own.
func (p *probing) pong() error {
	for {
		cmd, err := p.w.commandAmid()
		if err != nil {
			return err
		}
		switch cmd.Name {
		case zmtp.PONG:
			// An empty context is libzmq's before 4.3.3. There is one PING under way, so it is the answer.
			return nil
		case zmtp.ERROR:
			reason, err := zmtp.ParseError(cmd.Data)
			if err == nil {
				err = &zmtp.PeerError{Reason: reason}
			}
			return err
		}
	}
}
