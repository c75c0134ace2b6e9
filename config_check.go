package zmq

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/glassmq/zmq/internal/socket"
	"github.com/glassmq/zmq/internal/transport"
	"github.com/glassmq/zmq/zmtp"
)

// From a Config to the engine's options, in this order: defaults, ranges, what applies to the type, metadata, transport.
// The first thing that is wrong is the error.

// options checks c and fills in its defaults.
func (c Config) options(t Type) (o socket.Options, err error) {
	k := check{typ: t}
	o = socket.Options{
		Name:                 c.Name,
		SendHWM:              k.count("SendHWM", c.SendHWM, defaultHWM),
		RecvHWM:              k.count("RecvHWM", c.RecvHWM, defaultHWM),
		Linger:               c.linger(&k),
		RoutingID:            c.RoutingID,
		Immediate:            c.Immediate,
		ReconnectMin:         k.duration("ReconnectMin", c.ReconnectMin, defaultReconnectMin),
		ReconnectMax:         k.duration("ReconnectMax", c.ReconnectMax, max(defaultReconnectMax, c.ReconnectMin)),
		ConnectTimeout:       k.duration("ConnectTimeout", c.ConnectTimeout, defaultTimeout),
		HandshakeTimeout:     k.duration("HandshakeTimeout", c.HandshakeTimeout, defaultTimeout),
		HeartbeatInterval:    k.duration("HeartbeatInterval", c.HeartbeatInterval, 0),
		HeartbeatTimeout:     k.duration("HeartbeatTimeout", c.HeartbeatTimeout, max(0, c.HeartbeatInterval)),
		HeartbeatTTL:         k.duration("HeartbeatTTL", c.HeartbeatTTL, 0),
		MaxMessageSize:       uint64(max(0, c.MaxMessageSize)),
		MaxHandshakes:        k.count("MaxHandshakes", c.MaxHandshakes, defaultMaxHandshakes),
		MaxHandshakesPerHost: k.count("MaxHandshakesPerHost", c.MaxHandshakesPerHost, c.handshakesPerHost()),
		MaxHandshakeBytes:    k.count("MaxHandshakeBytes", c.MaxHandshakeBytes, defaultMaxHandshakeBytes),
		MaxProperties:        cmp.Or(c.MaxProperties, zmtp.MaxProperties),
		MaxPropertyBytes:     cmp.Or(c.MaxPropertyBytes, zmtp.MaxMetadata),
		MaxPongs:             cmp.Or(c.MaxPongs, 1),
		Mechanism:            c.Mechanism,
		Authenticate:         c.Authenticate,
		Domain:               c.ZAPDomain,
		PlainAnywhere:        c.PlainAnywhere,
		ReqRelaxed:           c.ReqRelaxed,
		ReqCorrelate:         c.ReqCorrelate,

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
	o.Stop.Refused = c.ReconnectStop&StopRefused != 0
	o.Stop.HandshakeFailed = c.ReconnectStop&StopHandshakeFailed != 0
	o.Stop.Disconnected = c.ReconnectStop&StopDisconnected != 0
	if o.Mechanism == nil {
		o.Mechanism = zmtp.Null()
	}
	c.ranges(&k)
	c.applies(&k)
	o.Metadata = c.metadata(&k)
	o.Transport = c.transport()
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
	k.that(c.MaxHandshakeBytes < 1 || c.MaxHandshakeBytes >= leastHandshakeBytes, "MaxHandshakeBytes", "%d: an ordinary handshake takes up to %d", c.MaxHandshakeBytes, leastHandshakeBytes)
	for _, f := range []struct {
		name        string
		value, most int
	}{{"MaxProperties", c.MaxProperties, zmtp.MaxProperties}, {"MaxPropertyBytes", c.MaxPropertyBytes, zmtp.MaxMetadata}, {"MaxPongs", c.MaxPongs, mostPongs}} {
		k.that(f.value >= 0 && f.value <= f.most, f.name, "%d: 1 to %d, or 0 for the default", f.value, f.most)
	}
	k.that(c.TOS >= 0 && c.TOS <= 255, "TOS", "%d: 0 to 255", c.TOS)
	k.that(c.ReconnectStop>>3 == 0, "ReconnectStop", "%#b has bits that are none of Stop's", c.ReconnectStop)
	k.that(c.RouterNotify>>2 == 0, "RouterNotify", "%#b has bits that are none of Notify's", c.RouterNotify)
	for _, f := range []struct {
		name  string
		value int
	}{{"Backlog", c.Backlog}, {"SendBuffer", c.SendBuffer}, {"RecvBuffer", c.RecvBuffer}, {"Priority", c.Priority}} {
		k.that(f.value >= 0 && f.value <= math.MaxInt32, f.name, "%d: 0 to 2147483647, and 0 is the system's default", f.value)
	}
	c.tcpRanges(k)
}

// tcpRanges checks what has a range of its own and is about tcp.
func (c *Config) tcpRanges(k *check) {
	most := math.MaxInt32 * time.Millisecond // the system counts them in an int
	k.that(c.TCPMaxRetransmit == 0 || c.TCPMaxRetransmit >= time.Millisecond && c.TCPMaxRetransmit <= most, "TCPMaxRetransmit",
		"%v: 1 ms to 24 days, or 0 for the system's", c.TCPMaxRetransmit)
	alive := c.KeepAlive
	alive.Enable = true
	k.that(c.KeepAlive.Enable || alive == net.KeepAliveConfig{Enable: true}, "KeepAlive", "Enable is not set, so the other fields mean nothing: set it")
	for _, p := range c.AcceptFilter {
		k.that(p.IsValid(), "AcceptFilter", "a network is not valid: make it with netip.ParsePrefix")
		k.that(!p.Addr().Is4In6(), "AcceptFilter", "%v: write an IPv4 network as such; it also holds for IPv4 peers of an IPv6 listener", p)
	}
}

// applies checks that what is set means something to the type.
func (c *Config) applies(k *check) {
	for _, o := range c.ofSomeTypes() {
		if o.set && !slices.Contains(o.types, k.typ) {
			k.that(false, o.field, "applies to %s only", list(o.types))
		}
	}
	if c.Mechanism != nil {
		err := c.Mechanism.Validate()
		k.that(err == nil, "Mechanism", "%v", err)
	}
	plain := c.Mechanism != nil && c.Mechanism.Name() == "PLAIN"
	k.that(!c.PlainAnywhere || plain, "PlainAnywhere", "applies to PLAIN only: set a Mechanism of it, or leave it out")
	k.that(len(c.ZAPDomain) <= 255, "ZAPDomain", "%d bytes: at most 255", len(c.ZAPDomain))
	k.that(c.SendHWM == 0 || k.typ != PULL && k.typ != SUB, "SendHWM", "%v does not send", k.typ)
	k.that(c.RecvHWM == 0 || k.typ != PUSH && k.typ != PUB, "RecvHWM", "%v does not receive", k.typ)
	k.that(!c.Conflate || c.SendHWM == 0 && c.RecvHWM == 0, "Conflate", "a queue of one message has no mark: leave SendHWM and RecvHWM 0")
	k.that(c.EventMask == 0 || c.OnEvent != nil, "EventMask", "there is no OnEvent that it would be the mask of")
	if k.typ == STREAM || c.RouterRaw {
		c.appliesRaw(k)
	}
}

// appliesRaw checks that nothing is asked of ZMTP where it is not spoken.
func (c *Config) appliesRaw(k *check) {
	for _, o := range []struct {
		field string
		set   bool
	}{
		{"PlainAnywhere", c.PlainAnywhere}, {"MaxMessageSize", c.MaxMessageSize != 0}, {"RoutingID", c.RoutingID != ""}, {"HandshakeTimeout", c.HandshakeTimeout != 0}, {"MaxHandshakeBytes", c.MaxHandshakeBytes != 0}, {"HeartbeatInterval", c.HeartbeatInterval != 0},
		{"MaxProperties", c.MaxProperties != 0}, {"MaxPropertyBytes", c.MaxPropertyBytes != 0}, {"MaxPongs", c.MaxPongs != 0},
		{"Metadata", len(c.Metadata) > 0}, {"Mechanism", c.Mechanism != nil}, {"ReconnectStop", c.ReconnectStop&StopHandshakeFailed != 0},
		{"ProbeRouter", c.ProbeRouter}, {"Authenticate", c.Authenticate != nil}, {"ZAPDomain", c.ZAPDomain != ""},
	} {
		k.that(!o.set, o.field, "raw peers speak no ZMTP: leave it out")
	}
}

// A limited option applies to some types only (zmq_setsockopt(3), "Applicable socket types").
type limited struct {
	field string
	set   bool
	types []Type
}

func (c *Config) ofSomeTypes() []limited {
	pub, sub, router, xpub := []Type{PUB, XPUB}, []Type{SUB, XSUB}, []Type{ROUTER}, []Type{XPUB}
	return []limited{
		{"RoutingID", c.RoutingID != "", []Type{REQ, DEALER, ROUTER}}, // whose READY says it (RFC 37, "The READY Command")
		{"Conflate", c.Conflate, []Type{PUSH, PULL, PUB, SUB, DEALER}},
		{"ReqRelaxed", c.ReqRelaxed, []Type{REQ}},
		{"ReqCorrelate", c.ReqCorrelate, []Type{REQ}},
		{"ProbeRouter", c.ProbeRouter, []Type{REQ, DEALER, ROUTER}},
		{"RouterMandatory", c.RouterMandatory, router},
		{"RouterHandover", c.RouterHandover, router},
		{"RouterRaw", c.RouterRaw, router},
		{"RouterNotify", c.RouterNotify != 0, router},
		{"StreamSilent", c.StreamSilent, []Type{STREAM}},
		{"XPubVerbose", c.XPubVerbose, xpub},
		{"XPubVerboser", c.XPubVerboser, xpub},
		{"XPubManual", c.XPubManual, xpub},
		{"XPubManualLastValue", c.XPubManualLastValue, xpub},
		{"XPubWelcome", c.XPubWelcome != nil, xpub},
		{"XPubNoDrop", c.XPubNoDrop, pub},
		{"MaxSubscriptions", c.MaxSubscriptions != 0, pub},
		{"MaxSubscriptionBytes", c.MaxSubscriptionBytes != 0, pub},
		{"InvertMatching", c.InvertMatching, []Type{PUB, XPUB, SUB}},
		{"XSubVerboseUnsubscribe", c.XSubVerboseUnsubscribe, []Type{XSUB}},
		{"Subscribe", len(c.Subscribe) > 0, sub},
		{"HelloMessage", c.HelloMessage != nil, []Type{DEALER, ROUTER}},
		{"DisconnectMessage", c.DisconnectMessage != nil, router},
		{"HiccupMessage", c.HiccupMessage != nil, []Type{DEALER}},
	}
}

// list is "PUB, XPUB and SUB".
func list(types []Type) string {
	var b strings.Builder
	for i, t := range types {
		switch {
		case i > 0 && i == len(types)-1:
			b.WriteString(" and ")
		case i > 0:
			b.WriteString(", ")
		}
		b.WriteString(t.String())
	}
	return b.String()
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

func (c *Config) transport() transport.Options {
	o := transport.Options{SendBuffer: c.SendBuffer, RecvBuffer: c.RecvBuffer, TOS: c.TOS, Priority: c.Priority, Interface: c.Interface,
		Backlog: c.Backlog, KeepAlive: c.KeepAlive, MaxRetransmit: c.TCPMaxRetransmit, AcceptFilter: c.AcceptFilter, IPv6: c.IPv6,
		Dial: c.Network.Dial, Listen: c.Network.Listen}
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

// fixed checks that Update leaves alone what New has settled.
func (c *Config) fixed(before *Config, t Type) error {
	k := check{typ: t}
	k.that(c.Context == before.Context, "Context", "is fixed when the socket is made")
	k.that(c.Name == before.Name, "Name", "is fixed when the socket is made")
	k.that(c.EventMask == before.EventMask && (c.OnEvent == nil) == (before.OnEvent == nil), "OnEvent", "is fixed when the socket is made: call OnEvent")
	k.that(slices.Equal(c.Subscribe, before.Subscribe), "Subscribe", "is where the socket began: call Subscribe or Unsubscribe")
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

// handshakesPerHost is half of what there may be at once: one host cannot keep the others out.
func (c Config) handshakesPerHost() int {
	if c.MaxHandshakes > 0 {
		return max(1, c.MaxHandshakes/2)
	}
	return defaultMaxHandshakes / 2
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
