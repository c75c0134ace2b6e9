package zmq_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// The contract of the monitor, M1 to M11, on real sockets. Where time or goroutines are counted it is in a bubble, over a
// network in memory. monitor_forms_test.go has what each form of the monitor promises beyond that.

// newContext is a Context that the end of the test closes.
func newContext(t testing.TB) *zmq.Context {
	x := zmq.NewContext(zmq.ContextConfig{})
	t.Cleanup(func() { x.Shutdown(zmq.NoWait) })
	return x
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// bindTCP binds s where the system likes.
func bindTCP(t testing.TB, s zmq.Socket) (bound string) {
	t.Helper()
	bound, err := s.Bind("tcp://127.0.0.1:*")
	must(t, err)
	return bound
}

// promptly fails t if f takes long: what f calls promises to come back.
func promptly(t testing.TB, what string, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		f()
	}()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s has not come back after 20 s", what)
	}
}

// strangers connect to a bound endpoint and hang up, one after the other.
func strangers(t testing.TB, endpoint string, n int) {
	t.Helper()
	for range n {
		c, err := net.Dial("tcp", endpoint[len("tcp://"):])
		if err != nil {
			t.Error(err)
			return
		}
		c.Close()
	}
}

// recvAll takes n messages.
func recvAll(t testing.TB, r zmq.Receiver, n int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for i := range n {
		if _, err := r.Recv(ctx); err != nil {
			t.Fatalf("message %d of %d: %v", i+1, n, err)
		}
	}
}

// observers are the ways to watch a socket badly. Each is attached before Bind.
var observers = map[string]func(t *testing.T, x *zmq.Context, s zmq.Socket){
	"a PAIR that nobody connects to": func(t *testing.T, x *zmq.Context, s zmq.Socket) {
		must(t, s.Monitor("inproc://monitor", monitor.Classic))
	},
	"a PAIR that nobody reads": func(t *testing.T, x *zmq.Context, s zmq.Socket) {
		must(t, s.Monitor("inproc://monitor", monitor.Classic))
		must(t, zmq.NewPair(zmq.Config{Context: x}).Connect("inproc://monitor"))
	},
	"a PAIR whose reader dies": func(t *testing.T, x *zmq.Context, s zmq.Socket) {
		must(t, s.Monitor("inproc://monitor", monitor.Classic))
		reader := zmq.NewPair(zmq.Config{Context: x})
		must(t, reader.Connect("inproc://monitor"))
		go func() {
			reader.Recv(context.Background())
			reader.Close()
		}()
	},
	"a Watch that nobody reads": func(t *testing.T, x *zmq.Context, s zmq.Socket) { t.Cleanup(s.Watch(monitor.All).Close) },
	"a channel that nobody receives from": func(t *testing.T, x *zmq.Context, s zmq.Socket) {
		w := s.Watch(monitor.All)
		w.C()
		t.Cleanup(w.Close)
	},
	"a callback that does not return": func(t *testing.T, x *zmq.Context, s zmq.Socket) {
		stuck := make(chan struct{})
		s.OnEvent(monitor.All, func(zmq.Event) { <-stuck })
		t.Cleanup(func() { close(stuck) })
	},
	"a callback that panics": func(t *testing.T, x *zmq.Context, s zmq.Socket) {
		s.OnEvent(monitor.All, func(zmq.Event) { panic("boom") })
	},
}

// M1: a monitor that nobody connects to, nobody reads or whose reader dies changes nothing. libzmq stops dead after some
// 700 strangers, or in Bind.
func TestM1NobodyReads(t *testing.T) {
	const crowd, messages = 800, 5000 // three events each: more than a PAIR's two queues and the ring hold together
	for name, attach := range observers {
		t.Run(name, func(t *testing.T) {
			x := newContext(t)
			pull, push := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPush(zmq.Config{Context: x})
			attach(t, x, pull)
			var bound string
			promptly(t, "Bind", func() { bound = bindTCP(t, pull) })
			must(t, push.Connect(bound))
			var work sync.WaitGroup
			work.Go(func() { strangers(t, bound, crowd) })
			work.Go(func() {
				for range messages {
					push.Send(context.Background(), []byte("goes on"))
				}
			})
			recvAll(t, pull, messages)
			promptly(t, "a stranger's connect", work.Wait)
			promptly(t, "Close", func() { must(t, pull.Close()) })
		})
	}
}

// told plays every story in memory and hands on what its sockets went through, a socket's events after another's. M2, M3
// and M4 have been looked at by then: see watchTogether, and zmqtest.Record.
func told(t *testing.T, see func(name string, events []zmq.Event)) {
	t.Helper()
	for name, path := range stories(t) {
		text, err := os.ReadFile(path)
		must(t, err)
		synctest.Test(t, func(t *testing.T) {
			see(name, play(t, &memory{zmqtest.NewNetwork()}, parseStory(string(text)), func(*scene, []string) {}))
		})
	}
}

// M3: every story follows the published grammar, whatever part of it a mask lets through. That is no empty phrase: with
// the beginning of a connection left out, or its end told twice, the same story is refused.
func TestM3OneGrammar(t *testing.T) {
	told(t, func(name string, events []zmq.Event) {
		for _, m := range []zmq.Mask{monitor.Lifecycle, monitor.Classic, monitor.Failures, monitor.HandshakeSucceeded | monitor.Disconnected} {
			seen := slices.DeleteFunc(slices.Clone(events), func(e zmq.Event) bool { return e.Kind&m == 0 })
			if err := monitor.CheckMask(m, slices.Values(seen)); err != nil {
				t.Errorf("%s under %v: %v", name, m, err)
			}
		}
		for i, e := range events {
			up, end := e.Kind&(monitor.Accepted|monitor.Connected) != 0 && e.Seq > 1, e.Terminal() // without number 1, a story has begun before
			if up && monitor.Check(slices.Values(slices.Delete(slices.Clone(events), i, i+1))) == nil {
				t.Errorf("%s is legal without %v", name, e)
			}
			if end && monitor.Check(slices.Values(slices.Insert(slices.Clone(events), i, e))) == nil {
				t.Errorf("%s is legal with two times %v", name, e)
			}
		}
	})
}

// M4: every connection and every attempt ends once, with its cause; and the stories know many ways to end.
func TestM4OneTerminalEvent(t *testing.T) {
	fates := map[string]int{}
	told(t, func(name string, events []zmq.Event) {
		for _, e := range events {
			if !e.Terminal() {
				continue
			}
			fates[fmt.Sprintf("%v %s by %s in %s", e.Kind, e.Reason, e.Who, e.Phase)]++
			if e.Reason == "" || e.Who == "" || e.Phase == "" {
				t.Errorf("%s: a terminal event without its cause: %v", name, e)
			}
		}
	})
	if len(fates) < 20 {
		t.Errorf("the stories know %d ways to end: %v", len(fates), slices.Sorted(maps.Keys(fates)))
	}
}

// watchTogether holds the stories of several sockets, read as one, against what a single one cannot show: a connection's
// id belongs to one socket (M2), and has one terminal event (M4).
func watchTogether(t testing.TB, events []zmq.Event) {
	t.Helper()
	if err := monitor.Check(slices.Values(events)); err != nil {
		t.Errorf("the sockets' stories together cannot be: %v", err)
	}
	ends := map[monitor.ConnID]int{}
	for _, e := range events {
		if e.Conn != 0 {
			ends[e.Conn] += 0
		}
		if e.Terminal() {
			ends[e.Conn]++
		}
	}
	for conn, n := range ends {
		if n != 1 {
			t.Errorf("connection %d has %d terminal events", conn, n)
		}
	}
}

// TestMisfitsThatLeave lets sockets that do not fit come together over inproc while those who seek close: nothing is told of
// a connection after the end of its endpoint.
func TestMisfitsThatLeave(t *testing.T) {
	x := newContext(t)
	for i := range 2000 {
		name := fmt.Sprint("inproc://", i)
		router := zmq.Config{Context: x, RoutingID: "the same"}
		seekers := []zmq.Socket{zmq.NewReq(zmq.Config{Context: x}), zmq.NewRouter(router), zmq.NewRouter(router)}
		bound := zmq.NewRouter(router)
		if i%2 == 0 {
			bound = zmq.NewRouter(zmq.Config{Context: x})
			seekers[0] = zmq.NewSub(zmq.Config{Context: x})
		}
		var all sync.WaitGroup
		all.Go(func() { bindTo(t, bound, name) })
		for _, s := range seekers {
			events := s.Watch(monitor.All)
			connect(t, s, name)
			all.Go(func() { s.Close() })
			all.Go(func() {
				if err := monitor.Check(events.Events(context.Background())); err != nil {
					t.Errorf("%v: %v", s.Type(), err)
				}
			})
		}
		all.Wait()
		must(t, bound.Close())
	}
}

// M2 under churn: many sockets come and go at once, and no id is seen twice.
func TestM2IDsAreNeverUsedAgain(t *testing.T) {
	x := newContext(t)
	var records []*zmqtest.Recorder
	var sockets []zmq.Socket
	var work sync.WaitGroup
	for range 3 {
		pull, push := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPush(zmq.Config{Context: x, ReconnectMin: time.Millisecond})
		in, out := zmqtest.Record(t, pull, monitor.All), zmqtest.Record(t, push, monitor.All)
		records, sockets = append(records, in, out), append(sockets, pull, push)
		bound := bindTCP(t, pull)
		work.Go(func() {
			for range 20 {
				strangers(t, bound, 5)
				in.Events() // a ring is never more than half full
			}
		})
		work.Go(func() {
			for range 20 {
				push.Connect(bound)
				push.WaitReady(t.Context(), 1)
				push.Disconnect(bound)
				out.Events()
				in.Events()
			}
		})
	}
	promptly(t, "the churn", work.Wait)
	var all []zmq.Event
	for i, s := range sockets {
		promptly(t, "Close", func() { s.Close() })
		all = append(all, records[i].Events()...)
	}
	watchTogether(t, all)
}

// reached waits until a socket has had so many events, by a reader that may miss some.
func reached(t *testing.T, w *monitor.Subscription, seq uint64) {
	t.Helper()
	ctx, cancel := patient()
	defer cancel()
	for e := range w.Events(ctx) {
		if e.Seq >= seq {
			return
		}
	}
	t.Fatalf("the socket has not come to event %d", seq)
}

// M5: a reader that falls behind finds a Lost in place, and its counts sum exactly. The last event is never lost.
func TestM5LostCountsSum(t *testing.T) {
	pull := zmq.NewPull(zmq.Config{Context: newContext(t)})
	w, diligent := pull.Watch(monitor.All), pull.Watch(monitor.All)
	defer diligent.Close()
	strangers(t, bindTCP(t, pull), 300)
	reached(t, diligent, 1+3*300) // listening; of each: accepted, handshake_failed…, disconnected
	must(t, pull.Close())
	seen, lost, at := uint64(0), uint64(0), uint64(0)
	var last monitor.Kind
	for e := range w.Events(t.Context()) {
		if last = e.Kind; e.Kind == monitor.Lost {
			lost += e.Count
			at = seen
		} else if seen++; seen+lost != e.Seq {
			t.Fatalf("event %d is numbered %d, with %d lost before it", seen, e.Seq, lost)
		}
	}
	if lost == 0 || at != 0 || last != monitor.MonitorStopped {
		t.Errorf("%d lost after %d events, the last is %v: want some before the first, and monitor_stopped", lost, at, last)
	}
	if w.Lost() != lost {
		t.Errorf("Lost() = %d, the events say %d", w.Lost(), lost)
	}
}

// M5 for libzmq's frames, which know no Lost: what their reader missed is counted in State.
func TestM5FramesLostAreCounted(t *testing.T) {
	const crowd, total = 1000, 1 + 3*1000 // listening; of each: accepted, handshake_failed…, disconnected
	x := newContext(t)
	pull, reader := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPair(zmq.Config{Context: x})
	w := pull.Watch(monitor.Classic)
	defer w.Close()
	must(t, pull.Monitor("inproc://monitor", monitor.Classic))
	must(t, reader.Connect("inproc://monitor"))
	strangers(t, bindTCP(t, pull), crowd)
	reached(t, w, total)
	must(t, pull.Monitor("", 0))
	frames := 0
	for _, err := reader.Recv(zmq.NoWait); err == nil; _, err = reader.Recv(zmq.NoWait) {
		frames++
	}
	const stopped = 1 // the monitor's own last event
	if missed := int(pull.State().FramesLost); missed == 0 || frames+missed != total+stopped {
		t.Errorf("%d frames read and %d missed of %d events", frames, missed, total+stopped)
	}
}

// M6: a snapshot and the events after it are the next snapshot, while everything changes.
func TestM6SnapshotAndEventsAreTheTruth(t *testing.T) {
	x := newContext(t)
	s, other := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPush(zmq.Config{Context: x, ReconnectMin: time.Millisecond})
	bound := bindTCP(t, s)
	bad := zmq.NewPull(zmq.Config{Context: x})
	wrong := bindTCP(t, bad) // a PULL too: never ready
	stop := make(chan struct{})
	var churn sync.WaitGroup
	defer churn.Wait()
	defer close(stop)
	churn.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
				strangers(t, bound, 5)
				other.Connect(bound)
				s.Connect(wrong)
				other.WaitReady(t.Context(), 1)
				other.Disconnect(bound)
				s.Disconnect(wrong)
			}
		}
	})
	state, w := s.WatchState(monitor.Lifecycle)
	for range 300 {
		truth, next := s.WatchState(monitor.Lifecycle)
		for e, ok := w.Poll(); ok && e.Seq <= truth.Seq; e, ok = w.Poll() {
			must(t, state.Apply(e))
		}
		if got, want := present(state), present(truth); got != want {
			t.Fatalf("the snapshot and its events are\n%s\nthe next snapshot is\n%s", got, want)
		}
		w.Close()
		state, w = truth, next
	}
	w.Close()
}

// present is what of a State events tell: an endpoint from its first event on.
func present(s monitor.State) string {
	var b bytes.Buffer
	for _, e := range s.Endpoints {
		if e.Side == monitor.SideConnect && e.Conn == 0 && e.Attempt == 0 && e.LastErr == nil && e.NextTry.IsZero() {
			continue
		}
		fmt.Fprintf(&b, "endpoint %d %s %s %s conn=%d attempt=%d next=%v err=%v\n", e.ID, e.Side, e.Endpoint, e.Bound, e.Conn, e.Attempt, e.NextTry, e.LastErr)
	}
	for _, p := range s.Peers {
		fmt.Fprintf(&b, "peer %d %s %s %s type=%q version=%q fd=%d since=%v ready=%v\n", p.Conn, p.Endpoint, p.Local, p.Remote, p.Type, p.Version, p.FD, p.Since, p.Ready)
	}
	return b.String()
}

// M8: whoever holds a message finds its connection's handshake_succeeded among the events that have happened.
func TestM8ReadyBeforeTheFirstMessage(t *testing.T) {
	x := newContext(t)
	pull := zmq.NewPull(zmq.Config{Context: x})
	w := pull.Watch(monitor.HandshakeSucceeded)
	defer w.Close()
	bound := bindTCP(t, pull)
	for range 100 {
		push := zmq.NewPush(zmq.Config{Context: x})
		must(t, push.Connect(bound))
		must(t, push.Send(t.Context(), []byte("queued before there was a peer")))
		m, err := pull.Recv(t.Context())
		must(t, err)
		now := time.Now()
		e, ok := w.Poll()
		if !ok || e.Conn != m.Conn() || e.Time.After(now) || e.Conn != m.Peer().Conn {
			t.Fatalf("message of connection %d, and the last event is %v", m.Conn(), e)
		}
		push.Close()
	}
}

// M8 for what we send: a peer that has a byte of a message was ready before.
func TestM8ReadyBeforeTheFirstMessageOut(t *testing.T) {
	x := newContext(t)
	for range 30 {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		must(t, err)
		push := zmq.NewPush(zmq.Config{Context: x})
		w := push.Watch(monitor.HandshakeSucceeded)
		must(t, push.Connect("tcp://"+l.Addr().String()))
		must(t, push.Send(t.Context(), []byte("x")))
		peer, err := l.Accept()
		must(t, err)
		b, err := (&stage{world: &tcp{parts: 1}}).wire([]string{"greeting", "READY:PULL"})
		must(t, err)
		peer.Write(b)
		io.ReadFull(peer, b[:64])             // their greeting
		io.ReadFull(peer, b[:2])              // READY's header
		io.ReadFull(peer, make([]byte, b[1])) // READY
		io.ReadFull(peer, b[:3])              // a frame of one byte
		if e, ok := w.Poll(); !ok || b[2] != 'x' {
			t.Fatalf("the peer has %q, and the story %v", b[:3], e)
		}
		w.Close()
		push.Close()
		peer.Close()
		l.Close()
	}
}

// Law 3's other end: when the terminal event is there, every message of the connection is, and it counts them.
func TestTerminalEventAfterTheLastMessage(t *testing.T) {
	x := newContext(t)
	pull := zmq.NewPull(zmq.Config{Context: x})
	story := zmqtest.Record(t, pull, monitor.Lifecycle)
	bound := bindTCP(t, pull)
	for round := range 20 {
		push := zmq.NewPush(zmq.Config{Context: x})
		must(t, push.Connect(bound))
		const messages = 50
		for range messages {
			must(t, push.Send(t.Context(), []byte("x")))
		}
		must(t, push.Close())
		e := story.WaitFor(monitor.Disconnected, round+1)
		for i := range messages {
			if m, err := pull.Recv(zmq.NoWait); err != nil || m.Conn() != e.Conn {
				t.Fatalf("disconnected, and message %d is %v", i, err)
			}
		}
		if e.MessagesIn != messages || pull.CanRecv() == nil {
			t.Errorf("%d messages in, want %d and no more", e.MessagesIn, messages)
		}
	}
}

// M9: there is no event per message, watched or not.
func TestM9NoEventPerMessage(t *testing.T) {
	x := newContext(t)
	pull, push := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPush(zmq.Config{Context: x})
	must(t, push.Connect(bindTCP(t, pull)))
	must(t, push.WaitReady(t.Context(), 1))
	must(t, pull.WaitReady(t.Context(), 1))
	before := push.State().Seq + pull.State().Seq
	for range 10 {
		for range 100 {
			must(t, push.Send(t.Context(), []byte("x")))
		}
		recvAll(t, pull, 100)
	}
	if after := push.State().Seq + pull.State().Seq; after != before {
		t.Errorf("%d events for 1000 messages", after-before)
	}
}

// M10: an accept loop that fails, at every turn or at every other, tells of it at most ten times a second, counts every
// failure, and slows down; when it succeeds again, all is well.
func TestM10StormsAreCoalesced(t *testing.T) {
	for name, c := range map[string]struct {
		fails   func(turn int) bool
		crowd   int           // of strangers …
		every   time.Duration // … one each
		mostTry int           // a second
	}{
		"always":      {func(int) bool { return true }, 1, 10 * time.Second, 20},
		"every other": {func(turn int) bool { return turn%2 == 0 }, 1000, 10 * time.Millisecond, 300},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := zmqtest.NewNetwork()
				tired := &tiredListener{fails: c.fails}
				pull := zmq.NewPull(zmq.Config{Context: n.Context(t), Network: tired.network(n.Network())})
				story := zmqtest.Record(t, pull, monitor.AcceptFailed|monitor.HandshakeSucceeded)
				_, err := pull.Bind("tcp://hub:1")
				must(t, err)
				for range c.crowd {
					stranger, err := n.Network().Dial(t.Context(), "tcp", "hub:1")
					must(t, err)
					time.Sleep(c.every)
					stranger.Close()
				}
				tired.rest()
				must(t, zmq.NewPush(zmq.Config{Context: pull.Config().Context}).Connect("tcp://hub:1"))
				story.WaitFor(monitor.HandshakeSucceeded, 1)
				told, counted := 0, 0
				for _, e := range story.Events() {
					if e.Kind != monitor.AcceptFailed {
						continue
					}
					told, counted = told+1, counted+int(e.Count)
					if e.Reason != monitor.ReasonFDLimit || e.Errno() != int(syscall.EMFILE) {
						t.Errorf("accept_failed for %s, errno %d", e.Reason, e.Errno())
					}
				}
				if told == 0 || told > 10*11 || counted != tired.failures() || counted > 11*c.mostTry {
					t.Errorf("%d events of %d failures in 11 s, and %d there were", told, counted, tired.failures())
				}
			})
		})
	}
}

// A tiredListener runs out of descriptors.
type tiredListener struct {
	net.Listener
	fails  func(turn int) bool
	mu     sync.Mutex // guards what follows
	turn   int
	failed int
	rested bool
}

func (l *tiredListener) network(n zmq.Network) zmq.Network {
	return zmq.Network{Dial: n.Dial, Listen: func(ctx context.Context, network, address string) (net.Listener, error) {
		under, err := n.Listen(ctx, network, address)
		l.Listener = under
		return l, err
	}}
}

func (l *tiredListener) rest() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rested = true
}

func (l *tiredListener) failures() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failed
}

func (l *tiredListener) Accept() (net.Conn, error) {
	l.mu.Lock()
	l.turn++
	if !l.rested && l.fails(l.turn) {
		l.failed++
		l.mu.Unlock()
		return nil, &net.OpError{Op: "accept", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	l.mu.Unlock()
	return l.Listener.Accept()
}
