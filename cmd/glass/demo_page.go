package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/agent"
	"github.com/glassmq/zmq/cmd/glass/internal/fleet"
	"github.com/glassmq/zmq/cmd/glass/internal/history"
	"github.com/glassmq/zmq/observe/fact"
)

// A demoPage is the demo's agent, in its process, with the page, and the residents to be seen on it.
type demoPage struct {
	agent     *agent.Agent
	residents *fleet.Residents
	notes     io.Writer
	stop      context.CancelFunc
	running   sync.WaitGroup
	ctx       context.Context
	folder    string // of its history, which ends with it
}

func openPage(at string, notes io.Writer) (*demoPage, error) {
	p := &demoPage{notes: notes}
	var err error
	if p.folder, err = os.MkdirTemp("", "glass-demo"); err != nil {
		return nil, &failure{code: exitFailure, err: fmt.Errorf("demo: a folder for its history: %w", err)}
	}
	kept, err := history.Open(filepath.Join(p.folder, "history.db"), history.Options{RetainBytes: 64 << 20})
	if err != nil {
		return nil, errors.Join(agentFailure(err), os.RemoveAll(p.folder))
	}
	p.agent, err = agent.New(agent.Options{Listen: at, Version: version(), Note: p.note, History: kept})
	if err != nil {
		return nil, errors.Join(agentFailure(err), kept.Close(), os.RemoveAll(p.folder))
	}
	p.ctx, p.stop = context.WithCancel(context.Background())
	if p.residents, err = fleet.MoveIn(p.follow); err != nil {
		p.stop()
		p.running.Wait()
		return nil, errors.Join(&failure{code: exitFailure, err: fmt.Errorf("demo: %w", err)}, p.agent.Close(), os.RemoveAll(p.folder))
	}
	p.running.Go(func() {
		if err := p.agent.Run(p.ctx); err != nil {
			p.note(err.Error())
		}
	})
	p.note("the page: " + p.agent.URL())
	return p, nil
}

// note says a line; a note that cannot be written has nobody to read it.
func (p *demoPage) note(line string) { fmt.Fprintln(p.notes, line) }

// watch has the page show the demo's own sockets, too.
func (p *demoPage) watch(x *zmq.Context) { p.follow("glass demo", x) }

func (p *demoPage) follow(name string, x *zmq.Context) {
	w := p.agent.Watch(x, fact.Self(name))
	p.running.Go(func() { w.Run(p.ctx) })
}

// looking is how often the demo looks whether anybody looks.
const looking = 500 * time.Millisecond

// whileLookedAt is a context that ends with the command's, and after the story's only when nobody has the page open.
func (p *demoPage) whileLookedAt(command, story context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(command)
	p.running.Go(func() {
		select {
		case <-story.Done():
		case <-ctx.Done(): // the demo has failed
			return
		}
		if p.agent.Watched() && ctx.Err() == nil {
			p.note("the story is over, the page is open: it goes on until that is closed, or Ctrl-C")
		}
		tick := time.NewTicker(looking)
		defer tick.Stop()
		for p.agent.Watched() {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return
			}
		}
		cancel(context.Cause(story))
	})
	return ctx, func() { cancel(nil) }
}

// close ends the residents before the agent, which so sees how they end.
func (p *demoPage) close() {
	if err := p.residents.Close(); err != nil {
		p.note(err.Error())
	}
	p.stop()
	p.running.Wait()
	if err := os.RemoveAll(p.folder); err != nil {
		p.note(err.Error())
	}
}

// agentFailure is an error of the agent or of its history as a command's end.
func agentFailure(err error) error {
	f := &failure{code: exitFailure, err: err}
	var hinted interface{ Hint() string }
	if errors.As(err, &hinted) {
		f.hint = hinted.Hint()
	}
	if refusal := (*agent.Refusal)(nil); errors.As(err, &refusal) && refusal.Usage {
		f.code = exitUsage
	}
	return f
}
