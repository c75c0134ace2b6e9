package zmq

import (
	"context"
	"fmt"
	"maps"
	"math"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/glassmq/zmq/internal/socket"
	"github.com/glassmq/zmq/internal/transport"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// Zero is always the default. A duration may be Off (never) or Forever, a count Unlimited.
const (
	Off, Forever time.Duration = -1, math.MaxInt64
	Unlimited                  = -1
)

// Config is every option of a socket; zero is the default. A field that is out of range, or that does not apply to the
// socket's type, is a *ConfigError.
type Config struct {
	Context   *Context    // inproc names and common end; nil: DefaultContext()
	Name      string      // in events, logs, metrics
	OnEvent   func(Event) // the callback, set before anything can happen
	EventMask Mask        // of OnEvent; 0: Lifecycle | Flow
	Network   Network     // nil funcs: the Context's

	// The high-water marks, in messages per peer; 0: 1000, as libzmq; Unlimited. Over inproc a queue holds the sum of
	// both sockets' marks.
	SendHWM, RecvHWM int

	Linger    time.Duration // the most that Close waits for what is queued; 0: 5 s, five attempts of the back-off; Off; Forever
	RoutingID string        // what peers know REQ by; at most 255 bytes, not beginning with NUL
	Immediate bool          // queue only to ready peers: Send waits, or fails over, while a dialled one is away

	ReconnectMin, ReconnectMax       time.Duration       // the back-off; 0: 100 ms and 5 s; ReconnectMin Off: dial once
	ConnectTimeout, HandshakeTimeout time.Duration       // of an attempt; 0: 30 s each; Off
	HeartbeatInterval                time.Duration       // between PINGs; 0: none
	HeartbeatTimeout                 time.Duration       // silence after a PING that is the end; 0: HeartbeatInterval; Off
	HeartbeatTTL                     time.Duration       // after which the peer shall give us up; 0: none; at most 65.5 s
	MaxMessageSize                   int64               // bytes of an inbound message, all frames; 0: no limit
	MaxHandshakes                    int                 // at once, per listener; 0: 1024; Unlimited
	Backlog                          int                 // connections the kernel holds for Accept; 0: the system's maximum
	SendBuffer, RecvBuffer           int                 // kernel buffers, bytes; 0: the system's
	TOS, Priority                    int                 // of packets, 0 to 255; of the socket, Linux; 0: the system's
	KeepAlive                        net.KeepAliveConfig // of TCP; not enabled: the system's default, which is off
	IPv6                             bool                // names, interfaces and * mean IPv6 as well
	Interface                        string              // bind to this device, Linux
	Metadata                         map[string]string   // of the application, in READY; names begin with "X-"
	Mechanism                        zmtp.Mechanism      // nil: NULL, the only one that is there yet

	Conflate bool // PUSH, PULL, PUB, SUB, DEALER: queues keep the last message only, and have no mark

	ReqRelaxed   bool // REQ: a new request may replace an unanswered one
	ReqCorrelate bool // REQ: number requests, and take only the answer with the number

	ProbeRouter     bool   // ROUTER, DEALER, REQ: each peer gets an empty message first, so that a ROUTER knows of us
	RouterMandatory bool   // ROUTER: a peer that is not there is ErrHostUnreachable, and a full one is waited for; else its messages are dropped
	RouterHandover  bool   // ROUTER: a newcomer takes over the routing id of a peer that is there; else it is refused
	RouterRaw       bool   // ROUTER: peers that speak no ZMTP; STREAM is the better choice
	RouterNotify    Notify // ROUTER: an empty message from a peer that comes or goes
	StreamSilent    bool   // STREAM: no empty message from a peer that comes or goes

	XPubVerbose         bool   // XPUB: pass on repeated subscriptions
	XPubVerboser        bool   // XPUB: pass on repeated subscriptions and every unsubscription
	XPubManual          bool   // XPUB: only Admit subscribes
	XPubManualLastValue bool   // XPUB: XPubManual, and the message after an Admit goes to that peer alone
	XPubNoDrop          bool   // XPUB, PUB: wait for subscribers that are full, instead of dropping their messages
	XPubWelcome         []byte // XPUB: the first message to each subscriber; nil: none
	InvertMatching      bool   // PUB, XPUB, SUB: messages that match no subscription, instead of those that do; both sides must say so

	XSubVerboseUnsubscribe bool     // XSUB: pass on every unsubscription, and not only the last
	Subscribe              []string // SUB, XSUB: from the start

	// What one peer may subscribe to, PUB and XPUB; 0: 1 million prefixes, 64 MiB; Unlimited. A peer that goes beyond
	// loses its connection.
	MaxSubscriptions, MaxSubscriptionBytes int

	HelloMessage      []byte // goes to each peer before all others; nil: none
	DisconnectMessage []byte // is received from a peer that had connected, when it has gone; nil: none
	HiccupMessage     []byte // is received from a peer that we had connected to, when it has gone; nil: none
}

// Notify is when a ROUTER receives an empty message from a peer.
type Notify uint8

const (
	NotifyConnect    Notify = 1 << iota // it is ready
	NotifyDisconnect                    // it has gone
)

// Network is where connections come from; a nil func is the operating system's. network is "tcp", address "host:port".
type Network struct {
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Listen func(ctx context.Context, network, address string) (net.Listener, error)
}

// The defaults, and why.
const (
	defaultHWM           = 1000                   // libzmq's: ported programs are sized for it
	defaultLinger        = 5 * time.Second        // five attempts of the back-off (0.1 + 0.2 + 0.4 + 0.8 + 1.6 s): a restarting peer is met, a dead one does not hang an exit
	defaultReconnectMin  = 100 * time.Millisecond // libzmq's
	defaultReconnectMax  = 5 * time.Second        // the longest a peer that came back is not noticed
	defaultTimeout       = 30 * time.Second       // libzmq's for the handshake; for the connect, the kernel's two minutes are no use to anybody
	defaultMaxHandshakes = 1024                   // strangers that stall are 1024 goroutines at most
	mostTTL              = 65500 * time.Millisecond

	defaultMaxSubscriptions     = 1_000_000 // about 75 MB, the most that one peer can make a publisher remember
	defaultMaxSubscriptionBytes = 64 << 20
)

// options checks c and fills in its defaults.
func (c Config) options(t Type) (o socket.Options, err error) {
	k := check{typ: t}
	o = socket.Options{
		Name:              c.Name,
		SendHWM:           k.count("SendHWM", c.SendHWM, defaultHWM),
		RecvHWM:           k.count("RecvHWM", c.RecvHWM, defaultHWM),
		Linger:            c.linger(&k),
		RoutingID:         c.RoutingID,
		Immediate:         c.Immediate,
		ReconnectMin:      k.duration("ReconnectMin", c.ReconnectMin, defaultReconnectMin),
		ReconnectMax:      k.duration("ReconnectMax", c.ReconnectMax, max(defaultReconnectMax, c.ReconnectMin)),
		ConnectTimeout:    k.duration("ConnectTimeout", c.ConnectTimeout, defaultTimeout),
		HandshakeTimeout:  k.duration("HandshakeTimeout", c.HandshakeTimeout, defaultTimeout),
		HeartbeatInterval: k.duration("HeartbeatInterval", c.HeartbeatInterval, 0),
		HeartbeatTimeout:  k.duration("HeartbeatTimeout", c.HeartbeatTimeout, max(0, c.HeartbeatInterval)),
		HeartbeatTTL:      k.duration("HeartbeatTTL", c.HeartbeatTTL, 0),
		MaxMessageSize:    uint64(max(0, c.MaxMessageSize)),
		MaxHandshakes:     k.count("MaxHandshakes", c.MaxHandshakes, defaultMaxHandshakes),
		Mechanism:         c.Mechanism,
		ReqRelaxed:        c.ReqRelaxed,
		ReqCorrelate:      c.ReqCorrelate,

		Conflate: c.Conflate, ProbeRouter: c.ProbeRouter,
		RouterMandatory: c.RouterMandatory, RouterHandover: c.RouterHandover, RouterRaw: c.RouterRaw,
		NotifyConnect:    c.RouterNotify&NotifyConnect != 0 || t == STREAM && !c.StreamSilent,
		NotifyDisconnect: c.RouterNotify&NotifyDisconnect != 0 || t == STREAM && !c.StreamSilent,
		XPubVerbose:      c.XPubVerbose, XPubVerboser: c.XPubVerboser, XPubManual: c.XPubManual, XPubManualLast: c.XPubManualLastValue,
		NoDrop: c.XPubNoDrop, XSubVerboseUnsubscribe: c.XSubVerboseUnsubscribe, InvertMatching: c.InvertMatching,
		Hello: c.HelloMessage, Welcome: c.XPubWelcome, Disconnected: c.DisconnectMessage, Hiccup: c.HiccupMessage,
		Subscribe:            c.Subscribe,
		MaxSubscriptions:     k.count("MaxSubscriptions", c.MaxSubscriptions, defaultMaxSubscriptions),
		MaxSubscriptionBytes: k.count("MaxSubscriptionBytes", c.MaxSubscriptionBytes, defaultMaxSubscriptionBytes),
	}
	if o.Mechanism == nil {
		o.Mechanism = zmtp.Null()
	}
	c.ranges(&k)
	c.applies(&k)
	o.Metadata = c.metadata(&k)
	o.Transport = c.transport(&k)
	if c.Context != nil {
		o.Jitter = c.Context.cfg.Jitter
	}
	return o, k.err
}

// linger is negative for ever, in the engine's terms.
func (c *Config) linger(k *check) time.Duration {
	if c.Linger == Forever {
		return -1
	}
	return k.duration("Linger", c.Linger, defaultLinger)
}

// ranges checks what has a range of its own.
func (c *Config) ranges(k *check) {
	k.that(c.MaxMessageSize >= 0, "MaxMessageSize", "%d is negative: give bytes, or 0 for no limit", c.MaxMessageSize)
	k.that(c.HeartbeatTTL <= mostTTL, "HeartbeatTTL", "%v is above 65.5 s, which is the most that every peer understands", c.HeartbeatTTL)
	k.that(c.ReconnectMax == 0 || c.ReconnectMin == Off || c.ReconnectMax >= max(c.ReconnectMin, 1), "ReconnectMax",
		"%v is less than ReconnectMin, %v", c.ReconnectMax, c.ReconnectMin)
	k.that(c.ReconnectMax != Forever, "ReconnectMax", "Forever is no interval: give a time")
	k.that(c.HeartbeatInterval > 0 || c.HeartbeatTimeout == 0, "HeartbeatTimeout", "without a HeartbeatInterval there is no PING to time out: set both")
	k.that(c.HeartbeatInterval > 0 || c.HeartbeatTTL == 0, "HeartbeatTTL", "without a HeartbeatInterval there is no PING to carry it: set both")
	k.that(len(c.RoutingID) <= 255, "RoutingID", "%d bytes: at most 255", len(c.RoutingID))
	k.that(!strings.HasPrefix(c.RoutingID, "\x00"), "RoutingID", "ids that begin with NUL are the ones that sockets make up: begin with another byte")
	k.that(c.TOS >= 0 && c.TOS <= 255, "TOS", "%d: 0 to 255", c.TOS)
	for _, f := range []struct {
		name  string
		value int
	}{{"Backlog", c.Backlog}, {"SendBuffer", c.SendBuffer}, {"RecvBuffer", c.RecvBuffer}, {"Priority", c.Priority}} {
		k.that(f.value >= 0, f.name, "%d is negative: 0 is the system's default", f.value)
	}
}

// applies checks that what is set means something to the type.
func (c *Config) applies(k *check) {
	req := k.typ == REQ
	named := req || k.typ == DEALER || k.typ == ROUTER
	k.that(c.Mechanism == nil || c.Mechanism.Name() == "NULL", "Mechanism", "only NULL is there yet: leave it nil")
	k.that(c.RoutingID == "" || named, "RoutingID", "only REQ, DEALER and ROUTER tell their peers a routing id")
	k.that(!c.ReqRelaxed || req, "ReqRelaxed", "applies to REQ only")
	k.that(!c.ReqCorrelate || req, "ReqCorrelate", "applies to REQ only")
	k.that(c.SendHWM == 0 || k.typ != PULL, "SendHWM", "PULL does not send")
	k.that(c.RecvHWM == 0 || k.typ != PUSH, "RecvHWM", "PUSH does not receive")
	k.that(c.EventMask == 0 || c.OnEvent != nil, "EventMask", "there is no OnEvent that it would be the mask of")
}

// metadata is the application's part of READY, in the order of its names.
func (c *Config) metadata(k *check) (m zmtp.Metadata) {
	for _, name := range slices.Sorted(maps.Keys(c.Metadata)) {
		k.that(len(name) > 2 && strings.EqualFold(name[:2], "X-"), "Metadata", "%q: names of applications begin with \"X-\" (RFC 37)", name)
		m = append(m, zmtp.Property{Name: name, Value: c.Metadata[name]})
	}
	if err := m.Validate(); err != nil {
		k.that(false, "Metadata", "%v", err)
	}
	return m
}

func (c *Config) transport(*check) transport.Options {
	o := transport.Options{SendBuffer: c.SendBuffer, RecvBuffer: c.RecvBuffer, TOS: c.TOS, Priority: c.Priority, Interface: c.Interface,
		Backlog: c.Backlog, KeepAlive: c.KeepAlive, IPv6: c.IPv6, Dial: c.Network.Dial, Listen: c.Network.Listen}
	if x := c.Context; x != nil {
		if o.Dial == nil {
			o.Dial = x.cfg.Network.Dial
		}
		if o.Listen == nil {
			o.Listen = x.cfg.Network.Listen
		}
	}
	return o
}

func (c *Config) eventMask() Mask {
	if c.EventMask == 0 {
		return monitor.Lifecycle | monitor.Flow
	}
	return c.EventMask
}

// fixed checks that Update leaves alone what New has settled.
func (c *Config) fixed(before *Config, t Type) error {
	k := check{typ: t}
	k.that(c.Context == before.Context, "Context", "is fixed when the socket is made")
	k.that(c.Name == before.Name, "Name", "is fixed when the socket is made")
	k.that(c.EventMask == before.EventMask && (c.OnEvent == nil) == (before.OnEvent == nil), "OnEvent", "is fixed when the socket is made: call OnEvent")
	return k.err
}

// A check collects the first thing that is wrong.
type check struct {
	typ Type
	err error
}

func (k *check) that(ok bool, field, reason string, args ...any) {
	if !ok && k.err == nil {
		k.err = &ConfigError{Field: field, Reason: fmt.Sprintf(reason, args...), Type: k.typ}
	}
}

// count is n, or its default; 0 is no limit, in the engine's terms.
func (k *check) count(field string, n, otherwise int) int {
	k.that(n >= Unlimited, field, "%d: give a count, or Unlimited", n)
	switch n {
	case 0:
		return otherwise
	case Unlimited:
		return 0
	}
	return n
}

// duration is d, or its default; 0 is none, in the engine's terms.
func (k *check) duration(field string, d, otherwise time.Duration) time.Duration {
	k.that(d >= Off, field, "%v is negative: give a time, Off, or 0 for the default", d)
	switch d {
	case 0:
		return otherwise
	case Off:
		return 0
	case Forever:
		return 0
	}
	return d
}
