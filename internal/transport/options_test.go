package transport

import (
	"net"
	"net/netip"
	"testing"
)

func TestAdmits(t *testing.T) {
	filter := []netip.Prefix{netip.MustParsePrefix("10.1.2.3/8"), netip.MustParsePrefix("192.0.2.7/32"), netip.MustParsePrefix("fe80::/10")}
	tcp := func(s string) net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(s)) }
	pipe, _ := net.Pipe()
	for _, c := range []struct {
		filter []netip.Prefix
		peer   net.Addr
		want   bool
	}{
		{nil, tcp("203.0.113.1:5"), true},
		{nil, nil, true},
		{filter, tcp("10.255.0.1:5"), true}, // bits behind the length mean nothing
		{filter, tcp("11.0.0.1:5"), false},
		{filter, tcp("192.0.2.7:5"), true},
		{filter, tcp("192.0.2.8:5"), false},
		{filter, tcp("[::ffff:10.0.0.1]:5"), true}, // an IPv4 peer of a dual-stack listener
		{filter, tcp("[fe80::1%lo]:5"), true},
		{filter, tcp("[2001:db8::1]:5"), false},
		{filter, &net.UnixAddr{Net: "unix"}, true},
		{filter, pipe.LocalAddr(), false}, // nobody knows where that is
		{filter, nil, false},
	} {
		o := Options{AcceptFilter: c.filter}
		if got := o.Admits(c.peer); got != c.want {
			t.Errorf("%v admits %v: %t", c.filter, c.peer, got)
		}
	}
}
