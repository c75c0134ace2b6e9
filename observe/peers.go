package observe

import (
	"cmp"
	"encoding/hex"
	"slices"
	"unicode/utf8"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// Peers is a collector of the top peers of each socket, one by one: the fullest queues first, then the most dropped, then
// the most bytes. Its label peer is a routing id or an address, that is, what strangers choose: register it where it is
// scraped on purpose, such as at /metrics/peers, and never in the default registry. All other peers of a socket are
// counted together as [Other]. 0 is 100.
func (ts *Tallies) Peers(top int) prometheus.Collector {
	if top <= 0 {
		top = 100
	}
	v := &peerView{of: ts, top: top, told: make(map[slot]map[monitor.ConnID]peerCount), others: make(map[slot]*peerCount)}
	ts.mu.Lock()
	defer ts.mu.Unlock()
	ts.peers = append(ts.peers, v)
	return v
}

// A peerView is one such collector. The lock of its Tallies guards it.
type peerView struct {
	of     *Tallies
	top    int
	over   int                                   // peers without series of their own, at the last Collect
	told   map[slot]map[monitor.ConnID]peerCount // what was shown of each connection, under its name or as Other
	others map[slot]*peerCount                   // what Other has come to
}

// A peerCount is a connection's totals.
type peerCount struct {
	messages, bytes [2]uint64
	dropped         uint64
}

// A peerRow is one value of the label peer, usually one connection.
type peerRow struct {
	name   string
	count  peerCount
	queued [2]int
	rtt    float64
	last   [2]float64
	each   []connCount
}

// A connCount is what count has of one connection.
type connCount struct {
	id    monitor.ConnID
	count peerCount
}

// Describe is prometheus.Collector's.
func (v *peerView) Describe(ch chan<- *prometheus.Desc) {
	for i := mPeerMessages; i < metricCount; i++ {
		ch <- v.of.show.descs[i]
	}
}

// Collect is prometheus.Collector's.
func (v *peerView) Collect(ch chan<- prometheus.Metric) {
	v.of.mu.Lock()
	p := v.page()
	v.of.mu.Unlock()
	for _, m := range p.all {
		ch <- m
	}
}

// page is all series, with the lock held.
func (v *peerView) page() *page {
	p := &page{metrics: v.of.show}
	v.over = 0
	for at := range v.others {
		if v.of.slots[at] == nil {
			delete(v.others, at)
			delete(v.told, at)
		}
	}
	for at, t := range v.of.slots {
		p.of(t.of)
		rows := t.peerRows()
		slices.SortFunc(rows, heavier)
		named := rows[:min(v.top, len(rows))]
		other := v.fold(at, named, rows[len(named):])
		for i := range named {
			p.peer(t.name, &named[i])
		}
		if other != nil {
			p.peer(t.name, other)
		}
	}
	return p
}

// fold counts as Other what the peers without a row of their own have grown since the last Collect. So it never falls when
// a peer gets a row, and no traffic is in two rows.
func (v *peerView) fold(at slot, named, rest []peerRow) *peerRow {
	before, sum := v.told[at], v.others[at]
	v.told[at] = remember(named, rest)
	if len(rest) == 0 && sum == nil {
		return nil
	}
	if sum == nil {
		sum = &peerCount{}
		v.others[at] = sum
	}
	row := &peerRow{name: Other}
	for i := range rest {
		r := &rest[i]
		v.over += len(r.each)
		for _, c := range r.each {
			sum.addGrowth(before[c.id], c.count)
		}
		row.join(r)
	}
	row.count = *sum
	return row
}

// remember is what the rows have of each connection.
func remember(all ...[]peerRow) map[monitor.ConnID]peerCount {
	told := make(map[monitor.ConnID]peerCount)
	for _, rows := range all {
		for i := range rows {
			for _, c := range rows[i].each {
				told[c.id] = c.count
			}
		}
	}
	return told
}

// join takes over what is true now of another row.
func (r *peerRow) join(o *peerRow) {
	for d := range r.queued {
		r.queued[d] += o.queued[d]
		r.last[d] = max(r.last[d], o.last[d])
	}
	r.rtt = max(r.rtt, o.rtt)
}

func (c *peerCount) add(o peerCount) {
	for d := range c.messages {
		c.messages[d] += o.messages[d]
		c.bytes[d] += o.bytes[d]
	}
	c.dropped += o.dropped
}

func (c *peerCount) addGrowth(before, now peerCount) {
	grown := func(before, now uint64) uint64 { return now - min(before, now) }
	for d := range c.messages {
		c.messages[d] += grown(before.messages[d], now.messages[d])
		c.bytes[d] += grown(before.bytes[d], now.bytes[d])
	}
	c.dropped += grown(before.dropped, now.dropped)
}

// heavier is the order in which peers get rows; names decide at last, so that it is the same each time.
func heavier(a, b peerRow) int {
	return cmp.Or(
		cmp.Compare(b.queued[tx]+b.queued[rx], a.queued[tx]+a.queued[rx]),
		cmp.Compare(b.count.dropped, a.count.dropped),
		cmp.Compare(b.count.bytes[tx]+b.count.bytes[rx], a.count.bytes[tx]+a.count.bytes[rx]),
		cmp.Compare(a.name, b.name))
}

// peerRows are the live connections that have had their handshake; those of one name are one row.
func (t *tally) peerRows() (rows []peerRow) {
	index := make(map[string]int)
	for _, part := range t.parts {
		for i := range part.now.Peers {
			s := &part.now.Peers[i]
			if !s.Ready {
				continue
			}
			name := peerName(s)
			at, known := index[name]
			if !known {
				at = len(rows)
				index[name] = at
				rows = append(rows, peerRow{name: name})
			}
			rows[at].add(s, part.conns[s.Conn])
		}
	}
	return rows
}

func (r *peerRow) add(s *fact.Peer, c *carried) {
	count := peerCount{
		messages: [2]uint64{tx: s.MessagesOut, rx: s.MessagesIn},
		bytes:    [2]uint64{tx: s.BytesOut, rx: s.BytesIn},
		dropped:  s.Dropped,
	}
	r.each = append(r.each, connCount{s.Conn, count})
	r.count.add(count)
	r.queued[tx] += s.QueueOut
	r.queued[rx] += s.QueueIn
	r.rtt = max(r.rtt, s.RTT.Seconds())
	for d := range r.last {
		if c != nil && !c.last[d].IsZero() {
			r.last[d] = max(r.last[d], seconds(c.last[d]))
		}
	}
}

// peerName is the routing id, and of a peer without one its address. What is no text is in hexadecimal, and so is who calls
// himself Other: two series of one name would cost the whole page.
func peerName(s *fact.Peer) string {
	name := s.ID
	if name == "" {
		name = plain(s.Remote)
	}
	if name == Other || !utf8.ValidString(name) {
		return "0x" + hex.EncodeToString([]byte(name))
	}
	return name
}

func (p *page) peer(socket string, r *peerRow) {
	for d, direction := range directions {
		p.add(mPeerMessages, float64(r.count.messages[d]), socket, r.name, direction)
		p.add(mPeerBytes, float64(r.count.bytes[d]), socket, r.name, direction)
		p.add(mPeerQueued, float64(r.queued[d]), socket, r.name, direction)
		if r.last[d] > 0 {
			p.add(mPeerLast, r.last[d], socket, r.name, direction)
		}
	}
	p.add(mPeerDropped, float64(r.count.dropped), socket, r.name)
	if r.rtt > 0 {
		p.add(mPeerRTT, r.rtt, socket, r.name)
	}
}
