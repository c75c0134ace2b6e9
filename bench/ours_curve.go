package main

import (
	"errors"
	"sync/atomic"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/zmtp/curve"
)

// CURVE: who binds is the server, and lets everybody in, as libzmq does without a
// ZAP handler.

func bindConfig(s settings) (zmq.Config, error) {
	if s.public == "" {
		return zmq.Config{}, nil
	}
	own, err := curve.ParseKeyPair(s.public, s.secret)
	return zmq.Config{Mechanism: curve.Server(own), Authenticate: zmq.AllowAny}, err
}

func connectConfig(s settings) (zmq.Config, error) {
	if s.public == "" {
		return zmq.Config{}, nil
	}
	server, err := curve.ParsePublicKey(s.public)
	return zmq.Config{Mechanism: curve.Client(curve.NewKeyPair(), server)}, err
}

// oursVisit makes a socket, connects, asks, waits for the answer and closes, again
// and again.
func oursVisit(s settings) error {
	cfg, err := connectConfig(s)
	if err != nil {
		return err
	}
	return roundTrips(s, func() error {
		req := zmq.NewReq(cfg)
		defer req.Close()
		if err := req.Connect(s.endpoint); err != nil {
			return err
		}
		return reqTurn(req, s)()
	})
}

// oursGreet answers visitors. A line on stdin asks for how many came after the
// first one, and what they cost.
func oursGreet(s settings) error {
	cfg, err := bindConfig(s)
	if err != nil {
		return err
	}
	rep := zmq.NewRep(cfg)
	bound, err := rep.Bind(s.endpoint)
	if err != nil {
		return err
	}
	announce(bound)
	var first mark
	var answered atomic.Int64 // first is written before it is 1
	answer := repAnswer(rep)
	go mustServe(func() error {
		err := answer()
		if answered.Load() == 0 {
			first = takeMark()
		}
		answered.Add(1)
		return err
	})
	return answerReadings(func() (reading, error) {
		n := answered.Load()
		if n == 0 {
			return reading{}, errors.New("nobody has come")
		}
		r := takeMark().since(first)
		r.Messages = n - 1
		return r, nil
	})
}
