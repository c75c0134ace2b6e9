// Package option sets the options of a socket by their names: -O name=value is a table over zmq.Config.
package option

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/glassmq/zmq"
)

// A row is one option. names are ours, which is the field's in snake case, and then libzmq's without ZMQ_ where that is
// another.
type row struct {
	field string // of zmq.Config
	names []string
	takes string // what a value looks like
	about string
	set   func(c *zmq.Config, value string) error
}

// Set changes one option of c: assignment is "name=value", the name in any case.
func Set(c *zmq.Config, assignment string) error {
	name, value, found := strings.Cut(assignment, "=")
	if !found {
		return fmt.Errorf("option %q has no value: write -O %s=VALUE", assignment, assignment)
	}
	r := find(name)
	if r == nil {
		return fmt.Errorf("option %q: there is none of that name; known are %s", name, known())
	}
	if err := r.set(c, value); err != nil {
		return fmt.Errorf("option %s=%s: %w", name, value, err)
	}
	return nil
}

// find looks a name up, in any case and with or without libzmq's prefix.
func find(name string) *row {
	name = strings.TrimPrefix(strings.ToLower(strings.TrimSpace(name)), "zmq_")
	for i, r := range rows {
		if slices.Contains(r.names, name) {
			return &rows[i]
		}
	}
	return nil
}

// Explain says an error of zmq.New in the words of the command line: of an option instead of a field.
func Explain(err error) error {
	var bad *zmq.ConfigError
	if !errors.As(err, &bad) {
		return err
	}
	for _, r := range rows {
		if r.field == bad.Field {
			return fmt.Errorf("option %s of %v: %s; known options are %s", r.name(), bad.Type, bad.Reason, known())
		}
	}
	return err
}

// name is "send_hwm (sndhwm)".
func (r *row) name() string {
	if len(r.names) == 1 {
		return r.names[0]
	}
	return r.names[0] + " (" + strings.Join(r.names[1:], ", ") + ")"
}

// Names are all names, ours first for each option.
func Names() (all []string) {
	for _, r := range rows {
		all = append(all, r.names...)
	}
	return all
}

func known() string {
	var all []string
	for _, r := range rows {
		all = append(all, r.name())
	}
	return strings.Join(all, ", ")
}

// Help is the table for people, a line per option.
func Help() string {
	var b strings.Builder
	for _, r := range rows {
		fmt.Fprintf(&b, "  %-42s %-8s  %s\n", r.name(), r.takes, r.about)
	}
	return b.String()
}
