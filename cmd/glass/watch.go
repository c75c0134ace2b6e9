package main

import (
	"slices"

	"github.com/spf13/cobra"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/show"
	"github.com/glassmq/zmq/monitor"
)

const watchText = `watch opens a socket of a type, binds and connects it, and prints what happens to it: one event a line.

The socket keeps its peers going: what it receives it throws away, and a REP answers each request with the request
itself. It sends nothing else.

Times are local, a connection has one number (conn=) from its first event to its last, and under a failure stands why it
happened and what to change. Notes before and after the events go to the standard error. The exit code is 0, 1 if it
could not be done, 2 if the command line is wrong, and 3 if --for was over before what --until waits for.

`

const watchExamples = `  glass watch PULL -b tcp://127.0.0.1:5555              who connects to this port
  glass watch REQ -c tcp://db:5556 --for 10s            does a server answer the handshake, and if not, why not
  glass watch REP -b 'tcp://*:5556' --for 1m --until handshake_succeeded=3
                                                        wait for three peers; exit code 3 if the minute is over first
  glass watch PULL -b 'tcp://*:5555' --event failures -o jsonl | jq -r .why
  glass watch PUSH -c tcp://db:5557 -O reconnect_ivl=1s -O heartbeat_ivl=500
  glass watch SUB -c tcp://feed:5556 --server-key feed.key --curve-key me.key_secret
                                                        does the server know our key`

// A watching is the command line of watch.
type watching struct {
	streaming
	opening
	events, until string
	most          int
}

func newWatch() *cobra.Command {
	var w watching
	cmd := &cobra.Command{
		Use:               "watch TYPE -b ENDPOINT | -c ENDPOINT ...",
		Short:             "Open a socket and print its events, one a line",
		Long:              watchText + secureText + optionsText(),
		Example:           watchExamples,
		Args:              oneType,
		ValidArgsFunction: completeType,
		RunE: func(cmd *cobra.Command, args []string) error {
			watcher, err := w.plan(cmd, args[0])
			if err != nil {
				return err
			}
			return watcher.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	w.opening.flags(cmd)
	f.StringVar(&w.events, "event", "all", "print only these `kinds`: names of events, or failures, lifecycle, classic, flow, subs, all; with commas between")
	f.StringVar(&w.grep, "grep", "", "print only events whose lines match this regular `expression`")
	f.IntVarP(&w.most, "count", "n", 0, "end after this `number` of printed events; 0: no end")
	f.StringVar(&w.until, "until", "", "end when an event, printed or not, has happened so often: `kind=count`, as in connected=3")
	w.streaming.flags(cmd, 0)
	completeList(cmd, "event", slices.Concat(kindNames(), maskNames))
	complete(cmd, "until", kindNames())
	return cmd
}

// plan is what the command line means: a socket to which nothing has happened yet, and how to watch it.
func (w *watching) plan(cmd *cobra.Command, typ string) (*watcher, error) {
	if w.most < 0 {
		return nil, usagef("-n %d: write a number of events, or 0 for no end", w.most)
	}
	mask, err := parseKinds(w.events)
	if err != nil {
		return nil, usagef("--event %s: %w", w.events, err)
	}
	until, err := parseGoal(w.until)
	if err != nil {
		return nil, usagef("--until %s: %w", w.until, err)
	}
	out, err := w.open(cmd, show.Options{})
	if err != nil {
		return nil, err
	}
	socket, err := w.socket(typ, func(zmq.Type) zmq.Config { return zmq.Config{} })
	if err != nil {
		return nil, err
	}
	return &watcher{flags: w, socket: socket, sub: socket.Watch(mask | until.kinds | monitor.Inproc),
		mask: mask, until: until, out: out, notes: cmd.ErrOrStderr()}, nil
}
