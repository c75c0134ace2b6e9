package interop

import (
	"slices"
	"testing"

	"github.com/glassmq/zmq"
)

// Who says what between two sockets of types that may talk: the repertoire, in each direction that there is.

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
