package main

import (
	"context"

	"github.com/glassmq/zmq"
)

// Our PUB, and many SUBs in one process, each with a goroutine of its own.

// oursPublish sends as fast as it can: what a subscriber has no room for is
// dropped, as everywhere by default, and the subscribers count. With "wait" it
// is waited for instead.
func oursPublish(s settings) error {
	pub := zmq.NewPub(zmq.Config{XPubNoDrop: s.pattern == "wait"})
	bound, err := pub.Bind(s.endpoint)
	if err != nil {
		return err
	}
	announce(bound)
	g, ctx, body := newGauge(1), context.Background(), make([]byte, s.size)
	go g.serve(0, fanBurst, func(n int) error {
		for range n {
			if err := pub.Send(ctx, body); err != nil {
				return err
			}
		}
		return nil
	})
	return answerReadings(g.read)
}

// fanBurst is how many messages a publisher or a subscriber has between two looks
// at its tally: few, for of 512 each gets little in a window.
const fanBurst = 16

func oursSubscribe(s settings) error {
	g, ctx := newGauge(s.clients), context.Background()
	for i := range s.clients {
		sub := zmq.NewSub(zmq.Config{Subscribe: []string{""}})
		if err := sub.Connect(s.endpoint); err != nil {
			return err
		}
		go g.serve(i, fanBurst, func(n int) error {
			for range n {
				m, err := sub.Recv(ctx)
				if err := oursCheck(m, s.size, err); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return answerReadings(g.read)
}
