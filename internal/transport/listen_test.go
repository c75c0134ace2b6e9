package transport

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/glassmq/zmq/internal/endpoint"
)

// portOf is the port that the system chose; a bound endpoint without one is a bug.
func portOf(t *testing.T, bound string) string {
	t.Helper()
	port := bound[strings.LastIndexByte(bound, ':')+1:]
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
		t.Fatalf("bound as %q, without a port", bound)
	}
	return port
}

func needIPv6(t *testing.T) {
	t.Helper()
	ln, err := net.Listen("tcp6", "[::1]:0")
	if err != nil {
		t.Skipf("this machine has no IPv6 loopback: %v", err)
	}
	ln.Close()
}

func refused(t *testing.T, s string) {
	t.Helper()
	c, err := Dial(within(t, patience), connectTo(t, s), Options{}, nil)
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial %s: %v, %v; want refused", s, c, err)
	}
}

// The bound endpoint says in digits where the listener is, and who dials it comes in.
func TestListenSaysWhereItIs(t *testing.T) {
	for _, c := range []struct{ bind, prefix string }{
		{"tcp://127.0.0.1:*", "tcp://127.0.0.1:"},
		{"tcp://127.0.0.1:0", "tcp://127.0.0.1:"},
		{"tcp://127.0.0.9:*", "tcp://127.0.0.9:"},
		{"tcp://*:*", "tcp://0.0.0.0:"},
		{"tcp://localhost:*", "tcp://127.0.0.1:"},
	} {
		ln, bound := listen(t, c.bind, Options{})
		if !strings.HasPrefix(bound, c.prefix) {
			t.Errorf("%s is bound as %s", c.bind, bound)
		}
		portOf(t, bound)
		near := dial(t, bound, Options{})
		far, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if Name(near.LocalAddr()) != Name(far.RemoteAddr()) || Name(near.RemoteAddr()) != Name(far.LocalAddr()) {
			t.Errorf("%s: ends disagree: %v-%v, %v-%v", c.bind, near.LocalAddr(), near.RemoteAddr(), far.LocalAddr(), far.RemoteAddr())
		}
		far.Close()
	}
}

func TestWildcardIsIPv4AloneUnlessAsked(t *testing.T) {
	needIPv6(t)
	_, bound := listen(t, "tcp://*:*", Options{})
	refused(t, "tcp://[::1]:"+portOf(t, bound))

	ln, bound := listen(t, "tcp://*:*", Options{IPv6: true})
	if !strings.HasPrefix(bound, "tcp://[::]:") {
		t.Errorf("bound as %s; want [::]", bound)
	}
	for _, host := range []string{"127.0.0.1", "[::1]", "[::]"} {
		near := dial(t, "tcp://"+host+":"+portOf(t, bound), Options{})
		far, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if Name(far.RemoteAddr()) != Name(near.LocalAddr()) {
			t.Errorf("%s: the peer %s is named %s", host, Name(near.LocalAddr()), Name(far.RemoteAddr()))
		}
		far.Close()
	}
}

// An IPv6 address in digits needs no option, and listens for IPv6 alone.
func TestIPv6Address(t *testing.T) {
	needIPv6(t)
	_, bound := listen(t, "tcp://[::1]:*", Options{})
	dial(t, "tcp://[::1]:"+portOf(t, bound), Options{})
	refused(t, "tcp://127.0.0.1:"+portOf(t, bound))
}

func loopbackDevice(t *testing.T) net.Interface {
	t.Helper()
	devices, err := net.Interfaces()
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range devices {
		if d.Flags&net.FlagLoopback != 0 && !strings.Contains(d.Name, " ") {
			return d
		}
	}
	t.Skip("no loopback interface to bind to by name")
	return net.Interface{}
}

func TestListenOnInterface(t *testing.T) {
	device := loopbackDevice(t)
	_, bound := listen(t, "tcp://"+device.Name+":*", Options{})
	if !strings.HasPrefix(bound, "tcp://127.0.0.1:") {
		t.Errorf("%s is %s", device.Name, bound)
	}
	needIPv6(t)
	_, bound = listen(t, "tcp://"+device.Name+":*", Options{IPv6: true})
	if !strings.HasPrefix(bound, "tcp://[::1]:") {
		t.Errorf("%s with IPv6 is %s", device.Name, bound)
	}
}

// Peers look for localhost in IPv4 too, even when they have IPv6; listening there, everybody finds us.
func TestLocalhostIsIPv4(t *testing.T) {
	_, bound := listen(t, "tcp://localhost:*", Options{IPv6: true})
	if !strings.HasPrefix(bound, "tcp://127.0.0.1:") {
		t.Errorf("localhost is bound as %s", bound)
	}
}

func TestListenErrors(t *testing.T) {
	_, taken := listen(t, "tcp://127.0.0.1:*", Options{})
	for _, c := range []struct {
		bind string
		want error
		text string
	}{
		{taken, syscall.EADDRINUSE, "address already in use"},
		{"tcp://198.51.100.1:*", syscall.EADDRNOTAVAIL, ""}, // RFC 5737: an address in documents only
		{"tcp://nosuch0:5555", syscall.ENODEV, "no interface is called nosuch0 here: write one that is, an address of this machine, or *"},
		{"inproc://x", endpoint.ErrUnknownTransport, "inproc"},
	} {
		ln, bound, err := Listen(within(t, patience), bindTo(t, c.bind), Options{})
		if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) || ln != nil || bound != "" {
			t.Errorf("%s: %v, %q, %v; want %v with %q", c.bind, ln, bound, err, c.want, c.text)
		}
	}
}

func TestListenerOutlivesItsCall(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	ln, bound, err := Listen(ctx, bindTo(t, "tcp://127.0.0.1:*"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	cancel()
	dial(t, bound, Options{})
}

// A hook gets names as they are, and the wildcard as net.Listen knows it.
func TestListenHook(t *testing.T) {
	var network, address string
	o := Options{Listen: func(ctx context.Context, n, a string) (net.Listener, error) {
		network, address = n, a
		return nil, &net.OpError{Op: "listen", Net: n, Err: syscall.EADDRINUSE}
	}}
	for bind, want := range map[string]string{"tcp://hub:1": "hub:1", "tcp://*:5": "0.0.0.0:5", "tcp://[::1]:*": "[::1]:0", "tcp://eth0:*": "eth0:0"} {
		if _, _, err := Listen(t.Context(), bindTo(t, bind), o); err != syscall.EADDRINUSE || network != "tcp" || address != want {
			t.Errorf("%s: hook(%q, %q), %v; want tcp, %s", bind, network, address, err, want)
		}
	}
	o.IPv6 = true
	if Listen(t.Context(), bindTo(t, "tcp://*:*"), o); address != "[::]:0" {
		t.Errorf("wildcard with IPv6: hook(%q)", address)
	}
	o.Interface = "eth0"
	if _, _, err := Listen(t.Context(), bindTo(t, "tcp://*:*"), o); err == nil || !strings.Contains(err.Error(), `interface "eth0" does not apply`) {
		t.Errorf("an interface that no hook keeps to: %v", err)
	}
}

func TestNetworkOf(t *testing.T) {
	for addr, want := range map[string]string{"0.0.0.0": "tcp4", "127.0.0.1": "tcp4", "::": "tcp", "::1": "tcp6", "fe80::1%lo": "tcp6"} {
		if got := networkOf(netip.MustParseAddr(addr)); got != want {
			t.Errorf("%s: %s; want %s", addr, got, want)
		}
	}
}

func TestFirstOf(t *testing.T) {
	addrs := []net.Addr{&net.IPAddr{IP: net.IPv4(1, 1, 1, 1)}} // not what interfaces have
	for _, a := range []string{"fe80::1/64", "192.0.2.7/24", "192.0.2.8/24", "fe80::2/64", "2001:db8::1/64", "2001:db8::2/64"} {
		ip, network, err := net.ParseCIDR(a)
		if err != nil {
			t.Fatal(err)
		}
		network.IP = ip
		addrs = append(addrs, network)
	}
	for _, c := range []struct {
		addrs []net.Addr
		v6    bool
		want  string
	}{
		{addrs, false, "192.0.2.7"},
		{addrs, true, "2001:db8::1"},
		{addrs[:5], true, "fe80::1"}, // on the link only, but there is no other
		{addrs[:2], false, "invalid IP"},
		{nil, true, "invalid IP"},
	} {
		if got := firstOf(c.addrs, c.v6); got.String() != c.want {
			t.Errorf("IPv6 %t of %v: %v; want %s", c.v6, c.addrs, got, c.want)
		}
	}
	if zone := zoneOf(netip.MustParseAddr("fe80::1"), &net.Interface{Name: "eth0"}); zone != "eth0" {
		t.Errorf("zone %q", zone)
	}
}
