package monitor

import (
	"cmp"
	"math/bits"
	"strings"
	"testing"
)

func TestNumbersAreLibzmqs(t *testing.T) {
	// zmq.h and the manual page zmq_socket_monitor; PIPES_STATS is the draft's.
	for k, want := range map[Kind]uint64{
		Connected: 0x0001, ConnectDelayed: 0x0002, ConnectRetried: 0x0004, Listening: 0x0008,
		BindFailed: 0x0010, Accepted: 0x0020, AcceptFailed: 0x0040, Closed: 0x0080,
		CloseFailed: 0x0100, Disconnected: 0x0200, MonitorStopped: 0x0400,
		HandshakeFailedNoDetail: 0x0800, HandshakeSucceeded: 0x1000,
		HandshakeFailedProtocol: 0x2000, HandshakeFailedAuth: 0x4000,
		PipesStats: 0x10000, Classic: 0xFFFF, ClassicV2: 0x1FFFF,
	} {
		if uint64(k) != want {
			t.Errorf("%v is %#x, want %#x", k, uint64(k), want)
		}
	}
}

func TestOursAreNotSeenThroughClassic(t *testing.T) {
	ours := ConnectFailed | GaveUp | LocalClosed | Unbound | QueueFull | QueueDrained | Dropped |
		Subscribed | Unsubscribed | IdentityConflict | HeartbeatTimeout | Lost
	if seen := ours & ClassicV2; seen != 0 {
		t.Errorf("classic masks see %v", seen)
	}
	if n := bits.OnesCount64(uint64(ours)); n != 12 {
		t.Errorf("two of our kinds share a bit: %d bits for 12 kinds", n)
	}
}

func TestEveryKindHasANameAndAText(t *testing.T) {
	names := map[string]Kind{}
	n := 0
	for k := range Kinds() {
		n++
		name := k.String()
		if other, twice := names[name]; twice || name == "" {
			t.Errorf("%#x and %#x are both called %q", uint64(other), uint64(k), name)
		}
		names[name] = k
		if when, do := k.Explain(); when == "" || do == "" {
			t.Errorf("%v has no text: %q, %q", k, when, do)
		}
	}
	if n != 28 {
		t.Errorf("%d kinds, want 28: 16 of libzmq, 12 of ours", n)
	}
	if when, do := Kind(0x8000).Explain(); when != "" || do != "" {
		t.Errorf("an unknown kind is explained: %q, %q", when, do)
	}
}

func TestMaskText(t *testing.T) {
	for _, c := range []struct {
		text string
		mask Mask
		back string // String of mask, if not text
	}{
		{"connected", Connected, ""},
		{"connected|closed", Connected | Closed, ""},
		{" Closed , CONNECTED", Connected | Closed, "connected|closed"},
		{"classic", Classic &^ 0x8000, "-"},
		{"lifecycle|inproc", Lifecycle | Inproc, "-"},
		{"all", All, "-"},
		{"failures", Failures, "-"},
		{"flow,subs", Flow | Subs, "-"},
		{"none", 0, ""},
		{"0x20", Accepted, "accepted"},
		{"32", Accepted, "accepted"},
		{"0x8000", 0x8000, ""},
		{"closed|inproc|0x8000", Closed | Inproc | 0x8000, ""},
	} {
		got, err := ParseMask(c.text)
		if c.text == "classic" {
			got &^= 0x8000 // free in libzmq, but inside ZMQ_EVENT_ALL
		}
		if err != nil || got != c.mask {
			t.Errorf("ParseMask(%q) = %v, %v; want %v", c.text, got, err, c.mask)
		}
		if want := cmp.Or(c.back, c.text); want != "-" && got.String() != want {
			t.Errorf("%#x is %q, want %q", uint64(got), got.String(), want)
		}
	}
	for _, bad := range []string{"", " ", "|", "connected|", "conected", "-1", "0x1ffffffffffffffff"} {
		if m, err := ParseMask(bad); err == nil {
			t.Errorf("ParseMask(%q) = %v, want an error", bad, m)
		} else if !strings.Contains(err.Error(), "docs/events.md") {
			t.Errorf("ParseMask(%q): %v; want to be told where the names are", bad, err)
		}
	}
}

func FuzzParseMask(f *testing.F) {
	for _, s := range []string{"connected", "lifecycle|inproc", "all", "none", "0x20", "a,b", "|", "closed|0x8000", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m, err := ParseMask(s)
		if err != nil {
			return
		}
		back, err := ParseMask(m.String())
		if err != nil || back != m {
			t.Errorf("%q is %#x, written as %q, read back as %#x, %v", s, uint64(m), m.String(), uint64(back), err)
		}
	})
}
