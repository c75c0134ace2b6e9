package zmq_test

import (
	"context"
	"errors"
	"net"
	"os"
	"reflect"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
	"github.com/glassmq/zmq/zmtp"
)

// Misuse of the API: bad input from the program itself. Each call says what was wrong with which endpoint or field and what
// would be right, is the sentinel and the number that libzmq's callers know, and changes nothing.

// badEndpoints are what neither Bind nor Connect takes, bindOnly and connectOnly what one of the two does.
var (
	badEndpoints = map[string]error{
		"":                               zmq.ErrInvalid,
		"hub":                            zmq.ErrInvalid,
		"hub:5555":                       zmq.ErrInvalid,
		"://hub:5555":                    zmq.ErrInvalid,
		"tcp://":                         zmq.ErrInvalid,
		"tcp:hub:5555":                   zmq.ErrInvalid,
		"tcp://hub":                      zmq.ErrInvalid,
		"tcp://hub:":                     zmq.ErrInvalid,
		"tcp://:5555":                    zmq.ErrInvalid,
		"tcp://hub:http":                 zmq.ErrInvalid,
		"tcp://hub:65536":                zmq.ErrInvalid,
		"tcp://hub:-1":                   zmq.ErrInvalid,
		"tcp://hub:5555/path":            zmq.ErrInvalid,
		"tcp://hub:55 55":                zmq.ErrInvalid,
		"tcp://hub:99999999999999999999": zmq.ErrInvalid,
		"tcp://1.2.3.400:5555":           zmq.ErrInvalid,
		"tcp://1.2.3:5555":               zmq.ErrInvalid,
		"tcp://::1:5555":                 zmq.ErrInvalid,
		"tcp://[::1:5555":                zmq.ErrInvalid,
		"tcp://[::g]:5555":               zmq.ErrInvalid,
		"tcp://[hub]:5555":               zmq.ErrInvalid,
		"tcp://hub name:5555":            zmq.ErrInvalid,
		"tcp://hub\x00:5555":             zmq.ErrInvalid,
		"tcp://hub..example:5555":        zmq.ErrInvalid,
		"tcp://\x1b[2J:5555":             zmq.ErrInvalid,
		"tcp://" + strings.Repeat("a", 254) + ":1": zmq.ErrInvalid,
		"inproc://":                            zmq.ErrInvalid,
		"inproc://a\x00b":                      zmq.ErrInvalid,
		"inproc://" + strings.Repeat("a", 257): zmq.ErrInvalid,
		"ipc://":                               zmq.ErrInvalid,
		"http://hub:80":                        zmq.ErrNotSupported,
		"TCP://hub:5555":                       zmq.ErrNotSupported,
		"tcp4://hub:5555":                      zmq.ErrNotSupported,
		" tcp://hub:5555":                      zmq.ErrNotSupported,
		"udp://hub:5555":                       zmq.ErrNotSupported,
		"pgm://eth0;239.0.0.1:5555":            zmq.ErrNotSupported,
		"ws://hub:80/zmq":                      zmq.ErrNotSupported,
	}
	bindOnly    = []string{"tcp://*:5555", "tcp://hub:*", "tcp://hub:0"}
	connectOnly = []string{"tcp://10.0.0.1:0;hub:5555"}
)

func TestMisuseOfEndpoints(t *testing.T) {
	x := newContext(t)
	s := zmq.NewPair(zmq.Config{Context: x})
	story := zmqtest.Record(t, s, monitor.All)
	before := s.State()
	refused := func(op, endpoint string, want error, call func(string) error) {
		err := call(endpoint)
		var bad *zmq.OpError
		if !errors.As(err, &bad) || bad.Op != op || !errors.Is(err, want) || zmq.Errno(err) != zmq.Errno(want) || zmq.Errno(err) == 0 {
			t.Errorf("%s %q: %#v, %v, errno %d, want one of %v", op, endpoint, err, err, zmq.Errno(err), want)
			return
		}
		if !strings.HasPrefix(endpoint, strings.TrimSuffix(strings.SplitN(bad.Endpoint, "…", 2)[0], "…")) || len(err.Error()) > 400 {
			t.Errorf("%s %q: the error names %q", op, endpoint, bad.Endpoint)
		}
		if why := bad.Err.Error(); !strings.Contains(why, ": ") { // what is wrong: what to write
			t.Errorf("%s %q: %q names no cure", op, endpoint, why)
		}
	}
	bind := func(e string) error { _, err := s.Bind(e); return err }
	for endpoint, want := range badEndpoints {
		refused("bind", endpoint, want, bind)
		refused("connect", endpoint, want, s.Connect)
	}
	for _, endpoint := range bindOnly {
		refused("connect", endpoint, zmq.ErrInvalid, s.Connect)
	}
	for _, endpoint := range connectOnly {
		refused("bind", endpoint, zmq.ErrInvalid, bind)
	}
	for _, endpoint := range []string{"tcp://hub:5555", "inproc://nobody", "nonsense", ""} {
		refused("unbind", endpoint, zmq.ErrNotFound, s.Unbind)
		refused("disconnect", endpoint, zmq.ErrNotFound, s.Disconnect)
	}
	if err := s.CloseConn(0); !errors.Is(err, zmq.ErrNotFound) {
		t.Errorf("CloseConn of no connection: %v", err)
	}
	if after := s.State(); !reflect.DeepEqual(before, after) || len(story.Events()) > 0 {
		t.Errorf("refused calls made %+v of %+v, and told\n%s", after, before, storyText(story.Events()))
	}
}

// TestMisuseOfATakenPort binds what somebody has, and what nobody can have.
func TestMisuseOfATakenPort(t *testing.T) {
	x := newContext(t)
	first, second := zmq.NewPull(zmq.Config{Context: x}), zmq.NewPull(zmq.Config{Context: x})
	story := zmqtest.Record(t, second, monitor.Lifecycle)
	taken := bindTo(t, first, "tcp://127.0.0.1:*")
	bindTo(t, first, "inproc://taken")
	for endpoint, want := range map[string]error{
		taken:               syscall.EADDRINUSE,
		"inproc://taken":    syscall.EADDRINUSE,
		"tcp://192.0.2.1:1": syscall.EADDRNOTAVAIL, // RFC 5737: nobody's
	} {
		_, err := second.Bind(endpoint)
		var bad *zmq.OpError
		if !errors.As(err, &bad) || bad.Endpoint != endpoint || zmq.Errno(err) != want {
			t.Errorf("bind %s: %v, errno %d", endpoint, err, zmq.Errno(err))
		}
	}
	if n := len(second.State().Endpoints); n != 0 {
		t.Errorf("%d endpoints after failed binds", n)
	}
	for _, e := range story.Events() {
		if e.Kind == monitor.BindFailed {
			wantWords(t, e)
		}
	}
}

// badConfigs are fields that are out of range, or that mean nothing to the type.
var badConfigs = []struct {
	field  string
	typ    zmq.Type
	change func(*zmq.Config)
}{
	{"SendHWM", zmq.PUSH, func(c *zmq.Config) { c.SendHWM = -2 }},
	{"SendHWM", zmq.PULL, func(c *zmq.Config) { c.SendHWM = 10 }},
	{"RecvHWM", zmq.PULL, func(c *zmq.Config) { c.RecvHWM = -2 }},
	{"RecvHWM", zmq.PUSH, func(c *zmq.Config) { c.RecvHWM = 10 }},
	{"Linger", zmq.PUSH, func(c *zmq.Config) { c.Linger = -2 }},
	{"RoutingID", zmq.PUSH, func(c *zmq.Config) { c.RoutingID = "a" }},
	{"RoutingID", zmq.REP, func(c *zmq.Config) { c.RoutingID = "a" }},
	{"RoutingID", zmq.REQ, func(c *zmq.Config) { c.RoutingID = strings.Repeat("a", 256) }},
	{"RoutingID", zmq.REQ, func(c *zmq.Config) { c.RoutingID = "\x00a" }},
	{"ReconnectMin", zmq.PUSH, func(c *zmq.Config) { c.ReconnectMin = -time.Second }},
	{"ReconnectMax", zmq.PUSH, func(c *zmq.Config) { c.ReconnectMax = -time.Second }},
	{"ReconnectMax", zmq.PUSH, func(c *zmq.Config) { c.ReconnectMax = zmq.Forever }},
	{"Mechanism", zmq.REP, func(c *zmq.Config) { c.Mechanism = zmtp.PlainClient(strings.Repeat("x", 256), "") }},
	{"PlainAnywhere", zmq.REP, func(c *zmq.Config) { c.PlainAnywhere = true }},
	{"ZAPDomain", zmq.REP, func(c *zmq.Config) { c.ZAPDomain = strings.Repeat("x", 256) }},
	{"ReconnectMax", zmq.PUSH, func(c *zmq.Config) { c.ReconnectMin, c.ReconnectMax = 2*time.Second, time.Second }},
	{"ConnectTimeout", zmq.PUSH, func(c *zmq.Config) { c.ConnectTimeout = -time.Second }},
	{"HandshakeTimeout", zmq.PUSH, func(c *zmq.Config) { c.HandshakeTimeout = -time.Second }},
	{"HeartbeatInterval", zmq.PUSH, func(c *zmq.Config) { c.HeartbeatInterval = -time.Second }},
	{"HeartbeatTimeout", zmq.PUSH, func(c *zmq.Config) { c.HeartbeatInterval, c.HeartbeatTimeout = time.Second, -time.Second }},
	{"HeartbeatTimeout", zmq.PUSH, func(c *zmq.Config) { c.HeartbeatTimeout = time.Second }},
	{"HeartbeatTTL", zmq.PUSH, func(c *zmq.Config) { c.HeartbeatTTL = time.Second }},
	{"HeartbeatTTL", zmq.PUSH, func(c *zmq.Config) { c.HeartbeatInterval, c.HeartbeatTTL = time.Second, 65600*time.Millisecond }},
	{"MaxMessageSize", zmq.PULL, func(c *zmq.Config) { c.MaxMessageSize = -1 }},
	{"MaxHandshakes", zmq.PULL, func(c *zmq.Config) { c.MaxHandshakes = -2 }},
	{"MaxHandshakesPerHost", zmq.PULL, func(c *zmq.Config) { c.MaxHandshakesPerHost = -2 }},
	{"MaxHandshakeBytes", zmq.PULL, func(c *zmq.Config) { c.MaxHandshakeBytes = -2 }},
	{"MaxHandshakeBytes", zmq.PULL, func(c *zmq.Config) { c.MaxHandshakeBytes = 1000 }},
	{"MaxProperties", zmq.PULL, func(c *zmq.Config) { c.MaxProperties = -1 }},
	{"MaxProperties", zmq.PULL, func(c *zmq.Config) { c.MaxProperties = 65 }},
	{"MaxPropertyBytes", zmq.PULL, func(c *zmq.Config) { c.MaxPropertyBytes = -1 }},
	{"MaxPropertyBytes", zmq.PULL, func(c *zmq.Config) { c.MaxPropertyBytes = 65537 }},
	{"MaxPongs", zmq.PULL, func(c *zmq.Config) { c.MaxPongs = -1 }},
	{"MaxPongs", zmq.PULL, func(c *zmq.Config) { c.MaxPongs = 1025 }},
	{"Backlog", zmq.PULL, func(c *zmq.Config) { c.Backlog = -1 }},
	{"SendBuffer", zmq.PUSH, func(c *zmq.Config) { c.SendBuffer = -1 }},
	{"RecvBuffer", zmq.PULL, func(c *zmq.Config) { c.RecvBuffer = -1 }},
	{"TOS", zmq.PUSH, func(c *zmq.Config) { c.TOS = 256 }},
	{"TOS", zmq.PUSH, func(c *zmq.Config) { c.TOS = -1 }},
	{"Priority", zmq.PUSH, func(c *zmq.Config) { c.Priority = -1 }},
	{"Metadata", zmq.PUSH, func(c *zmq.Config) { c.Metadata = map[string]string{"Socket-Type": "PULL"} }},
	{"Metadata", zmq.PUSH, func(c *zmq.Config) { c.Metadata = map[string]string{"X-": ""} }},
	{"Metadata", zmq.PUSH, func(c *zmq.Config) { c.Metadata = map[string]string{"": ""} }},
	{"Metadata", zmq.PUSH, func(c *zmq.Config) { c.Metadata = map[string]string{"X-a b": ""} }},
	{"Metadata", zmq.PUSH, func(c *zmq.Config) { c.Metadata = map[string]string{"X-A": "", "x-a": ""} }},
	{"Metadata", zmq.PUSH, func(c *zmq.Config) { c.Metadata = map[string]string{"X-A": strings.Repeat("a", 65<<10)} }},
	{"ReqRelaxed", zmq.REP, func(c *zmq.Config) { c.ReqRelaxed = true }},
	{"ReqCorrelate", zmq.PAIR, func(c *zmq.Config) { c.ReqCorrelate = true }},
	{"EventMask", zmq.PUSH, func(c *zmq.Config) { c.EventMask = monitor.All }},
}

func TestMisuseOfConfig(t *testing.T) {
	x := newContext(t)
	wantBad := func(how string, err error, field string, typ zmq.Type) {
		t.Helper()
		var bad *zmq.ConfigError
		if !errors.As(err, &bad) || bad.Field != field || bad.Type != typ || bad.Reason == "" || !errors.Is(err, zmq.ErrInvalid) || zmq.Errno(err) != syscall.EINVAL {
			t.Errorf("%s: %v, want a ConfigError about %s", how, err, field)
		}
	}
	for _, c := range badConfigs {
		cfg := zmq.Config{Context: x}
		c.change(&cfg)
		_, err := zmq.New(c.typ, cfg)
		wantBad("New", err, c.field, c.typ)

		s, err := zmq.New(c.typ, zmq.Config{Context: x, Name: "fine", HandshakeTimeout: time.Minute})
		must(t, err)
		before := s.Config()
		field := c.field
		if field == "EventMask" { // what New has settled comes first
			field = "OnEvent"
		}
		wantBad("Update", s.Update(c.change), field, c.typ)
		if after := s.Config(); !reflect.DeepEqual(after, before) {
			t.Errorf("an Update of %s that was refused made %+v of %+v", c.field, after, before)
		}
		must(t, s.Close())
	}
	if n := len(x.Sockets()); n != 0 {
		t.Errorf("%d sockets are left of those that could not be made", n)
	}
	// The typed constructors cannot fail: every call says it.
	req := zmq.NewReq(zmq.Config{Context: x, RoutingID: "\x00"})
	_, bound := req.Bind("inproc://x")
	_, received := req.Recv(zmq.NoWait)
	for call, err := range map[string]error{"Bind": bound, "Recv": received, "Connect": req.Connect("inproc://x"), "Send": req.Send(zmq.NoWait, nil),
		"WaitReady": req.WaitReady(within(t), 1), "CanSend": req.CanSend(), "Monitor": req.Monitor("inproc://m", monitor.Classic)} {
		wantBad(call, err, "RoutingID", zmq.REQ)
	}
	must(t, req.Close())
}

// TestMisuseOfWhatIsFixed changes by Update what New has settled.
func TestMisuseOfWhatIsFixed(t *testing.T) {
	x := newContext(t)
	s := zmq.NewPush(zmq.Config{Context: x, Name: "fixed"})
	for field, change := range map[string]func(*zmq.Config){
		"Context": func(c *zmq.Config) { c.Context = nil },
		"Name":    func(c *zmq.Config) { c.Name = "another" },
		"OnEvent": func(c *zmq.Config) { c.OnEvent = func(zmq.Event) {} },
	} {
		var bad *zmq.ConfigError
		if err := s.Update(change); !errors.As(err, &bad) || bad.Field != field {
			t.Errorf("Update of %s: %v", field, err)
		}
	}
	if c := s.Config(); c.Context != x || c.Name != "fixed" || c.OnEvent != nil {
		t.Errorf("after refused Updates it is %+v", c)
	}
}

// TestMisuseOfMessages sends what is no message, and none of the types that there are.
func TestMisuseOfMessages(t *testing.T) {
	x := newContext(t)
	push, pull := zmq.NewPush(zmq.Config{Context: x}), zmq.NewPull(zmq.Config{Context: x})
	connect(t, push, bindTo(t, pull, "tcp://127.0.0.1:*"))
	for what, err := range map[string]error{
		"no frame":         push.Send(within(t)),
		"the zero Message": push.SendMessage(within(t), zmq.Message{}),
		"NewMessage()":     push.SendMessage(within(t), zmq.NewMessage()),
		"all skipped":      push.SendMessage(within(t), zmq.NewMessage([]byte("a")).Skip(1)),
	} {
		if !errors.Is(err, zmq.ErrInvalid) || zmq.Errno(err) != syscall.EINVAL {
			t.Errorf("%s: %v", what, err)
		}
	}
	must(t, push.Send(within(t), nil)) // a frame without bytes is a frame
	must(t, push.SendMessage(within(t), zmq.NewMessage(nil, []byte{})))
	recv(t, pull, "")
	m := recv(t, pull, "", "")
	if m.Frame(0) == nil || m.Frame(2) != nil || m.Frame(-1) != nil {
		t.Error("an empty frame is not nil, and what is no frame is")
	}
	for _, typ := range []zmq.Type{zmq.PUB, zmq.SUB, zmq.DEALER, zmq.ROUTER, zmq.XPUB, zmq.XSUB, zmq.STREAM, zmq.SERVER, 200} {
		if s, err := zmq.New(typ, zmq.Config{Context: x}); s == nil && !errors.Is(err, zmq.ErrNotSupported) {
			t.Errorf("New of %v: %v, %v", typ, s, err)
		}
	}
	if _, err := zmq.ParseType("HUB"); !errors.Is(err, zmq.ErrInvalid) {
		t.Errorf("ParseType of HUB: %v", err)
	}
}

// TestMisuseAfterClose makes every call of a socket that is closed, twice.
func TestMisuseAfterClose(t *testing.T) {
	for end, want := range map[string]error{"Close": zmq.ErrClosed, "Context.Close": zmq.ErrTerminated} {
		x := newContext(t)
		s := zmq.NewPair(zmq.Config{Context: x})
		if end == "Close" {
			must(t, s.Close())
		} else {
			must(t, x.Close())
		}
		for range 2 {
			_, bound := s.Bind("tcp://127.0.0.1:*")
			_, received := s.Recv(within(t))
			for call, err := range map[string]error{
				"Bind": bound, "Connect": s.Connect("tcp://127.0.0.1:1"), "Unbind": s.Unbind("tcp://127.0.0.1:1"), "Disconnect": s.Disconnect("tcp://127.0.0.1:1"),
				"CloseConn": s.CloseConn(1), "WaitReady": s.WaitReady(within(t), 1), "Send": s.Send(within(t), []byte("x")), "Recv": received,
				"SendMessage": s.SendMessage(within(t), zmq.NewMessage([]byte("x"))), "RecvInto": s.RecvInto(within(t), new(zmq.Buffer)),
				"CanSend": s.CanSend(), "CanRecv": s.CanRecv(), "Monitor": s.Monitor("inproc://m", monitor.Classic), "Monitor off": s.Monitor("", 0),
				"MonitorVersioned": s.MonitorVersioned("inproc://m", monitor.All, 2, zmq.PUSH),
			} {
				if !errors.Is(err, want) || !errors.Is(err, net.ErrClosed) || zmq.Errno(err) == 0 {
					t.Errorf("%s after %s: %v, want %v", call, end, err, want)
				}
			}
			must(t, s.Close())
			must(t, s.Shutdown(zmq.NoWait))
			<-s.Readable()
			<-s.Writable()
			if st := s.State(); len(st.Endpoints)+len(st.Peers) > 0 {
				t.Errorf("after %s it has %+v", end, st)
			}
			s.OnEvent(monitor.All, func(zmq.Event) {})
			for e := range s.Watch(monitor.All).Events(within(t)) {
				if e.Kind != monitor.MonitorStopped {
					t.Errorf("after %s came %v", end, e)
				}
			}
		}
	}
}

// TestMisuseOfMonitor asks for monitors that there are not; the one that runs
// goes on.
func TestMisuseOfMonitor(t *testing.T) {
	x := newContext(t)
	s := zmq.NewPull(zmq.Config{Context: x})
	must(t, s.Monitor("inproc://running", monitor.Classic))
	reader := zmq.NewPair(zmq.Config{Context: x})
	connect(t, reader, "inproc://running")
	bindTo(t, zmq.NewPair(zmq.Config{Context: x}), "inproc://taken")
	for _, c := range []struct {
		endpoint string
		mask     zmq.Mask
		version  int
		typ      zmq.Type
		want     error
		errno    syscall.Errno
	}{
		{"tcp://127.0.0.1:*", monitor.All, 1, zmq.PUB, zmq.ErrInvalid, syscall.EINVAL}, // the mask comes first
		{"inproc://", monitor.Classic, 1, zmq.PAIR, zmq.ErrInvalid, syscall.EINVAL},
		{"nonsense", monitor.Classic, 3, zmq.PAIR, zmq.ErrInvalid, syscall.EINVAL},
		{"inproc://m", monitor.Classic, 0, zmq.PAIR, zmq.ErrInvalid, syscall.EINVAL},
		{"inproc://m", monitor.Classic, 3, zmq.PAIR, zmq.ErrInvalid, syscall.EINVAL},
		{"tcp://127.0.0.1:*", monitor.Classic, 1, zmq.PULL, zmq.ErrNotSupported, syscall.EPROTONOSUPPORT},
		{"inproc://m", monitor.Classic, 1, zmq.PULL, zmq.ErrInvalid, syscall.EINVAL},
		{"inproc://m", monitor.Classic, 1, zmq.REQ, zmq.ErrInvalid, syscall.EINVAL},
		{"inproc://taken", monitor.Classic, 1, zmq.PAIR, nil, syscall.EADDRINUSE},
	} {
		err := s.MonitorVersioned(c.endpoint, c.mask, c.version, c.typ)
		var bad *zmq.OpError
		if !errors.As(err, &bad) || bad.Op != "monitor" || c.want != nil && !errors.Is(err, c.want) || zmq.Errno(err) != c.errno {
			t.Errorf("MonitorVersioned(%s, %v, %d, %v): %v, errno %d", c.endpoint, c.mask, c.version, c.typ, err, zmq.Errno(err))
		}
	}
	bindTo(t, s, "tcp://127.0.0.1:*")
	m, err := reader.Recv(within(t))
	must(t, err)
	if e, err := monitor.Parse(m.AppendFrames(nil)); err != nil || e.Kind != monitor.Listening {
		t.Errorf("the monitor that ran says %v, %v", e, err)
	}
	must(t, s.Monitor("", 0))
	must(t, s.Monitor("", 0))
}

// TestMisuseOfContexts gives calls contexts that have ended.
func TestMisuseOfContexts(t *testing.T) {
	s := zmq.NewPair(zmq.Config{Context: newContext(t)})
	past, cancel := context.WithDeadline(t.Context(), time.Unix(1, 0))
	defer cancel()
	_, received := s.Recv(past)
	for call, err := range map[string]error{"Recv": received, "Send": s.Send(past, []byte("x")), "WaitReady": s.WaitReady(past, 1)} {
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%s: %v", call, err)
		}
	}
	if err := s.WaitReady(past, 1); !errors.Is(err, os.ErrDeadlineExceeded) || !strings.Contains(err.Error(), "no endpoint") {
		t.Errorf("WaitReady with nothing to wait for: %v", err)
	}
}
