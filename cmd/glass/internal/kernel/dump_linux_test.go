package kernel

import (
	"net"
	"net/netip"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The offsets are those of the structure that others read, too.
func TestOffsetsAreThoseOfTheStructure(t *testing.T) {
	var i unix.TCPInfo
	for name, c := range map[string]struct{ got, want uintptr }{
		"retransmits":    {offRetransmits, unsafe.Offsetof(i.Retransmits)},
		"probes":         {offProbes, unsafe.Offsetof(i.Probes)},
		"backoff":        {offBackoff, unsafe.Offsetof(i.Backoff)},
		"unacked":        {offUnacked, unsafe.Offsetof(i.Unacked)},
		"rtt":            {offRTT, unsafe.Offsetof(i.Rtt)},
		"rttvar":         {offRTTVar, unsafe.Offsetof(i.Rttvar)},
		"total_retrans":  {offTotalRetrans, unsafe.Offsetof(i.Total_retrans)},
		"segs_out":       {offSegsOut, unsafe.Offsetof(i.Segs_out)},
		"notsent":        {offNotSent, unsafe.Offsetof(i.Notsent_bytes)},
		"delivery_rate":  {offDeliveryRate, unsafe.Offsetof(i.Delivery_rate)},
		"busy":           {offBusy, unsafe.Offsetof(i.Busy_time)},
		"rwnd_limited":   {offRwndLimited, unsafe.Offsetof(i.Rwnd_limited)},
		"sndbuf_limited": {offSndbufLimited, unsafe.Offsetof(i.Sndbuf_limited)},
	} {
		if c.got != c.want {
			t.Errorf("%s is at %d, not %d", name, c.want, c.got)
		}
	}
}

// A peer that does not read: its end has bytes that wait, ours has time in which its window was full.
func TestTheKernelSaysWhoDoesNotRead(t *testing.T) {
	for _, at := range []string{"127.0.0.1:0", "[::1]:0"} {
		in, err := net.Listen("tcp", at)
		if err != nil {
			t.Logf("%s: %v", at, err) // a host without IPv6
			continue
		}
		defer in.Close()
		near, err := net.Dial("tcp", in.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer near.Close()
		far, err := in.Accept()
		if err != nil {
			t.Fatal(err)
		}
		defer far.Close()
		fill(t, near)
		writer, reader := find(t, near), find(t, far)
		if reader.RecvQ == 0 || writer.SendQ == 0 || writer.RwndLimited == 0 || writer.State != Established {
			t.Errorf("%s: the writer's end is %+v, the reader's %+v", at, writer, reader)
		}
		if writer.Inode == 0 || writer.RwndLimited > writer.Busy || writer.RTT == 0 {
			t.Errorf("%s: the writer's end is %+v", at, writer)
		}
	}
}

// fill writes until nothing goes out any more, for half a second.
func fill(t *testing.T, c net.Conn) {
	t.Helper()
	c.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
	b := make([]byte, 1<<20)
	for {
		if _, err := c.Write(b); err != nil {
			return
		}
	}
}

func find(t *testing.T, c net.Conn) Conn {
	t.Helper()
	all, err := Dump()
	if err != nil {
		t.Fatal(err)
	}
	local, remote := netip.MustParseAddrPort(c.LocalAddr().String()), netip.MustParseAddrPort(c.RemoteAddr().String())
	for _, found := range all {
		if found.Local == local && found.Remote == remote {
			return found
		}
	}
	t.Fatalf("%v to %v is not among %d connections", local, remote, len(all))
	return Conn{}
}
