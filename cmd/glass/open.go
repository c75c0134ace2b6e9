package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/option"
)

const optionText = `Options for -O NAME=VALUE. A bare number is milliseconds for a TIME (seconds for keep_alive); 0 is none, or for a COUNT
no limit, as in libzmq. Words: off, forever, unlimited, default.

`

// optionsText is what a command's help says of -O.
func optionsText() string { return optionText + strings.TrimSuffix(option.Help(), "\n") }

// An opening is what the commands have in common that open a socket: its options, its keys, and where.
type opening struct {
	security
	binds, connects, options []string
}

func (o *opening) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringArrayVarP(&o.binds, "bind", "b", nil, "bind to this `endpoint`; may be repeated")
	f.StringArrayVarP(&o.connects, "connect", "c", nil, "connect to this `endpoint`; may be repeated")
	f.StringArrayVarP(&o.options, "option", "O", nil, "set a socket option, `name=value`; may be repeated; the names are above")
	o.security.flags(cmd)
	completeAssignment(cmd, "option", option.Names())
}

// oneType is the rule for the arguments of such a command.
func oneType(cmd *cobra.Command, args []string) error {
	if len(args) != 1 {
		return usagef("%s takes one socket type, and where to open it: %s PULL -b tcp://127.0.0.1:5555", cmd.Name(), cmd.CommandPath())
	}
	return nil
}

// socket makes a socket of a type, to which nothing happens before reach. usual are the options before -O has changed them.
func (o *opening) socket(typ string, usual func(zmq.Type) zmq.Config) (zmq.Socket, error) {
	t, err := zmq.ParseType(typ)
	if err != nil {
		return nil, usage(err)
	}
	if len(o.binds)+len(o.connects) == 0 {
		return nil, usagef("say where to open the %v, with -b ENDPOINT or -c ENDPOINT, as in -b tcp://127.0.0.1:5555", t)
	}
	cfg := usual(t)
	for _, assignment := range o.options {
		if err := option.Set(&cfg, assignment); err != nil {
			return nil, usage(err)
		}
	}
	if err := o.security.apply(&cfg); err != nil {
		return nil, usage(err)
	}
	s, err := zmq.New(t, cfg)
	if err != nil {
		return nil, usage(o.security.explain(option.Explain(err)))
	}
	return s, nil
}

// reach binds, then connects, in the order of the command line. What it returns is Bind's or Connect's error.
func (o *opening) reach(s zmq.Socket) error {
	for i, endpoint := range o.binds {
		bound, err := s.Bind(endpoint)
		if err != nil {
			return err
		}
		o.binds[i] = bound
	}
	for _, endpoint := range o.connects {
		if err := s.Connect(endpoint); err != nil {
			return err
		}
	}
	return nil
}

// exposures are the warnings about where s is bound, a line each.
func (o *opening) exposures(s zmq.Socket) (lines []string) {
	for _, bound := range o.binds {
		if text := exposure(bound, s.Config(), o.anyClient); text != "" {
			lines = append(lines, "warning: "+text)
		}
	}
	return lines
}

// places says where the socket is, with the ports that the system chose.
func (o *opening) places() string {
	var places []string
	for _, bound := range o.binds {
		places = append(places, "bound to "+bound)
	}
	for _, endpoint := range o.connects {
		places = append(places, "connecting to "+endpoint)
	}
	return strings.Join(places, ", ")
}

// completeType offers the types that can be made.
func completeType(*cobra.Command, []string, string) (names []string, _ cobra.ShellCompDirective) {
	for t := zmq.PAIR; t <= zmq.CHANNEL; t++ {
		if s, err := zmq.New(t, zmq.Config{}); err == nil {
			s.Close() // nothing had begun
			names = append(names, t.String())
		}
	}
	return names, cobra.ShellCompDirectiveNoFileComp
}
