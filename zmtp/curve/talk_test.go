package curve

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/glassmq/zmq/zmtp"
)

// The keys that zmq_curve(7) has for tests, client and server.
var (
	alice = mustPair("Yne@$w-vo<fVvi]a<NY6T1ed:M$fCG*[IaLV{hID", "D:)Q[IlAW!ahhC2ac:9*A}h:p?([4%wOTJ%JR%cs")
	bob   = mustPair("rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7", "JTKVSB%%)wK0E.X)V>+}o?pNmC{O&4W4b!Ni{Lh6")
)

var (
	dealer = zmtp.Metadata{{Name: zmtp.SocketType, Value: "DEALER"}, {Name: zmtp.Identity, Value: "alice"}}
	router = zmtp.Metadata{{Name: zmtp.SocketType, Value: "ROUTER"}}
)

func mustPair(public, secret string) KeyPair {
	pair, err := ParseKeyPair(public, secret)
	if err != nil {
		panic(err)
	}
	return pair
}

// seeded is randomness that is the same in every run.
func seeded(seed byte) func([]byte) {
	source := rand.NewChaCha8([32]byte{seed})
	return func(b []byte) { source.Read(b) }
}

// A clock stands until it is set.
type clock struct{ time time.Time }

func (c *clock) now() time.Time { return c.time }

func newClock() *clock { return &clock{time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)} }

// A talk is a handshake between our two roles, step by step.
type talk struct {
	t      testing.TB
	client *clientHandshake
	server *serverHandshake
	time   *clock
	asked  *zmtp.AuthRequest
}

// newTalk has the same randomness each time, so the same bytes.
func newTalk(t testing.TB) *talk {
	k := &talk{t: t, time: newClock()}
	server := newServer(bob, k.time.now, seeded(2))
	k.client = newClient(alice, bob.Public, seeded(1)).Begin(dealer).(*clientHandshake)
	k.server = server.Begin(router).(*serverHandshake)
	return k
}

// said is the one command that a Step sends.
func said(t testing.TB, s zmtp.Step, err error) zmtp.Command {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Send) != 1 {
		t.Fatalf("%d commands instead of one", len(s.Send))
	}
	return s.Send[0]
}

func (k *talk) hello() zmtp.Command {
	k.t.Helper()
	s, err := k.client.Next(zmtp.Command{})
	return said(k.t, s, err)
}

func (k *talk) welcome() zmtp.Command {
	k.t.Helper()
	s, err := k.server.Next(k.hello())
	return said(k.t, s, err)
}

func (k *talk) initiate() zmtp.Command {
	k.t.Helper()
	s, err := k.client.Next(k.welcome())
	return said(k.t, s, err)
}

// accepted is the server's Step after its authenticator has said yes.
func (k *talk) accepted() zmtp.Step {
	k.t.Helper()
	s, err := k.server.Next(k.initiate())
	if err != nil || s.Ask == nil || s.Done {
		k.t.Fatalf("INITIATE: %+v, %v; want it to ask", s, err)
	}
	k.asked = s.Ask
	s, err = k.server.Decide(zmtp.AuthReply{UserID: "alice"}, nil)
	if err != nil || !s.Done || s.Codec == nil {
		k.t.Fatalf("after a yes: %+v, %v; want it done", s, err)
	}
	return s
}

// codecs are both ends' when all is said.
func (k *talk) codecs() (client, server *codec) {
	k.t.Helper()
	theirs := k.accepted()
	ours, err := k.client.Next(said(k.t, theirs, nil))
	if err != nil || !ours.Done || ours.Codec == nil {
		k.t.Fatalf("READY: %+v, %v; want it done", ours, err)
	}
	return ours.Codec.(*codec), theirs.Codec.(*codec)
}

// whole is c as it goes over the wire, without the frame's header.
func whole(c zmtp.Command) []byte {
	return slices.Concat([]byte{byte(len(c.Name))}, []byte(c.Name), c.Data)
}

// mustRefuse holds a refusal against what every one of them has to be.
func mustRefuse(t testing.TB, s zmtp.Step, err error, want zmtp.Code) {
	t.Helper()
	e, ok := err.(*zmtp.ProtocolError)
	if !ok {
		t.Fatalf("%+v, %v (%T); want the refusal %v", s, err, err, want)
	}
	if e.Code != want {
		t.Fatalf("refused with %v, want %v", e, want)
	}
	if s.Done || s.Ask != nil || s.Send != nil || s.Codec != nil || s.Remote != nil {
		t.Fatalf("refused with %v, and yet %+v", e, s)
	}
	checkText(t, e.Detail)
}

// checkText: what goes into events is one short line of plain text, and no key's.
func checkText(t testing.TB, s string) {
	t.Helper()
	if s == "" || len(s) > 250 || strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' }) {
		t.Fatalf("not a short line of printable text: %q", s)
	}
}

// changed is data with one byte replaced.
func changed(data []byte, at int, to byte) []byte {
	data = bytes.Clone(data)
	data[at] = to
	return data
}
