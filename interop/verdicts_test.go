package interop

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// A handler answers questions of ZAP's with what the test chooses.
type handler struct {
	socket exchange

	mu sync.Mutex
	// mu guards:
	reply []string   // from the version on, ID for the request's; nil: none for now
	owed  [][][]byte // envelopes and ids of the questions that had no answer
}

// An exchange is a socket that may answer in any order, for each message of it begins with the asker and a delimiter.
type exchange interface {
	zmq.Sender
	zmq.Receiver
}

// openHandler opens one at inproc://zeromq.zap.01 of a Context of ours.
func openHandler(t *testing.T, x *zmq.Context, reply []string) *handler {
	t.Helper()
	r := zmq.NewRouter(zmq.Config{Context: x})
	if _, err := r.Bind("inproc://zeromq.zap.01"); err != nil {
		t.Fatal(err)
	}
	return answering(t, r, reply)
}

// answering is a handler on the other side of s, until the test ends.
func answering(t *testing.T, s exchange, reply []string) *handler {
	t.Helper()
	h := &handler{socket: s, reply: reply}
	served := make(chan struct{})
	go func() {
		defer close(served)
		for {
			m, err := s.Recv(context.Background())
			if err != nil {
				return
			}
			f := m.Clone().AppendFrames(nil) // the asker, a delimiter, version, id, …
			h.answer([][]byte{f[0], f[1], f[3]})
		}
	}()
	t.Cleanup(func() {
		s.Shutdown(zmq.NoWait)
		<-served
	})
	return h
}

func (h *handler) answer(question [][]byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.reply == nil {
		h.owed = append(h.owed, question)
		return
	}
	all := slices.Clone(question[:2])
	for _, f := range h.reply {
		if all = append(all, []byte(f)); f == "ID" {
			all[len(all)-1] = question[2]
		}
	}
	h.socket.Send(context.Background(), all...) // nobody waits for it any more: no error of ours
}

// says is what it says from now on, and to all who still wait or have stopped waiting.
func (h *handler) says(reply ...string) {
	h.mu.Lock()
	owed := h.owed
	h.reply, h.owed = reply, nil
	h.mu.Unlock()
	for _, question := range owed {
		h.answer(question)
	}
}

// What a handler of ours says about clients of libzmq: each verdict, what breaks RFC 27, what comes too late and what never
// comes. Our events say what it was and theirs what they can know; no message passes; and a client that was given no verdict
// comes back by itself, and is let in with its message when the handler is well.
func TestWeDecideAboutThem(t *testing.T) {
	t.Parallel() // it waits, most of the time
	p := startPeer(t)
	for mechanism, g := range map[string]guise{"PLAIN": guises()[1], "CURVE": guises()[3]} {
		for _, typ := range []string{"DEALER", "REQ"} {
			for _, v := range verdicts {
				t.Run(fmt.Sprintf("%s, their %s, %s", mechanism, typ, v.name), func(t *testing.T) {
					v.hand(t, p, g, typ)
				})
			}
		}
	}
}

// A verdict is an answer of a handler's, and what both sides see of it.
type verdict struct {
	name   string
	reply  []string
	kind   monitor.Kind
	reason monitor.Reason
	value  uint64
	final  bool // libzmq takes it for the last word and does not dial again
	absent bool // there is no handler yet
}

var verdicts = []verdict{
	{name: "200", reply: []string{"1.0", "ID", "200", "OK", "admin", ""}},
	{"300", []string{"1.0", "ID", "300", "later", "", ""}, monitor.HandshakeFailedAuth, monitor.ReasonAuthTemporary, 300, false, false},
	{"400", []string{"1.0", "ID", "400", "no", "", ""}, monitor.HandshakeFailedAuth, monitor.ReasonAuthDenied, 400, true, false},
	{"500", []string{"1.0", "ID", "500", "no database", "", ""}, monitor.HandshakeFailedAuth, monitor.ReasonAuthInternal, 500, true, false},
	{"another version", []string{"2.0", "ID", "200", "OK", "admin", ""}, monitor.HandshakeFailedProtocol, monitor.ReasonZAPProtocol, 0x20000003, false, false},
	{"another request's id", []string{"1.0", "?", "200", "OK", "admin", ""}, monitor.HandshakeFailedProtocol, monitor.ReasonZAPProtocol, 0x20000002, false, false},
	{"too few frames", []string{"1.0", "ID", "200"}, monitor.HandshakeFailedProtocol, monitor.ReasonZAPProtocol, 0x20000001, false, false},
	{"no status", []string{"1.0", "ID", "OK", "OK", "admin", ""}, monitor.HandshakeFailedProtocol, monitor.ReasonZAPProtocol, 0x20000004, false, false},
	{"no metadata", []string{"1.0", "ID", "200", "OK", "admin", "x"}, monitor.HandshakeFailedProtocol, monitor.ReasonZAPProtocol, 0x20000005, false, false},
	{"nothing until it is too late", nil, monitor.HandshakeFailedNoDetail, monitor.ReasonAuthTimeout, 0, false, false},
	{"nothing, for it is not there yet", nil, monitor.HandshakeFailedNoDetail, monitor.ReasonZAPMissing, 0, false, true},
}

func (v verdict) hand(t *testing.T, p *process, g guise, typ string) {
	x := zmq.NewContext(zmq.ContextConfig{})
	t.Cleanup(func() { x.Shutdown(zmq.NoWait) })
	var h *handler
	if !v.absent {
		h = openHandler(t, x, v.reply)
	}
	cfg := zmq.Config{Context: x, Mechanism: g.ours, ZAPDomain: "global"}
	if v.reply == nil && !v.absent {
		cfg.HandshakeTimeout = 300 * time.Millisecond
	}
	o := open(t, zmq.ROUTER, cfg)
	there := o.bind(t, loopback)
	theirs := p.client(t, typ, g, there)
	if v.kind != 0 {
		v.refused(t, o, theirs, g.ours.Name())
	}
	if yes := []string{"1.0", "ID", "200", "OK", "admin", ""}; v.absent {
		openHandler(t, x, yes)
	} else {
		h.says(yes...) // to who waits in vain, too: too late
	}
	if v.final {
		theirs.close(t)
		theirs = p.client(t, typ, g, there)
	}
	m := o.recv(t)
	if body := m.Frame(m.Len() - 1); string(body) != "hello" || m.Peer().UserID != "admin" || m.Peer().Type != typ {
		t.Errorf("received %q from a %s called %q", body, m.Peer().Type, m.Peer().UserID)
	}
	theirs.ready(t, 1)
}

// client is a socket of libzmq's that dials us, with a message for us.
func (p *process) client(t *testing.T, typ string, g guise, endpoint string) *socket {
	t.Helper()
	s := p.open(t, typ, g.options(options{"RECONNECT_IVL": 50}))
	s.connect(t, endpoint)
	if l := s.tell(t, "put_frames_now", args{"frames": hexed([]string{"hello"})}).answered(t); l.Error != "" {
		t.Logf("its message is not on its way, for libzmq has given up already: %s", l.Error)
	}
	return s
}

// refused holds both sides' events against the verdict.
func (v verdict) refused(t *testing.T, o *ours, theirs *socket, mechanism string) {
	t.Helper()
	e := o.await(t, v.kind)
	if e.Reason != v.reason || e.Value != v.value || e.Why() == "" || e.Hint() == "" {
		t.Errorf("we say of it %v, %#x: %s", e.Reason, e.Value, e.Why())
	}
	if end := o.await(t, monitor.Disconnected); end.Conn != e.Conn || end.Reason != e.Reason || end.MessagesIn != 0 {
		t.Errorf("and of its end: %v", end)
	}
	if m, err := o.Socket.(zmq.Receiver).Recv(zmq.NoWait); err == nil {
		t.Errorf("received %v", m)
	}
	switch {
	case v.final && mechanism == "PLAIN": // RFC 37's ERROR is not libzmq's PLAIN's: see zmtp.ParseCommand
		if h := theirs.await(t, monitor.HandshakeFailedProtocol); h.Value != uint64(zmtp.UnexpectedCommand) {
			t.Errorf("they say %v", h)
		}
	case v.final:
		if h := theirs.await(t, monitor.HandshakeFailedAuth); h.Value != v.value {
			t.Errorf("they say %v", h)
		}
	default:
		theirs.await(t, monitor.ConnectRetried)
		theirs.none(t, monitor.HandshakeFailedAuth|monitor.HandshakeFailedProtocol)
	}
}

// One client of libzmq's has a key that our handler knows, another has not; both ask at the same time, and each hears its own
// answer, although the handler gives them in the other order.
func TestVerdictsAreNotMixedUp(t *testing.T) {
	p := startPeer(t)
	x := zmq.NewContext(zmq.ContextConfig{})
	t.Cleanup(func() { x.Shutdown(zmq.NoWait) })
	h := zmq.NewRouter(zmq.Config{Context: x})
	t.Cleanup(func() { h.Shutdown(zmq.NoWait) })
	if _, err := h.Bind("inproc://zeromq.zap.01"); err != nil {
		t.Fatal(err)
	}
	o := open(t, zmq.ROUTER, zmq.Config{Context: x, Mechanism: curve.Server(ourPair)})
	there := o.bind(t, loopback)
	stranger := curve.NewKeyPair()
	unknown := guise{theirs: options{"CURVE_PUBLICKEY": stranger.Public.String(), "CURVE_SECRETKEY": stranger.Secret.Z85(), "CURVE_SERVERKEY": ourPair.Public.String()}}
	good, bad := p.client(t, "DEALER", guises()[3], there), p.client(t, "DEALER", unknown, there)
	var questions [][][]byte
	for range 2 {
		m, err := h.Recv(within(t))
		if err != nil {
			t.Fatal(err)
		}
		questions = append(questions, m.Clone().AppendFrames(nil))
	}
	for _, q := range slices.Backward(questions) {
		status := "400"
		if bytes.Equal(q[8], theirPair.Public[:]) {
			status = "200"
		}
		if err := h.Send(within(t), q[0], q[1], []byte("1.0"), q[3], []byte(status), nil, nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	good.ready(t, 1)
	bad.await(t, monitor.HandshakeFailedAuth)
	if m := o.recv(t); string(m.Frame(1)) != "hello" {
		t.Errorf("received %v", m)
	}
}

// A client of libzmq's that has another server's key: we say so, and it, which is told nothing, comes again and again.
func TestTheyComeAgain(t *testing.T) {
	p := startPeer(t)
	o := open(t, zmq.PULL, zmq.Config{Mechanism: curve.Server(ourPair), Authenticate: zmq.AllowAny})
	theirs := p.client(t, "PUSH", guise{theirs: theirCurve(curve.NewKeyPair().Public)}, o.bind(t, loopback))
	for range 2 {
		if e := o.await(t, monitor.HandshakeFailedProtocol); e.Reason != monitor.ReasonWrongServerKey || e.Value != uint64(zmtp.Cryptographic) {
			t.Errorf("we say of it %v, %#x: %s", e.Reason, e.Value, e.Why())
		}
		theirs.await(t, monitor.HandshakeFailedNoDetail)
	}
}

// A client of libzmq's with another mechanism sees from our greeting that it does not fit, and leaves for good, in the middle
// of its own: so it knows why, and we cannot.
func TestTheyLeaveForGood(t *testing.T) {
	p := startPeer(t)
	for name, theirs := range map[string]options{"no keys": {}, "a password": guises()[1].theirs} {
		t.Run(name, func(t *testing.T) {
			o := open(t, zmq.PULL, zmq.Config{Mechanism: curve.Server(ourPair), Authenticate: zmq.AllowAny})
			s := p.client(t, "PUSH", guise{theirs: theirs}, o.bind(t, loopback))
			if h := s.await(t, monitor.HandshakeFailedProtocol); h.Value != uint64(zmtp.MechanismMismatch) {
				t.Errorf("they say %v", h)
			}
			if e := o.await(t, monitor.HandshakeFailedNoDetail); e.Reason != monitor.ReasonEOFInHandshake || e.Phase != monitor.InGreeting {
				t.Errorf("we say %v in %v: %s", e.Reason, e.Phase, e.Why())
			}
		})
	}
}
