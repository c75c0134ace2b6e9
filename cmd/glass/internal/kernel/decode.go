package kernel

import (
	"encoding/binary"
	"net/netip"
	"time"
)

// Sizes and numbers of linux/inet_diag.h and linux/rtnetlink.h (sock_diag(7)). All numbers are in the machine's order,
// ports and addresses in the network's.
const (
	msgSize  = 72 // struct inet_diag_msg
	attrSize = 4  // struct rtattr: u16 length, itself included, u16 type
	attrInfo = 2  // INET_DIAG_INFO

	familyIPv4 = 2  // AF_INET
	familyIPv6 = 10 // AF_INET6
)

// decode reads a struct inet_diag_msg and the attributes behind it.
//
//	u8 family, state, timer, retrans
//	be16 sport, dport; be32 src[4], dst[4]; u32 interface, cookie[2]
//	u32 expires, rqueue, wqueue, uid, inode
func decode(b []byte) (c Conn, ok bool) {
	if len(b) < msgSize {
		return Conn{}, false
	}
	c.State = State(b[1])
	c.Local, ok = address(b[0], b[8:24], b[4:6])
	if !ok {
		return Conn{}, false
	}
	c.Remote, _ = address(b[0], b[24:40], b[6:8])
	u32 := func(at int) uint32 { return binary.NativeEndian.Uint32(b[at:]) }
	c.RecvQ, c.SendQ, c.UID, c.Inode = u32(56), u32(60), u32(64), u32(68)
	for kind, value := range attributes(b[msgSize:]) {
		if kind == attrInfo {
			c.TCPInfo = info(value)
		}
	}
	return c, true
}

func address(family byte, addr, port []byte) (netip.AddrPort, bool) {
	var a netip.Addr
	switch family {
	case familyIPv4:
		a = netip.AddrFrom4([4]byte(addr))
	case familyIPv6:
		a = netip.AddrFrom16([16]byte(addr)).Unmap()
	default:
		return netip.AddrPort{}, false
	}
	return netip.AddrPortFrom(a, binary.BigEndian.Uint16(port)), true
}

// attributes yields each struct rtattr, as far as they are whole. They begin at multiples of four.
func attributes(b []byte) func(func(kind uint16, value []byte) bool) {
	return func(yield func(uint16, []byte) bool) {
		for len(b) >= attrSize {
			n := int(binary.NativeEndian.Uint16(b))
			if n < attrSize || n > len(b) || !yield(binary.NativeEndian.Uint16(b[2:]), b[attrSize:n]) {
				return
			}
			b = b[min((n+3)&^3, len(b)):]
		}
	}
}

// info reads as much of struct tcp_info as there is: kernels append to it.
func info(b []byte) TCPInfo {
	u8 := func(at int) uint8 {
		if at >= len(b) {
			return 0
		}
		return b[at]
	}
	u32 := func(at int) uint32 {
		if at+4 > len(b) {
			return 0
		}
		return binary.NativeEndian.Uint32(b[at:])
	}
	u64 := func(at int) uint64 {
		if at+8 > len(b) {
			return 0
		}
		return binary.NativeEndian.Uint64(b[at:])
	}
	micros := func(n uint64) time.Duration { return time.Duration(n) * time.Microsecond }
	return TCPInfo{
		Retransmits: u8(offRetransmits), Probes: u8(offProbes), Backoff: u8(offBackoff),
		RTT: micros(uint64(u32(offRTT))), RTTVar: micros(uint64(u32(offRTTVar))),
		Unacked: u32(offUnacked), TotalRetrans: u32(offTotalRetrans), SegsOut: u32(offSegsOut), NotSent: u32(offNotSent),
		DeliveryRate: u64(offDeliveryRate),
		Busy:         micros(u64(offBusy)), RwndLimited: micros(u64(offRwndLimited)), SndbufLimited: micros(u64(offSndbufLimited)),
	}
}

// Where struct tcp_info has what is read. It is part of the kernel's interface: nothing in it moves.
const (
	offRetransmits   = 2
	offProbes        = 3
	offBackoff       = 4
	offUnacked       = 24
	offRTT           = 68
	offRTTVar        = 72
	offTotalRetrans  = 100
	offSegsOut       = 136
	offNotSent       = 144
	offDeliveryRate  = 160
	offBusy          = 168
	offRwndLimited   = 176
	offSndbufLimited = 184
)
