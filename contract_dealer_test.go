package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// DEALER, and chains of REQ, ROUTER, DEALER and REP (RFC 28).

// Messages go to each peer in turn, and come from each in turn.
func TestDealerTakesTurns(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		dealer := zmq.NewDealer(zmq.Config{Context: x})
		bound := bindTo(t, dealer, endpoint)
		var peers []*zmq.Dealer
		for range 3 {
			peers = append(peers, connected(t, zmq.NewDealer(zmq.Config{Context: x}), bound))
		}
		ready(t, dealer, 3)
		for i := range 30 {
			send(t, dealer, fmt.Sprint(i))
		}
		var seen []string
		for _, p := range peers {
			var last string
			for range 10 {
				m, err := p.Recv(within(t))
				must(t, err)
				if body := string(m.Body()); len(body) < len(last) || len(body) == len(last) && body < last {
					t.Errorf("%s came after %s", body, last)
				} else {
					last = body
				}
				seen = append(seen, string(m.Body()))
			}
			if err := p.CanRecv(); !errors.Is(err, zmq.ErrWouldBlock) {
				t.Errorf("one of three got more than ten of thirty: %v", err)
			}
		}
		if slices.Sort(seen); len(slices.Compact(seen)) != 30 {
			t.Errorf("of 30 messages came %q", seen)
		}

		for i, p := range peers {
			for range 50 {
				send(t, p, fmt.Sprint(i))
			}
		}
		arrived(t, dealer, 150)
		count := map[string]int{}
		for range 30 {
			m, err := dealer.Recv(within(t))
			must(t, err)
			count[string(m.Body())]++
		}
		if count["0"] != 10 || count["1"] != 10 || count["2"] != 10 {
			t.Errorf("of three full queues came %v, want ten each", count)
		}
	})
}

// arrived waits until so many messages are in s's queues.
func arrived(t *testing.T, s zmq.Socket, n int) {
	t.Helper()
	ctx := within(t)
	for {
		total := 0
		for _, p := range s.State().Peers {
			total += p.QueueIn
		}
		switch {
		case total == n:
			return
		case total > n || ctx.Err() != nil:
			t.Fatalf("%d messages are in the queues, want %d", total, n)
		}
	}
}

// A peer that is full is passed over; when all are, the call waits, and goes on with the first that has room.
func TestDealerPassesOverTheFull(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		small := zmq.Config{Context: x, SendHWM: 3, RecvHWM: 3, SendBuffer: 4096, RecvBuffer: 4096}
		dealer := zmq.NewDealer(small)
		bound := bindTo(t, dealer, endpoint)
		slow := connected(t, zmq.NewDealer(small), bound)
		ready(t, dealer, 1)
		choke(t, dealer)
		quick := connected(t, zmq.NewDealer(small), bound)
		ready(t, dealer, 2)
		for i := range 20 {
			send(t, dealer, fmt.Sprint(i))
			recv(t, quick, fmt.Sprint(i))
		}
		choke(t, dealer)
		sent := make(chan error, 1)
		go func() { sent <- dealer.Send(within(t), []byte("at last")) }()
		select {
		case err := <-sent:
			t.Fatalf("Send to two full peers does not wait: %v", err)
		case <-time.After(stalled):
		}
		go func() {
			for range slow.Messages(context.Background()) {
			}
		}()
		must(t, <-sent)
	})
}

// Questions of REQs go through a ROUTER and a DEALER to REPs, and each answer finds its way back, through two such
// queues in a row: each hop puts an id before the envelope, and takes it off again.
func TestChainOfQueues(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		last := hop(t, x, endpoint, "last")
		first := hop(t, x, endpoint, "first")
		connect(t, first.back, last.frontEnd)
		for range 2 {
			rep := connected(t, zmq.NewRep(zmq.Config{Context: x}), last.backEnd)
			go func() {
				for {
					m, err := rep.Recv(context.Background())
					if err != nil {
						return
					}
					rep.Send(context.Background(), []byte("re:"), m.Body())
				}
			}()
		}
		var all sync.WaitGroup
		for g := range 4 {
			req := connected(t, zmq.NewReq(zmq.Config{Context: x, ReqCorrelate: g%2 == 0}), first.frontEnd)
			all.Go(func() {
				for i := range 50 {
					ask := fmt.Sprint(g, " ", i)
					m, err := req.Do(within(t), []byte(ask))
					if err != nil || string(m.Frame(0)) != "re:" || string(m.Body()) != ask {
						t.Errorf("asked %q, answered %q, %v", ask, m.Body(), err)
						return
					}
				}
			})
		}
		all.Wait()
	})
}

// A queue is a ROUTER for who asks and a DEALER for who answers.
type queue struct {
	front             *zmq.Router
	back              *zmq.Dealer
	frontEnd, backEnd string
}

// hop makes one and lets it run until its sockets end.
func hop(t *testing.T, x *zmq.Context, endpoint, name string) *queue {
	q := &queue{front: zmq.NewRouter(zmq.Config{Context: x}), back: zmq.NewDealer(zmq.Config{Context: x})}
	q.frontEnd, q.backEnd = bindTo(t, q.front, another(endpoint, name+" front")), bindTo(t, q.back, another(endpoint, name+" back"))
	shovel := func(from zmq.Receiver, to zmq.Sender) {
		for {
			m, err := from.Recv(context.Background())
			if err != nil || to.SendMessage(context.Background(), m) != nil {
				return
			}
		}
	}
	go shovel(q.front, q.back)
	go shovel(q.back, q.front)
	return q
}

// REP keeps the envelope that a DEALER wrote, of several frames, and skips what has none or nothing behind it.
func TestRepKeepsTheEnvelope(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		rep := zmq.NewRep(zmq.Config{Context: x})
		dealer := connected(t, zmq.NewDealer(zmq.Config{Context: x}), bindTo(t, rep, endpoint))
		send(t, dealer, "no delimiter")
		send(t, dealer, "nothing", "behind it", "")
		send(t, dealer, "a", "b", "", "question", "", "more of it")
		recv(t, rep, "question", "", "more of it")
		send(t, rep, "answer", "", "more")
		recv(t, dealer, "a", "b", "", "answer", "", "more")
		send(t, dealer, "", "x")
		recv(t, rep, "x")
		send(t, rep, "y")
		recv(t, dealer, "", "y")
	})
}

// A REQ is answered by the one it asked: what another peer says meanwhile is nothing to it, nor what has no delimiter.
func TestReqHearsOnlyWhomItAsked(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		req := zmq.NewReq(zmq.Config{Context: x, RoutingID: "req"})
		bound := bindTo(t, req, endpoint)
		a, b := zmq.NewRouter(zmq.Config{Context: x, RoutingID: "a"}), zmq.NewRouter(zmq.Config{Context: x, RoutingID: "b"})
		connect(t, a, bound)
		ready(t, a, 1)
		send(t, req, "question")
		recv(t, a, "req", "", "question")
		connect(t, b, bound)
		ready(t, b, 1)
		ready(t, req, 2)
		send(t, b, "req", "", "I was not asked")
		arrived(t, req, 1)
		send(t, a, "req", "no delimiter")
		send(t, a, "req", "", "answer")
		recv(t, req, "answer")
		asked := map[zmq.Receiver]bool{}
		for range 2 {
			send(t, req, "another")
			select {
			case <-a.Readable():
				recv(t, a, "req", "", "another")
				send(t, a, "req", "", "yes?")
				asked[a] = true
			case <-b.Readable():
				recv(t, b, "req", "", "another")
				send(t, b, "req", "", "yes?")
				asked[b] = true
			}
			recv(t, req, "yes?")
		}
		if len(asked) != 2 {
			t.Error("two questions went to one of two peers")
		}
	})
}

// With ReqRelaxed a REQ may ask again instead of waiting, and is not given the answer to what it asked before.
func TestReqRelaxedAsksAgain(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		for _, correlate := range []bool{false, true} {
			router := zmq.NewRouter(zmq.Config{Context: x})
			req := zmq.NewReq(zmq.Config{Context: x, ReqRelaxed: true, ReqCorrelate: correlate, ReconnectMin: fast})
			connect(t, req, bindTo(t, router, endpoint))
			send(t, req, "first")
			late, err := router.Recv(within(t))
			must(t, err)
			send(t, req, "second")
			m, err := router.Recv(within(t))
			must(t, err)
			if string(m.Body()) != "second" {
				t.Fatalf("the ROUTER was asked %q", m.Body())
			}
			_ = router.Reply(within(t), late, []byte("late"))
			must(t, router.Reply(within(t), m, []byte("in time")))
			recv(t, req, "in time")
			must(t, req.Close())
			must(t, router.Close())
		}
	})
}

// A REP never waits: an answer that its asker does not take in is dropped and counted, and the next question is served.
func TestRepNeverWaits(t *testing.T) {
	over(t, func(t *testing.T, x *zmq.Context, endpoint string) {
		small := zmq.Config{Context: x, SendHWM: 3, RecvHWM: 3, SendBuffer: 4096, RecvBuffer: 4096}
		rep := zmq.NewRep(small)
		w := rep.Watch(monitor.Dropped | monitor.Inproc)
		bound := bindTo(t, rep, endpoint)
		deaf := connected(t, zmq.NewDealer(small), bound)
		for n := 0; rep.State().Dropped == 0; n++ {
			if n == 10_000 {
				t.Fatal("never full")
			}
			send(t, deaf, "", "?")
			recv(t, rep, "?")
			must(t, rep.Send(within(t), chokeBody(n)))
		}
		other := connected(t, zmq.NewReq(zmq.Config{Context: x}), bound)
		send(t, other, "and I?")
		recv(t, rep, "and I?")
		send(t, rep, "of course")
		recv(t, other, "of course")
		e, err := w.Next(within(t))
		must(t, err)
		if e.Reason != monitor.ReasonHWM || e.Count == 0 {
			t.Errorf("the dropped answers are told as %v", e)
		}
	})
}
