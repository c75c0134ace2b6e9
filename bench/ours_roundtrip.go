package main

import (
	"context"

	"github.com/glassmq/zmq"
)

// Our REQ and REP, one request in flight.

func oursRequest(s settings) error {
	req := zmq.NewReq(zmq.Config{})
	if err := req.Connect(s.endpoint); err != nil {
		return err
	}
	return roundTrips(s, reqTurn(req, s))
}

func oursReply(s settings) error {
	rep := zmq.NewRep(zmq.Config{})
	bound, err := rep.Bind(s.endpoint)
	if err != nil {
		return err
	}
	announce(bound)
	return serve(repAnswer(rep))
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
		return oursCheck(m, s, err)
	}
}

func repAnswer(rep *zmq.Rep) func() error {
	ctx := context.Background()
	return func() error {
		m, err := rep.Recv(ctx)
		if err != nil {
			return err
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
		return oursCheck(m, s, err)
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
