package zmtp

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

var (
	plainDealer = Metadata{{SocketType, "DEALER"}, {Identity, "alice"}}
	plainRouter = Metadata{{SocketType, "ROUTER"}}
)

// Client and server talk; the password goes to the authenticator and nowhere else, and each learns who the other is.
func TestPlainHandshake(t *testing.T) {
	m, s := PlainClient("admin", "secret"), PlainServer()
	if m.Name() != "PLAIN" || s.Name() != "PLAIN" || m.AsServer() || !s.AsServer() || m.Validate() != nil || s.Validate() != nil {
		t.Errorf("%q %v %v, %q %v %v", m.Name(), m.AsServer(), m.Validate(), s.Name(), s.AsServer(), s.Validate())
	}
	client, server := m.Begin(plainDealer), s.Begin(plainRouter)
	if first := next(t, server, Command{}); first.Send != nil || first.Done {
		t.Errorf("the server begins with %+v", first)
	}
	hello := next(t, client, Command{})
	if len(hello.Send) != 1 || hello.Send[0].Name != "HELLO" || string(hello.Send[0].Data) != "\x05admin\x06secret" {
		t.Fatalf("the client begins with %q", hello.Send)
	}
	asked := next(t, server, hello.Send[0])
	if asked.Send != nil || asked.Done || asked.Ask == nil || *asked.Ask != (AuthRequest{Mechanism: "PLAIN", Username: "admin", Password: "secret"}) {
		t.Fatalf("after HELLO: %+v; want it to ask, and to say nothing", asked)
	}
	welcome, err := server.Decide(AuthReply{UserID: "admin"}, nil)
	if err != nil || len(welcome.Send) != 1 || welcome.Send[0].Name != "WELCOME" || len(welcome.Send[0].Data) != 0 || welcome.Done {
		t.Fatalf("after a yes: %+v, %v", welcome, err)
	}
	initiate := next(t, client, welcome.Send[0])
	if len(initiate.Send) != 1 || initiate.Send[0].Name != "INITIATE" || initiate.Done {
		t.Fatalf("after WELCOME: %+v", initiate)
	}
	ready := next(t, server, initiate.Send[0])
	if len(ready.Send) != 1 || ready.Send[0].Name != "READY" || !ready.Done || ready.Codec != nil || !slices.Equal(ready.Remote, plainDealer) {
		t.Fatalf("after INITIATE: %+v", ready)
	}
	done := next(t, client, ready.Send[0])
	if done.Send != nil || !done.Done || done.Codec != nil || !slices.Equal(done.Remote, plainRouter) {
		t.Fatalf("after READY: %+v", done)
	}
}

// Any 255 bytes are a password, and none, too.
func TestPlainCredentials(t *testing.T) {
	long := strings.Repeat("\xff \x00ü", 51)
	for _, c := range [][2]string{{"", ""}, {"alice", ""}, {"", "secret"}, {"two words", "grüezi mitenand"}, {long, long}} {
		server := PlainServer().Begin(plainRouter)
		s := next(t, server, next(t, PlainClient(c[0], c[1]).Begin(plainDealer), Command{}).Send[0])
		if s.Ask == nil || s.Ask.Username != c[0] || s.Ask.Password != c[1] {
			t.Errorf("%q came out as %q and %q", c, s.Ask.Username, s.Ask.Password)
		}
	}
	for _, c := range [][2]string{{long + "!", "secret"}, {"alice", long + "!"}} {
		m := PlainClient(c[0], c[1])
		if err := m.Validate(); err == nil || strings.Contains(err.Error(), "ü") || !strings.Contains(err.Error(), "256") {
			t.Errorf("Validate: %v", err)
		}
		if s, err := m.Begin(plainDealer).Next(Command{}); err == nil || s.Send != nil {
			t.Errorf("it begins with %q, %v", s.Send, err)
		}
	}
}

// plainAt is a handshake that awaits this command.
func plainAt(t *testing.T, awaits string) Handshake {
	t.Helper()
	client, server := PlainClient("admin", "secret").Begin(plainDealer), PlainServer().Begin(plainRouter)
	hello := next(t, client, Command{})
	switch awaits {
	case "HELLO":
		return server
	case "WELCOME":
		return client
	case "READY":
		next(t, client, Command{Name: WELCOME})
		return client
	}
	next(t, server, hello.Send[0])
	if awaits == "INITIATE" {
		if _, err := server.Decide(AuthReply{}, nil); err != nil {
			t.Fatal(err)
		}
	}
	return server // else the authenticator's answer
}

func TestPlainRefusals(t *testing.T) {
	metadata := []byte(property(SocketType, "PULL"))
	for _, c := range []struct {
		awaits string
		in     Command
		want   Code
	}{
		{"HELLO", Command{HELLO, nil}, MalformedHello},
		{"HELLO", Command{HELLO, []byte("\x05admin")}, MalformedHello},
		{"HELLO", Command{HELLO, []byte("\x05admin\x07secret")}, MalformedHello},
		{"HELLO", Command{HELLO, []byte("\x05admin\x05secret")}, MalformedHello},
		{"HELLO", Command{HELLO, []byte("\x05admin\x06secret\x00")}, MalformedHello},
		{"HELLO", Command{HELLO, []byte("\xffadmin\x06secret")}, MalformedHello},
		{"HELLO", Command{INITIATE, metadata}, UnexpectedCommand}, // the way past the authenticator
		{"HELLO", Command{READY, metadata}, UnexpectedCommand},
		{"HELLO", Command{WELCOME, nil}, UnexpectedCommand},
		{"HELLO", Command{ERROR, []byte("\x03400")}, UnexpectedCommand},
		{"HELLO", Command{"hello", []byte("\x05admin\x06secret")}, UnexpectedCommand},
		{"INITIATE", Command{HELLO, []byte("\x05admin\x06secret")}, UnexpectedCommand},
		{"INITIATE", Command{READY, metadata}, UnexpectedCommand},
		{"INITIATE", Command{SUBSCRIBE, nil}, UnexpectedCommand},
		{"INITIATE", Command{INITIATE, []byte("\x0bSocket-Type")}, InvalidMetadata},
		{"INITIATE", Command{INITIATE, append(metadata, 0)}, InvalidMetadata},
		{"WELCOME", Command{WELCOME, []byte{0}}, MalformedWelcome},
		{"WELCOME", Command{READY, metadata}, UnexpectedCommand}, // a server that has not read the password
		{"WELCOME", Command{INITIATE, metadata}, UnexpectedCommand},
		{"WELCOME", Command{HELLO, []byte("\x05admin\x06secret")}, BothClients},
		{"WELCOME", Command{ERROR, nil}, MalformedError},
		{"READY", Command{WELCOME, nil}, UnexpectedCommand},
		{"READY", Command{READY, []byte("\x0bSocket-Type")}, InvalidMetadata},
		{"READY", Command{ERROR, []byte("\x04400")}, MalformedError},
	} {
		s, err := plainAt(t, c.awaits).Next(c.in)
		if err == nil || codeOf(t, err) != c.want || s.Done || s.Ask != nil || s.Send != nil || s.Remote != nil {
			t.Errorf("%s %q instead of %s: %+v, %v; want %v", c.in.Name, c.in.Data, c.awaits, s, err, c.want)
		}
		checkRefusal(t, err)
	}
	for _, awaits := range []string{"WELCOME", "READY"} { // "S:error" stands in the place of both
		s, err := plainAt(t, awaits).Next(Command{ERROR, []byte("\x03400")})
		if e := (*PeerError)(nil); !errors.As(err, &e) || e.Reason != "400" || s.Done {
			t.Errorf("ERROR instead of %s: %+v, %v; want a PeerError with 400", awaits, s, err)
		}
	}
}

// While the authenticator thinks nothing else happens, and nobody decides what was not asked.
func TestPlainWaitsForItsAnswer(t *testing.T) {
	server := plainAt(t, "")
	if s, err := server.Next(Command{INITIATE, nil}); err == nil || errors.As(err, new(*ProtocolError)) || s.Done || s.Send != nil {
		t.Errorf("INITIATE while the answer is awaited: %+v, %v", s, err)
	}
	for _, awaits := range []string{"HELLO", "INITIATE", "WELCOME", "READY"} {
		if s, err := plainAt(t, awaits).Decide(AuthReply{UserID: "root"}, nil); err == nil || s.Done || s.Send != nil {
			t.Errorf("a decision while %s is awaited: %+v, %v", awaits, s, err)
		}
	}
}

func TestPlainRefused(t *testing.T) {
	for _, c := range []struct {
		refused error
		want    string
	}{
		{&AuthError{400, "wrong password"}, "400"},
		{&AuthError{500, ""}, "500"},
		{&AuthError{300, ""}, ""},
		{errors.New("no"), "400"},
		{context.DeadlineExceeded, ""},
		{&ProtocolError{ZAPMalformedReply, ""}, ""},
	} {
		s, err := plainAt(t, "").Decide(AuthReply{UserID: "root"}, c.refused)
		if err != c.refused || s.Done || s.Remote != nil {
			t.Errorf("%v: %+v, %v", c.refused, s, err)
		}
		if said := len(s.Send) == 1; said != (c.want != "") {
			t.Errorf("%v: the client hears %q", c.refused, s.Send)
		} else if said && (s.Send[0].Name != ERROR || string(s.Send[0].Data) != "\x03"+c.want) {
			t.Errorf("%v: the client hears %q; want %s", c.refused, s.Send, c.want)
		}
	}
	for want, e := range map[string]*AuthError{"400": {}, "300: later": {300, "later"}, "400: no such user": {0, "no such user"}} {
		if e.Error() != want {
			t.Errorf("%q; want %q", e, want)
		}
	}
}

// However a password is printed, logged or marshalled, and whatever it is a part of, it does not come out.
func TestPasswordsStaySecret(t *testing.T) {
	const username, password = "ali{ce", "sec{ret"
	m := PlainClient(username, password)
	ask := AuthRequest{Domain: "global", Address: "127.0.0.1", Mechanism: "PLAIN", Username: username, Password: password, PublicKey: [32]byte{0xab, 0xcd}}
	type config struct{ Mechanism Mechanism }
	type hidden struct{ m Mechanism }
	for _, v := range []any{m, config{m}, &config{m}, hidden{m}, &hidden{m}, m.Begin(nil), ask, &ask, []AuthRequest{ask}, Step{Ask: &ask}} {
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x", "%X", "% x", "%o", "%b", "%c", "%U", "%t"} {
			fmt.Fprintf(&out, verb+"\n", v)
		}
		slog.New(slog.NewTextHandler(&out, nil)).Info("text", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("json", "v", v)
		text, _ := json.Marshal(v)
		out.Write(text)
		for _, secret := range []string{username, password} {
			for _, tell := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%X", secret), fmt.Sprintf("% x", secret), fmt.Sprint([]byte(secret)), fmt.Sprintf("%o", []byte(secret)), fmt.Sprintf("%b", []byte(secret))} {
				if tell = strings.Trim(tell, "[]"); strings.Contains(out.String(), tell) {
					t.Errorf("%T shows %s in:\n%s", v, tell, out.String())
				}
			}
		}
		if strings.Contains(out.String(), "abcd") || strings.Contains(out.String(), "171 205") {
			t.Errorf("%T shows the key in:\n%s", v, out.String())
		}
	}
	if s := fmt.Sprint(ask); s != `{PLAIN from "127.0.0.1" as "", domain "global", credentials [redacted]}` || ask.GoString() != s || ask.LogValue().String() != s {
		t.Error(s)
	}
}

// FuzzPlainServer is fed what follows the greeting; the authenticator says yes to the one password.
func FuzzPlainServer(f *testing.F) {
	hello := AppendCommand(nil, Command{HELLO, []byte("\x05admin\x06secret")})
	initiate := AppendCommand(nil, Command{INITIATE, []byte(property(SocketType, "PUSH"))})
	f.Add(append(hello, initiate...))
	f.Add(AppendCommand(nil, Command{HELLO, []byte("\x05admin\x05wrong")}))
	f.Add(initiate)
	f.Add(hello[:len(hello)-1])
	f.Fuzz(func(t *testing.T, in []byte) {
		known := false
		s, err := playFuzzed(t, PlainServer().Begin(Metadata{{SocketType, "PULL"}}), in, func(r *AuthRequest) error {
			if known = r.Username == "admin" && r.Password == "secret"; known {
				return nil
			}
			return &AuthError{Status: 400}
		})
		if s.Done && !known {
			t.Fatalf("%q is let in: %+v, %v", in, s, err)
		}
		if s.Done && (len(s.Send) != 1 || s.Send[0].Name != READY || s.Remote.Validate() != nil) {
			t.Fatalf("%q ends in %+v", in, s)
		}
	})
}

// FuzzPlainClient is fed what a server says.
func FuzzPlainClient(f *testing.F) {
	welcome := AppendCommand(nil, Command{WELCOME, nil})
	ready := AppendCommand(nil, Command{READY, []byte(property(SocketType, "PULL"))})
	f.Add(append(welcome, ready...))
	f.Add(AppendError(nil, "400"))
	f.Add(append(welcome, AppendError(nil, "400")...))
	f.Add(ready)
	f.Fuzz(func(t *testing.T, in []byte) {
		s, err := playFuzzed(t, PlainClient("admin", "secret").Begin(Metadata{{SocketType, "PUSH"}}), in, nil)
		welcome, ready := bytes.Index(in, []byte("\x07WELCOME")), bytes.LastIndex(in, []byte("\x05READY"))
		if s.Done && (err != nil || s.Send != nil || s.Remote.Validate() != nil || welcome < 0 || ready < welcome) {
			t.Fatalf("%q ends in %+v, %v", in, s, err)
		}
	})
}

// playFuzzed drives h with the frames of in until it is done, refuses, or there is nothing left.
func playFuzzed(t *testing.T, h Handshake, in []byte, ask func(*AuthRequest) error) (Step, error) {
	t.Helper()
	s, err := h.Next(Command{})
	for err == nil && !s.Done {
		if s.Ask != nil {
			refused := ask(s.Ask)
			if s, err = h.Decide(AuthReply{}, refused); refused != nil && (err != refused || s.Done) {
				t.Fatalf("%v, and yet %+v, %v", refused, s, err)
			}
			continue
		}
		head, n, bad := ParseHeader(in, MaxMetadata)
		if bad != nil || n == 0 || !head.Command || uint64(len(in)-n) < head.Size {
			break
		}
		c, bad := ParseCommand(in[n : n+int(head.Size)])
		if bad != nil {
			break
		}
		in = in[n+int(head.Size):]
		s, err = h.Next(c)
	}
	if !errors.As(err, new(*AuthError)) && !errors.As(err, new(*PeerError)) {
		checkRefusal(t, err)
	}
	return s, err
}
