package zmq

import (
	"context"
	"sync"

	"github.com/glassmq/zmq/internal/socket"
	"github.com/glassmq/zmq/monitor"
)

// A Context is a set of sockets with common inproc names and a common end. It may be used from any goroutine.
type Context struct {
	engine *socket.Context
	cfg    ContextConfig
}

// ContextConfig is every option of a Context; zero is the default.
type ContextConfig struct {
	Network    Network        // of sockets that name none
	MaxSockets int            // at once; 0: no limit, for a socket costs no descriptor
	Jitter     func() float64 // in [0, 1): what spreads dial attempts; nil: chance. For tests that want to see the same story twice
}

// NewContext makes an empty Context.
func NewContext(cfg ContextConfig) *Context {
	return &Context{engine: socket.NewContext(cfg.MaxSockets), cfg: cfg}
}

// DefaultContext is the Context of sockets whose Config names none.
func DefaultContext() *Context { return defaultContext() }

// The one thing that programs share without saying so: inproc names need a common place.
var defaultContext = sync.OnceValue(func() *Context { return NewContext(ContextConfig{}) })

// Sockets are those that are not closed, in no order.
func (x *Context) Sockets() (all []Socket) {
	for _, s := range x.engine.Owned() {
		all = append(all, s.(Socket))
	}
	return all
}

// Watch is the events in m of all sockets from now on, of those too that are made later: one [monitor.Subscription],
// in the order in which things happened. An event's SocketID and SocketName say whose it is. When a socket closes, its
// MonitorStopped is one event among others; that of the Context, the last, has no socket. Sockets that the library makes
// for itself, such as those of Monitor, are not among them.
func (x *Context) Watch(m Mask) *monitor.Subscription { return x.engine.Watch(m) }

// WatchState is the present of each socket, in the order of their ids, and the events in m after it: nothing is missing,
// nothing is double. A socket that is not among the states is in the events from its first one on: begin it with the zero
// State.
func (x *Context) WatchState(m Mask) ([]monitor.State, *monitor.Subscription) {
	return x.engine.WatchState(m)
}

// Terminate ends every call of every socket, and every later one, with ErrTerminated (zmq_ctx_shutdown). Queues go on
// draining until Close.
func (x *Context) Terminate() { x.engine.Terminate() }

// Close is Terminate, then Close of each socket with its own Linger (zmq_ctx_term). It returns a *DroppedError with the
// sum of what was dropped.
func (x *Context) Close() error { return public(x.engine.Close((*socket.Core).Close)) }

// Shutdown is Close that lingers until ctx ends.
func (x *Context) Shutdown(ctx context.Context) error {
	return public(x.engine.Close(func(c *socket.Core) error { return c.Shutdown(ctx) }))
}
