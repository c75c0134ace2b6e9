package interop

import (
	"context"
	"net/netip"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/auth"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// ourHandler decides for the sockets of libzmq in p: what they ask at inproc://zeromq.zap.01 is passed on to a REP of ours
// (RFC 27, "Proxy Handlers"). It returns what Otherwise is asked.
func ourHandler(t *testing.T, p *process) (others <-chan zmtp.AuthRequest) {
	t.Helper()
	asked := make(chan zmtp.AuthRequest, 10)
	guard, err := auth.New(auth.Rules{
		Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")},
		Domains: map[string]auth.Rules{
			"global": {Passwords: map[string]string{"admin": "secret"}, Keys: map[curve.PublicKey]string{ourPair.Public: "ours"}},
			"local":  {Anonymous: true},
			"no one": {Deny: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}, Anonymous: true},
			"ailing": {Otherwise: func(_ context.Context, r zmtp.AuthRequest) (zmtp.AuthReply, error) {
				asked <- r
				return zmtp.AuthReply{}, &zmtp.AuthError{Status: 500, Text: "no database"}
			}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	rep := zmq.NewRep(zmq.Config{})
	passQuestions(t, p, rep)
	served := make(chan error)
	go func() { served <- guard.Serve(context.Background(), rep) }()
	t.Cleanup(func() {
		rep.Shutdown(zmq.NoWait)
		if err := <-served; err == nil {
			t.Error("Serve has ended without an error")
		}
	})
	return asked
}

// passQuestions has p pass its questions on to a socket of ours.
func passQuestions(t *testing.T, p *process, to zmq.Socket) {
	t.Helper()
	l := p.tell(t, "", "proxy", args{
		"front": args{"type": "ROUTER", "endpoint": "inproc://zeromq.zap.01", "options": options{}},
		"back":  args{"type": "DEALER", "endpoint": loopback, "options": options{}},
	}).done(t)
	if err := to.Connect(l.Endpoints[1]); err != nil {
		t.Fatal(err)
	}
}

// What libzmq asks a ZAP handler auth understands, and the other way round: each mechanism, each verdict.
func TestWeDecideForThem(t *testing.T) {
	p := startPeer(t)
	others := ourHandler(t, p)
	plain, sealed, null := options{"PLAIN_SERVER": 1}, options{"CURVE_SERVER": 1, "CURVE_SECRETKEY": theirPair.Secret.Z85()}, options{}
	for _, c := range []struct {
		name    string
		theirs  options
		domain  string
		ours    zmtp.Mechanism
		refused uint64 // the status; 0: let in
	}{
		{"a password", plain, "global", zmtp.PlainClient("admin", "secret"), 0},
		{"a wrong password", plain, "global", zmtp.PlainClient("admin", "Secret"), 400},
		{"a password for another domain", plain, "local", zmtp.PlainClient("admin", "secret"), 400},
		{"a key", sealed, "global", curve.Client(ourPair, theirPair.Public), 0},
		{"an unknown key", sealed, "global", curve.Client(curve.NewKeyPair(), theirPair.Public), 400},
		{"an address", null, "local", nil, 0},
		{"an address that may not come in", null, "no one", nil, 400},
		{"nobody can say, PLAIN", plain, "ailing", zmtp.PlainClient("admin", "secret"), 500},
		{"nobody can say, CURVE", sealed, "ailing", curve.Client(ourPair, theirPair.Public), 500},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := options{"ZAP_DOMAIN": c.domain}
			for k, v := range c.theirs {
				o[k] = v
			}
			theirs := p.open(t, "DEALER", o)
			ours := open(t, zmq.DEALER, zmq.Config{Mechanism: c.ours, RoutingID: "ours", ReconnectMin: zmq.Off})
			ours.connect(t, theirs.bind(t, loopback))
			if c.refused == 0 {
				theirs.ready(t, 1)
				ours.put(t, "hello")
				wantFrames(t, "what libzmq received", theirs.show(t), "hello")
				return
			}
			if h := theirs.await(t, monitor.HandshakeFailedAuth); h.Value != c.refused {
				t.Errorf("they say %v; want %d", h, c.refused)
			}
			if c.domain == "ailing" {
				checkAsked(t, <-others)
			}
		})
	}
}

// checkAsked: nothing of what libzmq knows of a peer is lost on the way.
func checkAsked(t *testing.T, r zmtp.AuthRequest) {
	t.Helper()
	want := zmtp.AuthRequest{Domain: "ailing", Address: "127.0.0.1", RoutingID: r.RoutingID, Mechanism: r.Mechanism}
	switch r.Mechanism {
	case "PLAIN":
		want.Username, want.Password = "admin", "secret"
	case "CURVE":
		want.PublicKey = ourPair.Public
	}
	if r != want || r.RoutingID != "" && r.RoutingID != "ours" {
		t.Errorf("libzmq asks about %#v", r)
	}
}
