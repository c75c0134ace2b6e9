package detect

import (
	"fmt"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// A claim is a routing id that more than one peer wants.
type claim struct {
	alarm  alarm
	recent times
	n      uint64
	last   time.Time
}

func (s *socket) claimEvent(e *monitor.Event) {
	id := text(e.PeerID)
	if e.Kind != monitor.IdentityConflict || id == "" {
		return
	}
	c := s.claims[id]
	if c == nil {
		if len(s.claims) >= maxRows {
			return
		}
		c = new(claim)
		s.claims[id] = c
	}
	c.n++
	c.last = s.now()
	if n := c.recent.add(s.now(), s.o().Window); n < s.o().Conflicts {
		return
	}
	why := fmt.Sprintf("two peers call themselves %s: %s%s; %s %s", id, s.holder(id, e), orUnknown(e.Remote), many(c.n, "conflict"), within(s.now().Sub(c.recent[0])))
	s.raise(&c.alarm, fact.Condition{
		Name: IdentityConflict, Severity: "error", Since: c.recent[0], Endpoint: e.Endpoint, Peer: id, Count: c.n, Why: why, Hint: hintOf(e),
	})
}

// holder is the other peer that has the id, if its coming was seen.
func (s *socket) holder(id string, e *monitor.Event) string {
	for conn, p := range s.peers {
		if p.id == id && conn != e.Conn && p.remote != e.Remote {
			return "one is " + p.remote + ", another comes from "
		}
	}
	return "one of them comes from "
}

func orUnknown(remote string) string {
	if remote == "" {
		return "an unknown address"
	}
	return remote
}

func (s *socket) claimTick() {
	for id, c := range s.claims {
		if s.now().Sub(c.last) > s.o().Window {
			s.clear(&c.alarm, fmt.Sprintf("nobody else has called itself %s for %s", id, span(s.o().Window)), c.n)
			delete(s.claims, id)
		}
	}
}
