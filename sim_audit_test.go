package zmq_test

import (
	"slices"
	"testing/synctest"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// What must hold in a town: after trouble, all along, and when all is quiet.

// mustBeBack is what is true of a resident when nothing has been wrong for twice the back-off.
func (r *resident) mustBeBack() {
	l := r.now()
	for _, to := range r.dials {
		if n := readyPeers(l, to.place); n != 1 {
			r.w.t.Errorf("+%v: %v has %d connections to %v, and nothing is wrong any more:\n%s", r.w.age(), l, n, to, present(l.State()))
		}
	}
	diallers := 0
	for _, other := range r.knows() {
		if slices.Contains(other.dials, r) {
			diallers++
		}
	}
	if n := readyPeers(l, r.place); n != diallers {
		r.w.t.Errorf("+%v: %v has %d connections from %d who dial it:\n%s", r.w.age(), l, n, diallers, present(l.State()))
	}
	r.knowsSubscriptions(l)
}

// knowsSubscriptions: a publisher knows what its subscribers want, and no more.
func (r *resident) knowsSubscriptions(l *life) {
	p, is := l.Socket.(interface{ TopicsCount() int })
	if !is || !r.left { // an XSUB counts its own
		return
	}
	all := map[string]bool{}
	for _, sub := range r.knows() {
		for prefix := range sub.wants {
			all[prefix] = true
		}
	}
	if n := p.TopicsCount(); n != len(all) {
		r.w.t.Errorf("+%v: %v knows %d prefixes, its subscribers want %v", r.w.age(), l, n, all)
	}
}

// inspectMarks: no queue holds more than its mark, or than it held when the mark was lowered. Over inproc one queue has both
// ends' marks, and what an XPUB hears has none.
func (w *town) inspectMarks() {
	for _, r := range w.residents {
		r.mu.Lock()
		l, most := r.life, [2]int{}
		s := l.State()
		away := slices.ContainsFunc(s.Endpoints, func(e monitor.EndpointState) bool {
			return e.Side == monitor.SideConnect && !slices.ContainsFunc(s.Peers, func(p monitor.PeerState) bool { return p.Conn == e.Conn && p.Ready })
		})
		for _, p := range s.Peers {
			if isInproc(p.Endpoint) {
				continue
			}
			most[0] = max(most[0], p.QueueOut)
			if p.QueueIn > most[1] && !l.inherits(p) {
				most[1] = p.QueueIn
			}
		}
		if most[0] > r.allowed[0] || most[1] > r.allowed[1] && r.typ != zmq.XPUB {
			w.t.Errorf("+%v: %v has %d messages in a queue out and %d in one in: %d and %d are allowed", w.age(), l, most[0], most[1], r.allowed[0], r.allowed[1])
		}
		for i, held := range most {
			if away { // what is queued for who is not there does not show
				break
			}
			r.allowed[i] = max(r.marks, min(held, r.allowed[i]))
		}
		r.mu.Unlock()
	}
}

// inherits reports whether a connection that we dialled has the queue of one that broke: what that had received whole stays
// readable, beyond the mark (contract U6).
func (l *life) inherits(p monitor.PeerState) bool {
	return p.Side == monitor.SideConnect && slices.ContainsFunc(l.story.Events(), func(e zmq.Event) bool {
		return e.EndpointID == p.EndpointID && e.Kind == monitor.Disconnected && e.Phase == monitor.InTraffic
	})
}

// audit: nothing is on its way. What was sent when it was calm has arrived, the counters balance, and what the events tell is
// the truth.
func (w *town) audit(episode int) {
	synctest.Wait()
	for _, r := range w.residents {
		l := r.now()
		s := l.State()
		l.fold(s)
		l.balance(s)
		l.delivered(episode)
		for _, p := range s.Peers {
			if p.QueueIn+p.QueueOut != 0 {
				w.t.Errorf("+%v: %v has %d messages to be received and %d to be sent, when all is quiet", w.age(), l, p.QueueIn, p.QueueOut)
			}
			if n := l.heard[p.Conn]; n != p.MessagesIn && l.of.typ != zmq.SUB && l.of.typ != zmq.XPUB && !w.trade.asks {
				w.t.Errorf("+%v: over connection %d came %d messages, and %v has received %d", w.age(), p.Conn, p.MessagesIn, l, n)
			}
			if b := l.pieces[p.Conn]; len(b) > 0 {
				w.t.Errorf("+%v: %v has %d bytes of a record, and no more come", w.age(), l, len(b))
			}
		}
	}
	w.holdTogether(w.ends())
}

// fold brings the state that the events tell up to date, and holds it against the truth.
func (l *life) fold(truth monitor.State) {
	all := l.story.Events()
	for _, e := range all[l.told:] {
		if e.Seq > truth.Seq {
			break
		}
		if err := l.state.Apply(e); err != nil {
			l.w.t.Errorf("%v: %v", l, err)
		}
		l.told++
	}
	if got, want := present(l.state), present(truth); got != want {
		l.w.t.Errorf("+%v: the events of %v tell\n%s\nand the truth is\n%s", l.w.age(), l, got, want)
	}
}

// balance: what Send took went out, or is told as not sent, or as dropped.
func (l *life) balance(s monitor.State) {
	if l.w.trade.asks || l.w.trade.fan || l.of.typ == zmq.STREAM {
		return // requests that were given up are neither; a fan's messages are many; a STREAM counts pieces
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	sent := uint64(0)
	for i := range l.letters {
		if !l.letters[i].refused {
			sent++
		}
	}
	queued := uint64(0)
	for _, p := range s.Peers {
		queued += uint64(p.QueueOut)
	}
	if unsent := unsentOf(l.story.Events()); sent != s.MessagesOut+unsent+s.Dropped+queued {
		l.w.t.Errorf("+%v: %v: %d messages were sent; %d went out, %d are told as unsent, %d as dropped, %d are queued", l.w.age(), l, sent, s.MessagesOut, unsent, s.Dropped, queued)
	}
}

// delivered: what was sent when it was calm has arrived.
func (l *life) delivered(episode int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := len(l.letters) - 1; i >= 0 && l.letters[i].calm == episode; i-- {
		to := &l.letters[i]
		if len(to.must) == 0 && len(to.by) == 0 && !l.w.trade.fan {
			l.w.t.Errorf("+%v: %v sent number %d when it was calm, and nobody received it", l.w.age(), l, i+1)
		}
		for _, r := range to.must {
			if !slices.Contains(to.by, r.now().number) {
				l.w.t.Errorf("+%v: %v sent number %d when it was calm, and %v did not receive it", l.w.age(), l, i+1, r)
			}
		}
	}
}
