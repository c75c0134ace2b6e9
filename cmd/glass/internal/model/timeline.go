package model

import (
	"iter"
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
// with or without the port, with or without the scheme. facts come in the order in which they were stored.
func TimelineOf(peer string, facts iter.Seq2[fact.Fact, error]) (Timeline, error) {
	t := timeline{peer: peer, open: make(map[string]*life)}
	for f, err := range facts {
		if err != nil {
			return Timeline{}, err
		}
		t.take(&f)
	}
	out := Timeline{Peer: peer, Lives: make([]Life, 0, len(t.lives))}
	for _, l := range t.lives {
		out.Lives = append(out.Lives, l.Life)
	}
	return out, nil
}

type timeline struct {
	peer  string
	open  map[string]*life // by connection; whose peer they are shows when the handshake is through
	lives []*life          // those that are this peer's
}

type life struct {
	Life
	known bool // it is among timeline.lives
}

func (t *timeline) take(f *fact.Fact) {
	e := &f.Event
	if f.Condition != nil || e.Conn == 0 || e.Kind&(monitor.ConnectDelayed|monitor.ConnectFailed) != 0 {
		return // an attempt that came to nothing is no life
	}
	key := f.ConnKey(e.Conn)
	l := t.open[key]
	if l == nil {
		if len(t.open) >= maxConnections {
			return
		}
		l = &life{Life: Life{Key: key, Inst: f.ID, App: f.App, From: e.Time.Add(-e.Duration)}}
		if e.Kind&(monitor.Accepted|monitor.Connected) != 0 {
			l.From = e.Time
		}
		t.open[key] = l
	}
	l.learn(e)
	if !l.known && t.is(e) {
		l.known = true
		t.lives = append(t.lives, l)
		if len(t.lives) > maxLives {
			t.lives = t.lives[1:]
		}
	}
	if e.Terminal() {
		delete(t.open, key)
	}
}

// is says whether e is about the peer.
func (t *timeline) is(e *monitor.Event) bool {
	if t.peer == "" {
		return false
	}
	switch t.peer {
	case text(e.PeerID), e.UserID, e.Remote, host(e.Remote):
		return true
	}
	a, ok := address(e.Remote)
	return ok && (t.peer == a.String() || t.peer == a.Addr().String())
}

func (l *life) learn(e *monitor.Event) {
	l.Sock, l.Name, l.Type, l.Side, l.At = e.SocketID, e.SocketName, e.SocketType, e.Side, e.Endpoint
	if e.Remote != "" {
		l.Remote = e.Remote
	}
	if id := text(e.PeerID); id != "" {
		l.PeerID = id
	}
	if e.UserID != "" {
		l.UserID = e.UserID
	}
	switch {
	case e.Kind == monitor.HandshakeSucceeded:
		l.Ready = true
	case e.Kind == monitor.Dropped:
		l.Dropped += e.Count
	case e.Terminal():
		l.To, l.Who, l.Phase, l.Reason, l.Why = e.Time, e.Who, e.Phase, e.Reason, e.Why()
		if began := e.Time.Add(-e.Duration); began.Before(l.From) {
			l.From = began // nobody saw it begin
		}
		l.Duration = millis(e.Time.Sub(l.From))
		l.MessagesOut, l.MessagesIn, l.BytesOut, l.BytesIn = e.MessagesOut, e.MessagesIn, e.BytesOut, e.BytesIn
		l.Dropped += e.Unsent
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
