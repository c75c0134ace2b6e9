package zmq

import (
	"context"

	"github.com/glassmq/zmq/internal/socket"
)

// prefixes is what SUB and XSUB do with their subscriptions.
type prefixes struct{ s *socket.Core }

// Subscribe asks every publisher, present and future, for messages whose first frame begins with one of prefixes; "" is
// every message. Prefixes are bytes, and are counted: each wants as many Unsubscribe as it had Subscribe (zmq_setsockopt(3),
// ZMQ_SUBSCRIBE). Errors: ErrClosed, ErrTerminated.
func (p prefixes) Subscribe(prefixes ...string) error { return p.s.Subscribe(prefixes, true) }

// Unsubscribe takes back one Subscribe for each of prefixes. ErrNotFound if one was not subscribed to; then nothing has
// changed.
func (p prefixes) Unsubscribe(prefixes ...string) error { return p.s.Subscribe(prefixes, false) }

// topics is what the publish-subscribe types know of subscriptions.
type topics struct{ s *socket.Core }

// TopicsCount is the number of different prefixes that this socket has subscribed to, or that its peers have
// (zmq_getsockopt(3), ZMQ_TOPICS_COUNT).
func (t topics) TopicsCount() int { return t.s.Topics() }

// ParseSubscription reads what an XPUB receives and an XSUB may send (RFC 29): on is a subscription to prefix, !on its end,
// and !ok an ordinary message. prefix shares m's bytes.
func ParseSubscription(m Message) (prefix []byte, on, ok bool) { return socket.ParseSubscription(m.m) }

// Admit subscribes the peer that m came from to a prefix, which need not be the one in m: Config.XPubManual. ErrNotFound
// if the peer is gone.
func (s *XPub) Admit(m Message, prefix string) error {
	return s.engine.Admit(m.Conn(), []byte(prefix), true)
}

// Revoke takes back what Admit did.
func (s *XPub) Revoke(m Message, prefix string) error {
	return s.engine.Admit(m.Conn(), []byte(prefix), false)
}

// Reply answers a message that this ROUTER received: frames go behind the envelope of m, which is what lies up to its
// first empty frame (RFC 28: a REQ's), or the routing id alone if it has none (a DEALER's). Errors as of Send.
func (s *Router) Reply(ctx context.Context, m Message, frames ...[]byte) error {
	n := 1
	for i := 1; i < m.Len(); i++ {
		if len(m.Frame(i)) == 0 {
			n = i + 1
			break
		}
	}
	all := make([][]byte, 0, n+len(frames))
	for i := range min(n, m.Len()) {
		all = append(all, m.Frame(i))
	}
	return s.Send(ctx, append(all, frames...)...)
}

// CanSendTo is what Send(NoWait) to that peer would return now: ErrHostUnreachable if there is none of that id, also where
// Send would drop the message; ErrWouldBlock if its queue is full.
func (s *Router) CanSendTo(routingID []byte) error { return s.engine.CanSendTo(routingID) }

// ConnectAs is Connect to a peer that this socket knows as routingID, 1 to 255 bytes that do not begin with NUL, whatever
// the peer calls itself; what is sent to it is queued at once (zmq_setsockopt(3), ZMQ_CONNECT_ROUTING_ID).
func (s *Router) ConnectAs(endpoint, routingID string) error {
	return public(s.engine.ConnectAs(endpoint, routingID))
}

// ConnectAs is Connect to a peer that this socket knows as routingID, 1 to 255 bytes that do not begin with NUL.
func (s *Stream) ConnectAs(endpoint, routingID string) error {
	return public(s.engine.ConnectAs(endpoint, routingID))
}

// CanSendTo is what Send(NoWait) to that peer would return now: ErrHostUnreachable if there is none of that id,
// ErrWouldBlock if its queue is full.
func (s *Stream) CanSendTo(routingID []byte) error { return s.engine.CanSendTo(routingID) }
