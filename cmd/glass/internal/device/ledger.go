package device

import (
	"maps"
	"sync"

	"github.com/glassmq/zmq/monitor"
)

// LedgerMask is the events that a Ledger reads: few for each connection, and one a second while messages are dropped.
const LedgerMask = monitor.Disconnected | monitor.LocalClosed | monitor.ConnectFailed | monitor.Unbound | monitor.Dropped

// A Ledger is what the events of one socket tell of messages that did not go out, by reason. It has to read from the
// socket's first event on. Its methods may be called from several goroutines.
type Ledger struct {
	mu sync.Mutex
	// mu guards:
	reasons map[monitor.Reason]uint64
	ended   map[uint64]uint64 // by endpoint: what its last connection left unsent, which the endpoint's end tells again
	missed  uint64            // events that the reader was too slow for
}

// incoming are reasons to drop what came in: nobody had given it to the socket to send.
var incoming = map[monitor.Reason]bool{
	monitor.ReasonBadEnvelope: true, monitor.ReasonLateReply: true, monitor.ReasonSubscriptionLimit: true,
}

// Fold takes one event in.
func (l *Ledger) Fold(e monitor.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.reasons == nil {
		l.reasons, l.ended = make(map[monitor.Reason]uint64), make(map[uint64]uint64)
	}
	switch {
	case e.Kind == monitor.Lost:
		l.missed += e.Count
	case e.Kind == monitor.Dropped:
		if !incoming[e.Reason] {
			l.add(e.Reason, e.Count)
		}
	case e.Terminal():
		l.add(unsent(e), e.Unsent)
		if l.ended[e.EndpointID] = 0; e.Kind == monitor.LocalClosed && e.Side == monitor.SideConnect {
			l.ended[e.EndpointID] = e.Unsent
		}
	case e.Kind == monitor.Unbound:
		l.add(unsent(e), e.Unsent-min(e.Unsent, l.ended[e.EndpointID]))
		delete(l.ended, e.EndpointID)
	}
}

// unsent is why messages were not sent when a connection or an endpoint ended: where we have ended it ourselves, because they
// had no more time.
func unsent(e monitor.Event) monitor.Reason {
	if e.Kind&(monitor.LocalClosed|monitor.Unbound) != 0 {
		return monitor.ReasonLingerExpired
	}
	return e.Reason
}

func (l *Ledger) add(r monitor.Reason, n uint64) {
	if n > 0 {
		l.reasons[r] += n
	}
}

// Dropped is a copy of the counts, and how many events the ledger has not seen: above 0, the counts are too low.
func (l *Ledger) Dropped() (by map[monitor.Reason]uint64, missed uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return maps.Clone(l.reasons), l.missed
}
