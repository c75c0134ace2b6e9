package main

import (
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
