//go:build cgo && linux

package main

import (
	"context"
	"errors"

	"github.com/glassmq/zmq/internal/peer"
	"github.com/glassmq/zmq/internal/socket"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// The mechanisms' numbers (zmq.h).
const (
	mechanismNull = iota
	mechanismPlain
	mechanismCurve
)

// security is what C says of a mechanism, piece by piece: whichever piece came last decides which one it is.
type security struct {
	mechanism                int
	plainServer, curveServer int
	username, password       string
	public, secret, server   [keySize]byte // CURVE
	domain                   string
	enforce                  int
}

const keySize = 32

// into makes the mechanism, and who is asked about peers.
func (v *security) into(o *socket.Options) {
	o.Mechanism, o.Domain = zmtp.Null(), v.domain
	switch {
	case v.mechanism == mechanismPlain && v.plainServer != 0:
		o.Mechanism = zmtp.PlainServer()
	case v.mechanism == mechanismPlain:
		o.Mechanism = zmtp.PlainClient(v.username, v.password)
	case v.mechanism == mechanismCurve && v.curveServer != 0:
		o.Mechanism = curve.Server(v.pair())
		if v.enforce == 0 {
			o.Authenticate = askIfAny
		}
	case v.mechanism == mechanismCurve:
		o.Mechanism = curve.Client(v.pair(), v.server)
	}
}

// pair is the socket's own keys. A public key that does not belong to the secret one is found by whole.
func (v *security) pair() curve.KeyPair {
	if v.secret == [keySize]byte{} {
		return curve.KeyPair{}
	}
	text, _ := curve.EncodeZ85(v.secret[:])
	secret, err := curve.ParseSecretKey(text)
	if err != nil {
		return curve.KeyPair{}
	}
	return curve.KeyPair{Public: secret.Public(), Secret: secret}
}

// askIfAny asks the ZAP handler, and lets everybody in if there is none: CURVE without authentication, which libzmq allows
// unless ZMQ_ZAP_ENFORCE_DOMAIN is set.
func askIfAny(ctx context.Context, r zmtp.AuthRequest) (zmtp.AuthReply, error) {
	reply, err := socket.AskZAP(ctx, r)
	if errors.Is(err, peer.ErrNobodyToAsk) {
		return zmtp.AuthReply{}, nil
	}
	return reply, err
}

// whole reports, before a socket binds or connects, what a mechanism still lacks: a socket that was meant to be secured
// must not wait for a handshake that cannot succeed.
func (s *zmqSocket) whole() error {
	v := &s.settings.security
	if v.mechanism == mechanismCurve && v.public != [keySize]byte{} && v.public != v.pair().Public {
		return socket.Because(socket.ErrInvalid, "the CURVE public key does not belong to the secret one")
	}
	var o socket.Options
	v.into(&o)
	if err := o.Mechanism.Validate(); err != nil {
		return socket.Because(socket.ErrInvalid, "%v", err)
	}
	return nil
}
