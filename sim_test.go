package zmq_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/zmqtest"
)

// Long simulations: a town of sockets lives for an hour of virtual time, on a network in memory and over inproc. The files:
//
//	sim_test.go             the town and its hour
//	sim_residents_test.go   who lives there: a resident has a place and acquaintances, a life is one socket of his
//	sim_trades_test.go      what they say to each other, by family of types
//	sim_faults_test.go      what can befall them
//	sim_books_test.go       what was sent, and what was received, held against it
//	sim_audit_test.go       what must hold after trouble, all along, and when all is quiet
//	sim_connections_test.go both ends of each connection, held together
//
// An hour is episodes. In each there is trouble, two misfortunes of the network and one of the residents' own making at a
// time, while everybody goes on sending. Then everything is mended, and within twice the back-off everybody must be back. Then
// it is calm: what is sent now must arrive. Then nobody sends, and the books must balance.
//
// What is drawn is drawn from the seed, by draws that do not hang on what the sockets do: a seed has one script. Who of two
// goroutines is first at one instant is the scheduler's choice.
//
//	go test . -run 'TestSimulations$' -seeds 5000      more of them
//	go test . -run 'TestSimulations$' -seed 17         one again
var (
	seeds   = flag.Int("seeds", 0, "how many hours TestSimulations takes; 0: the beginnings of 7, or 1,000 with -full")
	oneSeed = flag.Int("seed", -1, "the one hour that TestSimulations takes again")
)

func TestSimulations(t *testing.T) {
	from, to := 0, *seeds
	switch {
	case *oneSeed >= 0:
		from, to = *oneSeed, *oneSeed+1
	case to == 0 && *full:
		to = 1000
	case to == 0:
		to = len(trades)
	}
	var all tally
	for seed := from; seed < to; seed++ {
		if !t.Run(fmt.Sprint(seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { all.add(spendAnHour(t, uint64(seed))) })
		}) {
			t.Fatalf("again: go test . -run 'TestSimulations$' -seed %d", seed)
		}
	}
	t.Logf("%d times %v: %v", to-from, hour(), &all)
}

// A tally says what the hours were made of.
type tally struct{ sent, received, events, connections, misfortunes int }

func (a *tally) add(b tally) {
	a.sent += b.sent
	a.received += b.received
	a.events += b.events
	a.connections += b.connections
	a.misfortunes += b.misfortunes
}

func (a *tally) String() string {
	return fmt.Sprintf("%d messages sent, %d received, %d connections and attempts, %d events, %d misfortunes", a.sent, a.received, a.connections, a.events, a.misfortunes)
}

// A town is sockets of one family behind one kind of lock, and what is common to them.
type town struct {
	*rand.Rand // of the founding
	t          *testing.T
	seed       uint64
	began      time.Time
	net        *zmqtest.Network
	x          *zmq.Context
	trade      family
	lock       lock
	latest     time.Duration // ReconnectMax
	beat       time.Duration // HeartbeatInterval
	sides      [2]zmq.Config // the lock's, left and right

	residents []*resident
	writing   gate // open while they may send

	mu sync.Mutex
	// mu guards what follows:
	lives  []*life // each that there was; a life's number is its index and 1
	calm   int     // the episode whose calm it is, 0 in trouble
	script []string
	doomed map[string][][2]time.Time // by place, when connections to it were being cut or corrupted
	done   tally
}

// spendAnHour is the life of the town with that seed.
func spendAnHour(t *testing.T, seed uint64) tally {
	w := &town{t: t, Rand: rand.New(rand.NewPCG(seed, 0)), seed: seed, began: time.Now(), net: zmqtest.NewNetwork(), doomed: map[string][][2]time.Time{}}
	w.x = w.net.Context(t)
	w.trade = trades[seed%uint64(len(trades))]
	w.lock = locks[seed%uint64(len(locks))] // 7 and 3 have no common divisor: 21 seeds are each with each
	defer w.tellIfFailed()
	w.found()
	for episode := 1; time.Since(w.began) < hour() && !t.Failed(); episode++ {
		w.trouble(episode)
		w.back()
		w.quietly(episode)
		w.audit(episode)
	}
	w.leave()
	return w.done
}

// hour is how long a town lives. In the short form it is the beginning of an hour, with the race detector, which makes
// everything ten times as slow, one episode or two.
func hour() time.Duration {
	switch {
	case *full || *seeds > 0 || *oneSeed >= 0:
		return time.Hour
	case raceEnabled:
		return 5 * time.Minute
	}
	return 20 * time.Minute
}

// found builds the town: one to three of each side, who know most of the others.
func (w *town) found() {
	w.latest = []time.Duration{100, 700, 2000}[w.IntN(3)] * time.Millisecond
	w.beat = []time.Duration{0, 2, 10}[w.IntN(3)] * time.Second
	w.lock.put(&w.sides[0], &w.sides[1])
	for _, left := range []bool{true, false} {
		for range 1 + w.IntN(w.trade.most) {
			w.settleIn(left)
		}
	}
	for i, l := range w.residents {
		for _, r := range w.residents[i:] {
			if !l.left || r.left {
				continue
			}
			switch n := w.IntN(5); {
			case n < 2:
				l.dials = append(l.dials, r)
			case n < 4 || w.trade.most == 1 || len(w.residents) == 2:
				r.dials = append(r.dials, l)
			}
		}
	}
	w.say("%s, %s, back-off up to %v, heartbeats every %v", w.trade.name, w.lock.name, w.latest, w.beat)
	for _, r := range w.residents {
		r.begin()
	}
}

// trouble is two minutes of misfortunes, each of which ends before they are over.
func (w *town) trouble(episode int) {
	w.writing.set(true)
	until := time.Now().Add(2 * time.Minute)
	var lanes sync.WaitGroup
	for lane, misfortunes := range [][]misfortune{ofTheNetwork, ofTheNetwork, ofTheirOwn} {
		r := rand.New(rand.NewPCG(w.seed, uint64(episode*10+lane)))
		lanes.Go(func() { w.strike(r, until, misfortunes) })
	}
	r := rand.New(rand.NewPCG(w.seed, uint64(episode*10+9)))
	lanes.Go(func() {
		for time.Now().Before(until) {
			w.inspectMarks()
			time.Sleep(time.Duration(r.IntN(3000)) * time.Millisecond)
		}
	})
	lanes.Wait()
}

// back: twice the back-off after the last misfortune has ended everybody is connected with everybody he knows.
func (w *town) back() {
	w.writing.set(false)
	if w.trade.asks { // who gives a question up ends the connection it went over, and comes back
		time.Sleep(waitsUpTo)
	}
	time.Sleep(2 * w.latest)
	synctest.Wait()
	for _, r := range w.residents {
		r.mustBeBack()
	}
}

// quietly: half a minute in which nothing goes wrong, and then half a minute for what is on its way.
func (w *town) quietly(episode int) {
	w.setCalm(episode)
	w.writing.set(true)
	time.Sleep(30 * time.Second)
	w.inspectMarks()
	w.writing.set(false)
	time.Sleep(30 * time.Second) // more than patience, Linger, a heartbeat
	w.setCalm(0)
}

func (w *town) setCalm(episode int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.calm = episode
}

// leave is the end: everybody closes, and the books are closed too. That nothing is left open, zmqtest and the bubble see.
func (w *town) leave() {
	for _, r := range w.residents {
		r.end(w.IntN(2) == 0)
	}
	w.closeBooks()
}

func (w *town) say(format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.script = append(w.script, fmt.Sprintf("+%v ", time.Since(w.began))+fmt.Sprintf(format, args...))
}

// tellIfFailed prints what a person needs who looks for the reason.
func (w *town) tellIfFailed() {
	if !w.t.Failed() {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.t.Logf("seed %d, its script:\n%s", w.seed, strings.Join(w.script, "\n"))
	for _, l := range w.lives {
		lines := strings.SplitAfter(l.story.Story(), "\n")
		w.t.Logf("%v, the last of its story:\n%s", l, strings.Join(lines[max(0, len(lines)-30):], ""))
	}
}

// A gate is open or not.
type gate struct {
	mu   sync.Mutex
	open chan struct{} // closed while the gate is open; mu guards it
}

func (g *gate) set(open bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if is := g.isOpen(); open && !is {
		close(g.open)
	} else if !open && is {
		g.open = make(chan struct{})
	}
}

// isOpen reports whether it is. mu is held.
func (g *gate) isOpen() bool {
	if g.open == nil {
		g.open = make(chan struct{})
	}
	select {
	case <-g.open:
		return true
	default:
		return false
	}
}

// wait waits until the gate is open, and reports false if over is closed first.
func (g *gate) wait(over <-chan struct{}) bool {
	g.mu.Lock()
	g.isOpen()
	open := g.open
	g.mu.Unlock()
	select {
	case <-over:
		return false
	case <-open:
		return true
	}
}
