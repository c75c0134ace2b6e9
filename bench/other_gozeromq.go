//go:build gozeromq

package main

import (
	"context"
	"fmt"
	"strings"

	zmq4 "github.com/go-zeromq/zmq4"
)

// go-zeromq/zmq4: ZMTP in pure Go.

type goZeromqSocket struct{ s zmq4.Socket }

func openOther(t otherType) (other, error) {
	types := map[otherType]func(context.Context, ...zmq4.Option) zmq4.Socket{
		otherPush: zmq4.NewPush, otherPull: zmq4.NewPull, otherReq: zmq4.NewReq, otherRep: zmq4.NewRep,
		otherPub: zmq4.NewPub, otherSub: zmq4.NewSub, otherDealer: zmq4.NewDealer, otherRouter: zmq4.NewRouter,
	}
	open, there := types[t]
	if !there {
		return nil, fmt.Errorf("go-zeromq/zmq4 has no %s", t)
	}
	s := open(context.Background())
	if t == otherSub {
		if err := s.SetOption(zmq4.OptionSubscribe, ""); err != nil {
			return nil, err
		}
	}
	return goZeromqSocket{s}, nil
}

func (g goZeromqSocket) Bind(endpoint string) (string, error) {
	transport, address, _ := strings.Cut(endpoint, "://")
	if err := g.s.Listen(transport + "://" + strings.Replace(address, "*", "0", 1)); err != nil {
		return "", err
	}
	if transport != "tcp" {
		return endpoint, nil
	}
	return "tcp://" + g.s.Addr().String(), nil
}

func (g goZeromqSocket) Connect(endpoint string) error { return g.s.Dial(endpoint) }

func (g goZeromqSocket) Send(body []byte) error { return g.s.Send(zmq4.NewMsg(body)) }

func (g goZeromqSocket) Recv() ([]byte, error) {
	m, err := g.s.Recv()
	if err != nil || len(m.Frames) == 0 {
		return nil, err
	}
	return m.Frames[len(m.Frames)-1], nil
}

func (g goZeromqSocket) Echo() error {
	m, err := g.s.Recv()
	if err != nil {
		return err
	}
	return g.s.SendMulti(m)
}
