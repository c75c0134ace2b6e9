package main

import (
	"context"
	"sync/atomic"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// Our REQ and REP, one request in flight.

func oursRequest(s settings) error {
	req := zmq.NewReq(zmq.Config{})
	if err := req.Connect(s.endpoint); err != nil {
		return err
	}
	return roundTrips(s, reqTurn(req, s))
}

// oursReply answers, and counts its answers. With s.watch a monitor is read
// beside it.
func oursReply(s settings) error {
	cfg, err := bindConfig(s)
	if err != nil {
		return err
	}
	rep := zmq.NewRep(cfg)
	var told witness
	if s.watch {
		go told.read(rep.Watch(monitor.Accepted | monitor.HandshakeSucceeded | monitor.Disconnected))
	}
	bound, err := rep.Bind(s.endpoint)
	if err != nil {
		return err
	}
	announce(bound)
	g, answer := newGauge(1), repAnswer(rep)
	go g.serve(0, 1, func(int) error { return answer() })
	return answerReadings(func() (reading, error) {
		r, err := g.read()
		r.Accepted, r.Handshakes, r.Disconnects = told.accepted.Load(), told.handshakes.Load(), told.disconnects.Load()
		return r, err
	})
}

// A witness counts what a monitor tells. An event that was lost is missing in
// its counts, so that the row shows it.
type witness struct{ accepted, handshakes, disconnects atomic.Int64 }

func (w *witness) read(events *monitor.Subscription) {
	for e := range events.Events(context.Background()) {
		switch e.Kind {
		case monitor.Accepted:
			w.accepted.Add(1)
		case monitor.HandshakeSucceeded:
			w.handshakes.Add(1)
		case monitor.Disconnected:
			w.disconnects.Add(1)
		}
	}
}

// The four functions below differ in the socket's type only. They call it
// directly because a call through zmq.Sender allocates (its variadic slice
// escapes), which a program with a typed socket does not pay.

func reqTurn(req *zmq.Req, s settings) func() error {
	ctx, body := context.Background(), make([]byte, s.size)
	return func() error {
		if err := req.Send(ctx, body); err != nil {
			return err
		}
		m, err := req.Recv(ctx)
		return oursCheck(m, s.size, err)
	}
}

func repAnswer(rep *zmq.Rep) func() error {
	ctx := context.Background()
	return func() error {
		m, err := rep.Recv(ctx)
		if err != nil {
			return err
		}
		if len(m.Body()) >= sharedFrom {
			return rep.SendMessage(ctx, m)
		}
		return rep.Send(ctx, m.Body())
	}
}

func pairTurn(pair *zmq.Pair, s settings) func() error {
	ctx, body := context.Background(), make([]byte, s.size)
	return func() error {
		if err := pair.Send(ctx, body); err != nil {
			return err
		}
		m, err := pair.Recv(ctx)
		return oursCheck(m, s.size, err)
	}
}

func pairAnswer(pair *zmq.Pair) func() error {
	ctx := context.Background()
	return func() error {
		m, err := pair.Recv(ctx)
		if err != nil {
			return err
		}
		return pair.Send(ctx, m.Body())
	}
}
