package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/glassmq/zmq"
)

// Residents are the programs of a small trading house, for as long as somebody looks: prices go out, orders come in, and two
// things are wrong all the time, as they are in the field. Each program is a Context of its own, as if it were a process.
type Residents struct {
	Programs map[string]*zmq.Context // by name

	stop context.CancelFunc
	work sync.WaitGroup
}

// MoveIn starts them; Close ends them. Watch, which may be nil, is told each program's Context before it has a socket.
func MoveIn(watch func(program string, x *zmq.Context)) (*Residents, error) {
	ctx, stop := context.WithCancel(context.Background())
	r := &Residents{Programs: make(map[string]*zmq.Context), stop: stop}
	for _, name := range []string{"market", "desk", "orders", "risk"} {
		r.Programs[name] = zmq.NewContext(zmq.ContextConfig{})
		if watch != nil {
			watch(name, r.Programs[name])
		}
	}
	if err := errors.Join(r.prices(ctx), r.trade(ctx), r.archive(ctx)); err != nil {
		return nil, errors.Join(err, r.Close())
	}
	return r, nil
}

// Close ends them all.
func (r *Residents) Close() error {
	r.stop()
	var errs []error
	for _, x := range r.Programs {
		if err := x.Close(); err != nil && !errors.Is(err, zmq.ErrDropped) { // who is shut out of a market leaves orders behind
			errs = append(errs, err)
		}
	}
	r.work.Wait()
	return errors.Join(errs...)
}

func (r *Residents) as(program, name string) zmq.Config {
	return zmq.Config{Context: r.Programs[program], Name: name, Linger: zmq.Off}
}

// prices are published to a screen that keeps up, and to a risk feed that reads slower than they come: its queue is full, and
// what does not fit is dropped and counted.
func (r *Residents) prices(ctx context.Context) error {
	feed := r.as("market", "prices")
	feed.SendHWM, feed.SendBuffer = 100, 8<<10
	prices := zmq.NewPub(feed)
	at, err := prices.Bind(anyPort)
	if err != nil {
		return err
	}
	slow := r.as("risk", "risk-feed")
	slow.RecvHWM, slow.RecvBuffer = 50, 8<<10
	screen, risk := zmq.NewSub(r.as("desk", "screen")), zmq.NewSub(slow)
	if err := errors.Join(screen.Subscribe("EUR"), screen.Subscribe("GBP"), risk.Subscribe(""), screen.Connect(at), risk.Connect(at)); err != nil {
		return err
	}
	r.work.Go(func() {
		tick := make([]byte, 512)
		for n := 0; pause(ctx, 4*time.Millisecond); n++ {
			copy(tick, []string{"EUR", "USD", "GBP", "JPY"}[n%4])
			if prices.Send(ctx, tick) != nil {
				return
			}
		}
	})
	r.work.Go(func() { receive(ctx, screen, 0) })
	r.work.Go(func() { receive(ctx, risk, 50*time.Millisecond) })
	return nil
}

func receive(ctx context.Context, s zmq.Receiver, each time.Duration) {
	for {
		if _, err := s.Recv(ctx); err != nil || each > 0 && !pause(ctx, each) {
			return
		}
	}
}

// trade is orders, which the desk PUSHes, and questions about them.
func (r *Residents) trade(ctx context.Context) error {
	intake, status := zmq.NewPull(r.as("orders", "intake")), zmq.NewRep(r.as("orders", "status"))
	entry, ask := zmq.NewPush(r.as("desk", "order-entry")), zmq.NewReq(r.as("desk", "ask-status"))
	in, err := intake.Bind(anyPort)
	if err != nil {
		return err
	}
	about, err := status.Bind(anyPort)
	if err != nil {
		return err
	}
	if err := errors.Join(entry.Connect(in), ask.Connect(about)); err != nil {
		return err
	}
	r.work.Go(func() { receive(ctx, intake, 0) })
	r.work.Go(func() {
		for n := 1; pause(ctx, time.Duration(8+n%23)*time.Millisecond); n++ {
			if entry.Send(ctx, fmt.Appendf(nil, "order %d", n)) != nil {
				return
			}
		}
	})
	r.work.Go(func() {
		for {
			if _, err := status.Recv(ctx); err != nil || status.Send(ctx, []byte("filled")) != nil {
				return
			}
		}
	})
	r.work.Go(func() {
		for pause(ctx, 120*time.Millisecond) {
			if _, err := ask.Do(ctx, []byte("order 1?")); err != nil {
				return
			}
		}
	})
	return nil
}

// archive dials a port where nobody listens.
func (r *Residents) archive(context.Context) error {
	at, err := vacant()
	if err != nil {
		return err
	}
	return zmq.NewPush(r.as("orders", "archive")).Connect(at)
}
