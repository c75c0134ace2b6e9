package zmq_test

import (
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
)

// Random walks: sockets of random types come, go, connect, subscribe, send, receive and break, on a network in memory and
// over inproc, in virtual time. A naive model (contract_walk_model_test.go) keeps what was sent, and says what may be lost;
// everything else must arrive once, in order per peer, and whole. monitor.Check reads the events of all.
//
//	go test -run TestRandomWalks -walks 5000      more of them
//	go test -run TestRandomWalks -walk 17         one again

var (
	walks   = flag.Int("walks", 200, "how many random walks TestRandomWalks takes")
	oneWalk = flag.Int("walk", -1, "the one random walk that TestRandomWalks takes")
)

func TestRandomWalks(t *testing.T) {
	from, to := 0, *walks
	if raceEnabled {
		to = (to + 3) / 4 // it costs as much more
	}
	if *oneWalk >= 0 {
		from, to = *oneWalk, *oneWalk+1
	}
	for seed := from; seed < to; seed++ {
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { takeWalk(t, uint64(seed)) })
		}) {
			t.Fatalf("again: go test -run TestRandomWalks -walk %d", seed)
		}
	}
}

// A family is types that talk to each other: left ones with right ones.
type family struct {
	name        string
	left, right []zmq.Type
	most        int  // of each side
	back        bool // the right ones send, too
	fan         bool // each message goes to everybody who wants it
	named       bool // the left ones say to whom
	asks        bool // the left ones ask, and the right ones answer (contract_walk_ask_test.go)
}

var families = []family{
	{name: "pipeline", left: []zmq.Type{zmq.PUSH}, right: []zmq.Type{zmq.PULL}, most: 3},
	{name: "dealers", left: []zmq.Type{zmq.DEALER}, right: []zmq.Type{zmq.DEALER}, most: 3, back: true},
	{name: "routers", left: []zmq.Type{zmq.ROUTER}, right: []zmq.Type{zmq.DEALER}, most: 3, back: true, named: true},
	{name: "pairs", left: []zmq.Type{zmq.PAIR}, right: []zmq.Type{zmq.PAIR}, most: 1, back: true},
	{name: "questions", left: []zmq.Type{zmq.REQ}, right: []zmq.Type{zmq.REP}, most: 3, asks: true},
	{name: "fans", left: []zmq.Type{zmq.PUB, zmq.XPUB}, right: []zmq.Type{zmq.SUB, zmq.XSUB}, most: 3, fan: true},
}

// A walker takes one walk.
type walker struct {
	*rand.Rand
	t       *testing.T
	net     *zmqtest.Network
	x       *zmq.Context
	family  family
	members []*member
	links   []*walkLink
	parcels []*parcel
	hwm     int
	places  int
	fault   bool // something is wrong with the network: what arrives is anybody's guess
	steps   []string
	asked   questions
}

// A member is a socket; one that is started again is another member.
type member struct {
	zmq.Socket
	number int
	left   bool
	name   string // its routing id
	place  string // where it can be bound
	bound  bool
	story  *zmqtest.Recorder
	told   int // events that the model has seen

	seq      uint32              // of the last message sent
	last     map[*member]receipt // from each: of the latest message received
	prefixes map[string]int      // subscribed to, and how often
	ever     map[string]bool     // at any time
	received uint64
}

// A walkLink is a Connect of dialler to binder's place.
type walkLink struct{ dialler, binder *member }

func takeWalk(t *testing.T, seed uint64) {
	w := &walker{Rand: rand.New(rand.NewPCG(seed, 0)), t: t, net: zmqtest.NewNetwork()}
	w.x = w.net.Context(t)
	w.family = families[int(seed)%len(families)]
	w.hwm = []int{1, 2, 5, 100, 1000}[w.IntN(5)]
	defer func() {
		if t.Failed() {
			t.Logf("a walk with %s, marks of %d:\n%s", w.family.name, w.hwm, strings.Join(w.steps, "\n"))
		}
	}()
	for range 1 + w.IntN(w.family.most) {
		w.join(true)
	}
	for range 1 + w.IntN(w.family.most) {
		w.join(false)
	}
	w.begin()
	for range 80 {
		w.step()
		if t.Failed() {
			return
		}
	}
	if w.finish(); w.family.asks {
		w.askAll()
	}
}

// begin brings most of them together.
func (w *walker) begin() {
	for _, m := range w.members {
		if w.IntN(5) > 0 {
			w.bindOrUnbind(m)
		}
		for range 3 {
			w.subscribe(m)
		}
	}
	for _, l := range w.members {
		for _, r := range w.members {
			if l.left && !r.left && w.IntN(4) > 0 {
				if w.IntN(2) == 0 {
					w.link(l, r)
				} else {
					w.link(r, l)
				}
			}
		}
	}
}

// step takes one.
func (w *walker) step() {
	switch n := w.IntN(100); {
	case n < 78 && w.family.asks:
		w.ask(w.anybody())
	case n < 48:
		w.send(w.anybody())
	case n < 78:
		w.receive(w.anybody(), w.IntN(40))
	case n < 82:
		w.link(w.anybody(), w.anybody())
	case n < 83:
		w.unlink()
	case n < 86:
		w.bindOrUnbind(w.anybody())
	case n < 90:
		w.breakOne()
	case n < 92:
		w.trouble()
	case n < 93:
		w.restart(w.anybody())
	case n < 94:
		w.remark(w.anybody())
	case n < 96:
		w.settle()
	default:
		w.subscribe(w.anybody())
	}
	w.observe()
}

// calm receives all there is, half of the time: what follows then finds nothing on its way, and must lose nothing.
func (w *walker) calm() {
	if w.IntN(2) == 0 {
		return
	}
	for quiet := false; !quiet; {
		before := w.totals()
		for _, m := range w.members {
			w.receive(m, 1_000_000)
		}
		synctest.Wait()
		quiet = w.totals() == before
	}
}

func (w *walker) say(format string, args ...any) {
	w.steps = append(w.steps, fmt.Sprintf(format, args...))
}

func (w *walker) anybody() *member { return w.members[w.IntN(len(w.members))] }

// join lets a new member come.
func (w *walker) join(left bool) *member {
	types := w.family.right
	if left {
		types = w.family.left
	}
	w.places++
	m := &member{number: w.places, left: left, name: fmt.Sprintf("id %d", w.places)}
	m.place = fmt.Sprintf([]string{"tcp://host%d:1", "ipc:///run/%d", "inproc://%d"}[w.IntN(3)], w.places)
	w.start(m, types[w.IntN(len(types))])
	w.members = append(w.members, m)
	return m
}

// start makes m's socket.
func (w *walker) start(m *member, typ zmq.Type) {
	cfg := zmq.Config{Context: w.x, Name: m.name, ReconnectMax: time.Second}
	if typ != zmq.PULL && typ != zmq.SUB {
		cfg.SendHWM = w.hwm
	}
	if typ != zmq.PUSH && typ != zmq.PUB {
		cfg.RecvHWM = w.hwm
	}
	switch typ {
	case zmq.DEALER:
		cfg.RoutingID = m.name
	case zmq.ROUTER:
		cfg.RouterMandatory = w.IntN(2) == 0
	case zmq.REQ:
		cfg.ReqRelaxed, cfg.ReqCorrelate = w.IntN(2) == 0, w.IntN(2) == 0
	}
	s, err := zmq.New(typ, cfg)
	must(w.t, err)
	m.Socket, m.story = s, zmqtest.Record(w.t, s, monitor.All)
	m.seq, m.last, m.told, m.received = 0, map[*member]receipt{}, 0, 0
	m.prefixes, m.ever = map[string]int{}, map[string]bool{}
	if rep, ok := s.(*zmq.Rep); ok {
		go w.answer(m, rep)
	}
	w.say("%v comes as %q, at %s", typ, m.name, m.place)
}

// link connects two that are not, whoever is bound or will be.
func (w *walker) link(a, b *member) {
	if a.left == b.left || w.linked(a, b) || w.family.most == 1 && len(w.links) > 0 {
		return
	}
	w.say("%q connects to %q", a.name, b.name)
	must(w.t, a.Connect(b.place))
	w.links = append(w.links, &walkLink{a, b})
	w.settle()
}

func (w *walker) linked(a, b *member) bool {
	for _, l := range w.links {
		if l.dialler == a && l.binder == b || l.dialler == b && l.binder == a {
			return true
		}
	}
	return false
}

func (w *walker) unlink() {
	if len(w.links) == 0 {
		return
	}
	i := w.IntN(len(w.links))
	l := w.links[i]
	w.links = append(w.links[:i:i], w.links[i+1:]...)
	w.calm()
	w.say("%q disconnects from %q", l.dialler.name, l.binder.name)
	w.risk(l.dialler, l.binder) // what its queue holds has so long as it lingers
	must(w.t, l.dialler.Disconnect(l.binder.place))
	w.settle()
}

func (w *walker) bindOrUnbind(m *member) {
	if m.bound {
		w.calm()
		w.say("%q unbinds", m.name)
		for _, l := range w.links {
			if l.binder == m {
				w.risk(l.dialler, m)
			}
		}
		must(w.t, m.Unbind(m.place))
	} else {
		w.say("%q binds", m.name)
		_, err := m.Bind(m.place)
		must(w.t, err)
	}
	m.bound = !m.bound
	w.settle()
}

// breakOne breaks connections: by a reset, at any byte, or because one end wants it.
func (w *walker) breakOne() {
	m := w.anybody()
	overNet := !strings.HasPrefix(m.place, "inproc:")
	w.calm()
	switch n := w.IntN(3); {
	case n == 0 && overNet:
		w.say("the connections to %q are reset", m.name)
		w.net.Reset(m.place)
	case n == 1 && overNet:
		bytes := w.IntN(400)
		w.say("the next connection to %q dies after %d bytes", m.name, bytes)
		w.net.CutAfter(m.place, bytes)
		w.net.Reset(m.place)
	default:
		peers := m.State().Peers
		if len(peers) == 0 {
			return
		}
		w.say("%q closes a connection", m.name)
		if err := m.CloseConn(peers[w.IntN(len(peers))].Conn); err != nil {
			w.say("… which is gone: %v", err)
		}
	}
	w.settle()
}

// trouble is a network out of order for a while.
func (w *walker) trouble() {
	m := w.anybody()
	if strings.HasPrefix(m.place, "inproc:") {
		return
	}
	w.fault = true
	hole := w.IntN(2) == 0
	w.say("trouble at %q: a hole %v", m.name, hole)
	if hole {
		w.net.BlackHole(m.place, true)
	} else {
		w.net.Refuse(m.place, true)
		w.net.Reset(m.place)
	}
	w.net.SetLatency(time.Duration(w.IntN(20)) * time.Millisecond)
	for range w.IntN(10) {
		switch w.IntN(4) {
		case 0:
			w.receive(w.anybody(), w.IntN(30))
		case 1:
			time.Sleep(time.Duration(w.IntN(1000)) * time.Millisecond)
		case 2:
			w.ask(w.anybody())
		default:
			w.send(w.anybody())
		}
		w.observe()
	}
	w.net.BlackHole(m.place, false)
	w.net.Refuse(m.place, false)
	w.net.SetLatency(0)
	w.say("the trouble is over")
	w.settle()
	w.fault = false
}

// restart ends a member and starts it again, where it was and with whom it had.
func (w *walker) restart(m *member) {
	w.calm()
	w.say("%q is started again", m.name)
	for _, l := range w.links {
		if l.dialler == m || l.binder == m {
			w.risk(l.dialler, l.binder)
		}
	}
	if w.IntN(2) == 0 {
		m.Shutdown(zmq.NoWait)
	} else {
		m.Close()
	}
	w.places++
	again := &member{number: w.places, left: m.left, name: m.name, place: m.place, bound: m.bound}
	w.start(again, m.Type())
	maps.Copy(again.ever, m.ever) // a publisher that had dialled still has what was queued for its place
	for i := range w.members {
		if w.members[i] == m {
			w.members[i] = again
		}
	}
	if again.bound {
		_, err := again.Bind(again.place)
		must(w.t, err)
	}
	for _, l := range w.links {
		if l.binder == m {
			l.binder = again
		}
		if l.dialler == m {
			l.dialler = again
			must(w.t, again.Connect(l.binder.place))
		}
	}
	w.settle()
}

// remark changes the marks while the queues are in use.
func (w *walker) remark(m *member) {
	hwm := []int{1, 3, 100}[w.IntN(3)]
	w.say("%q has marks of %d from now on", m.name, hwm)
	must(w.t, m.Update(func(c *zmq.Config) {
		if c.SendHWM != 0 {
			c.SendHWM = hwm
		}
		if c.RecvHWM != 0 {
			c.RecvHWM = hwm
		}
	}))
}

// settle lets time pass until everybody who can meet has met, and what can arrive has arrived.
func (w *walker) settle() {
	time.Sleep(10 * time.Second) // twice a Linger, and more than the longest back-off
	synctest.Wait()
	w.observe()
	w.steadies()
}
