package model

import (
	"cmp"
	"iter"
	"math"
	"slices"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// A Timeline is one peer's lives: the JSON of GET /api/v1/timeline.
type Timeline struct {
	Peer  string `json:"peer"`
	Lives []Life `json:"lives"` // the oldest first
}

// A Life is one connection of a peer, as one socket saw it.
type Life struct {
	Key    string       `json:"conn"`
	Inst   string       `json:"inst"`
	App    string       `json:"app,omitempty"`
	Sock   uint64       `json:"sock"`
	Name   string       `json:"sock_name,omitempty"`
	Type   string       `json:"sock_type"`
	Side   monitor.Side `json:"side,omitempty"`
	At     string       `json:"endpoint,omitempty"`
	Remote string       `json:"remote,omitempty"`
	PeerID string       `json:"peer_id,omitempty"`
	UserID string       `json:"user_id,omitempty"`

	From     time.Time      `json:"from"`
	To       time.Time      `json:"to,omitzero"` // zero: it lasts
	Ready    bool           `json:"ready"`       // its handshake succeeded
	Who      monitor.Who    `json:"who,omitempty"`
	Phase    monitor.Phase  `json:"phase,omitempty"`
	Reason   monitor.Reason `json:"reason,omitempty"`
	Why      string         `json:"why,omitempty"`
	Duration float64        `json:"dur_ms"` // 0 while it lasts

	MessagesOut uint64 `json:"tx_msgs"` // known at its end
	MessagesIn  uint64 `json:"rx_msgs"`
	BytesOut    uint64 `json:"tx_bytes"`
	BytesIn     uint64 `json:"rx_bytes"`
	Dropped     uint64 `json:"dropped"`
}

// maxLives is how many lives a timeline has: the latest.
const maxLives = 10_000

// TimelineOf follows a peer through a history, over all its connections: by its routing id, its user id, or its address
// with or without the port, with or without the scheme. Each story is all that happened to one socket, or to several, in the order
// in which it happened: a socket's end is the end of its connections, and the events of libzmq name nobody, but follow one another.
func TimelineOf(peer string, stories ...iter.Seq2[fact.Fact, error]) (Timeline, error) {
	t := Timeline{Peer: peer, Lives: []Life{}}
	m := New()
	m.onEnd = t.ended
	for _, facts := range stories {
		for f, err := range facts {
			if err != nil {
				return Timeline{}, err
			}
			m.Apply(f)
		}
	}
	for _, c := range m.Snapshot().Connections {
		if l := lifeOf(c); t.is(&l) {
			t.add(l)
		}
	}
	slices.SortFunc(t.Lives, func(a, b Life) int { return cmp.Or(a.From.Compare(b.From), cmp.Compare(a.Key, b.Key)) })
	t.Lives = t.Lives[max(0, len(t.Lives)-maxLives):]
	return t, nil
}

// ended takes in the end of a connection, or what is known of an end later.
func (t *Timeline) ended(c *Closed, wasReady bool) {
	l := lifeOf(c.Connection)
	if !t.is(&l) {
		return
	}
	l.Ready, l.To, l.Who, l.Phase, l.Reason, l.Why = wasReady, c.Ended, c.Who, c.Phase, c.Reason, c.Why
	if began := c.Ended.Add(-time.Duration(math.Round(c.Duration * 1e6))); began.Before(l.From) {
		l.From = began // nobody saw it begin
	}
	l.Duration = millis(l.To.Sub(l.From))
	l.Dropped += c.Unsent
	for i := len(t.Lives) - 1; i >= max(0, len(t.Lives)-keepClosed); i-- { // a model remembers no more
		if t.Lives[i].Key == l.Key {
			l.Ready = t.Lives[i].Ready // it was told then
			t.Lives[i] = l
			return
		}
	}
	t.add(l)
}

// add keeps l. Of more than there is room for the first go.
func (t *Timeline) add(l Life) {
	if len(t.Lives) >= 2*maxLives {
		t.Lives = append(t.Lives[:0], t.Lives[maxLives:]...)
	}
	t.Lives = append(t.Lives, l)
}

// is says whether l is the peer's.
func (t *Timeline) is(l *Life) bool {
	if t.Peer == "" {
		return false
	}
	switch t.Peer {
	case l.PeerID, l.UserID, l.Remote, host(l.Remote):
		return true
	}
	a, ok := address(l.Remote)
	return ok && (t.Peer == a.String() || t.Peer == a.Addr().String())
}

// lifeOf is that of a connection that is up.
func lifeOf(c Connection) Life {
	return Life{
		Key: c.Key, Inst: c.Inst, App: c.App, Sock: c.Sock, Name: c.Name, Type: c.Type, Side: c.Side, At: c.Endpoint,
		Remote: c.Remote, PeerID: c.PeerID, UserID: c.UserID, From: c.Since, Ready: c.Ready,
		MessagesOut: c.MessagesOut, MessagesIn: c.MessagesIn, BytesOut: c.BytesOut, BytesIn: c.BytesIn, Dropped: c.Dropped,
	}
}

// Rebuild is the model as it was after facts, which come in the order in which they were stored, at a time. What only states
// tell (counters, queues, what began before the history) is not in it.
func Rebuild(at time.Time, facts iter.Seq2[fact.Fact, error]) (*Model, error) {
	m := New()
	for f, err := range facts {
		if err != nil {
			return nil, err
		}
		if f.Time.After(at) {
			continue // hosts' clocks differ: one from a later second may stand before this one
		}
		m.Apply(f)
	}
	m.Tick(at)
	return m, nil
}
