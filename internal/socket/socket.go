// Package socket is the core that ties the rooms below into a socket: endpoints, waiting, closing, statistics.
//
// Reading order: socket.go (what a socket is), send.go and recv.go (a message's first and last steps), lend.go and
// wait.go (how calls wait), route.go, publish.go and subscribe.go (what types add), endpoints.go, inproc.go, joint.go,
// link.go and host.go (where pipes come from), close.go, state.go, watch.go and flow.go (events), context.go.
//
// Locks, in this order, none held across I/O or a user's code:
//
//	control (Core.mu)  endpoints, connections, their states, and the emission of their events
//	receiving, sending (recvSide.mu, sendSide.mu; one for REQ and REP)  the patterns and who waits
//	Conn.mu, Queue.mu, Hub, Subscription  a few instructions each
//
// Two sockets' locks are never held together: over inproc one is let go of before the other is taken.
package socket

import (
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/glassmq/zmq/internal/headroom"
	"github.com/glassmq/zmq/internal/pattern"
	"github.com/glassmq/zmq/internal/peer"
	"github.com/glassmq/zmq/internal/pipe"
	"github.com/glassmq/zmq/internal/transport"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// Options are a socket's options with their defaults filled in. Zero means none, a count of 0 or less no limit.
type Options struct {
	Name             string
	SendHWM, RecvHWM int
	Linger           time.Duration // negative: for ever
	RoutingID        string

	ReconnectMin, ReconnectMax       time.Duration
	Stop                             peer.Stops
	ConnectTimeout, HandshakeTimeout time.Duration
	HeartbeatInterval                time.Duration
	HeartbeatTimeout, HeartbeatTTL   time.Duration
	MaxMessageSize                   uint64

	MaxHandshakes, MaxHandshakesPerHost, MaxHandshakeBytes int
	MaxProperties, MaxPropertyBytes, MaxPongs              int // 1 and up

	Transport     transport.Options
	Mechanism     zmtp.Mechanism
	Authenticate  peer.Authenticator // nil: ZAP, if the mechanism asks or there is a Domain
	Domain        string             // that ZAP is asked for
	PlainAnywhere bool
	Metadata      zmtp.Metadata

	Immediate, Conflate      bool
	ReqRelaxed, ReqCorrelate bool

	ProbeRouter                                                   bool // an empty message to each peer when it is ready
	RouterMandatory, RouterHandover, RouterRaw                    bool
	NotifyConnect, NotifyDisconnect                               bool // ROUTER, STREAM: an empty message from a peer that comes or goes
	XPubVerbose, XPubVerboser, XPubManual, XPubManualLast, NoDrop bool
	XSubVerboseUnsubscribe, InvertMatching                        bool
	Hello, Welcome, Disconnected, Hiccup                          []byte // nil: none
	Subscribe                                                     []string
	MaxSubscriptions, MaxSubscriptionBytes                        int // per peer

	Jitter func() float64
}

// lastSocket numbers the sockets of the process, as lastConn does connections.
var lastSocket atomic.Uint64

// A Core is a socket of any type.
type Core struct {
	ID     uint64
	typ    string
	rule   rule
	ctx    *Context
	marks  peer.Marks // opt's, for connections that are still to come
	hub    monitor.Hub
	work   sync.WaitGroup // every goroutine that the socket started, but its readers of events
	spares pipe.Spares
	pace   peer.Pace

	out    sendSide
	in     recvSide
	sub    *subscriber   // of a SUB or XSUB
	req    *pattern.Req  // of a REQ
	asking chan struct{} // of a REQ: full while a Do is under way

	mu sync.Mutex
	// mu is the control lock and guards:
	opt       Options
	endpoint  uint64 // the last endpoint's id
	dials     []*dial
	binds     []*bind
	conns     map[*peer.Conn]*bind // live connections; the bind is nil for dialled ones
	links     map[*link]struct{}   // live connections over inproc
	changed   chan struct{}        // closed when WaitReady should look again; nil: nobody waits
	closing   bool
	unbinding int    // endpoints that Unbind is about to end
	gone      totals // of connections that have ended
	lost      DroppedError
	frames    *frames // the libzmq form of the monitor
	callback  *callback
	framesOld uint64 // events that former readers of frames missed

	monitoring sync.Mutex     // one Monitor call at a time
	readers    sync.WaitGroup // the callback's goroutines: nobody waits for them but AwaitCallback

	closeOnce sync.Once     // begins the end
	endOnce   sync.Once     // says who waits for it
	closed    chan struct{} // closed when it has come …
	closeErr  error         // … and this is set
}

// totals are counts of a socket.
type totals struct{ in, out uint64 }

// A rule is what a type may do, and with whom.
type rule struct {
	sends, receives, one bool
	turns                bool // every message waits for an answer: both directions are one state
	answers              bool // and is itself one
	named                bool // tells its peers a routing id
	publishes            bool // hears subscriptions
	raw                  bool // speaks no ZMTP
	make                 func(c *Core)
}

func rules(typ string) (rule, bool) {
	switch typ {
	case "PUSH":
		return rule{sends: true, make: (*Core).roundRobin}, true
	case "PULL":
		return rule{receives: true, make: (*Core).fairQueue}, true
	case "PAIR":
		return rule{sends: true, receives: true, one: true, make: (*Core).bothWays}, true
	case "DEALER":
		return rule{sends: true, receives: true, named: true, make: (*Core).bothWays}, true
	case "ROUTER":
		return rule{sends: true, receives: true, named: true, make: (*Core).routes}, true
	case "STREAM":
		return rule{sends: true, receives: true, raw: true, make: (*Core).routes}, true
	case "REQ":
		return rule{sends: true, receives: true, turns: true, named: true, make: (*Core).requests}, true
	case "REP":
		return rule{sends: true, receives: true, turns: true, answers: true, make: (*Core).replies}, true
	case "PUB":
		return rule{sends: true, publishes: true, make: (*Core).publishes}, true
	case "XPUB":
		return rule{sends: true, receives: true, publishes: true, make: (*Core).publishes}, true
	case "SUB":
		return rule{receives: true, make: (*Core).subscribes}, true
	case "XSUB":
		return rule{sends: true, receives: true, make: (*Core).subscribes}, true
	}
	return rule{}, false
}

func (c *Core) roundRobin() {
	c.out.robin = pattern.NewRoundRobin()
	c.out.choose = c.out.robin
}
func (c *Core) fairQueue() {
	c.in.fair = pattern.NewFairQueue()
	c.in.choose = c.in.fair
}

func (c *Core) bothWays() {
	c.roundRobin()
	c.fairQueue()
}

func (c *Core) routes() {
	c.out.router = pattern.NewRouter(rand.Uint32())
	c.out.choose = c.out.router
	c.fairQueue()
	c.in.named = true
}

func (c *Core) publishes() {
	c.out.fan = pattern.NewFan()
	c.out.choose = c.out.fan
	if c.rule.receives {
		c.in.choose = pattern.NewNotices()
	}
}

func (c *Core) subscribes() {
	c.sub = newSubscriber()
	if c.rule.sends {
		c.out.fan = pattern.NewFan()
		c.out.choose = c.out.fan
		c.sub.mute = true
		c.fairQueue()
		return
	}
	f := pattern.NewFilter(c.sub.wants)
	c.in.choose, c.in.fair, c.in.filter = f, &f.FairQueue, c.sub
}

func (c *Core) requests() {
	c.req = pattern.NewReq()
	c.req.Relaxed, c.req.Correlate = c.opt.ReqRelaxed, c.opt.ReqCorrelate
	c.out.choose, c.in.choose = c.req.Sender(), c.req.Receiver()
	c.asking = make(chan struct{}, 1)
	c.in.mu, c.in.skip = c.out.mu, c.out.skip
}

func (c *Core) replies() {
	r := pattern.NewRep()
	c.out.choose, c.in.choose = r.Sender(), r.Receiver()
	c.in.mu, c.in.skip = c.out.mu, c.out.skip
}

// New makes a socket of a type that Known says is there. It starts nothing.
func New(ctx *Context, typ string, opt Options) *Core {
	c := &Core{ID: lastSocket.Add(1), typ: typ, ctx: ctx, opt: opt, closed: make(chan struct{}),
		conns: map[*peer.Conn]*bind{}, links: map[*link]struct{}{}}
	c.out.mu, c.in.mu = new(sync.Mutex), new(sync.Mutex)
	c.out.flow.core = c
	c.in.slab.Given = headroom.Given
	c.rule, _ = rules(typ)
	c.rule.make(c)
	c.switches()
	if c.sub != nil { // else the options are refused, and so is every call
		for _, prefix := range opt.Subscribe {
			c.sub.turn([]byte(prefix), true)
		}
	}
	c.hub.SocketID, c.hub.SocketName, c.hub.SocketType = c.ID, opt.Name, typ
	c.marks.Send.Store(int64(opt.SendHWM))
	c.marks.Recv.Store(int64(opt.RecvHWM))
	if c.opt.Jitter == nil {
		c.opt.Jitter = rand.Float64
	}
	if err := ctx.add(c); err != nil {
		c.Refuse(err)
	}
	return c
}

// Own says what its user knows the socket as: it is one of those that the Context shows.
func (c *Core) Own(as any) { c.ctx.own(c, as) }

// Type is the socket's type, "PUSH".
func (c *Core) Type() string { return c.typ }

// outOfTurn says whose turn it is.
func (c *Core) outOfTurn(op string) error {
	switch {
	case c.req != nil && op == "Send":
		return Because(ErrState, "zmq: REQ Send: the answer to the last request is still to be received: Recv it, use Do with a deadline, or set ReqRelaxed")
	case c.req != nil:
		return Because(ErrState, "zmq: REQ Recv: nothing was asked: Send a request first")
	case op == "Send":
		return Because(ErrState, "zmq: REP Send: there is no request to answer: Recv one first")
	}
	return Because(ErrState, "zmq: REP Recv: the last request is not answered: Send the answer first")
}

// peerOptions are what connections made from now on go by. Control lock held.
func (c *Core) peerOptions() *peer.Options {
	o := &c.opt
	local := zmtp.Metadata{{Name: zmtp.SocketType, Value: c.typ}}
	if c.rule.named {
		local = append(local, zmtp.Property{Name: zmtp.Identity, Value: o.RoutingID})
	}
	return &peer.Options{
		SocketID: c.ID, Type: c.typ, Metadata: append(local, o.Metadata...), Mechanism: o.Mechanism, Transport: o.Transport,
		Authenticate: c.authenticator(), Domain: o.Domain, PlainAnywhere: o.PlainAnywhere,
		Sends: c.rule.sends, Receives: c.rule.receives, Marks: &c.marks, Eager: c.rule.turns, Exclusive: c.rule.one || c.out.router != nil, Answers: c.rule.answers,
		Publishes: c.rule.publishes, Raw: c.raw(), Conflate: o.Conflate,
		SubscriptionMost: o.MaxSubscriptionBytes,
		MaxMessageSize:   o.MaxMessageSize, ConnectTimeout: o.ConnectTimeout, HandshakeTimeout: o.HandshakeTimeout,
		ReconnectMin: o.ReconnectMin, ReconnectMax: o.ReconnectMax, Stop: o.Stop,
		MaxHandshakes: o.MaxHandshakes, MaxHandshakesPerHost: o.MaxHandshakesPerHost, MaxHandshakeBytes: o.MaxHandshakeBytes,
		MaxProperties: o.MaxProperties, MaxPropertyBytes: o.MaxPropertyBytes, MaxPongs: o.MaxPongs,
		HeartbeatInterval: o.HeartbeatInterval, HeartbeatTimeout: o.HeartbeatTimeout, HeartbeatTTL: o.HeartbeatTTL,
		Immediate: o.Immediate, Jitter: o.Jitter, Pace: &c.pace, Spin: &c.ctx.spin, Spares: &c.spares,
	}
}

// Update changes the options. The marks and Linger act at once, on queues that are there too; the rest on the next Bind
// or Connect.
func (c *Core) Update(change func(*Options)) {
	c.mu.Lock()
	change(&c.opt)
	pipes := c.pipes()
	send, recv := c.opt.SendHWM, c.opt.RecvHWM
	c.marks.Send.Store(int64(send))
	c.marks.Recv.Store(int64(recv))
	c.switches()
	c.mu.Unlock()
	for _, p := range pipes {
		c.remark(p, send, recv)
	}
}

// switches makes the patterns obey the options that they look at. Control lock held, or nobody knows the socket yet.
func (c *Core) switches() {
	o, s := &c.opt, &c.out
	s.mu.Lock()
	if c.req != nil {
		c.req.Relaxed, c.req.Correlate = o.ReqRelaxed, o.ReqCorrelate
	}
	s.raw = c.raw()
	s.strict = o.RouterMandatory || c.typ == "STREAM"
	s.noDrop, s.verbose, s.verboser = o.NoDrop, o.XPubVerbose || o.XPubVerboser, o.XPubVerboser
	s.manual, s.manualLast = o.XPubManual || o.XPubManualLast, o.XPubManualLast
	s.mostTopics, s.mostTopicBytes = o.MaxSubscriptions, o.MaxSubscriptionBytes
	if s.fan != nil {
		s.fan.Invert = o.InvertMatching
	}
	if s.router != nil || s.fan != nil { // who waits may have no need to any more
		s.waiting.wakeAll()
		if !s.strict {
			s.writable.set()
		}
	}
	s.mu.Unlock()
	if c.sub != nil {
		c.sub.mu.Lock()
		c.sub.invert, c.sub.verbose = o.InvertMatching, o.XSubVerboseUnsubscribe
		c.sub.looked()
		c.sub.mu.Unlock()
	}
}

// raw reports whether the socket's connections speak no ZMTP. Control lock held.
func (c *Core) raw() bool { return c.rule.raw || c.opt.RouterRaw }

// remark gives p's queues new marks. No lock is held.
func (c *Core) remark(p *pipe.Pipe, send, recv int) {
	if p.Near != nil { // over inproc a queue has two owners
		p.Near.Marks()
		return
	}
	if p.Out != nil && p.Out.SetLimit(send) {
		c.out.ready(p)
	}
	if p.In != nil && p.In.SetLimit(recv) {
		p.Far.Room()
	}
}

// pipes lists all pipes. Control lock held.
func (c *Core) pipes() (all []*pipe.Pipe) {
	for _, d := range c.dials {
		if d.dialer != nil {
			all = append(all, d.dialer.Pipe)
		} else {
			all = append(all, d.pipe)
		}
	}
	for conn, b := range c.conns {
		if b != nil {
			all = append(all, conn.Pipe)
		}
	}
	for l := range c.links {
		if l.bind != nil {
			all = append(all, l.pipe)
		}
	}
	return all
}

// nextEndpoint numbers a Bind or Connect call. Control lock held.
func (c *Core) nextEndpoint(text string, side monitor.Side) peer.Endpoint {
	c.endpoint++
	return peer.Endpoint{ID: c.endpoint, Text: text, Side: side}
}
