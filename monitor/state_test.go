package monitor

import (
	"context"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

var at = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// tell folds a story in; each event gets the next number and a second more.
func tell(t *testing.T, s *State, story ...Event) {
	t.Helper()
	for _, e := range story {
		e.Seq, e.SocketID, e.SocketName, e.SocketType = s.Seq+1, 3, "md", "PULL"
		e.Time = at.Add(time.Duration(e.Seq) * time.Second)
		if err := s.Apply(e); err != nil {
			t.Fatalf("%v: %v", e, err)
		}
	}
}

func dialled(k Kind, conn ConnID, more Event) Event {
	more.Kind, more.Conn, more.EndpointID, more.Side, more.Endpoint = k, conn, 1, SideConnect, "tcp://db:1"
	return more
}

func bound(k Kind, conn ConnID, more Event) Event {
	more.Kind, more.Conn, more.EndpointID, more.Side, more.Endpoint = k, conn, 2, SideBind, "tcp://*:0"
	return more
}

func wantEndpoint(t *testing.T, when string, s *State, want EndpointState) {
	t.Helper()
	if len(s.Endpoints) != 1 || s.Endpoints[0] != want {
		t.Errorf("%s: endpoints are %+v\nwant %+v", when, s.Endpoints, want)
	}
}

func TestStateOfADiallingEndpoint(t *testing.T) {
	var s State
	ep := EndpointState{ID: 1, Side: SideConnect, Endpoint: "tcp://db:1"}

	tell(t, &s, dialled(ConnectDelayed, 7, Event{Attempt: 1}))
	ep.Conn, ep.Attempt = 7, 1
	wantEndpoint(t, "while it dials", &s, ep)

	tell(t, &s, dialled(ConnectFailed, 7, Event{Attempt: 1, Err: syscall.ECONNREFUSED}), dialled(Closed, 0, Event{Attempt: 1}))
	ep.Conn, ep.LastErr = 0, syscall.ECONNREFUSED
	wantEndpoint(t, "refused", &s, ep)

	tell(t, &s, dialled(ConnectRetried, 0, Event{Attempt: 1, Interval: 200 * time.Millisecond}))
	ep.NextTry = at.Add(4*time.Second + 200*time.Millisecond)
	wantEndpoint(t, "waiting", &s, ep)

	tell(t, &s, dialled(Connected, 8, Event{Attempt: 2, FD: 5}))
	ep.Conn, ep.Attempt, ep.NextTry = 8, 2, time.Time{}
	wantEndpoint(t, "connected", &s, ep)
	if len(s.Peers) != 1 || s.Peers[0].Conn != 8 || s.Peers[0].Ready || s.Peers[0].FD != 5 || !s.Peers[0].Since.Equal(at.Add(5*time.Second)) {
		t.Errorf("connected: peers are %+v; want connection 8, not ready, since now", s.Peers)
	}

	p := testPeer()
	p.Conn, p.EndpointID, p.Endpoint, p.Side, p.Since = 8, 1, "tcp://db:1", SideConnect, time.Time{}
	var e Event
	e.SetPeer(p)
	tell(t, &s, dialled(HandshakeSucceeded, 8, e))
	ep.Attempt, ep.LastErr = 0, nil
	wantEndpoint(t, "ready", &s, ep)
	if len(s.Peers) != 1 || !s.Peers[0].Ready || s.Peers[0].RoutingID != "risk-2" || s.Peers[0].Property("X-Instance") != "k7q2m4" || !s.Peers[0].Since.Equal(at.Add(5*time.Second)) {
		t.Errorf("ready: peers are %+v; want all facts, and Since as it was", s.Peers)
	}

	tell(t, &s, dialled(Disconnected, 8, Event{Err: syscall.ECONNRESET}))
	ep.Conn, ep.LastErr = 0, syscall.ECONNRESET
	wantEndpoint(t, "reset", &s, ep)
	if len(s.Peers) != 0 {
		t.Errorf("reset: peers are %+v", s.Peers)
	}

	tell(t, &s, dialled(GaveUp, 0, Event{}))
	wantEndpoint(t, "given up, it stays and says why", &s, ep)

	tell(t, &s, dialled(Unbound, 0, Event{}), Event{Kind: MonitorStopped})
	if len(s.Endpoints) != 0 || s.Seq != 10 || s.SocketID != 3 || s.SocketName != "md" || s.SocketType != "PULL" {
		t.Errorf("at the end: %+v", s)
	}
}

func TestStateOfABoundEndpoint(t *testing.T) {
	var s State
	ep := EndpointState{ID: 2, Side: SideBind, Endpoint: "tcp://*:0", Bound: "tcp://0.0.0.0:49152"}
	tell(t, &s, bound(Listening, 0, Event{Local: "tcp://0.0.0.0:49152"}))
	wantEndpoint(t, "listening", &s, ep)
	tell(t, &s, bound(AcceptFailed, 0, Event{Err: syscall.EMFILE}))
	ep.LastErr = syscall.EMFILE
	wantEndpoint(t, "out of descriptors", &s, ep)
	tell(t, &s, bound(Accepted, 7, Event{Remote: "tcp://10.0.0.9:1"}), bound(Accepted, 6, Event{}))
	ep.LastErr = nil
	wantEndpoint(t, "accepting again", &s, ep)
	if len(s.Peers) != 2 || s.Peers[0].Conn != 6 || s.Peers[1].Remote != "tcp://10.0.0.9:1" {
		t.Errorf("peers are %+v; want 6 and 7, in the order of their ids", s.Peers)
	}
	tell(t, &s, bound(Closed, 0, Event{}), bound(Unbound, 0, Event{}))
	if len(s.Endpoints) != 0 || len(s.Peers) != 2 {
		t.Errorf("unbound: %+v; want no endpoint, and the connections that linger", s)
	}
	tell(t, &s, bound(LocalClosed, 6, Event{}), bound(Disconnected, 7, Event{}))
	if len(s.Endpoints) != 0 || len(s.Peers) != 0 {
		t.Errorf("at the end: %+v; want the ends of connections not to bring their endpoint back", s)
	}
	tell(t, &s, bound(BindFailed, 0, Event{Err: syscall.EADDRINUSE}), bound(QueueFull, 0, Event{}))
	if len(s.Endpoints) != 0 {
		t.Errorf("a Bind that failed made an endpoint: %+v", s.Endpoints)
	}
}

func TestApplyRefuses(t *testing.T) {
	fresh := func() State {
		return State{Seq: 10, SocketID: 3, Endpoints: []EndpointState{{ID: 1, Side: SideConnect}}}
	}
	for name, c := range map[string]struct {
		e    Event
		want string
	}{
		"an event before the snapshot": {Event{Kind: Connected, Seq: 9, SocketID: 3, Conn: 7}, "event 9 is not after"},
		"the snapshot's own event":     {Event{Kind: Connected, Seq: 10, SocketID: 3, Conn: 7}, "event 10 is not after"},
		"another socket's event":       {Event{Kind: Connected, Seq: 11, SocketID: 4, Conn: 7}, "of socket 4"},
		"Lost":                         {Event{Kind: Lost, Seq: 11, SocketID: 3, Count: 5}, "5 events were lost"},
	} {
		s := fresh()
		if err := s.Apply(c.e); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v; want %q", name, err, c.want)
		}
		if !reflect.DeepEqual(s, fresh()) {
			t.Errorf("%s was refused, but it changed the state to %+v", name, s)
		}
	}
}

func TestALingeringConnectionDoesNotBringItsEndpointBack(t *testing.T) {
	var s State
	tell(t, &s,
		dialled(Connected, 7, Event{Attempt: 1}), dialled(HandshakeSucceeded, 7, Event{}),
		dialled(Unbound, 0, Event{}), dialled(LocalClosed, 7, Event{}))
	if len(s.Endpoints) != 0 || len(s.Peers) != 0 {
		t.Errorf("at the end: %+v", s)
	}
}

// A toySocket changes its connections and tells of it under one lock, as Hub
// asks of a socket.
type toySocket struct {
	hub  Hub
	mu   sync.Mutex
	last ConnID
	peer map[ConnID]bool // true: ready
}

func (ts *toySocket) act(rng *rand.Rand) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	for c, ready := range ts.peer {
		switch {
		case rng.IntN(3) > 0:
			continue
		case !ready:
			ts.peer[c] = true
			ts.hub.Emit(&Event{Kind: HandshakeSucceeded, Conn: c, EndpointID: 2, Side: SideBind})
		default:
			delete(ts.peer, c)
			ts.hub.Emit(&Event{Kind: Disconnected, Conn: c, EndpointID: 2, Side: SideBind})
		}
		return
	}
	ts.last++
	ts.peer[ts.last] = false
	ts.hub.Emit(&Event{Kind: Accepted, Conn: ts.last, EndpointID: 2, Side: SideBind})
}

// state is what is true now, as a text that can be compared.
func (ts *toySocket) state() (s State) {
	s.Seq, s.SocketID = ts.hub.Seq(), 3
	for c, ready := range ts.peer {
		s.Peers = append(s.Peers, PeerState{Peer: Peer{Conn: c}, Ready: ready})
	}
	slices.SortFunc(s.Peers, func(a, b PeerState) int { return byConn(a, b.Conn) })
	return s
}

func (ts *toySocket) watchState() (State, *Subscription) {
	ts.mu.Lock()
	defer ts.mu.Unlock()
	return ts.state(), ts.hub.Subscribe(Lifecycle|Flow, 0)
}

func summary(s State) (text string) {
	for _, p := range s.Peers {
		text += fmt.Sprintf("%d:%v ", p.Conn, p.Ready)
	}
	return text
}

// M6: snapshots taken in the middle of a storm, each followed for a while,
// give what is true; also when the reader falls behind and starts again.
func TestSnapshotAndLaterEventsAreTheTruth(t *testing.T) {
	ts := &toySocket{hub: Hub{SocketID: 3}, peer: map[ConnID]bool{}}
	storm, calm := context.WithCancel(t.Context())
	var emitters, followers sync.WaitGroup
	for i := range uint64(2) {
		emitters.Go(func() {
			for rng := rand.New(rand.NewPCG(i, 1)); storm.Err() == nil; {
				ts.act(rng)
				ts.hub.Emit(&Event{Kind: QueueFull, Conn: 1}) // outside the lock
			}
		})
	}
	var again sync.Mutex // guards restarts
	restarts := 0
	for range 2 {
		followers.Go(func() {
			for range 20 {
				s, w := ts.watchState()
				for n := 0; n < 500; n++ {
					e, err := w.Next(t.Context())
					if err != nil {
						t.Errorf("Next: %v", err)
						return
					}
					if e.Kind == Lost {
						w.Close()
						s, w = ts.watchState()
						again.Lock()
						restarts++
						again.Unlock()
						continue
					}
					if err := s.Apply(e); err != nil {
						t.Errorf("an event after the snapshot does not fit: %v", err)
						return
					}
				}
				// Now hold the socket still, read what is there, and compare.
				ts.mu.Lock()
				truth := ts.state()
				for _, e := range drain(w) {
					if e.Kind == Lost {
						truth.Peers, s.Peers = nil, nil // nothing to compare this time
						break
					}
					if err := s.Apply(e); err != nil {
						t.Errorf("an event after the snapshot does not fit: %v", err)
					}
				}
				ts.mu.Unlock()
				w.Close()
				if got, want := summary(s), summary(truth); got != want {
					t.Errorf("snapshot and events say %s, true is %s", got, want)
				}
			}
		})
	}
	followers.Wait()
	calm()
	emitters.Wait()
	t.Logf("%d events, %d restarts after a loss", ts.hub.Seq(), restarts)
}

// Time enters a state through its events only, so the fold of a story is the
// same whenever it is done.
func TestApplyReadsNoClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		fold := func() (s State) {
			tell(t, &s,
				dialled(Connected, 7, Event{Attempt: 1}),
				dialled(Disconnected, 7, Event{}),
				dialled(ConnectRetried, 0, Event{Interval: time.Second}))
			return s
		}
		early := fold()
		time.Sleep(time.Hour)
		if late := fold(); !reflect.DeepEqual(early, late) {
			t.Errorf("an hour later the same story gives %+v, not %+v", late, early)
		}
	})
}
