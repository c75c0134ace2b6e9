package zmq

import (
	"context"
	"fmt"
)

// Typed sockets have the methods of Socket, and of Sender and Receiver as their pattern allows. The constructors start
// nothing and cannot fail: a Config that is wrong, or a Context that has ended, is what every call then returns.
type (
	// Push gives each message to the next peer with room (RFC 30).
	Push struct {
		*core
		sending
	}
	// Pull takes messages from its peers in turn (RFC 30).
	Pull struct {
		*core
		stream
	}
	// Pair talks to one peer (RFC 31). A second one is refused.
	Pair struct {
		*core
		sending
		stream
	}
	// Req asks, and receives the answer: Send, Recv, Send … (RFC 28). Do is both in one.
	Req struct {
		*core
		sending
		receiving
	}
	// Rep receives a request, and answers it: Recv, Send, Recv … (RFC 28).
	Rep struct {
		*core
		sending
		receiving
	}
)

// NewPush makes a PUSH.
func NewPush(cfg Config) *Push {
	c, _ := newCore(PUSH, cfg)
	return own(c, &Push{c, sending{c.engine}})
}

// NewPull makes a PULL.
func NewPull(cfg Config) *Pull {
	c, _ := newCore(PULL, cfg)
	return own(c, &Pull{c, stream{receiving{c.engine}}})
}

// NewPair makes a PAIR.
func NewPair(cfg Config) *Pair {
	c, _ := newCore(PAIR, cfg)
	return own(c, &Pair{c, sending{c.engine}, stream{receiving{c.engine}}})
}

// NewReq makes a REQ.
func NewReq(cfg Config) *Req {
	c, _ := newCore(REQ, cfg)
	return own(c, &Req{c, sending{c.engine}, receiving{c.engine}})
}

// NewRep makes a REP.
func NewRep(cfg Config) *Rep {
	c, _ := newCore(REP, cfg)
	return own(c, &Rep{c, sending{c.engine}, receiving{c.engine}})
}

// own makes s what the Context's Sockets shows for c.
func own[S Socket](c *core, s S) S {
	c.engine.Own(s)
	return s
}

// New makes a socket of a type that is known at run time only. Its error, unlike the typed constructors', comes at once.
func New(t Type, cfg Config) (Socket, error) {
	var s Socket
	switch t {
	case PUSH:
		s = NewPush(cfg)
	case PULL:
		s = NewPull(cfg)
	case PAIR:
		s = NewPair(cfg)
	case REQ:
		s = NewReq(cfg)
	case REP:
		s = NewRep(cfg)
	default:
		return nil, fmt.Errorf("zmq: socket type %v is not supported: PAIR, REQ, REP, PUSH and PULL are: %w", t, ErrNotSupported)
	}
	if err := s.self().engine.Refused(); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// Do is Send and Recv as one step, so that goroutines can share a Req: each question waits for its turn. If ctx ends
// before the answer is there, the request is given up and the next Do starts clean: a late answer is not taken for its
// own, for the connection that it could come over is replaced, unless Config.ReqCorrelate numbers the requests.
func (s *Req) Do(ctx context.Context, frames ...[]byte) (Message, error) {
	m, err := s.engine.Do(ctx, frames)
	return Message{m}, err
}
