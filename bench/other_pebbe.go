//go:build pebbe

package main

import (
	"fmt"

	zmq4 "github.com/pebbe/zmq4"
)

// pebbe/zmq4: libzmq over cgo, with the default context.

type pebbeSocket struct{ s *zmq4.Socket }

func openOther(t otherType) (other, error) {
	types := map[otherType]zmq4.Type{
		otherPush: zmq4.PUSH, otherPull: zmq4.PULL, otherReq: zmq4.REQ, otherRep: zmq4.REP,
		otherPub: zmq4.PUB, otherSub: zmq4.SUB, otherDealer: zmq4.DEALER, otherRouter: zmq4.ROUTER,
	}
	native, there := types[t]
	if !there {
		return nil, fmt.Errorf("pebbe/zmq4 has no %s", t)
	}
	s, err := zmq4.NewSocket(native)
	if err == nil && t == otherSub {
		err = s.SetSubscribe("")
	}
	return pebbeSocket{s}, err
}

func (p pebbeSocket) Bind(endpoint string) (string, error) {
	if err := p.s.Bind(endpoint); err != nil {
		return "", err
	}
	return p.s.GetLastEndpoint()
}

func (p pebbeSocket) Connect(endpoint string) error { return p.s.Connect(endpoint) }

func (p pebbeSocket) Send(body []byte) error {
	_, err := p.s.SendBytes(body, 0)
	return err
}

func (p pebbeSocket) Recv() ([]byte, error) { return p.s.RecvBytes(0) }

func (p pebbeSocket) Echo() error {
	frames, err := p.s.RecvMessageBytes(0)
	if err != nil {
		return err
	}
	_, err = p.s.SendMessage(frames)
	return err
}
