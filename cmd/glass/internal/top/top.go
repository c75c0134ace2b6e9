// Package top is the screen of glass top: what an agent knows, live, to walk through with the keyboard.
//
//	top.go      a Screen of a terminal, from its options to its end
//	app.go      what it knows, and the messages that change that
//	place.go    where the user is: one list or one text, of what, in which order
//	keys.go     what each key does
//	prompt.go   the line in which commands and filters are written
//	frame.go    how it looks
//	words.go    help, and what is said about a row
//
// An app is a plain value that messages change: a test sends keys and answers, and looks at frames.
package top

import (
	"context"
	"io"
	"iter"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/glassmq/zmq/cmd/glass/internal/client"
	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/observe/fact"
)

// A Source is whom top asks: a *client.Client.
type Source interface {
	StateAt(ctx context.Context, at time.Time) (model.Snapshot, error)
	Events(ctx context.Context, f client.Filter) iter.Seq2[fact.Fact, error]
	Server() string
}

// Options are how top begins.
type Options struct {
	View    string        // the list: a name of Views
	Sort    string        // a column of it; "": the list's own
	Reverse bool          // the other way round
	Filter  string        // words
	Delay   time.Duration // between two questions; at least 100 ms
	At      time.Time     // show that moment, and ask no more; zero: now
	Colour  bool
}

// Check says whether the view and the column exist.
func (o Options) Check() error {
	return (&place{view: o.View, sort: o.Sort}).check()
}

// Run shows first, and what comes after it, until the user has enough or ctx ends; neither is an error. It has the terminal,
// for itself, meanwhile. The options are ones that Check lets through.
func Run(ctx context.Context, source Source, first model.Snapshot, in io.Reader, out io.Writer, o Options) error {
	asking, cancel := context.WithCancel(ctx)
	defer cancel() // ends the question that is under way
	p := tea.NewProgram(newApp(asking, source, first, o), tea.WithInput(in), tea.WithOutput(out), tea.WithoutSignalHandler())
	stop := context.AfterFunc(ctx, p.Quit) // in order, and not by tea.WithContext, which leaves its reader running
	defer stop()
	_, err := p.Run()
	return err
}
