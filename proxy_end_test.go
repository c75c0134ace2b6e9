package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
)

// An idle proxy hears of every end at once, also of a socket that it only sends to.
func TestProxyEndsWithItsSockets(t *testing.T) {
	type parts struct {
		front, back, capture, control zmq.Socket
		x                             *zmq.Context
	}
	for name, c := range map[string]struct {
		end  func(p *parts)
		want error
		text string
	}{
		"Front":   {func(p *parts) { p.front.Shutdown(zmq.NoWait) }, zmq.ErrClosed, "zmq: Proxy.Run: Front (PULL left): zmq: socket closed"},
		"Back":    {func(p *parts) { p.back.Shutdown(zmq.NoWait) }, zmq.ErrClosed, "zmq: Proxy.Run: Back (PUSH): zmq: socket closed"},
		"Capture": {func(p *parts) { p.capture.Shutdown(zmq.NoWait) }, zmq.ErrClosed, "zmq: Proxy.Run: Capture (PAIR): zmq: socket closed"},
		"Control": {func(p *parts) { p.control.Shutdown(zmq.NoWait) }, zmq.ErrClosed, "zmq: Proxy.Run: Control (PULL): zmq: socket closed"},
		"Context": {func(p *parts) { p.x.Terminate() }, zmq.ErrTerminated, "zmq: context terminated"},
	} {
		for _, paused := range []bool{false, true} {
			t.Run(fmt.Sprint(name, " paused=", paused), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					x := zmq.NewContext(zmq.ContextConfig{})
					defer x.Shutdown(zmq.NoWait)
					cfg := zmq.Config{Context: x}
					capture := zmq.NewPair(cfg)
					s := &parts{zmq.NewPull(zmq.Config{Context: x, Name: "left"}), zmq.NewPush(cfg), capture, zmq.NewPull(cfg), x}
					p := &zmq.Proxy{Front: s.front, Back: s.back, Capture: capture, Control: s.control}
					if paused {
						p.Pause()
					}
					ended := make(chan error)
					go func() { ended <- p.Run(t.Context()) }()
					synctest.Wait()
					c.end(s)
					err := <-ended
					if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
						t.Errorf("Run returned %q, want %q", err, c.text)
					}
				})
			})
		}
	}
}

func TestProxyEndsWithItsContext(t *testing.T) {
	s := &zmq.Proxy{Front: zmq.NewPull(zmq.Config{}), Back: zmq.NewPush(zmq.Config{})}
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	for name, ctx := range map[string]context.Context{"a deadline": ctx, "one that is done": ctx} {
		if err := s.Run(ctx); err != context.DeadlineExceeded {
			t.Errorf("%s: Run returned %v", name, err)
		}
	}
	if err := s.Run(zmq.NoWait); err != zmq.ErrWouldBlock {
		t.Errorf("Run(NoWait) returned %v", err)
	}
	for _, socket := range []zmq.Socket{s.Front, s.Back} {
		if err := socket.Shutdown(zmq.NoWait); err != nil {
			t.Error(err)
		}
	}
}

func TestProxyRefusals(t *testing.T) {
	cfg := zmq.Config{Context: zmq.NewContext(zmq.ContextConfig{})}
	pull, push, req, rep, pair := zmq.NewPull(cfg), zmq.NewPush(cfg), zmq.NewReq(cfg), zmq.NewRep(cfg), zmq.NewPair(cfg)
	defer cfg.Context.Close()
	for what, p := range map[string]*zmq.Proxy{
		"set both":          {Front: pull},
		"PULL and PULL":     {Front: pull, Back: zmq.NewPull(cfg)},
		"PUSH and PUSH":     {Front: push, Back: push},
		"Front is a REP":    {Front: rep, Back: pair},
		"Back is a REQ":     {Front: pair, Back: req},
		"Capture is a REQ":  {Front: pull, Back: push, Capture: req},
		"Control is a PUSH": {Front: pull, Back: push, Control: push},
	} {
		err := p.Run(t.Context())
		if !errors.Is(err, zmq.ErrInvalid) || !strings.Contains(fmt.Sprint(err), what) {
			t.Errorf("%s: Run returned %v", what, err)
		}
	}
	wrong := zmq.NewPull(zmq.Config{Context: cfg.Context, SendHWM: 1, Name: "wrong"})
	if err := (&zmq.Proxy{Front: wrong, Back: push}).Run(t.Context()); !errors.Is(err, zmq.ErrInvalid) || !strings.Contains(err.Error(), "Front (PULL wrong)") {
		t.Errorf("a socket whose Config is wrong: Run returned %v", err)
	}
}

func TestProxyRunsOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x := zmq.NewContext(zmq.ContextConfig{})
		defer x.Shutdown(zmq.NoWait)
		s := newStreamer(t, x, "inproc://here", 0)
		stop := start(t, s.Proxy)
		synctest.Wait()
		if err := s.Run(t.Context()); !errors.Is(err, zmq.ErrState) {
			t.Errorf("a second Run returned %v", err)
		}
		send(t, s.push, "still there")
		recv(t, s.pull, "still there")
		stopped(t, stop)
	})
}
