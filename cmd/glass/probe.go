package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/probe"
	"github.com/glassmq/zmq/cmd/glass/internal/show"
	"github.com/glassmq/zmq/internal/endpoint"
	"github.com/glassmq/zmq/monitor"
)

const probeText = `probe dials an endpoint, as a stranger or with a key or a password, and says what listens there, step by step: the addresses of the name and which of
them answers, the protocol and its version, the security mechanism, the socket type and the properties that the peer
announces, and how long a PING takes. If a step does not succeed, it says why in plain words, and what to change.

No application gets or loses a message by it. The probe hears the peer before it says what it is itself, which most peers
allow, and becomes a peer for the moment of a PING only where nobody can take it for somebody else: to a REP, ROUTER,
PULL, PUB, XPUB, SUB or XSUB. A PUSH, DEALER, REQ or PAIR could give it a message that is meant for another, and gets no
PING. What can be seen of a probe: a connection in the peer's monitor (with the property X-Glass-Probe if it came to
READY), and whatever the peer's application asked to be told of peers that come and go, such as the empty message of
ROUTER_NOTIFY; --no-ping spares it that. To a peer that is silent the probe speaks first, so a STREAM socket gives its
application 64 bytes.

With a key or a password a probe has to say what it is before it hears the peer, so it becomes a peer for a moment also with
--no-ping, of the types above and no other. Keys and passwords come from files that only their owner may read (mode 0600).
PLAIN's password is not sent beyond this machine without --plain-anywhere.

Exit codes:
  0  fine: a ZeroMQ socket that lets us in, or would
  1  nothing there: the name has no address, the connection was refused, or Ctrl-C
  2  the command line is wrong, or a file of it cannot be used
  3  no answer within --timeout: to the connection, the greeting or the PING
  4  something is there, and no ZeroMQ socket that we can talk to: another protocol, ZMTP 1 or 2, another security mechanism
     than ours, another server's key than --server-key, or the peer refused our key or user, or anybody
  5  a ZeroMQ socket, but not of --expect-type`

const probeExamples = `  glass probe tcp://db:5556
  glass probe tcp://db:5556 --expect-type ROUTER --timeout 2s   for a health check
  glass probe ipc:///run/feed.sock -o json | jq -r .peer_type
  glass probe tcp://db:5556 --server-key db.key --curve-key me.key_secret   is it the server, and does it know us`

// Exit codes of probe alone.
const (
	exitRefused = 4 // something is there that does not let us in
	exitType    = 5 // --expect-type was another
)

// A probing is the command line of probe.
type probing struct {
	security
	form    choice
	timeout time.Duration
	expect  []string
	noPing  bool
}

func newProbe() *cobra.Command {
	p := probing{security: security{clientOnly: true}, form: choice{show.Text, []string{show.Text, show.JSONL, "json"}}}
	cmd := &cobra.Command{
		Use:     "probe ENDPOINT",
		Short:   "Say what listens at an endpoint, and disturb nobody there",
		Long:    probeText,
		Example: probeExamples,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usagef("probe takes one endpoint, as in: glass probe tcp://127.0.0.1:5555")
			}
			return nil
		},
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return p.run(cmd, args[0])
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.VarP(&p.form, "output", "o", "`form`: text; jsonl, an object for each step and one for the verdict; or json, one object with all")
	f.DurationVar(&p.timeout, "timeout", 5*time.Second, "the `time` for all of it")
	f.StringSliceVar(&p.expect, "expect-type", nil, "be content with this socket `type` only, as in ROUTER, or one of several: PUB,XPUB")
	f.BoolVar(&p.noPing, "no-ping", false, "never become a peer: no PING")
	p.clientFlags(cmd)
	complete(cmd, "output", p.form.among)
	complete(cmd, "expect-type", typeNames())
	return cmd
}

func typeNames() (names []string) {
	for t := zmq.PAIR; t <= zmq.CHANNEL; t++ {
		names = append(names, t.String())
	}
	return names
}

func (p *probing) run(cmd *cobra.Command, text string) error {
	to, err := p.check(text)
	if err != nil {
		return err
	}
	who, err := p.mechanism()
	if err != nil {
		return usage(err)
	}
	out := probeWriter{form: p.form.chosen, w: cmd.OutOrStdout()}
	r := probe.Run(cmd.Context(), text, to, probe.Options{Timeout: p.timeout, NoPing: p.noPing, Told: out.step,
		Mechanism: who, PlainAnywhere: p.anywhere})
	verdict := p.judge(&r)
	out.end(&r, verdict)
	if out.err != nil {
		return &failure{code: exitFailure, err: out.err}
	}
	if verdict.code == exitOK {
		return nil
	}
	return verdict
}

// check reads the command line.
func (p *probing) check(text string) (to endpoint.Endpoint, err error) {
	if p.timeout <= 0 {
		return to, usagef("--timeout %v: write a time, as in 2s", p.timeout)
	}
	for i, typ := range p.expect {
		t, err := zmq.ParseType(typ)
		if err != nil {
			return to, usagef("--expect-type: %w", err)
		}
		p.expect[i] = t.String()
	}
	to, err = endpoint.ParseConnect(text)
	if err == nil && to.Scheme == endpoint.Inproc {
		err = fmt.Errorf("%s: inproc is inside one program, and no other can reach it: ask the program itself, whose sockets have State and Watch", text)
	}
	if err != nil {
		return to, usage(err)
	}
	return to, nil
}

// judge turns a report into the way the command ends.
func (p *probing) judge(r *probe.Report) *failure {
	e := r.Failure
	switch {
	case r.Interrupted:
		return &failure{code: exitFailure, err: fmt.Errorf("%s: interrupted", r.Endpoint)}
	case e == nil && len(p.expect) > 0 && !slices.Contains(p.expect, r.Type):
		return &failure{code: exitType, err: fmt.Errorf("%s is a %s, not a %s", r.Endpoint, r.TypeText(), strings.Join(p.expect, " or ")),
			hint: "two ports are probably swapped: check which socket is meant to be at this endpoint"}
	case e == nil:
		return &failure{code: exitOK, err: fmt.Errorf("libzmq or compatible, ZMTP %s, %s, %s", r.Version(), r.Mechanism, r.TypeText())}
	}
	verdict := &failure{code: exitRefused, err: errors.New(e.Why()), hint: cmp.Or(p.hint(r), e.Hint())}
	switch {
	case e.Who == monitor.ByTimer:
		verdict.code = exitTimeout
	case e.Kind == monitor.ConnectFailed:
		verdict.code = exitFailure
	}
	return verdict
}

// hint is what to do about a failure where a probe's flags are the answer, "" where the event's own words are better.
func (p *probing) hint(r *probe.Report) string {
	e := r.Failure
	switch {
	case e.Reason == monitor.ReasonMechanismMismatch && r.Mechanism == "CURVE":
		return "a CURVE server wants to know who we are, and we who it is: give its public key with --server-key and, if not everybody may come in, our own with --curve-key"
	case e.Reason == monitor.ReasonMechanismMismatch && r.Mechanism == "PLAIN":
		return "a PLAIN server wants a user name and a password: write user:password into a file of mode 0600, and give it with --plain-file"
	case e.Reason == monitor.ReasonMechanismMismatch && r.Mechanism == "NULL":
		return "the server asks for no keys and no password, and encrypts nothing: probe it without, and look whether it should be so"
	case e.Reason == monitor.ReasonAuthDenied && r.Mechanism == "CURVE" && p.key == "":
		return "the server does not let everybody in, and this probe's key was made for this run: give one that the server's authenticator knows, with --curve-key"
	case e.Reason == monitor.ReasonClearText:
		return "use CURVE; or, where nobody else is on the network, --plain-anywhere"
	case e.Reason == monitor.ReasonEOFInHandshake && e.Phase == monitor.InMetadata && r.Mechanism != "NULL":
		return "if a PUSH, DEALER, REQ or PAIR is meant to be there, nothing is wrong: it turns away all that a probe says it is; otherwise its authenticator may have asked for patience, and its own events say so"
	}
	return ""
}
