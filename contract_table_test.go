package zmq_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// The table of the contract: what becomes of a message, by the type that sends it and by what its peers are doing.

// An outcome is one cell.
type outcome string

const (
	waits       outcome = "waits"       // Send(NoWait) says ErrWouldBlock; Send waits, and goes on when it can
	passes      outcome = "passes"      // another peer takes it
	drops       outcome = "drops"       // it is dropped, and counted
	nothing     outcome = "nothing"     // nobody wanted it: that is no loss
	unreachable outcome = "unreachable" // ErrHostUnreachable, at once
	state       outcome = "state"       // ErrState, at once
	never       outcome = ""            // it cannot be
)

// A row is a type and its peers.
type row struct {
	name         string
	ours, theirs zmq.Type
	config       func(*zmq.Config)

	nobody outcome // has come yet
	slow   outcome // one of two peers is full, and the message may go to it
	full   outcome // the only peer is full
	gone   outcome // the only peer has left
}

var contract = []row{ //                                            nobody       slow    full   gone
	{"PUSH", zmq.PUSH, zmq.PULL, nil /*                          */, waits, passes, waits, waits},
	{"DEALER", zmq.DEALER, zmq.DEALER, nil /*                    */, waits, passes, waits, waits},
	{"PAIR", zmq.PAIR, zmq.PAIR, nil /*                          */, waits, never, waits, waits},
	{"REQ", zmq.REQ, zmq.ROUTER, nil /*                          */, waits, never, never, waits},
	{"REP", zmq.REP, zmq.DEALER, nil /*                          */, state, drops, drops, drops},
	{"ROUTER", zmq.ROUTER, zmq.DEALER, nil /*                    */, drops, drops, drops, drops},
	{"ROUTER mandatory", zmq.ROUTER, zmq.DEALER, mandatory /*    */, unreachable, waits, waits, unreachable},
	{"STREAM", zmq.STREAM, zmq.STREAM, nil /*                    */, unreachable, waits, waits, unreachable},
	{"PUB", zmq.PUB, zmq.SUB, nil /*                             */, nothing, drops, drops, nothing},
	{"PUB no-drop", zmq.PUB, zmq.SUB, noDrop /*                  */, nothing, waits, waits, nothing},
	{"XPUB", zmq.XPUB, zmq.XSUB, nil /*                          */, nothing, drops, drops, nothing},
	{"XPUB no-drop", zmq.XPUB, zmq.XSUB, noDrop /*               */, nothing, waits, waits, nothing},
	{"XSUB", zmq.XSUB, zmq.XPUB, nil /*                          */, nothing, never, never, nothing}, // TestXSubDropsAtTheMark
}

func mandatory(c *zmq.Config) { c.RouterMandatory = true }
func noDrop(c *zmq.Config)    { c.XPubNoDrop = true }

// Each cell, over each transport, and over a network in memory in virtual time.
func TestContractTable(t *testing.T) {
	for _, r := range contract {
		for condition, want := range map[string]outcome{"nobody": r.nobody, "slow": r.slow, "full": r.full, "gone": r.gone} {
			if want == never {
				continue
			}
			name := r.name + "/" + condition + "/"
			for transport, endpoint := range map[string]string{"tcp": "tcp://127.0.0.1:*", "ipc": "ipc://*", "inproc": "inproc://here"} {
				if r.ours == zmq.STREAM && transport != "tcp" {
					continue
				}
				t.Run(name+transport, func(t *testing.T) {
					t.Parallel()
					full := false
					for tries := 0; !full && (tries == 0 || transport != "inproc" && tries < 5); tries++ { // kernels move their limits
						full = newCase(t, r, newContext(t), endpoint).run(condition, want)
					}
					if !full {
						t.Error("a full queue took a message")
					}
				})
			}
			t.Run(name+"memory", func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					if !newCase(t, r, zmqtest.NewNetwork().Context(t), "tcp://hub:1").run(condition, want) {
						t.Error("a full queue took a message")
					}
				})
			})
		}
	}
}

// A testCase is one cell at work.
type testCase struct {
	t      *testing.T
	row    row
	ours   zmq.Sender
	bound  string
	guests int
}

// A guest is a peer of ours, and what we know it by.
type guest struct {
	zmq.Socket
	name string
}

func newCase(t *testing.T, r row, x *zmq.Context, endpoint string) *testCase {
	cfg := zmq.Config{Context: x, SendHWM: 2, SendBuffer: 4096, StreamSilent: r.ours == zmq.STREAM}
	if r.config != nil {
		r.config(&cfg)
	}
	s, err := zmq.New(r.ours, cfg)
	must(t, err)
	c := &testCase{t: t, row: r, ours: s.(zmq.Sender)}
	c.bound = bindTo(t, s, endpoint)
	return c
}

// come lets a peer come; it reads slowly, if at all.
func (c *testCase) come(name string) *guest {
	c.t.Helper()
	cfg := zmq.Config{Context: c.ours.Config().Context, RecvHWM: 2, RecvBuffer: 4096, StreamSilent: c.row.theirs == zmq.STREAM}
	switch c.row.theirs {
	case zmq.SUB, zmq.XSUB:
		cfg.Subscribe = []string{""}
	case zmq.DEALER:
		cfg.RoutingID = name
	}
	s, err := zmq.New(c.row.theirs, cfg)
	must(c.t, err)
	if stream, ok := s.(*zmq.Stream); ok { // we know it by what it says first
		must(c.t, stream.ConnectAs(c.bound, "ours"))
		send(c.t, stream, "ours", "hi")
		m, err := c.ours.(zmq.Receiver).Recv(within(c.t))
		must(c.t, err)
		name = string(m.Frame(0))
	} else {
		connect(c.t, s, c.bound)
	}
	c.guests++
	ready(c.t, c.ours, c.guests)
	return &guest{s, name}
}

// leave lets it go, and waits until we have heard.
func (c *testCase) leave(g *guest) {
	c.t.Helper()
	w := c.ours.Watch(monitor.Disconnected | monitor.Inproc)
	must(c.t, g.Shutdown(within(c.t)))
	heard(c.t, w, 1)
	c.guests--
}

// ask makes it a REP's turn.
func (c *testCase) ask(g *guest) {
	if rep, ok := c.ours.(*zmq.Rep); ok && g != nil {
		c.t.Helper()
		send(c.t, g.Socket.(zmq.Sender), "", "?")
		recv(c.t, rep, "?")
	}
}

// say sends a message, to g where that can be said.
func (c *testCase) say(ctx context.Context, g *guest, body []byte) error {
	if c.row.ours != zmq.ROUTER && c.row.ours != zmq.STREAM {
		return c.ours.Send(ctx, body)
	}
	name := "a ghost"
	if g != nil {
		name = g.name
	}
	return c.ours.Send(ctx, []byte(name), body)
}

// canSay is what say(NoWait) would return, where that can be known before.
func (c *testCase) canSay(g *guest) (err error, known bool) {
	to, addressed := c.ours.(interface{ CanSendTo([]byte) error })
	switch {
	case addressed && g == nil:
		return to.CanSendTo([]byte("a ghost")), true
	case addressed:
		return to.CanSendTo([]byte(g.name)), true
	}
	return c.ours.CanSend(), c.row.ours != zmq.PUB && c.row.ours != zmq.XPUB // who wants it is known when it is there
}

// choke fills our queue to g, the network's buffers and g's own queue.
func (c *testCase) choke(g *guest, dropping bool) {
	c.t.Helper()
	for n, stuck := 0, 0; stuck < 2; n++ {
		if n == 10_000 {
			c.t.Fatal("never full")
		}
		c.ask(g)
		before := c.ours.State().Dropped
		ctx, cancel := context.WithTimeout(c.t.Context(), stalled)
		err := c.say(ctx, g, chokeBody(n))
		cancel()
		switch {
		case errors.Is(err, zmq.ErrWouldBlock):
			return
		case err != nil:
			c.t.Fatal(err)
		case dropping && c.ours.State().Dropped > before:
			time.Sleep(stalled) // is something still moving?
			stuck++
		default:
			stuck = 0
		}
	}
}

// taken is how many messages our first peer was given, or is to be given.
func (c *testCase) taken() uint64 {
	peers := c.ours.State().Peers // in the order in which they came
	if len(peers) == 0 {
		return 0
	}
	return peers[0].MessagesOut + uint64(peers[0].QueueOut)
}

// run brings the condition about and looks what becomes of a message. held: a peer that was full was so to the end.
func (c *testCase) run(condition string, want outcome) (held bool) {
	c.t.Helper()
	var g, other *guest
	if condition != "nobody" {
		g = c.come("g")
	}
	switch condition {
	case "slow":
		c.choke(g, want == drops)
		other = c.come("other")
	case "full":
		c.choke(g, want == drops)
	}
	c.ask(g)
	if condition == "gone" {
		c.leave(g)
	}
	before, had := c.ours.State().Dropped, c.taken()
	err := c.say(zmq.NoWait, g, []byte("probe"))
	dropped := c.ours.State().Dropped - before
	if (condition == "slow" || condition == "full") && c.taken() > had {
		return false
	}
	could, known := c.canSay(g)
	is := map[outcome]error{waits: zmq.ErrWouldBlock, unreachable: zmq.ErrHostUnreachable, state: zmq.ErrState}[want]
	if !errors.Is(err, is) {
		c.t.Fatalf("Send(NoWait): %v, want %s", err, want)
	}
	if known && is != nil && !errors.Is(could, is) {
		c.t.Errorf("CanSend: %v, want %s", could, want)
	}
	if want == drops != (dropped == 1) {
		c.t.Errorf("%d messages counted as dropped, want %s", dropped, want)
	}
	switch {
	case want == waits:
		c.waits(condition, g)
	case is != nil:
		if err := c.say(within(c.t), g, []byte("probe")); !errors.Is(err, is) {
			c.t.Errorf("Send: %v, want %s", err, want)
		}
	}
	if other != nil {
		c.unharmed(other, want)
	}
	return true
}

// waits: a Send that may wait does, and goes on when there is room, or somebody comes. Nothing is lost.
func (c *testCase) waits(condition string, g *guest) {
	t := c.t
	t.Helper()
	dropped := c.ours.State().Dropped
	sent := c.waiting(g)
	if condition == "nobody" || condition == "gone" {
		g = c.come("newcomer")
	}
	for through := false; !through; {
		select {
		case err := <-sent:
			must(t, err)
			through = true
		case <-g.Socket.(zmq.Receiver).Readable():
			_, err := g.Socket.(zmq.Receiver).Recv(zmq.NoWait)
			must(t, err)
		case <-within(t).Done():
			t.Fatal("Send goes on waiting although its peer reads")
		}
	}
	if n := c.ours.State().Dropped; n != dropped {
		t.Errorf("%d messages were dropped", n-dropped)
	}
}

// waiting has a Send wait, and returns what it comes to.
func (c *testCase) waiting(g *guest) <-chan error {
	c.t.Helper()
	sent := make(chan error, 1)
	for range 5 {
		go func() { sent <- c.say(within(c.t), g, []byte("end")) }()
		select {
		case err := <-sent:
			if err != nil || g == nil {
				c.t.Fatalf("Send does not wait: %v", err)
			}
			c.choke(g, false) // the kernel had thought better of it
		case <-time.After(stalled):
			return sent
		}
	}
	c.t.Fatal("Send to a full peer does not wait")
	return nil
}

// unharmed: a peer that keeps up gets what is for it, whatever became of the message to the slow one.
func (c *testCase) unharmed(g *guest, slow outcome) {
	t := c.t
	t.Helper()
	fans := c.row.ours == zmq.PUB || c.row.ours == zmq.XPUB
	var want []string
	switch {
	case slow == passes || fans && slow == drops:
		want = []string{"probe"}
	case fans:
		want = []string{"end"}
	default:
		c.ask(g)
		must(t, c.say(zmq.NoWait, g, []byte("end")))
		want = []string{"end"}
	}
	for _, body := range want {
		m, err := g.Socket.(zmq.Receiver).Recv(within(t))
		must(t, err)
		if string(m.Body()) != body {
			t.Errorf("the other peer received %.20q, want %q", m.Body(), body)
		}
	}
}

// An XSUB drops for a publisher that does not read, and counts; the others hear.
func TestXSubDropsAtTheMark(t *testing.T) {
	x := newContext(t)
	sub := zmq.NewXSub(zmq.Config{Context: x, SendHWM: 2, SendBuffer: 4096})
	bound := bindTo(t, sub, "tcp://127.0.0.1:*")
	shake(t, bound, 1, "XPUB", "")
	ready(t, sub, 1)
	chokeDropping(t, sub, "no subscription")
	good := connected(t, zmq.NewXPub(zmq.Config{Context: x}), bound)
	ready(t, sub, 2)
	before := sub.State().Dropped
	send(t, sub, "for all")
	recv(t, good, "for all")
	if n := sub.State().Dropped; n != before+1 {
		t.Errorf("%d messages more were dropped, want 1", n-before)
	}
}
