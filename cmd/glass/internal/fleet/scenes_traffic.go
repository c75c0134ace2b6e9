package fleet

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// The scenes of the patterns that do not go from one to one.

// expect receives a message, which must be these words.
func expect(ctx context.Context, s zmq.Receiver, words string) error {
	m, err := s.Recv(ctx)
	if err == nil && string(m.Body()) != words {
		err = fmt.Errorf("%s received %.40q, not %q", s.Name(), m.Body(), words)
	}
	return err
}

func subscription(ctx context.Context, st *stage) error {
	feed, desk := enter(st, zmq.NewPub(st.as("price-feed"))), enter(st, zmq.NewSub(st.as("euro-desk")))
	defer st.leave(desk, feed)
	at, err := feed.Bind(anyPort)
	if err != nil {
		return err
	}
	if err := desk.Subscribe("EUR"); err != nil {
		return err
	}
	if err := desk.Connect(at); err != nil {
		return err
	}
	if err := st.await(ctx, feed, monitor.Subscribed, 1); err != nil {
		return err
	}
	for _, price := range []string{"USD 1.00", "EUR 1.09"} {
		if err := feed.Send(ctx, []byte(price)); err != nil {
			return err
		}
	}
	return expect(ctx, desk, "EUR 1.09")
}

func forwarder(ctx context.Context, st *stage) error {
	feed, desk := enter(st, zmq.NewPub(st.as("feed"))), enter(st, zmq.NewSub(st.as("far-desk")))
	front, back := enter(st, zmq.NewXSub(st.as("relay-in"))), enter(st, zmq.NewXPub(st.as("relay-out")))
	defer st.leave(desk, back, front, feed)
	at, err := feed.Bind(anyPort)
	if err != nil {
		return err
	}
	if err := front.Connect(at); err != nil {
		return err
	}
	if at, err = back.Bind(anyPort); err != nil {
		return err
	}
	st.work.Go(func() { (&zmq.Proxy{Front: front, Back: back}).Run(ctx) }) // to the end of its sockets
	if err := desk.Subscribe("news"); err != nil {
		return err
	}
	if err := desk.Connect(at); err != nil {
		return err
	}
	if err := st.await(ctx, feed, monitor.Subscribed, 1); err != nil {
		return err
	}
	if err := feed.Send(ctx, []byte("news of the day")); err != nil {
		return err
	}
	return expect(ctx, desk, "news of the day")
}

// dispatch is over ipc: the events tell processes instead of ports.
func dispatch(ctx context.Context, st *stage) error {
	office := enter(st, zmq.NewRouter(st.as("dispatcher")))
	defer st.leave(office)
	at, err := office.Bind("ipc://*")
	if err != nil {
		return err
	}
	for _, name := range []string{"worker-a", "worker-b"} {
		cfg := st.as(name)
		cfg.RoutingID = name
		worker := enter(st, zmq.NewDealer(cfg))
		defer st.leave(worker)
		if err := worker.Connect(at); err != nil {
			return err
		}
		if err := worker.Send(ctx, []byte("ready")); err != nil {
			return err
		}
		m, err := office.Recv(ctx)
		if err != nil {
			return err
		}
		if err := office.Reply(ctx, m, []byte("a task for "+name)); err != nil {
			return err
		}
		if err := expect(ctx, worker, "a task for "+name); err != nil {
			return err
		}
	}
	return st.await(ctx, office, monitor.HandshakeSucceeded, 2)
}

// webPage is a server without ZeroMQ on the other side.
func webPage(ctx context.Context, st *stage) error {
	server := enter(st, zmq.NewStream(st.as("plain-tcp")))
	defer st.leave(server)
	at, err := server.Bind(anyPort)
	if err != nil {
		return err
	}
	st.work.Go(func() {
		for m := range server.Messages(ctx) {
			if len(m.Body()) == 0 {
				continue // it came, or went
			}
			const page = "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nhi\n"
			if server.Send(ctx, m.Frame(0), []byte(page)) != nil || server.Send(ctx, m.Frame(0), nil) != nil {
				return // the client, or the demo, is gone
			}
		}
	})
	if err := get(ctx, strings.TrimPrefix(at, "tcp://")); err != nil {
		return err
	}
	return st.await(ctx, server, monitor.HandshakeSucceeded, 1)
}

func sameName(ctx context.Context, st *stage) error {
	desk := enter(st, zmq.NewRouter(st.as("risk-desk")))
	first, second := st.as("risk-1"), st.as("risk-2")
	first.RoutingID, second.RoutingID = "risk", "risk"
	one, two := enter(st, zmq.NewDealer(first)), enter(st, zmq.NewDealer(second))
	defer st.leave(two, one, desk)
	at, err := desk.Bind(anyPort)
	if err != nil {
		return err
	}
	if err := one.Connect(at); err != nil {
		return err
	}
	if err := st.both(ctx, one, desk); err != nil {
		return err
	}
	if err := two.Connect(at); err != nil {
		return err
	}
	if err := st.await(ctx, desk, monitor.IdentityConflict, 1); err != nil {
		return err
	}
	return st.await(ctx, two, monitor.ConnectRetried, 1)
}

// slowSubscriber fills queues that are short, and buffers of the system that are small: it takes a fraction of a second.
func slowSubscriber(ctx context.Context, st *stage) error {
	fast, slow := st.as("ticker"), st.as("sleepyhead")
	fast.SendHWM, fast.SendBuffer = 10, 4096
	slow.RecvHWM, slow.RecvBuffer = 10, 4096
	ticker, sleepy := enter(st, zmq.NewPub(fast)), enter(st, zmq.NewSub(slow))
	defer st.leave(sleepy, ticker)
	at, err := ticker.Bind(anyPort)
	if err != nil {
		return err
	}
	if err := sleepy.Subscribe(""); err != nil {
		return err
	}
	if err := sleepy.Connect(at); err != nil {
		return err
	}
	if err := st.await(ctx, ticker, monitor.Subscribed, 1); err != nil {
		return err
	}
	ticking, stop := context.WithCancel(ctx)
	defer stop()
	st.work.Go(func() {
		for tick := make([]byte, 8<<10); pause(ticking, time.Millisecond) && ticker.Send(ticking, tick) == nil; {
		}
	})
	for _, k := range []monitor.Kind{monitor.QueueFull, monitor.Dropped} {
		if err := st.await(ctx, ticker, k, 1); err != nil {
			return err
		}
	}
	stop()
	st.work.Go(func() { // it wakes up
		for range sleepy.Messages(ctx) {
		}
	})
	return st.await(ctx, ticker, monitor.QueueDrained, 1)
}
