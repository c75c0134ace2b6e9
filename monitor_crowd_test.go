package zmq_test

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// The scorecard's long rows run short here, and as docs/reliability.md has them with
//
//	go test . -run 'TestR[0-9]+' -full -v -timeout 1h
var full = flag.Bool("full", false, "the scorecard's tests (TestR…) at their full length")

// R8: a crowd of connections with every fate there is, all at once, on sockets that they share. Every event is legal, each
// connection has one terminal event, the counts sum, and whenever the crowd holds its breath the first snapshot and the
// events since are the next snapshot.
func TestR8EveryFate(t *testing.T) {
	connections := uint64(4000)
	if *full {
		connections = 100_000
	}
	synctest.Test(t, func(t *testing.T) {
		c := newCrowd(t)
		rounds := 0
		for ; c.connections() < connections && !t.Failed(); rounds++ {
			c.round(uint64(rounds))
		}
		c.end()
		t.Logf("%d connections and attempts in %d rounds, %d events, %d fates", c.connections(), rounds, c.events, len(c.fates))
		for _, fate := range slices.Sorted(maps.Keys(c.fates)) {
			t.Logf("%8d %s", c.fates[fate], fate)
		}
	})
}

// A crowd is sockets that serve, and a watch over all there are. crowd_fates_test.go has those who come to them.
type crowd struct {
	t   *testing.T
	net *zmqtest.Network
	x   *zmq.Context
	ctx context.Context // of a round: who waits longer waits in vain

	pull   *zmq.Pull
	rep    *zmq.Rep
	pub    *zmq.Pub
	router *zmq.Router // with RouterHandover
	strict *zmq.Router // without

	reading  sync.WaitGroup
	messages sync.WaitGroup

	mu    sync.Mutex // guards what follows
	rests sync.Cond  // resting, or about to become so: the crowd waits for who watches it
	// resting is that all events have been read; rested counts how often that was so.
	resting bool
	rested  int
	// What the events tell: sockets as they are now, connections that have not ended, ends, counts.
	sockets  map[uint64]monitor.State
	open     map[monitor.ConnID]bool
	fates    map[string]int
	ended    uint64
	events   uint64
	sums     map[uint64]sums // of each socket
	illegal  error
	sent     uint64   // what every PUSH's Send said: queued
	out      uint64   // what the ends of their connections said: handed over, …
	torn     uint64   // … lost in two pieces, …
	late     uint64   // … or not handed over when their time was up
	unbound  uint64   // what the ends of their endpoints said: not handed over
	dropped  uint64   // what their Shutdown said: the same
	received uint64   // from pull
	waiting  []func() // who waits for the end of the round to leave
}

// sums are what the terminal events of one socket's connections say.
type sums struct{ in, out uint64 }

// places is how many endpoints each server has: one for each goroutine of a round, which may break its own.
const places = 4

func at(host string, place int) string { return fmt.Sprintf("tcp://%s%d:1", host, place) }

func newCrowd(t *testing.T) *crowd {
	n := zmqtest.NewNetwork()
	x := n.Context(t)
	c := &crowd{t: t, net: n, x: x,
		sockets: map[uint64]monitor.State{}, open: map[monitor.ConnID]bool{}, fates: map[string]int{}, sums: map[uint64]sums{}}
	c.rests.L = &c.mu
	w := x.Watch(monitor.All)
	c.reading.Go(func() {
		c.illegal = monitor.Check(func(yield func(zmq.Event) bool) {
			for e, ok := c.next(w); ok; e, ok = c.next(w) {
				if c.note(e); !yield(e) {
					break
				}
			}
		})
		w.Close()
		c.rest(true) // for good
	})
	c.pull = zmq.NewPull(c.server())
	c.rep = zmq.NewRep(c.server())
	c.pub = zmq.NewPub(c.server())
	c.strict = zmq.NewRouter(c.server())
	handover := c.server()
	handover.RouterHandover = true
	c.router = zmq.NewRouter(handover)
	for host, s := range map[string]zmq.Socket{"pull": c.pull, "rep": c.rep, "pub": c.pub, "router": c.router, "strict": c.strict} {
		for place := range places {
			c.bind(s, at(host, place))
		}
	}
	for place := range places {
		c.bind(c.pull, at("breaks", place))
	}
	c.bind(c.pull, "inproc://pull")
	c.messages.Go(func() {
		for range c.pull.Messages(context.Background()) {
			c.mu.Lock()
			c.received++
			c.mu.Unlock()
		}
	})
	return c
}

func (c *crowd) server() zmq.Config {
	return zmq.Config{Context: c.x, MaxMessageSize: 1000, HandshakeTimeout: time.Second, HeartbeatInterval: time.Second / 2, HeartbeatTimeout: time.Second / 2}
}

func (c *crowd) bind(s zmq.Socket, endpoint string) {
	_, err := s.Bind(endpoint)
	must(c.t, err)
}

// next is the next event, and says when there is none.
func (c *crowd) next(w *monitor.Subscription) (zmq.Event, bool) {
	if e, ok := w.Poll(); ok {
		return e, true
	}
	c.rest(true)
	e, err := w.Next(context.Background())
	c.rest(false)
	return e, err == nil
}

func (c *crowd) rest(on bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.resting = on; on {
		c.rested++
		c.rests.Broadcast()
	}
}

// keepPace waits until what has happened has been read: on a machine that is busy with other things the ring would overflow.
func (c *crowd) keepPace() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for before := c.rested; !c.resting && c.rested == before; {
		c.rests.Wait()
	}
}

// note takes one event into what is known.
func (c *crowd) note(e zmq.Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.events++
	switch {
	case e.Kind == monitor.Lost:
		c.t.Errorf("%d events were lost: the crowd is faster than who watches it", e.Count)
		return
	case e.SocketID == 0:
		return
	case e.Kind == monitor.MonitorStopped:
		delete(c.sockets, e.SocketID)
		return
	}
	state := c.sockets[e.SocketID]
	if err := state.Apply(e); err != nil {
		c.t.Error(err)
	}
	c.sockets[e.SocketID] = state
	if e.Conn != 0 {
		c.open[e.Conn] = true
	}
	if e.SocketType == "PUSH" {
		c.account(&e)
	}
	if !e.Terminal() {
		return
	}
	delete(c.open, e.Conn)
	c.ended++
	c.fates[strings.Join([]string{string(e.Side), e.Kind.String(), string(e.Who), string(e.Phase), string(e.Reason)}, " ")]++
	sum := c.sums[e.SocketID]
	c.sums[e.SocketID] = sums{sum.in + e.MessagesIn, sum.out + e.MessagesOut}
}

// account adds up what becomes of the clients' messages.
func (c *crowd) account(e *zmq.Event) {
	switch c.out += e.MessagesOut; e.Kind {
	case monitor.Disconnected:
		c.torn += e.Unsent
	case monitor.LocalClosed:
		c.late += e.Unsent
	case monitor.Unbound:
		c.unbound += e.Unsent
	}
}

func (c *crowd) connections() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended + uint64(len(c.open))
}

// round sends everybody once through every fate, in as many orders as there are goroutines, and then looks around.
func (c *crowd) round(seed uint64) {
	var work sync.WaitGroup
	var cancel context.CancelFunc
	c.ctx, cancel = context.WithTimeout(context.Background(), time.Hour)
	defer cancel()
	for place := range places {
		work.Go(func() {
			all := slices.Clone(everyFate)
			rand.New(rand.NewPCG(seed, uint64(place))).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			for _, fate := range all {
				fate(c, place)
				c.keepPace()
			}
		})
	}
	work.Wait()
	synctest.Wait()
	c.compare()
	for _, leave := range c.waiting {
		leave()
	}
	c.waiting = nil
	synctest.Wait()
}

// compare holds what the events have told against snapshots. Nothing happens meanwhile.
func (c *crowd) compare() {
	c.t.Helper()
	truth, w := c.x.WatchState(monitor.All)
	w.Close()
	c.mu.Lock()
	defer c.mu.Unlock()
	alive := 0
	for _, want := range truth {
		alive += len(want.Peers)
		if got := c.sockets[want.SocketID]; present(got) != present(want) {
			c.t.Errorf("%s %d: the events tell\n%s\nand the truth is\n%s", want.SocketType, want.SocketID, present(got), present(want))
		}
		in, out := c.sums[want.SocketID].in, c.sums[want.SocketID].out
		for _, p := range want.Peers {
			in, out = in+p.MessagesIn, out+p.MessagesOut
		}
		if in != want.MessagesIn || out != want.MessagesOut {
			c.t.Errorf("%s %d: its connections have carried %d in and %d out, its totals are %d and %d", want.SocketType, want.SocketID, in, out, want.MessagesIn, want.MessagesOut)
		}
		delete(c.sockets, want.SocketID)
		defer func() { c.sockets[want.SocketID] = want }()
		if want.SocketID == c.pull.ID() && c.received != want.MessagesIn {
			c.t.Errorf("%d messages came, and %d were received", want.MessagesIn, c.received)
		}
	}
	for id, s := range c.sockets {
		if len(s.Endpoints)+len(s.Peers) > 0 {
			c.t.Errorf("by its events socket %d is still there, with %d endpoints and %d peers", id, len(s.Endpoints), len(s.Peers))
		}
	}
	if alive < 4*places {
		c.t.Errorf("only %d connections are there to be compared", alive)
	}
}

// end closes everything and looks at what is left: nothing.
func (c *crowd) end() {
	must(c.t, c.x.Shutdown(zmq.NoWait))
	c.reading.Wait()
	c.messages.Wait()
	must(c.t, c.illegal)
	if len(c.open) > 0 {
		c.t.Errorf("%d connections have no terminal event: %v", len(c.open), slices.Sorted(maps.Keys(c.open)))
	}
	if len(c.fates) < 20 {
		c.t.Errorf("only %d fates", len(c.fates))
	}
	if c.sent == 0 || c.sent != c.out+c.torn+c.unbound || c.unbound != c.dropped || c.late == 0 || c.late > c.dropped {
		c.t.Errorf("%d messages were sent: %d handed over, %d torn, %d not handed over; by the connections %d, by Shutdown %d", c.sent, c.out, c.torn, c.unbound, c.late, c.dropped)
	}
	if in := c.sums[c.pull.ID()].in; in != c.received || in > c.out {
		c.t.Errorf("%d messages were handed over, %d came, %d were received", c.out, in, c.received)
	}
}
