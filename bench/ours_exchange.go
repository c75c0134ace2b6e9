package main

import (
	"context"

	"github.com/glassmq/zmq"
)

// Our ROUTER, which sends back what comes, and DEALERs that keep s.flight
// requests on their way, each with a goroutine of its own.

func oursRouter(s settings) error {
	router := zmq.NewRouter(zmq.Config{})
	bound, err := router.Bind(s.endpoint)
	if err != nil {
		return err
	}
	announce(bound)
	g := newGauge(1)
	go g.serve(0, 1, routerAnswer(router))
	return answerReadings(g.read)
}

// sharedFrom is the size from which SendMessage shares a body instead of copying
// it. An answerer that has the body at hand uses it there, as libzmq's sends the
// very zmq_msg_t that came; below, a copy is cheaper.
const sharedFrom = 8 << 10

// routerAnswer is a server's turn: who asked is the first frame.
func routerAnswer(router *zmq.Router) func(n int) error {
	ctx := context.Background()
	return func(n int) error {
		for range n {
			m, err := router.Recv(ctx)
			if err != nil {
				return err
			}
			if len(m.Body()) >= sharedFrom {
				err = router.SendMessage(ctx, m)
			} else {
				err = router.Send(ctx, m.Frame(0), m.Body())
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
}

func oursDealer(s settings) error {
	g := newGauge(s.clients)
	for i := range s.clients {
		dealer := zmq.NewDealer(zmq.Config{})
		if err := dealer.Connect(s.endpoint); err != nil {
			return err
		}
		go g.serve(i, 1, dealerTurn(dealer, s))
	}
	return answerReadings(g.read)
}

// dealerTurn takes an answer and asks again. Before its first answer it has
// asked s.flight times.
func dealerTurn(dealer *zmq.Dealer, s settings) func(n int) error {
	ctx, body := context.Background(), make([]byte, s.size)
	ahead := s.flight
	return func(n int) error {
		for ; ahead > 0; ahead-- {
			if err := dealer.Send(ctx, body); err != nil {
				return err
			}
		}
		for range n {
			m, err := dealer.Recv(ctx)
			if err := oursCheck(m, s.size, err); err != nil {
				return err
			}
			if err := dealer.Send(ctx, body); err != nil {
				return err
			}
		}
		return nil
	}
}

func oursInprocExchange(s settings) error {
	router, dealer := zmq.NewRouter(zmq.Config{}), zmq.NewDealer(zmq.Config{})
	if err := joinInproc(router, dealer); err != nil {
		return err
	}
	g, answer := newGauge(1), routerAnswer(router)
	go mustServe(func() error { return answer(1) })
	go g.serve(0, 1, dealerTurn(dealer, s))
	return answerReadings(g.read)
}
