// Package agent is glass serve: it takes facts and states from many processes, knows what is true now, keeps what happened, and
// tells it over HTTP.
//
// The order of reading is the way of a fact:
//
//  1. agent.go: Take gives it to the model, the detectors and the metrics, under one lock
//  2. ring.go: it gets a number, and lies in memory for those who follow
//  3. keep.go: it goes to the history, in batches, without anybody waiting for the disk
//  4. beat.go: once a second time passes: silence is noticed, and a frame of all rows is made if somebody looks
//  5. follow.go: a stream of facts for each who follows, and for a page what has changed from frame to frame
//  6. ask.go, past.go: questions, about now and about then
//  7. guard.go, listen.go: who may ask, and from where
package agent

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/glassmq/zmq/cmd/glass/internal/detect"
	"github.com/glassmq/zmq/cmd/glass/internal/history"
	"github.com/glassmq/zmq/cmd/glass/internal/model"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe"
	"github.com/glassmq/zmq/observe/fact"
)

// Options are what an agent is.
type Options struct {
	Listen string // host:port of HTTP; port 0 is one of the system's choice
	Token  string // who asks must say it; "": nobody is asked for one

	TLSCert, TLSKey string // files, both or none

	// Ingest opens what programs send facts to, which then calls take; nil: somebody else calls Take.
	Ingest  func(take func([]fact.Fact, []fact.State)) (Source, error)
	History *history.History // where facts are kept; nil: in memory only, the last of them. Run and Close close it

	NoPage       bool // no page at /, only what programs read
	MetricsPeers bool // /metrics/peers, whose labels strangers choose

	MetricsMaxSockets, MetricsMaxEndpoints int // how many have series of their own in /metrics; 0: as observe.TallyOptions

	Metrics []prometheus.Collector // what /metrics shows besides

	// Close ends a connection of this process's own sockets; nil: there are none.
	Close func(fact.Instance, monitor.ConnID) error
	Own   fact.Instance // whose those are

	Version string
	Note    func(string) // told what an operator should know of, a line each; nil: nobody
}

// A Source is where facts come from.
type Source interface {
	Endpoint() string
	Close() error // the facts that came before have been given to take when it returns
}

// An Agent is one. All methods may be called from any goroutine.
type Agent struct {
	o         Options
	listener  net.Listener
	from      Source // nil without Options.Ingest
	sourceEnd sync.Once
	started   time.Time
	host      string
	seats     chan struct{} // one taken by each who follows
	rebuilds  chan struct{} // taken by who rebuilds the past
	pace      pace          // of the streams

	ring    *ring
	keeper  *keeper // nil without a history
	beats   *beats
	tallies *observe.Tallies

	mu       sync.Mutex // guards what follows; a batch of facts is taken under it
	model    *model.Model
	detector *detect.Detector
	near     time.Time // when a program of this host last told a state
}

// New listens for HTTP and, if it was asked to, for facts; Run serves. Who does not call Run must call Close.
func New(o Options) (*Agent, error) {
	if o.Note == nil {
		o.Note = func(string) {}
	}
	a := &Agent{
		o: o, started: time.Now(), seats: make(chan struct{}, followers),
		rebuilds: make(chan struct{}, 1), pace: pace{alive: alive, patience: patience}, ring: newRing(ringFacts, ringBytes), beats: newBeats(),
		tallies: observe.NewTallies(observe.TallyOptions{Instances: true, MaxSockets: o.MetricsMaxSockets, MaxEndpoints: o.MetricsMaxEndpoints}),
		host:    hostName(), model: model.New(),
	}
	a.detector = detect.New(detect.Thresholds{Host: a.host})
	var err error
	if a.listener, err = listen(o); err != nil {
		return nil, err
	}
	if o.History != nil {
		a.keeper = newKeeper(o.History, a.ring, o.Note)
	}
	if o.Ingest != nil {
		if a.from, err = o.Ingest(a.Take); err != nil {
			return nil, errors.Join(err, a.Close())
		}
	}
	return a, nil
}

// URL is where the agent is asked.
func (a *Agent) URL() string {
	scheme := "http"
	if a.o.TLSCert != "" {
		scheme = "https"
	}
	return scheme + "://" + a.listener.Addr().String()
}

// Ingest is the endpoint where programs send facts; "" if there is none.
func (a *Agent) Ingest() string {
	if a.from == nil {
		return ""
	}
	return a.from.Endpoint()
}

// Take takes in what processes tell. It waits for nothing but other Takes and questions under way, a few milliseconds, and keeps
// the facts and states: they must not change any more.
func (a *Agent) Take(facts []fact.Fact, states []fact.State) {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := make([]fact.Fact, 0, len(facts)+4)
	for _, f := range facts {
		all = append(all, f)
		a.model.Apply(f)
		if f.Condition == nil {
			a.tallies.Event(f.Instance, f.Event)
		}
		all = a.found(all, a.detector.Event(f))
	}
	for _, s := range states {
		a.model.Update(s)
		a.tallies.State(s)
		if s.Host == a.host || a.host == "" {
			a.near = time.Now()
		}
		all = a.found(all, a.detector.State(s))
	}
	a.told(all, states)
}

// found takes in the conditions that a detector found. mu is held.
func (a *Agent) found(all []fact.Fact, found []detect.Found) []fact.Fact {
	for _, f := range facts(found) {
		a.model.Apply(f)
		all = append(all, f)
	}
	return all
}

// told hands facts on to those who follow and to the history. mu is held, so that both have them in one order.
func (a *Agent) told(facts []fact.Fact, states []fact.State) {
	last := a.ring.add(facts)
	if a.keeper != nil {
		a.keeper.take(facts, states, last)
	}
}

// Snapshot is what is true now.
func (a *Agent) Snapshot() model.Snapshot {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.model.Snapshot()
}

// Run serves until ctx ends, and then ends everything in order: nobody new is let in, the last facts are kept, and what could not
// be is said. Its error is of what could not be served or kept.
func (a *Agent) Run(ctx context.Context) error {
	streams, endStreams := context.WithCancel(context.Background())
	defer endStreams()
	server := &http.Server{
		Handler: a.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 16 << 10,
		BaseContext: func(net.Listener) context.Context { return streams },
		ErrorLog:    noteLog(a.o.Note),
	}
	var running sync.WaitGroup
	running.Go(func() { a.beat(streams) })
	served := make(chan error, 1)
	running.Go(func() { served <- a.serve(server) })
	var failed error
	select {
	case <-ctx.Done():
	case failed = <-served: // only if the listener breaks
	}
	failed = errors.Join(failed, a.endSource()) // what programs have sent so far still goes in
	endStreams()
	quiet, cancel := context.WithTimeout(context.Background(), 2*time.Second) // for answers under way
	defer cancel()
	if server.Shutdown(quiet) != nil {
		server.Close()
	}
	running.Wait()
	return errors.Join(failed, a.Close())
}

// serve serves until the server is shut down, which is no error.
func (a *Agent) serve(server *http.Server) error {
	var err error
	if a.o.TLSCert != "" {
		err = server.ServeTLS(a.listener, a.o.TLSCert, a.o.TLSKey)
	} else {
		err = server.Serve(a.listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// Close lets go of everything, and keeps what was not kept yet. It may be called again.
func (a *Agent) Close() error {
	var errs []error
	errs = append(errs, ignoreClosed(a.listener.Close()))
	errs = append(errs, a.endSource())
	if a.keeper != nil {
		errs = append(errs, a.keeper.close())
	}
	return errors.Join(errs...)
}

// endSource closes the source, once.
func (a *Agent) endSource() (err error) {
	a.sourceEnd.Do(func() {
		if a.from != nil {
			err = a.from.Close()
		}
	})
	return err
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
