package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq/cmd/glass/internal/probe"
	"github.com/glassmq/zmq/cmd/glass/internal/show"
)

const probeText = `probe dials an endpoint, as a stranger or with a key or a password, and says what listens there, step by step: the addresses of the name and which of
them answers, the protocol and its version, the security mechanism, the socket type and the properties that the peer
announces, and how long a PING takes. If a step does not succeed, it says why in plain words, and what to change. If the peer is
on this host, it looks as well what the kernel knows of it (Linux): whether its process has taken the connection, reads, and has
descriptors left. What is likely and was not seen, it says to be likely.

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

` + askingText + `

Exit codes:
  0  fine: a ZeroMQ socket that lets us in, or would
  1  nothing there: the name has no address, the connection was refused, or Ctrl-C
  2  the command line is wrong, or a file of it cannot be used
  3  no answer within --timeout: to the connection, the greeting, the PING or the request of --ask
  4  something is there, and no ZeroMQ socket that we can talk to: another protocol, ZMTP 1 or 2, another security mechanism
     than ours, another server's key than --server-key, or the peer refused our key or user, or anybody
  5  a ZeroMQ socket, but not of --expect-type, or none that --type can talk to`

const probeExamples = `  glass probe tcp://db:5556
  glass probe tcp://db:5556 --expect-type ROUTER --timeout 2s   for a health check
  glass probe tcp://feed:5557 --type SUB                        can a SUB talk to it
  glass probe ipc:///run/feed.sock -o json | jq -r .peer_type
  glass probe tcp://db:5556 --server-key db.key --curve-key me.key_secret   is it the server, and does it know us
  glass probe tcp://db:5556 --routing-id gate-7 --ask ping      is this routing id taken, and does anybody answer`

// A probing is the command line of probe.
type probing struct {
	asking
	form   choice
	expect []string
}

func newProbe() *cobra.Command {
	p := probing{form: choice{show.Text, []string{show.Text, show.JSONL, "json"}}}
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
	f.StringSliceVar(&p.expect, "expect-type", nil, "be content with this socket `type` only, as in ROUTER, or one of several: PUB,XPUB")
	p.asking.flags(cmd)
	complete(cmd, "output", p.form.among)
	completeList(cmd, "expect-type", typeNames())
	return cmd
}

func (p *probing) run(cmd *cobra.Command, text string) error {
	to, o, err := p.check(text)
	if err == nil {
		p.expect, err = parseTypes("--expect-type", p.expect...)
	}
	if err != nil {
		return err
	}
	out := probeWriter{form: p.form.chosen, w: cmd.OutOrStdout()}
	o.Told = out.step
	r := probe.Run(cmd.Context(), text, to, o)
	v := r.Verdict(p.expect...)
	out.end(&r, &v)
	if out.err != nil {
		return &failure{code: exitFailure, err: out.err}
	}
	if v.Class == probe.Fine {
		return nil
	}
	return &failure{code: int(v.Class), err: errors.New(v.Why), hint: hintOf(&v)}
}

// hintOf is what to do, with what else is likely to be behind it.
func hintOf(v *probe.Verdict) string {
	hint := v.Hint
	for i, g := range v.Likely {
		word := "likely"
		if i > 0 {
			word = "or"
		}
		hint += fmt.Sprintf("\n  %s: %s", word, g.Why)
	}
	return hint
}
