package memnet

import (
	"cmp"
	"maps"
	"net"
	"slices"
	"time"
)

// An address in the methods below is one that is dialled or one that is listened on: naming a listener's names all who come to it. It is "HOST:PORT"
// or a path, and nobody need be there yet.

// faults are what is wrong with addresses, as dialled or as listened on. Network.mu guards them.
type faults struct {
	refused, holes map[string]bool
	cuts, flips    map[string]int64 // of the next connection
}

func newFaults() faults {
	return faults{map[string]bool{}, map[string]bool{}, map[string]int64{}, map[string]int64{}}
}

func (f *faults) refuses(keys [2]string) bool { return f.refused[keys[0]] || f.refused[keys[1]] }

func (f *faults) swallows(keys [2]string) bool { return f.holes[keys[0]] || f.holes[keys[1]] }

// infect gives a new connection what was kept for the next one.
func (f *faults) infect(k *link) {
	s := k.client.out
	for _, key := range k.keys {
		if at, ok := f.flips[key]; ok {
			s.flip = at
			delete(f.flips, key)
		}
		if at, ok := f.cuts[key]; ok {
			s.cut = at
			delete(f.cuts, key)
		}
	}
	if s.cut == 0 {
		k.client.die(time.Now())
	}
}

// key is the spelling under which Dial and Listen know an address.
func key(address string) string {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return address // a path
	}
	a, _, _, _ := split("tcp", address)
	return a.name
}

// links are the connections of an address, oldest first, so that what a test tells does not hang on the order of a map.
func (n *Network) linksOf(key string) []*link {
	all := slices.SortedFunc(maps.Keys(n.links), func(a, b *link) int { return cmp.Compare(a.serial, b.serial) })
	return slices.DeleteFunc(all, func(k *link) bool { return k.keys[0] != key && k.keys[1] != key })
}

// Refuse makes dials fail with syscall.ECONNREFUSED although somebody listens. Connections are left alone.
func (n *Network) Refuse(address string, on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults.refused[key(address)] = on
}

// BlackHole makes nothing arrive and nothing fail: dials wait, bytes and ends on their way stay there, writes go on until the buffer is full.
// Only what has arrived can be read. When the hole goes, all that it held arrives after the latency, as TCP's retransmissions would.
func (n *Network) BlackHole(address string, on bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults.holes[key(address)] = on
	now := time.Now()
	for _, k := range n.linksOf(key(address)) {
		if hole := n.faults.swallows(k.keys); hole != k.hole {
			k.hole = hole
			k.client.held(hole, now)
			k.server.held(hole, now)
		}
	}
	n.changed.ring()
}

// held is BlackHole as it befalls what is on its way to c.
func (c *conn) held(hole bool, now time.Time) {
	if hole {
		c.in.hold(now)
	} else {
		c.in.release(now, now.Add(c.net.latency))
	}
	c.changed.ring()
}

// Reset kills every connection now, and says how many that were. Both ends read what has arrived and then syscall.ECONNRESET, which writing gives
// at once; what was on its way is gone.
func (n *Network) Reset(address string) (cut int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := time.Now()
	for _, k := range n.linksOf(key(address)) {
		lived := false
		for _, c := range []*conn{k.client, k.server} {
			c.in.arrive(now)
			lived = c.reset() || lived
		}
		if lived {
			cut++
		}
	}
	return cut
}

// CutAfter makes the next connection die after so many bytes from the dialling end: the other end reads exactly these and then
// syscall.ECONNRESET; the dialling end is reset too. The Write that crosses the line succeeds, for a kernel knows no better. Zero is a
// connection that is dead on arrival. A later call replaces one that met no connection; a negative count takes it back.
func (n *Network) CutAfter(address string, bytes int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults.cuts[key(address)] = int64(bytes)
}

// Corrupt makes the next connection turn over all bits of one byte from the dialling end, the one at that offset, from 0. A later call replaces one
// that met no connection; a negative offset takes it back.
func (n *Network) Corrupt(address string, at int) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.faults.flips[key(address)] = int64(at)
}
