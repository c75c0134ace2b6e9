//go:build pebbe || gozeromq || mangos

package main

import "fmt"

// The roles over another library in Go. Each is a program of its own, built with
// its tag, so openOther is that library's. A call through other costs
// two nanoseconds; none of these libraries needs less than a hundred a message.

// An other is a socket of another library, as its manual has it used.
type other interface {
	Bind(endpoint string) (string, error)
	Connect(endpoint string) error
	Send(body []byte) error // the caller keeps body
	Recv() ([]byte, error)  // the last frame
	Echo() error            // sends back what comes, all its frames
}

// otherTypes are what openOther is asked for; one that a library does not have is an error.
type otherType string

const (
	otherPush   otherType = "PUSH"
	otherPull   otherType = "PULL"
	otherReq    otherType = "REQ"
	otherRep    otherType = "REP"
	otherPub    otherType = "PUB"
	otherSub    otherType = "SUB" // subscribed to everything
	otherDealer otherType = "DEALER"
	otherRouter otherType = "ROUTER"
)

func otherActor(_, role string) func(settings) error {
	switch role {
	case rolePush:
		return otherOne(otherPush, func(o other, s settings) error { return stream(s, otherSend(o, s)) })
	case rolePull:
		return otherBound(otherPull, func(o other, s settings) error { return stream(s, otherRecv(o, s)) })
	case roleRequest:
		return otherOne(otherReq, func(o other, s settings) error { return roundTrips(s, otherTurn(o, s)) })
	case roleReply:
		return otherBound(otherRep, otherEcho)
	case roleRouter:
		return otherBound(otherRouter, otherEcho)
	case rolePublish:
		return otherBound(otherPub, func(o other, s settings) error {
			g := newGauge(1)
			go g.serve(0, fanBurst, otherSend(o, s))
			return answerReadings(g.read)
		})
	case roleSubscribe:
		return otherMany(otherSub, fanBurst, otherRecv)
	case roleDealer:
		return otherMany(otherDealer, 1, otherAsk)
	case roleInprocStream:
		return otherInproc(otherPush, otherPull, func(push, pull other, s settings) error {
			send := otherSend(push, s)
			go mustServe(func() error { return send(burstSize(s.size)) })
			return stream(s, otherRecv(pull, s))
		})
	case roleInprocRoundTrip:
		return otherInproc(otherReq, otherRep, func(req, rep other, s settings) error {
			go mustServe(rep.Echo)
			return roundTrips(s, otherTurn(req, s))
		})
	}
	return nil
}

// otherOne is a role of one socket that connects.
func otherOne(t otherType, perform func(other, settings) error) func(settings) error {
	return func(s settings) error {
		o, err := openOther(t)
		if err != nil {
			return err
		}
		if err := o.Connect(s.endpoint); err != nil {
			return err
		}
		return perform(o, s)
	}
}

func otherBound(t otherType, perform func(other, settings) error) func(settings) error {
	return func(s settings) error {
		o, err := openOther(t)
		if err != nil {
			return err
		}
		bound, err := o.Bind(s.endpoint)
		if err != nil {
			return err
		}
		announce(bound)
		return perform(o, s)
	}
}

// otherMany is a role of s.clients sockets, each with a goroutine of its own.
func otherMany(t otherType, each int, step func(other, settings) func(n int) error) func(settings) error {
	return func(s settings) error {
		g := newGauge(s.clients)
		for i := range s.clients {
			o, err := openOther(t)
			if err != nil {
				return err
			}
			if err := o.Connect(s.endpoint); err != nil {
				return err
			}
			go g.serve(i, each, step(o, s))
		}
		return answerReadings(g.read)
	}
}

func otherInproc(connects, binds otherType, perform func(c, b other, s settings) error) func(settings) error {
	const endpoint = "inproc://bench"
	return func(s settings) error {
		b, err := openOther(binds)
		if err != nil {
			return err
		}
		if _, err := b.Bind(endpoint); err != nil {
			return err
		}
		return otherOne(connects, func(c other, s settings) error { return perform(c, b, s) })(
			settings{endpoint: endpoint, size: s.size, warm: s.warm, run: s.run, warmMessages: s.warmMessages})
	}
}

func otherSend(o other, s settings) func(n int) error {
	body := make([]byte, s.size)
	return func(n int) error {
		for range n {
			if err := o.Send(body); err != nil {
				return err
			}
		}
		return nil
	}
}

func otherRecv(o other, s settings) func(n int) error {
	return func(n int) error {
		for range n {
			body, err := o.Recv()
			if err != nil {
				return err
			}
			if len(body) != s.size {
				return fmt.Errorf("a message of %d bytes came, not of %d", len(body), s.size)
			}
		}
		return nil
	}
}

func otherTurn(o other, s settings) func() error {
	send, recv := otherSend(o, s), otherRecv(o, s)
	return func() error {
		if err := send(1); err != nil {
			return err
		}
		return recv(1)
	}
}

func otherEcho(o other, _ settings) error {
	g := newGauge(1)
	go g.serve(0, 1, func(int) error { return o.Echo() })
	return answerReadings(g.read)
}

// otherAsk takes an answer and asks again. Before its first answer it has asked
// s.flight times.
func otherAsk(o other, s settings) func(n int) error {
	send, turn := otherSend(o, s), otherRecv(o, s)
	ahead := s.flight
	return func(n int) error {
		if err := send(ahead); err != nil {
			return err
		}
		ahead = 0
		for range n {
			if err := turn(1); err != nil {
				return err
			}
			if err := send(1); err != nil {
				return err
			}
		}
		return nil
	}
}
