package zmq_test

import (
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// Hostile input. testdata/hostile has the list; hostile_list_test.go reads it. Each input is tried on
// each type it names, as listener and as dialler, and in each of these ways:
//
//	written     as it stands, over the system's TCP and over a network in memory
//	waiting     with a Recv that waits from the beginning: it may read the connection by itself
//	coalesced   everything in one write
//	bytewise    a byte a write, and in memory a byte a read
//
// After each:
//
//  1. the connection ended as the list says, with exactly these events, in plain words;
//  2. the attacker was sent nothing but what the list says;
//  3. the program received what the list says and nothing else;
//  4. a good peer that was there before is unharmed, and one that comes after is served;
//  5. the whole story is legal, and every connection has its terminal event.
func TestHostile(t *testing.T) {
	for _, in := range hostileInputs(t) {
		t.Run(in.name, func(t *testing.T) {
			for _, typ := range in.types {
				for _, role := range in.roles {
					for _, way := range in.ways(typ) {
						t.Run(strings.Join([]string{typ, role, way}, "/"), func(t *testing.T) {
							newField(t, strings.HasPrefix(way, "memory"), func(t *testing.T, f *field) {
								a := &assault{t: t, field: f, in: in, typ: typ, dialled: role == "dialler", way: way}
								a.run()
							})
						})
					}
				}
			}
		})
	}
}

// R1 of the scorecard asks for 150 named inputs: a list that shrinks is noticed.
func TestHostileListIsLong(t *testing.T) {
	runs := 0
	all := hostileInputs(t)
	for _, in := range all {
		runs += len(in.types) * len(in.roles)
	}
	if len(all) < 150 {
		t.Errorf("%d hostile inputs on the list, and R1 asks for 150", len(all))
	}
	t.Logf("%d inputs, %d with their types and roles", len(all), runs)
}

// ways are those in which the input makes sense for a socket of this type.
func (in *input) ways(typ string) []string {
	ways := []string{"tcp written"}
	if typ == "PULL" || typ == "PAIR" {
		ways = append(ways, "tcp waiting")
	}
	if in.tcp {
		return ways
	}
	ways = append(ways, "memory written")
	if !in.ordered {
		ways = append(ways, "memory coalesced")
	}
	size := 0
	for _, s := range in.steps {
		if s.verb == ">" {
			b, _ := hostileWire(s.words, typ)
			size += len(b)
		}
	}
	if size <= 600 {
		ways = append(ways, "tcp bytewise", "memory bytewise")
	}
	return ways
}

// A field is where an assault takes place: the system's TCP, or a network in memory in a bubble of its own.
type field struct {
	x        *zmq.Context
	net      zmq.Network
	endpoint string // for who binds first
	settle   func() // waits until everything written has been read, where that can be told
	memory   bool
}

func newField(t *testing.T, memory bool, f func(*testing.T, *field)) {
	if memory {
		synctest.Test(t, func(t *testing.T) {
			n := zmqtest.NewNetwork()
			f(t, &field{n.Context(t), n.Network(), "tcp://hub:1", synctest.Wait, true})
		})
		return
	}
	var d net.Dialer
	var l net.ListenConfig
	f(t, &field{newContext(t), zmq.Network{Dial: d.DialContext, Listen: l.Listen}, "tcp://127.0.0.1:0", func() {}, false})
}

// address is what Dial and Listen are called with.
func address(endpoint string) string { return strings.TrimPrefix(endpoint, "tcp://") }

// socket makes one that comes back at once.
func (f *field) socket(t *testing.T, typ string, cfg zmq.Config) zmq.Socket {
	t.Helper()
	kind, err := zmq.ParseType(typ)
	must(t, err)
	cfg.Context, cfg.ReconnectMin, cfg.ReconnectMax, cfg.ReqRelaxed = f.x, time.Millisecond, 10*time.Millisecond, typ == "REQ"
	s, err := zmq.New(kind, cfg)
	must(t, err)
	return s
}

// An assault is one input on one socket.
type assault struct {
	t       *testing.T
	field   *field
	in      *input
	typ     string
	dialled bool
	way     string

	ours, old zmq.Socket // the socket under attack; a good peer of it, nil if there is none
	inbox     *inbox
	watch     *monitor.Subscription
	story     []zmq.Event
	raw       net.Listener // where our socket dials
	attacker  *stranger
	opened    bool // the attacker has read our opening
	gone      bool // it has reset the connection
}

func (a *assault) run() {
	a.begin()
	a.strike()
	conn := a.over()
	a.judge(conn)
	a.received()
	a.serve()
	a.end()
}
