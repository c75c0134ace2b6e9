package zmq_test

import (
	"net"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/internal/assault"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// Hostile input. internal/assault has the list, and plays the attacker. Each input is tried on
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
		t.Run(in.Name, func(t *testing.T) {
			for _, typ := range in.Types {
				for _, role := range in.Roles {
					for _, way := range waysOf(in, typ) {
						t.Run(strings.Join([]string{typ, role, way}, "/"), func(t *testing.T) {
							if strings.HasPrefix(way, "tcp") {
								t.Parallel() // some wait for a deadline
							}
							newField(t, strings.HasPrefix(way, "memory"), func(t *testing.T, f *field) {
								a := &raid{t: t, field: f, in: in, heard: map[zmq.Socket]bool{}, typ: typ, dialled: role == assault.Dialler, way: way}
								a.run()
							})
						})
					}
				}
			}
		})
	}
}

// waysOf are those in which the input makes sense for a socket of this type.
func waysOf(in *assault.Input, typ string) []string {
	has := func(verb string) bool {
		return slices.ContainsFunc(in.Steps, func(s assault.Step) bool { return s.Verb == verb })
	}
	if has("wait") {
		return []string{"memory written"} // over the system's TCP a busy machine would decide what comes in time
	}
	ways := []string{"tcp written"}
	if (typ == "PULL" || typ == "PAIR") && !has("meanwhile") { // a Recv that waits would take the good peer's message
		ways = append(ways, "tcp waiting")
	}
	if in.TCP {
		return ways
	}
	ways = append(ways, "memory written")
	if !in.Ordered && !has("hear") && !has("meanwhile") {
		ways = append(ways, "memory coalesced")
	}
	size := 0
	speller := assault.NewSpeller(in, typ)
	for _, s := range in.Steps {
		if s.Verb == ">" {
			b, _ := speller.Spell(s.Words)
			size += len(b)
		}
	}
	if size <= 600 {
		ways = append(ways, "memory bytewise")
	}
	if size <= 600 && in.Mechanism == "NULL" { // over the system's TCP it is one more look at what memory shows exactly
		ways = append(ways, "tcp bytewise")
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
	if typ == "SUB" && cfg.Subscribe == nil || typ == "XSUB" {
		cfg.Subscribe = []string{""}
	}
	cfg.Context, cfg.ReconnectMin, cfg.ReconnectMax, cfg.ReqRelaxed = f.x, time.Millisecond, 10*time.Millisecond, typ == "REQ"
	s, err := zmq.New(kind, cfg)
	must(t, err)
	return s
}

// A raid is one input on one socket.
type raid struct {
	t       *testing.T
	field   *field
	in      *assault.Input
	typ     string
	dialled bool
	way     string

	ours, old zmq.Socket // the socket under attack; a good peer of it, nil if there is none
	inbox     *inbox
	watch     *monitor.Subscription
	story     []zmq.Event
	raw       net.Listener // where our socket dials
	attacker  *assault.Attack
	heard     map[zmq.Socket]bool // good peers whose subscription we know of
}

func (a *raid) run() {
	a.begin()
	a.strike()
	conn := a.over()
	a.judge(conn)
	a.received()
	a.serve()
	a.end()
}
