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
//
// Further questions are asked of it on request only, as they can be felt: name.go, whether a routing id is taken; ask.go, whether
// the application answers; and with the type PAIR in Options, whether it has its peer.
//
//  5. report.go: what came of it, in the words that package monitor has for it
//  6. verdict.go: what that means; host.go: with what this host's kernel knows, if the peer is on it
package probe

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/glassmq/zmq/internal/endpoint"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// Options of a probe.
type Options struct {
	Timeout time.Duration // of all of it; above 0
	NoPing  bool          // say nothing of ourselves to a peer that does not wait for it
	Host    bool          // ask this host's kernel about the peer also if nothing is wrong
	Told    func(Step)    // hears of each step when it is over; nil: nobody does

	Mechanism     zmtp.Mechanism // a client's; nil: NULL, as a stranger
	PlainAnywhere bool           // say the password of PLAIN also beyond this machine
	Passing       bool           // the key of CURVE was made for this probe: nobody knows it

	Type      string // of the socket for which we ask; a PAIR becomes one, a message for which may then come to us
	RoutingID string // ask whether it is taken: if it is not, what is sent to it may come to us
	Ask       string // a request for the application behind a REP or ROUTER
}

// A Step is one thing that was asked.
type Step struct {
	Name   string        // resolve, connect, greeting, mechanism, metadata, routing-id, ping, ask
	Took   time.Duration // 0: nothing that took time
	Detail string        // what came of it, in words
	Err    error         // why it did not succeed, without the address; nothing is asked after it
}

// The names of steps that are not those of phases.
const (
	stepName = "routing-id"
	stepPing = "ping"
	stepAsk  = "ask"
)

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
	named   bool                // we claimed RoutingID on it
	over    bool                // there is nothing more to ask
	with    zmtp.Handshake      // secured: the connection's
	unsaid  zmtp.Step           // secured: our answer to the peer's first, which says our type
	report  Report
}

// Run probes what listens at to, which is of transport TCP or IPC and whose text the user wrote. It returns within
// o.Timeout, or soon after ctx has ended.
func Run(ctx context.Context, text string, to endpoint.Endpoint, o Options) Report {
	p := &probing{Options: o, to: to, deadline: time.Now().Add(o.Timeout), nonce: rand.Text(), report: Report{Endpoint: text, asked: o}}
	if p.Mechanism == nil {
		p.Mechanism = null
	}
	limited, cancel := context.WithDeadline(ctx, p.deadline)
	defer cancel()
	defer p.hangUp()
	for _, ask := range p.questions() {
		began := time.Now()
		detail, err := ask.step(limited)
		p.tell(ask.name, time.Since(began), detail, err)
		if err != nil {
			p.report.Interrupted = errors.Is(ctx.Err(), context.Canceled)
			p.fail(ask.phase, err)
		}
		if err != nil || p.over {
			break
		}
	}
	p.report.PairUnsure = p.Type == "PAIR" && p.report.Type == "PAIR" && !p.looksFirst()
	p.look()
	return p.report
}

// A question is a step to be done. It says what came of it, or nothing if there was nothing to ask.
type question struct {
	name  string
	phase monitor.Phase
	step  func(context.Context) (detail string, err error)
}

func (p *probing) questions() []question {
	return []question{
		{string(monitor.InResolve), monitor.InResolve, p.resolve},
		{string(monitor.InConnect), monitor.InConnect, p.connect},
		{string(monitor.InGreeting), monitor.InGreeting, p.greeting},
		{string(monitor.InMechanism), monitor.InMechanism, p.mechanism},
		{string(monitor.InMetadata), monitor.InMetadata, p.metadata},
		{stepName, monitor.InMetadata, p.name},
		{stepPing, monitor.InTraffic, p.ping},
		{stepAsk, monitor.InTraffic, p.ask},
	}
}

func (p *probing) tell(name string, took time.Duration, detail string, err error) {
	if detail == "" && err == nil {
		return // there was nothing to ask
	}
	s := Step{Name: name, Took: took, Detail: detail}
	switch {
	case name == string(monitor.InMechanism) && p.with == nil && !p.over: // the greeting had told it
		s.Took = 0
	case name == stepPing && err == nil:
		s.Took = p.report.RTT
	case name == stepName && strings.HasPrefix(detail, "none: "):
		s.Took = 0
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
