package probe

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/cmd/glass/internal/listener"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// What is asked on request only: each of it against a peer that answers, and one that does not.

func TestTheOtherSideOfAServer(t *testing.T) {
	t.Parallel()
	server := as(zmtp.PlainServer())
	withBit := zmtp.AppendGreeting(nil, zmtp.Greeting{Major: 3, Minor: 1, Mechanism: "PLAIN", AsServer: true})
	after := func(greeting, b []byte) func(*line) {
		return func(l *line) {
			l.say(greeting)
			l.hear(64)
			l.say(b)
			l.wait()
		}
	}
	plain := greeting(1, "PLAIN")
	for name, c := range map[string]struct {
		script func(*line)
		reason monitor.Reason // "": it is a client
		why    string
	}{
		"a client":                   {after(plain, command(zmtp.HELLO, "\x03ann\x06secret")), "", "the client that a PLAIN server wants"},
		"a server that says so":      {after(withBit, nil), monitor.ReasonBothSidesServer, "its greeting says that it is one"},
		"a server that is silent":    {after(plain, nil), monitor.ReasonBothSidesServer, "a client would have begun"},
		"neither":                    {after(plain, command(zmtp.READY, "")), monitor.ReasonMalformed, "does not belong to this step"},
		"somebody who leaves":        {func(l *line) { l.say(plain); l.hear(64); l.hangUp() }, monitor.ReasonEOFInHandshake, "hung up"},
		"one with another mechanism": {after(greeting(1, "CURVE"), nil), monitor.ReasonMechanismMismatch, "the peer speaks CURVE, this probe PLAIN"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at, heard := serve(t, c.script)
			r := run(t, at, server)
			v := r.Verdict()
			if r.Client != (c.reason == "") || v.Reason != c.reason || !strings.Contains(v.Why, c.why) {
				t.Errorf("%+v", v)
			}
			if said := strings.Join(heard(), "|"); len(said) > 64 || strings.Contains(said, "READY") {
				t.Errorf("it was told %q: want the greeting alone", said)
			}
			for _, s := range r.Steps {
				if strings.Contains(s.Detail, "secret") {
					t.Errorf("a password is told: %+v", s)
				}
			}
		})
	}
}

// The type for which is asked comes first, where it may be claimed.
func TestTheTypeIsClaimedFirst(t *testing.T) {
	t.Parallel()
	for typ, want := range map[string]string{"": "REQ PUSH SUB PUB", "PUB": "PUB REQ PUSH SUB", "REQ": "REQ PUSH SUB PUB", "DEALER": "REQ PUSH SUB PUB", "PULL": "REQ PUSH SUB PUB", "PAIR": "PAIR REQ PUSH SUB PUB"} {
		p := probing{Options: Options{Type: typ}}
		if got := strings.Join(p.claims(), " "); got != want {
			t.Errorf("%s: %s, want %s", typ, got, want)
		}
	}
	at, heard := serve(t, func(l *line) { // an XSUB that says nothing to who cannot talk to it
		l.say(hello)
		l.hear(64)
		if !zmtp.Compatible("XSUB", l.claim()) {
			l.hangUp()
			return
		}
		l.say(ready("XSUB"))
		l.pong()
	})
	r := run(t, at, func(o *Options) { o.Type = "PAIR" })
	if v := r.Verdict(); r.Type != "XSUB" || v.Class != OtherType || v.Why != at+" is a XSUB, and a PAIR cannot talk to it" || len(heard()) != 5 {
		t.Errorf("%+v, %+v", r, v)
	}
}

// A ROUTER with a peer called ann that answers, in the clear and secured.
func TestANameAndARequest(t *testing.T) {
	t.Parallel()
	own := curve.NewKeyPair()
	for mechanism, m := range map[string]zmtp.Mechanism{"NULL": nil, "PLAIN": plainOf("ann", "secret"), "CURVE": curve.Client(known, own.Public)} {
		t.Run(mechanism, func(t *testing.T) {
			t.Parallel()
			s, places := bound(t, zmq.ROUTER, guarded(t, mechanism, own))
			ann, _ := bound(t, zmq.DEALER, zmq.Config{RoutingID: "ann", Mechanism: m})
			if err := ann.Connect(places[0]); err != nil {
				t.Fatal(err)
			}
			if err := s.WaitReady(t.Context(), 1); err != nil {
				t.Fatal(err)
			}
			asked := func(id string) func(*Options) {
				return func(o *Options) { o.Mechanism, o.RoutingID, o.Ask, o.Timeout = m, id, "who?", time.Second }
			}
			if r := run(t, places[0], asked("bob")); r.Failure == nil || r.Failure.Err != errNoAnswer || r.Verdict().Class != Silent {
				t.Errorf("nobody answers: %+v, %v", r, r.Failure)
			}
			drain(t, s.(*zmq.Router), 2) // under the name, and without
			done := make(chan struct{})
			go func() {
				defer close(done)
				for {
					m, err := s.(*zmq.Router).Recv(t.Context())
					if err != nil {
						return // closed
					}
					s.(*zmq.Router).SendMessage(t.Context(), m)
				}
			}()
			t.Cleanup(func() { s.Close(); <-done })
			r := run(t, places[0], asked("bob"))
			if want := []string{"connect", "greeting", "mechanism", "metadata", "routing-id", "ping", "ask"}; r.Failure != nil || r.NameUnsure || !slices.Equal(r.stepNames(), want) {
				t.Errorf("bob: %+v, %v", r, r.Failure)
			}
			for _, at := range places {
				r := run(t, at, asked("ann"))
				if e := r.Failure; e == nil || e.Reason != monitor.ReasonIdentityConflict || e.PeerID != "ann" || r.Verdict().Class != Refused {
					t.Errorf("ann at %s: %+v, %v", at, r, e)
				}
			}
		})
	}
}

func plainOf(user, password string) zmtp.Mechanism { return zmtp.PlainClient(user, password) }

// drain takes n messages.
func drain(t *testing.T, s *zmq.Router, n int) {
	t.Helper()
	for range n {
		if _, err := s.Recv(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// A PAIR is asked whether it has its peer, by becoming one; a free one has the probe for a moment, and is free again.
func TestAPairIsAsked(t *testing.T) {
	t.Parallel()
	own := curve.NewKeyPair()
	for mechanism, m := range map[string]zmtp.Mechanism{"NULL": nil, "CURVE": curve.Client(known, own.Public)} {
		s, places := bound(t, zmq.PAIR, guarded(t, mechanism, own))
		left := s.Watch(monitor.Disconnected)
		defer left.Close()
		asks := func(o *Options) { o.Mechanism, o.Type = m, "PAIR" }
		for range 2 {
			if r := run(t, places[0], asks); r.Failure != nil || r.Type != "PAIR" || r.RTT == 0 || r.PairUnsure {
				t.Errorf("%s, free: %+v, %v", mechanism, r, r.Failure)
			}
			if _, err := left.Next(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		peer, _ := bound(t, zmq.PAIR, zmq.Config{Mechanism: m})
		if err := peer.Connect(places[0]); err != nil {
			t.Fatal(err)
		}
		if err := s.WaitReady(t.Context(), 1); err != nil {
			t.Fatal(err)
		}
		r := run(t, places[0], asks)
		if v := r.Verdict(); v.Reason != monitor.ReasonPairTaken || v.Class != Refused || r.Connections != 1 {
			t.Errorf("%s, taken: %+v, %+v", mechanism, r, v)
		}
	}
}

// What a message is told from, on the way to the answer.
func TestAnAnswerAmidTraffic(t *testing.T) {
	t.Parallel()
	at, heard := serve(t, func(l *line) {
		l.say(hello, ready("REP"))
		l.hear(64)
		l.claim()
		l.hear(len(l.heard) + 1)
		l.say(zmtp.AppendPong(nil, nil))
		for !strings.Contains(string(l.heard), "who?") {
			l.hear(len(l.heard) + 1)
		}
		l.say(zmtp.AppendPing(nil, zmtp.Ping{}), command("UNKNOWN", strings.Repeat("x", 10_000)), []byte("\x01\x00\x00\x02me"))
		l.wait()
	})
	if r := run(t, at, func(o *Options) { o.Ask = "who?" }); r.Failure != nil {
		t.Errorf("%+v, %v", r, r.Failure)
	}
	if said := heard()[0]; !strings.HasSuffix(said, "\x01\x00\x00\x04who?") {
		t.Errorf("it was told %q: want an empty frame and the question at the end", said)
	}
}

// Who hangs up without a word leaves guesses, the likelier first.
func TestGuesses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		mechanism string
		bit       bool
		at        monitor.Phase
		want      []monitor.Reason
	}{
		"PLAIN, at our password":   {"PLAIN", false, monitor.InMechanism, []monitor.Reason{monitor.ReasonZAPMissing, monitor.ReasonAuthTemporary}},
		"CURVE of libzmq":          {"CURVE", false, monitor.InMetadata, []monitor.Reason{monitor.ReasonIncompatibleSocketType, monitor.ReasonAuthTemporary, monitor.ReasonZAPMissing}},
		"CURVE of GlassMQ":         {"CURVE", true, monitor.InMetadata, []monitor.Reason{monitor.ReasonZAPMissing, monitor.ReasonAuthTemporary}},
		"NULL, after the greeting": {"NULL", false, monitor.InMetadata, []monitor.Reason{monitor.ReasonZAPMissing, monitor.ReasonAuthTemporary}},
		"in the greeting":          {"", false, monitor.InGreeting, nil},
	} {
		r := Report{Endpoint: "tcp://x:1", Mechanism: c.mechanism, AsServer: c.bit,
			Failure: &monitor.Event{Kind: monitor.HandshakeFailedNoDetail, Side: monitor.SideConnect, Who: monitor.ByPeer, Phase: c.at, Reason: monitor.ReasonEOFInHandshake}}
		v := r.Verdict()
		var got []monitor.Reason
		for _, g := range v.Likely {
			got = append(got, g.Reason)
		}
		if !slices.Equal(got, c.want) || v.Reason != monitor.ReasonEOFInHandshake || v.Class != Refused || v.Side != There {
			t.Errorf("%s: %v, want %v: %+v", name, got, c.want, v)
		}
	}
}

// A silence leaves a guess where the kernel does not show what is behind it.
func TestASilenceFromAfar(t *testing.T) {
	t.Parallel()
	process := &listener.Process{PID: 7, Descriptors: 3, Limit: 8}
	for name, c := range map[string]struct {
		poked  bool
		view   *listener.View
		likely bool
	}{
		"far away":                         {false, nil, true},
		"far away, and it hung up with us": {true, nil, false},
		"another user's process":           {false, &listener.View{Conn: listener.Conn{Known: true}}, true},
		"a process that we see":            {false, &listener.View{Conn: listener.Conn{Known: true}, Process: process}, false},
		"one that has accepted":            {false, &listener.View{Conn: listener.Conn{Known: true, Accepted: true}}, false},
	} {
		r := Report{Endpoint: "tcp://x:1", Poked: c.poked, Listener: c.view, Failure: &monitor.Event{Kind: monitor.HandshakeFailedNoDetail,
			Side: monitor.SideConnect, Who: monitor.ByTimer, Phase: monitor.InGreeting, Reason: monitor.ReasonHandshakeTimeout}}
		v := r.Verdict()
		if likely := len(v.Likely) == 1 && v.Likely[0].Reason == monitor.ReasonFDLimit; likely != c.likely || v.Class != Silent || v.Reason != monitor.ReasonHandshakeTimeout {
			t.Errorf("%s: %+v", name, v)
		}
	}
}

// Each reason that a probe can end with says where to change something, and how.
func TestEachVerdictHasASide(t *testing.T) {
	t.Parallel()
	for reason := range monitor.Reasons() {
		r := Report{Endpoint: "tcp://x:1", Failure: &monitor.Event{Kind: monitor.HandshakeFailedNoDetail, Side: monitor.SideConnect, Who: monitor.ByPeer, Phase: monitor.InMetadata, Reason: reason}}
		if v := r.Verdict(); !slices.Contains([]Side{Here, There, Either, Network}, v.Side) || v.Why == "" || v.Hint == "" || v.Class == Fine {
			t.Errorf("%s: %+v", reason, v)
		}
	}
}
