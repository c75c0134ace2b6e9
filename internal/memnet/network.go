// Package memnet is a network in memory that breaks on request. It is for tests in virtual time: inside a testing/synctest bubble every wait is
// durable, a wait for time is a timer of the bubble, and no goroutine is started.
//
// It behaves as TCP over Linux does where a program can tell: bounded buffers, half close, bytes readable after the peer's close and after
// a reset, addresses in use, a backlog. Hosts are names, each a machine of its own: "hub:1" and "127.0.0.1:1" are different places. Only
// a listener on the wildcard ("*", "0.0.0.0", "[::]") answers for its port on every host where nobody else does.
//
// All methods are safe for concurrent use. In a bubble, make the connections and listeners inside it.
package memnet

import (
	"net"
	"strconv"
	"sync"
	"time"
)

// BufferSize is what one direction of a connection holds, in bytes, unless SetBuffer says otherwise: written, and not yet read.
const BufferSize = 64 << 10

// backlogSize is how many connections wait to be accepted before a dial has to: Linux's net.core.somaxconn since 5.4.
const backlogSize = 4096

// A Network is a set of listeners and connections. Make one with New.
type Network struct {
	mu        sync.Mutex // guards all of this and everything reached from it, down to the bytes; nobody waits while holding it
	listeners map[string]*listener
	links     map[*link]bool // the connections of which an end is open
	faults    faults
	latency   time.Duration
	buffer    int
	chosen    uint64 // addresses that were made up
	born      uint64 // connections that were made
	changed   bell   // a dial that waits should look again
}

func New() *Network {
	return &Network{listeners: map[string]*listener{}, links: map[*link]bool{}, faults: newFaults(), buffer: BufferSize}
}

// SetLatency makes whatever is sent from now on arrive d after it was sent, in order; a dial then takes 2 d. At first it is zero.
func (n *Network) SetLatency(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.latency = d
}

// SetBuffer makes each direction of the connections dialled from now on hold so many bytes.
func (n *Network) SetBuffer(bytes int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.buffer = bytes
}

// Open counts the listeners, and the connections of which at least one end is open. After a test that cleaned up, both are zero.
func (n *Network) Open() (listeners, conns int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.listeners), len(n.links)
}

// An addr is where something listens or where a connection comes from.
type addr struct{ network, name string }

func (a addr) Network() string { return a.network }
func (a addr) String() string  { return a.name }

// split gives an address its one spelling, and its host and port apart; a "unix" path has neither.
func split(network, address string) (a addr, host, port string, err error) {
	switch network {
	case "unix":
		return addr{network, address}, "", "", nil
	case "tcp":
	default:
		return a, "", "", net.UnknownNetworkError(network)
	}
	host, port, err = net.SplitHostPort(address)
	if host == "" || host == "*" {
		host = "0.0.0.0"
	}
	return addr{network, net.JoinHostPort(host, port)}, host, port, err
}

const firstPort, ports = 49152, 16384 // the dynamic ports, RFC 6335 §6

// choose makes up an address for host, one that was never made up before if host is ours ("").
func (n *Network) choose(host string) addr {
	k := n.chosen
	n.chosen++
	if host == "" { // 127.0.0.1 for 16,384 connections, then 127.0.0.2 and so on
		block := k/ports + 1
		host = net.IPv4(127, byte(block>>16), byte(block>>8), byte(block)).String()
	}
	return addr{"tcp", net.JoinHostPort(host, strconv.Itoa(int(firstPort+k%ports)))}
}

// A bell wakes everybody who waits for it. Its channel is made by who waits, so it belongs to that goroutine's bubble.
type bell struct{ c chan struct{} }

func (b *bell) ring() {
	if b.c != nil {
		close(b.c)
		b.c = nil
	}
}

// wait lets go of the network until b rings, until is there (the zero time never is), or done is closed. Things have changed when it returns, or
// not: callers look again.
func (n *Network) wait(b *bell, until time.Time, done <-chan struct{}) {
	if b.c == nil {
		b.c = make(chan struct{})
	}
	rung := b.c
	n.mu.Unlock()
	defer n.mu.Lock()
	var due <-chan time.Time
	if !until.IsZero() {
		t := time.NewTimer(time.Until(until))
		defer t.Stop()
		due = t.C
	}
	select {
	case <-rung:
	case <-due:
	case <-done:
	}
}
