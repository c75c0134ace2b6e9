// Command bench measures GlassMQ, libzmq, other libraries and plain Go side by
// side, in one run on one machine.
//
//	go run ./bench                    every row that has a target
//	go run ./bench -quick             under a minute
//	go run ./bench -full              all sizes, all transports, 1 and 100 in flight
//	go run ./bench -only S1,S3        some rows
//	go run ./bench -against HEAD~3    what has changed since
//	go run ./bench -o json            for programs
//	go run ./bench -save docs/bench   table, JSON and pictures, for people
//
// The order of reading is the order of a measurement:
//
//	choice.go   the command line
//	plan*.go    which experiments there are, and what their rows must reach
//	lab.go      what trials need: programs, windows, processes in pairs
//	build.go, against.go   where the programs of the other sides come from
//	trial*.go   one trial of one side: start processes, collect what they read
//	child.go    one process: started, bounded in time, ended
//	settings.go, role.go   what such a process is told, and where it goes from main
//	window.go, gauge.go    warm up, measure, report: inside the process
//	ours_*.go, raw_*.go, other*.go, libzmq/*.c   the sides
//	crowd.go, idle.go, topics.go   the bare peers that all sides meet
//	rows.go     medians, spreads and ratios
//	report.go, save.go   table, JSON, files; plots/ draws the pictures
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == roleCommand {
		os.Exit(playRole(os.Args[2:]))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // a reader that goes, as head does, must not leave our folder behind
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
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
	l, done, err := openLab(ctx, c)
	if done != nil {
		defer done()
	}
	if err != nil {
		return err
	}
	on := describe(ctx, l, c)
	for _, line := range on.Missing {
		fmt.Fprintln(stderr, "not measured:", line)
	}
	began := time.Now()
	rows, err := l.measure(ctx, plan(c, l), c.runs, stderr)
	if err != nil {
		return err
	}
	for i := range rows {
		rows[i].On = on.line()
	}
	fmt.Fprintf(stderr, "%d rows in %v\n", len(rows), time.Since(began).Round(time.Second))
	err = write(stdout, c.form(), on, rows)
	if c.save != "" {
		err = errors.Join(err, save(ctx, c.save, on, rows, stderr))
	}
	return errors.Join(err, failures(rows))
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
