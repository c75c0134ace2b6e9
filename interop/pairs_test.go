package interop

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/zmtp"
)

// many is how many short messages a pair of sockets exchanges in each direction.
const many = 300

// repertoire is the shapes of all that it exchanges: short ones, then the edges of the wire and of buffers.
var repertoire = slices.Concat(slices.Repeat([][]int{{7, 0, 300}}, many),
	[][]int{{0}, {1}, {255}, {256}, {8191}, {8192}, {65536}, {1 << 20}, {0, 0, 0}, {3, 1 << 20, 0, 5}, slices.Repeat([]int{40, 0}, 25)})

// pairs are the types that may talk to each other, with who says what.
var pairs = []struct {
	ours   zmq.Type
	theirs string
	talk   func(*testing.T, *ours, *socket)
}{
	{zmq.PUSH, "PULL", weTell},
	{zmq.PULL, "PUSH", theyTell},
	{zmq.PAIR, "PAIR", bothTell},
	{zmq.REQ, "REP", weAsk},
	{zmq.REQ, "ROUTER", weAsk}, // the envelope comes back to us because ROUTER leaves it where it is
	{zmq.REP, "REQ", theyAsk},
	{zmq.REP, "DEALER", theyAskInEnvelopes},
	{zmq.DEALER, "REP", weAskInEnvelopes},
	{zmq.DEALER, "DEALER", bothTell},
	{zmq.DEALER, "ROUTER", weAskAtOnce},
	{zmq.ROUTER, "REQ", weRouteAnswers},
	{zmq.ROUTER, "DEALER", weRouteBack},
	{zmq.ROUTER, "ROUTER", bothRoute},
	{zmq.PUB, "SUB", wePublish},
	{zmq.PUB, "XSUB", wePublish},
	{zmq.XPUB, "SUB", wePublish},
	{zmq.XPUB, "XSUB", wePublishAndHear},
	{zmq.SUB, "PUB", theyPublish},
	{zmq.SUB, "XPUB", theyPublishAndHear},
	{zmq.XSUB, "PUB", theyPublish},
	{zmq.XSUB, "XPUB", theyPublishAndHear},
}

// Every two types that may talk do, over every transport, whoever binds: hundreds of messages of every shape, each whole, in order, once.
func TestEveryPair(t *testing.T) {
	t.Logf("the peer is libzmq %s", needPeer(t).libzmq)
	p := startPeer(t)
	for _, pair := range pairs {
		t.Run(pair.ours.String()+" and their "+pair.theirs, func(t *testing.T) {
			for _, endpoint := range transports(t) {
				scheme, _, _ := strings.Cut(endpoint, ":")
				t.Run(scheme, func(t *testing.T) {
					bothWays(t, func(t *testing.T, weBind bool) {
						o, s := open(t, pair.ours, generous(pair.ours)), p.open(t, pair.theirs, theirGenerous)
						joinAt(t, o, s, endpoint, weBind)
						pair.talk(t, o, s)
						s.close(t)
					})
				})
			}
		})
	}
}

// No pair is forgotten, and none is there that RFC 37 forbids ("The Socket-Type Property").
func TestPairsAreAll(t *testing.T) {
	for ours := zmq.PAIR; ours <= zmq.XSUB; ours++ {
		for theirs := zmq.PAIR; theirs <= zmq.XSUB; theirs++ {
			listed := 0
			for _, pair := range pairs {
				if pair.ours == ours && pair.theirs == theirs.String() {
					listed++
				}
			}
			if may := zmtp.Compatible(ours.String(), theirs.String()); listed != 1 && may || listed != 0 && !may {
				t.Errorf("%v and %v: may talk: %v; listed %d times", ours, theirs, may, listed)
			}
		}
	}
}

// transports are endpoints to bind to, one of each transport that both engines have here.
func transports(t *testing.T) []string {
	if runtime.GOOS == "windows" {
		return []string{loopback} // libzmq has no ipc there
	}
	return []string{loopback, ipcEndpoint(t)}
}

// ipcEndpoint is one that nobody is bound to. The path of t.TempDir would be too long for a socket.
func ipcEndpoint(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "zmq")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return "ipc://" + filepath.Join(dir, "socket")
}

// Publishers drop what goes beyond their mark. Where everything must arrive there is none.
func generous(typ zmq.Type) (cfg zmq.Config) {
	switch typ {
	case zmq.PUB, zmq.XPUB, zmq.XSUB:
		cfg.SendHWM = zmq.Unlimited
	case zmq.ROUTER:
		cfg.SendHWM, cfg.RoutingID = zmq.Unlimited, "ours"
	}
	return cfg
}

var theirGenerous = options{"SNDHWM": 0, "ROUTING_ID": "theirs"}

func weTell(t *testing.T, o *ours, s *socket) {
	t.Helper()
	got := s.recv(t, len(repertoire))
	for i, sizes := range repertoire {
		o.send(t, message("from us", i, sizes))
	}
	same(t, "what they received", got.done(t).Messages, expectedShapes("from us", repertoire))
}

func theyTell(t *testing.T, o *ours, s *socket) {
	t.Helper()
	sent := s.sendShapes(t, "from them", repertoire)
	same(t, "what we received", o.take(t, len(repertoire)), expectedShapes("from them", repertoire))
	sent.done(t)
}

func bothTell(t *testing.T, o *ours, s *socket) {
	t.Helper()
	weTell(t, o, s)
	theyTell(t, o, s)
}

func weAsk(t *testing.T, o *ours, s *socket) {
	echo := s.echo(t, len(repertoire))
	var answers []string
	for i, sizes := range repertoire {
		o.send(t, message("question", i, sizes))
		answers = append(answers, o.take(t, 1)...)
	}
	echo.done(t)
	same(t, "the answers", answers, expectedShapes("question", repertoire))
}

// A DEALER waits for no answer. What a ROUTER of theirs makes of our messages begins with who we are, and brings the answers back.
func weAskAtOnce(t *testing.T, o *ours, s *socket) {
	t.Helper()
	askAtOnce(t, o, s, repertoire)
}

func askAtOnce(t *testing.T, o *ours, s *socket, shapes [][]int) {
	t.Helper()
	echo := s.echo(t, len(shapes))
	for i, sizes := range shapes {
		o.send(t, message("question", i, sizes))
	}
	same(t, "the answers", o.take(t, len(shapes)), expectedShapes("question", shapes))
	echo.done(t)
}

// envelopes are the frames up to the first empty one, which stand before a request (RFC 28).
var envelopes = [][]int{{0}, {5, 0}, {5, 255, 256, 1, 0}}

// enclosed are the shapes of the repertoire in an envelope.
func enclosed(envelope []int) (shapes [][]int) {
	for _, sizes := range repertoire {
		shapes = append(shapes, slices.Concat(envelope, sizes))
	}
	return shapes
}

// The REP does not see the envelope, and its answer comes back in it, frame for frame.
func weAskInEnvelopes(t *testing.T, o *ours, s *socket) {
	for _, envelope := range envelopes {
		askAtOnce(t, o, s, enclosed(envelope))
	}
}

// answer answers each request with itself and returns what the requests were.
func answer(t *testing.T, o *ours, count int) (requests []string) {
	for range count {
		frames := o.recv(t).AppendFrames(nil)
		requests = append(requests, printed(frames))
		o.send(t, frames)
	}
	return requests
}

func theyAsk(t *testing.T, o *ours, s *socket) {
	asked := s.converse(t, "question", repertoire)
	want := expectedShapes("question", repertoire)
	same(t, "the questions", answer(t, o, len(want)), want)
	same(t, "the answers", asked.done(t).Messages, want)
}

func theyAskInEnvelopes(t *testing.T, o *ours, s *socket) {
	for _, envelope := range envelopes {
		shapes := enclosed(envelope)
		s.sendShapes(t, "request", shapes) // all at once: DEALER waits for no answer
		answers := s.recv(t, len(shapes))
		requests := answer(t, o, len(shapes))
		var bodies []string
		for i, sizes := range shapes {
			bodies = append(bodies, printed(message("request", i, sizes)[len(envelope):]))
		}
		same(t, "the requests", requests, bodies)
		same(t, "the answers", answers.done(t).Messages, expectedShapes("request", shapes))
	}
}

// route answers each message of a ROUTER with itself and returns what came behind its head: who sent it, first of all.
func route(t *testing.T, o *ours, count int, head ...string) (bodies []string) {
	t.Helper()
	for range count {
		frames := o.recv(t).AppendFrames(nil)
		for i, want := range head {
			if i >= len(frames) || string(frames[i]) != want {
				t.Fatalf("frame %d of a message is not %q: %.200q", i, want, frames)
			}
		}
		bodies = append(bodies, printed(frames[len(head):]))
		o.send(t, frames)
	}
	return bodies
}

func weRouteAnswers(t *testing.T, o *ours, s *socket) {
	asked := s.converse(t, "question", repertoire)
	want := expectedShapes("question", repertoire)
	same(t, "the questions", route(t, o, len(want), "theirs", ""), want)
	same(t, "the answers", asked.done(t).Messages, want)
}

func weRouteBack(t *testing.T, o *ours, s *socket) {
	s.sendShapes(t, "request", repertoire)
	answers := s.recv(t, len(repertoire))
	want := expectedShapes("request", repertoire)
	same(t, "the requests", route(t, o, len(want), "theirs"), want)
	same(t, "the answers", answers.done(t).Messages, want)
}

// Two ROUTERs know each other by name, and each puts the other's before what it receives.
func bothRoute(t *testing.T, o *ours, s *socket) {
	echo := s.echo(t, len(repertoire))
	for i, sizes := range repertoire {
		o.send(t, append([][]byte{[]byte("theirs")}, message("routed", i, sizes)...))
	}
	for i, sizes := range repertoire {
		frames := o.recv(t).AppendFrames(nil)
		if string(frames[0]) != "theirs" || printed(frames[1:]) != printed(message("routed", i, sizes)) {
			t.Fatalf("message %d came back from %q as %s", i, frames[0], short(printed(frames[1:])))
		}
	}
	echo.done(t)
	o.put(t, "theirs", "who", "am I?")
	wantFrames(t, "what their ROUTER received", s.show(t), "ours", "who", "am I?")
}

// theyWant has them subscribe to everything, and waits until our publisher knows.
func theyWant(t *testing.T, o *ours, s *socket) {
	t.Helper()
	if s.typ == "XSUB" {
		s.put(t, "\x01")
	} else {
		s.subscribe(t, "")
	}
	o.ready(t, 1)
}

func wePublish(t *testing.T, o *ours, s *socket) {
	theyWant(t, o, s)
	if o.Type() == zmq.XPUB {
		wantFrames(t, "what our XPUB received", o.show(t), "\x01")
	}
	weTell(t, o, s)
}

// An XSUB may also talk to its publishers, and an XPUB hears it.
func wePublishAndHear(t *testing.T, o *ours, s *socket) {
	wePublish(t, o, s)
	theyTell(t, o, s)
}

// weWant has us subscribe to everything, and waits until their publisher knows: a PUB cannot say so, and calls until we have heard.
func weWant(t *testing.T, o *ours, s *socket) {
	t.Helper()
	o.subscribe(t, "")
	if s.typ == "XPUB" {
		wantFrames(t, "what their XPUB received", s.show(t), "\x01")
	} else {
		heard(t, o, s, "hello")
	}
}

// heard lets their publisher call until we hear it, and takes all it called.
func heard(t *testing.T, o *ours, s *socket, tag string) {
	t.Helper()
	calling := s.tell(t, "call", args{"tag": tag})
	m := readSequel(o.recv(t).AppendFrames(nil))
	s.stop(t)
	called := calling.done(t).Count
	for n := m.N; ; n++ {
		if m != (taken{Tag: tag, N: n}) {
			t.Fatalf("call %d is %+v", n, m)
		}
		if n == called-1 {
			return
		}
		m = readSequel(o.recv(t).AppendFrames(nil))
	}
}

func theyPublish(t *testing.T, o *ours, s *socket) {
	weWant(t, o, s)
	theyTell(t, o, s)
}

func theyPublishAndHear(t *testing.T, o *ours, s *socket) {
	theyPublish(t, o, s)
	if o.Type() == zmq.XSUB {
		weTell(t, o, s)
	}
}

// A ROUTER knows our REQ by the routing id that we chose, and sees the delimiter between it and the question.
func TestOurRoutingIDAtTheirRouter(t *testing.T) {
	p := startPeer(t)
	bothWays(t, func(t *testing.T, weBind bool) {
		o, s := open(t, zmq.REQ, zmq.Config{RoutingID: "desk 4"}), p.open(t, "ROUTER", nil)
		join(t, o, s, weBind)
		o.send(t, [][]byte{[]byte("how"), nil, []byte("now?")})
		wantFrames(t, "what ROUTER received", s.show(t), "desk 4", "", "how", "", "now?")
	})
}

// A request that has no delimiter is no request: it is passed over, and the next one is answered (RFC 28).
func TestTheirDealerForgetsTheDelimiter(t *testing.T) {
	p := startPeer(t)
	o, s := open(t, zmq.REP, zmq.Config{}), p.open(t, "DEALER", nil)
	join(t, o, s, true)
	s.send(t, 1, "malformed", 5, 5)
	s.send(t, 1, "malformed", 5, 5, 0) // a delimiter, and nothing behind it
	s.send(t, 1, "request", 0, 20)
	answers := s.recv(t, 1)
	same(t, "the requests", answer(t, o, 1), []string{printed(message("request", 0, []int{0, 20})[1:])})
	same(t, "the answers", answers.done(t).Messages, expected(1, "request", 0, 20))
	o.none(t, ends)
}
