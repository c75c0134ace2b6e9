package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/glassmq/zmq"
)

// The exit codes, which scripts may rely on.
const (
	exitOK      = 0
	exitFailure = 1 // it could not be done, or did not happen
	exitUsage   = 2 // the command line cannot be meant
	exitTimeout = 3 // --for was over first
)

// A failure is how a command ends otherwise than well: why, what to do about it, and the exit code.
type failure struct {
	code int
	err  error
	hint string // "" if the error says it
	told bool   // the output has said it already
}

func (f *failure) Error() string { return f.err.Error() }
func (f *failure) Unwrap() error { return f.err }

func usage(err error) error { return &failure{code: exitUsage, err: err} }

func usagef(format string, args ...any) error { return usage(fmt.Errorf(format, args...)) }

// refused is an error of Bind or Connect. What could never have been bound is the command line's fault.
func refused(err error, hint string) error {
	if errors.Is(err, zmq.ErrInvalid) || errors.Is(err, zmq.ErrNotSupported) {
		return &failure{code: exitUsage, err: err, hint: hint}
	}
	return &failure{code: exitFailure, err: err, hint: hint}
}

// report says on stderr why command ended, and returns the exit code. An error that is no failure is cobra's own: a flag
// or a command that there is not.
func report(stderr io.Writer, command string, err error) (code int) {
	if err == nil {
		return exitOK
	}
	var f *failure
	if !errors.As(err, &f) {
		f = &failure{code: exitUsage, err: err}
	}
	if f.told {
		return f.code
	}
	fmt.Fprintf(stderr, "glass: %s\n", strings.TrimSpace(strings.TrimPrefix(f.Error(), "zmq: ")))
	switch {
	case f.hint != "":
		fmt.Fprintf(stderr, "  hint: %s\n", f.hint)
	case f.code == exitUsage:
		fmt.Fprintf(stderr, "  hint: see %s --help\n", command)
	}
	return f.code
}
