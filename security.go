package zmq

import (
	"context"

	"github.com/glassmq/zmq/internal/socket"
	"github.com/glassmq/zmq/zmtp"
)

// An Authenticator decides who may come in: Config.Authenticate. It is called once for each peer's handshake, on a goroutine
// of its own, and ctx ends with the handshake's time or the connection: what it answers later counts no more. An error
// refuses the peer, with the status of an *AuthError, else as 400. r holds the peer's credentials and belongs in no log.
type Authenticator = func(ctx context.Context, r zmtp.AuthRequest) (zmtp.AuthReply, error)

// An AuthError is an Authenticator's no.
type AuthError = zmtp.AuthError

// ZAP asks the ZAP handler of the socket's Context, which is any REP or ROUTER that is bound to inproc://zeromq.zap.01
// (RFC 27). It is what a server does that has no Authenticator; one of your own may call it, with the ctx and r it was
// given, after it has looked at the address. Without a handler nobody comes in.
func ZAP(ctx context.Context, r zmtp.AuthRequest) (zmtp.AuthReply, error) {
	return socket.AskZAP(ctx, r)
}

// AllowAny lets every peer in: with CURVE, encryption without authentication.
func AllowAny(context.Context, zmtp.AuthRequest) (zmtp.AuthReply, error) {
	return zmtp.AuthReply{}, nil
}
