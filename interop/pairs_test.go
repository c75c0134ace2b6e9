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
