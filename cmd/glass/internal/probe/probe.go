// Package probe finds out what listens at an endpoint: it dials, greets, and reads what the peer says of itself, over
// package zmtp alone and without a socket, so that it sees every step. It takes care that no application gets a message,
// or loses one, by being probed; claim.go says how.
//
// A probe asks, in this order, and in this order of files:
//
//  1. reach.go: which addresses the name has, and which of them answers
//  2. greet.go: whose protocol it is, in which version, with which mechanism; secured.go: whether keys or a password are taken
//  3. claim.go: the peer's type and properties, if it can be had without a word about ourselves
//  4. ping.go: the round trip of a PING, where to be a peer for a moment harms nobody
//  5. report.go: what came of it, in the words that package monitor has for it
package probe

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"time"

	"github.com/glassmq/zmq/internal/endpoint"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// Options of a probe.
type Options struct {
	Timeout time.Duration // of all of it; above 0
	NoPing  bool          // say nothing of ourselves to a peer that does not wait for it
	Told    func(Step)    // hears of each step when it is over; nil: nobody does

	Mechanism     zmtp.Mechanism // a client's; nil: NULL, as a stranger
	PlainAnywhere bool           // say the password of PLAIN also beyond this machine
}

// A Step is one thing that was asked.
type Step struct {
	Name   string        // resolve, connect, greeting, mechanism, metadata, ping
	Took   time.Duration // 0: nothing that took time
	Detail string        // what came of it, in words
	Err    error         // why it did not succeed, without the address; nothing is asked after it
}

// A probing is one probe under way.
type probing struct {
	Options
	to       endpoint.Endpoint
	deadline time.Time
	nonce    string // the value of a property of ours, which comes back from an echo only

	at      []endpoint.Endpoint // the addresses; once one has answered, that one
	dialled time.Duration       // how long its answer took
	w       *wire               // the connection, nil before there is one
	said    string              // the type that we claimed on it; "": none yet
	with    zmtp.Handshake      // secured: the connection's
	unsaid  zmtp.Step           // secured: our answer to the peer's first, which says our type
	report  Report
}

// Run probes what listens at to, which is of transport TCP or IPC and whose text the user wrote. It returns within
// o.Timeout, or soon after ctx has ended.
func Run(ctx context.Context, text string, to endpoint.Endpoint, o Options) Report {
	p := &probing{Options: o, to: to, deadline: time.Now().Add(o.Timeout), nonce: rand.Text(), report: Report{Endpoint: text}}
	if p.Mechanism == nil {
		p.Mechanism = null
	}
	limited, cancel := context.WithDeadline(ctx, p.deadline)
	defer cancel()
	defer p.hangUp()
	for _, ask := range []struct {
		phase monitor.Phase
		step  func(context.Context) (detail string, err error)
	}{
		{monitor.InResolve, p.resolve},
		{monitor.InConnect, p.connect},
		{monitor.InGreeting, p.greeting},
		{monitor.InMechanism, p.mechanism},
		{monitor.InMetadata, p.metadata},
		{monitor.InTraffic, p.ping},
	} {
		began := time.Now()
		detail, err := ask.step(limited)
		p.tell(ask.phase, time.Since(began), detail, err)
		if err != nil {
			p.report.Interrupted = errors.Is(ctx.Err(), context.Canceled)
			p.fail(ask.phase, err)
			break
		}
	}
	return p.report
}

func (p *probing) tell(at monitor.Phase, took time.Duration, detail string, err error) {
	if detail == "" && err == nil {
		return // there was nothing to ask
	}
	s := Step{Name: string(at), Took: took, Detail: detail}
	switch {
	case at == monitor.InMechanism && p.with == nil: // the greeting had told it
		s.Took = 0
	case at == monitor.InTraffic:
		s.Name = "ping"
		if err == nil {
			s.Took = p.report.RTT
		}
	}
	if err != nil {
		s.Err = bare(err)
	}
	p.report.Steps = append(p.report.Steps, s)
	if p.Told != nil {
		p.Told(s)
	}
}

// patience is how long a peer may be silent before we take it that it waits for us: three round trips, or a quarter of a
// second, whatever is longer; but never so long that no time would be left to do something about it.
func (p *probing) patience() time.Time {
	const shortest = 250 * time.Millisecond
	d := min(max(shortest, 3*p.dialled), time.Until(p.deadline)/4)
	return time.Now().Add(d)
}

func timedOut(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }

func (p *probing) hangUp() {
	if p.w != nil {
		p.w.close()
	}
}
