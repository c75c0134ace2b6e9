package transport

import (
	"errors"
	"net"
	"strings"
	"syscall"
	"testing"
	"time"
)

// option reads an integer option of c's socket back from the kernel.
func option(t *testing.T, c any, level, name int) int {
	t.Helper()
	value, err := syscall.GetsockoptInt(FD(c), level, name)
	if err != nil {
		t.Fatalf("getsockopt %d, %d: %v", level, name, err)
	}
	return value
}

// What was asked for is in the kernel, on the connection we dialled and on the one we accepted; what was not asked for is as the kernel makes it.
func TestOptionsReachTheKernel(t *testing.T) {
	asked := Options{
		SendBuffer: 100_000, RecvBuffer: 50_000, TOS: 0x28, Priority: 3, Interface: "lo",
		KeepAlive: net.KeepAliveConfig{Enable: true, Idle: 77 * time.Second, Interval: 7 * time.Second, Count: 4},
	}
	for _, c := range []struct {
		name   string
		o      Options
		bind   string
		expect map[[2]int]int // level and option to value
	}{
		{"defaults", Options{}, "tcp://127.0.0.1:*", map[[2]int]int{
			{syscall.IPPROTO_TCP, syscall.TCP_NODELAY}: 1,
			{syscall.SOL_SOCKET, syscall.SO_KEEPALIVE}: 0,
			{syscall.IPPROTO_IP, syscall.IP_TOS}:       0,
			{syscall.SOL_SOCKET, syscall.SO_PRIORITY}:  0,
		}},
		{"asked", asked, "tcp://127.0.0.1:*", map[[2]int]int{
			{syscall.IPPROTO_TCP, syscall.TCP_NODELAY}:   1,
			{syscall.SOL_SOCKET, syscall.SO_SNDBUF}:      200_000, // socket(7): the kernel doubles it, for its own needs
			{syscall.SOL_SOCKET, syscall.SO_RCVBUF}:      100_000,
			{syscall.IPPROTO_IP, syscall.IP_TOS}:         0x28,
			{syscall.SOL_SOCKET, syscall.SO_PRIORITY}:    3,
			{syscall.SOL_SOCKET, syscall.SO_KEEPALIVE}:   1,
			{syscall.IPPROTO_TCP, syscall.TCP_KEEPIDLE}:  77,
			{syscall.IPPROTO_TCP, syscall.TCP_KEEPINTVL}: 7,
			{syscall.IPPROTO_TCP, syscall.TCP_KEEPCNT}:   4,
		}},
		{"dual stack", Options{TOS: 0x28, IPv6: true}, "tcp://*:*", map[[2]int]int{
			{syscall.IPPROTO_IPV6, syscall.IPV6_TCLASS}: 0x28,
			{syscall.IPPROTO_IP, syscall.IP_TOS}:        0x28, // for its IPv4 peers
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.o.IPv6 {
				needIPv6(t)
			}
			ln, bound := listen(t, c.bind, c.o)
			if p := option(t, ln, syscall.SOL_SOCKET, syscall.SO_PROTOCOL); p != syscall.IPPROTO_TCP {
				t.Errorf("the listener speaks protocol %d, not plain TCP", p)
			}
			near := dial(t, bound, c.o)
			far, err := ln.Accept()
			if err != nil {
				t.Fatal(err)
			}
			defer far.Close()
			for key, want := range c.expect {
				if got := option(t, near, key[0], key[1]); got != want {
					t.Errorf("dialled: level %d option %d is %d; want %d", key[0], key[1], got, want)
				}
				if got := option(t, far, key[0], key[1]); got != want {
					t.Errorf("accepted: level %d option %d is %d; want %d", key[0], key[1], got, want)
				}
			}
		})
	}
}

// An option that the kernel refuses is named, and nothing stays open.
func TestRefusedOptionIsNamed(t *testing.T) {
	_, bound := listen(t, "tcp://127.0.0.1:*", Options{})
	before := openDescriptors(t)
	o := Options{Interface: "nosuch0"}
	_, _, listening := Listen(t.Context(), bindTo(t, "tcp://127.0.0.1:*"), o)
	_, dialling := Dial(t.Context(), connectTo(t, bound), o, nil)
	for _, err := range []error{listening, dialling} {
		if !errors.Is(err, syscall.ENODEV) || !strings.Contains(err.Error(), `interface "nosuch0"`) {
			t.Errorf("%v; want no such device, and its name", err)
		}
	}
	if after := openDescriptors(t); after != before {
		t.Errorf("%d descriptors before, %d after", before, after)
	}
}

// 127.255.255.255 is the loopback network's broadcast address, to which TCP does not connect: the kernel says so at once, and sends nothing.
func TestImmediateFailureIsNeverPending(t *testing.T) {
	var w told
	_, err := Dial(t.Context(), connectTo(t, "tcp://127.255.255.255:5"), Options{}, w.pending)
	var failed *DialError
	if !errors.Is(err, syscall.ENETUNREACH) || !errors.As(err, &failed) || failed.FD < 0 || len(w) != 0 {
		t.Errorf("%v, %+v, pending %q; want unreachable at once", err, failed, w)
	}
}

// With an address of one's own and any port, the port is chosen when the peer is known, so that peers do not use up each other's.
func TestPortOfSourceIsChosenLate(t *testing.T) {
	_, bound := listen(t, "tcp://127.0.0.1:*", Options{})
	c := dial(t, "tcp://127.0.0.2:*;"+strings.TrimPrefix(bound, "tcp://"), Options{})
	const ipBindAddressNoPort = 24
	if option(t, c, syscall.IPPROTO_IP, ipBindAddressNoPort) != 1 {
		t.Error("the port was chosen at bind")
	}
}

func TestZoneID(t *testing.T) {
	lo := loopbackDevice(t)
	for zone, want := range map[string]uint32{"": 0, "7": 7, lo.Name: uint32(lo.Index)} {
		if got := zoneID(zone); got != want {
			t.Errorf("%q: %d; want %d", zone, got, want)
		}
	}
}
