package interop

import (
	"slices"
	"testing"

	"github.com/glassmq/zmq"
)

const thousand = 1000

// Every two types that may talk do, whoever binds: a thousand messages, each whole, in order, once.
func TestEveryPair(t *testing.T) {
	t.Logf("the peer is libzmq %s", needPeer(t).libzmq)
	p := startPeer(t)
	for _, pair := range []struct {
		ours   zmq.Type
		theirs string
		talk   func(*testing.T, *ours, *socket)
	}{
		{zmq.PUSH, "PULL", weTell},
		{zmq.PULL, "PUSH", theyTell},
		{zmq.PAIR, "PAIR", func(t *testing.T, o *ours, s *socket) { weTell(t, o, s); theyTell(t, o, s) }},
		{zmq.REQ, "REP", weAsk},
		{zmq.REQ, "ROUTER", weAsk}, // the envelope comes back to us because ROUTER leaves it where it is
		{zmq.REP, "REQ", theyAsk},
		{zmq.REP, "DEALER", theyAskInEnvelopes},
	} {
		t.Run(pair.ours.String()+" and their "+pair.theirs, func(t *testing.T) {
			bothWays(t, func(t *testing.T, weBind bool) {
				o, s := open(t, pair.ours, zmq.Config{}), p.open(t, pair.theirs, nil)
				join(t, o, s, weBind)
				pair.talk(t, o, s)
				s.close(t)
			})
		})
	}
}

func weTell(t *testing.T, o *ours, s *socket) {
	got := s.recv(t, thousand)
	for i := range thousand {
		o.send(t, message("from us", i, []int{7, 0, 300}))
	}
	same(t, "what they received", got.done(t).Messages, expected(thousand, "from us", 7, 0, 300))
}

func theyTell(t *testing.T, o *ours, s *socket) {
	sent := s.send(t, thousand, "from them", 7, 0, 300)
	same(t, "what we received", o.take(t, thousand), expected(thousand, "from them", 7, 0, 300))
	sent.done(t)
}

func weAsk(t *testing.T, o *ours, s *socket) {
	echo := s.echo(t, thousand)
	var answers []string
	for i := range thousand {
		o.send(t, message("question", i, []int{20, 0, 30}))
		answers = append(answers, o.take(t, 1)...)
	}
	echo.done(t)
	same(t, "the answers", answers, expected(thousand, "question", 20, 0, 30))
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
	asked := s.tell(t, "converse", args{"count": thousand, "tag": "question", "sizes": []int{20, 0, 30}})
	want := expected(thousand, "question", 20, 0, 30)
	same(t, "the questions", answer(t, o, thousand), want)
	same(t, "the answers", asked.done(t).Messages, want)
}

// An envelope is every frame up to the first empty one (RFC 28). The program behind REP does not see it, and the answer
// goes back in it, frame for frame.
func theyAskInEnvelopes(t *testing.T, o *ours, s *socket) {
	for _, envelope := range [][]int{{0}, {5, 0}, {5, 255, 256, 1, 0}} {
		whole := append(slices.Clone(envelope), 20, 0, 30)
		s.send(t, thousand, "request", whole...) // all at once: DEALER waits for no answer
		answers := s.recv(t, thousand)
		requests := answer(t, o, thousand)
		var bodies []string
		for i := range thousand {
			bodies = append(bodies, printed(message("request", i, whole)[len(envelope):]))
		}
		same(t, "the requests", requests, bodies)
		same(t, "the answers", answers.done(t).Messages, expected(thousand, "request", whole...))
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
