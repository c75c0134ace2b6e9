package detect

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/kernel"
)

// Whose fault a full queue is, the kernel knows: it has counted how long there was something to send, and for how long of it
// the peer's window was closed, or our buffer was full; and what it had to send twice.

const (
	// mostly is the share of the time that makes a cause the cause.
	mostly = 0.5
	// lossy is the share of segments that were sent again which no healthy path has.
	lossy = 0.05
	// apart is how far two looks at the kernel's counters must be, so that shares mean something.
	apart = 500 * time.Millisecond
)

// judge gives each full queue what the kernel says of its connection.
func (d *Detector) judge(conns []kernel.Conn) {
	suspects := d.suspects()
	if len(suspects) == 0 {
		return
	}
	for i := range conns {
		for _, q := range suspects[[2]netip.AddrPort{conns[i].Local, conns[i].Remote}] {
			q.look(conns[i], d.now)
		}
	}
}

// suspects are the full queues, by the addresses of their connections: of one host, for addresses say nothing elsewhere.
func (d *Detector) suspects() map[[2]netip.AddrPort][]*queue {
	found := make(map[[2]netip.AddrPort][]*queue)
	for _, p := range d.processes {
		if d.o.Host != "" && p.Host != d.o.Host {
			continue
		}
		for _, s := range p.sockets {
			for _, q := range s.queues {
				if pair, ok := q.pair(); ok && !q.alarm.raised {
					found[pair] = append(found[pair], q)
				}
			}
		}
	}
	return found
}

// pair is the queue's connection as the kernel names it.
func (q *queue) pair() (pair [2]netip.AddrPort, ok bool) {
	for i, s := range []string{q.local, q.remote} {
		rest, tcp := strings.CutPrefix(s, "tcp://")
		a, err := netip.ParseAddrPort(rest)
		if !tcp || err != nil {
			return pair, false
		}
		pair[i] = netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
	}
	return pair, true
}

// look keeps the first and the latest of what the kernel says while the queue is full.
func (q *queue) look(c kernel.Conn, now time.Time) {
	if q.first == nil {
		q.first, q.firstAt = &c, now
	}
	q.latest, q.latestAt = &c, now
}

// judged says whether the kernel has been asked twice.
func (q *queue) judged() bool { return q.first != nil && q.latestAt.Sub(q.firstAt) >= apart }

// canJudge says whether the kernel may know more if it is waited for.
func (s *socket) canJudge(q *queue) bool {
	_, tcp := q.pair()
	return tcp && (s.o().Host == "" || s.p.Host == s.o().Host)
}

// A fault is whose it is, and what to do.
type fault struct{ why, hint string }

// fault is the verdict.
func (q *queue) fault() fault {
	if !q.judged() {
		return fault{"nothing is known of the connection below", hintSlow}
	}
	of := q.latestAt.Sub(q.firstAt)
	share := func(d time.Duration) float64 { return float64(d) / float64(of) }
	window := share(q.latest.RwndLimited - q.first.RwndLimited)
	buffer := share(q.latest.SndbufLimited - q.first.SndbufLimited)
	busy := share(q.latest.Busy - q.first.Busy)
	again, sent := q.latest.TotalRetrans-q.first.TotalRetrans, q.latest.SegsOut-q.first.SegsOut
	switch {
	case window >= mostly || q.latest.Probes > 0:
		return fault{fmt.Sprintf("the peer does not read, its receive window was closed for %s of the last %s", percent(window), span(of)), hintPeer}
	case q.latest.Retransmits > 1 || again > 1 && float64(again) >= lossy*float64(sent):
		return fault{fmt.Sprintf("the network loses packets: %d of %d segments of the last %s were sent again%s", again, sent, span(of), q.silence()), hintNetwork}
	case buffer >= mostly:
		return fault{fmt.Sprintf("our send buffer is too small for this path: it was full for %s of the last %s, at %s round trip", percent(buffer), span(of), span(q.latest.RTT)), hintBuffer}
	case busy >= mostly:
		return fault{fmt.Sprintf("the network is the limit: the connection was busy for %s of the last %s and carries %s", percent(busy), span(of), rate(q.latest.DeliveryRate)), hintPath}
	}
	return fault{fmt.Sprintf("the connection has room, it was busy for only %s of the last %s: this process does not write", percent(busy), span(of)), hintWriter}
}

// silence is a path on which nothing is answered at all.
func (q *queue) silence() string {
	if q.latest.Retransmits <= 1 {
		return ""
	}
	return fmt.Sprintf(", and the last one %d times without an answer", q.latest.Retransmits)
}

func percent(share float64) string { return fmt.Sprintf("%.0f %%", 100*min(share, 1)) }

func rate(perSecond uint64) string {
	switch {
	case perSecond >= 1e6:
		return fmt.Sprintf("%.1f MB/s", float64(perSecond)/1e6)
	case perSecond >= 1e3:
		return fmt.Sprintf("%.1f kB/s", float64(perSecond)/1e3)
	}
	return fmt.Sprintf("%d B/s", perSecond)
}
