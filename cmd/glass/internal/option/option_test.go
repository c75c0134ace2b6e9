package option

import (
	"errors"
	"math"
	"net"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq"
)

// notHere are the fields of zmq.Config that no option sets, and why.
var notHere = map[string]string{
	"Context":      "a Go value",
	"OnEvent":      "a function: the command prints events",
	"EventMask":    "of OnEvent; the command has --event",
	"Network":      "functions",
	"Mechanism":    "its keys would be on the command line, where every user of the host can read them: commands have flags for files",
	"Authenticate": "a func", "ZAPDomain": "only a ZAP handler of the same program hears it", "PlainAnywhere": "a flag beside the Mechanism's",
}

func TestEveryFieldHasAnOption(t *testing.T) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[zmq.Config]()) {
		has := slices.ContainsFunc(rows, func(r row) bool { return r.field == field.Name })
		if why := notHere[field.Name]; has == (why != "") {
			t.Errorf("Config.%s: there is an option: %v; reason for none: %q", field.Name, has, why)
		}
	}
}

func TestNamesAreOfOneOptionEach(t *testing.T) {
	names := Names()
	slices.Sort(names)
	if unique := slices.Compact(slices.Clone(names)); len(unique) != len(names) {
		t.Errorf("a name is there twice: %v", names)
	}
	for _, r := range rows {
		if _, ok := reflect.TypeFor[zmq.Config]().FieldByName(r.field); !ok {
			t.Errorf("option %s is of Config.%s, which does not exist", r.names[0], r.field)
		}
		if !strings.Contains(Help(), r.name()) || r.about == "" {
			t.Errorf("option %s is not in the help", r.names[0])
		}
	}
}

func TestSet(t *testing.T) {
	for assignment, want := range map[string]zmq.Config{
		"name=orders":               {Name: "orders"},
		"name=a=b":                  {Name: "a=b"},
		"sndhwm=10":                 {SendHWM: 10},
		"send_hwm=10":               {SendHWM: 10},
		"SndHWM=10":                 {SendHWM: 10},
		"ZMQ_SNDHWM=10":             {SendHWM: 10},
		"rcvhwm=0":                  {RecvHWM: zmq.Unlimited},
		"rcvhwm=unlimited":          {RecvHWM: zmq.Unlimited},
		"rcvhwm=default":            {},
		"linger=0":                  {Linger: zmq.Off},
		"linger=-1":                 {Linger: zmq.Forever},
		"linger=forever":            {Linger: zmq.Forever},
		"linger=1500":               {Linger: 1500 * time.Millisecond},
		"linger=1.5s":               {Linger: 1500 * time.Millisecond},
		"identity=x":                {RoutingID: "x"},
		"immediate=1":               {Immediate: true},
		"immediate=off":             {},
		"reconnect_ivl=250":         {ReconnectMin: 250 * time.Millisecond},
		"reconnect_ivl=-1":          {ReconnectMin: zmq.Off},
		"reconnect_min=off":         {ReconnectMin: zmq.Off},
		"reconnect_ivl_max=2m":      {ReconnectMax: 2 * time.Minute},
		"connect_timeout=0":         {ConnectTimeout: zmq.Off},
		"handshake_ivl=300":         {HandshakeTimeout: 300 * time.Millisecond},
		"heartbeat_ivl=1s":          {HeartbeatInterval: time.Second},
		"heartbeat_timeout=2s":      {HeartbeatTimeout: 2 * time.Second},
		"heartbeat_ttl=3s":          {HeartbeatTTL: 3 * time.Second},
		"maxmsgsize=8589934592":     {MaxMessageSize: 8 << 30},
		"maxmsgsize=-1":             {},
		"max_handshakes=9":          {MaxHandshakes: 9},
		"backlog=100":               {Backlog: 100},
		"sndbuf=65536":              {SendBuffer: 65536},
		"rcvbuf=-1":                 {},
		"tos=16":                    {TOS: 16},
		"priority=6":                {Priority: 6},
		"tcp_keepalive=1":           {KeepAlive: net.KeepAliveConfig{Enable: true}},
		"tcp_keepalive=-1":          {},
		"tcp_keepalive_idle=60":     {KeepAlive: net.KeepAliveConfig{Enable: true, Idle: time.Minute}},
		"tcp_keepalive_intvl=500ms": {KeepAlive: net.KeepAliveConfig{Enable: true, Interval: 500 * time.Millisecond}},
		"tcp_keepalive_cnt=3":       {KeepAlive: net.KeepAliveConfig{Enable: true, Count: 3}},
		"ipv6=yes":                  {IPv6: true},
		"bindtodevice=eth0":         {Interface: "eth0"},
		"metadata=X-App:md:gw":      {Metadata: map[string]string{"X-App": "md:gw"}},
		"req_relaxed=true":          {ReqRelaxed: true},
		"req_correlate=on":          {ReqCorrelate: true},
		"reconnect_stop=refused":    {ReconnectStop: zmq.StopRefused},
		"reconnect_stop=Refused|disconnected,handshake_failed": {ReconnectStop: zmq.StopRefused | zmq.StopHandshakeFailed | zmq.StopDisconnected},
		"reconnect_stop=4":             {ReconnectStop: zmq.StopDisconnected},
		"reconnect_stop=0":             {},
		"tcp_maxrt=2000":               {TCPMaxRetransmit: 2 * time.Second},
		"tcp_accept_filter=10.0.0.0/8": {AcceptFilter: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")}},
		"accept_filter=::1":            {AcceptFilter: []netip.Prefix{netip.MustParsePrefix("::1/128")}},
		"conflate=1":                   {Conflate: true},
		"probe_router=1":               {ProbeRouter: true},
		"router_mandatory=1":           {RouterMandatory: true},
		"router_handover=1":            {RouterHandover: true},
		"router_raw=1":                 {RouterRaw: true},
		"router_notify=connect":        {RouterNotify: zmq.NotifyConnect},
		"router_notify=3":              {RouterNotify: zmq.NotifyConnect | zmq.NotifyDisconnect},
		"stream_silent=1":              {StreamSilent: true},
		"stream_notify=0":              {StreamSilent: true},
		"stream_notify=default":        {},
		"stream_notify=1":              {},
		"xpub_verbose=1":               {XPubVerbose: true},
		"xpub_verboser=1":              {XPubVerboser: true},
		"xpub_manual=1":                {XPubManual: true},
		"xpub_manual_last_value=1":     {XPubManualLastValue: true},
		"xpub_nodrop=1":                {XPubNoDrop: true},
		"xpub_welcome_msg=hello":       {XPubWelcome: []byte("hello")},
		"invert_matching=1":            {InvertMatching: true},
		"xsub_verbose_unsubscribe=1":   {XSubVerboseUnsubscribe: true},
		"subscribe=EUR":                {Subscribe: []string{"EUR"}},
		"subscribe=":                   {Subscribe: []string{""}},
		"max_subscriptions=10":         {MaxSubscriptions: 10},
		"max_subscription_bytes=0":     {MaxSubscriptionBytes: zmq.Unlimited},
		"hello_msg=hi":                 {HelloMessage: []byte("hi")},
		"disconnect_msg=bye":           {DisconnectMessage: []byte("bye")},
		"hiccup_msg=hic":               {HiccupMessage: []byte("hic")},
	} {
		var c zmq.Config
		if err := Set(&c, assignment); err != nil {
			t.Errorf("%s: %v", assignment, err)
		} else if !reflect.DeepEqual(c, want) {
			t.Errorf("%s: got %+v, want %+v", assignment, c, want)
		}
	}
}

func TestSetRefuses(t *testing.T) {
	for assignment, want := range map[string]string{
		"sndhwm":                  `"sndhwm" has no value`,
		"":                        `"" has no value`,
		"hwm=1":                   `"hwm": there is none of that name; known are name, send_hwm (sndhwm)`,
		"sndhwm=-2":               "write a count",
		"sndhwm=99999999999":      "write a count",
		"sndhwm=":                 "write a count",
		"linger=soon":             "write a time (250ms, 2s; a bare number is in milliseconds)",
		"linger=-2":               "write a time",
		"linger=-2s":              "write a time",
		"linger=99999999999":      "write a time",
		"connect_timeout=-1":      "write a time",
		"reconnect_ivl=0":         "dialling without a pause helps nobody",
		"reconnect_ivl_max=0":     "the same time as reconnect_min",
		"tcp_keepalive_idle=long": "a bare number is in seconds",
		"immediate=maybe":         "write yes or no",
		"backlog=-5":              "write a number",
		"backlog=1e3":             "write a number",
		"metadata=X-App":          "write X-NAME:TEXT",
		"reconnect_stop=never":    "write one of refused, handshake_failed, disconnected",
		"reconnect_stop=8":        "write one of refused",
		"router_notify=4":         "write one of connect, disconnect",
		"accept_filter=10.0.0":    "write a network",
		"stream_notify=perhaps":   "write yes or no",
	} {
		var c zmq.Config
		if err := Set(&c, assignment); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %q in it", assignment, err, want)
		}
	}
}

// What can be given several times is gathered, and a Config that was copied before does not change.
func TestSeveralAddUp(t *testing.T) {
	var c zmq.Config
	for _, pair := range [][2]string{{"metadata=X-A:1", "metadata=X-B:2"}, {"subscribe=a", "subscribe=b"}, {"accept_filter=10.0.0.1", "accept_filter=10.0.0.2"}} {
		for _, one := range pair {
			if err := Set(&c, one); err != nil {
				t.Fatal(err)
			}
		}
	}
	before := c
	for _, one := range []string{"metadata=X-C:3", "subscribe=c", "accept_filter=10.0.0.3"} {
		if err := Set(&c, one); err != nil {
			t.Fatal(err)
		}
	}
	other := before
	for _, one := range []string{"subscribe=d", "accept_filter=10.0.0.4"} { // would be written over c's
		if err := Set(&other, one); err != nil {
			t.Fatal(err)
		}
	}
	if !reflect.DeepEqual(before.Metadata, map[string]string{"X-A": "1", "X-B": "2"}) || len(c.Metadata) != 3 {
		t.Errorf("metadata: %v, then %v", before.Metadata, c.Metadata)
	}
	if !slices.Equal(before.Subscribe, []string{"a", "b"}) || !slices.Equal(c.Subscribe, []string{"a", "b", "c"}) {
		t.Errorf("subscribe: %v, then %v", before.Subscribe, c.Subscribe)
	}
	if len(before.AcceptFilter) != 2 || len(c.AcceptFilter) != 3 || c.AcceptFilter[2].Addr().String() != "10.0.0.3" {
		t.Errorf("accept_filter: %v, then %v", before.AcceptFilter, c.AcceptFilter)
	}
}

// What Set lets through and the socket refuses is said in the words of the command line, too.
func TestExplain(t *testing.T) {
	for _, c := range []struct {
		typ        zmq.Type
		assignment string
		want       string
	}{
		{zmq.PULL, "sndhwm=10", "option send_hwm (sndhwm) of PULL: PULL does not send; known options are name"},
		{zmq.PUSH, "identity=me", "option routing_id (identity) of PUSH"},
		{zmq.PULL, "heartbeat_timeout=1s", "option heartbeat_timeout of PULL: without a HeartbeatInterval"},
		{zmq.PULL, "tos=256", "option tos of PULL"},
		{zmq.PULL, "metadata=App:x", "option metadata of PULL"},
	} {
		var cfg zmq.Config
		if err := Set(&cfg, c.assignment); err != nil {
			t.Fatal(err)
		}
		_, err := zmq.New(c.typ, cfg)
		if err = Explain(err); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%v with %s: %v, want %s", c.typ, c.assignment, err, c.want)
		}
	}
	if other := errors.New("other"); Explain(other) != other || Explain(nil) != nil {
		t.Error("an error that is about no option is changed")
	}
}

func FuzzSet(f *testing.F) {
	for _, name := range Names() {
		f.Add(name + "=1")
		f.Add(name + "=-1")
		f.Add(name + "=2s")
	}
	f.Add("linger=9223372036854775807")
	f.Add("metadata=:")
	f.Fuzz(func(t *testing.T, assignment string) {
		var c zmq.Config
		if Set(&c, assignment) != nil {
			return
		}
		for _, d := range []time.Duration{c.Linger, c.ReconnectMin, c.ReconnectMax, c.ConnectTimeout, c.HandshakeTimeout,
			c.HeartbeatInterval, c.HeartbeatTimeout, c.HeartbeatTTL} {
			if d < zmq.Off {
				t.Errorf("%q made the time %v", assignment, d)
			}
		}
		if c.SendHWM < zmq.Unlimited || c.RecvHWM < zmq.Unlimited || c.MaxHandshakes < zmq.Unlimited || c.MaxMessageSize < 0 || c.SendHWM > math.MaxInt32 {
			t.Errorf("%q made %+v", assignment, c)
		}
	})
}
