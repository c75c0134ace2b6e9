package main

import (
	"context"
	"fmt"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// Our PUSH and PULL, as a program uses them: typed sockets, the zero Config (but
// for CURVE's keys), context.Background.

func oursPush(s settings) error {
	cfg, err := connectConfig(s)
	if err != nil {
		return err
	}
	push := zmq.NewPush(cfg)
	if s.watch {
		defer push.Watch(monitor.All).Close() // keeps the subscription alive, unread
	}
	if err := push.Connect(s.endpoint); err != nil {
		return err
	}
	return stream(s, oursSend(push, s))
}

// oursSend is a burst of messages of s.frames frames: a topic, a sequence
// number and a body where there are three.
func oursSend(push *zmq.Push, s settings) func(n int) error {
	ctx := context.Background()
	topic, seq, body := make([]byte, 8), make([]byte, 8), make([]byte, s.size)
	if s.frames == 3 {
		return func(n int) error {
			for range n {
				if err := push.Send(ctx, topic, seq, body); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return func(n int) error {
		for range n {
			if err := push.Send(ctx, body); err != nil {
				return err
			}
		}
		return nil
	}
}

func oursPull(s settings) error {
	cfg, err := bindConfig(s)
	if err != nil {
		return err
	}
	pull := zmq.NewPull(cfg)
	if s.watch {
		defer pull.Watch(monitor.All).Close()
	}
	bound, err := pull.Bind(s.endpoint)
	if err != nil {
		return err
	}
	announce(bound)
	return stream(s, oursRecv(pull, s))
}

func oursRecv(pull *zmq.Pull, s settings) func(n int) error {
	ctx := context.Background()
	if s.into {
		var b zmq.Buffer
		return func(n int) error {
			for range n {
				err := pull.RecvInto(ctx, &b)
				if err := oursCheck(b.Message, s.size, err); err != nil {
					return err
				}
			}
			return nil
		}
	}
	return func(n int) error {
		for range n {
			m, err := pull.Recv(ctx)
			if err := oursCheck(m, s.size, err); err != nil {
				return err
			}
		}
		return nil
	}
}

// oursCheck is the receiver's look at what came: the body's length.
func oursCheck(m zmq.Message, size int, err error) error {
	if err == nil && len(m.Body()) != size {
		err = fmt.Errorf("a message of %d bytes came, not of %d", len(m.Body()), size)
	}
	return err
}
