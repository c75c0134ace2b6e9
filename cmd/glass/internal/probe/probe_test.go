package probe

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/glassmq/zmq/internal/endpoint"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestAPeerLikeLibzmq(t *testing.T) {
	t.Parallel()
	at, heard := serve(t, libzmq("ROUTER"))
	var told []string
	r := run(t, at, func(o *Options) { o.Told = func(s Step) { told = append(told, s.Name+": "+s.Detail) } })
	if r.Failure != nil {
		t.Fatalf("it failed: %v", r.Failure)
	}
	if r.Version() != "3.1" || r.Mechanism != "NULL" || r.Type != "ROUTER" || r.RTT <= 0 || r.Connections != 1 || r.Interrupted {
		t.Errorf("the report is %+v", r)
	}
	if want := []string{"connect", "greeting", "mechanism", "metadata", "ping"}; !slices.Equal(r.stepNames(), want) {
		t.Errorf("the steps are %q, want %q", r.stepNames(), want)
	}
	want := []string{fmt.Sprintf("connect: %s from %s", at[len("tcp://"):], r.Local[len("tcp://"):]), "greeting: ZMTP 3.1",
		"mechanism: NULL", "metadata: ROUTER", "ping: answered, to a REQ"}
	if !slices.Equal(told, want) {
		t.Errorf("what was told is %q, want %q", told, want)
	}
	if all := heard(); len(all) != 1 || strings.Count(all[0], "\x05READY") != 1 || !strings.Contains(all[0], "\x0bSocket-Type\x00\x00\x00\x03REQ") {
		t.Errorf("the peer heard %q", all)
	}
}

// What a probe says depends on what could come of it.
func TestWhoGetsAPing(t *testing.T) {
	t.Parallel()
	for typ, mate := range map[string]string{
		"REP": "REQ", "ROUTER": "REQ", "PULL": "PUSH", "PUB": "SUB", "XPUB": "SUB", "SUB": "PUB", "XSUB": "PUB",
		"SERVER": "CLIENT", "GATHER": "SCATTER", "RADIO": "DISH", "DISH": "RADIO",
		"PUSH": "", "DEALER": "", "REQ": "", "PAIR": "", "CLIENT": "", "SCATTER": "", "CHANNEL": "", "PEER": "", "GADGET": "",
	} {
		t.Run(typ, func(t *testing.T) {
			t.Parallel()
			at, heard := serve(t, libzmq(typ))
			r := run(t, at)
			said := strings.Join(heard(), "|")
			if r.Failure != nil || r.Type != typ {
				t.Fatalf("%q, %v", r.Type, r.Failure)
			}
			switch {
			case mate == "" && (len(said) != 64 || r.RTT != 0 || len(r.Claimed) > 0):
				t.Errorf("the peer heard %q, claimed was %q: want the greeting alone", said, r.Claimed)
			case mate != "" && (r.RTT == 0 || !slices.Equal(r.Claimed, []string{mate})):
				t.Errorf("a PING took %v, claimed was %q: want %s", r.RTT, r.Claimed, mate)
			case mate != "" && !zmtp.Compatible(mate, typ):
				t.Errorf("a %s cannot be the mate of a %s", mate, typ)
			}
			if at, heard = serve(t, libzmq(typ)); run(t, at, func(o *Options) { o.NoPing = true }).Failure != nil || len(heard()[0]) != 64 {
				t.Error("more than a greeting was said without a PING")
			}
		})
	}
	for _, claim := range claims {
		for _, unsafe := range []string{"PUSH", "DEALER", "REQ", "PAIR", "CLIENT", "SCATTER", "CHANNEL", "PEER"} {
			if zmtp.Compatible(claim, unsafe) {
				t.Errorf("a peer that is claimed to be a %s could be given messages by a %s", claim, unsafe)
			}
		}
	}
}

func TestAPeerOfZMTP30GetsNoPing(t *testing.T) {
	t.Parallel()
	at, heard := serve(t, func(l *line) {
		l.say(greeting(0, "NULL"))
		l.hear(64)
		l.say(ready("ROUTER"))
	})
	r := run(t, at)
	if r.Failure != nil || r.Version() != "3.0" || r.RTT != 0 {
		t.Errorf("%+v", r)
	}
	if last := r.Steps[len(r.Steps)-1]; last.Name != "ping" || !strings.Contains(last.Detail, "the peer speaks 3.0") || last.Took != 0 {
		t.Errorf("the last step is %+v", last)
	}
	if all := heard(); len(all[0]) != 64 {
		t.Errorf("the peer heard %q: want the greeting alone", all)
	}
}

func TestWhatAPeerSaysOfItself(t *testing.T) {
	t.Parallel()
	at, _ := serve(t, func(l *line) {
		l.say(hello)
		l.hear(64)
		l.say(ready("DEALER", "Identity", "gate\xff", "X-Zone", "a\x1b[2J", "X-Long", strings.Repeat("z", 1000)))
	})
	r := run(t, at)
	if r.Failure != nil || r.Identity != "gate\xff" {
		t.Fatalf("%+v", r)
	}
	if zone, _ := r.Properties.Get("x-zone"); zone != "a\x1b[2J" || len(r.Properties) != 2 {
		t.Errorf("the properties are %q", r.Properties)
	}
	want := `DEALER, identity "gate\xff", X-Zone "a\x1b[2J", X-Long "` + strings.Repeat("z", 64) + `"… (1000 bytes)`
	if got := r.Steps[3].Detail; got != want {
		t.Errorf("they are told as\n%s, want\n%s", got, want)
	}
	at, _ = serve(t, libzmq("PU\x1b\nSH"))
	if r := run(t, at); r.Type != "PU\x1b\nSH" || r.TypeText() != `"PU\x1b\nSH"` {
		t.Errorf("a type that is no word: %q, %s", r.Type, r.TypeText())
	}
}

// A greeting may come byte by byte.
func TestASlowPeer(t *testing.T) {
	t.Parallel()
	at, _ := serve(t, func(l *line) {
		for _, b := range append(slices.Clone(hello), ready("PUSH")...) {
			l.say([]byte{b})
			time.Sleep(time.Millisecond)
		}
	})
	if r := run(t, at); r.Failure != nil || r.Type != "PUSH" {
		t.Errorf("%+v", r)
	}
}

// Who waits for us is spoken to, in the end.
func TestAPeerThatWaits(t *testing.T) {
	t.Parallel()
	t.Run("for our greeting", func(t *testing.T) {
		t.Parallel()
		at, _ := serve(t, func(l *line) {
			l.hear(64)
			l.say(hello, ready("PUSH"))
		})
		r := run(t, at)
		if r.Failure != nil || r.Type != "PUSH" || r.Steps[1].Detail != "it waited for us to speak first: ZMTP 3.1" {
			t.Errorf("%+v", r)
		}
	})
	for typ, want := range map[string]struct {
		claimed string
		pinged  bool
	}{
		"ROUTER": {"REQ", true}, "PULL": {"REQ PUSH", true}, "PUB": {"REQ PUSH SUB", true}, "XSUB": {"REQ PUSH SUB PUB", true},
		"DEALER": {"REQ", false}, "PAIR": {"REQ", false},
	} {
		for how, refuse := range map[string]func(l *line, claimed string){
			"and hangs up":        func(l *line, _ string) { l.hangUp() },
			"and sends an ERROR":  func(l *line, _ string) { l.say(zmtp.AppendError(nil, "no")) },
			"and says what it is": func(l *line, claimed string) { l.say(ready(typ)) },
			"and explains": func(l *line, claimed string) {
				l.say(zmtp.AppendError(nil, zmtp.CheckRemote(typ, zmtp.Metadata{{Name: zmtp.SocketType, Value: claimed}}).Error()))
			},
		} {
			t.Run("for our type: "+typ+" "+how, func(t *testing.T) {
				t.Parallel()
				at, heard := serve(t, func(l *line) {
					l.say(hello)
					l.hear(64)
					claimed := l.claim()
					if !zmtp.Compatible(typ, claimed) {
						refuse(l, claimed)
						return
					}
					l.say(ready(typ))
					l.pong()
				})
				r := run(t, at)
				all := heard()
				tells := how == "and says what it is" || how == "and explains"
				known := tells || want.pinged
				if (r.Failure == nil) != known || known && r.Type != typ || r.Connections != len(all) {
					t.Fatalf("type %q, %d connections of %d, %v", r.Type, r.Connections, len(all), r.Failure)
				}
				if !known {
					if r.Failure.Phase != monitor.InMetadata || !slices.Equal(r.Claimed, claims[:]) || !strings.HasPrefix(r.Steps[3].Detail, "it refuses a REQ, a PUSH, a SUB, a PUB") {
						t.Errorf("claimed %q, %q, %v", r.Claimed, r.Steps[3].Detail, r.Failure)
					}
					return
				}
				if got := strings.Join(r.Claimed, " "); !tells && got != want.claimed {
					t.Errorf("claimed was %s, want %s", got, want.claimed)
				}
				if (r.RTT > 0) != want.pinged {
					t.Errorf("a PING took %v: want one: %v", r.RTT, want.pinged)
				}
			})
		}
	}
}

// claim waits for READY, and returns the type in it.
func (l *line) claim() string {
	l.hear(66) // with the header
	l.hear(66 + int(l.heard[65]))
	m, _ := zmtp.ParseMetadata(l.heard[66+len("xREADY"):])
	typ, _ := m.Get(zmtp.SocketType)
	return typ
}

// Each way to fail, and what is said of it.
func TestVerdicts(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		script  func(*line)
		phase   monitor.Phase
		who     monitor.Who
		reason  monitor.Reason
		why     string // is in it
		silence bool   // not a byte was said to it
	}{
		"TLS":              {tlsPeer, monitor.InGreeting, monitor.ByPeer, monitor.ReasonNotZMTP, "TLS", false},
		"SSH":              {saying("SSH-2.0-OpenSSH_9.2p1\r\n"), monitor.InGreeting, monitor.ByPeer, monitor.ReasonNotZMTP, "SSH", true},
		"SMTP":             {saying("220 mail.example ESMTP\r\n"), monitor.InGreeting, monitor.ByPeer, monitor.ReasonNotZMTP, "SMTP", true},
		"a short stranger": {saying("hi"), monitor.InGreeting, monitor.ByPeer, monitor.ReasonNotZMTP, `"hi"`, true},
		"nanomsg":          {saying("\x00SP\x00\x00\x50\x00\x00"), monitor.InGreeting, monitor.ByPeer, monitor.ReasonNotZMTP, "nanomsg", true},
		"ZMTP 1":           {saying("\x01\x00"), monitor.InGreeting, monitor.ByLocal, monitor.ReasonOldVersion, "older", true},
		"ZMTP 2":           {zmtp2, monitor.InGreeting, monitor.ByLocal, monitor.ReasonOldVersion, "older", false},
		"silence":          {(*line).wait, monitor.InGreeting, monitor.ByTimer, monitor.ReasonHandshakeTimeout, "did not finish", false},
		"silence after a signature": {func(l *line) { l.say(hello[:10]); l.wait() },
			monitor.InGreeting, monitor.ByTimer, monitor.ReasonHandshakeTimeout, "did not finish", false},
		"silence after a greeting": {func(l *line) { l.say(hello); l.wait() },
			monitor.InMetadata, monitor.ByTimer, monitor.ReasonHandshakeTimeout, "did not finish", false},
		"the end at once": {(*line).hangUp, monitor.InGreeting, monitor.ByPeer, monitor.ReasonEOFInHandshake, "closed it before", true},
		"the end in a greeting": {func(l *line) { l.say(hello[:20]); l.hear(12); l.hangUp() },
			monitor.InGreeting, monitor.ByPeer, monitor.ReasonEOFInHandshake, "closed it before", false},
		"PLAIN":           {speaking("PLAIN"), monitor.InMechanism, monitor.ByLocal, monitor.ReasonMechanismMismatch, "the peer speaks PLAIN, this probe NULL", false},
		"CURVE":           {speaking("CURVE"), monitor.InMechanism, monitor.ByLocal, monitor.ReasonMechanismMismatch, "the peer speaks CURVE, this probe NULL", false},
		"refused by ZAP":  {after(zmtp.AppendError(nil, "400")), monitor.InMetadata, monitor.ByPeer, monitor.ReasonAuthDenied, "does not let us in", false},
		"ZAP is broken":   {after(zmtp.AppendError(nil, "500")), monitor.InMetadata, monitor.ByPeer, monitor.ReasonAuthInternal, "authenticator broke", false},
		"refused for all": {after(zmtp.AppendError(nil, "closed today")), monitor.InMetadata, monitor.ByPeer, monitor.ReasonRefusedByPeer, "closed today", false},
		"no type":         {after(command(zmtp.READY, "")), monitor.InMetadata, monitor.ByPeer, monitor.ReasonMissingSocketType, "did not say its socket type", false},
		"READY cut short": {after(command(zmtp.READY, "\x0bSocket")), monitor.InMetadata, monitor.ByPeer, monitor.ReasonMalformed, "metadata could not be read", false},
		"another command": {after(command("HELLO", "")), monitor.InMetadata, monitor.ByPeer, monitor.ReasonMalformed, "does not belong to this step", false},
		"a message":       {after([]byte("\x00\x02hi")), monitor.InMetadata, monitor.ByPeer, monitor.ReasonBadFrame, "a message before", false},
		"no frame":        {after([]byte("\xff\xff")), monitor.InMetadata, monitor.ByPeer, monitor.ReasonBadFrame, "reserved bits", false},
		"a huge frame":    {after([]byte("\x06\x7f\xff\xff\xff\xff\xff\xff\xff")), monitor.InMetadata, monitor.ByPeer, monitor.ReasonOversizeMessage, "announced", false},
		"the end instead of READY": {func(l *line) { l.say(hello); l.hear(64); l.hangUp() },
			monitor.InMetadata, monitor.ByPeer, monitor.ReasonEOFInHandshake, "closed it before", false},
		"an echo":                {func(l *line) { l.echo() }, monitor.InMetadata, monitor.ByPeer, monitor.ReasonNotZMTP, "an echo", false},
		"no PONG":                {after(ready("REP")), monitor.InTraffic, monitor.ByTimer, monitor.ReasonHeartbeatTimeout, "not even an answer to our PING", false},
		"ERROR instead of PONG":  {afterClaim(zmtp.AppendError(nil, "400 no more")), monitor.InMetadata, monitor.ByPeer, monitor.ReasonAuthDenied, "does not let us in", false},
		"the end instead of it":  {afterClaim(nil), monitor.InMetadata, monitor.ByPeer, monitor.ReasonEOFInHandshake, "closed it before", false},
		"rubbish instead of it":  {afterClaim([]byte("\xff\xff")), monitor.InMetadata, monitor.ByPeer, monitor.ReasonBadFrame, "reserved bits", false},
		"an ERROR without words": {afterClaim(command(zmtp.ERROR, "")), monitor.InMetadata, monitor.ByPeer, monitor.ReasonMalformed, "ERROR command", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, heard := serve(t, c.script)
			r := run(t, at, impatient)
			e := r.Failure
			if e == nil {
				t.Fatalf("it did not fail: %+v", r)
			}
			if e.Phase != c.phase || e.Who != c.who || e.Reason != c.reason || !strings.Contains(e.Why(), c.why) || e.Hint() == "" {
				t.Errorf("%s by %s: %s, %q, %q; want %s by %s: %s, …%s…", e.Phase, e.Who, e.Reason, e.Why(), e.Hint(), c.phase, c.who, c.reason, c.why)
			}
			if last := r.Steps[len(r.Steps)-1]; last.Err == nil || strings.Contains(last.Err.Error(), "127.0.0.1") {
				t.Errorf("the last step is %+v: want an error, and the address elsewhere", last)
			}
			if said := strings.Join(heard(), ""); c.silence && said != "" {
				t.Errorf("it was told %q: want nothing", said)
			}
		})
	}
}

// saying says a line and waits.
func saying(text string) func(*line) {
	return func(l *line) { l.say([]byte(text)); l.wait() }
}

// speaking is a libzmq server with another mechanism: it hangs up on NULL before its own greeting is whole, and waits for
// HELLO otherwise.
func speaking(mechanism string) func(*line) {
	return func(l *line) {
		g := greeting(1, mechanism)
		l.say(g[:10])
		l.hear(12)
		l.say(g[10:])
		l.wait()
	}
}

// zmtp2 is what libzmq 3 does.
func zmtp2(l *line) {
	l.say([]byte("\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f"))
	l.hear(11)
	l.say([]byte("\x01\x02\x00\x00"))
	l.wait()
}

// after says something in the place of READY.
func after(b []byte) func(*line) {
	return func(l *line) {
		l.say(hello)
		l.hear(64)
		l.say(b)
		l.wait()
	}
}

// afterClaim says something after a READY of both sides.
func afterClaim(b []byte) func(*line) {
	return func(l *line) {
		l.say(hello)
		l.hear(64)
		l.say(ready("PULL"))
		l.claim()
		l.say(b)
		l.hangUp()
	}
}

func (l *line) echo() {
	b := make([]byte, 4096)
	for {
		n, err := l.Read(b)
		if err != nil {
			return
		}
		l.say(b[:n])
	}
}

// tlsPeer is what OpenSSL says to a greeting: an alert.
func tlsPeer(l *line) {
	l.hear(11)
	l.say([]byte("\x15\x03\x01\x00\x02\x02\x28"))
	l.hangUp()
}

// Go's web server says nothing before a line has ended, and says what it is when it cannot end any more.
func TestAWebServer(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	r := run(t, strings.Replace(server.URL, "http", "tcp", 1), impatient)
	if e := r.Failure; e == nil || e.Reason != monitor.ReasonNotZMTP || !strings.Contains(e.Why(), "HTTP response") {
		t.Errorf("%+v", r)
	}
}

func TestNobodyThere(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	vacant := "tcp://" + l.Addr().String()
	l.Close()
	for at, want := range map[string]struct {
		phase  monitor.Phase
		reason monitor.Reason
	}{
		vacant:                            {monitor.InConnect, monitor.ReasonRefused},
		"tcp://no-such-host.invalid:5555": {monitor.InResolve, monitor.ReasonResolve},
		"ipc://" + filepath.Join(t.TempDir(), "none"): {monitor.InConnect, monitor.ReasonRefused},
	} {
		r := run(t, at)
		e := r.Failure
		if e == nil || e.Phase != want.phase || e.Reason != want.reason || e.Kind != monitor.ConnectFailed || e.Why() == "" || e.Hint() == "" {
			t.Errorf("%s: %v, want %s in %s", at, e, want.reason, want.phase)
		}
		if len(r.Steps) != 1 || r.Steps[0].Name != string(want.phase) || r.Steps[0].Err == nil || r.Connections != 0 {
			t.Errorf("%s: the steps are %+v", at, r.Steps)
		}
	}
}

// A server that goes away between two connections.
func TestNobodyThereAnyMore(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		l.Close()
		if err == nil {
			one := &line{Conn: c}
			one.say(hello)
			one.hear(64)
			one.claim()
			c.Close()
		}
	}()
	r := run(t, "tcp://"+l.Addr().String())
	<-done
	if e := r.Failure; e == nil || e.Reason != monitor.ReasonRefused || r.Connections != 1 {
		t.Errorf("%+v, %v", r, e)
	}
}

// A name is all its addresses, and each is tried.
func TestAName(t *testing.T) {
	t.Parallel()
	at, _ := serve(t, libzmq("PUSH"))
	r := run(t, strings.Replace(at, "127.0.0.1", "localhost", 1))
	if r.Failure != nil || r.Type != "PUSH" || r.Steps[0].Name != "resolve" || !strings.HasPrefix(r.Steps[0].Detail, "localhost is ") {
		t.Errorf("%+v", r)
	}
}

func TestEachAddressIsTried(t *testing.T) {
	t.Parallel()
	at, _ := serve(t, libzmq("PUSH"))
	to, err := endpoint.ParseConnect(at)
	if err != nil {
		t.Fatal(err)
	}
	elsewhere := to
	elsewhere.Host = "127.0.0.2" // the same port, where nobody listens
	p := &probing{Options: Options{}, to: to, deadline: time.Now().Add(10 * time.Second), at: []endpoint.Endpoint{elsewhere, to}}
	defer p.hangUp()
	detail, err := p.connect(t.Context())
	if err != nil || !strings.Contains(detail, "; before it 127.0.0.2:") || !strings.HasSuffix(detail, ": connection refused") {
		t.Errorf("%q, %v", detail, err)
	}
	p = &probing{Options: Options{}, to: to, deadline: time.Now().Add(10 * time.Second), at: []endpoint.Endpoint{elsewhere, elsewhere}}
	if detail, err := p.connect(t.Context()); err == nil || strings.Count(detail, "connection refused") != 2 {
		t.Errorf("%q, %v", detail, err)
	}
}

func TestAnInterruption(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]func(*line, context.CancelFunc){
		"in the greeting": func(l *line, cancel context.CancelFunc) { cancel(); l.wait() },
		"for a PONG": func(l *line, cancel context.CancelFunc) {
			l.say(hello, ready("PULL"))
			l.hear(64)
			l.claim()
			cancel()
			l.wait()
		},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		at, _ := serve(t, func(l *line) { script(l, cancel) })
		to, err := endpoint.ParseConnect(at)
		if err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		r := Run(ctx, at, to, Options{Timeout: time.Hour})
		if !r.Interrupted || r.Failure == nil || time.Since(began) > time.Minute {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

// A fresh peer may be told a lot before the PONG.
func TestAPongAmidTraffic(t *testing.T) {
	t.Parallel()
	at, _ := serve(t, func(l *line) {
		l.say(hello, ready("SUB"))
		l.hear(64)
		l.claim()
		var flood []byte
		for i := range 2000 {
			flood = append(flood, command(zmtp.SUBSCRIBE, fmt.Sprint(i))...)
			flood = append(flood, "\x01\x01a\x00\x03bcd"...)
		}
		flood = append(flood, command("UNKNOWN", strings.Repeat("x", 100_000))...)
		flood = append(zmtp.AppendHeader(flood, zmtp.Header{Size: 1 << 20}), make([]byte, 1<<20)...)
		flood = append(flood, zmtp.AppendPing(nil, zmtp.Ping{})...)
		l.say(flood)
		l.say(zmtp.AppendPong(nil, nil)) // without a context, as older libzmq
		l.wait()
	})
	if r := run(t, at); r.Failure != nil || r.RTT == 0 {
		t.Errorf("%+v", r)
	}
}

// Whatever a peer says, a probe comes to an end without a panic, and holds no more than a handshake may have.
func FuzzPeer(f *testing.F) {
	pong := zmtp.AppendPong(nil, nil)
	for _, b := range [][]byte{
		slices.Concat(hello, ready("REP"), pong), slices.Concat(hello, ready("PAIR")), slices.Concat(hello, zmtp.AppendError(nil, "PAIR cannot talk to REQ")),
		slices.Concat(hello, ready("SUB"), command(zmtp.SUBSCRIBE, "a"), []byte("\x02\x00\x00\x00\x00\x00\x00\x01\x00")), slices.Concat(hello, ready("PUB"), []byte("\x00\x01a\x04\x02\x01E")),
		greeting(0, "CURVE"), hello[:30], []byte("HTTP/1.1 400"), []byte("\x01\x00"),
	} {
		f.Add(b, uint8(0))
	}
	welcome, server := command(zmtp.WELCOME, ""), curve.NewKeyPair()
	f.Add(slices.Concat(greeting(1, "PLAIN"), welcome, ready("REP"), pong), uint8(1))
	f.Add(slices.Concat(greeting(1, "PLAIN"), welcome, zmtp.AppendError(nil, "PAIR cannot talk to REQ")), uint8(1))
	f.Add(slices.Concat(greeting(1, "PLAIN"), zmtp.AppendError(nil, "400")), uint8(1))
	f.Add(slices.Concat(greeting(1, "CURVE"), command(zmtp.WELCOME, strings.Repeat("w", 160))), uint8(2))
	f.Add(slices.Concat(greeting(1, "PLAIN"), command(zmtp.HELLO, "\x03ann\x06secret")), uint8(3))
	f.Add(slices.Concat(hello, ready("REP"), pong, []byte("\x01\x00\x00\x02me")), uint8(0))
	mechanisms := []zmtp.Mechanism{null, ann, curve.Client(known, server.Public), zmtp.PlainServer()}
	f.Fuzz(func(t *testing.T, said []byte, mechanism uint8) {
		ours, theirs := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			go theirs.Write(said)
			for b := make([]byte, 512); ; {
				if _, err := theirs.Read(b); err != nil {
					return
				}
			}
		}()
		o := Options{Mechanism: mechanisms[int(mechanism)%len(mechanisms)], PlainAnywhere: true, Ask: "who?"}
		p := &probing{Options: o, to: endpoint.Endpoint{Scheme: endpoint.IPC, Name: "/dev/null/none"}, deadline: time.Now().Add(20 * time.Millisecond), nonce: strings.Repeat("n", 16)}
		p.at = []endpoint.Endpoint{p.to}
		p.took(t.Context(), ours)
		for _, step := range []func(context.Context) (string, error){p.greeting, p.mechanism, p.metadata, p.name, p.ping, p.ask} {
			if _, err := step(t.Context()); err != nil {
				p.fail(monitor.InMetadata, err)
				if p.report.Failure.Why() == "" {
					t.Error("it failed without words")
				}
				break
			}
			if len(p.w.in) > most+1024 {
				t.Errorf("%d bytes are kept", len(p.w.in))
			}
			if p.over {
				break
			}
		}
		p.hangUp()
		theirs.Close()
		<-done
	})
}
