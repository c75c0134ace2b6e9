// Command glass is the operator's tool for ZeroMQ sockets: it shows who connects, who does not, and why.
//
// The order of reading is the order of a command:
//
//	main.go      the process: signals, exit code
//	root.go      the command line: which commands there are
//	flags.go     what commands that print events have in common
//	watch.go, demo.go, version.go   a command each
//	failure.go   how a command ends, and with which exit code
//
//	internal/option   -O name=value: a table over zmq.Config
//	internal/show     an event as a line of text or of JSON
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
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is glass without its process: what was asked for goes to stdout, notes and errors to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) (code int) {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	return report(stderr, cmd.CommandPath(), err)
}
