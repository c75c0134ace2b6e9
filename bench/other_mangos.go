//go:build mangos

package main

import (
	"fmt"
	"strings"

	nanomsg "go.nanomsg.org/mangos/v3"
	"go.nanomsg.org/mangos/v3/protocol/pub"
	"go.nanomsg.org/mangos/v3/protocol/pull"
	"go.nanomsg.org/mangos/v3/protocol/push"
	"go.nanomsg.org/mangos/v3/protocol/rep"
	"go.nanomsg.org/mangos/v3/protocol/req"
	"go.nanomsg.org/mangos/v3/protocol/sub"
	_ "go.nanomsg.org/mangos/v3/transport/inproc"
	_ "go.nanomsg.org/mangos/v3/transport/ipc"
	_ "go.nanomsg.org/mangos/v3/transport/tcp"
)

// mangos: nanomsg's patterns over SP. It has no DEALER and no ROUTER.

type mangosSocket struct{ s nanomsg.Socket }

func openOther(t otherType) (other, error) {
	types := map[otherType]func() (nanomsg.Socket, error){
		otherPush: push.NewSocket, otherPull: pull.NewSocket, otherReq: req.NewSocket, otherRep: rep.NewSocket,
		otherPub: pub.NewSocket, otherSub: sub.NewSocket,
	}
	open, there := types[t]
	if !there {
		return nil, fmt.Errorf("mangos has no %s", t)
	}
	s, err := open()
	if err == nil && t == otherSub {
		err = s.SetOption(nanomsg.OptionSubscribe, []byte{})
	}
	if err == nil {
		// The one option that is set anywhere: by default a message of 1 MiB with
		// a REQ's header is refused.
		err = s.SetOption(nanomsg.OptionMaxRecvSize, 2<<20)
	}
	return mangosSocket{s}, err
}

func (m mangosSocket) Bind(endpoint string) (string, error) {
	l, err := m.s.NewListener(strings.Replace(endpoint, ":*", ":0", 1), nil)
	if err != nil {
		return "", err
	}
	if err := l.Listen(); err != nil {
		return "", err
	}
	return l.Address(), nil
}

func (m mangosSocket) Connect(endpoint string) error { return m.s.Dial(endpoint) }

func (m mangosSocket) Send(body []byte) error { return m.s.Send(body) }

func (m mangosSocket) Recv() ([]byte, error) { return m.s.Recv() }

func (m mangosSocket) Echo() error {
	body, err := m.s.Recv()
	if err != nil {
		return err
	}
	return m.s.Send(body)
}
