package detect

import (
	"fmt"
	"strconv"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// drops are the messages that a socket drops.
type drops struct {
	alarm  alarm
	n      uint64
	begun  time.Time
	last   time.Time
	newest monitor.Event
	peers  map[peer]bool // whose they were, as far as words count them
}

// maxNamed is how many peers words count.
const maxNamed = 9

// once are reasons that come with the end of a connection or of a request: its event tells them, and there is nothing that
// lasts.
func once(r monitor.Reason) bool {
	return r == monitor.ReasonPeerGone || r == monitor.ReasonLingerExpired || r == monitor.ReasonLateReply
}

func (s *socket) dropEvent(e *monitor.Event) {
	if e.Kind != monitor.Dropped || once(e.Reason) {
		return
	}
	d := &s.drops
	if d.n == 0 {
		d.begun, d.peers = s.now(), make(map[peer]bool)
	}
	d.n += e.Count
	d.last, d.newest = s.now(), *e
	if e.Conn != 0 && len(d.peers) <= maxNamed {
		d.peers[peer{e.Remote, text(e.PeerID)}] = true
	}
}

func (s *socket) dropTick() {
	d := &s.drops
	switch {
	case d.n == 0:
	case s.now().Sub(d.last) > s.o().Quiet:
		s.clear(&d.alarm, fmt.Sprintf("nothing has been dropped for %s; it was %s in all", span(s.o().Quiet), many(d.n, "message")), d.n)
		*d = drops{}
	case s.now().Sub(d.begun) >= s.o().Drops && !d.alarm.raised:
		s.raise(&d.alarm, d.condition(s))
	}
}

func (d *drops) condition(s *socket) fact.Condition {
	all := d.newest
	all.Count = d.n
	c := fact.Condition{Name: Drops, Severity: "warn", Since: d.begun, Count: d.n, Hint: hintOf(&all)}
	whose := ""
	switch n := len(d.peers); {
	case n == 1:
		c.Endpoint, c.Remote, c.Peer = all.Endpoint, all.Remote, text(all.PeerID)
		whose = " for " + peer{c.Remote, c.Peer}.String()
	case n > maxNamed:
		whose = " for more than " + strconv.Itoa(maxNamed) + " peers, the last of them " + peer{all.Remote, text(all.PeerID)}.String()
	case n > 1:
		whose = " for " + strconv.Itoa(n) + " peers, the last of them " + peer{all.Remote, text(all.PeerID)}.String()
	}
	c.Why = fmt.Sprintf("%s drops messages%s: %s", s, whose, sentence(&all))
	return c
}
