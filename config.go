package zmq

import (
	"context"
	"maps"
	"math"
	"net"
	"net/netip"
	"slices"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// Zero is always the default. A duration may be Off (never) or Forever, a count Unlimited.
const (
	Off, Forever time.Duration = -1, math.MaxInt64
	Unlimited                  = -1
)

// Config is every option of a socket; zero is the default. A field that is out of range, or that does not apply to the
// socket's type, is a *ConfigError. docs/options.md has libzmq's name of each, its default, and when it takes effect.
//
// What a Config refers to is copied when it is given to a socket, and when a socket gives its own: maps and slices are the
// caller's again, and changing them changes no socket.
type Config struct {
	Context   *Context    // inproc names and common end; nil: DefaultContext()
	Name      string      // in events, logs, metrics
	OnEvent   func(Event) // the callback, set before anything can happen
	EventMask Mask        // of OnEvent; 0: Lifecycle | Flow
	Network   Network     // nil funcs: the Context's

	// The high-water marks, in messages per peer; 0: 1000, as libzmq; Unlimited. Over inproc a queue holds the sum of
	// both sockets' marks; a REP's answers that are being written do not count, and are as many again at most.
	SendHWM, RecvHWM int

	Linger    time.Duration // the most that Close waits for what is queued; 0: 5 s, five attempts of the back-off; Off; Forever
	RoutingID string        // REQ, DEALER, ROUTER: what ROUTERs know the socket by; at most 255 bytes, not beginning with NUL
	Immediate bool          // queue only to ready peers: Send waits, or fails over, while a dialled one is away

	ReconnectMin, ReconnectMax       time.Duration       // the back-off; 0: 100 ms and 5 s; ReconnectMin Off: dial once
	ReconnectStop                    Stop                // dial no more after these; 0: dial for ever
	ConnectTimeout, HandshakeTimeout time.Duration       // of an attempt; 0: 30 s each; Off
	HeartbeatInterval                time.Duration       // between PINGs; 0: none
	HeartbeatTimeout                 time.Duration       // silence after a PING that is the end; 0: HeartbeatInterval; Off
	HeartbeatTTL                     time.Duration       // after which the peer shall give us up; 0: none; at most 65.5 s
	MaxMessageSize                   int64               // bytes of an inbound message, all frames; 0: no limit
	MaxHandshakes                    int                 // at once, per listener; 0: 1024; Unlimited
	MaxHandshakesPerHost             int                 // of them with one address, of tcp; 0: half of MaxHandshakes; Unlimited
	MaxHandshakeBytes                int                 // that a peer may send before it is through; 0: 128 KiB; Unlimited
	MaxProperties                    int                 // that a peer may name in its handshake; 0: 64, which is the most
	MaxPropertyBytes                 int                 // of all of them, names and values; 0: 64 KiB, which is the most
	MaxPongs                         int                 // answers to PINGs that wait until the peer reads, the rest is not answered; 0: 1; at most 1024
	Backlog                          int                 // connections the kernel holds for Accept; 0: the system's maximum
	SendBuffer, RecvBuffer           int                 // kernel buffers, bytes; 0: the system's
	TOS, Priority                    int                 // of packets, 0 to 255; of the socket, Linux; 0: the system's; of tcp
	KeepAlive                        net.KeepAliveConfig // of tcp; not enabled: the system's default, which is off; its zeros are net's defaults
	TCPMaxRetransmit                 time.Duration       // how long sent bytes may go unacknowledged, of tcp, Linux; 0: the system's, about 15 minutes
	AcceptFilter                     []netip.Prefix      // of tcp: only peers from these networks may come in; nil: all
	IPv6                             bool                // names, interfaces and * mean IPv6 as well
	Interface                        string              // bind to this device, of tcp, Linux
	Metadata                         map[string]string   // of the application, in READY; names begin with "X-"

	Mechanism     zmtp.Mechanism // nil: NULL, no security; zmtp.PlainClient(…), curve.Server(…)
	Authenticate  Authenticator  // decides about each peer; nil: ZAP, if Mechanism is a server's or ZAPDomain is set
	ZAPDomain     string         // what Authenticate is asked about; with NULL only a socket that has one asks
	PlainAnywhere bool           // allow PLAIN's clear-text password beyond this machine; else Bind and peers there are refused

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

	HelloMessage      []byte // DEALER, ROUTER: goes to each peer before all others; nil: none
	DisconnectMessage []byte // ROUTER: is received from a peer that had connected, when it has gone; nil: none
	HiccupMessage     []byte // DEALER: is received from a peer that we had connected to, when it has gone; nil: none
}

// Stop is what ends the dialling of an endpoint: GaveUp is its event, and it stays, silent, until Disconnect.
type Stop uint8

// The bits of Stop.
const (
	StopRefused         Stop = 1 << iota // nobody listens there
	StopHandshakeFailed                  // whoever listens there is no peer for this socket
	StopDisconnected                     // a peer that was ready is gone, and not because we ended the connection
)

// Notify is when a ROUTER receives an empty message from a peer.
type Notify uint8

// The bits of Notify.
const (
	NotifyConnect    Notify = 1 << iota // it is ready
	NotifyDisconnect                    // it has gone
)

// Network is where connections come from; a nil func is the operating system's. network is "tcp" and address "host:port",
// or "unix" and the path of an ipc endpoint.
type Network struct {
	Dial   func(ctx context.Context, network, address string) (net.Conn, error)
	Listen func(ctx context.Context, network, address string) (net.Listener, error)
}

// The defaults, and why.
const (
	defaultHWM               = 1000                   // libzmq's: ported programs are sized for it
	defaultLinger            = 5 * time.Second        // five attempts of the back-off (0.1 + 0.2 + 0.4 + 0.8 + 1.6 s): a restarting peer is met, a dead one does not hang an exit
	defaultReconnectMin      = 100 * time.Millisecond // libzmq's
	defaultReconnectMax      = 5 * time.Second        // the longest a peer that came back is not noticed
	defaultTimeout           = 30 * time.Second       // libzmq's for the handshake; for the connect, the kernel's two minutes are no use to anybody
	defaultMaxHandshakes     = 1024                   // strangers that stall are 1024 goroutines at most
	defaultMaxHandshakeBytes = 128 << 10              // a greeting, two rounds of commands, metadata at its limit
	mostPongs                = 1024                   // of 23 bytes each; one is what a peer needs that asks again before it has read
	leastHandshakeBytes      = 1 << 10                // the greeting is 64 bytes, the largest command without metadata CURVE's INITIATE, 257 and up
	mostTTL                  = 65500 * time.Millisecond

	defaultMaxSubscriptions     = 1_000_000 // about 75 MB, the most that one peer can make a publisher remember
	defaultMaxSubscriptionBytes = 64 << 20
)

// clone is c with maps and slices of its own.
func (c Config) clone() Config {
	c.Metadata = maps.Clone(c.Metadata)
	c.Subscribe, c.AcceptFilter = slices.Clone(c.Subscribe), slices.Clone(c.AcceptFilter)
	for _, b := range []*[]byte{&c.XPubWelcome, &c.HelloMessage, &c.DisconnectMessage, &c.HiccupMessage} {
		*b = slices.Clone(*b)
	}
	return c
}

func (c *Config) eventMask() Mask {
	if c.EventMask == 0 {
		return monitor.Lifecycle | monitor.Flow
	}
	return c.EventMask
}
