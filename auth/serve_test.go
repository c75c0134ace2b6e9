package auth

import (
	"context"
	"errors"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/internal/zap"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// handler is a Context with a ZAP handler, until the test ends.
func handler(t *testing.T, g *Guard) *zmq.Context {
	t.Helper()
	zctx := zmq.NewContext(zmq.ContextConfig{})
	rep := zmq.NewRep(zmq.Config{Context: zctx})
	if _, err := rep.Bind("inproc://zeromq.zap.01"); err != nil {
		t.Fatal(err)
	}
	served := make(chan error)
	go func() { served <- g.Serve(context.Background(), rep) }()
	t.Cleanup(func() {
		rep.Close()
		if err := <-served; !errors.Is(err, zmq.ErrClosed) {
			t.Errorf("Serve ended with %v", err)
		}
		zctx.Shutdown(zmq.NoWait)
	})
	return zctx
}

func TestServe(t *testing.T) {
	g := newGuard(t, Rules{Passwords: map[string]string{"ada": "horse"}, Otherwise: func(_ context.Context, r zmtp.AuthRequest) (zmtp.AuthReply, error) {
		if r.Mechanism == "NULL" {
			return zmtp.AuthReply{}, errors.New("whoever you are, no")
		}
		return zmtp.AuthReply{}, &zmtp.AuthError{Status: 300, Text: "starting"}
	}})
	req := zmq.NewReq(zmq.Config{Context: handler(t, g)})
	defer req.Close()
	if err := req.Connect("inproc://zeromq.zap.01"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for _, c := range []struct {
		ask  [][]byte
		want []string
	}{
		{zap.Request([]byte("1"), byPassword("ada", "horse")), []string{"1.0", "1", "200", "OK", "ada", ""}},
		{zap.Request([]byte("2"), byPassword("ada", "mare")), []string{"1.0", "2", "300", "starting", "", ""}},
		{zap.Request([]byte("3"), anybody), []string{"1.0", "3", "400", "whoever you are, no", "", ""}},
		{zap.Request(nil, byPassword("ada", "horse")), []string{"1.0", "", "200", "OK", "ada", ""}},
		{[][]byte{[]byte("hello")}, []string{"1.0", "", "500", "the request breaks RFC 27: 1 frames behind the delimiter, there must be 6 at least", "", ""}},
		{zap.Request([]byte("4"), byPassword("ada", "horse")), []string{"1.0", "4", "200", "OK", "ada", ""}},
	} {
		m, err := req.Do(ctx, c.ask...)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range m.All() {
			got = append(got, string(f))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q is answered with %q; want %q", c.ask, got, c.want)
		}
	}
}

func TestServeUntil(t *testing.T) {
	rep := zmq.NewRep(zmq.Config{})
	defer rep.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := newGuard(t, Rules{}).Serve(ctx, rep); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

// By a function or by ZAP, who comes in has his name on messages and what is known of him, and who does not is told in
// our events, with the key that you may want to add.
func TestSockets(t *testing.T) {
	server, client, stranger := curve.NewKeyPair(), curve.NewKeyPair(), curve.NewKeyPair()
	folder := t.TempDir()
	certificate(t, filepath.Join(folder, "ada.key"), client.Public, zmtp.Property{Name: "X-Team", Value: "engine"})
	g := newGuard(t, Rules{KeyFolder: folder, Allow: nets("127.0.0.0/8")})
	for name, cfg := range map[string]zmq.Config{
		"a function": {Context: zmq.DefaultContext(), Authenticate: g.Authenticate},
		"ZAP":        {Context: handler(t, g)},
	} {
		t.Run(name, func(t *testing.T) {
			cfg.Mechanism = curve.Server(server)
			pull := zmq.NewPull(cfg)
			defer pull.Close()
			story := zmqtest.Record(t, pull, monitor.Lifecycle)
			bound, err := pull.Bind("tcp://127.0.0.1:*")
			if err != nil {
				t.Fatal(err)
			}
			for _, pair := range []curve.KeyPair{stranger, client} {
				push := zmq.NewPush(zmq.Config{Mechanism: curve.Client(pair, server.Public)})
				defer push.Shutdown(zmq.NoWait)
				if err := errors.Join(push.Connect(bound), push.Send(t.Context(), []byte("hello"))); err != nil {
					t.Fatal(err)
				}
			}
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
			defer cancel()
			m, err := pull.Recv(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if p := m.Peer(); p.UserID != "ada" || p.Property("X-Team") != "engine" {
				t.Errorf("the message is %q's, of team %q", p.UserID, p.Property("X-Team"))
			}
			e := story.WaitFor(monitor.HandshakeFailedAuth, 1)
			no := (*zmtp.AuthError)(nil)
			if !errors.As(e.Err, &no) || no.Status != 400 || no.Text != "its key "+stranger.Public.String()+" is none that may come in" {
				t.Errorf("of the stranger we are told %v", e.Err)
			}
		})
	}
}

// A peer has an address over every network that has addresses, and not only where net.Conn is the system's: nobody gets
// past Deny by way of a hook.
func TestAddressOverHook(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		zctx := zmqtest.NewNetwork().Context(t)
		g := newGuard(t, Rules{Deny: nets("127.0.0.0/8"), Anonymous: true})
		pull := zmq.NewPull(zmq.Config{Context: zctx, Authenticate: g.Authenticate})
		defer pull.Close()
		story := zmqtest.Record(t, pull, monitor.Lifecycle)
		push := zmq.NewPush(zmq.Config{Context: zctx})
		defer push.Shutdown(zmq.NoWait)
		if _, err := pull.Bind("tcp://127.0.0.1:5555"); err != nil {
			t.Fatal(err)
		}
		if err := push.Connect("tcp://127.0.0.1:5555"); err != nil {
			t.Fatal(err)
		}
		if e := story.WaitFor(monitor.HandshakeFailedAuth, 1); e.Err == nil || e.Err.Error() != `400: its address "127.0.0.1" is none that may come in` {
			t.Errorf("we are told %v", e.Err)
		}
	})
}
