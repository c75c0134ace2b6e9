package main

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/agent"
	"github.com/glassmq/zmq/cmd/glass/internal/option"
	"github.com/glassmq/zmq/cmd/glass/internal/show"
)

const proxyText = `proxy stands between two kinds of peers and passes messages on, and says what becomes of each:
  forwarder   publishers connect to the frontend, an XSUB, and subscribers to the backend, an XPUB
  queue       clients connect to the frontend, a ROUTER, and workers to the backend, a DEALER
  streamer    a PULL and a PUSH: what is pushed to the frontend goes to whoever pulls from the backend
or any other pair: --frontend-type and --backend-type.

An endpoint of --frontend, --backend, --control and --capture is bound, unless ">" stands before it: then it is connected
to, as in '>tcp://db:5556' (in quotes, for the shell's sake). "@", which binds, may be written as well. Both can be repeated.
Peers may come, go and come back on both sides; subscriptions are kept, and what cannot be passed on waits in the socket that
it came to, so that a slow side slows the other one down. Only a publisher drops messages for a subscriber that is slow.

At the end, with --for, Ctrl-C or TERMINATE, it takes no more, passes on what it has, as long as the option linger says, and
prints the account: how many messages came in, went out, were dropped and why. The balance is what nobody can account for: 0.
Meanwhile it prints events as glass watch does, and with --listen it serves its page, /metrics, /healthz and all that glass
serve answers, of its own sockets: glass top --server http://127.0.0.1:9100.

--control is for libzmq's zmq_proxy_steerable: PAUSE, RESUME, TERMINATE and STATISTICS, which is answered with eight numbers
of 64 bits. Whoever reaches it may stop the proxy.

--capture gets a copy of each message: a file gets JSON lines, which "glass cat --frames json" reads, and a PUB at an endpoint
publishes them. Neither holds the proxy up: copies for which there is no room (1000 messages, --capture-limit) are dropped
and counted.

Exit codes: 0 ok, 1 if it could not be done or did not last, 2 if the command line is wrong.

The options of one socket have its name before theirs, as in -O backend.send_hwm=10000; those without are for frontend and
backend. So have the flags of keys and passwords: --backend-curve-key; those without are for both, and as a server's, also for
control and capture.

`

const proxyExamples = `  glass proxy forwarder --frontend 'tcp://*:5559' --backend 'tcp://*:5560'
  glass proxy queue -f 'tcp://*:5559' --backend ipc:///run/workers.sock --listen 127.0.0.1:9100
  glass proxy streamer -f '>tcp://source:5557' --backend 'tcp://*:5558' -O backend.send_hwm=10000
  glass proxy forwarder -f '>tcp://feed:5556' --backend 'tcp://*:5560' --capture feed.jsonl --for 1m
  glass proxy queue -f 'tcp://*:5559' --backend 'tcp://*:5560' --control tcp://127.0.0.1:5561`

// deviceKinds are the pairs that have a name.
var deviceKinds = []struct {
	name        string
	front, back zmq.Type
}{{"forwarder", zmq.XSUB, zmq.XPUB}, {"queue", zmq.ROUTER, zmq.DEALER}, {"streamer", zmq.PULL, zmq.PUSH}}

// The sockets of a proxy, as they are called on the command line and in the names of events.
const (
	frontend = "frontend"
	backend  = "backend"
	control  = "control"
	capture  = "capture"
)

// A part is one socket of a proxy, as the command line has it.
type part struct {
	opening
	role string
	typ  string
	own  security // of this part alone
}

// place takes an endpoint with its sign.
func (p *part) place(text string) {
	if at, dials := strings.CutPrefix(text, ">"); dials {
		p.connects = append(p.connects, at)
		return
	}
	p.binds = append(p.binds, strings.TrimPrefix(text, "@"))
}

// A proxying is the command line of proxy.
type proxying struct {
	streaming
	secured                        security // of all parts that have none of their own
	front, back, control, captured part
	places                         map[string]*[]string // by role, as written
	options                        []string
	name, events                   string
	file                           string // of --capture; "": none
	room                           size
	http                           agent.Options // of --listen
	token                          string
}

func newProxy() *cobra.Command {
	p := &proxying{front: part{role: frontend}, back: part{role: backend}, control: part{role: control}, captured: part{role: capture, typ: "PUB"},
		room: 1 << 30, places: map[string]*[]string{}}
	cmd := &cobra.Command{
		Use:     "proxy forwarder|queue|streamer --frontend ENDPOINT --backend ENDPOINT",
		Short:   "Pass messages on between two sockets, and account for each",
		Long:    proxyText + secureText + optionsText(),
		Example: proxyExamples,
		Args:    cobra.MaximumNArgs(1),
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return deviceNames(), cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			proxier, err := p.plan(cmd, args)
			if err != nil {
				return err
			}
			return proxier.run(cmd.Context())
		},
	}
	p.flags(cmd)
	return cmd
}

func deviceNames() (names []string) {
	for _, k := range deviceKinds {
		names = append(names, k.name)
	}
	return names
}

// usualEvents are what an operator of a proxy wants to hear of.
const usualEvents = "failures,listening,handshake_succeeded,disconnected,gave_up,queue_full,queue_drained,dropped"

func (p *proxying) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.SortFlags = false
	place := func(role, short, about string) {
		p.places[role] = f.StringArrayP(role, short, nil, about)
	}
	place(frontend, "f", "where messages come from: an `endpoint`, with > before it if it is to be connected to; may be repeated")
	place(backend, "", "where they go: an `endpoint`, likewise; may be repeated")
	f.StringVar(&p.front.typ, "frontend-type", "", "the frontend's socket `type`")
	f.StringVar(&p.back.typ, "backend-type", "", "the backend's socket `type`")
	place(control, "", "take commands at this `endpoint`")
	f.StringVar(&p.control.typ, "control-type", "REP", "with a socket of this `type`: REP, PAIR, PULL or SUB")
	place(capture, "", "give copies to a `file|endpoint`")
	f.Var(&p.room, "capture-limit", "as much goes into the file of --capture, a `size` as in 500MiB")
	f.StringVar(&p.name, "name", "", "what it is called in events and metrics, a `word`; without it, what it does")
	f.StringVar(&p.http.Listen, "listen", "", "serve the page, /metrics and /healthz at this `address`, as in 127.0.0.1:9100")
	f.StringVar(&p.token, "token-file", "", "who asks there must say the token in this `file`, which is its owner's alone")
	f.StringVar(&p.http.TLSCert, "tls-cert", "", "serve HTTPS there, with the certificate in this PEM `file`")
	f.StringVar(&p.http.TLSKey, "tls-key", "", "the `file` with its private key")
	f.StringVar(&p.events, "event", usualEvents, "print these `kinds` of events, as glass watch has them; none for none")
	p.streaming.flags(cmd, 0)
	f.StringArrayVarP(&p.options, "option", "O", nil, "set a socket option, [frontend.|backend.|control.|capture.]`name=value`; may be repeated")
	p.secured.flags(cmd)
	for _, side := range []*part{&p.front, &p.back} {
		side.ownFlags(cmd)
	}
	complete(cmd, "option", option.Names())
	complete(cmd, "event", kindNames())
	complete(cmd, "frontend-type", typeNames())
	complete(cmd, "backend-type", typeNames())
	complete(cmd, "control-type", []string{"REP", "PAIR", "PULL", "SUB"})
}

// ownFlags declares the flags of security for one part, its name before theirs.
func (p *part) ownFlags(cmd *cobra.Command) {
	own := &cobra.Command{}
	p.own.flags(own)
	own.Flags().VisitAll(func(f *pflag.Flag) {
		named := *f
		named.Name, named.Usage = p.role+"-"+f.Name, p.role+": "+f.Usage
		cmd.Flags().AddFlag(&named)
	})
}

// plan is what the command line means: sockets to which nothing has happened yet.
func (p *proxying) plan(cmd *cobra.Command, args []string) (*proxier, error) {
	if err := p.read(args); err != nil {
		return nil, usage(err)
	}
	mask, err := parseKinds(p.events)
	if err != nil {
		return nil, usagef("--event %s: %w", p.events, err)
	}
	out, err := p.open(cmd, show.Options{Names: len(p.name) + len(".frontend")})
	if err != nil {
		return nil, err
	}
	d := &proxier{flags: p, mask: mask, out: out, stdout: cmd.OutOrStdout(), notes: cmd.ErrOrStderr(), x: zmq.NewContext(zmq.ContextConfig{})}
	if err := d.make(); err != nil {
		d.x.Shutdown(zmq.NoWait)
		return nil, err
	}
	return d, nil
}

// read sorts the command line by parts.
func (p *proxying) read(args []string) error {
	if err := p.kind(args); err != nil {
		return err
	}
	for _, s := range p.parts() {
		for _, text := range *p.places[s.role] {
			if s.role == capture && !strings.Contains(text, "://") {
				p.file = text
				continue
			}
			s.place(text)
		}
		if s.own == (security{}) {
			s.own = p.secured
		}
		s.security = s.own
	}
	switch files := *p.places[capture]; {
	case len(p.front.binds)+len(p.front.connects) == 0:
		return errors.New("say where messages come from, with --frontend ENDPOINT, as in --frontend tcp://127.0.0.1:5559")
	case len(p.back.binds)+len(p.back.connects) == 0:
		return errors.New("say where messages go, with --backend ENDPOINT, as in --backend tcp://127.0.0.1:5560")
	case len(files) > 1 && p.file != "":
		return errors.New("--capture takes one file, or endpoints")
	case p.http.Listen == "" && p.token+p.http.TLSCert+p.http.TLSKey != "":
		return errors.New("--token-file, --tls-cert and --tls-key are for what is served: say where, with --listen 127.0.0.1:9100")
	case !slices.Contains([]string{"REP", "PAIR", "PULL", "SUB"}, strings.ToUpper(p.control.typ)):
		return fmt.Errorf("--control-type %s: it can be REP, PAIR, PULL or SUB", p.control.typ)
	}
	return p.sortOptions()
}

// parts are in the order in which they are bound and connected: first where messages go.
func (p *proxying) parts() []*part { return []*part{&p.captured, &p.back, &p.front, &p.control} }

// kind finds the pair of types.
func (p *proxying) kind(args []string) error {
	named := len(args) == 1
	switch typed := p.front.typ != "" || p.back.typ != ""; {
	case named && typed:
		return fmt.Errorf("%s is a pair of types: leave out --frontend-type and --backend-type, or it", args[0])
	case !named && (p.front.typ == "" || p.back.typ == ""):
		return fmt.Errorf("say what to be: %s; or both --frontend-type and --backend-type", strings.Join(deviceNames(), ", "))
	case !named:
		p.name = cmp.Or(p.name, "proxy")
		return nil
	}
	for _, k := range deviceKinds {
		if k.name == args[0] {
			p.front.typ, p.back.typ = k.front.String(), k.back.String()
			p.name = cmp.Or(p.name, k.name)
			return nil
		}
	}
	return fmt.Errorf("%s: there are %s", args[0], strings.Join(deviceNames(), ", "))
}

// sortOptions gives each -O to the part that it is for.
func (p *proxying) sortOptions() error {
	for _, assignment := range p.options {
		role, rest, dotted := strings.Cut(assignment, ".")
		if dotted && !strings.Contains(role, "=") {
			of := slices.IndexFunc(p.parts(), func(s *part) bool { return s.role == role })
			if of < 0 {
				return fmt.Errorf("option %q: the sockets are frontend, backend, control and capture", assignment)
			}
			p.parts()[of].opening.options = append(p.parts()[of].opening.options, rest)
			continue
		}
		p.front.opening.options = append(p.front.opening.options, assignment)
		p.back.opening.options = append(p.back.opening.options, assignment)
	}
	return nil
}
