package zmq_test

import (
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/internal/assault"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// The limits of a handshake: one deadline for all of it, and so many at once.

// TestHostileSlowLoris says a byte every 20 ms, which the greeting alone would take 1.3 s for: it is gone when the time is
// up, not a byte later (row 33, R4). In the greeting and in READY; over the system's TCP as well, where "when" is not exact.
func TestHostileSlowLoris(t *testing.T) {
	const limit, every = 200 * time.Millisecond, 20 * time.Millisecond
	for name, c := range map[string]struct {
		at    int // bytes that come at once
		phase monitor.Phase
	}{
		"greeting": {0, monitor.InGreeting},
		"READY":    {64, monitor.InMechanism},
	} {
		for _, where := range []string{"memory", "tcp"} {
			t.Run(name+"/"+where, func(t *testing.T) {
				newField(t, where == "memory", func(t *testing.T, f *field) {
					pull := f.socket(t, "PULL", zmq.Config{HandshakeTimeout: limit})
					w := pull.Watch(monitor.Lifecycle)
					conn, err := f.net.Dial(within(t), "tcp", address(bindTo(t, pull, f.endpoint)))
					must(t, err)
					opening := append(assault.Greeting("NULL"), assault.Ready("PUSH")...)
					conn.Write(opening[:c.at])
					drip := time.NewTicker(every)
					defer drip.Stop()
					for _, b := range opening[c.at:] {
						<-drip.C
						if _, err := conn.Write([]byte{b}); err != nil {
							break
						}
					}
					must(t, conn.Close())
					for e := range w.Events(within(t)) {
						if !e.Terminal() {
							continue
						}
						if e.Reason != monitor.ReasonHandshakeTimeout || e.Who != monitor.ByTimer || e.Phase != c.phase {
							t.Errorf("it ended in %v, in phase %s", e, e.Phase)
						}
						if e.Duration < limit || f.memory && e.Duration > limit || e.Duration > 3*limit {
							t.Errorf("it ended after %v, want %v", e.Duration, limit)
						}
						break
					}
					must(t, pull.Shutdown(zmq.NoWait))
				})
			})
		}
	}
}

// TestHostileSlowButAllowed is a peer that is as slow and comes to an end in time.
func TestHostileSlowButAllowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := zmqtest.NewNetwork()
		pull := zmq.NewPull(zmq.Config{Context: n.Context(t), HandshakeTimeout: 2 * time.Second})
		bindTo(t, pull, "tcp://hub:1")
		conn, err := n.Network().Dial(t.Context(), "tcp", "hub:1")
		must(t, err)
		opening := append(assault.Greeting("NULL"), assault.Ready("PUSH")...)
		for _, b := range append(opening, "\x00\x04good"...) {
			time.Sleep(20 * time.Millisecond) // 1.96 s in all
			conn.Write([]byte{b})
		}
		recv(t, pull, "good")
		time.Sleep(time.Hour) // the limit was the handshake's
		conn.Write([]byte("\x00\x05later"))
		recv(t, pull, "later")
		must(t, conn.Close())
	})
}

// TestHostileSilenceKeepsNobodyOut lets 20 silent strangers at a listener that takes four handshakes at once. A good peer
// knocks all the time, and is let in when the four are given up; every stranger that was turned away is counted (R4, M10).
func TestHostileSilenceKeepsNobodyOut(t *testing.T) {
	const most, strangers, limit = 4, 20, 300 * time.Millisecond
	for _, where := range []string{"memory", "tcp"} {
		t.Run(where, func(t *testing.T) {
			newField(t, where == "memory", func(t *testing.T, f *field) {
				pull := f.socket(t, "PULL", zmq.Config{MaxHandshakes: most, MaxHandshakesPerHost: zmq.Unlimited, HandshakeTimeout: limit})
				story := zmqtest.Record(t, pull, monitor.Lifecycle)
				bound := bindTo(t, pull, f.endpoint)
				var silent []net.Conn
				for range strangers {
					conn, err := f.net.Dial(within(t), "tcp", address(bound))
					must(t, err)
					defer conn.Close()
					silent = append(silent, conn)
				}
				turnedAway(t, silent, strangers-most)
				push := f.socket(t, "PUSH", zmq.Config{})
				knocks := zmqtest.Record(t, push, monitor.Lifecycle)
				connect(t, push, bound)
				send(t, push.(zmq.Sender), "let me in")
				recv(t, pull.(zmq.Receiver), "let me in")
				f.settle()
				story.WaitFor(monitor.HandshakeFailedNoDetail, most)
				knocked := knocks.Events()
				must(t, push.Shutdown(within(t)))
				must(t, pull.Shutdown(within(t))) // the last that were turned away may be told with the listener's end only
				wantTold(t, story.Events(), knocked, most, strangers-most)
			})
		})
	}
}

// turnedAway waits until so many of the connections have been closed by the other end, before the others time out.
func turnedAway(t *testing.T, conns []net.Conn, n int) {
	t.Helper()
	ended := make(chan struct{}, len(conns))
	for _, c := range conns {
		go func() {
			io.Copy(io.Discard, c) // to the end, or a reset
			ended <- struct{}{}
		}()
	}
	for range n {
		<-ended
	}
}

// wantTold holds the listener's story against what happened: who was let in, and that each who was not is counted, at most
// ten events a second.
func wantTold(t *testing.T, story, knocks []zmq.Event, most, turned int) {
	t.Helper()
	var told, accepted, late int
	var when []time.Time
	for _, e := range story {
		switch e.Kind {
		case monitor.AcceptFailed:
			told += int(e.Count)
			when = append(when, e.Time)
			wantWords(t, e)
			if e.Reason != monitor.ReasonTooManyHandshakes || e.Who != monitor.ByLocal || e.Conn != 0 {
				t.Errorf("a stranger that was turned away: %v", e)
			}
		case monitor.Accepted:
			accepted++
		case monitor.HandshakeFailedNoDetail:
			late++
		}
	}
	for _, e := range knocks {
		if e.Kind == monitor.Disconnected {
			turned++
		}
	}
	if told != turned || accepted != most+1 || late != most {
		t.Errorf("turned away %d, want %d; accepted %d, want %d; given up %d, want %d in\n%s", told, turned, accepted, most+1, late, most, storyText(story))
	}
	for i := 10; i < len(when); i++ {
		if d := when[i].Sub(when[i-10]); d < time.Second {
			t.Errorf("eleven accept_failed in %v", d)
		}
	}
}

// TestHostileStormIsTold looks that those who are turned away are counted in time although nobody else comes: an operator
// who reads "1" for sixteen looks for one.
func TestHostileStormIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := zmqtest.NewNetwork()
		pull := zmq.NewPull(zmq.Config{Context: n.Context(t), MaxHandshakes: 4, MaxHandshakesPerHost: zmq.Unlimited, HandshakeTimeout: zmq.Off})
		story := zmqtest.Record(t, pull, monitor.AcceptFailed)
		bindTo(t, pull, "tcp://hub:1")
		for range 20 {
			conn, err := n.Network().Dial(t.Context(), "tcp", "hub:1")
			must(t, err)
			defer conn.Close()
		}
		time.Sleep(time.Second)
		told := 0
		for _, e := range story.Events() {
			told += int(e.Count)
		}
		if told != 16 {
			t.Errorf("a second later %d are told, 16 were turned away", told)
		}
	})
}

// TestHostileCrowd is R4 in short: 300 strangers that say nothing or a little, and a good peer among them. All are gone at
// the deadline, and nothing of them is left.
func TestHostileCrowd(t *testing.T) {
	const crowd, limit = 300, 500 * time.Millisecond
	before := descriptors()
	x := zmq.NewContext(zmq.ContextConfig{})
	pull := zmq.NewPull(zmq.Config{Context: x, HandshakeTimeout: limit})
	story := zmqtest.Record(t, pull, monitor.Lifecycle)
	bound := bindTo(t, pull, "tcp://127.0.0.1:*")
	says := [][]byte{nil, {0xff}, assault.Greeting("NULL"), append(assault.Greeting("NULL"), 4, 42, 5, 'R')}
	var conns []net.Conn
	for i := range crowd {
		conn, err := net.Dial("tcp", address(bound))
		must(t, err)
		conn.Write(says[i%len(says)])
		conns = append(conns, conn)
	}
	push := zmq.NewPush(zmq.Config{Context: x})
	began := time.Now()
	connect(t, push, bound)
	send(t, push, "among strangers")
	recv(t, pull, "among strangers")
	if took := time.Since(began); took > limit {
		t.Errorf("a good peer was served after %v", took)
	}
	turnedAway(t, conns, crowd)
	must(t, push.Close())
	must(t, x.Close())
	for _, c := range conns {
		c.Close()
	}
	late, unread := 0, 0 // all are given up in one moment: on a busy machine the recorder may miss some, and says how many
	for _, e := range story.Events() {
		if e.Kind == monitor.Lost {
			unread += int(e.Count)
		}
		if e.Terminal() && e.Reason == monitor.ReasonHandshakeTimeout && e.Duration >= limit && e.Duration < limit+patience/2 {
			late++
		}
	}
	if late > crowd || late+unread < crowd {
		t.Errorf("%d of %d strangers were given up in time, of %d more nothing is known", late, crowd, unread)
	}
	if after := descriptors(); after > before {
		t.Errorf("%d descriptors were open before, %d are now", before, after)
	}
}

// TestHostileSecondPeerOfAPair lets strangers at a PAIR that has its peer: each is refused with a reason, in words, and the
// one that is there notices nothing.
func TestHostileSecondPeerOfAPair(t *testing.T) {
	newField(t, true, func(t *testing.T, f *field) {
		pair, first := f.socket(t, "PAIR", zmq.Config{}), f.socket(t, "PAIR", zmq.Config{})
		story := zmqtest.Record(t, pair, monitor.Lifecycle)
		bound := bindTo(t, pair, f.endpoint)
		connect(t, first, bound)
		ready(t, pair, 1)
		for range 3 {
			conn, err := f.net.Dial(t.Context(), "tcp", address(bound))
			must(t, err)
			conn.Write(append(assault.Greeting("NULL"), assault.Ready("PAIR")...))
			conn.Write([]byte("\x00\x08intruder"))
			got, err := io.ReadAll(conn)
			told, _ := strings.CutPrefix(string(got), string(assault.Greeting("NULL")))
			if !strings.Contains(told, zmtp.ERROR) || strings.Contains(told, zmtp.READY) {
				t.Errorf("the second peer was sent %q, %v", told, err)
			}
			must(t, conn.Close())
		}
		send(t, first.(zmq.Sender), "still here")
		recv(t, pair.(zmq.Receiver), "still here")
		f.settle() // a stranger reads the end of its connection before that is told
		refused := slices.DeleteFunc(story.Events(), func(e zmq.Event) bool { return e.Reason != monitor.ReasonPairTaken })
		if len(refused) != 6 { // failed and disconnected, of each
			t.Errorf("refused were\n%s", storyText(refused))
		}
		for _, e := range refused {
			wantWords(t, e)
		}
	})
}

// TestHostileReadySaysNothingOfUs sends a READY with the names that the engine itself uses (row 25): none of it is taken
// for the engine's word, and what is the peer's to say is shown.
func TestHostileReadySaysNothingOfUs(t *testing.T) {
	newField(t, true, func(t *testing.T, f *field) {
		pull := f.socket(t, "PULL", zmq.Config{})
		w := pull.Watch(monitor.HandshakeSucceeded)
		conn, err := f.net.Dial(t.Context(), "tcp", address(bindTo(t, pull, f.endpoint)))
		must(t, err)
		b := spelled(t, `greeting READY{ prop:Socket-Type=PUSH prop:user-id=root prop:Peer-Address=10.0.0.1 prop:ROUTING-ID=abc prop:X-App=mine } frame{ "x" }`, "PULL")
		conn.Write(b)
		e, err := w.Next(t.Context())
		must(t, err)
		from := recv(t, pull.(zmq.Receiver), "x").Peer()
		for who, p := range map[string]monitor.Peer{"event": e.Peer(), "message": from, "state": pull.State().Peers[0].Peer} {
			if p.UserID != "" || p.RoutingID != "" || p.Remote != "tcp://"+conn.LocalAddr().String() {
				t.Errorf("the %s's peer is %+v", who, p)
			}
			got := map[string]string{}
			for name, value := range p.Properties() {
				got[name] = value
			}
			if len(got) != 2 || got["Socket-Type"] != "PUSH" || got["X-App"] != "mine" {
				t.Errorf("the %s's peer says %q", who, got)
			}
		}
		must(t, conn.Close())
	})
}

// A peer may say so much of itself and no more, whatever the mechanism: at the limit it is let in, one beyond it is told why not.
func TestHostileMetadata(t *testing.T) {
	keys := curve.NewKeyPair()
	mechanisms := map[string][2]zmtp.Mechanism{
		"NULL":  {},
		"PLAIN": {zmtp.PlainServer(), zmtp.PlainClient("ann", "password")},
		"CURVE": {curve.Server(keys), curve.Client(keys, keys.Public)},
	}
	const own = len("\x0bSocket-Type....PUSH") // PUSH has no Identity
	told := map[string]string{"X-A": "1", "X-B": "22"}
	limits := map[string]struct {
		properties, bytes int
		words             string // of the refusal; "": let in
	}{
		"as many as may be":  {3, 0, ""},
		"one too many":       {2, 0, "more than 2 properties"},
		"as long as may be":  {0, own + 9 + 10, ""},
		"one byte too long":  {0, own + 9 + 9, "at most 38 accepted"},
		"without a limit":    {0, 0, ""},
		"nothing but a type": {1, 0, "more than 1 properties"},
	}
	for mechanism, sides := range mechanisms {
		for name, limit := range limits {
			t.Run(mechanism+"/"+name, func(t *testing.T) {
				newField(t, true, func(t *testing.T, f *field) {
					pull := f.socket(t, "PULL", zmq.Config{Mechanism: sides[0], Authenticate: zmq.AllowAny, PlainAnywhere: mechanism == "PLAIN", MaxProperties: limit.properties, MaxPropertyBytes: limit.bytes})
					push := f.socket(t, "PUSH", zmq.Config{Mechanism: sides[1], PlainAnywhere: mechanism == "PLAIN", Metadata: told})
					w := pull.Watch(monitor.HandshakeSucceeded | monitor.Failures)
					must(t, push.Connect(bindTo(t, pull, f.endpoint)))
					e, err := w.Next(within(t))
					must(t, err)
					switch {
					case limit.words == "" && e.Kind != monitor.HandshakeSucceeded:
						t.Errorf("got %v, want it let in", e)
					case limit.words != "" && (e.Kind != monitor.HandshakeFailedProtocol || e.Reason != monitor.ReasonMalformed || !strings.Contains(e.Why(), limit.words)):
						t.Errorf("got %v: %s; want it refused with %q", e, e.Why(), limit.words)
					}
				})
			})
		}
	}
}

// TestHostileTTL sends PINGs with every kind of TTL and falls silent (row 5): libzmq takes 65.6 s for 64 ms.
func TestHostileTTL(t *testing.T) {
	for ttl, want := range map[time.Duration]time.Duration{
		100 * time.Millisecond:     100 * time.Millisecond,
		65500 * time.Millisecond:   65500 * time.Millisecond,
		65600 * time.Millisecond:   65600 * time.Millisecond,
		70 * time.Second:           70 * time.Second,
		6553500 * time.Millisecond: 6553500 * time.Millisecond, // the most that the wire has
		0:                          0,
	} {
		t.Run(ttl.String(), func(t *testing.T) {
			newField(t, true, func(t *testing.T, f *field) {
				pull := f.socket(t, "PULL", zmq.Config{})
				story := zmqtest.Record(t, pull, monitor.Lifecycle)
				conn, err := f.net.Dial(t.Context(), "tcp", address(bindTo(t, pull, f.endpoint)))
				must(t, err)
				tenths := ttl / (100 * time.Millisecond)
				conn.Write(append(append(assault.Greeting("NULL"), assault.Ready("PUSH")...), "\x04\x07\x04PING"+string([]byte{byte(tenths >> 8), byte(tenths)})...))
				time.Sleep(3 * time.Hour)
				var after time.Duration
				for _, e := range story.Events() {
					if e.Terminal() {
						after = e.Duration
						if e.Reason != monitor.ReasonTTLExpired || e.Who != monitor.ByTimer {
							t.Errorf("silence after a TTL ends in %v", e)
						}
					}
				}
				if after != want {
					t.Errorf("given up after %v, want %v", after, want)
				}
				must(t, conn.Close())
			})
		})
	}
}
