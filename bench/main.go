// Command bench measures GlassMQ, libzmq and plain Go side by side, in one run
// on one machine.
//
//	go run ./bench                  every row, about nine minutes
//	go run ./bench -quick           under a minute
//	go run ./bench -only S1,S3      some rows
//	go run ./bench -o json          for programs
//
// The order of reading is the order of a measurement:
//
//	plan.go     which experiments there are, and what their rows must reach
//	lab.go      one trial of one side: start processes, collect what they read
//	child.go    one process: started, bounded in time, ended
//	role.go     what such a process is told, and where it goes from main
//	window.go   warm up, measure, report: inside the process
//	ours_*.go, raw_*.go, libzmq/peer.c   the three sides
//	rows.go     medians, spreads and ratios
//	report.go   the table and the JSON
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == roleCommand {
		os.Exit(playRole(os.Args[2:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// choice is the command line.
type choice struct {
	quick  bool
	output string   // "table" or "json"
	only   []string // ids; empty: all
	runs   int      // rounds per experiment
}

func parseChoice(args []string, stderr io.Writer) (choice, error) {
	var c choice
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.BoolVar(&c.quick, "quick", false, "short windows, 3 rounds, without S2, S12 and ipc unless -only names their rows: under a minute")
	fs.StringVar(&c.output, "o", "table", "`form` of the result: table or json")
	fs.IntVar(&c.runs, "runs", 0, "`rounds` per experiment (default 5, with -quick 3)")
	only := fs.String("only", "", "comma-separated `rows`, as in S1,S3 (S9 is columns of S1)")
	if err := fs.Parse(args); err != nil {
		return c, err
	}
	if *only != "" {
		c.only = strings.Split(strings.ToUpper(*only), ",")
	}
	return c, c.check(fs.Args())
}

// check completes c and refuses what cannot be meant.
func (c *choice) check(rest []string) error {
	for _, id := range c.only {
		if !slices.Contains(knownRows, id) {
			return fmt.Errorf("-only %s: no such row; there are %s", id, strings.Join(knownRows, ", "))
		}
	}
	if c.runs == 0 {
		c.runs = 5
		if c.quick {
			c.runs = 3
		}
	}
	switch {
	case len(rest) > 0:
		return fmt.Errorf("argument %q: bench takes flags only", rest[0])
	case c.output != "table" && c.output != "json":
		return fmt.Errorf("-o %s: choose table or json", c.output)
	case c.runs < 1:
		return fmt.Errorf("-runs %d: at least 1", c.runs)
	}
	return nil
}

// run measures what args ask for: the result goes to stdout, how it comes
// along to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c, err := parseChoice(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return nil
	}
	if err != nil {
		return err
	}
	l, done, err := openLab(ctx, c.quick)
	if err != nil {
		return err
	}
	defer done()
	on := describeMachine(ctx, l, c.runs)
	if l.libzmqAbsent != nil {
		fmt.Fprintf(stderr, "libzmq is not measured: %v\n", l.libzmqAbsent)
	}
	began := time.Now()
	rows, err := l.measure(ctx, plan(c, l), c.runs, stderr)
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "%d rows in %v\n", len(rows), time.Since(began).Round(time.Second))
	return errors.Join(write(stdout, c.output, on, rows), failures(rows))
}

// failures is not nil if a row could not be measured. A row that missed its
// target is a result, not a failure.
func failures(rows []row) error {
	n := 0
	for _, r := range rows {
		if r.Error != "" {
			n++
		}
	}
	if n > 0 {
		return fmt.Errorf("%d of %d rows are incomplete", n, len(rows))
	}
	return nil
}
