package zmq_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// The naive model of a walk: a list of what was sent, and of who got it.

// A parcel is one message that a Send took.
type parcel struct {
	from    *member
	seq     uint32
	topic   string           // of a publisher
	to      *member          // of a ROUTER
	must    map[*member]bool // of a publisher: those who must get it …
	dropped int              // … but so many of them
	got     map[*member]bool
	risk    bool // a break lies between the Send and the Recv: it may be lost
}

var prefixes = []string{"", "a", "ab", "abc", "b", "\x00", "a\x00b"}

// frames are a parcel's, made from its number: what arrives is held against them.
func (p *parcel) frames() (b [][]byte) {
	if p.topic != "" || p.must != nil {
		b = append(b, []byte(p.topic))
	}
	return append(b, bodyOf(uint32(p.from.number), p.seq)...)
}

// bodyOf is the frames that a sender's message has, after topic and address.
func bodyOf(number, seq uint32) (b [][]byte) {
	b = append(b, binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, number), seq))
	r := rand.New(rand.NewPCG(uint64(number), uint64(seq)))
	for range r.IntN(4) {
		size := r.IntN(40)
		switch r.IntN(20) {
		case 0:
			size = 200 + r.IntN(200)
		case 1:
			size = 9_000 + r.IntN(100)
		case 2:
			size = r.IntN(100_000)
		}
		b = append(b, bytes.Repeat([]byte{byte(seq)}, size))
	}
	return b
}

// send sends some messages, until m would have to wait.
func (w *walker) send(m *member) {
	s, can := m.Socket.(zmq.Sender)
	if !can || w.family.asks || !m.left && !w.family.back {
		return
	}
	for n := range w.IntN(20) {
		p := &parcel{from: m, seq: m.seq + 1, got: map[*member]bool{}}
		if w.family.fan {
			w.address(p)
		}
		frames := p.frames()
		if m.left && w.family.named {
			if p.to = w.addressee(m); p.to == nil {
				return
			}
			frames = append([][]byte{[]byte(p.to.name)}, frames...)
		}
		before := s.State().Dropped
		var err error
		if w.IntN(2) == 0 {
			err = s.Send(zmq.NoWait, frames...)
		} else {
			err = s.SendMessage(zmq.NoWait, zmq.NewMessage(frames...))
		}
		p.dropped = int(s.State().Dropped - before)
		switch {
		case errors.Is(err, zmq.ErrWouldBlock), errors.Is(err, zmq.ErrHostUnreachable):
			w.say("%q sends %d messages, up to number %d, and then: %v", m.name, n, m.seq, err)
			return
		case err != nil:
			w.t.Fatal(err)
		}
		m.seq++
		w.took(p)
	}
	w.say("%q sends up to number %d", m.name, m.seq)
}

// took notes what a Send took.
func (w *walker) took(p *parcel) {
	switch {
	case w.family.fan && p.dropped > len(p.must) && !p.risk:
		w.t.Errorf("%q dropped number %d for %d subscribers of %d", p.from.name, p.seq, p.dropped, len(p.must))
	case !w.family.fan && p.dropped > 0: // a ROUTER's
		return
	}
	w.parcels = append(w.parcels, p)
}

// addressee is somebody whom a ROUTER may know.
func (w *walker) addressee(m *member) *member {
	var right []*member
	for _, r := range w.members {
		if !r.left {
			right = append(right, r)
		}
	}
	return right[w.IntN(len(right))]
}

// address chooses a topic, and says who must get it: those that are ready and want it.
func (w *walker) address(p *parcel) {
	p.topic = prefixes[w.IntN(len(prefixes))] + []string{"", "x"}[w.IntN(2)]
	p.must, p.risk = map[*member]bool{}, w.fault || !w.allEven(p.from)
	for _, m := range w.members {
		if !m.left && !w.fault && w.met(p.from, m) && m.wants(p.topic) {
			p.must[m] = true
		}
	}
}

func (m *member) wants(topic string) bool {
	for prefix := range m.prefixes {
		if strings.HasPrefix(topic, prefix) {
			return true
		}
	}
	return false
}

// met reports whether two are connected.
func (w *walker) met(a, b *member) bool {
	for _, l := range w.links {
		if l.dialler == a && l.binder == b || l.dialler == b && l.binder == a {
			return readyPeers(l.dialler, l.binder.place) == 1 && w.even(l.binder)
		}
	}
	return false
}

// allEven is even for m and all whom it dialled.
func (w *walker) allEven(m *member) bool {
	for _, l := range w.links {
		if l.dialler == m && !w.even(l.binder) {
			return false
		}
	}
	return w.even(m)
}

// even reports whether a member that is dialled has as many peers as think so: not, while one of them has not noticed the
// end of a connection that it does not read, for its messages wait for room.
func (w *walker) even(m *member) bool {
	n := 0
	for _, l := range w.links {
		if l.binder == m {
			n += readyPeers(l.dialler, m.place)
		}
	}
	return n == readyPeers(m, m.place)
}

func readyPeers(m zmq.Socket, place string) (n int) {
	for _, p := range m.State().Peers {
		if p.Ready && p.Endpoint == place {
			n++
		}
	}
	return n
}

// subscribe changes what m wants, and lets its publishers hear of it.
func (w *walker) subscribe(m *member) {
	s, can := m.Socket.(interface {
		Subscribe(...string) error
		Unsubscribe(...string) error
	})
	if !can {
		return
	}
	prefix := prefixes[w.IntN(len(prefixes))]
	if w.IntN(3) == 0 {
		err := s.Unsubscribe(prefix)
		w.say("%q unsubscribes from %q: %v", m.name, prefix, err)
		if had := m.prefixes[prefix] > 0; had != (err == nil) || !had && !errors.Is(err, zmq.ErrNotFound) {
			w.t.Errorf("Unsubscribe from %q, which was there %d times: %v", prefix, m.prefixes[prefix], err)
		}
		if m.prefixes[prefix]--; m.prefixes[prefix] <= 0 {
			delete(m.prefixes, prefix)
		}
		for _, p := range w.parcels { // what is on its way is filtered out when it is received
			if p.must[m] && !p.got[m] && m.Type() == zmq.SUB && !m.wants(p.topic) {
				p.risk = true
				delete(p.must, m)
			}
		}
	} else {
		w.say("%q subscribes to %q", m.name, prefix)
		must(w.t, s.Subscribe(prefix))
		m.prefixes[prefix]++
		m.ever[prefix] = true
	}
	w.settle()
}

// receive takes up to n messages out.
func (w *walker) receive(m *member, n int) {
	r, can := m.Socket.(zmq.Receiver)
	if !can || w.family.asks {
		return
	}
	var b zmq.Buffer
	got := 0
	for range n {
		var err error
		var msg zmq.Message
		if w.IntN(2) == 0 {
			msg, err = r.Recv(zmq.NoWait)
		} else {
			err = r.RecvInto(zmq.NoWait, &b)
			msg = b.Message
		}
		if errors.Is(err, zmq.ErrWouldBlock) {
			break
		}
		must(w.t, err)
		if _, _, sub := zmq.ParseSubscription(msg); sub && m.Type() == zmq.XPUB {
			continue
		}
		w.arrive(m, msg)
		got++
	}
	w.say("%q receives %d messages", m.name, got)
}

// arrive holds a message against what was sent.
func (w *walker) arrive(m *member, msg zmq.Message) {
	m.received++
	frames := msg.AppendFrames(nil)
	id := ""
	if m.Type() == zmq.ROUTER {
		id, frames = string(frames[0]), frames[1:]
	}
	head := frames[0]
	if w.family.fan {
		head = frames[min(1, len(frames)-1)]
	}
	if len(head) != 8 {
		w.t.Fatalf("%q received %.80q, which nobody sent", m.name, frames)
	}
	number, seq := binary.BigEndian.Uint32(head), binary.BigEndian.Uint32(head[4:])
	i := slices.IndexFunc(w.parcels, func(p *parcel) bool { return p.from.number == int(number) && p.seq == seq && !p.got[m] })
	if i < 0 {
		w.t.Fatalf("%q received number %d from %d, which nobody sent, or a second time", m.name, seq, number)
	}
	p := w.parcels[i]
	if !slices.EqualFunc(frames, p.frames(), bytes.Equal) {
		w.t.Fatalf("%q received number %d from %q as %d frames, not as it was sent", m.name, seq, p.from.name, len(frames))
	}
	w.mayGet(m, p, id)
	if last := m.last[p.from]; last.seq < seq {
		m.last[p.from] = receipt{seq, msg.Conn()}
	} else if !overlapped(m.story.Events(), msg.Conn(), last.conn) {
		w.t.Errorf("%q received number %d from %q after number %d", m.name, seq, p.from.name, last.seq)
	}
	p.got[m] = true
}

// A receipt says which message came, and over which connection.
type receipt struct {
	seq  uint32
	conn monitor.ConnID
}

// overlapped reports whether a socket had a peer's old connection still when its new one was ready: a connection whose
// messages wait for room is not read, so its end is not noticed. Those two are two peers to it, and it takes turns between
// them.
func overlapped(story []zmq.Event, before, after monitor.ConnID) bool {
	over := false
	for _, e := range story {
		switch {
		case e.Conn == before && e.Terminal():
			over = true
		case e.Conn == after && e.Kind == monitor.HandshakeSucceeded:
			return !over && before != after
		}
	}
	return false
}

// mayGet holds the addressee against who it was for.
func (w *walker) mayGet(m *member, p *parcel, id string) {
	switch {
	case m.Type() == zmq.ROUTER && id != p.from.name:
		w.t.Errorf("%q received number %d from %q as from %q", m.name, p.seq, p.from.name, id)
	case p.to != nil && p.to.name != m.name:
		w.t.Errorf("%q received number %d, which was for %q", m.name, p.seq, p.to.name)
	case m.Type() == zmq.SUB && !m.wants(p.topic):
		w.t.Errorf("%q received topic %q, and wants only %q", m.name, p.topic, slices.Sorted(maps.Keys(m.prefixes)))
	case m.Type() == zmq.XSUB && !slices.ContainsFunc(slices.Collect(maps.Keys(m.ever)), func(e string) bool { return strings.HasPrefix(p.topic, e) }):
		w.t.Errorf("%q received topic %q, and never wanted it", m.name, p.topic)
	case !w.family.fan && len(p.got) > 0:
		w.t.Errorf("%q received number %d from %q, which another has, too", m.name, p.seq, p.from.name)
	}
}

// observe sees which connections have ended: what was on its way between their ends may be lost. Who dialled knows whom;
// who was dialled is asked only if he has noticed at another time: a connection whose messages wait for room is not read.
func (w *walker) observe() {
	synctest.Wait()
	ends := map[string]int{} // by place: those that the diallers saw, less those that the dialled saw
	for _, m := range w.members {
		all := m.story.Events()
		for _, e := range all[m.told:] {
			w.say("  %q: %v", m.name, e)
			switch {
			case !e.Terminal() || e.Kind == monitor.ConnectFailed:
			case e.Side == monitor.SideBind:
				ends[e.Endpoint]--
			default:
				w.survives(m, e)
				ends[e.Endpoint]++
				for _, other := range w.members {
					if e.Endpoint == other.place {
						w.risk(m, other)
					}
				}
			}
		}
		m.told = len(all)
	}
	for _, m := range w.members {
		for _, other := range w.members {
			if ends[m.place] != 0 && m.left != other.left {
				w.risk(m, other)
			}
		}
	}
}

// survives: the queue of a connection that was dialled waits for the next one; only a message of which a part was on the
// wire is lost with it. A REP's answers were for that peer alone.
func (w *walker) survives(m *member, e zmq.Event) {
	ours := e.Kind == monitor.LocalClosed && e.Reason != monitor.ReasonConnClosed
	if e.Unsent > 1 && !ours && !w.family.asks {
		w.t.Errorf("%q lost %d messages of its queue with a connection that it had dialled", m.name, e.Unsent)
	}
}

// risk: what two have sent to each other, or may have, may be lost from here on.
func (w *walker) risk(a, b *member) {
	for _, p := range w.parcels {
		for _, ends := range [][2]*member{{a, b}, {b, a}} {
			switch from, to := ends[0], ends[1]; {
			case p.from != from || p.got[to] || !w.family.fan && len(p.got) > 0:
			case w.family.fan:
				p.risk = p.risk || p.must[to] // the drops that were counted may have been this one's
				delete(p.must, to)
			case p.to == nil || p.to.name == to.name:
				p.risk = true
			}
		}
	}
}

// steadies are what must be true when nothing is going on.
func (w *walker) steadies() {
	if !w.family.fan || w.fault {
		return
	}
	for _, m := range w.members {
		if !m.left || !w.allEven(m) {
			continue
		}
		want := map[string]bool{}
		for _, s := range w.members {
			if !s.left && w.met(m, s) {
				maps.Copy(want, trueKeys(s.prefixes))
			}
		}
		if n := m.Socket.(interface{ TopicsCount() int }).TopicsCount(); n != len(want) {
			w.t.Errorf("%q knows %d prefixes, its subscribers have %q", m.name, n, slices.Sorted(maps.Keys(want)))
		}
	}
}

func trueKeys(m map[string]int) map[string]bool {
	keys := map[string]bool{}
	for k := range m {
		keys[k] = true
	}
	return keys
}

// finish mends everything, receives all there is, and counts.
func (w *walker) finish() {
	w.say("the end")
	for _, m := range w.members {
		if !m.bound {
			w.bindOrUnbind(m)
		}
	}
	for quiet := false; !quiet; {
		before := w.totals()
		time.Sleep(10 * time.Second)
		for _, m := range w.members {
			w.receive(m, 1_000_000)
		}
		quiet = w.totals() == before
	}
	w.observe()
	for _, p := range w.parcels {
		w.check(p)
	}
	w.balance()
}

func (w *walker) totals() (n uint64) {
	for _, m := range w.members {
		n += m.received
	}
	return n
}

// check: a parcel has arrived, unless it may be lost or nobody is there who could have got it.
func (w *walker) check(p *parcel) {
	switch {
	case p.risk && !w.family.fan:
	case w.family.fan:
		got := 0
		for m := range p.must {
			if p.got[m] {
				got++
			}
		}
		if p.risk && got+p.dropped < len(p.must) || !p.risk && got+p.dropped != len(p.must) {
			w.t.Errorf("%q sent number %d, %q: %d subscribers had to get it, %d did, and %d drops were counted", p.from.name, p.seq, p.topic, len(p.must), got, p.dropped)
		}
	case len(p.got) == 0 && w.reaches(p):
		w.t.Errorf("%q sent number %d, and nobody received it", p.from.name, p.seq)
	}
}

// reaches reports whether a parcel's way is open at the end.
func (w *walker) reaches(p *parcel) bool {
	for _, m := range w.members {
		if m.left != p.from.left && w.linked(p.from, m) && (p.to == nil || p.to.name == m.name) {
			return true
		}
	}
	return false
}

// balance: what was sent went out or is told as unsent; what came in was received, or filtered out.
func (w *walker) balance() {
	for _, m := range w.members {
		if w.family.asks {
			return // requests that were given up are neither
		}
		s := m.State()
		if typ := m.Type(); s.MessagesIn < m.received || s.MessagesIn > m.received && typ != zmq.XPUB && typ != zmq.SUB {
			w.t.Errorf("%q: %d messages came in, and %d were received", m.name, s.MessagesIn, m.received)
		}
		sent := uint64(0)
		for _, p := range w.parcels {
			if p.from == m {
				sent++
			}
		}
		for _, p := range s.Peers {
			if p.QueueIn+p.QueueOut != 0 {
				w.t.Errorf("%q: %d messages are still to be received, %d to be sent, when all is through", m.name, p.QueueIn, p.QueueOut)
			}
		}
		if unsent := unsentOf(m.story.Events()); !w.family.fan && s.MessagesOut+unsent != sent {
			w.t.Errorf("%q: %d messages were sent, %d went out, and %d are told as unsent", m.name, sent, s.MessagesOut, unsent)
		}
	}
}

// unsentOf is what a socket's events tell of messages that did not go out.
func unsentOf(story []zmq.Event) (n uint64) {
	with := map[uint64]uint64{} // an endpoint's last connection, if its end was the endpoint's: both tell
	for _, e := range story {
		switch {
		case e.Terminal():
			n += e.Unsent
			if with[e.EndpointID] = 0; e.Kind == monitor.LocalClosed && e.Side == monitor.SideConnect {
				with[e.EndpointID] = e.Unsent
			}
		case e.Kind == monitor.Unbound:
			n += e.Unsent - min(e.Unsent, with[e.EndpointID])
		}
	}
	return n
}
