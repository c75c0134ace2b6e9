package zmq_test

import (
	"fmt"
	"iter"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// R15: a message is delivered only if whoever decides has said 200, or the user AllowAny, and only from a peer of version
// 3.0 or later. One cell is a mechanism, a way in which the question can go out, and a version:
//
//	refusal_decisions_test.go   the ways, and how each ends
//	refusal_held_test.go        what happened, held against that
//	refusal_visitor_test.go     the peer, which is raw bytes and knows what it would have to say to get in
//
// Each cell holds the connection's whole story, what the visitor was told, and how often somebody was asked against the
// table. Then a good client comes to the same endpoint and is served. The cell ends in a bubble and a network that notice
// whatever is left.
//
// The full form has, besides, peers that wait for no answer or send a byte at a time, handlers that are ROUTERs, our side
// as the one that dials, five types of it, and all cells twice over the system's TCP.
func TestR15Refusals(t *testing.T) {
	var cells, delivered atomic.Int64
	t.Cleanup(func() { t.Logf("%d cells, a message delivered in %d of them", cells.Load(), delivered.Load()) })
	for c := range rows(ways(*full)) {
		t.Run(c.String(), func(t *testing.T) {
			if c.overTCP {
				t.Parallel() // they mostly wait
			}
			newField(t, !c.overTCP, func(t *testing.T, f *field) {
				if !c.overTCP {
					f.endpoint = "tcp://127.0.0.1:1" // on this machine alone, as PLAIN wants it
				}
				c.t, c.field = t, f
				cells.Add(1)
				delivered.Add(c.run())
			})
		})
	}
}

// A way is how a row of the table is tried.
type way struct {
	overTCP bool // the system's, instead of a network in memory
	manner  string
	handler zmq.Type
	side    string
	typ     zmq.Type
}

func ways(full bool) (all []way) {
	if !full {
		return []way{{false, "in turn", zmq.REP, "listener", zmq.PULL}}
	}
	for _, manner := range []string{"in turn", "at once", "byte by byte"} {
		for _, handler := range []zmq.Type{zmq.REP, zmq.ROUTER} {
			for _, side := range []string{"listener", "dialler"} {
				for _, typ := range []zmq.Type{zmq.PULL, zmq.PAIR, zmq.DEALER, zmq.ROUTER, zmq.REP} {
					all = append(all, way{false, manner, handler, side, typ})
				}
			}
		}
	}
	return append(all, way{true, "in turn", zmq.REP, "listener", zmq.PULL}, way{true, "at once", zmq.REP, "listener", zmq.PULL})
}

// rows are every mechanism with every decision and version, in each of the ways.
func rows(ways []way) iter.Seq[cell] {
	return func(yield func(cell) bool) {
		for _, w := range ways {
			for _, m := range guises() {
				for _, d := range decisions() {
					for _, v := range versions {
						if !yield(cell{way: w, guise: m, decision: d, version: v}) {
							return
						}
					}
				}
			}
		}
	}
}

// A guise is a mechanism as both ends have it.
type guise struct {
	name             string
	ours             zmtp.Mechanism
	stranger, friend zmtp.Mechanism
	domain           string
	asks             bool // whoever comes is asked about, also without Config.Authenticate
}

func guises() []guise {
	server, stranger, friend := curve.NewKeyPair(), curve.NewKeyPair(), curve.NewKeyPair()
	return []guise{
		{"NULL", zmtp.Null(), zmtp.Null(), zmtp.Null(), "", false},
		{"NULL with a domain", zmtp.Null(), zmtp.Null(), zmtp.Null(), "lab", true},
		{"PLAIN", zmtp.PlainServer(), zmtp.PlainClient("eve", "guess"), zmtp.PlainClient("ann", "secret"), "", true},
		{"CURVE", curve.Server(server), curve.Client(stranger, server.Public), curve.Client(friend, server.Public), "lab", true},
	}
}

// A version is a peer's; major 1 and 2 are what nobody may come in by.
type version struct{ major, minor byte }

var versions = []version{{1, 0}, {2, 0}, {3, 0}, {3, 1}, {4, 7}}

func (v version) old() bool { return v.major < 3 }

// A cell is one row of the table above, and its run.
type cell struct {
	guise    guise
	decision decision
	version  version
	way

	t        *testing.T
	field    *field
	endpoint string
	ours     zmq.Socket
	watch    *monitor.Subscription
	story    []zmq.Event
	raw      net.Listener  // where we dial; nil: the visitor does
	judge    *judge        // who decides
	visitor  net.Addr      // where he comes from
	over     chan struct{} // closed when the visitor's connection has had its terminal event
}

func (c *cell) String() string {
	return strings.Join([]string{map[bool]string{true: "tcp", false: "memory"}[c.overTCP], c.guise.name, c.decision.name, fmt.Sprintf("%d.%d", c.version.major, c.version.minor),
		c.manner, c.handler.String(), c.side, c.typ.String()}, "/")
}

// asked reports whether anybody is to be asked about the visitor.
func (c *cell) asked() bool { return !c.version.old() && (c.guise.asks || c.decision.decide != nil) }

// ending is how the visitor's connection is to end.
func (c *cell) ending() ending {
	switch {
	case c.version.old():
		return ending{kind: monitor.HandshakeFailedProtocol, number: 0x10000000, cause: "local greeting old_version"}
	case !c.asked():
		return letIn
	}
	return c.decision.ending
}

// run returns how many of the visitor's messages were delivered.
func (c *cell) run() (delivered int64) {
	c.over = make(chan struct{})
	c.begin()
	v := c.meet()
	in := v.enter(c.guise.stranger, c.version, c.ending())
	if in {
		c.receives("hello", c.decision.user)
		delivered++
		v.leave()
	}
	conn := c.ends()
	close(c.over)
	c.hold(conn)
	c.holdVisit(v, in)
	v.leave()
	c.serves()
	c.end(conn[0].Conn)
	return delivered
}

// begin sets up who decides, and our socket.
func (c *cell) begin() {
	c.judge = newJudge(c)
	cfg := zmq.Config{Context: c.field.x, Mechanism: c.guise.ours, ZAPDomain: c.guise.domain, Authenticate: c.judge.function(),
		HandshakeTimeout: time.Second, ReconnectMin: 10 * time.Millisecond, ReconnectMax: 20 * time.Millisecond}
	var err error
	c.ours, err = zmq.New(c.typ, cfg)
	must(c.t, err)
	c.watch = c.ours.Watch(monitor.Lifecycle)
}

// meet brings our socket and the visitor together.
func (c *cell) meet() *visitor {
	t := c.t
	var conn net.Conn
	var err error
	if c.side == "dialler" {
		c.raw, err = c.field.net.Listen(within(t), "tcp", address(c.field.endpoint))
		must(t, err)
		c.endpoint = c.field.endpoint
		connect(t, c.ours, c.endpoint)
		conn, err = c.raw.Accept()
		c.raw.Close() // the next to listen there is the good one
	} else {
		c.endpoint = bindTo(t, c.ours, c.field.endpoint)
		conn, err = c.field.net.Dial(within(t), "tcp", address(c.endpoint))
	}
	must(t, err)
	conn.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { conn.Close() })
	c.visitor = conn.LocalAddr()
	return &visitor{t: t, conn: conn, typ: visitors[c.typ].String(), manner: c.manner, settle: c.field.settle}
}

// visitors are the types that ours talk to.
var visitors = map[zmq.Type]zmq.Type{zmq.PULL: zmq.PUSH, zmq.PAIR: zmq.PAIR, zmq.DEALER: zmq.DEALER, zmq.ROUTER: zmq.DEALER, zmq.REP: zmq.REQ}

// serves lets a good client come: whoever decides has been mended by now.
func (c *cell) serves() {
	t := c.t
	t.Helper()
	c.judge.mend()
	cfg := zmq.Config{Context: c.field.x, Mechanism: c.guise.friend, ReconnectMin: 10 * time.Millisecond}
	friend, err := zmq.New(visitors[c.typ], cfg)
	must(t, err)
	if c.side == "dialler" {
		bindTo(t, friend, c.endpoint)
	} else {
		connect(t, friend, c.endpoint)
	}
	send(t, friend.(zmq.Sender), "from a friend")
	c.receives("from a friend", friendly)
	must(t, friend.Shutdown(within(t)))
}

// end closes everything, and looks at the whole story once more.
func (c *cell) end(visitor monitor.ConnID) {
	t := c.t
	t.Helper()
	must(t, c.ours.Shutdown(zmq.NoWait))
	c.judge.end()
	for e := range c.watch.Events(within(t)) {
		c.story = append(c.story, e)
	}
	wantLegal(t, c.story)
	terminal := 0
	for _, e := range c.story {
		if e.Conn == visitor && e.Terminal() {
			terminal++
		}
	}
	if terminal != 1 {
		t.Errorf("the visitor's connection has %d terminal events in\n%s", terminal, storyText(c.story))
	}
}
