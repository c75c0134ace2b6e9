// Command glass is the operator's tool for ZeroMQ sockets: it shows who connects, who does not, and why.
//
// The order of reading is the order of a command:
//
//	main.go      the process: signals, exit code
//	root.go      the command line: which commands there are
//	flags.go     what commands that print events have in common
//	open.go      what commands that open a socket have in common
//	settings.go  flags that are set for good, in a file or the environment
//	asking.go    what commands that probe have in common
//	secure.go    what commands have in common that come with keys or a password; exposure.go warns who binds without
//	watch.go, cat.go, probe.go, doctor.go, explain.go, config.go, keygen.go, serve.go, demo.go, version.go   a command each
//	proxy.go     what a proxy is asked to be, proxier.go what it does, proxier_serve.go its page
//	check.go     numbers against thresholds
//	remote.go    what commands have in common that ask an agent, and that print rows; moment.go reads times
//	ls.go, describe.go, graph.go, timeline.go, top.go   what an agent knows
//	history.go   what happened: printed, followed (history_follow.go), asked in SQL (history_sql.go)
//	failure.go   how a command ends, and with which exit code
//
//	internal/credential   keys and passwords, from files
//	internal/option   -O name=value: a table over zmq.Config
//	internal/show     an event as a line of text or of JSON
//	internal/lines    a message as a line, both ways
//	internal/probe    what listens at an endpoint, seen by a stranger
//	internal/listener  who listens on this host, as its kernel has it
//	internal/doctor   a probe's report as checks, a cause and a cure
//	internal/setting  files and environment variables of settings
//	internal/device   the account, the end, the copies and the metrics of a proxy
//	internal/check    thresholds, what is held against them, and how it is told
//	internal/lexicon  what a code is that an operator has read somewhere
//	internal/fleet    the sockets of the demo, and their scenes
//	internal/agent    glass serve: what many processes tell, over HTTP
//	internal/ingest   where programs send it what happens
//	internal/history  where it keeps that
//	internal/page     its web page
//	internal/client   asks an agent
//	internal/sheet    what an agent knows, as tables and texts
//	internal/table    rows in columns that fit, or as JSON
//	internal/top      the same rows on a screen, to walk through
package main

import (
	"context"
	"io"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the first Ctrl-C ends in order; the second one, at once
	os.Exit(run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// run is glass without its process: what was asked for goes to stdout, notes and errors to stderr.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) (code int) {
	root := newRoot()
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	return report(stderr, cmd.CommandPath(), err)
}
