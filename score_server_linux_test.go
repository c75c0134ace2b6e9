package zmq_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/bits"
	"sync"
	"time"

	"github.com/glassmq/zmq"
	"github.com/glassmq/zmq/monitor"
)

// A serverRole is what a process that binds is told about its socket; zeros are Config's.
type serverRole struct {
	Type, Endpoint, Mechanism string
	HandshakeTimeout          time.Duration
	Heartbeat                 time.Duration
	MaxHandshakes             int
}

// An account is what a server's events have told, and what it has received: numbers, in order from each peer or not.
type account struct {
	Received, Wrong         uint64
	Seq, Lost               uint64 // events: all, and those that it has missed
	Accepted, Ready         uint64
	Refused, RefusedEvents  uint64 // what AcceptFailed stands for, and how many of it there were
	Ended                   map[monitor.Reason]uint64
	Shortest, Longest       map[monitor.Reason]time.Duration
	Peers, Open, Subscribed int // now: all, those that are ready, their subscriptions
	Bound                   string
	Delay                   [32]uint64 // messages by the microseconds that they took, 2^i and up, where they say when they were sent
}

// A server is such a process.
type server struct {
	socket zmq.Socket
	bound  string

	mu      sync.Mutex // guards what follows
	account account
	last    map[monitor.ConnID]uint64
}

func playServer(p *part) {
	var role serverRole
	p.cast(&role)
	s := &server{last: map[monitor.ConnID]uint64{}, account: account{Ended: map[monitor.Reason]uint64{},
		Shortest: map[monitor.Reason]time.Duration{}, Longest: map[monitor.Reason]time.Duration{}}}
	cfg, err := security(role.Mechanism)
	must(p.t, err)
	cfg.HandshakeTimeout, cfg.HeartbeatInterval = role.HandshakeTimeout, role.Heartbeat
	cfg.MaxHandshakes, cfg.MaxHandshakesPerHost = role.MaxHandshakes, role.MaxHandshakes
	typ, err := zmq.ParseType(role.Type)
	must(p.t, err)
	s.socket, err = zmq.New(typ, cfg)
	must(p.t, err)
	s.socket.OnEvent(monitor.Lifecycle, s.note)
	s.bound = bindTo(p.t, s.socket, role.Endpoint)
	if pull, ok := s.socket.(*zmq.Pull); ok {
		go s.receive(pull)
	}
	p.obey(func(order) (any, bool) { return s.present(), true })
}

// receive takes what comes: messages whose last frame begins with a number, one more each time over each connection.
func (s *server) receive(pull *zmq.Pull) {
	for m := range pull.Messages(context.Background()) {
		s.mu.Lock()
		s.account.Received++
		if len(m.Body()) < 8 || binary.BigEndian.Uint64(m.Body()) != s.last[m.Conn()]+1 {
			s.account.Wrong++
		}
		s.last[m.Conn()]++
		if len(m.Body()) >= 16 {
			took := time.Since(time.Unix(0, int64(binary.BigEndian.Uint64(m.Body()[8:])))).Microseconds()
			s.account.Delay[bits.Len64(uint64(max(took, 0)))]++
		}
		s.mu.Unlock()
	}
}

// note takes one event in.
func (s *server) note(e zmq.Event) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := &s.account
	switch {
	case e.Kind == monitor.Lost:
		t.Lost += e.Count
	case e.Kind == monitor.Accepted:
		t.Accepted++
	case e.Kind == monitor.HandshakeSucceeded:
		t.Ready++
	case e.Kind == monitor.AcceptFailed:
		t.Refused += e.Count
		t.RefusedEvents++
	case e.Terminal():
		if t.Ended[e.Reason]++; t.Ended[e.Reason] == 1 {
			t.Shortest[e.Reason] = e.Duration
		}
		t.Shortest[e.Reason] = min(t.Shortest[e.Reason], e.Duration)
		t.Longest[e.Reason] = max(t.Longest[e.Reason], e.Duration)
		delete(s.last, e.Conn)
	}
}

// present is the account, and what is true now.
func (s *server) present() json.RawMessage {
	state := s.socket.State()
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.account
	t.Bound, t.Peers, t.Seq = s.bound, len(state.Peers), state.Seq
	for _, peer := range state.Peers {
		if peer.Ready {
			t.Open++
		}
		t.Subscribed += peer.Subscriptions
	}
	text, err := json.Marshal(t)
	if err != nil {
		panic(fmt.Sprint("an account is words and numbers: ", err))
	}
	return text
}

// tell asks a server.
func (p *process) tell() (t account) {
	p.t.Helper()
	p.ask("tell", nil, &t)
	return t
}
