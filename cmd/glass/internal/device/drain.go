package device

import (
	"context"
	"errors"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// Drain is the end of a device whose proxy has stopped. What its sockets had received by then is passed on, as long as ctx
// and the other side's room allow, and what is left is counted:
//
//  1. who only sends to us is let go, so that nothing new comes (leave);
//  2. what is there is passed on, and copied to the capture (pass);
//  3. everybody else is let go: an answer can go to who asked only as long as he is there;
//  4. what is left is taken and counted.
//
// After it, Left and Passed of both sides are exact.
func Drain(ctx context.Context, p *zmq.Proxy, front, back *Side) {
	for _, s := range []*Side{front, back} {
		if speaks(s.Socket) {
			s.leave(ctx)
		}
	}
	inFront, inBack := p.Stats()
	pass(ctx, p.Capture, front, back, inFront.MessagesIn)
	pass(ctx, p.Capture, back, front, inBack.MessagesIn)
	for _, s := range []*Side{front, back} {
		s.empty(ctx)
	}
}

// speaks reports whether messages come from a socket, and none go to it but subscriptions.
func speaks(s zmq.Socket) bool {
	return s.Type() == zmq.PULL || s.Type() == zmq.SUB || s.Type() == zmq.XSUB
}

// leave ends the socket's endpoints, and returns when its connections have ended: what it has received by then is all. (One that
// sends, too, is waited for as long as it lingers.)
func (s *Side) leave(ctx context.Context) {
	_, ends := s.Socket.WatchState(monitor.Disconnected | monitor.LocalClosed)
	defer ends.Close()
	for _, e := range s.Socket.State().Endpoints {
		if e.Side == monitor.SideBind {
			s.Socket.Unbind(e.Bound) // the error can only be that it is gone already
		} else {
			s.Socket.Disconnect(e.Endpoint)
		}
	}
	for len(s.Socket.State().Peers) > 0 {
		if _, err := ends.Next(ctx); err != nil {
			return
		}
	}
}

// pass gives what one side has received by now to the other; what comes meanwhile is for nobody. taken is what the proxy has
// taken of it before.
func pass(ctx context.Context, capture zmq.Sender, from, to *Side, taken uint64) {
	if !passes(from.Socket, to.Socket) {
		return
	}
	receiver, sender := from.Socket.(zmq.Receiver), to.Socket.(zmq.Sender)
	for all := from.Socket.State().MessagesIn; taken+from.Left+from.Passed < all; {
		m, err := receiver.Recv(zmq.NoWait)
		if err != nil {
			return
		}
		if err := sender.SendMessage(ctx, m); err != nil {
			from.Left++
			if errors.Is(err, zmq.ErrHostUnreachable) || errors.Is(err, zmq.ErrInvalid) {
				continue // no such peer: the next one may be for another
			}
			return
		}
		from.Passed++
		if capture != nil {
			capture.SendMessage(zmq.NoWait, m) // dropped and counted, if it has no room
		}
	}
}

// empty takes what is left, and counts it.
func (s *Side) empty(ctx context.Context) {
	r, ok := s.Socket.(zmq.Receiver)
	if !ok || s.Socket.Type() == zmq.XPUB { // which has subscriptions, and no messages
		return
	}
	s.leave(ctx)
	for {
		if _, err := r.Recv(zmq.NoWait); err != nil {
			return
		}
		s.Left++
	}
}
