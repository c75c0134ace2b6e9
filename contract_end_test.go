package zmq_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/zmqtest"
)

// Ends: what a socket of any type has queued when it is closed, and what becomes of calls that wait.

// What was sent before Close arrives, whatever the type, if the peer lives (contract U9).
func TestCloseLingersForEveryType(t *testing.T) {
	const n = 500
	for _, r := range contract {
		if r.ours == zmq.REP || r.ours == zmq.REQ { // one message at a time
			continue
		}
		over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
			if r.ours == zmq.STREAM && endpoint[0] != 't' {
				return
			}
			c := newCase(t, r, x, endpoint)
			must(t, c.ours.Update(func(cfg *zmq.Config) { cfg.SendHWM = 2 * n }))
			g := c.come("g")
			for i := range n {
				body := append([]byte{'m'}, binary.BigEndian.AppendUint32(nil, uint32(i))...)
				must(t, c.say(within(t), g, body))
			}
			closed := make(chan error, 1)
			go func() { closed <- c.ours.Close() }()
			var got []byte
			ctx := within(t)
			for len(got) < 5*n { // a STREAM's come in pieces
				m, err := g.Socket.(zmq.Receiver).Recv(ctx)
				if err != nil {
					t.Fatalf("%s: after %d messages: %v", r.name, len(got)/5, err)
				}
				got = append(got, m.Body()...)
			}
			for i := range n {
				if string(got[5*i]) != "m" || binary.BigEndian.Uint32(got[5*i+1:]) != uint32(i) {
					t.Fatalf("%s: message %d is %q", r.name, i, got[5*i:5*i+5])
				}
			}
			if err := <-closed; err != nil {
				t.Errorf("%s: Close says %v", r.name, err)
			}
		})
	}
}

// Who was refused, for another had the place or the routing id, gets in when that one leaves, whichever way both came.
func TestThePlaceIsFreeAgain(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, first string) {
		for _, second := range []string{"tcp://127.0.0.1:*", "inproc://second"} {
			for _, types := range [][2]zmq.Type{{zmq.PAIR, zmq.PAIR}, {zmq.ROUTER, zmq.DEALER}} {
				make := func(typ zmq.Type, name string) zmq.Socket {
					cfg := zmq.Config{Context: x, ReconnectMin: fast, ReconnectMax: 10 * fast}
					if typ == zmq.DEALER {
						cfg.RoutingID = name
					}
					s, err := zmq.New(typ, cfg)
					must(t, err)
					return s
				}
				host := make(types[0], "")
				one, two := bindTo(t, host, first), bindTo(t, host, second)
				has, waits := make(types[1], "x"), make(types[1], "x")
				connect(t, has, one)
				ready(t, host, 1)
				connect(t, waits, two)
				send(t, waits.(zmq.Sender), "let me in")
				must(t, has.Close())
				m, err := host.(zmq.Receiver).Recv(within(t))
				if err != nil || string(m.Body()) != "let me in" {
					t.Errorf("a %v at %s and %s: received %q, %v", types[0], first, second, m.Body(), err)
				}
				host.Close()
				waits.Close()
			}
		}
	})
}

// A Send that waits ends when its socket does, and goes on when the options let it.
func TestWaitingSends(t *testing.T) {
	for _, r := range contract {
		if r.full != waits {
			continue
		}
		for how, what := range map[string]struct {
			act  func(x *zmq.Context, s zmq.Socket) error
			want error
		}{
			"Shutdown":  {func(_ *zmq.Context, s zmq.Socket) error { return s.Shutdown(zmq.NoWait) }, zmq.ErrClosed},
			"Terminate": {func(x *zmq.Context, _ zmq.Socket) error { x.Terminate(); return nil }, zmq.ErrTerminated},
			"a higher mark": {func(_ *zmq.Context, s zmq.Socket) error {
				return s.Update(func(c *zmq.Config) { c.SendHWM = 100 })
			}, nil},
			"no wish to wait": {func(_ *zmq.Context, s zmq.Socket) error {
				return s.Update(func(c *zmq.Config) { c.RouterMandatory, c.XPubNoDrop = false, false })
			}, nil},
		} {
			if how == "no wish to wait" && r.config == nil {
				continue
			}
			for transport, endpoint := range map[string]string{"tcp": "tcp://hub:1", "inproc": "inproc://here"} {
				if r.ours == zmq.STREAM && transport != "tcp" {
					continue
				}
				t.Run(fmt.Sprint(r.name, "/", how, "/", transport), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						x := zmqtest.NewNetwork().Context(t)
						c := newCase(t, r, x, endpoint)
						g := c.come("g")
						c.choke(g, false)
						sent := c.waiting(g)
						var dropped *zmq.DroppedError
						if err := what.act(x, c.ours); err != nil && !errors.As(err, &dropped) {
							t.Fatal(err)
						}
						synctest.Wait()
						select {
						case err := <-sent:
							if !errors.Is(err, what.want) {
								t.Errorf("Send: %v, want %v", err, what.want)
							}
						default:
							t.Error("Send goes on waiting")
						}
					})
				})
			}
		}
	}
}
