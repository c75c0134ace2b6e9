package transport

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq/internal/endpoint"
)

// told collects what Dial reports as pending.
type told []string

func (w *told) pending(remote string, errno syscall.Errno) {
	*w = append(*w, fmt.Sprintf("%s %v", remote, error(errno)))
}

// want: on Linux every connect over loopback is pending first; elsewhere one may be answered at once, but none that was pending goes untold twice.
func (w told) want(t *testing.T, remotes ...string) {
	t.Helper()
	if runtime.GOOS != "linux" && len(w) < len(remotes) {
		return
	}
	var all told
	for _, r := range remotes {
		all.pending(r, syscall.EINPROGRESS)
	}
	if fmt.Sprint(w) != fmt.Sprint(all) {
		t.Errorf("pending: %q; want %q", w, all)
	}
}

// nobody is an endpoint that nobody listens on: its port was the system's choice a moment ago, and systems do not choose the same again soon.
func nobody(t *testing.T, host string) string {
	t.Helper()
	ln, bound, err := Listen(t.Context(), bindTo(t, "tcp://"+host+":*"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	ln.Close()
	return bound
}

func TestDialReportsItsOwnConnect(t *testing.T) {
	_, bound := listen(t, "tcp://127.0.0.1:*", Options{})
	var w told
	c, err := Dial(within(t, patience), connectTo(t, bound), Options{}, w.pending)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	w.want(t, bound)
	if FD(c) < 0 || Name(c.RemoteAddr()) != bound {
		t.Errorf("connected to %s over descriptor %d; want %s over one", Name(c.RemoteAddr()), FD(c), bound)
	}
}

// The bytes go through: the descriptor on which we connected ourselves is net's like any other.
func TestDialledConnectionWorks(t *testing.T) {
	ln, bound := listen(t, "tcp://127.0.0.1:*", Options{})
	near := dial(t, bound, Options{})
	far, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	near.SetDeadline(time.Now().Add(patience))
	if _, err := near.Write([]byte("ping")); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 4)
	if _, err := far.Read(b); err != nil || string(b) != "ping" {
		t.Fatalf("read %q, %v", b, err)
	}
	far.Close()
	if n, err := near.Read(b); n != 0 || err == nil {
		t.Errorf("read %d bytes after the peer's close", n)
	}
}

func TestRefused(t *testing.T) {
	gone := nobody(t, "127.0.0.1")
	var w told
	c, err := Dial(within(t, patience), connectTo(t, gone), Options{}, w.pending)
	var failed *DialError
	if c != nil || !errors.Is(err, syscall.ECONNREFUSED) || !errors.As(err, &failed) {
		t.Fatalf("%v, %v; want a *DialError that says refused", c, err)
	}
	w.want(t, gone)
	if failed.Remote != gone || failed.FD < 0 || err.Error() != gone+": connection refused" {
		t.Errorf("%+v, %q; want %s and a descriptor", failed, err, gone)
	}
}

// blackHole is a listener whose backlog is full: the kernel answers no further peer. It returns the listener's endpoint.
func blackHole(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("only Linux is known to stay silent when a backlog is full")
	}
	_, bound := listen(t, "tcp://127.0.0.1:*", Options{Backlog: 1})
	for range 4 {
		c, err := Dial(within(t, 300*time.Millisecond), connectTo(t, bound), Options{}, nil)
		if err != nil {
			return bound
		}
		t.Cleanup(func() { c.Close() })
	}
	t.Fatal("a backlog of 1 took four connections")
	return ""
}

func TestBlackHoleEndsWithTheContext(t *testing.T) {
	hole := blackHole(t)
	var w told
	before := openDescriptors(t)
	_, err := Dial(within(t, 50*time.Millisecond), connectTo(t, hole), Options{}, w.pending)
	var failed *DialError
	if !errors.Is(err, os.ErrDeadlineExceeded) || !errors.As(err, &failed) || failed.FD < 0 || failed.Remote != hole {
		t.Errorf("deadline: %v, %+v; want a *DialError for %s that says so", err, failed, hole)
	}
	w.want(t, hole)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err = Dial(ctx, connectTo(t, hole), Options{}, func(string, syscall.Errno) { cancel() })
	if !errors.Is(err, context.Canceled) || !errors.As(err, &failed) || failed.FD < 0 {
		t.Errorf("cancelled while pending: %v", err)
	}
	if after := openDescriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// openDescriptors is how many files this process has open; -1 where that cannot be known.
func openDescriptors(t *testing.T) int {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return -1
	}
	return len(entries)
}

func TestDoneContextDialsNobody(t *testing.T) {
	ln, bound := listen(t, "tcp://127.0.0.1:*", Options{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var w told
	_, err := Dial(ctx, connectTo(t, bound), Options{}, w.pending)
	var failed *DialError
	if !errors.Is(err, context.Canceled) || !errors.As(err, &failed) || failed.FD != -1 || len(w) != 0 {
		t.Errorf("%v, %+v, pending %q; want cancelled before anything", err, failed, w)
	}
	ln.(*net.TCPListener).SetDeadline(time.Now().Add(20 * time.Millisecond))
	if c, err := ln.Accept(); err == nil {
		t.Errorf("%v came in", c.RemoteAddr())
	}
}

// finding is a resolver that knows these addresses, and counts.
func finding(calls *int, addrs ...string) Options {
	return Options{lookup: func(_ context.Context, network, host string) (found []netip.Addr, err error) {
		*calls++
		for _, a := range addrs {
			if addr := netip.MustParseAddr(a); network == "ip" || addr.Unmap().Is4() {
				found = append(found, addr)
			}
		}
		return found, nil
	}}
}

func TestEveryAddressIsTriedInOrder(t *testing.T) {
	_, bound := listen(t, "tcp://127.0.0.1:*", Options{})
	port := portOf(t, bound)
	calls := 0
	o := finding(&calls, "127.0.0.3", "::ffff:127.0.0.2", "127.0.0.1", "127.0.0.4")
	for attempt := 1; attempt <= 2; attempt++ {
		var w told
		c, err := Dial(within(t, patience), connectTo(t, "tcp://hub:"+port), o, w.pending)
		if err != nil {
			t.Fatal(err)
		}
		c.Close()
		w.want(t, "tcp://127.0.0.3:"+port, "tcp://127.0.0.2:"+port, bound)
		if calls != attempt {
			t.Errorf("%d dials asked the resolver %d times", attempt, calls)
		}
	}
}

// Two addresses are dead in different ways: whichever comes first, the error is the one that tells more, with its own address and descriptor.
func TestMostTellingError(t *testing.T) {
	gone := nobody(t, "127.0.0.1")
	port := portOf(t, gone)
	calls := 0
	for _, order := range [][]string{{"127.0.0.1", "::1"}, {"::1", "127.0.0.1"}} {
		o := finding(&calls, order...)
		o.IPv6 = true
		// The source is IPv4, so the IPv6 address cannot be dialled at all.
		_, err := Dial(within(t, patience), connectTo(t, "tcp://127.0.0.1:*;hub:"+port), o, nil)
		var failed *DialError
		if !errors.As(err, &failed) || !errors.Is(err, syscall.ECONNREFUSED) || failed.Remote != gone || failed.FD < 0 {
			t.Errorf("%v: %v, %+v; want refused by %s", order, err, failed, gone)
		}
	}
}

func TestSilentAddressLeavesTimeForTheNext(t *testing.T) {
	hole := blackHole(t)
	_, port, _ := strings.Cut(strings.TrimPrefix(hole, "tcp://"), ":")
	ln, _ := listen(t, "tcp://127.0.0.5:"+port, Options{})
	calls := 0
	o := finding(&calls, "127.0.0.1", "127.0.0.5")
	c, err := Dial(within(t, 4*time.Second), connectTo(t, "tcp://hub:"+port), o, nil)
	if err != nil {
		t.Fatalf("%v; want the second address", err)
	}
	defer c.Close()
	if Name(c.RemoteAddr()) != Name(ln.Addr()) {
		t.Errorf("connected to %s", Name(c.RemoteAddr()))
	}
}

// Once cancelled, that is the error, though an earlier address had said something that tells more.
func TestCancelledBetweenAddresses(t *testing.T) {
	hole := blackHole(t)
	calls, tried := 0, 0
	o := finding(&calls, "127.0.0.3", "127.0.0.1", "127.0.0.4")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := Dial(ctx, connectTo(t, "tcp://hub:"+portOf(t, hole)), o, func(remote string, _ syscall.Errno) {
		if tried++; remote == hole {
			cancel()
		}
	})
	if !errors.Is(err, context.Canceled) || errors.Is(err, syscall.ECONNREFUSED) || tried != 2 {
		t.Errorf("%v after %d addresses; want cancelled at the second", err, tried)
	}
}

// What Bind returns for a wildcard can be dialled on this machine, under the name it then has.
func TestWildcardIsDialledAsLoopback(t *testing.T) {
	_, bound := listen(t, "tcp://*:*", Options{})
	var w told
	c, err := Dial(within(t, patience), connectTo(t, bound), Options{}, w.pending)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
	w.want(t, "tcp://127.0.0.1:"+portOf(t, bound))
}

func TestShareOf(t *testing.T) {
	for _, c := range []struct {
		left  time.Duration
		addrs int
		want  time.Duration
	}{
		{30 * time.Second, 3, 10 * time.Second},
		{30 * time.Second, 1, 30 * time.Second},
		{3 * time.Second, 3, 2 * time.Second},
		{time.Second, 3, time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), c.left)
			defer cancel()
			share, end := shareOf(ctx, c.addrs)
			defer end()
			start := time.Now()
			<-share.Done()
			if got := time.Since(start); got != c.want {
				t.Errorf("of %v for %d addresses the first has %v; want %v", c.left, c.addrs, got, c.want)
			}
		})
	}
	if share, _ := shareOf(t.Context(), 3); share != t.Context() {
		t.Error("without a deadline there is something to share")
	}
}

func TestNamesMeanIPv4UnlessAsked(t *testing.T) {
	needIPv6(t)
	_, bound := listen(t, "tcp://[::1]:*", Options{})
	calls := 0
	o := finding(&calls, "::1", "127.0.0.1")
	to := connectTo(t, "tcp://hub:"+portOf(t, bound))
	if _, err := Dial(within(t, patience), to, o, nil); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("without IPv6: %v; want the IPv4 address tried alone, and refused", err)
	}
	o.IPv6 = true
	c, err := Dial(within(t, patience), to, o, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Close()
}

func TestResolveError(t *testing.T) {
	o := Options{lookup: func(_ context.Context, _, host string) ([]netip.Addr, error) {
		return nil, &net.DNSError{Err: "no such host", Name: host, Server: "192.0.2.53:53", IsNotFound: true}
	}}
	_, err := Dial(t.Context(), connectTo(t, "tcp://nowhere.invalid:5"), o, nil)
	var failed *ResolveError
	if !errors.As(err, &failed) || failed.Host != "nowhere.invalid" || err.Error() != "resolve nowhere.invalid: no such host" {
		t.Errorf("%v", err)
	}
	if dns := new(net.DNSError); !errors.As(err, &dns) || !dns.IsNotFound {
		t.Errorf("%v has lost the resolver's error", err)
	}

	ctx, cancel := context.WithCancel(t.Context())
	o.lookup = func(ctx context.Context, _, host string) ([]netip.Addr, error) {
		cancel()
		return nil, &net.DNSError{Err: "operation was canceled", UnwrapErr: ctx.Err(), Name: host}
	}
	if _, err := Dial(ctx, connectTo(t, "tcp://slow:5"), o, nil); !errors.As(err, &failed) || !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled while resolving: %v", err)
	}
}

// A hook that looks names up by itself, as a net.Dialer with a Resolver does, fails as ours would.
func TestResolveErrorOfAHook(t *testing.T) {
	o := Options{Dial: func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "nowhere.invalid", IsNotFound: true}}
	}}
	_, err := Dial(t.Context(), connectTo(t, "tcp://nowhere.invalid:5"), o, nil)
	var failed *ResolveError
	if !errors.As(err, &failed) || failed.Host != "nowhere.invalid" || err.Error() != "resolve nowhere.invalid: no such host" {
		t.Errorf("%v", err)
	}
}

func TestSystemResolverKnowsLocalhost(t *testing.T) {
	if _, err := net.LookupHost("localhost"); err != nil {
		t.Skipf("this machine does not know localhost: %v", err)
	}
	_, bound := listen(t, "tcp://127.0.0.1:*", Options{})
	dial(t, "tcp://localhost:"+portOf(t, bound), Options{})
}

func TestSourceAddress(t *testing.T) {
	if runtime.GOOS != "linux" && runtime.GOOS != "windows" {
		t.Skip("127.0.0.2 is no address of this machine")
	}
	ln, bound := listen(t, "tcp://127.0.0.1:*", Options{})
	fixed := portOf(t, nobody(t, "127.0.0.2"))
	for _, c := range []struct{ source, prefix string }{
		{"127.0.0.2:*", "tcp://127.0.0.2:"},
		{"127.0.0.2:0", "tcp://127.0.0.2:"},
		{"localhost:*", "tcp://127.0.0.1:"},
		{"*:*", "tcp://127.0.0.1:"},
		{"127.0.0.2:" + fixed, "tcp://127.0.0.2:" + fixed},
		{"127.0.0.2:" + fixed, "tcp://127.0.0.2:" + fixed}, // again at once, though the one before is in TIME_WAIT
		{loopbackDevice(t).Name + ":*", "tcp://127.0.0.1:"},
	} {
		var w told
		near, err := Dial(within(t, patience), connectTo(t, "tcp://"+c.source+";"+strings.TrimPrefix(bound, "tcp://")), Options{}, w.pending)
		if err != nil {
			t.Fatalf("from %s: %v", c.source, err)
		}
		w.want(t, bound)
		far, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		if name := Name(far.RemoteAddr()); !strings.HasPrefix(name, c.prefix) {
			t.Errorf("from %s: came from %s", c.source, name)
		}
		near.Close() // first, so that TIME_WAIT is this side's
		far.Close()
	}
}

func TestSourceErrors(t *testing.T) {
	needIPv6(t)
	_, bound := listen(t, "tcp://127.0.0.1:*", Options{})
	to := ";" + strings.TrimPrefix(bound, "tcp://")
	for source, want := range map[string]error{
		"nosuch0:*":      syscall.ENODEV,
		"[::1]:*":        syscall.EAFNOSUPPORT,
		"198.51.100.1:*": syscall.EADDRNOTAVAIL, // RFC 5737
	} {
		if c, err := Dial(within(t, patience), connectTo(t, "tcp://"+source+to), Options{}, nil); !errors.Is(err, want) {
			t.Errorf("from %s: %v, %v; want %v", source, c, err, want)
		}
	}
}

func TestSelfConnectIsRefused(t *testing.T) {
	gone := strings.TrimPrefix(nobody(t, "127.0.0.1"), "tcp://")
	c, err := Dial(within(t, patience), connectTo(t, "tcp://"+gone+";"+gone), Options{}, nil)
	if c != nil || !errors.Is(err, ErrSelfConnect) {
		t.Fatalf("%v, %v; want ErrSelfConnect", c, err)
	}
	// From the wildcard it is the same socket in the end, and only the connection shows it. net tries again twice, which is nobody's business.
	// Whether those two can have the port again is the system's.
	var w told
	c, err = Dial(within(t, patience), connectTo(t, "tcp://*:"+gone[strings.IndexByte(gone, ':')+1:]+";"+gone), Options{}, w.pending)
	if c != nil || err == nil {
		t.Fatalf("%v, %v; want an error", c, err)
	}
	w.want(t, "tcp://"+gone)
}

func TestInprocIsNotDialledHere(t *testing.T) {
	if _, err := Dial(t.Context(), connectTo(t, "inproc://x"), Options{}, nil); !errors.Is(err, endpoint.ErrUnknownTransport) {
		t.Error(err)
	}
}

// A hook gets the name unresolved; its connection comes back as it is, its error as a *DialError without a descriptor.
func TestDialHook(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	var network, address string
	var fail error
	o := Options{
		Dial: func(_ context.Context, n, a string) (net.Conn, error) {
			network, address = n, a
			if fail != nil {
				return nil, fail
			}
			return near, nil
		},
		lookup: func(context.Context, string, string) ([]netip.Addr, error) {
			t.Error("a hook's name was resolved")
			return nil, nil
		},
	}
	var w told
	c, err := Dial(t.Context(), connectTo(t, "tcp://hub:1"), o, w.pending)
	if c != near || err != nil || network != "tcp" || address != "hub:1" || len(w) != 0 {
		t.Errorf("%v, %v from hook(%q, %q), pending %q", c, err, network, address, w)
	}

	fail = &net.OpError{Op: "dial", Err: os.NewSyscallError("connect", syscall.ECONNREFUSED)}
	_, err = Dial(t.Context(), connectTo(t, "tcp://[::1]:1"), o, nil)
	var failed *DialError
	if !errors.As(err, &failed) || failed.Remote != "tcp://[::1]:1" || failed.FD != -1 || failed.Err != syscall.ECONNREFUSED || address != "[::1]:1" {
		t.Errorf("hook(%q): %v, %+v", address, err, failed)
	}

	for s, o := range map[string]Options{
		"tcp://a:*;hub:1": o,
		"tcp://hub:1":     {Dial: o.Dial, Interface: "eth0"},
	} {
		if _, err := Dial(t.Context(), connectTo(t, s), o, nil); err == nil || !strings.Contains(err.Error(), "does not apply") {
			t.Errorf("%s, interface %q: %v; want an error, for the hook knows nothing of it", s, o.Interface, err)
		}
	}
}
