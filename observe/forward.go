package observe

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
	"github.com/glassmq/zmq/zmtp"
)

// What a program tells an agent, and when. One goroutine does all of it (run):
//
//  1. an event: at once, as a line (event);
//  2. the agent's coming: the state of every socket, whole (states);
//  3. once a second: what has changed of the states, once in 30 s again all of it;
//  4. the end of the context, or of the sockets' Context: the last events, then Linger (finish).
//
// Nothing waits for the agent. Events queue while it is away, up to Buffer, and what does not fit is counted and told when
// there is room; states do not, for the next one says more. They go only when nothing is queued, so that an agent which
// hangs costs the memory of Buffer events and one round of states.

// ForwardOptions are how a Forwarder does it. Zero is the default.
type ForwardOptions struct {
	App       string         // the name of this service; "": the program's name
	Mask      monitor.Mask   // the events that are told; 0: Lifecycle, congestion and drops, over inproc as well. monitor.Subs adds subscriptions
	Interval  time.Duration  // between states; 0: 1 s
	Buffer    int            // events that wait for the agent; 0: 4096, of some 700 bytes each
	Linger    time.Duration  // the most that Close waits for the agent to take what is queued; 0: 1 s
	Mechanism zmtp.Mechanism // of the connection to the agent: curve.Client(…) beyond this machine; nil: none
	Network   zmq.Network    // over which the agent is reached; nil funcs: the operating system's
}

const (
	fullEvery    = 30 * time.Second // as the agent expects: who misses a change does not miss it for long
	peersPerLine = 5000             // some 2 MiB, half of fact.MaxLine
)

// A Forwarder tells an agent, such as glass serve, what happens to the sockets of a Context. Its methods may be called
// from any goroutine.
type Forwarder struct {
	self     fact.Instance
	interval time.Duration
	linger   time.Duration
	x, own   *zmq.Context
	sub      *monitor.Subscription
	agent    *zmq.Dealer
	presence *monitor.Subscription // of the agent
	cancel   context.CancelFunc
	running  sync.WaitGroup
	err      error // of finish; may be read after running

	lost atomic.Uint64 // events that the agent will never get

	// The goroutine's alone.

	there bool                  // the agent is
	all   time.Time             // when whole states are due; zero: now
	sent  map[uint64]fact.State // what the agent knows of each socket
	untold
}

// untold are events that could not be queued, and were not told as lost yet.
type untold struct {
	count uint64
	last  monitor.Event
}

// Forward tells the agent at endpoint ("tcp://127.0.0.1:5580") of the sockets of x, of those too that are made later, from
// now until ctx ends, x has ended, or Close. It never waits: not for the agent, which may come and go, and no socket for
// it. The connection has a Context of its own. The error is about the endpoint or the options; a missing agent is none.
func Forward(ctx context.Context, x *zmq.Context, endpoint string, o ForwardOptions) (*Forwarder, error) {
	if strings.HasPrefix(strings.ToLower(endpoint), "inproc:") {
		return nil, fmt.Errorf("forward to %s: inproc does not leave a Context, and events travel in one of their own: use tcp or ipc", endpoint)
	}
	o = o.defaults()
	f := &Forwarder{
		self: fact.Self(o.App), interval: o.Interval, linger: o.Linger, x: x, own: zmq.NewContext(zmq.ContextConfig{Network: o.Network}),
		sent: make(map[uint64]fact.State),
	}
	// No heartbeat: it would give up an agent that hangs, and with it what the connection has taken.
	f.agent = zmq.NewDealer(zmq.Config{Context: f.own, Name: "forward", SendHWM: o.Buffer, Mechanism: o.Mechanism})
	f.presence = f.agent.Watch(monitor.HandshakeSucceeded | terminal)
	if err := f.agent.Connect(endpoint); err != nil {
		f.presence.Close()
		return nil, errors.Join(fmt.Errorf("forward to %s: %w", endpoint, err), f.own.Close())
	}
	f.sub = x.Watch(o.Mask)
	ctx, f.cancel = context.WithCancel(ctx)
	f.running.Go(func() { f.run(ctx) })
	return f, nil
}

func (o ForwardOptions) defaults() ForwardOptions {
	if o.App == "" {
		o.App = filepath.Base(os.Args[0])
	}
	if o.Mask == 0 {
		o.Mask = watched
	}
	if o.Interval <= 0 {
		o.Interval = time.Second
	}
	if o.Buffer <= 0 {
		o.Buffer = 4096
	}
	if o.Linger <= 0 {
		o.Linger = time.Second
	}
	return o
}

// Instance is what this process calls itself: the key inst joins its lines in the agent.
func (f *Forwarder) Instance() fact.Instance { return f.self }

// Lost is how many events had no room, or came too fast, and so will not get to the agent. It is told, too, as soon as there
// is room. What a connection had taken when it broke is beyond anybody's count.
func (f *Forwarder) Lost() uint64 { return f.lost.Load() }

// Close tells the last events, waits for the agent to take them, for at most Linger, and ends the forwarding. It returns a
// *zmq.DroppedError if that was not enough. A second Close returns the same.
func (f *Forwarder) Close() error {
	f.cancel()
	f.running.Wait()
	return f.err
}

func (f *Forwarder) run(ctx context.Context) {
	tick := time.NewTicker(f.interval)
	defer tick.Stop()
	for going := true; going; {
		select {
		case <-f.sub.Ready():
			going = f.events(256) // and then see what else there is to do
		case <-f.presence.Ready():
			f.attend()
		case <-tick.C:
			f.states(time.Now())
		case <-ctx.Done():
			going = false
		}
	}
	f.finish()
}

// events tells those that have come, up to most, and reports whether there can be more.
func (f *Forwarder) events(most int) (more bool) {
	for range most {
		select {
		case <-f.sub.Ready():
		default:
			return true
		}
		e, ok := f.sub.Poll()
		if !ok || e.SocketID == 0 && e.Kind == monitor.MonitorStopped {
			return false // the Context has ended
		}
		f.event(e)
	}
	return true
}

// event tells one event, after what was lost before it.
func (f *Forwarder) event(e monitor.Event) {
	if e.Kind == monitor.Lost {
		f.lost.Add(e.Count)
		f.all = time.Time{}
	}
	if f.confess() && f.tell(e) {
		return
	}
	n := uint64(1)
	if e.Kind == monitor.Lost {
		n = e.Count // counted already
	} else {
		f.lost.Add(1)
	}
	f.untold.count += n
	f.untold.last = e
}

// confess tells what could not be told. It fails while there is still no room.
func (f *Forwarder) confess() bool {
	if f.untold.count == 0 {
		return true
	}
	last := f.untold.last
	e := monitor.Event{
		Kind: monitor.Lost, Count: f.untold.count, Seq: last.Seq, Time: last.Time, FD: -1, Who: monitor.ByLocal, Reason: monitor.ReasonReaderSlow,
		SocketID: last.SocketID, SocketName: last.SocketName, SocketType: last.SocketType,
	}
	if !f.tell(e) {
		return false
	}
	f.untold, f.all = untold{}, time.Time{}
	return true
}

func (f *Forwarder) tell(e monitor.Event) bool {
	line, err := f.self.JSON(e)
	return err == nil && f.send(line)
}

// send queues one line, if there is room.
func (f *Forwarder) send(line []byte) bool {
	return f.agent.SendMessage(zmq.NoWait, zmq.NewMessage(line)) == nil
}

// attend follows the agent's coming and going. One that has come may know nothing yet.
func (f *Forwarder) attend() {
	for {
		e, ok := f.presence.Poll()
		switch {
		case !ok:
			if f.there && f.all.IsZero() {
				f.states(time.Now())
			}
			return
		case e.Kind == monitor.HandshakeSucceeded:
			f.there, f.all = true, time.Time{}
		default:
			f.there = false
		}
	}
}

// states tells how the sockets are.
func (f *Forwarder) states(now time.Time) {
	f.confess()
	if !f.there || f.waiting() > 0 {
		return
	}
	whole := !now.Before(f.all)
	if whole {
		f.all = now.Add(fullEvery)
	}
	for _, s := range f.x.Sockets() {
		state := StateOf(f.self, s, now)
		before, known := f.sent[state.Sock]
		told, news := state, true
		if known && !whole {
			told, news = since(before, state)
		}
		if !news {
			continue
		}
		if !f.state(told) {
			f.all = time.Time{} // nobody knows now what the agent knows
			return
		}
		f.sent[state.Sock] = state
	}
	f.forget(whole)
}

// waiting is how many lines are queued for the agent.
func (f *Forwarder) waiting() (n int) {
	for _, p := range f.agent.State().Peers {
		n += p.QueueOut
	}
	return n
}

// state queues one socket's state.
func (f *Forwarder) state(s fact.State) bool {
	for _, part := range split(s) {
		line, err := part.Line()
		if err != nil || !f.send(line) {
			return false
		}
	}
	return true
}

// split is s in pieces of peersPerLine peers (fact.State.More).
func split(s fact.State) (parts []fact.State) {
	for peers := s.Peers; ; {
		n := min(peersPerLine, len(peers))
		s.Peers, peers = peers[:n], peers[n:]
		s.More = len(peers) > 0
		parts = append(parts, s)
		if !s.More {
			return parts
		}
		s.Full, s.Endpoints = false, nil
	}
}

// since is what of now is not in before, if anything. Endpoints and peers that have gone are told by events.
func since(before, now fact.State) (_ fact.State, news bool) {
	now.Full = false
	now.Endpoints = changed(before.Endpoints, now.Endpoints, func(e *fact.Endpoint) uint64 { return e.ID })
	now.Peers = changed(before.Peers, now.Peers, func(p *fact.Peer) uint64 { return uint64(p.Conn) })
	news = len(now.Endpoints)+len(now.Peers) > 0 || now.MessagesIn != before.MessagesIn || now.MessagesOut != before.MessagesOut ||
		now.Dropped != before.Dropped || now.Copies != before.Copies || now.Unwanted != before.Unwanted || now.FramesLost != before.FramesLost || now.SendHWM != before.SendHWM || now.RecvHWM != before.RecvHWM
	return now, news
}

// changed are those of now that are not in before. Both stand in the order of their ids.
func changed[T comparable](before, now []T, id func(*T) uint64) (news []T) {
	for i := range now {
		for len(before) > 0 && id(&before[0]) < id(&now[i]) {
			before = before[1:]
		}
		if len(before) == 0 || before[0] != now[i] {
			news = append(news, now[i])
		}
	}
	return news
}

// forget drops what was remembered of sockets that are closed.
func (f *Forwarder) forget(whole bool) {
	if !whole {
		return
	}
	live := make(map[uint64]fact.State, len(f.sent))
	for _, s := range f.x.Sockets() {
		if state, known := f.sent[s.ID()]; known {
			live[s.ID()] = state
		}
	}
	f.sent = live
}

// finish tells what there is to tell, and gives the agent time to take it.
func (f *Forwarder) finish() {
	f.events(4096) // more than a subscription keeps
	f.confess()
	f.sub.Close()
	f.presence.Close()
	ctx, cancel := context.WithTimeout(context.Background(), f.linger)
	defer cancel()
	f.err = f.agent.Shutdown(ctx)
	var dropped *zmq.DroppedError
	if errors.As(f.err, &dropped) {
		f.lost.Add(uint64(dropped.Messages))
	}
	f.err = errors.Join(f.err, f.own.Close())
}

var _ prometheus.Collector = (*Forwarder)(nil)

// Describe is prometheus.Collector's.
func (f *Forwarder) Describe(ch chan<- *prometheus.Desc) {
	ch <- sinkDesc(mLost, "forward")
	ch <- sinkDesc(mWaiting, "forward")
}

// Collect is prometheus.Collector's: how many events were lost, and how many wait.
func (f *Forwarder) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.MustNewConstMetric(sinkDesc(mLost, "forward"), prometheus.CounterValue, float64(f.Lost()))
	ch <- prometheus.MustNewConstMetric(sinkDesc(mWaiting, "forward"), prometheus.GaugeValue, float64(f.waiting()))
}
