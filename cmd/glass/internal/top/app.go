package top

import (
	"context"
	"errors"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/glassmq/zmq/cmd/glass/internal/client"
	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/observe/fact"
)

// An app is all that top knows. Only Update changes it, which bubbletea calls from one goroutine.
type app struct {
	ctx    context.Context
	source Source
	o      Options

	width, height int
	now           model.Snapshot
	trouble       error // why the last question was not answered; nil: it was

	places []*place // where the user came through; the last one is where he is
	prompt *prompt  // nil: nothing is being written
	note   string   // what the last key did; until the next one
	paused bool
	wide   bool

	asking bool // a question is under way
	hurry  bool // ask again when it is answered: something new is wanted
	beat   int  // which pause between two questions is the current one
}

func newApp(ctx context.Context, source Source, first model.Snapshot, o Options) *app {
	a := &app{ctx: ctx, source: source, o: o, now: first, width: 80, height: 24}
	a.places = []*place{{view: o.View, sort: o.Sort, reverse: o.Reverse, filter: o.Filter}}
	a.lay()
	return a
}

func (a *app) here() *place { return a.places[len(a.places)-1] }

// An answer is what the agent said.
type answer struct {
	now   model.Snapshot
	facts []fact.Fact // of the place, if it has events
	of    *place
	err   error
}

// again is the end of a pause.
type again struct{ beat int }

// Init asks for what the first snapshot does not have, or begins the first pause.
func (a *app) Init() tea.Cmd {
	if a.here().eventful() {
		return a.ask()
	}
	return a.pause()
}

// Update obeys one message.
func (a *app) Update(m tea.Msg) (tea.Model, tea.Cmd) {
	switch m := m.(type) {
	case tea.WindowSizeMsg:
		a.width, a.height = m.Width, m.Height
	case answer:
		return a, a.answered(m)
	case again:
		if m.beat == a.beat && !a.paused {
			return a, a.ask()
		}
	case tea.KeyPressMsg:
		return a, a.press(m)
	case tea.PasteMsg:
		if a.prompt != nil {
			a.prompt.insert(m.Content)
		}
	}
	return a, nil
}

// ask puts one question, unless one is under way: then the next one follows at once.
func (a *app) ask() tea.Cmd {
	if a.asking {
		a.hurry = true
		return nil
	}
	a.asking, a.hurry = true, false
	here, ctx, source, at := a.here(), a.ctx, a.source, a.o.At
	want := here.wants(at)
	return func() tea.Msg {
		got := answer{of: here}
		if got.now, got.err = source.StateAt(ctx, at); got.err == nil && here.eventful() {
			got.facts, got.err = recall(ctx, source, want)
		}
		return got
	}
}

func recall(ctx context.Context, source Source, f client.Filter) (facts []fact.Fact, err error) {
	for fact, err := range source.Events(ctx, f) {
		if err != nil {
			return nil, err
		}
		facts = append(facts, fact)
	}
	return facts, nil
}

func (a *app) answered(got answer) tea.Cmd {
	a.asking = false
	if got.err != nil {
		if errors.Is(got.err, context.Canceled) {
			return nil // it is over
		}
		a.trouble = got.err
	} else {
		a.trouble, a.now, got.of.facts = nil, got.now, got.facts
		a.lay()
	}
	if a.hurry {
		return a.ask()
	}
	return a.pause()
}

// pause waits until the next question; not at all if what is shown does not change.
func (a *app) pause() tea.Cmd {
	if !a.o.At.IsZero() && a.trouble == nil {
		return nil
	}
	a.beat++
	beat := a.beat
	return tea.Tick(max(a.o.Delay, 100*time.Millisecond), func(time.Time) tea.Msg { return again{beat} })
}

// lay makes the rows of where the user is anew.
func (a *app) lay() { a.here().lay(a.now) }
