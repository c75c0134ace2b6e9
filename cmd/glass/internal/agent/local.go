package agent

import (
	"context"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe"
	"github.com/glassmq/zmq/observe/fact"
)

// A Watching gives the agent what happens to the sockets of a Context in this process, and once a second what is true of them.
type Watching struct {
	a   *Agent
	x   *zmq.Context
	of  fact.Instance
	sub *monitor.Subscription
}

// Watch begins to watch a Context, under an instance of its own: what happens from now on waits for Run.
func (a *Agent) Watch(x *zmq.Context, of fact.Instance) *Watching {
	return &Watching{a, x, of, x.Watch(monitor.All)}
}

// Run returns when ctx or the Context ends.
func (w *Watching) Run(ctx context.Context) {
	defer w.sub.Close()
	tick := time.NewTicker(second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case now := <-tick.C:
			w.a.Take(nil, w.states(now))
		case <-w.sub.Ready():
			facts, ended := w.drain()
			w.a.Take(facts, nil)
			if ended {
				return
			}
		}
	}
}

func (w *Watching) states(now time.Time) (states []fact.State) {
	for _, s := range w.x.Sockets() {
		states = append(states, observe.StateOf(w.of, s, now))
	}
	return states
}

// drain takes what events there are. Ended: the Context's own MonitorStopped was among them, which is the last.
func (w *Watching) drain() (facts []fact.Fact, ended bool) {
	for e, ok := w.sub.Poll(); ok; e, ok = w.sub.Poll() {
		if e.SocketID == 0 && e.Kind == monitor.MonitorStopped {
			return facts, true
		}
		if f, err := fact.Of(w.of, e); err == nil { // an event has a JSON form, always
			facts = append(facts, f)
		}
	}
	return facts, len(facts) == 0 // ready without an event: it has ended
}
