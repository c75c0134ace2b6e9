package zmq_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// A siege is ten minutes of one refusal, and its end.
type siege struct {
	server, client zmtp.Mechanism
	decide         zmq.Authenticator // until it is mended; nil: a ZAP handler that is not there
	mended         zmtp.Mechanism    // what the server speaks then; nil: server
	reason         monitor.Reason    // what the client says of each attempt
	verdict        bool              // one that will be the same in a moment: slow from the first attempt on
	takes          time.Duration     // an attempt
}

func sieges() map[string]siege {
	hub, other, ann := curve.NewKeyPair(), curve.NewKeyPair(), curve.NewKeyPair()
	sealed := curve.Client(ann, hub.Public)
	no := func(status int) zmq.Authenticator {
		return func(context.Context, zmtp.AuthRequest) (zmtp.AuthReply, error) {
			return zmtp.AuthReply{}, &zmq.AuthError{Status: status}
		}
	}
	silent := func(ctx context.Context, _ zmtp.AuthRequest) (zmtp.AuthReply, error) {
		<-ctx.Done()
		return zmtp.AuthReply{}, errors.New("it has taken too long")
	}
	return map[string]siege{
		"a wrong password":       {server: zmtp.PlainServer(), client: zmtp.PlainClient("ann", "guess"), decide: no(400), reason: monitor.ReasonAuthDenied, verdict: true},
		"an unknown key":         {server: curve.Server(hub), client: sealed, decide: no(400), reason: monitor.ReasonAuthDenied, verdict: true},
		"another server's key":   {server: curve.Server(other), client: sealed, decide: no(400), mended: curve.Server(hub), reason: monitor.ReasonWrongServerKey, verdict: true},
		"no keys at all":         {server: curve.Server(hub), client: zmtp.Null(), decide: no(400), mended: zmtp.Null(), reason: monitor.ReasonMechanismMismatch, verdict: true},
		"NULL, in a domain":      {server: zmtp.Null(), client: zmtp.Null(), decide: no(400), reason: monitor.ReasonAuthDenied, verdict: true},
		"later":                  {server: curve.Server(hub), client: sealed, decide: no(300), reason: monitor.ReasonEOFInHandshake},
		"a broken authenticator": {server: zmtp.PlainServer(), client: zmtp.PlainClient("ann", "secret"), decide: no(500), reason: monitor.ReasonAuthInternal},
		"a silent authenticator": {server: curve.Server(hub), client: sealed, decide: silent, reason: monitor.ReasonEOFInHandshake, takes: patience},
		"nobody to ask":          {server: zmtp.PlainServer(), client: zmtp.PlainClient("ann", "secret"), reason: monitor.ReasonEOFInHandshake},
	}
}

// Ten minutes of refusals: the dialler comes back again and again, never at once, and says each time why and when; State says
// the same. A verdict that will be the same in a moment slows it down from the first attempt on. When what was wrong is
// mended at the other end, it is let in within the longest back-off, with the message that was queued in the beginning.
func TestRefusedForTenMinutes(t *testing.T) {
	for name, s := range sieges() {
		for luck, jitter := range map[string]float64{"no jitter": 0, "the most jitter": 0.999} {
			t.Run(name+", "+luck, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) { s.stand(t, jitter) })
			})
		}
	}
}

func (s siege) stand(t *testing.T, jitter float64) {
	net := zmqtest.NewNetwork()
	net.Context(t) // has the last look at whether anything is left
	x := zmq.NewContext(zmq.ContextConfig{Network: net.Network(), Jitter: func() float64 { return jitter }})
	defer x.Shutdown(zmq.NoWait)
	var mended atomic.Bool
	server := s.serve(t, x, s.server, &mended)
	client := zmq.NewPush(zmq.Config{Context: x, Mechanism: s.client})
	story := zmqtest.Record(t, client, monitor.Lifecycle)
	connect(t, client, besieged)
	send(t, client, "patience")
	for began := time.Now(); time.Since(began) < siegeLasts; {
		time.Sleep(17 * time.Second) // no multiple of an interval: State is looked at in all its states
		synctest.Wait()
		s.look(t, client)
	}
	s.judge(t, story.Events())

	mended.Store(true)
	if s.mended != nil {
		must(t, server.Shutdown(zmq.NoWait))
		server = s.serve(t, x, s.mended, &mended)
	}
	if s.decide == nil {
		s.guard(t, x)
	}
	since, patient := time.Now(), context.Background() // the bubble's clock is all that runs
	m, err := server.Recv(patient)
	if err != nil || string(m.Body()) != "patience" {
		t.Fatalf("received %q, %v", m.Body(), err)
	}
	if took := time.Since(since); took > longestWait+s.takes {
		t.Errorf("it was let in %v after it could have been", took)
	}
}

const (
	besieged    = "tcp://127.0.0.1:1"
	siegeLasts  = 10 * time.Minute
	longestWait = 5 * time.Second // ReconnectMax
)

func (s siege) serve(t *testing.T, x *zmq.Context, speaks zmtp.Mechanism, mended *atomic.Bool) *zmq.Pull {
	t.Helper()
	cfg := zmq.Config{Context: x, Mechanism: speaks, HandshakeTimeout: patience} // less than the client's, which would not hear who is too late
	if s.decide != nil {
		cfg.ZAPDomain = "lab"
		cfg.Authenticate = func(ctx context.Context, r zmtp.AuthRequest) (zmtp.AuthReply, error) {
			if mended.Load() {
				return zmtp.AuthReply{}, nil
			}
			return s.decide(ctx, r)
		}
	}
	server := zmq.NewPull(cfg)
	bindTo(t, server, besieged)
	return server
}

// guard is a ZAP handler that lets everybody in, until the Context ends.
func (s siege) guard(t *testing.T, x *zmq.Context) {
	t.Helper()
	handler := zmq.NewRep(zmq.Config{Context: x})
	bindTo(t, handler, "inproc://zeromq.zap.01")
	go func() {
		for {
			m, err := handler.Recv(context.Background())
			if err != nil {
				return
			}
			handler.Send(context.Background(), zapReply(m.Clone().Frame(1), "200", "OK", "")...)
		}
	}()
}

// look holds State against what is going on: an attempt, or a wait whose end it knows.
func (s siege) look(t *testing.T, client *zmq.Push) {
	t.Helper()
	e := client.State().Endpoints[0]
	wait := time.Until(e.NextTry)
	switch {
	case e.Attempt == 0 || e.LastErr == nil && e.Attempt > 1:
		t.Errorf("State says nothing of what goes wrong: %+v", e)
	case e.Conn == 0 && (wait <= 0 || wait > longestWait):
		t.Errorf("State has the next attempt in %v", wait)
	}
}

// judge holds the story of the ten minutes against what every refusal promises.
func (s siege) judge(t *testing.T, events []zmq.Event) {
	t.Helper()
	tries := 0
	var ended zmq.Event
	var due time.Time // when the next attempt is
	for _, e := range events {
		switch {
		case e.Kind == monitor.Connected:
			if tries++; !due.IsZero() && !e.Time.Equal(due) {
				t.Errorf("attempt %d came %v after its time", tries, e.Time.Sub(due))
			}
		case e.Terminal():
			if ended = e; e.Reason != s.reason || e.Why() == "" || e.Hint() == "" {
				t.Errorf("attempt %d ended %v: %s (%s)", tries, e.Reason, e.Why(), e.Hint())
			}
		case e.Kind == monitor.ConnectRetried:
			due = e.Time.Add(e.Interval)
			s.judgeWait(t, tries, e, ended)
		case e.Kind == monitor.GaveUp:
			t.Error("it has given up")
		}
	}
	most := int(siegeLasts/(longestWait/2+s.takes)) + 8 // the first ones, until the back-off has grown to ReconnectMax
	least := int(siegeLasts / (longestWait + s.takes))
	if tries < least || tries > most {
		t.Errorf("%d attempts in %v, want %d to %d", tries, siegeLasts, least, most)
	}
}

// judgeWait holds one wait against the rules: it says what the attempt ended with, and is not shorter than it should be by
// then, half of it left to chance.
func (s siege) judgeWait(t *testing.T, tries int, e, ended zmq.Event) {
	t.Helper()
	if e.Reason != ended.Reason || e.Who != ended.Who || e.Attempt != tries {
		t.Errorf("%v\nis the retry after attempt %d, %v", e, tries, ended)
	}
	least := 100 * time.Millisecond << min(tries-1, 10) // ReconnectMin, doubled each time
	if s.verdict {
		least = longestWait
	}
	if least = min(least, longestWait); e.Interval < least/2 || e.Interval > longestWait {
		t.Errorf("after attempt %d it waits %v, want %v to %v", tries, e.Interval, least/2, longestWait)
	}
}

// With NULL the client's READY and the server's ERROR meet on the way, and the server may have hung up before it has read
// what the client says: the client hears the ERROR all the same, and not only that the connection is broken.
func TestRefusedBeforeReady(t *testing.T) {
	pull := zmq.NewPull(zmq.Config{ZAPDomain: "lab", Authenticate: func(context.Context, zmtp.AuthRequest) (zmtp.AuthReply, error) {
		return zmtp.AuthReply{}, errors.New("nobody comes in")
	}})
	defer pull.Shutdown(zmq.NoWait)
	endpoint := bindTo(t, pull, "tcp://127.0.0.1:*")
	push := zmq.NewPush(zmq.Config{ReconnectMin: time.Millisecond, ReconnectMax: time.Millisecond})
	defer push.Shutdown(zmq.NoWait)
	story := zmqtest.Record(t, push, monitor.Lifecycle)
	connect(t, push, endpoint)
	for n := range 100 {
		if e := story.WaitFor(monitor.Disconnected, n+1); e.Reason != monitor.ReasonAuthDenied || e.Who != monitor.ByPeer {
			t.Fatalf("attempt %d ended %v: %s", n+1, e.Reason, e.Why())
		}
	}
}
