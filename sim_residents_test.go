package zmq_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmqtest"
	"github.com/glassmq/zmq/zmtp"
	"github.com/glassmq/zmq/zmtp/curve"
)

// A lock is how a town's sockets know each other.
type lock struct {
	name      string
	put       func(left, right *zmq.Config)
	protected int // so many bytes of a connection, from its first, can be wrong without a wrong message
}

// greeted is the greeting and READY's header and name: RFC 23 protects nothing of what comes then.
const greeted = 64 + 2 + 6

var locks = []lock{
	{"NULL", func(left, right *zmq.Config) {}, greeted},
	{"PLAIN", func(left, right *zmq.Config) {
		left.Mechanism, left.Authenticate = zmtp.PlainServer(), oneUser("ann", "secret")
		right.Mechanism = zmtp.PlainClient("ann", "secret")
		left.PlainAnywhere, right.PlainAnywhere = true, true
	}, greeted},
	{"CURVE", func(left, right *zmq.Config) {
		own := curve.NewKeyPair()
		left.Mechanism, left.Authenticate = curve.Server(own), zmq.AllowAny
		right.Mechanism = curve.Client(curve.NewKeyPair(), own.Public)
	}, 10_000},
}

// A resident is whoever is at a place, again and again.
type resident struct {
	w       *town
	left    bool
	typ     zmq.Type
	name    string // his routing id
	place   string // where he is bound
	dials   []*resident
	cfg     zmq.Config
	reading gate

	mu sync.Mutex
	// mu guards what follows:
	life    *life
	wants   map[string]bool      // prefixes
	dropped map[string]time.Time // and when he wanted them no more
	marks   int
	allowed [2]int // messages that the queues out and in may hold: the mark, or what they held when it was lowered
}

func (r *resident) String() string { return fmt.Sprintf("%v %q", r.typ, r.name) }

func (w *town) settleIn(left bool) {
	types, number := w.trade.right, len(w.residents)
	if left {
		types = w.trade.left
	}
	r := &resident{w: w, left: left, typ: types[w.IntN(len(types))], name: fmt.Sprint("id ", number), wants: map[string]bool{}, dropped: map[string]time.Time{}}
	r.place = fmt.Sprintf([]string{"tcp://host%d:1", "tcp://host%d:1", "ipc:///run/%d", "inproc://%d"}[w.IntN(4)], number)
	if r.typ == zmq.STREAM {
		r.place = fmt.Sprintf("tcp://host%d:1", number)
	}
	r.reading.set(true)
	r.marks = someMarks[w.IntN(len(someMarks))]
	r.cfg = r.options()
	w.residents = append(w.residents, r)
}

// options are his socket's, but for the marks and what he wants.
func (r *resident) options() zmq.Config {
	w := r.w
	cfg := zmq.Config{Context: w.x, Name: r.name, ReconnectMax: w.latest, ReconnectMin: min(w.latest, 100*time.Millisecond), Linger: 2 * time.Second,
		ConnectTimeout: 5 * time.Second, Immediate: w.IntN(3) == 0}
	if r.typ != zmq.STREAM {
		cfg.HandshakeTimeout, cfg.HeartbeatInterval, cfg.MaxMessageSize = 5*time.Second, w.beat, 1<<20
		side := w.sides[1]
		if r.left {
			side = w.sides[0]
		}
		cfg.Mechanism, cfg.Authenticate, cfg.PlainAnywhere = side.Mechanism, side.Authenticate, side.PlainAnywhere
	}
	switch r.typ {
	case zmq.DEALER:
		cfg.RoutingID = r.name
	case zmq.ROUTER:
		cfg.RouterMandatory, cfg.RouterHandover = w.IntN(2) == 0, w.IntN(2) == 0
	case zmq.PUB, zmq.XPUB:
		cfg.XPubNoDrop = w.IntN(2) == 0
	case zmq.REQ:
		cfg.ReqRelaxed, cfg.ReqCorrelate = w.IntN(2) == 0, w.IntN(2) == 0
	case zmq.SUB, zmq.XSUB:
		for range 3 {
			r.wants[prefixes[w.IntN(len(prefixes))]] = true
		}
	}
	return cfg
}

func (r *resident) overNet() bool { return !strings.HasPrefix(r.place, "inproc:") }

func (r *resident) now() *life {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.life
}

// A life is one socket of a resident's, from New to Close.
type life struct {
	zmq.Socket
	of     *resident
	w      *town
	number uint32
	story  *zmqtest.Recorder
	over   chan struct{} // closed when it ends
	work   sync.WaitGroup

	// The books of what it sent and received (sim_books_test.go). Its reader's:
	got    map[uint32]*thread        // received, by the number of the life it comes from
	pieces map[monitor.ConnID][]byte // of a STREAM: what has come of a record

	mu sync.Mutex
	// mu guards:
	letters []letter                  // sent, by number less 1
	taken   uint64                    // messages received
	heard   map[monitor.ConnID]uint64 // by connection

	// The audit's:
	told  int // events folded into state
	state monitor.State
}

func (l *life) String() string { return fmt.Sprintf("%v (life %d)", l.of, l.number) }

// begin gives a resident a new socket, where he was and with whom he had.
func (r *resident) begin() {
	w := r.w
	cfg := r.cfg
	r.mu.Lock()
	if r.typ != zmq.PULL && r.typ != zmq.SUB {
		cfg.SendHWM = r.marks
	}
	if r.typ != zmq.PUSH && r.typ != zmq.PUB {
		cfg.RecvHWM = r.marks
	}
	for prefix := range r.wants {
		cfg.Subscribe = append(cfg.Subscribe, prefix)
	}
	slices.Sort(cfg.Subscribe)
	r.allowed = [2]int{r.marks, r.marks}
	r.mu.Unlock()
	s, err := zmq.New(r.typ, cfg)
	must(w.t, err)
	l := &life{Socket: s, of: r, w: w, story: zmqtest.Record(w.t, s, monitor.All), over: make(chan struct{}),
		got: map[uint32]*thread{}, pieces: map[monitor.ConnID][]byte{}, heard: map[monitor.ConnID]uint64{}}
	w.mu.Lock()
	w.lives = append(w.lives, l)
	l.number = uint32(len(w.lives))
	w.mu.Unlock()
	r.mu.Lock()
	r.life = l
	r.mu.Unlock()
	w.say("%v is there, at %s", l, r.place)
	r.bind()
	for _, other := range r.dials {
		r.connect(other)
	}
	l.live()
}

func (r *resident) bind() {
	_, err := r.now().Bind(r.place)
	must(r.w.t, err)
}

// connect dials somebody he knows. A STREAM speaks to a peer by the name that it gives him.
func (r *resident) connect(to *resident) {
	if s, ok := r.now().Socket.(*zmq.Stream); ok {
		must(r.w.t, s.ConnectAs(to.place, to.name))
	} else {
		must(r.w.t, r.now().Connect(to.place))
	}
}

// knows is whom he dials, and who dials him.
func (r *resident) knows() (all []*resident) {
	for _, other := range r.w.residents {
		if slices.Contains(r.dials, other) || slices.Contains(other.dials, r) {
			all = append(all, other)
		}
	}
	return all
}

// end closes his socket, with time for what is queued or without.
func (r *resident) end(inPeace bool) {
	l := r.now()
	began, most := time.Now(), r.cfg.Linger
	var err error
	if inPeace {
		err = l.Close()
	} else {
		most = 0
		err = l.Shutdown(zmq.NoWait)
	}
	if took := time.Since(began); took > most {
		r.w.t.Errorf("+%v: %v has %v to close, and took %v", r.w.age(), l, most, took)
	}
	close(l.over)
	l.work.Wait()
	r.w.say("%v is gone: %v", l, err)
	l.closed(err)
}

// live starts what a socket of this type does all day.
func (l *life) live() {
	r := rand.New(rand.NewPCG(l.w.seed, uint64(l.number)<<32))
	if _, can := l.Socket.(zmq.Sender); can && (l.of.left || l.w.trade.back) && l.of.typ != zmq.REP {
		l.work.Go(func() { l.write(r) })
	}
	switch s := l.Socket.(type) {
	case *zmq.Req: // receives where it sends
	case *zmq.Rep:
		l.work.Go(func() { l.answer(s) })
	case zmq.Receiver:
		l.work.Go(func() { l.read(s) })
	}
}

// write sends bursts, with pauses. In calm times a burst is one message, which no mark can be too low for.
func (l *life) write(r *rand.Rand) {
	for l.w.writing.wait(l.over) {
		time.Sleep(time.Duration(1+r.IntN(3000)) * time.Millisecond) // at one instant two are more than a mark of 1 allows
		burst, again := r.IntN(20), rand.New(rand.NewPCG(r.Uint64(), 0))
		calm := l.w.isCalm()
		if calm != 0 {
			burst = 1
		}
		for range burst {
			if !l.w.mayWrite() || errors.Is(l.say(again, calm), zmq.ErrClosed) {
				break
			}
		}
	}
}

func (w *town) isCalm() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calm
}

func (w *town) mayWrite() bool {
	w.writing.mu.Lock()
	defer w.writing.mu.Unlock()
	return w.writing.isOpen()
}

// read receives whatever comes, unless he has stopped reading.
func (l *life) read(s zmq.Receiver) {
	var b zmq.Buffer
	for n := 0; l.of.reading.wait(l.over); n++ {
		var m zmq.Message
		var err error
		if n%2 == 0 {
			m, err = s.Recv(context.Background())
		} else {
			err = s.RecvInto(context.Background(), &b)
			m = b.Message
		}
		if err != nil {
			return
		}
		l.arrived(m)
	}
}

// remark changes the marks while the queues are in use.
func (r *resident) remark(marks int) {
	l := r.now()
	r.mu.Lock()
	defer r.mu.Unlock() // whoever inspects them sees both or neither
	r.marks = marks
	r.allowed[0], r.allowed[1] = max(r.allowed[0], marks), max(r.allowed[1], marks)
	must(r.w.t, l.Update(func(c *zmq.Config) {
		if c.SendHWM != 0 {
			c.SendHWM = marks
		}
		if c.RecvHWM != 0 {
			c.RecvHWM = marks
		}
	}))
}

// resubscribe changes what he wants.
func (r *resident) resubscribe(prefix string, on bool) {
	s, can := r.now().Socket.(interface {
		Subscribe(...string) error
		Unsubscribe(...string) error
	})
	if !can {
		return
	}
	r.mu.Lock()
	had := r.wants[prefix]
	if on {
		r.wants[prefix] = true
	} else if had {
		delete(r.wants, prefix)
		r.dropped[prefix] = time.Now()
	}
	r.mu.Unlock()
	switch {
	case on && !had:
		must(r.w.t, s.Subscribe(prefix))
	case !on && had:
		must(r.w.t, s.Unsubscribe(prefix))
	}
}
