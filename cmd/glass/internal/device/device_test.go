package device

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

const (
	frontAt = "tcp://front:1"
	backAt  = "tcp://back:1"
)

// A rig is a device whose peers are on a network in memory, in virtual time.
type rig struct {
	t           *testing.T
	net         *zmqtest.Network
	x           *zmq.Context
	front, back Side
	proxy       zmq.Proxy
	stop        context.CancelFunc
	ended       chan error
	books       sync.WaitGroup
}

// up brings a device of two types up; change changes the Config of its sockets.
func up(t *testing.T, front, back zmq.Type, change func(role string, c *zmq.Config)) *rig {
	r := &rig{t: t, net: zmqtest.NewNetwork(), ended: make(chan error, 1)}
	r.x = r.net.Context(t)
	open := func(role string, typ zmq.Type, at string) Side {
		c := zmq.Config{Context: r.x, Name: role, Linger: time.Second}
		if change != nil {
			change(role, &c)
		}
		s, err := zmq.New(typ, c)
		r.must(err)
		return Side{Role: role, Socket: s, Ledger: new(Ledger)}
	}
	r.front, r.back = open("frontend", front, frontAt), open("backend", back, backAt)
	ledgers := map[uint64]*Ledger{r.front.Socket.ID(): r.front.Ledger, r.back.Socket.ID(): r.back.Ledger}
	sub := r.x.Watch(LedgerMask)
	r.books.Go(func() {
		for e := range sub.Events(context.Background()) {
			if l := ledgers[e.SocketID]; l != nil {
				l.Fold(e)
			}
		}
	})
	_, err := r.front.Socket.Bind(frontAt)
	r.must(err)
	_, err = r.back.Socket.Bind(backAt)
	r.must(err)
	r.proxy.Front, r.proxy.Back = r.front.Socket, r.back.Socket
	var ctx context.Context
	ctx, r.stop = context.WithCancel(t.Context())
	go func() { r.ended <- r.proxy.Run(ctx) }()
	return r
}

func (r *rig) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

// down ends the device as the command does, and returns its accounts, which must balance.
func (r *rig) down() []Account {
	r.t.Helper()
	r.stop()
	if err := <-r.ended; err != context.Canceled {
		r.t.Errorf("Run: %v", err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	Drain(ctx, &r.proxy, &r.front, &r.back)
	r.x.Close()
	r.books.Wait()
	all := Accounts(&r.proxy, &r.front, &r.back)
	for _, a := range all {
		if n := a.Balance(); n != 0 || a.Queued != 0 || a.Missed != 0 {
			r.t.Errorf("the balance is %d, want 0, with nothing queued and no event lost:\n%s", n, a.Text())
		}
	}
	return all
}

// peer is a socket of another process.
func peer[S zmq.Socket](r *rig, make func(zmq.Config) S, c zmq.Config, at string) S {
	r.t.Helper()
	c.Context = r.net.Context(r.t)
	s := make(c)
	r.must(s.Connect(at))
	return s
}

func send(r *rig, s zmq.Sender, frames ...string) {
	r.t.Helper()
	var all [][]byte
	for _, f := range frames {
		all = append(all, []byte(f))
	}
	r.must(s.Send(r.t.Context(), all...))
}

// received takes n messages, and returns their last frames.
func received(r *rig, s zmq.Receiver, n int) (bodies []string) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), time.Minute)
	defer cancel()
	for range n {
		m, err := s.Recv(ctx)
		if err != nil {
			r.t.Fatalf("after %d of %d: %v", len(bodies), n, err)
		}
		bodies = append(bodies, string(m.Body()))
	}
	return bodies
}

// rest takes what is there, and what comes for it.
func rest(s zmq.Receiver) (n uint64) {
	for synctest.Wait(); ; synctest.Wait() {
		if _, err := s.Recv(zmq.NoWait); err != nil {
			return n
		}
		n++
	}
}

// numbers are n bodies, each of a size.
func numbers(n, size int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf("%0*d", size, i))
	}
	return all
}

// One subscriber reads, another does not: what the slow one missed is dropped at its mark, and what is queued for it at the
// end, with the time to linger. Both are in the account, to the message.
func TestASlowSubscriber(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := up(t, zmq.XSUB, zmq.XPUB, func(role string, c *zmq.Config) {
			if role == "backend" {
				c.SendHWM = 5
			}
		})
		slow := peer(r, zmq.NewSub, zmq.Config{RecvHWM: 2, Subscribe: []string{""}}, backAt)
		quick := peer(r, zmq.NewSub, zmq.Config{Subscribe: []string{"a"}}, backAt)
		pub := peer(r, zmq.NewXPub, zmq.Config{}, frontAt)
		received(r, pub, 2) // both subscriptions
		const n, size = 100, 64 << 10
		for _, body := range numbers(n, size) {
			send(r, pub, "a", body)
			if got := received(r, quick, 1); got[0] != body {
				t.Fatalf("the quick one received %.20q, want %.20q", got[0], body)
			}
			synctest.Wait()
		}
		r.must(pub.Close())
		down := r.down()[0]
		if down.In != n || down.Passed != n || down.Copies != 2*n || down.Waiting != 0 {
			t.Errorf("want %d messages in and passed, and two copies of each:\n%s", n, down.Text())
		}
		if got := rest(slow); down.Dropped[monitor.ReasonHWM] == 0 || got != down.Out-n || got+sum(down.Dropped) != n {
			t.Errorf("the slow one received %d of %d:\n%s", got, n, down.Text())
		}
	})
}

func sum(dropped map[monitor.Reason]uint64) (n uint64) {
	for m := range maps.Values(dropped) {
		n += m
	}
	return n
}

// A worker vanishes with messages that were queued for it; another comes, and the stream goes on.
func TestABackendThatVanishesAndReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := up(t, zmq.PULL, zmq.PUSH, nil)
		push := peer(r, zmq.NewPush, zmq.Config{}, frontAt)
		first := peer(r, zmq.NewPull, zmq.Config{RecvHWM: 3}, backAt)
		r.must(first.WaitReady(t.Context(), 1))
		const n, size = 60, 64 << 10
		all := numbers(n, size)
		for _, body := range all[:30] {
			send(r, push, body)
		}
		synctest.Wait()
		if got := received(r, first, 10); !slices.Equal(got, all[:10]) {
			t.Error("the first ten came in another order")
		}
		synctest.Wait()
		r.net.Reset(backAt) // or it could take in, while it goes, all that is queued for it
		first.Shutdown(zmq.NoWait)
		synctest.Wait()
		for _, body := range all[30:] { // nobody is there: they wait
			send(r, push, body)
		}
		second := peer(r, zmq.NewPull, zmq.Config{}, backAt)
		if got := received(r, second, 30); !slices.Equal(got, all[30:]) {
			t.Error("what came after the first had gone is not what the second received")
		}
		r.must(push.Close())
		a := r.down()[0]
		lost := sum(a.Dropped)
		if a.In != n || a.Passed != n || lost == 0 || a.Out != n-lost || len(a.Dropped) != 1 {
			t.Errorf("want %d messages in, and what the first left in its queue dropped:\n%s", n, a.Text())
		}
	})
}

// A pusher's connection breaks in the stream, and it comes back.
func TestAFrontendThatVanishesAndReturns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := up(t, zmq.PULL, zmq.PUSH, nil)
		pull := peer(r, zmq.NewPull, zmq.Config{RecvHWM: 2}, backAt)
		push := peer(r, zmq.NewPush, zmq.Config{}, frontAt)
		r.must(pull.WaitReady(t.Context(), 1))
		const n, size = 50, 64 << 10
		for _, body := range numbers(n, size) {
			send(r, push, body)
		}
		synctest.Wait()
		if r.net.Reset(frontAt) != 1 {
			t.Fatal("there was no connection to break")
		}
		synctest.Wait()
		r.must(push.WaitReady(t.Context(), 1))
		send(r, push, "the last")
		for got := ""; got != "the last"; {
			got = received(r, pull, 1)[0]
		}
		r.must(push.Close())
		a := r.down()[0]
		if a.In < 2 || a.In > n+1 || a.Out != a.In {
			t.Errorf("want all that came to have gone out:\n%s", a.Text())
		}
	})
}

// It ends while nobody takes what was sent: what was received is not taken, and counted.
func TestAnEndWithoutABackend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := up(t, zmq.PULL, zmq.PUSH, nil)
		push := peer(r, zmq.NewPush, zmq.Config{}, frontAt)
		for _, body := range numbers(10, 8) {
			send(r, push, body)
		}
		synctest.Wait()
		a := r.down()[0]
		if a.In != 10 || a.Waiting != 10 || a.Passed != 0 {
			t.Errorf("want 10 that wait:\n%s", a.Text())
		}
		if text := a.Text(); !strings.Contains(text, "waiting            10  of them were not taken") {
			t.Errorf("the text is\n%s", text)
		}
	})
}

// What had been received at the end is passed on: the worker has room again only then.
func TestTheEndPassesOnWhatIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := up(t, zmq.PULL, zmq.PUSH, func(_ string, c *zmq.Config) {
			if c.Name == "backend" {
				c.SendHWM = 1
			}
		})
		push := peer(r, zmq.NewPush, zmq.Config{}, frontAt)
		pull := peer(r, zmq.NewPull, zmq.Config{RecvHWM: 1}, backAt)
		r.must(pull.WaitReady(t.Context(), 1))
		const n, size = 20, 256 << 10
		all := numbers(n, size)
		for _, body := range all {
			send(r, push, body)
		}
		synctest.Wait()
		got := make(chan []string)
		go func() {
			time.Sleep(100 * time.Millisecond) // of virtual time: when Drain has begun
			got <- received(r, pull, n)
		}()
		a := r.down()[0]
		if bodies := <-got; !slices.Equal(bodies, all) {
			t.Errorf("%d of %d messages came, or in another order", len(bodies), n)
		}
		if r.front.Passed == 0 || a.Out != n {
			t.Errorf("want all to have gone out, the last %d at the end:\n%s", r.front.Passed, a.Text())
		}
	})
}

// A client is gone when its answer comes.
func TestAQueueWhoseClientLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := up(t, zmq.ROUTER, zmq.DEALER, nil)
		gone, there := peer(r, zmq.NewReq, zmq.Config{}, frontAt), peer(r, zmq.NewReq, zmq.Config{}, frontAt)
		worker := peer(r, zmq.NewRep, zmq.Config{}, backAt)
		send(r, gone, "a question")
		received(r, worker, 1)
		gone.Shutdown(zmq.NoWait)
		synctest.Wait()
		send(r, worker, "an answer for nobody")
		send(r, there, "another question")
		received(r, worker, 1)
		send(r, worker, "an answer")
		received(r, there, 1)
		all := r.down()
		if a := all[0]; a.In != 2 || a.Out != 2 {
			t.Errorf("want two questions in and out:\n%s", a.Text())
		}
		if a := all[1]; a.In != 2 || a.Out != 1 || !maps.Equal(a.Dropped, map[monitor.Reason]uint64{monitor.ReasonNoRoute: 1}) {
			t.Errorf("want two answers, one of them for nobody:\n%s", a.Text())
		}
	})
}

// Subscriptions are kept while the publisher is away: who subscribes then gets what it sends afterwards, and so does who
// had subscribed before.
func TestSubscriptionsOutliveThePublisher(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := up(t, zmq.XSUB, zmq.XPUB, nil)
		early := peer(r, zmq.NewSub, zmq.Config{Subscribe: []string{"news"}}, backAt)
		pub := peer(r, zmq.NewXPub, zmq.Config{}, frontAt)
		received(r, pub, 1)
		pub.Shutdown(zmq.NoWait)
		synctest.Wait()
		late := peer(r, zmq.NewSub, zmq.Config{Subscribe: []string{"weather"}}, backAt)
		r.must(late.WaitReady(t.Context(), 1))
		synctest.Wait()
		pub = peer(r, zmq.NewXPub, zmq.Config{}, frontAt)
		if got := received(r, pub, 2); !slices.Contains(got, "\x01news") || !slices.Contains(got, "\x01weather") {
			t.Errorf("the publisher that came back heard %q", got)
		}
		send(r, pub, "news", "old friend")
		send(r, pub, "weather", "new friend")
		if a, b := received(r, early, 1), received(r, late, 1); a[0] != "old friend" || b[0] != "new friend" {
			t.Errorf("they received %q and %q", a, b)
		}
		up := r.down()
		if a := up[0]; a.Passed != 2 || a.Out != 2 {
			t.Errorf("want two messages:\n%s", a.Text())
		}
	})
}

// An account that does not balance says so.
func TestAnAccountSaysWhatIsMissing(t *testing.T) {
	a := Account{From: "frontend", To: "backend", In: 5, Passed: 5, Out: 3, Dropped: map[monitor.Reason]uint64{"hwm": 1}}
	if n := a.Balance(); n != 1 || !strings.HasSuffix(a.Text(), "balance             1  unaccounted for\n") {
		t.Errorf("one message is missing, and the account says %d:\n%s", n, a.Text())
	}
	line, err := a.MarshalJSON()
	if want := `{"from":"frontend","to":"backend","in":5,"waiting":0,"passed":5,"refused":0,"out":3,"queued":0,"dropped":{"hwm":1},"balance":1}`; err != nil || string(line) != want {
		t.Errorf("%s, %v; want %s", line, err, want)
	}
}

// slowWriter writes when it is let.
type slowWriter struct {
	bytes.Buffer
	let chan struct{}
}

func (w *slowWriter) Write(b []byte) (int, error) {
	<-w.let
	return w.Buffer.Write(b)
}

// A tape that is too slow drops and counts; what it took is on the file, whole and in order.
func TestATape(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := &slowWriter{let: make(chan struct{})}
		tape, err := NewTape(w, 1<<20, func(err error) { t.Error(err) })
		if err != nil {
			t.Fatal(err)
		}
		const n = 3 * TapeDepth
		for i := range n {
			if err := tape.Capture().Send(zmq.NoWait, []byte("topic"), fmt.Append(nil, i)); err != nil {
				t.Fatal(err)
			}
		}
		close(w.let)
		if err := tape.Close(); err != nil {
			t.Error(err)
		}
		written, dropped := tape.Counts()
		lines := strings.Count(w.String(), "\n")
		if written < TapeDepth || written+dropped != n || lines != int(written) {
			t.Errorf("%d are written, on %d lines, and %d dropped: want %d together, and at least %d written", written, lines, dropped, n, TapeDepth)
		}
		if first, _, _ := strings.Cut(w.String(), "\n"); !strings.HasSuffix(first, `Z","frames":["topic","0"]}`) || !strings.HasPrefix(first, `{"ts":"2000-01-01T00:00:00Z"`) {
			t.Errorf("the first line is %s", first)
		}
	})
}

// A file that is as large as it may be, or breaks, is told of once, and the rest is counted.
func TestATapeThatEnds(t *testing.T) {
	broken := errors.New("no space left on device")
	for name, c := range map[string]struct {
		w    *brokenWriter
		room int64
		want error
	}{
		"room for one": {&brokenWriter{}, 60, errFull},
		"broken":       {&brokenWriter{err: broken}, 1 << 20, broken},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				var told []error
				tape, err := NewTape(c.w, c.room, func(err error) { told = append(told, err) })
				if err != nil {
					t.Fatal(err)
				}
				for range 5 {
					if err := tape.Capture().Send(zmq.NoWait, []byte("x")); err != nil {
						t.Fatal(err)
					}
					synctest.Wait()
				}
				if err := tape.Close(); !errors.Is(err, c.want) || len(told) != 1 || told[0] != c.want {
					t.Errorf("Close returned %v, and it was told %v; want %v", err, told, c.want)
				}
				written, dropped := tape.Counts()
				if written+dropped != 5 || int(written) != c.w.lines {
					t.Errorf("%d written, %d on the file, %d dropped: want 5 together", written, c.w.lines, dropped)
				}
			})
		})
	}
}

type brokenWriter struct {
	lines int
	err   error
}

func (w *brokenWriter) Write(b []byte) (int, error) {
	if w.err != nil {
		return 0, w.err
	}
	w.lines += bytes.Count(b, []byte("\n"))
	return len(b), nil
}
