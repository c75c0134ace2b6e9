package zmq

import (
	"context"
	"errors"
	"math"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// A sample is a Config in which one field is set, and the types to which that field applies (zmq_setsockopt(3),
// "Applicable socket types").
type sample struct {
	field string
	types []Type // nil: all
	set   func(*Config)
}

// patterns are the types that are not drafts.
var patterns = []Type{PAIR, PUB, SUB, REQ, REP, DEALER, ROUTER, PULL, PUSH, XPUB, XSUB, STREAM}

// but are all types without these.
func but(types ...Type) []Type {
	return slices.DeleteFunc(slices.Clone(patterns), func(t Type) bool { return slices.Contains(types, t) })
}

// samples has every field of Config, in its order.
var samples = []sample{
	{"Context", nil, func(c *Config) { c.Context = NewContext(ContextConfig{Jitter: func() float64 { return 0 }}) }},
	{"Name", nil, func(c *Config) { c.Name = "a" }},
	{"OnEvent", nil, func(c *Config) { c.OnEvent = func(Event) {} }},
	{"EventMask", nil, func(c *Config) { c.OnEvent, c.EventMask = func(Event) {}, monitor.All }},
	{"Network", nil, func(c *Config) {
		c.Network.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, nil }
	}},
	{"SendHWM", but(PULL, SUB), func(c *Config) { c.SendHWM = 7 }},
	{"RecvHWM", but(PUSH, PUB), func(c *Config) { c.RecvHWM = 7 }},
	{"Linger", nil, func(c *Config) { c.Linger = time.Second }},
	{"RoutingID", []Type{REQ, DEALER, ROUTER}, func(c *Config) { c.RoutingID = "a" }},
	{"Immediate", nil, func(c *Config) { c.Immediate = true }},
	{"ReconnectMin", nil, func(c *Config) { c.ReconnectMin = time.Second }},
	{"ReconnectMax", nil, func(c *Config) { c.ReconnectMax = time.Minute }},
	{"ReconnectStop", nil, func(c *Config) { c.ReconnectStop = StopRefused }},
	{"ConnectTimeout", nil, func(c *Config) { c.ConnectTimeout = time.Second }},
	{"HandshakeTimeout", but(STREAM), func(c *Config) { c.HandshakeTimeout = time.Second }},
	{"HeartbeatInterval", but(STREAM), func(c *Config) { c.HeartbeatInterval = time.Second }},
	{"HeartbeatTimeout", but(STREAM), func(c *Config) { c.HeartbeatInterval, c.HeartbeatTimeout = time.Second, 3*time.Second }},
	{"HeartbeatTTL", but(STREAM), func(c *Config) { c.HeartbeatInterval, c.HeartbeatTTL = time.Second, 3*time.Second }},
	{"MaxMessageSize", but(STREAM), func(c *Config) { c.MaxMessageSize = 7 }},
	{"MaxHandshakes", nil, func(c *Config) { c.MaxHandshakes = 7 }},
	{"MaxHandshakesPerHost", nil, func(c *Config) { c.MaxHandshakesPerHost = 7 }},
	{"MaxHandshakeBytes", but(STREAM), func(c *Config) { c.MaxHandshakeBytes = 7000 }},
	{"MaxProperties", but(STREAM), func(c *Config) { c.MaxProperties = 3 }},
	{"MaxPropertyBytes", but(STREAM), func(c *Config) { c.MaxPropertyBytes = 300 }},
	{"MaxPongs", but(STREAM), func(c *Config) { c.MaxPongs = 2 }},
	{"Backlog", nil, func(c *Config) { c.Backlog = 7 }},
	{"SendBuffer", nil, func(c *Config) { c.SendBuffer = 7 }},
	{"RecvBuffer", nil, func(c *Config) { c.RecvBuffer = 7 }},
	{"TOS", nil, func(c *Config) { c.TOS = 7 }},
	{"Priority", nil, func(c *Config) { c.Priority = 7 }},
	{"KeepAlive", nil, func(c *Config) { c.KeepAlive.Enable = true }},
	{"TCPMaxRetransmit", nil, func(c *Config) { c.TCPMaxRetransmit = time.Second }},
	{"AcceptFilter", nil, func(c *Config) { c.AcceptFilter = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")} }},
	{"IPv6", nil, func(c *Config) { c.IPv6 = true }},
	{"Interface", nil, func(c *Config) { c.Interface = "lo" }},
	{"Metadata", but(STREAM), func(c *Config) { c.Metadata = map[string]string{"X-A": "b"} }},
	{"Mechanism", but(STREAM), func(c *Config) { c.Mechanism = zmtp.Null() }},
	{"Authenticate", but(STREAM), func(c *Config) { c.Authenticate = AllowAny }},
	{"ZAPDomain", but(STREAM), func(c *Config) { c.ZAPDomain = "a" }},
	{"PlainAnywhere", but(STREAM), func(c *Config) { c.Mechanism, c.PlainAnywhere = zmtp.PlainServer(), true }},
	{"Conflate", []Type{PUSH, PULL, PUB, SUB, DEALER}, func(c *Config) { c.Conflate = true }},
	{"ReqRelaxed", []Type{REQ}, func(c *Config) { c.ReqRelaxed = true }},
	{"ReqCorrelate", []Type{REQ}, func(c *Config) { c.ReqCorrelate = true }},
	{"ProbeRouter", []Type{REQ, DEALER, ROUTER}, func(c *Config) { c.ProbeRouter = true }},
	{"RouterMandatory", []Type{ROUTER}, func(c *Config) { c.RouterMandatory = true }},
	{"RouterHandover", []Type{ROUTER}, func(c *Config) { c.RouterHandover = true }},
	{"RouterRaw", []Type{ROUTER}, func(c *Config) { c.RouterRaw = true }},
	{"RouterNotify", []Type{ROUTER}, func(c *Config) { c.RouterNotify = NotifyDisconnect }},
	{"StreamSilent", []Type{STREAM}, func(c *Config) { c.StreamSilent = true }},
	{"XPubVerbose", []Type{XPUB}, func(c *Config) { c.XPubVerbose = true }},
	{"XPubVerboser", []Type{XPUB}, func(c *Config) { c.XPubVerboser = true }},
	{"XPubManual", []Type{XPUB}, func(c *Config) { c.XPubManual = true }},
	{"XPubManualLastValue", []Type{XPUB}, func(c *Config) { c.XPubManualLastValue = true }},
	{"XPubNoDrop", []Type{PUB, XPUB}, func(c *Config) { c.XPubNoDrop = true }},
	{"XPubWelcome", []Type{XPUB}, func(c *Config) { c.XPubWelcome = []byte("a") }},
	{"InvertMatching", []Type{PUB, XPUB, SUB}, func(c *Config) { c.InvertMatching = true }},
	{"XSubVerboseUnsubscribe", []Type{XSUB}, func(c *Config) { c.XSubVerboseUnsubscribe = true }},
	{"Subscribe", []Type{SUB, XSUB}, func(c *Config) { c.Subscribe = []string{"a"} }},
	{"MaxSubscriptions", []Type{PUB, XPUB}, func(c *Config) { c.MaxSubscriptions = 7 }},
	{"MaxSubscriptionBytes", []Type{PUB, XPUB}, func(c *Config) { c.MaxSubscriptionBytes = 7 }},
	{"HelloMessage", []Type{DEALER, ROUTER}, func(c *Config) { c.HelloMessage = []byte{} }},
	{"DisconnectMessage", []Type{ROUTER}, func(c *Config) { c.DisconnectMessage = []byte("a") }},
	{"HiccupMessage", []Type{DEALER}, func(c *Config) { c.HiccupMessage = []byte("a") }},
}

// needless are fields of which the engine's options have no copy: what they do is done before, or they say what is so anyway.
var needless = []string{"OnEvent", "EventMask", "Mechanism"}

func TestSamplesAreComplete(t *testing.T) {
	var fields []string
	for i, typ := 0, reflect.TypeFor[Config](); i < typ.NumField(); i++ {
		fields = append(fields, typ.Field(i).Name)
	}
	var sampled []string
	for _, s := range samples {
		sampled = append(sampled, s.field)
	}
	if !slices.Equal(fields, sampled) {
		t.Errorf("Config has\n%q, samples\n%q", fields, sampled)
	}
}

// Each option is taken by the types to which it applies, and reaches the engine; the others refuse it by its name.
func TestOptionsApply(t *testing.T) {
	for _, s := range samples {
		for _, typ := range patterns {
			var c Config
			s.set(&c)
			plain, err := Config{}.options(typ)
			if err != nil {
				t.Fatalf("%v without options: %v", typ, err)
			}
			set, err := c.options(typ)
			if s.types != nil && !slices.Contains(s.types, typ) {
				wantConfigError(t, err, typ, s.field)
				continue
			}
			if err != nil {
				t.Errorf("%v: %v", typ, err)
			}
			if reflect.DeepEqual(set, plain) != slices.Contains(needless, s.field) {
				t.Errorf("%v: %s does not reach the engine: %+v", typ, s.field, set)
			}
		}
	}
}

func wantConfigError(t *testing.T, err error, typ Type, field string) {
	t.Helper()
	var bad *ConfigError
	switch {
	case !errors.As(err, &bad) || !errors.Is(err, ErrInvalid):
		t.Errorf("%v %s: %v; want a *ConfigError", typ, field, err)
	case bad.Field != field && !(strings.HasPrefix(field, "Heartbeat") && bad.Field == "HeartbeatInterval") || bad.Type != typ || len(bad.Reason) < 10:
		t.Errorf("%v %s: %v; want it by its name", typ, field, err)
	}
}

func TestOptionsOutOfRange(t *testing.T) {
	prefix := netip.MustParsePrefix
	for _, c := range []struct {
		field  string
		typ    Type
		set    func(*Config)
		reason string
	}{
		{"ReconnectStop", PUSH, func(c *Config) { c.ReconnectStop = 8 }, "0b1000 has bits that are none of Stop's"},
		{"RouterNotify", ROUTER, func(c *Config) { c.RouterNotify = 4 }, "0b100 has bits that are none of Notify's"},
		{"Backlog", PULL, func(c *Config) { c.Backlog = math.MaxInt32 + 1 }, "0 to 2147483647"},
		{"SendBuffer", PUSH, func(c *Config) { c.SendBuffer = 1 << 40 }, "0 to 2147483647"},
		{"RecvBuffer", PULL, func(c *Config) { c.RecvBuffer = -1 }, "0 to 2147483647"},
		{"Priority", PULL, func(c *Config) { c.Priority = 1 << 32 }, "0 to 2147483647"},
		{"TCPMaxRetransmit", PUSH, func(c *Config) { c.TCPMaxRetransmit = Off }, "1 ms to 24 days"},
		{"TCPMaxRetransmit", PUSH, func(c *Config) { c.TCPMaxRetransmit = Forever }, "1 ms to 24 days"},
		{"TCPMaxRetransmit", PUSH, func(c *Config) { c.TCPMaxRetransmit = time.Microsecond }, "1 ms to 24 days"},
		{"KeepAlive", PUSH, func(c *Config) { c.KeepAlive.Idle = time.Minute }, "Enable is not set"},
		{"KeepAlive", PUSH, func(c *Config) { c.KeepAlive.Count = 3 }, "Enable is not set"},
		{"AcceptFilter", PULL, func(c *Config) { c.AcceptFilter = []netip.Prefix{prefix("10.0.0.0/8"), {}} }, "netip.ParsePrefix"},
		{"AcceptFilter", PULL, func(c *Config) { c.AcceptFilter = []netip.Prefix{prefix("::ffff:10.0.0.0/104")} }, "write an IPv4 network as such"},
		{"MaxSubscriptions", PUB, func(c *Config) { c.MaxSubscriptions = -2 }, "give a count, or Unlimited"},
		{"MaxSubscriptionBytes", XPUB, func(c *Config) { c.MaxSubscriptionBytes = -2 }, "give a count, or Unlimited"},
		{"Conflate", PUSH, func(c *Config) { c.Conflate, c.SendHWM = true, 5 }, "has no mark"},
		{"RoutingID", ROUTER, func(c *Config) { c.RouterRaw, c.RoutingID = true, "a" }, "speak no ZMTP"},
		{"ProbeRouter", ROUTER, func(c *Config) { c.RouterRaw, c.ProbeRouter = true, true }, "speak no ZMTP"},
		{"ReconnectStop", STREAM, func(c *Config) { c.ReconnectStop = StopHandshakeFailed }, "speak no ZMTP"},
		{"XPubNoDrop", PUSH, func(c *Config) { c.XPubNoDrop = true }, "applies to PUB and XPUB only"},
		{"Conflate", PAIR, func(c *Config) { c.Conflate = true }, "applies to PUSH, PULL, PUB, SUB and DEALER only"},
		{"XPubManual", PUB, func(c *Config) { c.XPubManual = true }, "applies to XPUB only"},
	} {
		var cfg Config
		c.set(&cfg)
		_, err := cfg.options(c.typ)
		wantConfigError(t, err, c.typ, c.field)
		if err != nil && !strings.Contains(err.Error(), c.reason) {
			t.Errorf("%v; want %q in it", err, c.reason)
		}
	}
}

// What a Config refers to is not shared: not with who gave it, nor with who asked for it, nor by way of an Update.
func TestConfigIsCopied(t *testing.T) {
	given := Config{Subscribe: []string{"a"}, Metadata: map[string]string{"X-A": "b"}, AcceptFilter: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}}
	s := NewSub(given)
	defer s.Close()
	want := s.Config()
	spoil := func(c Config) {
		c.Subscribe[0], c.Metadata["X-A"], c.AcceptFilter[0] = "", "", netip.Prefix{}
	}
	spoil(given)
	spoil(s.Config())
	var seen Config
	if err := s.Update(func(c *Config) { c.Linger = time.Minute; seen = *c }); err != nil {
		t.Fatal(err)
	}
	spoil(seen)
	if err := s.Update(func(c *Config) { spoil(*c); c.Linger = -2 }); err == nil {
		t.Error("a Config that is wrong was taken")
	}
	want.Linger = time.Minute
	if got := s.Config(); !reflect.DeepEqual(got, want) || got.Subscribe[0] != "a" || got.Metadata["X-A"] != "b" || !got.AcceptFilter[0].IsValid() {
		t.Errorf("the socket has\n%+v, want\n%+v", got, want)
	}

	hello := []byte("hello")
	r := NewRouter(Config{HelloMessage: hello, DisconnectMessage: []byte{}})
	defer r.Close()
	hello[0] = 'j'
	if c := r.Config(); string(c.HelloMessage) != "hello" || c.DisconnectMessage == nil {
		t.Errorf("hello is %q, disconnect %#v", c.HelloMessage, c.DisconnectMessage)
	}
}

// Subscribe is where a socket begins; what it has subscribed to since is not in its Config.
func TestSubscribeIsWhereASocketBegan(t *testing.T) {
	s := NewSub(Config{Subscribe: []string{"a"}})
	defer s.Close()
	err := s.Update(func(c *Config) { c.Subscribe = append(c.Subscribe, "b") })
	wantConfigError(t, err, SUB, "Subscribe")
	if err := s.Update(func(c *Config) { c.Linger = time.Second }); err != nil {
		t.Error(err)
	}
}
