package ingest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/auth"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe"
	"github.com/glassmq/zmq/observe/fact"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

func TestMain(m *testing.M) {
	if endpoint := os.Getenv("GLASS_INGEST_AGENT"); endpoint != "" { // bridges_linux_test.go
		runAgent(endpoint)
		os.Exit(0)
	}
	goleak.VerifyTestMain(m)
}

// runAgent is an agent that can be stopped and killed: it prints where it listens, then the name of each fact that comes.
func runAgent(endpoint string) {
	in, err := Listen(zmq.DefaultContext(), endpoint, func(facts []fact.Fact, _ []fact.State) {
		for _, f := range facts {
			fmt.Println(f.Name)
		}
	}, func(line string) { fmt.Println("note:", line) }, Options{})
	if err != nil {
		fmt.Println("note:", err)
		return
	}
	fmt.Println(in.Endpoint())
	io.Copy(io.Discard, os.Stdin) // until its starter has gone
	in.Close()
}

// A desk is an Ingest, and what has come in to it.
type desk struct {
	*Ingest
	facts chan fact.Fact
	notes chan string
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	return deskOf(t, Options{})
}

func deskOf(t *testing.T, o Options) *desk {
	t.Helper()
	x := zmq.NewContext(zmq.ContextConfig{})
	t.Cleanup(func() { x.Close() })
	d := &desk{facts: make(chan fact.Fact, 1<<16), notes: make(chan string, 1<<10)}
	var err error
	d.Ingest, err = Listen(x, "tcp://127.0.0.1:*", func(facts []fact.Fact, _ []fact.State) {
		for _, f := range facts {
			d.facts <- f
		}
	}, func(line string) { d.notes <- line }, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.Close() })
	return d
}

func (d *desk) sender(t *testing.T, id string) *zmq.Dealer {
	t.Helper()
	s := zmq.NewDealer(zmq.Config{Context: zmq.NewContext(zmq.ContextConfig{}), RoutingID: id, Linger: zmq.Off})
	t.Cleanup(func() { s.Close() })
	if err := s.Connect(d.Endpoint()); err != nil {
		t.Fatal(err)
	}
	return s
}

// next waits for something that has to come.
func next[T any](t *testing.T, from <-chan T) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func TestFactsComeInFromAnySender(t *testing.T) {
	d := newDesk(t)
	ctx := context.Background()
	program, bridge := d.sender(t, "program"), d.sender(t, feed.id)
	if err := program.Send(ctx, []byte(`{"event":"listening","inst":"i","seq":1}`+"\n"+`{"event":"accepted","inst":"i","seq":2}`)); err != nil {
		t.Fatal(err)
	}
	for want := uint64(1); want < 3; want++ {
		if f := next(t, d.facts); f.Seq != want || f.Instance.ID != "i" {
			t.Errorf("%+v", f)
		}
	}
	if err := bridge.Send(ctx, v1(monitor.Connected, 7, "tcp://x:1")...); err != nil {
		t.Fatal(err)
	}
	if f := next(t, d.facts); f.Kind != monitor.Connected || f.SocketName != "ticks" || f.Host == "" {
		t.Errorf("%+v", f)
	}
	if err := program.Send(ctx, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if line := next(t, d.notes); !strings.HasPrefix(line, "program at tcp://127.0.0.1:") || !strings.Contains(line, "hello") {
		t.Errorf("told %q", line)
	}
	if s := d.Stats(); s != (Stats{Messages: 3, Facts: 3, Refused: 1}) {
		t.Errorf("%+v", s)
	}
}

// Where there are keys, who has one of them is heard, and who has none, or another, is not.
func TestOnlyWhoMayIsHeard(t *testing.T) {
	agent, member, stranger := curve.NewKeyPair(), curve.NewKeyPair(), curve.NewKeyPair()
	guard, err := auth.New(auth.Rules{Keys: map[curve.PublicKey]string{member.Public: "member"}})
	if err != nil {
		t.Fatal(err)
	}
	const failed = monitor.HandshakeFailedNoDetail | monitor.HandshakeFailedProtocol | monitor.HandshakeFailedAuth
	d := deskOf(t, Options{curve.Server(agent), guard.Authenticate})
	for name, m := range map[string]zmtp.Mechanism{"without a key": nil, "with another": curve.Client(stranger, agent.Public)} {
		s := zmq.NewDealer(zmq.Config{Context: zmq.NewContext(zmq.ContextConfig{}), Mechanism: m, Linger: zmq.Off})
		refused := s.Watch(failed)
		if err := s.Connect(d.Endpoint()); err != nil {
			t.Fatal(err)
		}
		if err := s.Send(t.Context(), []byte(`{"event":"listening","inst":"stranger"}`)); err != nil {
			t.Fatal(err)
		}
		next(t, refused.Ready())
		if e, ok := refused.Poll(); !ok || e.Kind&failed == 0 {
			t.Errorf("%s: %+v", name, e)
		}
		refused.Close()
		s.Close()
	}
	x := zmq.NewContext(zmq.ContextConfig{})
	f, err := observe.Forward(t.Context(), x, d.Endpoint(), observe.ForwardOptions{App: "member", Mechanism: curve.Client(member, agent.Public)})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	s := zmq.NewPub(zmq.Config{Context: x})
	defer x.Close()
	if _, err := s.Bind("tcp://127.0.0.1:*"); err != nil {
		t.Fatal(err)
	}
	if first := next(t, d.facts); first.App != "member" || first.Kind != monitor.Listening {
		t.Errorf("the first that was heard: %s", first.Line)
	}
}

// A program that dies does not say so: the end of its connection does, in its name and under the next number, once.
func TestADeadProgramsSocketHasItsLastWord(t *testing.T) {
	d := newDesk(t)
	s := d.sender(t, "app=bot;socket=feed;type=SUB;pid=7")
	if err := s.Send(context.Background(), v1(monitor.Listening, 9, "tcp://127.0.0.1:1")...); err != nil {
		t.Fatal(err)
	}
	first := next(t, d.facts)
	if err := s.Shutdown(zmq.NoWait); err != nil {
		t.Fatal(err)
	}
	last := next(t, d.facts)
	if last.Kind != monitor.MonitorStopped || last.Who != monitor.ByPeer || last.Instance != first.Instance || last.SocketName != "feed" || last.Seq != first.Seq+1 {
		t.Errorf("after %s came %s", first.Line, last.Line)
	}
	clean := d.sender(t, "app=calm;socket=feed")
	for _, kind := range []monitor.Kind{monitor.Listening, monitor.MonitorStopped} {
		if err := clean.Send(context.Background(), v1(kind, 9, "tcp://127.0.0.1:1")...); err != nil {
			t.Fatal(err)
		}
		next(t, d.facts)
	}
	if err := clean.Close(); err != nil {
		t.Fatal(err)
	}
	d.Close()
	select {
	case f := <-d.facts:
		t.Errorf("who had said its last word said %s", f.Line)
	default:
	}
}

// One routing id is one sender. The second is refused, and the operator hears why nothing comes from it.
func TestTwoOfOneNameAreToldOf(t *testing.T) {
	d := newDesk(t)
	d.sender(t, "app=a").Send(context.Background(), v1(monitor.Connected, 7, "tcp://x:1")...)
	next(t, d.facts)
	d.sender(t, "app=a")
	if line := next(t, d.notes); !strings.Contains(line, "app=a") || !strings.Contains(line, ";n=") {
		t.Errorf("told %q", line)
	}
}

// Somebody sends as much as goes, in messages as large as they may be. Others are heard at once all the same: between their
// sending and their being heard, the loud one is served some messages, not all that it has waiting.
func TestAFloodHoldsUpNobodyElse(t *testing.T) {
	d := newDesk(t)
	loud, calm := d.sender(t, "loud"), d.sender(t, "calm")
	line := []byte(`{"event":"accepted","inst":"loud"}` + "\n")
	var flooding sync.WaitGroup
	ctx, stop := context.WithCancel(context.Background())
	flooding.Go(func() {
		for ctx.Err() == nil {
			loud.Send(ctx, bytes.Repeat(line, 100))
		}
	})
	defer flooding.Wait()
	defer stop()
	var drained atomic.Int64 // what the loud one was served
	heard, flooded := make(chan fact.Fact, 1), make(chan struct{})
	flooding.Go(func() {
		for {
			select {
			case f := <-d.facts:
				if f.Instance.ID == "loud" {
					if drained.Add(1) == 1 {
						close(flooded)
					}
				} else {
					heard <- f
				}
			case <-ctx.Done():
				return
			}
		}
	})
	next(t, flooded)
	for seq := uint64(1); seq <= 20; seq++ {
		before := drained.Load()
		if err := calm.Send(ctx, fmt.Appendf(nil, `{"event":"listening","inst":"calm","seq":%d}`, seq)); err != nil {
			t.Fatal(err)
		}
		if f := next(t, heard); f.Seq != seq {
			t.Fatalf("number %d came, want %d", f.Seq, seq)
		}
		if seq == 1 {
			continue // it also connected
		}
		if served := drained.Load() - before; served > 100*2*mark {
			t.Errorf("the loud one was served %d messages before number %d of the calm one was heard", served/100, seq)
		}
	}
}

// Close ends it in the middle of a rush; what take is doing it may end.
func TestCloseWaitsForTake(t *testing.T) {
	x := zmq.NewContext(zmq.ContextConfig{})
	defer x.Close()
	taking, proceed := make(chan struct{}, 1<<10), make(chan struct{})
	var running atomic.Bool
	in, err := Listen(x, "tcp://127.0.0.1:*", func([]fact.Fact, []fact.State) {
		running.Store(true)
		taking <- struct{}{}
		<-proceed
		running.Store(false)
	}, func(string) {}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{Ingest: in}
	for range 3 {
		d.sender(t, "").Send(context.Background(), []byte(`{"event":"listening","inst":"i"}`))
	}
	next(t, taking)
	closed := make(chan bool)
	var closing sync.WaitGroup
	closing.Go(func() { in.Close(); closed <- running.Load() })
	select {
	case <-closed:
		t.Fatal("Close came back while take was running")
	case <-time.After(50 * time.Millisecond): // it cannot be seen to wait but by waiting
	}
	close(proceed)
	if next(t, closed) {
		t.Error("take was running when Close came back")
	}
	closing.Wait()
}

func TestAnEndpointThatIsTakenIsAnError(t *testing.T) {
	d := newDesk(t)
	if in, err := Listen(zmq.DefaultContext(), d.Endpoint(), nil, nil, Options{}); err == nil {
		in.Close()
		t.Error("two listen at one endpoint")
	}
}
