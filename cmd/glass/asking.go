package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/probe"
	"github.com/glassmq/zmq/internal/endpoint"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// askingText is for the help of the commands that probe.
const askingText = `More can be asked for, some of which the other side feels:
  --type TYPE        can a socket of this type talk to it. With PAIR, it becomes the PAIR's peer for a moment, to see whether it
                     has one: if it has none, a message that waits comes here and is lost
  --routing-id ID    would a ROUTER let in a peer of this id, or has another peer it. If it is free, or the ROUTER hands ids over
                     (ROUTER_HANDOVER), what is sent to it at this moment comes here and is lost
  --ask TEXT         sends a request, which the application gets, to a REP or ROUTER, and waits for any answer
  --as-server NAME   our socket is the server of PLAIN or CURVE: is the other side its client, or a server, too`

// An asking is what the commands have in common that probe.
type asking struct {
	security
	timeout                  time.Duration
	noPing                   bool
	typ, routingID, question string
	asServer                 choice
}

func (a *asking) flags(cmd *cobra.Command) {
	a.clientOnly = true
	a.asServer = choice{"", []string{"PLAIN", "CURVE"}}
	f := cmd.Flags()
	f.DurationVar(&a.timeout, "timeout", 5*time.Second, "the `time` for all of it")
	f.StringVar(&a.typ, "type", "", "the `type` of our socket: can it talk to the one that is there")
	f.StringVar(&a.routingID, "routing-id", "", "ask a ROUTER whether a peer of this `id` may come in")
	f.StringVar(&a.question, "ask", "", "send this `text` to a REP or ROUTER, whose application gets it, and wait for an answer")
	f.BoolVar(&a.noPing, "no-ping", false, "never become a peer: no PING")
	a.clientFlags(cmd)
	f.Var(&a.asServer, "as-server", "our socket is the server of this `mechanism`, PLAIN or CURVE: is the other side its client")
	complete(cmd, "type", typeNames())
	complete(cmd, "as-server", a.asServer.among)
}

// check reads the command line for one endpoint.
func (a *asking) check(text string) (to endpoint.Endpoint, o probe.Options, err error) {
	o = probe.Options{Timeout: a.timeout, NoPing: a.noPing, PlainAnywhere: a.anywhere, Passing: a.key == "", RoutingID: a.routingID, Ask: a.question}
	switch {
	case a.timeout <= 0:
		return to, o, usagef("--timeout %v: write a time, as in 2s", a.timeout)
	case len(a.routingID) > 255 || strings.HasPrefix(a.routingID, "\x00"):
		return to, o, usagef("--routing-id: 1 to 255 bytes that do not begin with a zero byte")
	}
	if a.typ != "" {
		types, err := parseTypes("--type", a.typ)
		if err != nil {
			return to, o, err
		}
		o.Type = types[0]
	}
	if o.Mechanism, err = a.mechanism(); err != nil {
		return to, o, usage(err)
	}
	to, err = endpoint.ParseConnect(text)
	if err == nil && to.Scheme == endpoint.Inproc {
		err = fmt.Errorf("%s: inproc is inside one program, and no other can reach it: ask the program itself, whose sockets have State and Watch", text)
	}
	if err != nil {
		return to, o, usage(err)
	}
	return to, o, nil
}

// mechanism is who we come as; nil is NULL.
func (a *asking) mechanism() (zmtp.Mechanism, error) {
	if a.asServer.chosen == "" {
		return a.security.mechanism()
	}
	if a.key+a.server+a.plain != "" || a.typ+a.routingID+a.question != "" {
		return nil, fmt.Errorf("--as-server waits for a client, and asks for nothing more: give it without keys, passwords, --type, --routing-id and --ask")
	}
	if a.asServer.chosen == "PLAIN" {
		return zmtp.PlainServer(), nil
	}
	return curve.Server(curve.NewKeyPair()), nil // no client gets so far that its key would matter
}

// parseTypes reads socket types that a flag was given.
func parseTypes(flag string, words ...string) (names []string, err error) {
	for _, word := range words {
		t, err := zmq.ParseType(word)
		if err != nil {
			return nil, usagef("%s: %w", flag, err)
		}
		names = append(names, t.String())
	}
	return names, nil
}

func typeNames() (names []string) {
	for t := zmq.PAIR; t <= zmq.CHANNEL; t++ {
		names = append(names, t.String())
	}
	return names
}
