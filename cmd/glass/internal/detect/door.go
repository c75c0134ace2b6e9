package detect

import (
	"fmt"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// A visitor is a host that comes to a bound endpoint, and what goes wrong with it.
type visitor struct {
	at     place
	host   string
	reason monitor.Reason
}

// A door is what goes wrong between a host and a bound endpoint, again and again.
type door struct {
	endpoint string
	alarm    alarm
	recent   times
	failed   uint64
	last     time.Time
}

// doorEvent counts handshakes that fail. A routing id that is in use has a condition of its own.
func (s *socket) doorEvent(e *monitor.Event) {
	const failures = monitor.HandshakeFailedNoDetail | monitor.HandshakeFailedProtocol | monitor.HandshakeFailedAuth
	if e.Kind == monitor.Unbound {
		s.shut(placeOf(e))
		return
	}
	dialled := s.dials[placeOf(e)] != nil
	if e.Kind&failures == 0 || e.Side == monitor.SideConnect || dialled || e.Reason == monitor.ReasonIdentityConflict {
		return
	}
	who := visitor{placeOf(e), host(e.Remote), e.Reason}
	d := s.doors[who]
	if d == nil {
		if len(s.doors) >= maxRows {
			return
		}
		d = &door{endpoint: e.Endpoint}
		s.doors[who] = d
	}
	d.failed++
	d.last = s.now()
	if n := d.recent.add(s.now(), s.o().Window); n >= s.o().Handshakes {
		why := fmt.Sprintf("%s: %s failed %s", sentence(e), many(d.failed, "handshake"), within(s.now().Sub(d.recent[0])))
		s.raise(&d.alarm, fact.Condition{
			Name: HandshakeFailing, Severity: "error", Since: d.recent[0], Endpoint: e.Endpoint, Remote: who.host, Count: d.failed, Why: why, Hint: hintOf(e),
		})
	}
}

// shut ends what was at an endpoint.
func (s *socket) shut(at place) {
	for who, d := range s.doors {
		if who.at == at {
			s.clear(&d.alarm, "the endpoint is not bound any more", d.failed)
			delete(s.doors, who)
		}
	}
}

func (s *socket) doorTick() {
	for who, d := range s.doors {
		if s.now().Sub(d.last) > s.o().Window {
			s.clear(&d.alarm, fmt.Sprintf("no handshake with %s has failed so for %s", orSomebody(who.host), span(s.o().Window)), d.failed)
			delete(s.doors, who)
		}
	}
}

func orSomebody(host string) string {
	if host == "" {
		return "anybody"
	}
	return host
}
