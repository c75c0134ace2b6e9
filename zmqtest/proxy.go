package zmqtest

import (
	"fmt"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/glassmq/zmq/internal/endpoint"
)

// A Proxy is a stretch of real TCP that breaks on request, between sockets of any library and in real time. Between
// sockets of ours alone a Network does it in no time.
//
// It listens on loopback, dials its target once for each connection that comes, and hands on what each end says, ends
// included. Its methods may be called from any goroutine, and hold for the connections there are and those to come
// unless they say otherwise.
type Proxy struct {
	tb      testing.TB
	at      string // host:port where it listens
	target  endpoint.Endpoint
	running sync.WaitGroup

	mu sync.Mutex
	// mu guards, and changed tells of:
	listener net.Listener // nil while it refuses
	faults   faults
	tunnels  []*tunnel // those that are open, oldest first
	came     int
	closed   bool
	changed  sync.Cond
}

// A Direction is a way through a Proxy.
type Direction int

const (
	Up   Direction = iota // from the end that dialled to the target
	Down                  // from the target to the end that dialled
)

// faults are what a Proxy is asked for, by direction.
type faults struct {
	latency   time.Duration
	slice     int
	held      [2]bool
	cut, flip once
}

// NewProxy makes a Proxy to a tcp or ipc endpoint, where nobody need be yet. It is open until tb ends.
func NewProxy(tb testing.TB, target string) *Proxy {
	tb.Helper()
	to, err := endpoint.ParseConnect(target)
	if err == nil && to.Scheme != endpoint.TCP && to.Scheme != endpoint.IPC {
		err = fmt.Errorf("%s has no connections to stand between", to.Scheme)
	}
	if err != nil {
		tb.Fatalf("zmqtest: a Proxy to %s: %v", target, err)
	}
	p := &Proxy{tb: tb, at: "127.0.0.1:0", target: to}
	p.changed.L = &p.mu
	p.Refuse(false)
	tb.Cleanup(p.close)
	return p
}

func (p *Proxy) close() {
	p.Refuse(true)
	p.change(func() { p.closed = true })
	p.Reset()
	p.running.Wait()
}

// change makes a change that those who wait must see.
func (p *Proxy) change(f func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f()
	p.changed.Broadcast()
}

// Endpoint is what to Connect to.
func (p *Proxy) Endpoint() string { return "tcp://" + p.at }

// Connections is how many have come since the beginning.
func (p *Proxy) Connections() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.came
}

// SetLatency makes what is sent from now on, and every end, arrive d later, in order.
func (p *Proxy) SetLatency(d time.Duration) { p.change(func() { p.faults.latency = d }) }

// Slice hands on n bytes at most at once, each time in a segment of their own; 0: as they came.
func (p *Proxy) Slice(n int) { p.change(func() { p.faults.slice = n }) }

// Stall lets nothing through in one direction, until it is switched off: the sender meets full buffers in time, as with a
// peer that does not read. The other direction goes on.
func (p *Proxy) Stall(d Direction, on bool) { p.change(func() { p.faults.held[d] = on }) }

// BlackHole lets nothing through, bytes or ends, until it is switched off, and then all of it. Who dials meanwhile is
// connected, to nobody: that much even a Proxy's kernel says.
func (p *Proxy) BlackHole(on bool) { p.change(func() { p.faults.held = [2]bool{on, on} }) }

// CutAfter resets the next connection, at both ends, when so many bytes have passed in a direction. The greeting is 64
// bytes.
func (p *Proxy) CutAfter(d Direction, bytes int) { p.change(func() { p.faults.cut[d] = bytes + 1 }) }

// Corrupt turns over all bits of one byte of the next connection, the one at this offset, from 0.
func (p *Proxy) Corrupt(d Direction, at int) { p.change(func() { p.faults.flip[d] = at + 1 }) }

// Reset kills every connection now, with a reset to both ends, and says how many that were.
func (p *Proxy) Reset() (cut int) {
	p.mu.Lock()
	open := slices.Clone(p.tunnels)
	p.mu.Unlock()
	for _, t := range open {
		t.end(true)
	}
	return len(open)
}

// HalfClose ends one direction of every connection, behind what is on its way: the end there reads end of file, and may
// go on writing. What is sent in that direction later is lost.
func (p *Proxy) HalfClose(d Direction) (closed int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, t := range p.tunnels {
		t.ways[d].put(nil)
	}
	p.changed.Broadcast()
	return len(p.tunnels)
}

// Refuse makes attempts to connect fail with ECONNREFUSED, as where nobody listens. Connections are left alone.
func (p *Proxy) Refuse(on bool) {
	p.tb.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case on && p.listener != nil:
		p.listener.Close()
		p.listener = nil
	case !on && p.listener == nil && !p.closed:
		l, err := net.Listen("tcp", p.at)
		if err != nil {
			p.tb.Errorf("zmqtest: the Proxy to %s cannot listen: %v", p.target, err)
			return
		}
		p.listener, p.at = l, l.Addr().String()
		p.running.Go(func() { p.accept(l) })
	}
}

func (p *Proxy) accept(l net.Listener) {
	for {
		from, err := l.Accept()
		if err != nil {
			return // closed
		}
		t := &tunnel{p: p, ends: [2]net.Conn{Up: from}, done: make(chan struct{})}
		p.change(func() {
			if p.closed {
				from.Close()
				return
			}
			for d := range t.ways {
				t.ways[d] = &way{tunnel: t, d: Direction(d), cut: p.faults.cut.take(d), flip: p.faults.flip.take(d)}
			}
			p.came++
			p.tunnels = append(p.tunnels, t)
			p.running.Go(t.run)
		})
	}
}

// forget lets go of a connection that has ended.
func (p *Proxy) forget(t *tunnel) {
	t.end(false)
	p.change(func() { p.tunnels = slices.DeleteFunc(p.tunnels, func(o *tunnel) bool { return o == t }) })
}

// once is an offset in each direction, from 1, where something is to happen to the next connection; 0: nothing.
type once [2]int

// take is the offset from 0, and -1 for nothing; the connection after it gets none.
func (o *once) take(d int) (at int) {
	at, o[d] = o[d]-1, 0
	return at
}
