package zmq_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
	"github.com/glassmq/zmq/zmtp"
)

// R11: fourteen ways to break a connection, over real TCP. Each lasts until the subscriber has tried three times in vain, where it
// can last, and then what was wrong is put right: the subscriber is back within twice the back-off, and an attempt that is
// under way may first run into its limit. All that it had subscribed to is subscribed again.

const (
	breakTopics = 100
	breakLimit  = 300 * time.Millisecond // of a connect and of a handshake
)

// A breach is one of the ways.
type breach struct {
	name   string
	begin  func(b *broken)
	mend   func(b *broken)
	reason monitor.Reason // of the subscriber's last vain attempt, or of its connection's end if there was none
	once   bool           // it does not last
	held   bool           // an attempt that is under way when it is over hangs until its limit
}

var breaches = []breach{
	{name: "FIN", begin: (*broken).leave, mend: (*broken).serve, reason: monitor.ReasonRefused},
	{name: "RST", begin: func(b *broken) { b.proxy.Reset() }, reason: monitor.ReasonReset, once: true},
	{name: "kill -9", begin: func(b *broken) { b.process.kill() }, mend: (*broken).serveApart, reason: monitor.ReasonRefused},
	{name: "refused", begin: func(b *broken) { b.proxy.Refuse(true); b.proxy.Reset() }, mend: func(b *broken) { b.proxy.Refuse(false) }, reason: monitor.ReasonRefused},
	{name: "black hole", begin: func(b *broken) { b.proxy.BlackHole(true) }, mend: func(b *broken) { b.proxy.BlackHole(false) },
		reason: monitor.ReasonHandshakeTimeout, held: true},
	{name: "stall", begin: impostor(``), mend: (*broken).serve, reason: monitor.ReasonHandshakeTimeout, held: true},
	{name: "bad greeting", begin: impostor(`"HTTP/1.1 400 Bad Request\r\n\r\n"`), mend: (*broken).serve, reason: monitor.ReasonNotZMTP},
	{name: "wrong type", begin: impostor(`greeting READY{ prop:Socket-Type=PULL }`), mend: (*broken).serve, reason: monitor.ReasonIncompatibleSocketType},
	{name: "bad frame", begin: impostor(`peer hex:f80178`), mend: (*broken).serve, reason: monitor.ReasonBadFrame},
	{name: "oversize", begin: impostor(`peer head:02:2^40 "x"`), mend: (*broken).serve, reason: monitor.ReasonOversizeMessage},
	{name: "ERROR", begin: impostor(`greeting ERROR{ name:busy }`), mend: (*broken).serve, reason: monitor.ReasonRefusedByPeer},
	{name: "ZAP 300", begin: func(b *broken) { b.refuse.Store(true); b.proxy.Reset() }, mend: func(b *broken) { b.refuse.Store(false) }, reason: monitor.ReasonEOFInHandshake},
	{name: "DNS", begin: func(b *broken) { b.names.Store(false); b.proxy.Reset() }, mend: func(b *broken) { b.names.Store(true) }, reason: monitor.ReasonResolve},
}

// A broken is a subscriber, a publisher, and what is between them.
type broken struct {
	t        *testing.T
	x        *zmq.Context
	sub      *zmq.Sub
	watch    *monitor.Subscription
	story    []zmq.Event
	proxy    *zmqtest.Proxy // nil: they are connected without
	at       string         // where the publisher binds
	pub      *zmq.XPub      // nil: it is away, or apart
	process  *process       // … here
	impostor net.Listener
	refuse   atomic.Bool // the authenticator says 300
	names    atomic.Bool // the name server knows the name
}

func TestR11ComesBack(t *testing.T) {
	rounds := 1
	least, most := 20*time.Millisecond, 200*time.Millisecond
	if *full {
		rounds, least, most = 10, 100*time.Millisecond, time.Second
	}
	for _, how := range breaches {
		t.Run(how.name, func(t *testing.T) {
			b := newBroken(t, how.name, least, most)
			longest := time.Duration(0)
			for range rounds {
				longest = max(longest, b.round(how, most))
			}
			t.Logf("%d times, back within %v", rounds, longest.Round(time.Millisecond))
			must(t, b.sub.Shutdown(zmq.NoWait))
			for e := range b.watch.Events(within(t)) {
				b.story = append(b.story, e)
			}
			must(t, checked(b.story))
		})
	}
	t.Run("EMFILE", func(t *testing.T) { outOfDescriptors(t, rounds, least, most) })
	t.Run("black hole, the cable pulled", func(t *testing.T) { pullTheCable(t, rounds, least, most) })
}

// checked is monitor.Check of a whole story.
func checked(story []zmq.Event) error {
	return monitor.Check(func(yield func(zmq.Event) bool) {
		for _, e := range story {
			if !yield(e) {
				return
			}
		}
	})
}

func newBroken(t *testing.T, name string, least, most time.Duration) *broken {
	b := &broken{t: t, x: newContext(t)}
	b.at = vacantPort(t)
	b.proxy = zmqtest.NewProxy(t, b.at)
	b.names.Store(true)
	cfg := zmq.Config{Context: b.x, ReconnectMin: least, ReconnectMax: most, ConnectTimeout: breakLimit, HandshakeTimeout: breakLimit,
		HeartbeatInterval: breakLimit, MaxMessageSize: 1000, Subscribe: topicsOf()}
	to := b.proxy.Endpoint()
	switch name {
	case "FIN", "kill -9", "stall", "bad greeting", "wrong type", "bad frame", "oversize", "ERROR":
		to = b.at // the publisher's own end is what breaks
	case "DNS":
		to = strings.Replace(to, "127.0.0.1", "hub.test", 1)
		resolver := nameServer(t, &b.names)
		cfg.Network.Dial = (&net.Dialer{Resolver: resolver}).DialContext
	case "ZAP 300":
		cfg.Mechanism = zmtp.PlainClient("ann", "secret")
	}
	if name == "kill -9" {
		b.serveApart()
	} else if b.serve(); name == "ZAP 300" {
		must(t, b.pub.Shutdown(zmq.NoWait))
		b.serveGuarded()
	}
	b.sub = zmq.NewSub(cfg)
	b.watch = b.sub.Watch(monitor.Lifecycle)
	connect(t, b.sub, to)
	b.until("the first time", func(e zmq.Event) bool { return e.Kind == monitor.HandshakeSucceeded })
	b.restored()
	return b
}

// topicsOf are what is subscribed to.
func topicsOf() (all []string) {
	for i := range breakTopics {
		all = append(all, fmt.Sprintf("%c\x00%d|", i, i))
	}
	return all
}

// vacantPort is an endpoint of loopback's where nobody is.
func vacantPort(t *testing.T) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, l.Close())
	return "tcp://" + l.Addr().String()
}

func (b *broken) serve() {
	if b.impostor != nil {
		b.impostor.Close()
		b.impostor = nil
	}
	b.pub = zmq.NewXPub(zmq.Config{Context: b.x})
	bindTo(b.t, b.pub, b.at)
}

// serveGuarded is a publisher that asks who comes.
func (b *broken) serveGuarded() {
	b.pub = zmq.NewXPub(zmq.Config{Context: b.x, Mechanism: zmtp.PlainServer(), Authenticate: func(context.Context, zmtp.AuthRequest) (zmtp.AuthReply, error) {
		if b.refuse.Load() {
			return zmtp.AuthReply{}, &zmq.AuthError{Status: 300}
		}
		return zmtp.AuthReply{UserID: "ann"}, nil
	}})
	bindTo(b.t, b.pub, b.at)
}

func (b *broken) serveApart() {
	b.process = spawn(b.t, "server", serverRole{Type: "XPUB", Endpoint: b.at})
}

func (b *broken) leave() { must(b.t, b.pub.Close()) }

// impostor is a breach: who answers at the publisher's place now says these words, and nothing else.
func impostor(words string) func(b *broken) {
	return func(b *broken) {
		b.leave()
		l, err := net.Listen("tcp", address(b.at))
		must(b.t, err)
		b.impostor = l
		says := spelled(b.t, words, "SUB")
		b.t.Cleanup(func() { l.Close() })
		go func() {
			for conn, err := l.Accept(); err == nil; conn, err = l.Accept() {
				conn.Write(says)
				go func() {
					io.Copy(io.Discard, conn) // until the subscriber has had enough
					conn.Close()
				}()
			}
		}()
	}
}

// until reads the subscriber's events up to one of a kind, and has it.
func (b *broken) until(what string, is func(e zmq.Event) bool) zmq.Event {
	b.t.Helper()
	for e := range b.watch.Events(within(b.t)) {
		if b.story = append(b.story, e); is(e) {
			return e
		}
	}
	b.t.Fatalf("%s: it does not come; the story so far:\n%s", what, storyText(b.story))
	panic("unreachable")
}

// round is one break, and the way back; took is how long that was.
func (b *broken) round(how breach, most time.Duration) (took time.Duration) {
	t := b.t
	t.Helper()
	how.begin(b)
	var last zmq.Event
	tries := 0
	b.until("the break", func(e zmq.Event) bool {
		if e.Terminal() {
			last = e
		}
		if e.Kind == monitor.ConnectRetried {
			tries++
		}
		return tries == 3 || tries == 1 && how.once
	})
	if last.Reason != how.reason {
		t.Errorf("the last thing that went wrong is %v, want %s", last, how.reason)
	}
	mended := time.Now()
	if how.mend != nil {
		how.mend(b)
	}
	if how.name == "kill -9" {
		mended = time.Now() // a process takes its time to begin
	}
	back := b.until("the way back", func(e zmq.Event) bool { return e.Kind == monitor.HandshakeSucceeded && e.Time.After(mended) })
	took = back.Time.Sub(mended)
	held := time.Duration(0)
	if how.held {
		held = breakLimit
	}
	if limit := allowed(most, held); took > limit {
		t.Errorf("it was back after %v, allowed are %v", took, limit)
	}
	b.restored()
	return took
}

// restored looks whether every subscription is there: the publisher knows of each, and a message to each comes.
func (b *broken) restored() {
	b.t.Helper()
	if b.pub == nil {
		until(b.t, patience, "every subscription is back", func() bool { return b.process.tell().Subscribed == breakTopics })
		return
	}
	until(b.t, patience, "every subscription is back", func() bool {
		n := 0
		for _, p := range b.pub.State().Peers {
			n += p.Subscriptions
		}
		return n == breakTopics // who was there before has gone
	})
	for i, topic := range topicsOf() {
		body := binary.BigEndian.AppendUint16([]byte(topic), uint16(i))
		send(b.t, b.pub, string(body))
		recv(b.t, b.sub, string(body))
	}
}

// nameServer is a resolver that knows hub.test, or nobody while known is off: a name server on loopback (RFC 1035).
func nameServer(t *testing.T, known *atomic.Bool) *net.Resolver {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	must(t, err)
	var work sync.WaitGroup
	work.Go(func() {
		for p := make([]byte, 512); ; {
			n, from, err := conn.ReadFrom(p)
			if err != nil {
				return
			}
			conn.WriteTo(resolved(p[:n], known.Load()), from)
		}
	})
	t.Cleanup(func() {
		conn.Close()
		work.Wait()
	})
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", conn.LocalAddr().String())
	}}
}

// resolved answers a question: 127.0.0.1 for an A of a name that is known, nothing for other types, NXDOMAIN else.
func resolved(question []byte, known bool) []byte {
	const header, answer, nameError = 12, 0x80, 3
	end := header
	for end < len(question) && question[end] != 0 { // labels, each with its length
		end += 1 + int(question[end])
	}
	if end += 5; end > len(question) { // the empty label, a type, a class
		return nil
	}
	b := append([]byte{question[0], question[1], answer, 0, 0, 1, 0, 0, 0, 0, 0, 0}, question[header:end]...)
	switch isA := binary.BigEndian.Uint16(question[end-4:]) == 1; {
	case !known || !strings.HasPrefix(string(question[header:]), "\x03hub\x04test\x00"):
		b[3] = nameError
	case isA:
		b[7] = 1 // one answer: the name is that of the question, it lives for no second, four bytes
		b = append(b, 0xc0, header, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, 127, 0, 0, 1)
	}
	return b
}
