package observe

import (
	"math"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/prometheus/client_golang/prometheus"
)

var _ prometheus.Collector = (*Tallies)(nil)

// Label values by their index.
var (
	directions = [...]string{tx: "tx", rx: "rx"}
	sides      = [...]string{dialled: "connect", accepted: "bind"}
	phases     = [...]string{connecting: "connecting", handshaking: "handshaking", ready: "ready"}
	operations = [...]string{subscribe: "subscribe", cancel: "cancel"}
)

// Describe is prometheus.Collector's.
func (ts *Tallies) Describe(ch chan<- *prometheus.Desc) {
	for i := range mWaiting { // which is the Forwarder's
		ch <- ts.show.descs[i]
	}
}

// Collect is prometheus.Collector's: what was told up to now.
func (ts *Tallies) Collect(ch chan<- prometheus.Metric) {
	ts.mu.Lock()
	p := ts.page()
	ts.mu.Unlock()
	for _, m := range p.all {
		ch <- m
	}
}

// page is all series, with the lock held.
func (ts *Tallies) page() *page {
	p := &page{metrics: ts.show}
	for _, t := range ts.slots {
		p.of(t.of)
		p.tally(t)
	}
	p.add(mLost, float64(ts.lost))
	p.add(mTruncated, float64(ts.over()), "sockets")
	p.add(mTruncated, float64(ts.quota.over), "endpoints")
	if len(ts.peers) > 0 {
		p.add(mTruncated, float64(ts.peers[0].over), "peers") // of several views the first speaks
	}
	return p
}

func (p *page) tally(t *tally) {
	for typ := range t.types {
		p.add(mInfo, 1, t.name, typ, p.version)
	}
	for d, direction := range directions {
		if !t.goes(d) {
			continue
		}
		p.add(mMessages, float64(t.messages[d]), t.name, direction)
		p.add(mWireBytes, float64(t.bytes[d]), t.name, direction)
		if !t.last[d].IsZero() {
			p.add(mLast, seconds(t.last[d]), t.name, direction)
		}
	}
	for r, n := range t.dropped {
		p.add(mDropped, float64(n), t.name, string(r))
	}
	for k, n := range t.events {
		p.add(mEvents, float64(n), t.name, kindLabel(k))
	}
	p.connections(t)
	p.queues(t)
	p.subscriptions(t)
	p.add(mSilences, float64(t.silences), t.name)
	p.histogram(mRTT, &t.trips, t.name)
}

func (p *page) connections(t *tally) {
	now := t.connections()
	for side, name := range sides {
		for phase, state := range phases {
			if side != accepted || phase != connecting { // who listens does not dial
				p.add(mConnections, float64(now[side][phase]), t.name, name, state)
			}
		}
		p.add(mOpened, float64(t.opened[side]), t.name, name)
	}
	for class, n := range t.closed {
		p.add(mClosed, float64(n), t.name, closedClasses[class])
	}
	for endpoint, d := range t.dials {
		for result, n := range d.results {
			p.add(mAttempts, float64(n), t.name, endpoint, dialResults[result])
		}
		p.add(mRetry, d.retry.Seconds(), t.name, endpoint)
	}
	p.histogram(mDialTime, &t.dialTimes, t.name)
	for mechanism, h := range t.handshakes {
		p.histogram(mHandshakeTime, h, t.name, mechanism)
	}
	for r, n := range t.failures {
		p.add(mHandshakeFailures, float64(n), t.name, string(r))
	}
}

func (p *page) queues(t *tally) {
	sum, most, limit := t.queues()
	for d, direction := range directions {
		if len(t.parts) == 0 || !t.goes(d) {
			continue
		}
		p.add(mQueued, float64(sum[d]), t.name, direction)
		p.add(mQueuedMax, float64(most[d]), t.name, direction)
		mark := math.Inf(1)
		if limit[d] > 0 {
			mark = float64(limit[d])
		}
		p.add(mQueueLimit, mark, t.name, direction)
	}
	if !t.goes(tx) {
		return
	}
	full, lasted := t.fullNow()
	p.add(mPipesFull, float64(full), t.name, directions[tx])
	p.add(mPipeFullTime, lasted.Seconds(), t.name, directions[tx])
}

func (p *page) subscriptions(t *tally) {
	if !t.publishes() {
		return
	}
	p.add(mSubscriptions, float64(t.subscriptions()), t.name)
	for op, name := range operations {
		if p.changes || t.changes[op] > 0 {
			p.add(mChanges, float64(t.changes[op]), t.name, name)
		}
	}
}

// goes says whether messages go in this direction through sockets of this name.
func (t *tally) goes(direction int) bool {
	for typ := range t.types {
		switch typ {
		case "PUB", "PUSH":
			if direction == tx {
				return true
			}
		case "SUB", "PULL":
			if direction == rx {
				return true
			}
		default:
			return true
		}
	}
	return false
}

// publishes says whether peers subscribe to sockets of this name.
func (t *tally) publishes() bool {
	_, pub := t.types["PUB"]
	_, xpub := t.types["XPUB"]
	return pub || xpub
}

func kindLabel(k monitor.Kind) string {
	if k == 0 {
		return "other"
	}
	return k.String()
}

func seconds(t time.Time) float64 { return float64(t.UnixMicro()) / 1e6 }
