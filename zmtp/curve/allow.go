package curve

import (
	"context"
	"maps"

	"github.com/glassmq/zmq/zmtp"
)

// Allow is an authenticator (zmq.Config.Authenticate) that lets in the clients
// with these keys, each under its name, which is then the UserID of its messages
// and events. All others, and who comes by another mechanism than CURVE, are
// refused with 400. It keeps a copy of names, and may be called from any goroutine.
func Allow(names map[PublicKey]string) func(context.Context, zmtp.AuthRequest) (zmtp.AuthReply, error) {
	names = maps.Clone(names)
	return func(_ context.Context, r zmtp.AuthRequest) (zmtp.AuthReply, error) {
		name, ok := names[r.PublicKey]
		if r.Mechanism != "CURVE" || !ok {
			return zmtp.AuthReply{}, &zmtp.AuthError{Status: 400, Text: "the client's key is none of those that are allowed"}
		}
		return zmtp.AuthReply{UserID: name}, nil
	}
}
