package zmq_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/internal/memnet"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// Ends in any order: three sockets talk, are watched in every form, and then everything that can end something is called, in an
// order and from goroutines that are drawn. Every call comes back, and says only what it may say; every connection has its
// one last event; nothing is left: no goroutine, descriptor or connection.
//
//	go test . -race -run 'TestEndsInAnyOrder$' -rounds 20000
//	go test . -race -run 'TestEndsInAnyOrder$' -round 17         one again, a hundred times: who is first is the scheduler's choice
var (
	rounds   = flag.Int("rounds", 0, "how many rounds TestEndsInAnyOrder takes; 0: 300, or 20,000 with -full")
	oneRound = flag.Int("round", -1, "the one round that TestEndsInAnyOrder takes, a hundred times")
)

func TestEndsInAnyOrder(t *testing.T) {
	n := *rounds
	switch {
	case *oneRound >= 0:
		n = 100
	case n == 0 && *full:
		n = 20_000
	case n == 0:
		n = 300
	}
	newParty(t, 0).ends() // what the first connection of a process opens stays open
	goroutines, files := ours(), descriptors()
	for i := range n {
		round := uint64(i)
		if *oneRound >= 0 {
			round = uint64(*oneRound)
		}
		comesBack(t, fmt.Sprintf("round %d", round), func() { newParty(t, round).ends() })
		if i%100 == 99 || i == n-1 {
			nothingLeft(t, goroutines, files)
		}
		if t.Failed() {
			t.Fatalf("again: go test . -race -run 'TestEndsInAnyOrder$' -round %d", round)
		}
	}
}

// comesBack fails t with everybody's stack if f hangs.
func comesBack(t *testing.T, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		buf := make([]byte, 4<<20)
		t.Fatalf("%s has not come back after a minute:\n%s", what, buf[:runtime.Stack(buf, true)])
	}
}

// nothingLeft waits for goroutines that are on their way out: a closed descriptor, or a timer that has just fired.
func nothingLeft(t *testing.T, goroutines, files int) {
	t.Helper()
	for deadline := time.Now().Add(patience); ours() > goroutines || descriptors() > files; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			buf := make([]byte, 1<<20)
			t.Fatalf("of %d goroutines %d are left, of %d descriptors %d:\n%s", goroutines, ours(), files, descriptors(), buf[:runtime.Stack(buf, true)])
		}
	}
}

// A party is what one round ends.
type party struct {
	*rand.Rand
	t     *testing.T
	round uint64
	net   *memnet.Network
	x     *zmq.Context
	ctx   context.Context // of the calls that are under way
	stop  func()
	host  zmq.Socket
	guest [2]zmq.Socket
	at    string

	talks   sync.WaitGroup
	tells   sync.WaitGroup
	illegal error
	open    map[monitor.ConnID]monitor.Event // connections without their last event
	missed  bool                             // some events were lost
}

// companies are types that talk to each other.
var companies = [][2]zmq.Type{
	{zmq.PUSH, zmq.PULL}, {zmq.PULL, zmq.PUSH}, {zmq.PAIR, zmq.PAIR}, {zmq.REQ, zmq.REP}, {zmq.REP, zmq.REQ}, {zmq.DEALER, zmq.ROUTER},
	{zmq.ROUTER, zmq.DEALER}, {zmq.PUB, zmq.SUB}, {zmq.SUB, zmq.PUB}, {zmq.XPUB, zmq.XSUB}, {zmq.XSUB, zmq.XPUB}, {zmq.STREAM, zmq.STREAM},
}

func newParty(t *testing.T, round uint64) *party {
	p := &party{Rand: rand.New(rand.NewPCG(round, 0)), t: t, round: round, net: memnet.New(), open: map[monitor.ConnID]monitor.Event{}}
	p.ctx, p.stop = context.WithCancel(context.Background())
	types := companies[p.IntN(len(companies))]
	place := p.IntN(4)
	if types[0] == zmq.STREAM {
		place %= 2
	}
	p.at = []string{"tcp://127.0.0.1:*", "tcp://hub:1", "ipc://*", fmt.Sprint("inproc://", round)}[place]
	var in zmq.ContextConfig
	if p.at == "tcp://hub:1" {
		in.Network = zmq.Network{
			Dial:   func(ctx context.Context, n, a string) (net.Conn, error) { return p.net.Dial(ctx, n, a) },
			Listen: func(ctx context.Context, n, a string) (net.Listener, error) { return p.net.Listen(ctx, n, a) },
		}
	}
	p.x = zmq.NewContext(in)
	w := p.x.Watch(monitor.All)
	p.tells.Go(func() { p.readAlong(w) })
	sides := p.configs(types)
	p.host = p.socket(types[0], sides[0])
	for i := range p.guest {
		p.guest[i] = p.socket(types[1], sides[1])
	}
	p.meet()
	return p
}

// configs draws what the sockets are like.
func (p *party) configs(types [2]zmq.Type) (sides [2]zmq.Config) {
	if types[0] != zmq.STREAM {
		locks[p.IntN(len(locks))].put(&sides[0], &sides[1])
	}
	for i := range sides {
		c := &sides[i]
		c.Context, c.ReconnectMin = p.x, fast
		c.Linger = []time.Duration{zmq.Off, time.Millisecond, 20 * time.Millisecond}[p.IntN(3)]
		c.Immediate = p.IntN(2) == 0
		if types[i] != zmq.STREAM && p.IntN(2) == 0 {
			c.HeartbeatInterval, c.HeartbeatTimeout = time.Millisecond, time.Second
		}
		if types[i] != zmq.PULL && types[i] != zmq.SUB {
			c.SendHWM = 3
		}
		switch types[i] {
		case zmq.SUB, zmq.XSUB:
			c.Subscribe = []string{""}
		case zmq.ROUTER:
			c.RouterMandatory = p.IntN(2) == 0
		case zmq.REQ:
			c.ReqRelaxed = p.IntN(2) == 0
		}
	}
	return sides
}

func (p *party) socket(typ zmq.Type, cfg zmq.Config) zmq.Socket {
	s, err := zmq.New(typ, cfg)
	must(p.t, err)
	return s
}

// meet brings them together, and lets everybody talk and look on. Nobody waits until they are there: ends may come first.
func (p *party) meet() {
	bound, err := p.host.Bind(p.at)
	must(p.t, err)
	p.at = bound
	for _, g := range p.guest {
		if err := g.Connect(p.at); err != nil {
			p.t.Error(err)
		}
	}
	for _, s := range []zmq.Socket{p.host, p.guest[0], p.guest[1]} {
		p.talk(s)
	}
	if p.IntN(2) == 0 {
		ctx, cancel := context.WithTimeout(p.ctx, 50*time.Millisecond)
		p.host.WaitReady(ctx, 1)
		cancel()
	}
}

// talk leaves calls of a socket under way.
func (p *party) talk(s zmq.Socket) {
	if req, ok := s.(*zmq.Req); ok {
		p.talks.Go(func() {
			for range 30 {
				_, err := req.Do(p.ctx, []byte("?"))
				p.mayBe("Do", err, zmq.ErrWouldBlock, zmq.ErrState)
			}
		})
		return
	}
	if r, ok := s.(zmq.Receiver); ok {
		p.talks.Go(func() {
			for err := error(nil); err == nil; {
				_, err = r.Recv(p.ctx)
				p.mayBe("Recv", err, zmq.ErrWouldBlock, zmq.ErrState)
			}
		})
	}
	if w, ok := s.(zmq.Sender); ok {
		p.talks.Go(func() {
			for range 30 {
				id := []byte("somebody")
				if peers := s.State().Peers; len(peers) > 0 && peers[0].RoutingID != "" {
					id = []byte(peers[0].RoutingID)
				}
				p.mayBe("Send", w.Send(p.ctx, id, []byte("x")), zmq.ErrWouldBlock, zmq.ErrState, zmq.ErrHostUnreachable)
			}
		})
	}
}

// mayBe holds an error against those that a call may return, besides that the socket has ended.
func (p *party) mayBe(what string, err error, these ...error) {
	for _, ok := range append(these, zmq.ErrClosed, zmq.ErrTerminated, p.ctx.Err()) { // a call that need not wait says why its context is done
		if err == nil || ok != nil && errors.Is(err, ok) {
			return
		}
	}
	p.t.Errorf("round %d: %s said %v", p.round, what, err)
}

// readAlong looks at the events of all sockets until the Context has ended.
func (p *party) readAlong(w *monitor.Subscription) {
	p.illegal = monitor.Check(func(yield func(zmq.Event) bool) {
		for e := range w.Events(context.Background()) {
			switch p.missed = p.missed || e.Kind == monitor.Lost; {
			case e.Terminal():
				delete(p.open, e.Conn)
			case e.Conn != 0:
				p.open[e.Conn] = e
			}
			if !yield(e) {
				return
			}
		}
	})
	w.Close()
}

// An Unbind that a Close overtakes has its last word all the same: its endpoint and the connections there have their last events.
func TestUnbindMeetsClose(t *testing.T) {
	const guests = 50
	for round := range 40 {
		at := []string{"tcp://127.0.0.1:*", "inproc://here"}[round%2]
		x := newContext(t)
		pull := zmq.NewPull(zmq.Config{Context: x})
		bound := bindTo(t, pull, at)
		for range guests {
			connect(t, zmq.NewPush(zmq.Config{Context: x}), bound)
		}
		ready(t, pull, guests)
		w := pull.Watch(monitor.All)
		unbound := make(chan error)
		go func() { unbound <- pull.Unbind(bound) }()
		<-w.Ready() // it has begun
		must(t, pull.Close())
		must(t, <-unbound)
		ended, gone := 0, 0
		for e := range w.Events(within(t)) {
			if e.Terminal() {
				ended++
			}
			if e.Kind == monitor.Unbound {
				gone++
			}
		}
		if w.Close(); ended != guests || gone != 1 {
			t.Errorf("%s: %d connections have %d last events, one endpoint has %d", at, guests, ended, gone)
		}
		x.Shutdown(zmq.NoWait)
	}
}

// Who joins a Close that lingers waits with it, on a clock that stands still while somebody waits for a lock, too.
func TestTwoClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const linger = 5 * time.Second
		push := zmq.NewPush(zmq.Config{Context: zmqtest.NewNetwork().Context(t), Linger: linger})
		connect(t, push, "tcp://hub:1") // where nobody is
		must(t, push.Send(t.Context(), []byte("x")))
		began := time.Now()
		ends := make(chan error)
		for range 2 {
			go func() { ends <- push.Close() }()
		}
		for range 2 {
			var dropped *zmq.DroppedError
			if err := <-ends; !errors.As(err, &dropped) || dropped.Messages != 1 || time.Since(began) != linger {
				t.Errorf("after %v: %v", time.Since(began), err)
			}
		}
	})
}

// When Close or Shutdown returns, what drops the rest is through as well.
func TestNothingOutlivesTheEnd(t *testing.T) {
	for name, end := range map[string]func(*zmq.Push) error{
		"Shutdown(NoWait)": func(p *zmq.Push) error { return p.Shutdown(zmq.NoWait) },
		"Shutdown, cancelled": func(p *zmq.Push) error {
			ctx, cancel := context.WithCancel(context.Background())
			go cancel()
			return p.Shutdown(ctx)
		},
		"Close, linger over": func(p *zmq.Push) error { return p.Close() },
	} {
		for i := range 300 { // the time is up while the end is on its way, now and then: only NoWait is sure to be caught
			push := zmq.NewPush(zmq.Config{Context: newContext(t), Linger: time.Duration(i%100) * time.Microsecond})
			connect(t, push, "tcp://127.0.0.1:1")
			end(push)
			stacks := make([]byte, 1<<20)
			if strings.Contains(string(stacks[:runtime.Stack(stacks, true)]), "(*Core).kill") {
				t.Fatalf("%s has returned, and something still drops what is left", name)
			}
		}
	}
}
