// Command glass is the operator's tool for ZeroMQ sockets: it shows who connects, who does not, and why.
//
// The order of reading is the order of a command:
//
//	main.go      the process: signals, exit code
//	root.go      the command line: which commands there are
//	flags.go     what commands that print events have in common
//	open.go      what commands that open a socket have in common
//	secure.go    what commands have in common that come with keys or a password; exposure.go warns who binds without
//	watch.go, cat.go, probe.go, explain.go, keygen.go, demo.go, version.go   a command each
//	failure.go   how a command ends, and with which exit code
//
//	internal/credential   keys and passwords, from files
//	internal/option   -O name=value: a table over zmq.Config
//	internal/show     an event as a line of text or of JSON
//	internal/lines    a message as a line, both ways
//	internal/probe    what listens at an endpoint, seen by a stranger
//	internal/lexicon  what a code is that an operator has read somewhere
//	internal/fleet    the sockets of the demo, and their scenes
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
