package peer

import (
	"net"
	"net/netip"
	"sync"
)

// A crowd is the connections of a listener that are in their handshake, counted in all and by the host they come from, so
// that one host cannot keep the others out.
type crowd struct {
	mu sync.Mutex
	// mu guards:
	all int
	of  map[netip.Addr]int
}

// A seat is a connection's place in a crowd. The zero seat is in none.
type seat struct {
	in   *crowd
	host netip.Addr
}

// leave gives the seat up, if that was not done yet.
func (s *seat) leave() {
	if s.in != nil {
		s.in.out(s.host)
		s.in = nil
	}
}

// in gives a connection a seat, unless there are too many. Zero and below: no limit. What is not tcp comes from no host.
func (c *crowd) in(from net.Addr, most, mostOfOne int) (_ seat, full error) {
	host := hostOf(from)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case most > 0 && c.all >= most:
		return seat{}, errTooMany
	case mostOfOne > 0 && host.IsValid() && c.of[host] >= mostOfOne:
		return seat{}, errTooManyOfOne
	}
	c.all++
	if host.IsValid() {
		if c.of == nil {
			c.of = map[netip.Addr]int{}
		}
		c.of[host]++
	}
	return seat{c, host}, nil
}

func (c *crowd) out(host netip.Addr) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	switch n := c.of[host]; {
	case n > 1:
		c.of[host] = n - 1
	case n == 1:
		delete(c.of, host)
	}
}

// hostOf is who a connection comes from: of IPv6 the network, for a host has all of its addresses (RFC 4291, 2.5.4).
func hostOf(from net.Addr) netip.Addr {
	tcp, ok := from.(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	host := tcp.AddrPort().Addr().Unmap()
	if network, err := host.WithZone("").Prefix(64); err == nil && host.Is6() {
		return network.Addr()
	}
	return host
}
