package socket

import (
	"context"
	"net"
	"strconv"

	"github.com/glassmq/zmq/internal/peer"
	"github.com/glassmq/zmq/internal/zap"
	"github.com/glassmq/zmq/zmtp"
)

// zapName is where a Context's ZAP handler is bound: a REP or a ROUTER (RFC 27).
const zapName = "zeromq.zap.01"

// zapContext is the key under which the context of an Authenticator's call has the Context to ask in.
type zapContext struct{}

// authenticator is who decides about the peers of a socket; nil: nobody is asked. Control lock held.
func (c *Core) authenticator() peer.Authenticator {
	decide := c.opt.Authenticate
	if decide == nil && !c.opt.Mechanism.AsServer() && c.opt.Domain == "" {
		return nil
	}
	if decide == nil {
		decide = AskZAP
	}
	return func(ctx context.Context, r zmtp.AuthRequest) (zmtp.AuthReply, error) {
		return decide(context.WithValue(ctx, zapContext{}, c.ctx), r)
	}
}

// AskZAP asks the ZAP handler of the Context whose socket ctx is about.
func AskZAP(ctx context.Context, r zmtp.AuthRequest) (reply zmtp.AuthReply, err error) {
	x, ok := ctx.Value(zapContext{}).(*Context)
	if !ok || !x.hasBound(zapName) {
		return reply, peer.ErrNobodyToAsk
	}
	asker := New(x, "REQ", Options{Name: "zap", Mechanism: zmtp.Null(), SendHWM: 1, RecvHWM: 1})
	defer asker.Shutdown(NoWait)
	if err := asker.Connect("inproc://" + zapName); err != nil {
		return reply, net.ErrClosed // the Context has ended, and so will the connection
	}
	id := strconv.AppendUint(nil, asker.ID, 10) // opaque to a handler (RFC 27), but CZMQ's keeps it as a string
	m, err := asker.Do(ctx, zap.Request(id, r))
	if err != nil {
		return reply, err
	}
	return zap.ParseReply(id, frameList(m))
}

// hasBound reports whether somebody has bound an inproc name.
func (x *Context) hasBound(s string) bool {
	x.mu.Lock()
	defer x.mu.Unlock()
	n := x.names[s]
	return n != nil && n.bind != nil
}
