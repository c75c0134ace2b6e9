package kernel

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"
)

// message is a connection as the kernel sends it, with a header, and a tcp_info of so many bytes.
func message(seq uint32, typ uint16, family byte, infoSize int) []byte {
	b := make([]byte, 16+msgSize)
	body := b[16:]
	body[0], body[1] = family, byte(Established)
	binary.BigEndian.PutUint16(body[4:], 5556)
	binary.BigEndian.PutUint16(body[6:], 41234)
	copy(body[8:], []byte{10, 0, 0, 1})
	copy(body[24:], []byte{10, 0, 0, 9})
	if family == familyIPv6 {
		copy(body[8:], netip.MustParseAddr("fe80::1").AsSlice())
		copy(body[24:], netip.MustParseAddr("::ffff:10.0.0.9").AsSlice())
	}
	for i, n := range []uint32{0, 11, 22, 1000, 77} {
		binary.NativeEndian.PutUint32(body[52+4*i:], n)
	}
	if infoSize > 0 {
		attr := make([]byte, attrSize+infoSize)
		binary.NativeEndian.PutUint16(attr, uint16(len(attr)))
		binary.NativeEndian.PutUint16(attr[2:], attrInfo)
		full := make([]byte, 248)
		full[offProbes] = 3
		binary.NativeEndian.PutUint32(full[offRTT:], 1500)
		binary.NativeEndian.PutUint64(full[offRwndLimited:], 2_000_000)
		copy(attr[attrSize:], full)
		b = append(append(b, attr...), 0, 0, 0)[:len(b)+(len(attr)+3)&^3]
	}
	binary.NativeEndian.PutUint32(b, uint32(len(b)))
	binary.NativeEndian.PutUint16(b[4:], typ)
	binary.NativeEndian.PutUint32(b[8:], seq)
	return b
}

func TestAConnectionIsReadAsTheKernelSendsIt(t *testing.T) {
	want := Conn{
		Local: netip.MustParseAddrPort("10.0.0.1:5556"), Remote: netip.MustParseAddrPort("10.0.0.9:41234"),
		State: Established, RecvQ: 11, SendQ: 22, UID: 1000, Inode: 77,
		TCPInfo: TCPInfo{Probes: 3, RTT: 1500 * time.Microsecond, RwndLimited: 2 * time.Second},
	}
	all := append(message(7, sockDiagType, familyIPv4, 248), message(7, sockDiagType, familyIPv6, 0)...)
	got, done, err := parse(append(all, message(7, typeDone, 0, 0)...), 7, nil)
	if err != nil || !done || len(got) != 2 || !reflect.DeepEqual(got[0], want) {
		t.Fatalf("got %+v, %v, %v\nwant %+v", got, done, err, want)
	}
	if got[1].Local.String() != "[fe80::1]:5556" || got[1].Remote != want.Remote {
		t.Errorf("over IPv6: %v and %v; an IPv4 address in its IPv6 form is an IPv4 address", got[1].Local, got[1].Remote)
	}
}

// An older kernel's tcp_info is shorter: what it has is read.
func TestAShorterInfoIsReadAsFarAsItGoes(t *testing.T) {
	for _, size := range []int{1, 4, 70, 72, 104, 183, 248} {
		c, ok := decode(message(1, sockDiagType, familyIPv4, size)[16:])
		if !ok || c.Inode != 77 {
			t.Fatalf("%d bytes: %+v, %v", size, c, ok)
		}
		if (c.Probes == 3) != (size >= 4) || (c.RTT != 0) != (size >= 72) || (c.RwndLimited != 0) != (size >= 184) {
			t.Errorf("%d bytes: read %+v", size, c.TCPInfo)
		}
	}
}

func TestWhatIsNoAnswerIsRefusedOrPassedOver(t *testing.T) {
	refused := message(1, typeError, 0, 0)
	no := -int32(syscall.EPERM)
	binary.NativeEndian.PutUint32(refused[16:], uint32(no))
	if _, done, err := parse(refused, 1, nil); !done || err != syscall.EPERM {
		t.Errorf("a refusal: %v, %v", done, err)
	}
	long := message(1, sockDiagType, familyIPv4, 0)
	binary.NativeEndian.PutUint32(long, uint32(len(long)+1))
	if _, _, err := parse(long, 1, nil); err == nil || !strings.Contains(err.Error(), "longer") {
		t.Errorf("a length beyond the end: %v", err)
	}
	if got, done, err := parse(message(2, sockDiagType, familyIPv4, 0), 1, nil); len(got) > 0 || done || err != nil {
		t.Errorf("the answer to another question: %v, %v, %v", got, done, err)
	}
	if got, _, _ := parse(message(1, sockDiagType, 3, 0), 1, nil); len(got) > 0 {
		t.Errorf("another family: %v", got)
	}
	full := make([]Conn, MaxConns)
	if got, done, err := parse(message(1, sockDiagType, familyIPv4, 0), 1, full); len(got) != MaxConns || !done || err == nil {
		t.Errorf("beyond the bound: %d, %v, %v", len(got), done, err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(message(1, sockDiagType, familyIPv4, 248), uint32(1))
	f.Add(message(1, sockDiagType, familyIPv6, 3), uint32(1))
	f.Add(bytes.Repeat(message(1, typeDone, 0, 0), 3), uint32(1))
	f.Add(message(1, typeError, 0, 0)[:18], uint32(1))
	f.Fuzz(func(t *testing.T, b []byte, seq uint32) {
		got, _, _ := parse(b, seq, nil)
		if len(got)*(16+msgSize) > len(b) {
			t.Fatalf("%d connections out of %d bytes", len(got), len(b))
		}
	})
}

const sockDiagType = 20
