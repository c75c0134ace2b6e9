package auth

import (
	"context"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/internal/zap"
	"github.com/glassmq/zmq/zmtp"
)

// Serve answers the requests of the ZeroMQ Authentication Protocol (RFC 27) that come to rep, one after the other, until
// ctx ends or rep is closed, and returns the error that says so. A request that breaks the protocol is answered with 500.
//
// A rep that is bound to inproc://zeromq.zap.01 decides for all sockets of its zmq.Context that have no
// Config.Authenticate of their own. Bound to tcp it is the handler behind other processes' handlers, whatever language
// they are written in ("Proxy Handlers"): requests have passwords in them, so give rep a Mechanism.
//
// While Rules.Otherwise waits, all other requests do: if it may wait for long, give Authenticate to the sockets
// themselves, whose questions do not wait for each other.
func (g *Guard) Serve(ctx context.Context, rep *zmq.Rep) error {
	for {
		m, err := rep.Recv(ctx)
		if err != nil {
			return err
		}
		var reply zmtp.AuthReply
		id, r, err := zap.ParseRequest(m.AppendFrames(nil))
		if err == nil {
			reply, err = g.Authenticate(ctx, r)
		}
		if err := rep.Send(ctx, zap.Reply(id, reply, err)...); err != nil {
			return err
		}
	}
}
