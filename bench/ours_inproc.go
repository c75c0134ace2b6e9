package main

import (
	"fmt"
	"os"

	"github.com/glassmq/zmq"
)

// Two sockets in one process, each used by one goroutine.

func oursInprocStream(s settings) error {
	pull, push := zmq.NewPull(zmq.Config{}), zmq.NewPush(zmq.Config{})
	if err := joinInproc(pull, push); err != nil {
		return err
	}
	send := oursSend(push, s)
	go mustServe(func() error { return send(burstSize(s.size)) })
	return stream(s, oursRecv(pull, s))
}

func oursInprocRoundTrip(s settings) error {
	if s.pattern == "reqrep" {
		rep, req := zmq.NewRep(zmq.Config{}), zmq.NewReq(zmq.Config{})
		if err := joinInproc(rep, req); err != nil {
			return err
		}
		go mustServe(repAnswer(rep))
		return roundTrips(s, reqTurn(req, s))
	}
	there, here := zmq.NewPair(zmq.Config{}), zmq.NewPair(zmq.Config{})
	if err := joinInproc(there, here); err != nil {
		return err
	}
	go mustServe(pairAnswer(there))
	return roundTrips(s, pairTurn(here, s))
}

func joinInproc(binder, connector zmq.Socket) error {
	const endpoint = "inproc://bench"
	if _, err := binder.Bind(endpoint); err != nil {
		return err
	}
	return connector.Connect(endpoint)
}

// mustServe ends the process if answer fails: without it the measuring
// goroutine would wait for a message that nobody sends.
func mustServe(answer func() error) {
	fmt.Fprintln(os.Stderr, "the other goroutine:", serve(answer))
	os.Exit(1)
}
