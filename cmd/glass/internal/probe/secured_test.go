package probe

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/auth"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// The servers of these tests let in ann with her password, and one key.
var (
	known, stranger = curve.NewKeyPair(), curve.NewKeyPair()
	ann, annGuesses = zmtp.PlainClient("ann", "secret"), zmtp.PlainClient("ann", "guess")
)

func as(m zmtp.Mechanism) func(*Options) { return func(o *Options) { o.Mechanism = m } }

// guarded is the Config of a socket with one of the three mechanisms.
func guarded(t *testing.T, mechanism string, own curve.KeyPair) zmq.Config {
	t.Helper()
	guard, err := auth.New(auth.Rules{Passwords: map[string]string{"ann": "secret"}, Keys: map[curve.PublicKey]string{known.Public: "ann"}})
	if err != nil {
		t.Fatal(err)
	}
	switch mechanism {
	case "PLAIN":
		return zmq.Config{Mechanism: zmtp.PlainServer(), Authenticate: guard.Authenticate}
	case "CURVE":
		return zmq.Config{Mechanism: curve.Server(own), Authenticate: guard.Authenticate}
	}
	return zmq.Config{}
}

func TestEveryTypeIsNamedToWhoIsLetIn(t *testing.T) {
	t.Parallel()
	own := curve.NewKeyPair()
	for mechanism, m := range map[string]zmtp.Mechanism{"PLAIN": ann, "CURVE": curve.Client(known, own.Public)} {
		for _, typ := range types {
			t.Run(mechanism+" "+typ.String(), func(t *testing.T) {
				t.Parallel()
				s, places := bound(t, typ, guarded(t, mechanism, own))
				for _, at := range places {
					r := run(t, at, as(m))
					if r.Failure != nil || r.Type != typ.String() || r.Mechanism != mechanism || r.Version() != "3.1" {
						t.Fatalf("%s: %+v, %v", at, r, r.Failure)
					}
					if (r.RTT > 0) != (mates[typ.String()] != "") {
						t.Errorf("%s: a PING took %v", at, r.RTT)
					}
				}
				untouched(t, s)
			})
		}
	}
}

// A refusal is one of these, whatever stands behind the port.
type refused struct {
	name      string
	server    string // its mechanism
	as        func(server curve.PublicKey) zmtp.Mechanism
	phase     monitor.Phase
	who       monitor.Who
	reason    monitor.Reason
	mechanism string // the report's
}

var refusals = []refused{
	{"another server's key", "CURVE", func(curve.PublicKey) zmtp.Mechanism { return curve.Client(known, stranger.Public) },
		monitor.InMechanism, monitor.ByPeer, monitor.ReasonWrongServerKey, "CURVE"},
	{"a key that nobody knows", "CURVE", func(k curve.PublicKey) zmtp.Mechanism { return curve.Client(stranger, k) },
		monitor.InMetadata, monitor.ByPeer, monitor.ReasonAuthDenied, "CURVE"},
	{"a wrong password", "PLAIN", func(curve.PublicKey) zmtp.Mechanism { return annGuesses },
		monitor.InMechanism, monitor.ByPeer, monitor.ReasonAuthDenied, "PLAIN"},
	{"NULL against CURVE", "CURVE", func(curve.PublicKey) zmtp.Mechanism { return nil },
		monitor.InMechanism, monitor.ByLocal, monitor.ReasonMechanismMismatch, "CURVE"},
	{"NULL against PLAIN", "PLAIN", func(curve.PublicKey) zmtp.Mechanism { return nil },
		monitor.InMechanism, monitor.ByLocal, monitor.ReasonMechanismMismatch, "PLAIN"},
	{"CURVE against NULL", "NULL", func(k curve.PublicKey) zmtp.Mechanism { return curve.Client(known, k) },
		monitor.InMechanism, monitor.ByLocal, monitor.ReasonMechanismMismatch, "NULL"},
	{"PLAIN against NULL", "NULL", func(curve.PublicKey) zmtp.Mechanism { return ann },
		monitor.InMechanism, monitor.ByLocal, monitor.ReasonMechanismMismatch, "NULL"},
	{"PLAIN against CURVE", "CURVE", func(curve.PublicKey) zmtp.Mechanism { return ann },
		monitor.InMechanism, monitor.ByLocal, monitor.ReasonMechanismMismatch, "CURVE"},
	{"CURVE against PLAIN", "PLAIN", func(k curve.PublicKey) zmtp.Mechanism { return curve.Client(known, k) },
		monitor.InMechanism, monitor.ByLocal, monitor.ReasonMechanismMismatch, "PLAIN"},
}

// check probes a server, once: a refusal for good is no reason to come again as something else.
func (c *refused) check(t *testing.T, at string, key curve.PublicKey) {
	t.Helper()
	r := run(t, at, as(c.as(key)))
	e := r.Failure
	if e == nil {
		t.Fatalf("%s: it did not fail: %+v", c.name, r)
	}
	if e.Phase != c.phase || e.Who != c.who || e.Reason != c.reason || r.Mechanism != c.mechanism || e.Why() == "" || e.Hint() == "" {
		t.Errorf("%s: %s by %s: %s with %s, %q, %q; want %s by %s: %s", c.name, e.Phase, e.Who, e.Reason, r.Mechanism, e.Why(), e.Hint(), c.phase, c.who, c.reason)
	}
	if r.Connections != 1 {
		t.Errorf("%s: %d connections", c.name, r.Connections)
	}
}

func TestWhoIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range refusals {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			own := curve.NewKeyPair()
			s, places := bound(t, zmq.REP, guarded(t, c.server, own))
			for _, at := range places {
				c.check(t, at, own.Public)
			}
			untouched(t, s)
		})
	}
}

// Two clients wait for nobody: whoever hears the other's HELLO says so.
func TestBothAreClients(t *testing.T) {
	t.Parallel()
	other := curve.NewKeyPair()
	_, places := bound(t, zmq.REP, zmq.Config{Mechanism: curve.Client(known, other.Public)})
	r := run(t, places[0], as(curve.Client(stranger, other.Public)))
	if r.Failure == nil || r.Failure.Reason != monitor.ReasonBothSidesClient {
		t.Errorf("%+v, %v", r, r.Failure)
	}
}

// A password is for this machine. What counts is the address, not the name, and the peer hears nothing of it.
func TestNoPasswordLeavesTheMachine(t *testing.T) {
	t.Parallel()
	p := probing{Options: Options{Mechanism: ann}, w: &wire{nc: faraway{}}}
	err := p.present("REQ")
	if err == nil || !strings.Contains(err.Error(), "192.0.2.1") {
		t.Fatalf("presented to another machine: %v", err)
	}
	p.fail(monitor.InMechanism, err)
	if e := p.report.Failure; e.Reason != monitor.ReasonClearText || e.Who != monitor.ByLocal {
		t.Errorf("%v by %v: %s", e.Reason, e.Who, e.Why())
	}
}

// A PING and its PONG are sealed as everything else; messages that come between them are passed over, the long ones unopened.
func TestASealedPongAmidTraffic(t *testing.T) {
	t.Parallel()
	for _, size := range []int{1, 400, 100_000} {
		own := curve.NewKeyPair()
		cfg := guarded(t, "CURVE", own)
		cfg.HelloMessage = make([]byte, size) // goes to each peer before all else
		_, places := bound(t, zmq.ROUTER, cfg)
		if r := run(t, places[0], as(curve.Client(known, own.Public))); r.Failure != nil || r.RTT == 0 {
			t.Errorf("%d bytes: %+v, %v", size, r, r.Failure)
		}
	}
}

// guardedLibzmq are sockets of libzmq, by mechanism and type, and their public key.
func guardedLibzmq(t *testing.T) (places map[string]map[string]string, key curve.PublicKey) {
	t.Helper()
	folder := t.TempDir()
	if err := (curve.Certificate{KeyPair: known}).WriteFiles(filepath.Join(folder, "ann.key")); err != nil {
		t.Fatal(err)
	}
	_, stdout := startPeers(t, "testdata/guarded.py", folder)
	var told struct {
		Places map[string]map[string]string
		Key    curve.PublicKey
	}
	if err := json.NewDecoder(stdout).Decode(&told); err != nil {
		t.Fatal(err)
	}
	return told.Places, told.Key
}

func TestLibzmqLetsUsIn(t *testing.T) {
	t.Parallel()
	places, key := guardedLibzmq(t)
	for mechanism, m := range map[string]zmtp.Mechanism{"PLAIN": ann, "CURVE": curve.Client(known, key)} {
		for typ, at := range places[mechanism] {
			r := run(t, at, as(m))
			if mates[typ] == "" { // it hangs up on all that we say we are, and does not say what it is
				last := r.Steps[len(r.Steps)-1]
				if r.Failure == nil || r.Failure.Reason != monitor.ReasonEOFInHandshake || r.Connections != len(claims) || !strings.Contains(last.Detail, "as a PUSH, DEALER, REQ or PAIR does") {
					t.Errorf("%s %s: %+v, %v", mechanism, typ, r, r.Failure)
				}
				continue
			}
			if r.Failure != nil || r.Type != typ || r.Mechanism != mechanism || r.RTT == 0 {
				t.Errorf("%s %s: %+v, %v", mechanism, typ, r, r.Failure)
			}
			if steps := r.stepNames(); !slices.Equal(steps, []string{"connect", "greeting", "mechanism", "metadata", "ping"}) {
				t.Errorf("%s %s: the steps are %v", mechanism, typ, steps)
			}
		}
	}
}

func TestLibzmqRefusesUs(t *testing.T) {
	t.Parallel()
	places, key := guardedLibzmq(t)
	for _, c := range refusals {
		c.check(t, places[c.server]["REP"], key)
	}
}
