package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/auth"
	"github.com/glassmq/zmq/cmd/glass/internal/agent"
	"github.com/glassmq/zmq/cmd/glass/internal/credential"
	"github.com/glassmq/zmq/cmd/glass/internal/ingest"
	"github.com/glassmq/zmq/zmtp/curve"
)

// An intake is where programs send events to, and which programs may.
type intake struct {
	endpoint     string
	key, clients string // of CURVE: our certificate, and the folder of those whom we let in
	anyClient    bool
}

func (i *intake) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&i.endpoint, "ingest", "tcp://127.0.0.1:5580", "the `endpoint` to which programs send events")
	f.StringVar(&i.key, "ingest-curve-key", "", "who sends events encrypts them for this secret certificate's `file` (glass keygen); beyond this host they must")
	f.StringVar(&i.clients, "curve-clients", "", "with --ingest-curve-key: who has a certificate in this `folder` may send events")
	f.BoolVar(&i.anyClient, "any-client", false, "with --ingest-curve-key: who has its public key may send events")
	if err := cmd.MarkFlagDirname("curve-clients"); err != nil {
		panic(err) // the flag was declared three lines before
	}
}

// options reads the keys.
func (i *intake) options() (o ingest.Options, err error) {
	if err := i.conflict(); err != nil || i.key == "" {
		return o, err
	}
	own, err := credential.KeyPair(i.key)
	if err != nil {
		return o, usagef("--ingest-curve-key: %w", err)
	}
	guard, err := auth.New(auth.Rules{KeyFolder: i.clients, AnyKey: i.anyClient})
	if err != nil {
		return o, usagef("--curve-clients: %w", err) // to let in everybody is no error
	}
	return ingest.Options{Mechanism: curve.Server(own), Authenticate: guard.Authenticate}, nil
}

// conflict says what cannot be meant, nil if all can.
func (i *intake) conflict() error {
	who := given(use{"--curve-clients", i.clients != ""}, use{"--any-client", i.anyClient})
	switch {
	case i.key == "" && len(who) > 0:
		return usagef("%s is about who may send events, with CURVE: give the agent its own key with --ingest-curve-key", who[0])
	case i.key != "" && len(who) == 0:
		return usagef("--ingest-curve-key alone lets nobody in: say who may send events, with --curve-clients FOLDER or --any-client")
	case len(who) > 1:
		return usagef("--curve-clients and --any-client are two answers to who may come in: give one of them")
	case i.key == "" && i.isOpen():
		return &failure{code: exitUsage,
			err:  fmt.Errorf("--ingest: %s can be reached from other machines, and whoever reaches it could send events", i.endpoint),
			hint: "bind to 127.0.0.1, or give --ingest-curve-key and --curve-clients (glass keygen makes keys), or bring events here in a tunnel"}
	}
	return nil
}

// isOpen reports whether others than this host reach the endpoint. What cannot be read Bind will refuse.
func (i *intake) isOpen() bool {
	address, tcp := strings.CutPrefix(strings.ToLower(i.endpoint), "tcp://")
	local, err := agent.IsLocal(address)
	return tcp && err == nil && !local
}

// exposure is a warning about the endpoint that was bound, "" if there is nothing to warn of.
func (i *intake) exposure(bound string, o ingest.Options) string {
	return exposure(bound, zmq.Config{Mechanism: o.Mechanism, Authenticate: o.Authenticate}, i.anyClient)
}
