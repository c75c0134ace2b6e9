// Command assault replays the list of harmful inputs (internal/assault) against sockets, and prints where they do otherwise
// than the list has it:
//
//	go run ./cmd/assault                       our sockets, and libzmq's beside them
//	go run ./cmd/assault ours                  ours alone
//	go run ./cmd/assault libzmq ours           libzmq judged, and ours beside
//	go run ./cmd/assault -type PULL tcp://127.0.0.1:5555
//	go run ./cmd/assault -list                 the list, and nothing else
//
// ours and libzmq are processes that the command starts; libzmq needs Python 3 and its binding pyzmq. One that dies of an
// input is noticed, and started again. An endpoint is somebody else's socket that is bound there: it gets the inputs for
// listeners of its type and mechanism that ask for no option, and what its program receives is not seen. An endpoint that is
// not on this machine is refused unless -anywhere says so.
//
// For every input the command looks at how the connection ended, how soon and how (a goodbye or a reset), what was answered,
// what the program received, what the socket's monitor told, whether a good peer is served afterwards, and whether the process
// lives.
//
// The first target is judged. The exit status is 0 if it did everything as the list has it, 1 if not, and 2 if nothing could
// be said.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"time"

	"github.com/glassmq/zmq/internal/assault"
)

func main() {
	if len(os.Args) == 2 && os.Args[1] == serveOurs {
		serve(os.Stdin, os.Stdout)
		return
	}
	code, err := run(os.Args[1:], os.Stdout)
	if err != nil {
		fmt.Fprintln(os.Stderr, "assault:", err)
	}
	os.Exit(code)
}

// A choice is what the command line says.
type choice struct {
	targets         []string
	only            *regexp.Regexp
	typ, mechanism  string // of an endpoint
	patience, limit time.Duration
	python          string
	anywhere        bool
	verbose, list   bool
}

func choose(args []string) (c choice, err error) {
	f := flag.NewFlagSet("assault", flag.ContinueOnError)
	only := f.String("run", "", "only inputs whose name matches this regular `expression`")
	f.StringVar(&c.typ, "type", "", "the type of the socket at an endpoint, such as `PULL`")
	f.StringVar(&c.mechanism, "mechanism", "NULL", "the `mechanism` at an endpoint: NULL, PLAIN-server (admin, secret), CURVE-server (the keys of zmq_curve(7))")
	f.DurationVar(&c.patience, "patience", 500*time.Millisecond, "how long a target has for what it has to do")
	f.DurationVar(&c.limit, "limit", 30*time.Minute, "how long it all may take")
	f.StringVar(&c.python, "python", "/usr/bin/python3", "the Python 3 that knows pyzmq")
	f.BoolVar(&c.anywhere, "anywhere", false, "allow an endpoint that is not on this machine: ask its owner first")
	f.BoolVar(&c.verbose, "v", false, "print every input, not only differences")
	f.BoolVar(&c.list, "list", false, "print the list and end")
	if err := f.Parse(args); err != nil {
		return c, err
	}
	c.targets = f.Args()
	if len(c.targets) == 0 {
		c.targets = []string{"ours", "libzmq"}
	}
	if len(c.targets) > 2 {
		return c, errors.New("more than two targets: name one, or two to compare")
	}
	c.only, err = regexp.Compile(*only)
	return c, err
}

// run does what args say, and returns the exit status.
func run(args []string, out io.Writer) (code int, err error) {
	c, err := choose(args)
	if errors.Is(err, flag.ErrHelp) {
		return 0, nil
	}
	if err != nil {
		return 2, err
	}
	all, err := assault.Inputs()
	if err != nil {
		return 2, err
	}
	all = slices.DeleteFunc(all, func(in *assault.Input) bool { return !c.only.MatchString(in.Name) })
	if c.list {
		printList(out, all)
		return 0, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.limit)
	defer cancel()
	var targets []target
	for _, name := range c.targets {
		t, err := open(ctx, name, c)
		if err != nil {
			return 2, err
		}
		defer t.close()
		targets = append(targets, t)
	}
	return replayAll(ctx, out, all, targets, c)
}
