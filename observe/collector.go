package observe

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// CollectorOptions are what a Collector shows. Zero is the default.
type CollectorOptions struct {
	MaxSockets   int // values of the label socket; 0: 256. Further sockets are counted under Other
	MaxEndpoints int // values of the label endpoint, of all sockets together; 0: 512

	// Subscriptions also counts each subscription that peers make and cancel, by an event each: not for publishers to which
	// thousands of them a second are normal.
	Subscriptions bool
}

// A Collector shows the sockets of a Context to Prometheus. It counts events from NewCollector on, and asks every socket
// for its State at each scrape. All methods may be called from any goroutine.
type Collector struct {
	x       *zmq.Context
	tallies *Tallies
	sub     *monitor.Subscription
	reading sync.WaitGroup
}

var _ prometheus.Collector = (*Collector)(nil)

// NewCollector watches the sockets of x, of those too that are made later, until Close or the end of x, on a goroutine of
// its own. It costs no socket anything while nothing happens to its connections; messages are no events.
func NewCollector(x *zmq.Context, o CollectorOptions) *Collector {
	mask := monitor.Mask(watched)
	if o.Subscriptions {
		mask |= monitor.Subs
	}
	c := &Collector{x: x, tallies: NewTallies(TallyOptions{
		MaxSockets: o.MaxSockets, MaxEndpoints: o.MaxEndpoints, version: libraryVersion(), changes: o.Subscriptions,
	})}
	c.sub = x.Watch(mask)
	c.sample() // what has been there before is no growth of the first scrape's
	c.reading.Go(c.read)
	return c
}

// read counts events until the last.
func (c *Collector) read() {
	for e := range c.sub.Events(context.Background()) {
		c.tallies.Event(fact.Instance{}, e)
	}
}

// Close stops the watching. What was counted so far is still collected.
func (c *Collector) Close() {
	c.sub.Close()
	c.reading.Wait()
}

// Describe is prometheus.Collector's.
func (c *Collector) Describe(ch chan<- *prometheus.Desc) { c.tallies.Describe(ch) }

// Collect is prometheus.Collector's.
func (c *Collector) Collect(ch chan<- prometheus.Metric) {
	c.sample()
	c.tallies.Collect(ch)
}

// sample asks every socket. Under the lock no event is counted in between, so that of a state and the events counted the
// state is always the newer: a connection that a state shows has not been counted as ended already.
func (c *Collector) sample() {
	c.tallies.mu.Lock()
	defer c.tallies.mu.Unlock()
	sockets := c.x.Sockets()
	ids := make(map[uint64]struct{}, len(sockets))
	now := time.Now()
	for _, s := range sockets {
		ids[s.ID()] = struct{}{}
		c.tallies.state(StateOf(fact.Instance{}, s, now))
	}
	c.tallies.retain("", ids, now)
}

// Peers is [Tallies.Peers] of the Context's sockets.
func (c *Collector) Peers(top int) prometheus.Collector {
	return &peerCollector{c, c.tallies.Peers(top)}
}

// A peerCollector asks the sockets first.
type peerCollector struct {
	of *Collector
	prometheus.Collector
}

func (p *peerCollector) Collect(ch chan<- prometheus.Metric) {
	p.of.sample()
	p.Collector.Collect(ch)
}

// StateOf is the present of a socket in the form in which it travels.
func StateOf(of fact.Instance, s zmq.Socket, now time.Time) fact.State {
	cfg := s.Config()
	return fact.StateOf(of, now, s.State(), mark(cfg, cfg.SendHWM), mark(cfg, cfg.RecvHWM))
}

// mark is a high-water mark, 0 if there is none.
func mark(cfg zmq.Config, n int) int {
	switch {
	case cfg.Conflate || n < 0:
		return 0
	case n == 0:
		return 1000 // Config's default
	}
	return n
}

// libraryVersion is what the program was built with; "" if it does not tell.
func libraryVersion() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return ""
	}
	for _, m := range info.Deps {
		switch {
		case m.Path != "github.com/glassmq/zmq":
		case m.Replace != nil && m.Replace.Version == "":
			return "(devel)" // a checkout
		default:
			return m.Version
		}
	}
	return ""
}
