package zmq_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
	"github.com/glassmq/zmq/zmtp"
)

// oneUser is an authenticator with one user.
func oneUser(name, password string) zmq.Authenticator {
	return func(_ context.Context, r zmtp.AuthRequest) (zmtp.AuthReply, error) {
		if r.Mechanism != "PLAIN" || r.Username != name || r.Password != password {
			return zmtp.AuthReply{}, errors.New("no such user")
		}
		return zmtp.AuthReply{UserID: "user:" + name, Metadata: zmtp.Metadata{{Name: "X-Role", Value: "admin"}}}, nil
	}
}

// A user with the right password talks, and messages, events and State say who it is, whatever it says of itself.
func TestPlain(t *testing.T) {
	pull := zmq.NewPull(zmq.Config{Mechanism: zmtp.PlainServer(), Authenticate: oneUser("ann", "secret"), ZAPDomain: "test"})
	defer pull.Close()
	story := zmqtest.Record(t, pull, monitor.Lifecycle)
	push := zmq.NewPush(zmq.Config{Mechanism: zmtp.PlainClient("ann", "secret"),
		Metadata: map[string]string{"X-Role": "nobody", "X-Host": "here"}})
	defer push.Close()
	connect(t, push, bindTo(t, pull, "tcp://127.0.0.1:*"))
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := push.Send(ctx, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	m, err := pull.Recv(ctx)
	if err != nil {
		t.Fatal(err)
	}
	p := m.Peer()
	if p.UserID != "user:ann" || p.Mechanism != "PLAIN" || p.Property("X-Role") != "admin" || p.Property("x-host") != "here" {
		t.Errorf("the message comes from %q with %q, X-Role %q, X-Host %q", p.UserID, p.Mechanism, p.Property("X-Role"), p.Property("X-Host"))
	}
	if e := story.WaitFor(monitor.HandshakeSucceeded, 1); e.UserID != "user:ann" || e.Mechanism != "PLAIN" {
		t.Errorf("the event says %q with %q", e.UserID, e.Mechanism)
	}
	if s := pull.State(); len(s.Peers) != 1 || s.Peers[0].UserID != "user:ann" {
		t.Errorf("State has %+v", s.Peers)
	}
}

// Without PlainAnywhere a PLAIN socket cannot be bound to where other machines reach it, whichever side of PLAIN it is; the
// Bind and its event say so, and nothing listens there.
func TestPlainStaysHere(t *testing.T) {
	server, client := zmtp.PlainServer(), zmtp.PlainClient("ann", "secret")
	for endpoint, c := range map[string]struct {
		here bool
		cfg  zmq.Config
	}{
		"tcp://*:*":           {false, zmq.Config{Mechanism: server}},
		"tcp://0.0.0.0:0":     {false, zmq.Config{Mechanism: client}},
		"tcp://hub:5555":      {false, zmq.Config{Mechanism: server, Context: zmqtest.NewNetwork().Context(t)}}, // who knows where that is
		"tcp://0.0.0.0:*":     {true, zmq.Config{Mechanism: server, PlainAnywhere: true}},
		"tcp://127.0.0.1:*":   {true, zmq.Config{Mechanism: server}},
		"tcp://127.8.7.6:*":   {true, zmq.Config{Mechanism: server}},
		"tcp://localhost:*":   {true, zmq.Config{Mechanism: client}},
		"ipc://*":             {true, zmq.Config{Mechanism: server}},
		"inproc://stays-here": {true, zmq.Config{Mechanism: server}},
		"tcp://0.0.0.0:00":    {true, zmq.Config{Mechanism: zmtp.Null()}},
	} {
		t.Run(endpoint, func(t *testing.T) {
			pull := zmq.NewPull(c.cfg)
			defer pull.Close()
			story := zmqtest.Record(t, pull, monitor.Lifecycle)
			_, err := pull.Bind(endpoint)
			if c.here {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var op *zmq.OpError
			if !errors.As(err, &op) || op.Op != "bind" || !errors.Is(err, zmq.ErrInvalid) || !strings.Contains(err.Error(), "PlainAnywhere") {
				t.Errorf("Bind said %v: want an OpError that names PlainAnywhere", err)
			}
			if e := story.WaitFor(monitor.BindFailed, 1); e.Reason != monitor.ReasonClearText || e.Who != monitor.ByLocal || !strings.Contains(e.Hint(), "CURVE") {
				t.Errorf("the event says %v by %v: %s", e.Reason, e.Who, e.Hint())
			}
			if at := pull.State().Endpoints; len(at) != 0 {
				t.Errorf("State has %+v", at)
			}
		})
	}
}

// A proxy on this machine may stand before a peer elsewhere: where a hook dials, no password goes to what is not called by an
// address of this machine, whoever answers.
func TestPlainStaysHereBehindAProxy(t *testing.T) {
	asked := make(chan string, 1)
	pull := zmq.NewPull(zmq.Config{Context: newContext(t), Mechanism: zmtp.PlainServer(), Authenticate: func(_ context.Context, r zmtp.AuthRequest) (zmtp.AuthReply, error) {
		asked <- r.Password
		return zmtp.AuthReply{}, nil
	}})
	proxy := address(bindTo(t, pull, "tcp://127.0.0.1:*"))
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", proxy)
	}
	for endpoint, c := range map[string]struct{ anywhere, sent bool }{
		"tcp://203.0.113.9:5555": {false, false},
		"tcp://localhost:5555":   {false, false}, // whose?
		"tcp://127.0.0.1:5555":   {false, true},
		"tcp://203.0.113.8:5555": {true, true},
	} {
		t.Run(endpoint, func(t *testing.T) {
			push := zmq.NewPush(zmq.Config{Context: newContext(t), Mechanism: zmtp.PlainClient("ann", "secret"), PlainAnywhere: c.anywhere,
				Network: zmq.Network{Dial: dial}, ReconnectMin: zmq.Off})
			story := zmqtest.Record(t, push, monitor.Lifecycle)
			connect(t, push, endpoint)
			if c.sent {
				story.WaitFor(monitor.HandshakeSucceeded, 1)
				<-asked
				return
			}
			if e := story.WaitFor(monitor.Disconnected, 1); e.Reason != monitor.ReasonClearText {
				t.Errorf("it ends with %v: want %v", e.Reason, monitor.ReasonClearText)
			}
			if len(asked) > 0 {
				t.Errorf("%q was sent", <-asked)
			}
		})
	}
}

// What was refused is free again for others.
func TestPlainStaysHereAndLetsGo(t *testing.T) {
	free, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(free.Addr().String())
	free.Close()
	pull := zmq.NewPull(zmq.Config{Mechanism: zmtp.PlainServer()})
	defer pull.Close()
	if _, err := pull.Bind("tcp://*:" + port); err == nil {
		t.Fatal("PLAIN was bound to every interface")
	}
	bindTo(t, pull, "tcp://127.0.0.1:"+port)
}

// A ZAP handler decides, be it a REP or a ROUTER, when nobody else is there to; what breaks RFC 27 lets nobody in.
func TestZAP(t *testing.T) {
	for name, c := range map[string]struct {
		reply  func(request zmq.Message) [][]byte
		kind   monitor.Kind
		reason monitor.Reason
	}{
		"yes": {func(m zmq.Message) [][]byte { return zapReply(m.Frame(1), "200", "OK", "user:ann") }, monitor.HandshakeSucceeded, ""},
		"no":  {func(m zmq.Message) [][]byte { return zapReply(m.Frame(1), "400", "no", "") }, monitor.HandshakeFailedAuth, monitor.ReasonAuthDenied},
		"another's answer": {func(zmq.Message) [][]byte { return zapReply([]byte("?"), "200", "OK", "") },
			monitor.HandshakeFailedProtocol, monitor.ReasonZAPProtocol},
		"garbage": {func(zmq.Message) [][]byte { return [][]byte{[]byte("yes")} }, monitor.HandshakeFailedProtocol, monitor.ReasonZAPProtocol},
	} {
		t.Run(name, func(t *testing.T) {
			x := newContext(t)
			handler := zmq.NewRep(zmq.Config{Context: x})
			bindTo(t, handler, "inproc://zeromq.zap.01")
			asked := make(chan [][]byte, 10)
			go func() {
				for {
					m, err := handler.Recv(context.Background())
					if err != nil {
						return
					}
					asked <- m.Clone().AppendFrames(nil)
					handler.Send(context.Background(), c.reply(m)...)
				}
			}()
			pull := zmq.NewPull(zmq.Config{Context: x, Mechanism: zmtp.PlainServer(), ZAPDomain: "lab"})
			story := zmqtest.Record(t, pull, monitor.Lifecycle)
			push := zmq.NewPush(zmq.Config{Context: x, Mechanism: zmtp.PlainClient("ann", "secret"), ReconnectMin: zmq.Off})
			connect(t, push, bindTo(t, pull, "tcp://127.0.0.1:*"))
			if e := story.WaitFor(c.kind, 1); e.Reason != c.reason || c.reason == "" && e.UserID != "user:ann" {
				t.Errorf("%v, user %q: %s", e.Reason, e.UserID, e.Why())
			}
			request := <-asked
			if string(request[0]) != "1.0" || string(request[2]) != "lab" || string(request[3]) != "127.0.0.1" ||
				string(request[5]) != "PLAIN" || string(request[6]) != "ann" || string(request[7]) != "secret" {
				t.Errorf("the handler was asked %q", request)
			}
		})
	}
}

func zapReply(id []byte, status, text, user string) [][]byte {
	return [][]byte{[]byte("1.0"), id, []byte(status), []byte(text), []byte(user), {}}
}

// Every way in which an authenticator can fail to say yes, and what both sides' events say then. No message passes.
func TestRefused(t *testing.T) {
	for name, c := range map[string]struct {
		auth   zmq.Authenticator
		client zmtp.Mechanism
		kind   monitor.Kind // the server's
		reason monitor.Reason
		value  uint64
		theirs monitor.Reason // the client's
	}{
		"a wrong password": {oneUser("ann", "secret"), zmtp.PlainClient("ann", "guess"),
			monitor.HandshakeFailedAuth, monitor.ReasonAuthDenied, 400, monitor.ReasonAuthDenied},
		"not now": {func(context.Context, zmtp.AuthRequest) (zmtp.AuthReply, error) {
			return zmtp.AuthReply{}, &zmq.AuthError{Status: 300, Text: "starting"}
		}, zmtp.PlainClient("ann", "secret"), monitor.HandshakeFailedAuth, monitor.ReasonAuthTemporary, 300, monitor.ReasonEOFInHandshake},
		"a broken authenticator": {func(context.Context, zmtp.AuthRequest) (zmtp.AuthReply, error) { panic("no database") },
			zmtp.PlainClient("ann", "secret"), monitor.HandshakeFailedAuth, monitor.ReasonAuthInternal, 500, monitor.ReasonAuthInternal},
		"one that never answers": {func(context.Context, zmtp.AuthRequest) (zmtp.AuthReply, error) { select {} },
			zmtp.PlainClient("ann", "secret"), monitor.HandshakeFailedNoDetail, monitor.ReasonAuthTimeout, 0, monitor.ReasonEOFInHandshake},
		"nobody to ask": {nil, zmtp.PlainClient("ann", "secret"),
			monitor.HandshakeFailedNoDetail, monitor.ReasonZAPMissing, 0, monitor.ReasonEOFInHandshake},
		"a client without PLAIN": {oneUser("ann", "secret"), zmtp.Null(),
			monitor.HandshakeFailedProtocol, monitor.ReasonMechanismMismatch, 0x11000002, monitor.ReasonMechanismMismatch},
	} {
		t.Run(name, func(t *testing.T) {
			pull := zmq.NewPull(zmq.Config{Mechanism: zmtp.PlainServer(), Authenticate: c.auth, HandshakeTimeout: 300 * time.Millisecond})
			defer pull.Shutdown(zmq.NoWait)
			ours := zmqtest.Record(t, pull, monitor.Lifecycle)
			push := zmq.NewPush(zmq.Config{Mechanism: c.client, ReconnectMin: zmq.Off})
			defer push.Shutdown(zmq.NoWait)
			theirs := zmqtest.Record(t, push, monitor.Lifecycle)
			connect(t, push, bindTo(t, pull, "tcp://127.0.0.1:*"))
			if e := ours.WaitFor(c.kind, 1); e.Reason != c.reason || c.value != 0 && e.Value != c.value {
				t.Errorf("the server tells %v (0x%x): %s", e.Reason, e.Value, e.Why())
			}
			if e := theirs.WaitFor(monitor.Disconnected, 1); e.Reason != c.theirs {
				t.Errorf("the client tells %v: %s", e.Reason, e.Why())
			}
			if _, err := pull.Recv(zmq.NoWait); !errors.Is(err, zmq.ErrWouldBlock) {
				t.Errorf("received: %v", err)
			}
		})
	}
}

// A sealing is a mechanism whose codec is easy to follow: each frame is a MESSAGE with the flags, the body, and a number that
// counts. It is here for what the engine does with any codec.
type sealing struct{ zmtp.Mechanism }

func (s sealing) Name() string { return "SEALING" }
func (s sealing) Begin(local zmtp.Metadata) zmtp.Handshake {
	return sealingHandshake{s.Mechanism.Begin(local)}
}

type sealingHandshake struct{ zmtp.Handshake }

func (h sealingHandshake) Next(in zmtp.Command) (zmtp.Step, error) {
	step, err := h.Handshake.Next(in)
	if step.Done {
		step.Codec = &sealingCodec{}
	}
	return step, err
}

type sealingCodec struct{ sent, got byte }

func (c *sealingCodec) AppendSealed(b []byte, h zmtp.Header, body []byte) []byte {
	c.sent++
	flags := byte(0)
	if h.More {
		flags |= 1
	}
	if h.Command {
		flags |= 2
	}
	b = zmtp.AppendHeader(b, zmtp.Header{Size: uint64(len(body)) + 2})
	b = append(b, c.sent, flags)
	for _, x := range body {
		b = append(b, ^x)
	}
	return b
}

func (c *sealingCodec) Open(frame []byte) (h zmtp.Header, body []byte, err error) {
	if c.got++; len(frame) < 2 || frame[0] != c.got {
		return h, nil, &zmtp.ProtocolError{Code: zmtp.Cryptographic, Detail: fmt.Sprintf("frame %d is %.10q", c.got, frame)}
	}
	for i := range frame[2:] {
		frame[2+i] = ^frame[2+i]
	}
	return zmtp.Header{More: frame[1]&1 != 0, Command: frame[1]&2 != 0, Size: uint64(len(frame) - 2)}, frame[2:], nil
}

// Messages of all shapes pass a sealed connection in order, heartbeats among them, at a mark of three, whoever reads.
func TestSealed(t *testing.T) {
	for name, into := range map[string]bool{"Recv": false, "RecvInto": true} {
		t.Run(name, func(t *testing.T) {
			cfg := zmq.Config{Mechanism: sealing{zmtp.Null()}, HeartbeatInterval: 20 * time.Millisecond, HeartbeatTimeout: 20 * time.Second}
			in, out := cfg, cfg
			in.RecvHWM, out.SendHWM = 3, 3
			pull, push := zmq.NewPull(in), zmq.NewPush(out)
			defer pull.Close()
			defer push.Close()
			connect(t, push, bindTo(t, pull, "tcp://127.0.0.1:*"))
			sizes := []int{0, 1, 64, 255, 256, 8 << 10, 100_000, 300_000}
			shape := func(i int) (frames [][]byte) {
				r := rand.New(rand.NewPCG(uint64(i), 7))
				for range 1 + i%3 {
					frames = append(frames, bytes.Repeat([]byte{byte(i)}, sizes[r.IntN(len(sizes))]))
				}
				return frames
			}
			const n = 120
			go func() {
				for i := range n {
					if push.Send(context.Background(), shape(i)...) != nil {
						return
					}
				}
			}()
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			var b zmq.Buffer
			for i := range n {
				var m zmq.Message
				var err error
				if into {
					err = pull.RecvInto(ctx, &b)
					m = b.Message
				} else {
					m, err = pull.Recv(ctx)
				}
				if err != nil {
					t.Fatalf("message %d: %v", i, err)
				}
				want := shape(i)
				if m.Len() != len(want) {
					t.Fatalf("message %d has %d frames (%d bytes, the first %.3x), want %d", i, m.Len(), m.Size(), m.Frame(0), len(want))
				}
				for k, f := range m.All() {
					if !bytes.Equal(f, want[k]) {
						t.Fatalf("message %d, frame %d: %d bytes, want %d", i, k, len(f), len(want[k]))
					}
				}
			}
		})
	}
}

// When a sealed connection breaks, the queue of the endpoint goes on at the first whole message that the kernel did not have:
// nothing comes twice, nothing in part.
func TestSealedBreaks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		net := zmqtest.NewNetwork()
		zctx := net.Context(t)
		pull := zmq.NewPull(zmq.Config{Context: zctx, Mechanism: sealing{zmtp.Null()}, RecvHWM: 10})
		push := zmq.NewPush(zmq.Config{Context: zctx, Mechanism: sealing{zmtp.Null()}})
		if _, err := pull.Bind("tcp://hub:1"); err != nil {
			t.Fatal(err)
		}
		if err := push.Connect("tcp://hub:1"); err != nil {
			t.Fatal(err)
		}
		const n = 600
		size := func(i int) int { return 1000 + i%7*10_000 } // a batch of the queue's is sealed in several pieces
		for i := range n {
			if err := push.Send(t.Context(), fmt.Append(nil, i), bytes.Repeat([]byte{'x'}, size(i))); err != nil {
				t.Fatal(err)
			}
		}
		last, breaks, conn := -1, 0, monitor.ConnID(0)
		for {
			synctest.Wait()
			m, err := pull.Recv(zmq.NoWait)
			if errors.Is(err, zmq.ErrWouldBlock) {
				if len(push.State().Peers) > 0 && push.State().Peers[0].QueueOut == 0 && last >= 0 {
					break
				}
				time.Sleep(time.Second)
				continue
			}
			var i int
			fmt.Sscan(string(m.Frame(0)), &i)
			if i <= last || len(m.Body()) != size(i) {
				t.Fatalf("message %d (%d bytes) after %d", i, len(m.Body()), last)
			}
			if i != last+1 && m.Conn() == conn {
				t.Fatalf("message %d after %d over the same connection", i, last)
			}
			last, conn = i, m.Conn()
			if i%60 == 59 && breaks < 5 {
				breaks++
				net.Reset("tcp://hub:1")
			}
		}
		if breaks != 5 {
			t.Fatalf("%d breaks", breaks)
		}
	})
}
