package zmtp

import (
	"slices"
	"testing"
)

// next drives h by one command and fails on an error.
func next(t *testing.T, h Handshake, in Command) Step {
	t.Helper()
	s, err := h.Next(in)
	if err != nil {
		t.Fatalf("%s: %v", in.Name, err)
	}
	return s
}

// Two NULL peers: each says READY unasked, hears the other's, and is done.
func TestNullHandshake(t *testing.T) {
	m := Null()
	if m.Name() != "NULL" || m.AsServer() {
		t.Errorf("%q, as-server %v; want NULL and 0", m.Name(), m.AsServer())
	}
	dealer := Metadata{{SocketType, "DEALER"}, {Identity, "alice"}}
	router := Metadata{{SocketType, "ROUTER"}}
	d, r := m.Begin(dealer), m.Begin(router)
	hello, answer := next(t, d, Command{}), next(t, r, Command{})
	for who, s := range map[string]Step{"dealer": hello, "router": answer} {
		if len(s.Send) != 1 || s.Send[0].Name != READY || s.Done || s.Ask != nil {
			t.Fatalf("%s begins with %+v; want one READY", who, s)
		}
	}
	for _, c := range []struct {
		h    Handshake
		in   Command
		want Metadata
	}{{d, answer.Send[0], router}, {r, hello.Send[0], dealer}} {
		s := next(t, c.h, c.in)
		if !s.Done || s.Codec != nil || len(s.Send) != 0 || s.Ask != nil || !slices.Equal(s.Remote, c.want) {
			t.Errorf("after READY: %+v; want it done, in the clear, with %q", s, c.want)
		}
	}
}

// The real libzmq's side of it is in testdata/vectors.txt; this is what it says
// to a peer whose address its authenticator denies.
func TestNullHandshakeRefusedByPeer(t *testing.T) {
	frame := unhex(t, "040a 054552524f52 03343030")
	in, err := ParseCommand(frame[2:])
	if err != nil {
		t.Fatal(err)
	}
	h := Null().Begin(Metadata{{SocketType, "PUSH"}})
	next(t, h, Command{})
	s, err := h.Next(in)
	if e, ok := err.(*PeerError); !ok || e.Reason != "400" || s.Done {
		t.Errorf("%+v, %v; want a PeerError with 400", s, err)
	}
}

func TestNullHandshakeRefusals(t *testing.T) {
	for _, c := range []struct {
		in   Command
		want Code
	}{
		{Command{"HELLO", nil}, UnexpectedCommand},
		{Command{"READYY", nil}, UnexpectedCommand},
		{Command{"ready", nil}, UnexpectedCommand},
		{Command{SUBSCRIBE, []byte("topic")}, UnexpectedCommand},
		{Command{PING, []byte{0, 0}}, UnexpectedCommand},
		{Command{ERROR, nil}, MalformedError},
		{Command{ERROR, []byte("\x09400")}, MalformedError},
		{Command{READY, []byte("\x0bSocket-Type")}, InvalidMetadata},
		{Command{READY, []byte(property("", ""))}, InvalidMetadata},
		{Command{READY, []byte(property(SocketType, "PUSH") + property("SOCKET-TYPE", "PULL"))}, InvalidMetadata},
	} {
		h := Null().Begin(Metadata{{SocketType, "PULL"}})
		next(t, h, Command{})
		s, err := h.Next(c.in)
		if err == nil || codeOf(t, err) != c.want || s.Done || s.Remote != nil {
			t.Errorf("%s %q: %+v, %v; want %v", c.in.Name, c.in.Data, s, err, c.want)
		}
	}
}

func TestNullAsksNobody(t *testing.T) {
	if s, err := Null().Begin(nil).Decide(AuthReply{UserID: "root"}, nil); err == nil || s.Done {
		t.Errorf("%+v, %v; a decision that nobody asked for lets a peer in", s, err)
	}
}
