package transport

import (
	"fmt"
	"net"
	"net/netip"
	"syscall"
)

// local is the address of this machine that host means in a bind or as a source (zmq_tcp(7)): an address, the wildcard, or the name of an interface.
// The latter two mean IPv6 with v6, else IPv4. No resolver is asked, since a name that may be another machine's is no place to listen; "localhost"
// never is, so it may be written too.
func local(host string, v6 bool) (netip.Addr, error) {
	if addr, err := netip.ParseAddr(host); err == nil {
		return addr.Unmap(), nil
	}
	if host == "*" {
		if v6 {
			return netip.IPv6Unspecified(), nil
		}
		return netip.IPv4Unspecified(), nil
	}
	device, err := net.InterfaceByName(host)
	switch {
	case err == nil:
		return addressOf(device, v6)
	case host != "localhost":
		return netip.Addr{}, fmt.Errorf("no interface is called %s here: write one that is, an address of this machine, or *: %w", host, syscall.ENODEV)
	}
	return loopback(v6), nil
}

func loopback(v6 bool) netip.Addr {
	if v6 {
		return netip.IPv6Loopback()
	}
	return netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

func addressOf(device *net.Interface, v6 bool) (netip.Addr, error) {
	addrs, err := device.Addrs()
	if err != nil {
		return netip.Addr{}, err
	}
	if addr := firstOf(addrs, v6); addr.IsValid() {
		return addr.WithZone(zoneOf(addr, device)), nil
	}
	family := "IPv4"
	if v6 {
		family = "IPv6"
	}
	return netip.Addr{}, fmt.Errorf("interface %s has no %s address: %w", device.Name, family, syscall.EADDRNOTAVAIL)
}

// firstOf is the first address of the wanted family, the zero Addr if there is none. An IPv6 address that holds on its link only comes last: peers
// need a zone to dial it.
func firstOf(addrs []net.Addr, v6 bool) (onLink netip.Addr) {
	for _, a := range addrs {
		network, ok := a.(*net.IPNet) // as net documents for interfaces, but for those it cannot tell the mask of
		if !ok {
			continue
		}
		addr, _ := netip.AddrFromSlice(network.IP)
		addr = addr.Unmap()
		switch {
		case addr.Is6() != v6:
		case v6 && addr.IsLinkLocalUnicast():
			if !onLink.IsValid() {
				onLink = addr
			}
		default:
			return addr
		}
	}
	return onLink
}

func zoneOf(addr netip.Addr, device *net.Interface) string {
	if addr.Is6() && addr.IsLinkLocalUnicast() {
		return device.Name
	}
	return ""
}
