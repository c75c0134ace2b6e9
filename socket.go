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

// The socket types. PAIR, REQ, REP, PULL and PUSH are there; New says of the others that they are not.
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
	OnEvent(m Mask, f func(Event))                                       // the one callback (ZMQ_MONITOR); nil removes. One goroutine, in order, under no lock; no call of the former f starts once it has returned
	Monitor(endpoint string, m Mask) error                               // zmq_socket_monitor(3): a PAIR on inproc that sends version 1 frames; "" stops
	MonitorVersioned(endpoint string, m Mask, version int, t Type) error // version 1 or 2 frames, on a PAIR or PUSH; "" stops
	core() *base
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

// A base is what the types have in common.
type base struct {
	engine *socket.Core
	typ    Type

	mu  sync.Mutex // guards cfg
	cfg Config
}

// newBase makes a socket. A Config that is wrong, or a Context that has ended, is what every call returns then.
func newBase(t Type, cfg Config) (*base, error) {
	x := cfg.Context
	if x == nil {
		x = DefaultContext()
	}
	opt, err := cfg.options(t)
	c := &base{engine: socket.New(x.engine, t.String(), opt), typ: t, cfg: cfg}
	if err != nil {
		c.engine.Refuse(err)
		return c, err
	}
	if cfg.OnEvent != nil {
		c.engine.OnEvent(cfg.eventMask(), cfg.OnEvent)
	}
	return c, nil
}

func (c *base) core() *base  { return c }
func (c *base) Type() Type   { return c.typ }
func (c *base) ID() uint64   { return c.engine.ID }
func (c *base) Name() string { return c.cfg.Name } // never changes

func (c *base) Bind(endpoint string) (string, error) {
	bound, err := c.engine.Bind(endpoint)
	return bound, public(err)
}
func (c *base) Connect(endpoint string) error      { return public(c.engine.Connect(endpoint)) }
func (c *base) Unbind(endpoint string) error       { return public(c.engine.Unbind(endpoint)) }
func (c *base) Disconnect(endpoint string) error   { return public(c.engine.Disconnect(endpoint)) }
func (c *base) Close() error                       { return public(c.engine.Close()) }
func (c *base) Shutdown(ctx context.Context) error { return public(c.engine.Shutdown(ctx)) }

func (c *base) CloseConn(id monitor.ConnID) error          { return c.engine.CloseConn(id) }
func (c *base) WaitReady(ctx context.Context, n int) error { return c.engine.WaitReady(ctx, n) }
func (c *base) Watch(m Mask) *monitor.Subscription         { return c.engine.Watch(m) }
func (c *base) State() monitor.State                       { return c.engine.State() }
func (c *base) OnEvent(m Mask, f func(Event))              { c.engine.OnEvent(m, f) }
func (c *base) WatchState(m Mask) (monitor.State, *monitor.Subscription) {
	return c.engine.WatchState(m)
}

func (c *base) Config() Config {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cfg
}

func (c *base) Update(change func(*Config)) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	cfg := c.cfg
	change(&cfg)
	if err := cfg.fixed(&c.cfg, c.typ); err != nil {
		return err
	}
	opt, err := cfg.options(c.typ)
	if err != nil {
		return err
	}
	c.cfg = cfg
	c.engine.Update(func(o *socket.Options) {
		opt.Jitter, opt.Source = o.Jitter, o.Source // no options of the user's
		*o = opt
	})
	return nil
}

func (c *base) Monitor(endpoint string, m Mask) error {
	return c.MonitorVersioned(endpoint, m, 1, PAIR)
}

func (c *base) MonitorVersioned(endpoint string, m Mask, version int, t Type) error {
	return public(c.engine.Monitor(endpoint, m, version, t.String()))
}

// sending is Sender's part of a socket.
type sending struct{ s *socket.Core }

// Send queues frames as one message and copies their bytes: they are the caller's again. A nil error says: queued,
// whole; nothing more. With NoWait it never waits; any other context that is done ends it first, also when it need not
// wait. Errors: ErrWouldBlock, ErrState (REQ, REP), ErrInvalid (no frame), ErrClosed, ErrTerminated.
func (s sending) Send(ctx context.Context, frames ...[]byte) error { return s.s.Send(ctx, frames) }

// SendMessage is Send that shares m's bytes: to forward, or to give away large bodies.
func (s sending) SendMessage(ctx context.Context, m Message) error {
	return s.s.SendMessage(ctx, m.m)
}

// CanSend is what Send(NoWait) would return now.
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
