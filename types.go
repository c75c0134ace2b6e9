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
	// Dealer gives each message to the next peer with room, and takes messages from its peers in turn (RFC 28).
	Dealer struct {
		*core
		sending
		stream
	}
	// Router knows its peers by routing ids: the first frame of what it receives is the sender's, the first frame of what
	// it sends the receiver's (RFC 28). A peer that says no id gets one of five bytes.
	Router struct {
		*core
		sending
		stream
	}
	// Stream talks to peers that speak no ZMTP, over tcp (zmq_socket(3), ZMQ_STREAM). A message is the peer's routing id and
	// some of its bytes, as they came; an empty one says that it connected, or that it has gone, and sent it hangs up.
	Stream struct {
		*core
		sending
		stream
	}
	// Pub gives each message to every peer that has subscribed to its beginning (RFC 29), and drops it for those that are full.
	Pub struct {
		*core
		sending
		topics
	}
	// XPub is a Pub that receives what its peers subscribe to (RFC 29); ParseSubscription reads it.
	XPub struct {
		*core
		sending
		stream
		topics
	}
	// Sub receives what it has subscribed to (RFC 29): nothing, at first.
	Sub struct {
		*core
		stream
		topics
		prefixes
	}
	// XSub is a Sub that also sends to its publishers, subscriptions too: a message of one frame that begins with 1 or 0.
	// It receives whatever comes (RFC 29).
	XSub struct {
		*core
		sending
		stream
		topics
		prefixes
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

// NewDealer makes a DEALER.
func NewDealer(cfg Config) *Dealer {
	c, _ := newCore(DEALER, cfg)
	return own(c, &Dealer{c, sending{c.engine}, stream{receiving{c.engine}}})
}

// NewRouter makes a ROUTER.
func NewRouter(cfg Config) *Router {
	c, _ := newCore(ROUTER, cfg)
	return own(c, &Router{c, sending{c.engine}, stream{receiving{c.engine}}})
}

// NewStream makes a STREAM.
func NewStream(cfg Config) *Stream {
	c, _ := newCore(STREAM, cfg)
	return own(c, &Stream{c, sending{c.engine}, stream{receiving{c.engine}}})
}

// NewPub makes a PUB.
func NewPub(cfg Config) *Pub {
	c, _ := newCore(PUB, cfg)
	return own(c, &Pub{c, sending{c.engine}, topics{c.engine}})
}

// NewXPub makes an XPUB.
func NewXPub(cfg Config) *XPub {
	c, _ := newCore(XPUB, cfg)
	return own(c, &XPub{c, sending{c.engine}, stream{receiving{c.engine}}, topics{c.engine}})
}

// NewSub makes a SUB.
func NewSub(cfg Config) *Sub {
	c, _ := newCore(SUB, cfg)
	return own(c, &Sub{c, stream{receiving{c.engine}}, topics{c.engine}, prefixes{c.engine}})
}

// NewXSub makes an XSUB.
func NewXSub(cfg Config) *XSub {
	c, _ := newCore(XSUB, cfg)
	return own(c, &XSub{c, sending{c.engine}, stream{receiving{c.engine}}, topics{c.engine}, prefixes{c.engine}})
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
	case DEALER:
		s = NewDealer(cfg)
	case ROUTER:
		s = NewRouter(cfg)
	case STREAM:
		s = NewStream(cfg)
	case PUB:
		s = NewPub(cfg)
	case XPUB:
		s = NewXPub(cfg)
	case SUB:
		s = NewSub(cfg)
	case XSUB:
		s = NewXSub(cfg)
	default:
		return nil, fmt.Errorf("zmq: socket type %v is a draft of libzmq's, and not supported: %w", t, ErrNotSupported)
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
