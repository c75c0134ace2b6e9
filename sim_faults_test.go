package zmq_test

import (
	"context"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// What can befall a town. A misfortune begins, and returns what ends it, nil if it has no duration; every draw is made whether
// it is needed or not, so that the next one is the same.
type misfortune struct {
	name  string
	begin func(w *town, r *rand.Rand, whom *resident) (end func())
}

// strike lets misfortunes happen, one after the other, until then.
func (w *town) strike(r *rand.Rand, until time.Time, all []misfortune) {
	for {
		time.Sleep(time.Duration(r.IntN(15_000)) * time.Millisecond)
		lasts := time.Duration(r.IntN(30_000)) * time.Millisecond
		if r.IntN(3) == 0 {
			lasts /= 50
		}
		m, whom := all[r.IntN(len(all))], w.residents[r.IntN(len(w.residents))]
		again := rand.New(rand.NewPCG(r.Uint64(), 0))
		if !time.Now().Before(until) {
			return
		}
		w.say("%v: %s, for %v", whom, m.name, lasts)
		w.struck()
		end := m.begin(w, again, whom)
		if end == nil {
			continue
		}
		time.Sleep(min(lasts, time.Until(until)))
		end()
		w.say("%v: %s, it is over", whom, m.name)
	}
}

func (w *town) struck() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done.misfortunes++
}

// ofTheNetwork are misfortunes of a place that a network carries to; inproc has none of them.
var ofTheNetwork = []misfortune{
	{"a reset", func(w *town, r *rand.Rand, whom *resident) func() {
		if whom.overNet() {
			w.net.Reset(whom.place)
		}
		return nil
	}},
	{"the next connection is cut", func(w *town, r *rand.Rand, whom *resident) func() {
		at := r.IntN([]int{100, 1_000, 100_000}[r.IntN(3)])
		return w.doom(whom, func() { w.net.CutAfter(whom.place, at) }, func() { w.net.CutAfter(whom.place, -1) })
	}},
	{"a byte of the next connection is turned over", func(w *town, r *rand.Rand, whom *resident) func() {
		at := r.IntN(w.lock.protected)
		if w.trade.name == "streams" { // nothing protects them
			return nil
		}
		return w.doom(whom, func() { w.net.Corrupt(whom.place, at) }, func() { w.net.Corrupt(whom.place, -1) })
	}},
	{"a black hole", func(w *town, r *rand.Rand, whom *resident) func() {
		if !whom.overNet() {
			return nil
		}
		w.net.BlackHole(whom.place, true)
		return func() { w.net.BlackHole(whom.place, false) }
	}},
	{"connections are refused", func(w *town, r *rand.Rand, whom *resident) func() {
		if !whom.overNet() {
			return nil
		}
		w.net.Refuse(whom.place, true)
		w.net.Reset(whom.place)
		return func() { w.net.Refuse(whom.place, false) }
	}},
	{"everything takes longer", func(w *town, r *rand.Rand, whom *resident) func() {
		w.net.SetLatency(time.Duration(r.IntN(400)) * time.Millisecond)
		return func() { w.net.SetLatency(0) }
	}},
	{"a stranger comes", func(w *town, r *rand.Rand, whom *resident) func() {
		says := [][]byte{nil, []byte("GET / HTTP/1.1\r\n\r\n"), {0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 0x7F, 3}, {1, 0}}[r.IntN(4)]
		if !whom.overNet() || w.trade.name == "streams" || w.trade.most == 1 { // a STREAM takes everybody, and a PAIR the first
			return nil
		}
		c := w.stranger(whom.place)
		if c == nil {
			return nil
		}
		c.Write(says)
		return func() { c.Close() }
	}},
}

// doom prepares what befalls the next connection to whom, and makes the present ones end. What it befell ends with it.
func (w *town) doom(whom *resident, prepare, undo func()) (end func()) {
	if !whom.overNet() {
		return nil
	}
	prepare()
	w.net.Reset(whom.place)
	from := time.Now()
	return func() {
		undo()
		w.net.Reset(whom.place)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.doomed[whom.place] = append(w.doomed[whom.place], [2]time.Time{from, time.Now()})
	}
}

// stranger dials a place, nil if nobody opens.
func (w *town) stranger(place string) net.Conn {
	scheme, address, _ := strings.Cut(place, "://")
	network := map[string]string{"tcp": "tcp", "ipc": "unix"}[scheme]
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	c, err := w.net.Network().Dial(ctx, network, address)
	if err != nil {
		return nil
	}
	return c
}

// ofTheirOwn are misfortunes that residents bring upon themselves. They happen one at a time.
var ofTheirOwn = []misfortune{
	{"is away", func(w *town, r *rand.Rand, whom *resident) func() {
		whom.end(r.IntN(2) == 0)
		return whom.begin
	}},
	{"unbinds", func(w *town, r *rand.Rand, whom *resident) func() {
		must(w.t, whom.now().Unbind(whom.place))
		return whom.bind
	}},
	{"disconnects", func(w *town, r *rand.Rand, whom *resident) func() {
		n := r.IntN(10)
		if len(whom.dials) == 0 {
			return nil
		}
		from := whom.dials[n%len(whom.dials)]
		must(w.t, whom.now().Disconnect(from.place))
		return func() {
			if whom.typ == zmq.PAIR { // has its peer for as long as what was queued lingers
				time.Sleep(whom.cfg.Linger + time.Second)
			}
			whom.connect(from)
		}
	}},
	{"closes a connection", func(w *town, r *rand.Rand, whom *resident) func() {
		n := r.IntN(10)
		if peers := whom.now().State().Peers; len(peers) > 0 {
			whom.now().CloseConn(peers[n%len(peers)].Conn) // which may have ended just now
		}
		return nil
	}},
	{"stops reading", func(w *town, r *rand.Rand, whom *resident) func() {
		whom.reading.set(false)
		return func() { whom.reading.set(true) }
	}},
	{"changes its marks", func(w *town, r *rand.Rand, whom *resident) func() {
		whom.remark(someMarks[r.IntN(len(someMarks))])
		return nil
	}},
	{"changes what it wants", func(w *town, r *rand.Rand, whom *resident) func() {
		whom.resubscribe(prefixes[r.IntN(len(prefixes))], r.IntN(2) == 0)
		return nil
	}},
	{"is watched by somebody who does not read", func(w *town, r *rand.Rand, whom *resident) func() {
		watch := whom.now().Watch(monitor.All)
		whom.now().OnEvent(monitor.All, func(zmq.Event) {})
		return func() {
			watch.Close()
			whom.now().OnEvent(0, nil)
		}
	}},
}

var someMarks = []int{1, 2, 5, 100, 1000}
