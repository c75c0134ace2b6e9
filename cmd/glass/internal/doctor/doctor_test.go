package doctor

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/listener"
	"github.com/glassmq/zmq/cmd/glass/internal/probe"
	"github.com/glassmq/zmq/monitor"
)

var (
	refused = probe.Report{Endpoint: "tcp://127.0.0.1:5559",
		Steps:    []probe.Step{{Name: "connect", Took: 140 * time.Microsecond, Err: errors.New("connection refused")}},
		Listener: &listener.View{Elsewhere: []netip.AddrPort{netip.MustParseAddrPort("127.0.0.2:5559")}},
		Failure: &monitor.Event{Kind: monitor.ConnectFailed, Endpoint: "tcp://127.0.0.1:5559", Side: monitor.SideConnect,
			Who: monitor.ByPeer, Phase: monitor.InConnect, Reason: monitor.ReasonRefused}}
	fine = probe.Report{Endpoint: "tcp://localhost:5559", Major: 3, Minor: 1, Mechanism: "NULL", Type: "PUSH",
		Steps: []probe.Step{{Name: "resolve", Took: 2 * time.Millisecond, Detail: "localhost is 127.0.0.1"},
			{Name: "connect", Took: time.Millisecond, Detail: "127.0.0.1:5559 from 127.0.0.1:40000"},
			{Name: "greeting", Took: time.Millisecond, Detail: "ZMTP 3.1"}, {Name: "mechanism", Detail: "NULL"},
			{Name: "metadata", Took: time.Millisecond, Detail: "PUSH"}, {Name: "ping", Detail: "none: a PUSH could give us messages"}},
		Listener: &listener.View{At: netip.MustParseAddrPort("0.0.0.0:5559"), Conn: listener.Conn{Known: true, Accepted: true},
			Process: &listener.Process{PID: 77, Name: "feed", Descriptors: 12, Limit: 1024}}}
)

func diagnose(r probe.Report, expect ...string) Diagnosis { return Diagnose(r, r.Verdict(expect...)) }

func TestText(t *testing.T) {
	ill, well := diagnose(refused), diagnose(fine)
	for name, c := range map[string]struct {
		d     *Diagnosis
		style Style
		want  string
	}{
		"ill": {&ill, Style{Width: 80}, `tcp://127.0.0.1:5559
  ✗ connect     connection refused (0.14 ms)
  – greeting    not asked
  – mechanism   not asked
  – handshake   not asked
  – traffic     not asked
  ✗ kernel      nobody listens at this address of this host, only at
                127.0.0.2:5559
    cause       nothing listens on tcp://127.0.0.1:5559, but on 127.0.0.2:5559
                of this host somebody does
    fix         this endpoint has the right port at the wrong address: bind to
                it, or to * for all, or connect to where it is
    side        ours or the peer's: which of them has to change cannot be told
                from here
`},
		"well": {&well, Style{}, `tcp://localhost:5559
  ✓ resolve     localhost is 127.0.0.1 (2.00 ms)
  ✓ connect     127.0.0.1:5559 from 127.0.0.1:40000 (1.00 ms)
  ✓ greeting    ZMTP 3.1 (1.00 ms)
  ✓ mechanism   NULL
  ✓ handshake   PUSH (1.00 ms)
  ✓ type        PUSH
  – traffic     a PUSH could give us messages
  ✓ kernel      process 77 (feed) listens on 0.0.0.0:5559, 12 of 1024 descriptors, 0 other peers
    fine        libzmq or compatible, ZMTP 3.1, NULL, PUSH
`},
	} {
		if got := c.style.Text(c.d); got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, c.want)
		}
		coloured := Style{Colour: true, Width: c.style.Width}.Text(c.d)
		if plain := strings.NewReplacer("\x1b[0m", "", "\x1b[1m", "", "\x1b[2m", "", "\x1b[31m", "", "\x1b[32m", "").Replace(coloured); plain != c.want || plain == coloured {
			t.Errorf("%s, coloured: %q", name, coloured)
		}
	}
}

func TestATypeThatWasNotExpected(t *testing.T) {
	d := diagnose(fine, "PUB")
	i := slices.IndexFunc(d.Checks, func(c Check) bool { return c.Name == "type" })
	if d.Well() || d.Name() != "another type" || d.Checks[i].State != Bad || d.Verdict.Class != probe.OtherType {
		t.Errorf("%+v", d)
	}
}

// What the kernel says is bad where it is the cause.
func TestTheKernel(t *testing.T) {
	at := netip.MustParseAddrPort("127.0.0.1:5559")
	for name, c := range map[string]struct {
		view  *listener.View
		state State
		words string
	}{
		"not this host":  {nil, Unrun, "not known to be on this host"},
		"nobody":         {&listener.View{}, Bad, "nobody listens on this port"},
		"full":           {&listener.View{At: at, Process: &listener.Process{PID: 7, Descriptors: 8, Limit: 8}}, Bad, "process 7 listens on 127.0.0.1:5559, 8 of 8 descriptors"},
		"stopped":        {&listener.View{At: at, Process: &listener.Process{PID: 7, Name: "x", Stopped: true}}, Bad, "process 7 (x), which is stopped, listens"},
		"not accepted":   {&listener.View{At: at, Waiting: 3, Conn: listener.Conn{Known: true}}, Bad, "may not see listens on 127.0.0.1:5559, 0 other peers, 3 connections wait to be accepted, ours is not accepted"},
		"behind, but up": {&listener.View{At: at, Conn: listener.Conn{Known: true, Accepted: true, Unread: 5}}, Good, "5 bytes of ours unread"},
		"ipc":            {&listener.View{Process: &listener.Process{PID: 7, Name: "x", Descriptors: 3, Limit: 8}}, Good, "process 7 (x) listens, 3 of 8 descriptors"},
	} {
		r := fine
		r.Listener = c.view
		d := diagnose(r)
		if got := d.Checks[len(d.Checks)-1]; got.Name != "kernel" || got.State != c.state || !strings.Contains(got.Detail, c.words) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestACourse(t *testing.T) {
	now := time.Date(2026, 11, 22, 14, 3, 5, 0, time.Local)
	var c Course
	look := func(r probe.Report, rtt time.Duration) bool {
		r.RTT = rtt
		now = now.Add(time.Second)
		return c.See(now, diagnose(r))
	}
	if look(fine, 3*time.Millisecond) || look(fine, time.Millisecond) || c.Flaps() || !c.Verdict().Well() {
		t.Error("nothing has changed")
	}
	if !look(refused, 0) || look(refused, 0) || c.Flaps() || c.Verdict().Well() {
		t.Error("it has gone")
	}
	if !look(fine, 2*time.Millisecond) || !c.Flaps() || c.Verdict().Name() != "refused" {
		t.Error("it has come back")
	}
	if c.Looks != 5 || c.Bad != 2 || c.Changed != 2 || len(c.Changes) != 2 || !c.Changes[1].Well {
		t.Errorf("%+v", c)
	}
	if got, want := (Style{}).Turn("", c.Changes[0]), "14:03:08.000 ✗ refused: nothing listens on tcp://127.0.0.1:5559"; !strings.HasPrefix(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	want := "in 5s: looks 5, bad 2, changes 2, ping 1.00 to 3.00 ms, half of them below 2.00; it flaps\n"
	if got := (Style{}).Summary(&c, 5*time.Second); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for i := range 3 * mostChanges {
		look([]probe.Report{fine, refused}[i%2], time.Millisecond)
	}
	if len(c.Changes) != mostChanges || c.Changed < 2*mostChanges {
		t.Errorf("%d changes of %d are kept", len(c.Changes), c.Changed)
	}
}
