package zmq

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"sync"

	"github.com/glassmq/zmq/internal/socket"
	"github.com/glassmq/zmq/monitor"
)

// Event and Mask are monitor's, for the many programs that need no more of it.
type (
	Event = monitor.Event
	Mask  = monitor.Mask
)

// Type is a socket type; the numbers are libzmq's.
type Type uint8

// The socket types. Those of the second line are libzmq's drafts, and New says that they are not there.
const (
	PAIR, PUB, SUB, REQ, REP, DEALER, ROUTER, PULL, PUSH, XPUB, XSUB, STREAM Type = 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
	SERVER, CLIENT, RADIO, DISH, GATHER, SCATTER, DGRAM, PEER, CHANNEL       Type = 12, 13, 14, 15, 16, 17, 18, 19, 20
)

var typeNames = [...]string{"PAIR", "PUB", "SUB", "REQ", "REP", "DEALER", "ROUTER", "PULL", "PUSH", "XPUB", "XSUB", "STREAM",
	"SERVER", "CLIENT", "RADIO", "DISH", "GATHER", "SCATTER", "DGRAM", "PEER", "CHANNEL"}

// String is the name that the wire has for t, "PUB".
func (t Type) String() string {
	if int(t) < len(typeNames) {
		return typeNames[t]
	}
	return fmt.Sprintf("Type(%d)", uint8(t))
}

// ParseType finds a type by its name, in any case.
func ParseType(s string) (Type, error) {
	for i, name := range typeNames {
		if strings.EqualFold(name, s) {
			return Type(i), nil
		}
	}
	return 0, fmt.Errorf("zmq: socket type %q: one of %s: %w", s, strings.Join(typeNames[:], ", "), ErrInvalid)
}

// Socket is any socket: what proxies, monitors and tools need. Only this package implements it. Every method may be
// called from any goroutine at any time, and after Close returns ErrClosed, or ErrTerminated when the Context has ended.
type Socket interface {
	Type() Type
	ID() uint64   // unique in the process
	Name() string // Config.Name

	Bind(endpoint string) (bound string, err error) // "tcp://*:0" is bound as "tcp://0.0.0.0:49152"; *OpError
	Connect(endpoint string) error                  // dials in the background for ever; its error is never about the peer
	Unbind(endpoint string) error                   // every Bind of endpoint, as given or as bound, and its connections; ErrNotFound
	Disconnect(endpoint string) error               // every Connect of endpoint; what is queued lingers in the background
	CloseConn(c monitor.ConnID) error               // ends one connection now; a peer that dialled may come back
	WaitReady(ctx context.Context, n int) error     // until n peers are through the handshake; if ctx ends first, the error says what each endpoint is stuck on
	Close() error                                   // lingers up to Config.Linger; ends all other calls with ErrClosed; *DroppedError; again: the same
	Shutdown(ctx context.Context) error             // Close that lingers until ctx ends; Shutdown(NoWait) drops what is queued

	Config() Config                    // a copy, as it stands
	Update(change func(*Config)) error // all of change or, with a *ConfigError, nothing. Marks, Linger and pattern switches act at once, the rest on the next Bind or Connect

	Watch(m Mask) *monitor.Subscription                                  // the events from now on; any number of readers
	WatchState(m Mask) (monitor.State, *monitor.Subscription)            // the present and the events after it, nothing missing or double
	State() monitor.State                                                // the present: endpoints, peers, exact queue depths, totals
	OnEvent(m Mask, f func(Event))                                       // the one callback (ZMQ_MONITOR); nil removes. One goroutine, in order, under no lock; once it has returned, the former f is called for no event more
	Monitor(endpoint string, m Mask) error                               // zmq_socket_monitor(3): a PAIR on inproc that sends version 1 frames; "" stops
	MonitorVersioned(endpoint string, m Mask, version int, t Type) error // version 1 or 2 frames, on a PAIR, PUB or PUSH; "" stops
	MonitorPipesStats() error                                            // one PipesStats event for each pipe
	self() *core
}

// Sender is a Socket that sends.
type Sender interface {
	Socket
	Send(ctx context.Context, frames ...[]byte) error
	SendMessage(ctx context.Context, m Message) error
	CanSend() error
	Writable() <-chan struct{}
}

// Receiver is a Socket that receives.
type Receiver interface {
	Socket
	Recv(ctx context.Context) (Message, error)
	RecvInto(ctx context.Context, b *Buffer) error
	CanRecv() error
	Readable() <-chan struct{}
}

// A core is what the types have in common.
type core struct {
	engine *socket.Core
	typ    Type
	name   string

	mu      sync.Mutex // guards what follows
	cfg     Config
	updates uint64 // of cfg, so that two at once do not undo each other
}

// newCore makes a socket. A Config that is wrong, or a Context that has ended, is what every call returns then.
func newCore(t Type, cfg Config) (*core, error) {
	x := cfg.Context
	if x == nil {
		x = DefaultContext()
	}
	cfg = cfg.clone()
	opt, err := cfg.options(t)
	c := &core{engine: socket.New(x.engine, t.String(), opt), typ: t, name: cfg.Name, cfg: cfg}
	if err != nil {
		c.engine.Refuse(err)
		return c, err
	}
	if cfg.OnEvent != nil {
		c.engine.OnEvent(cfg.eventMask(), cfg.OnEvent)
	}
	return c, nil
}

func (c *core) self() *core { return c }

// Type is the socket's type.
func (c *core) Type() Type { return c.typ }

// ID is a number that no other socket of this process has.
func (c *core) ID() uint64 { return c.engine.ID }

// Name is Config.Name.
func (c *core) Name() string { return c.name }

// Bind makes the socket reachable at an endpoint, and returns the one that peers can connect to: "tcp://*:0" is bound as
// "tcp://0.0.0.0:49152" (zmq_bind(3)). It resolves names and interfaces before it returns. Its error is an *OpError.
func (c *core) Bind(endpoint string) (string, error) {
	bound, err := c.engine.Bind(endpoint)
	return bound, public(err)
}

// Connect dials an endpoint in the background, for ever, until Disconnect or Close (zmq_connect(3)); the peer need not be
// there. It returns at once; its error, an *OpError, is never about the peer: that is an event.
func (c *core) Connect(endpoint string) error { return public(c.engine.Connect(endpoint)) }

// Unbind ends every Bind of an endpoint, as it was given or as Bind returned it, and the connections that came in there;
// what is queued for them lingers in the background. ErrNotFound if it is not bound.
func (c *core) Unbind(endpoint string) error { return public(c.engine.Unbind(endpoint)) }

// Disconnect ends every Connect of an endpoint, as it was given; what is queued for it lingers in the background.
// ErrNotFound if it is not connected.
func (c *core) Disconnect(endpoint string) error { return public(c.engine.Disconnect(endpoint)) }

// Close ends all other calls with ErrClosed, and waits up to Config.Linger until what is queued has been handed over. It
// returns a *DroppedError if that was not enough, and the same again when called again.
func (c *core) Close() error { return public(c.engine.Close()) }

// Shutdown is Close that lingers until ctx ends; with NoWait it drops what is queued.
func (c *core) Shutdown(ctx context.Context) error { return public(c.engine.Shutdown(ctx)) }

// CloseConn ends one connection now; a peer that dialled may come back, and one that we dialled is dialled again.
// ErrNotFound if it is not live.
func (c *core) CloseConn(id monitor.ConnID) error { return c.engine.CloseConn(id) }

// WaitReady waits until n peers are through the handshake. If ctx ends first, the error, also an ErrWouldBlock, says what
// each endpoint is stuck on.
func (c *core) WaitReady(ctx context.Context, n int) error { return c.engine.WaitReady(ctx, n) }

// Watch is the events in m from now on, for any number of readers. A reader that falls behind never slows the socket.
func (c *core) Watch(m Mask) *monitor.Subscription { return c.engine.Watch(m) }

// State is the present: endpoints, peers, exact queue depths, totals.
func (c *core) State() monitor.State { return c.engine.State() }

// OnEvent sets the one callback (ZMQ_MONITOR); nil removes it. It is called on a goroutine of its own, in order, under no
// lock, and may call everything, Close included. Once OnEvent has returned, the former f is called for no event more; the
// call that it is in, if it is in one, may take its time: neither OnEvent nor Close waits for it. An f that panics is
// removed, and the other readers are told (GaveUp, reason callback_panic).
func (c *core) OnEvent(m Mask, f func(Event)) { c.engine.OnEvent(m, f) }

// WatchState is the present, and the events in m after it: nothing is missing, nothing is double.
func (c *core) WatchState(m Mask) (monitor.State, *monitor.Subscription) {
	return c.engine.WatchState(m)
}

// Config is a copy of the options as they stand.
func (c *core) Config() Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cfg.clone()
}

// Update takes over all that change did to the options or, with a *ConfigError, nothing. Marks, Linger and the switches
// of patterns act at once, the rest on the next Bind or Connect; Context, Name and OnEvent are fixed.
func (c *core) Update(change func(*Config)) error {
	if err := c.engine.Refused(); err != nil {
		return err
	}
	for {
		c.mu.Lock()
		before, seen := c.cfg, c.updates
		c.mu.Unlock()
		after := before.clone()
		change(&after) // under no lock: it is the user's
		after = after.clone()
		if err := after.fixed(&before, c.typ); err != nil {
			return err
		}
		opt, err := after.options(c.typ)
		if err != nil {
			return err
		}
		if c.store(after, opt, seen) {
			return nil
		}
	}
}

// store makes cfg the socket's, unless another Update was faster.
func (c *core) store(cfg Config, opt socket.Options, seen uint64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.updates != seen {
		return false
	}
	c.updates++
	c.cfg = cfg
	c.engine.Update(func(o *socket.Options) {
		opt.Jitter = o.Jitter // no options of the user's
		*o = opt
	})
	return true
}

// Monitor sends the events in m as libzmq's version 1 frames over a PAIR that it binds to an inproc endpoint
// (zmq_socket_monitor(3)); "" stops.
func (c *core) Monitor(endpoint string, m Mask) error {
	return c.MonitorVersioned(endpoint, m, 1, PAIR)
}

// MonitorVersioned is Monitor with frames of version 1 or 2 over a PAIR, PUB or PUSH (zmq_socket_monitor_versioned(3)); ""
// stops. Over PUB the first frame, which subscriptions are compared with, is the event's number. Errors, the first that
// applies: ErrTerminated or ErrClosed; ErrInvalid for a kind that version 1 has no bit for, a malformed endpoint, another
// version; ErrNotSupported for another transport than inproc; ErrInvalid for another type; EADDRINUSE for a name that is
// taken. A call that fails leaves a running monitor as it was.
func (c *core) MonitorVersioned(endpoint string, m Mask, version int, t Type) error {
	return public(c.engine.Monitor(endpoint, m, version, t.String()))
}

// MonitorPipesStats tells, in one PipesStats event each, how many messages are queued for and from every peer, over inproc
// too, and for every dialled endpoint whose peer is not there (zmq_socket_monitor_pipes_stats(3)). Readers get them whose
// mask has PipesStats: monitors of version 2, Watch, OnEvent. ErrInvalid if there is no such reader, ErrWouldBlock if there
// is no pipe yet.
func (c *core) MonitorPipesStats() error { return public(c.engine.PipesStats()) }

// sending is Sender's part of a socket.
type sending struct{ s *socket.Core }

// Send queues frames as one message and copies their bytes: they are the caller's again. A nil error says: queued,
// whole; nothing more. With NoWait it never waits; any other context that is done ends it first, also when it need not
// wait. Errors: ErrWouldBlock, ErrState (REQ, REP), ErrHostUnreachable (ROUTER with RouterMandatory, STREAM), ErrInvalid (no
// frame), ErrClosed, ErrTerminated.
func (s sending) Send(ctx context.Context, frames ...[]byte) error { return s.s.Send(ctx, frames) }

// SendMessage is Send that shares m's bytes: to forward, or to give away large bodies. The Message of a Buffer is not for it,
// unless it is cloned: the next RecvInto writes over the bytes, and they may still be queued.
func (s sending) SendMessage(ctx context.Context, m Message) error {
	return s.s.SendMessage(ctx, m.m)
}

// CanSend is what Send(NoWait) would return now. Of PUB and XPUB it says that nobody waits: with XPubNoDrop whom a message is
// for depends on the message.
func (s sending) CanSend() error { return s.s.CanSend() }

// Writable is closed once Send need not wait, or the socket has ended. Ask anew in each select.
func (s sending) Writable() <-chan struct{} { return s.s.Writable() }

// receiving is Receiver's part of a socket.
type receiving struct{ s *socket.Core }

// Recv waits for the next message. A peer's failure is an event, never an error here. With NoWait it takes what is
// there; any other context that is done ends it first, also when it need not wait. Errors: ErrWouldBlock, ErrState (REQ,
// REP), ErrClosed, ErrTerminated.
func (r receiving) Recv(ctx context.Context) (Message, error) {
	m, err := r.s.Recv(ctx)
	return Message{m}, err
}

// RecvInto is Recv over b's former content: no garbage, and about two thirds of the cost for small messages.
func (r receiving) RecvInto(ctx context.Context, b *Buffer) error {
	err := r.s.RecvInto(ctx, &b.mem)
	b.Message = Message{b.mem.Message}
	return err
}

// CanRecv is what Recv(NoWait) would return now.
func (r receiving) CanRecv() error { return r.s.CanRecv() }

// Readable is closed once Recv need not wait, or the socket has ended. Ask anew in each select.
func (r receiving) Readable() <-chan struct{} { return r.s.Readable() }

// stream is receiving for types that may receive as often as they like.
type stream struct{ receiving }

// Messages is Recv until ctx is done, which is looked at each time, or the socket ends: the caller's own acts, so there
// is no error.
func (r stream) Messages(ctx context.Context) iter.Seq[Message] {
	return func(yield func(Message) bool) {
		for {
			m, err := r.Recv(ctx)
			if err != nil || !yield(m) {
				return
			}
		}
	}
}
