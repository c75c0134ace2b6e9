package zmq_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// Every method may be called from any goroutine at any time: all of them are, on every type, while peers of every fitting
// type come and go, and Close comes in the middle. Nothing is asked of the results but that they come; the race detector
// looks at the rest, and in the end nothing is left running.
func TestAllMethodsAtOnce(t *testing.T) {
	types := map[zmq.Type]zmq.Type{
		zmq.PUSH: zmq.PULL, zmq.PULL: zmq.PUSH, zmq.PAIR: zmq.PAIR, zmq.REQ: zmq.REP, zmq.REP: zmq.REQ, zmq.DEALER: zmq.ROUTER,
		zmq.ROUTER: zmq.DEALER, zmq.PUB: zmq.SUB, zmq.SUB: zmq.PUB, zmq.XPUB: zmq.XSUB, zmq.XSUB: zmq.XPUB, zmq.STREAM: zmq.STREAM,
	}
	for typ, peer := range types {
		t.Run(typ.String(), func(t *testing.T) {
			before := ours()
			c := &crush{t: t, typ: typ, dir: t.TempDir(), x: zmq.NewContext(zmq.ContextConfig{})}
			c.socket = c.make(typ)
			c.peer = c.make(peer)
			c.run()
			c.x.Shutdown(zmq.NoWait)
			for deadline := time.Now().Add(patience); ours() > before; {
				if time.Now().After(deadline) {
					buf := make([]byte, 1<<20)
					t.Fatalf("goroutines are left:\n%s", buf[:runtime.Stack(buf, true)])
				}
				time.Sleep(time.Millisecond)
			}
		})
	}
}

// ours counts the library's goroutines.
func ours() (n int) {
	buf := make([]byte, 1<<20)
	for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(g, "glassmq/zmq/internal/") || strings.Contains(g, "glassmq/zmq/monitor.") {
			n++
		}
	}
	return n
}

// A crush is one socket in it.
type crush struct {
	t            *testing.T
	typ          zmq.Type
	dir          string
	x            *zmq.Context
	socket, peer zmq.Socket
}

func (c *crush) make(typ zmq.Type) zmq.Socket {
	cfg := zmq.Config{Context: c.x, Linger: time.Millisecond, ReconnectMin: fast}
	if typ != zmq.PULL && typ != zmq.SUB {
		cfg.SendHWM = 5
	}
	if typ == zmq.REQ {
		cfg.ReqRelaxed = true
	}
	s, err := zmq.New(typ, cfg)
	must(c.t, err)
	return s
}

// run calls everything for a while, and Close in the middle of it.
func (c *crush) run() {
	ctx, cancel := context.WithTimeout(c.t.Context(), patience)
	defer cancel()
	var all sync.WaitGroup
	for who, s := range []zmq.Socket{c.socket, c.peer} {
		calls := c.calls(s)
		for g := range 6 {
			r := rand.New(rand.NewPCG(uint64(who), uint64(g)))
			all.Go(func() {
				for i := range 150 {
					calls[r.IntN(len(calls))](ctx, r)
					if i == 100 && g == 0 && who == 0 {
						s.Close()
					}
				}
			})
		}
	}
	all.Wait()
	if ctx.Err() != nil {
		c.t.Error("some call did not come back")
	}
}

type call func(ctx context.Context, r *rand.Rand)

// soon is a context that ends soon: most calls have nobody to wait for.
func soon(ctx context.Context, r *rand.Rand, f func(ctx context.Context)) {
	if r.IntN(2) == 0 {
		f(zmq.NoWait)
		return
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(r.IntN(2000))*time.Microsecond)
	defer cancel()
	f(ctx)
}

// calls are those of one socket.
func (c *crush) calls(s zmq.Socket) []call {
	all := c.always(s)
	if s, ok := s.(zmq.Sender); ok {
		all = append(all, sends(s)...)
	}
	if s, ok := s.(zmq.Receiver); ok {
		all = append(all, receives(s)...)
	}
	return append(all, c.special(s)...)
}

func (c *crush) endpoint(r *rand.Rand) string {
	if c.typ == zmq.STREAM {
		return "tcp://127.0.0.1:*"
	}
	return []string{"tcp://127.0.0.1:*", "inproc://a", "inproc://b", "ipc://" + c.dir + "/a"}[r.IntN(4)]
}

// always is what every type can do.
func (c *crush) always(s zmq.Socket) []call {
	somewhere := func(r *rand.Rand) string { // where one of the two is bound
		for _, of := range []zmq.Socket{c.socket, c.peer} {
			for _, e := range of.State().Endpoints {
				if e.Bound != "" && r.IntN(2) == 0 {
					return e.Bound
				}
			}
		}
		return strings.Replace(c.endpoint(r), "*", "1", 1)
	}
	return []call{
		func(_ context.Context, r *rand.Rand) { s.Bind(c.endpoint(r)) },
		func(_ context.Context, r *rand.Rand) { s.Connect(somewhere(r)) },
		func(_ context.Context, r *rand.Rand) { s.Connect(somewhere(r)) },
		func(_ context.Context, r *rand.Rand) { s.Unbind(somewhere(r)) },
		func(_ context.Context, r *rand.Rand) { s.Disconnect(somewhere(r)) },
		func(_ context.Context, r *rand.Rand) {
			if peers := s.State().Peers; len(peers) > 0 {
				s.CloseConn(peers[r.IntN(len(peers))].Conn)
			}
		},
		func(ctx context.Context, r *rand.Rand) {
			soon(ctx, r, func(ctx context.Context) { s.WaitReady(ctx, 1) })
		},
		func(context.Context, *rand.Rand) {
			_ = fmt.Sprint(s.Type(), s.ID(), s.Name(), s.Config().SendHWM, s.State())
		},
		func(_ context.Context, r *rand.Rand) {
			s.Update(func(c *zmq.Config) { c.Linger, c.MaxMessageSize = time.Duration(1+r.IntN(10)), int64(r.IntN(2))*1000 })
		},
		func(context.Context, *rand.Rand) { s.Watch(monitor.All).Close() },
		func(_ context.Context, r *rand.Rand) {
			_, w := s.WatchState(monitor.Lifecycle)
			w.Poll()
			w.Close()
		},
		func(_ context.Context, r *rand.Rand) {
			if r.IntN(2) == 0 {
				s.OnEvent(monitor.All, func(zmq.Event) { s.State() })
			} else {
				s.OnEvent(0, nil)
			}
		},
		func(_ context.Context, r *rand.Rand) {
			s.Monitor([]string{"", fmt.Sprint("inproc://monitor of ", s.ID())}[r.IntN(2)], monitor.Classic)
		},
		func(context.Context, *rand.Rand) { s.MonitorPipesStats() },
	}
}

func sends(s zmq.Sender) []call {
	id := func() []byte { // of somebody, for types that address
		for _, p := range s.State().Peers {
			if p.RoutingID != "" {
				return []byte(p.RoutingID)
			}
		}
		return []byte("nobody")
	}
	return []call{
		func(ctx context.Context, r *rand.Rand) {
			soon(ctx, r, func(ctx context.Context) { s.Send(ctx, id(), []byte("x")) })
		},
		func(ctx context.Context, r *rand.Rand) {
			soon(ctx, r, func(ctx context.Context) { s.Send(ctx, []byte("\x01x")) })
		},
		func(ctx context.Context, r *rand.Rand) {
			soon(ctx, r, func(ctx context.Context) { s.SendMessage(ctx, zmq.NewMessage(id(), make([]byte, r.IntN(20_000)))) })
		},
		func(context.Context, *rand.Rand) { s.CanSend() },
		func(context.Context, *rand.Rand) { s.Writable() },
	}
}

func receives(s zmq.Receiver) []call {
	return []call{
		func(ctx context.Context, r *rand.Rand) { soon(ctx, r, func(ctx context.Context) { s.Recv(ctx) }) },
		func(ctx context.Context, r *rand.Rand) {
			var b zmq.Buffer
			soon(ctx, r, func(ctx context.Context) { s.RecvInto(ctx, &b) })
		},
		func(context.Context, *rand.Rand) { s.CanRecv() },
		func(context.Context, *rand.Rand) { s.Readable() },
	}
}

// special is what only some types can do.
func (c *crush) special(s zmq.Socket) (all []call) {
	if s, ok := s.(interface {
		Subscribe(...string) error
		Unsubscribe(...string) error
	}); ok {
		prefix := func(r *rand.Rand) string { return []string{"", "x", "\x00", "nobody"}[r.IntN(4)] }
		all = append(all, func(_ context.Context, r *rand.Rand) { s.Subscribe(prefix(r), prefix(r)) },
			func(_ context.Context, r *rand.Rand) { s.Unsubscribe(prefix(r)) })
	}
	if s, ok := s.(interface{ TopicsCount() int }); ok {
		all = append(all, func(context.Context, *rand.Rand) { s.TopicsCount() })
	}
	if s, ok := s.(interface {
		ConnectAs(endpoint, id string) error
		CanSendTo(id []byte) error
	}); ok {
		all = append(all, func(_ context.Context, r *rand.Rand) { s.ConnectAs("tcp://127.0.0.1:1", fmt.Sprint(r.IntN(3))) },
			func(_ context.Context, r *rand.Rand) { s.CanSendTo([]byte(fmt.Sprint(r.IntN(3)))) })
	}
	switch s := s.(type) {
	case *zmq.Req:
		all = append(all, func(ctx context.Context, r *rand.Rand) {
			soon(ctx, r, func(ctx context.Context) { s.Do(ctx, []byte("?")) })
		})
	case *zmq.Router:
		all = append(all, func(ctx context.Context, r *rand.Rand) {
			soon(ctx, r, func(ctx context.Context) {
				if m, err := s.Recv(ctx); err == nil {
					s.Reply(ctx, m, []byte("!"))
				}
			})
		}, func(_ context.Context, r *rand.Rand) {
			s.Update(func(c *zmq.Config) { c.RouterMandatory, c.RouterHandover = r.IntN(2) == 0, r.IntN(2) == 0 })
		})
	case *zmq.XPub:
		all = append(all, func(_ context.Context, r *rand.Rand) {
			s.Update(func(c *zmq.Config) {
				c.XPubManual, c.XPubNoDrop, c.XPubVerbose = r.IntN(3) == 0, r.IntN(2) == 0, r.IntN(2) == 0
			})
			if m, err := s.Recv(zmq.NoWait); err == nil {
				zmq.ParseSubscription(m)
				s.Admit(m, "x")
				s.Revoke(m, "x")
			}
		})
	}
	return all
}
