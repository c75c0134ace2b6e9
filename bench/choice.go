package main

import (
	"flag"
	"fmt"
	"io"
	"slices"
	"strings"
)

// choice is the command line.
type choice struct {
	quick   bool
	full    bool
	against string   // a revision; "": the other sides instead
	output  string   // "table" or "json"
	save    string   // the folder for what is kept; "": nothing is
	only    []string // ids; empty: all
	runs    int      // rounds per experiment
}

func parseChoice(args []string, stderr io.Writer) (choice, error) {
	var c choice
	fs := flag.NewFlagSet("bench", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.BoolVar(&c.quick, "quick", false, "short windows, 3 rounds, a case or two of each row: under a minute")
	fs.BoolVar(&c.full, "full", false, "the matrix, too: 8 B to 1 MiB, 1 and 100 in flight, tcp, ipc, inproc")
	fs.StringVar(&c.against, "against", "", "measure the library as it was at `revision`, and nobody else, beside today's")
	fs.StringVar(&c.output, "o", "table", "`form` of the result: table or json")
	fs.StringVar(&c.save, "save", "", "write table, JSON and pictures to `folder`, under names of date and commit")
	fs.IntVar(&c.runs, "runs", 0, "`rounds` per experiment (default 5, with -quick 3)")
	only := fs.String("only", "", "comma-separated `rows`, as in S1,S3")
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
	case c.quick && c.full:
		return fmt.Errorf("-quick and -full: choose one")
	case strings.HasPrefix(c.against, "-"):
		return fmt.Errorf("-against %s: a revision, as in HEAD~1", c.against)
	case c.runs < 1:
		return fmt.Errorf("-runs %d: at least 1", c.runs)
	}
	return nil
}

// form is how the rows are written: beside "before" they are another table.
func (c choice) form() string {
	if c.output == "table" && c.against != "" {
		return "against"
	}
	return c.output
}
