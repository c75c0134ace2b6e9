package monitor

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// A State is what is true of one socket after its event Seq: a snapshot from
// the socket, kept true by Apply.
//
// An endpoint is in a snapshot as soon as Connect has returned, and shows in
// the events with its first one, some microseconds later.
//
// Apply follows endpoints and connections (with the Lifecycle mask, and Inproc
// for those over inproc). Counters, queue depths, subscriptions and RTT come
// from the socket only and stay as the snapshot had them: no event is emitted
// per message.
type State struct {
	Seq, SocketID                    uint64
	SocketName, SocketType           string
	Endpoints                        []EndpointState // each Bind and Connect, in the order of ID
	Peers                            []PeerState     // each live connection, in the order of Conn
	MessagesIn, MessagesOut, Dropped uint64          // Dropped: in both directions; Dropped events count the same
	Copies, Unwanted                 uint64          // of a PUB, XPUB or XSUB: one copy for each peer that a message was for; messages that were for nobody
	FramesLost                       uint64          // events that readers of libzmq frames missed: they cannot be sent a Lost
}

// An EndpointState is one Bind or Connect call, from its first event to
// Unbound. One that gave up stays, with neither Conn nor NextTry.
type EndpointState struct {
	ID              uint64
	Side            Side
	Endpoint, Bound string    // as written; SideBind: as resolved
	Conn            ConnID    // SideConnect: the attempt or connection under way, 0 between two
	Attempt         int       // SideConnect: the attempt under way or last made; 0 once ready
	NextTry         time.Time // SideConnect: when the reconnect timer fires; zero if it is not armed
	LastErr         error     // why the last attempt, connection or accept failed; nil once one has succeeded
}

// A PeerState is one live connection, from Accepted or Connected to its
// terminal event.
type PeerState struct {
	Peer
	Ready                                               bool          // handshake done
	QueueIn, QueueOut, Subscriptions                    int           // exact
	MessagesIn, MessagesOut, BytesIn, BytesOut, Dropped uint64        // Dropped: also while nobody was at a dialled endpoint
	RTT                                                 time.Duration // of the last PING
}

// Apply folds one event in, so that a snapshot and the events after it are the
// next state (contract M6). The zero State takes a socket's whole story from
// its first event. It changes s and its slices in place and is not safe for
// concurrent use.
//
// An error leaves s as it was and means that s does not become true again by
// further events: the event is older than s, of another socket, or Lost. Take
// a new snapshot.
func (s *State) Apply(e Event) error {
	switch {
	case e.Kind == Lost:
		return fmt.Errorf("apply: %d events were lost after event %d: take a new snapshot", e.Count, s.Seq)
	case s.SocketID != 0 && e.SocketID != s.SocketID:
		return fmt.Errorf("apply: the event is of socket %d, the state of socket %d", e.SocketID, s.SocketID)
	case e.Seq <= s.Seq:
		return fmt.Errorf("apply: event %d is not after the state, which is true of event %d already", e.Seq, s.Seq)
	}
	s.Seq, s.SocketID = e.Seq, e.SocketID
	s.SocketName, s.SocketType = e.SocketName, e.SocketType
	s.applyEndpoint(&e)
	s.applyPeer(&e)
	return nil
}

func (s *State) applyEndpoint(e *Event) {
	if e.EndpointID == 0 {
		return
	}
	if e.Kind == Unbound {
		s.removeEndpoint(e.EndpointID)
		return
	}
	if e.Side == SideConnect {
		s.applyDial(e)
		return
	}
	switch e.Kind {
	case Listening:
		s.endpoint(e).Bound = e.Local
	case Accepted:
		s.endpoint(e).LastErr = nil
	case AcceptFailed:
		s.endpoint(e).LastErr = e.Err
	}
}

// applyDial follows the dialling of one endpoint: attempt, end, wait, attempt.
func (s *State) applyDial(e *Event) {
	switch e.Kind {
	case ConnectDelayed, Connected:
		ep := s.endpoint(e)
		ep.Conn, ep.Attempt, ep.NextTry = e.Conn, e.Attempt, time.Time{}
	case HandshakeSucceeded:
		ep := s.endpoint(e)
		ep.Conn, ep.Attempt, ep.NextTry, ep.LastErr = e.Conn, 0, time.Time{}, nil
	case ConnectFailed:
		ep := s.endpoint(e)
		ep.Conn, ep.Attempt, ep.NextTry, ep.LastErr = 0, e.Attempt, time.Time{}, e.Err
	case Disconnected, LocalClosed:
		// A connection may outlive its endpoint while it lingers: its end must
		// not bring the endpoint back.
		if ep := s.findEndpoint(e.EndpointID); ep != nil {
			ep.Conn, ep.LastErr = 0, e.Err
		}
	case ConnectRetried:
		ep := s.endpoint(e)
		ep.Attempt, ep.NextTry = e.Attempt, e.Time.Add(e.Interval)
	case GaveUp:
		ep := s.endpoint(e)
		ep.Conn, ep.NextTry = 0, time.Time{}
		if e.Err != nil {
			ep.LastErr = e.Err
		}
	}
}

func (s *State) applyPeer(e *Event) {
	switch {
	case e.Conn == 0:
	case e.Kind&(Accepted|Connected) != 0:
		s.peer(e.Conn).learn(e, e.Time)
	case e.Kind == HandshakeSucceeded:
		p := s.peer(e.Conn)
		p.learn(e, p.Since)
		p.Ready = true
	case e.Terminal():
		s.removePeer(e.Conn)
	}
}

// learn takes over what e knows of the peer. Only an event that carries its
// Peer knows since when it is there.
func (p *PeerState) learn(e *Event, since time.Time) {
	p.Peer = e.Peer()
	p.Conn = e.Conn
	if p.Since.IsZero() {
		p.Since = since
	}
}

func (s *State) findEndpoint(id uint64) *EndpointState {
	if i, ok := slices.BinarySearchFunc(s.Endpoints, id, byID); ok {
		return &s.Endpoints[i]
	}
	return nil
}

// endpoint is e's endpoint, which begins with its first event.
func (s *State) endpoint(e *Event) *EndpointState {
	i, ok := slices.BinarySearchFunc(s.Endpoints, e.EndpointID, byID)
	if !ok {
		s.Endpoints = slices.Insert(s.Endpoints, i, EndpointState{ID: e.EndpointID, Side: e.Side, Endpoint: e.Endpoint})
	}
	return &s.Endpoints[i]
}

func (s *State) removeEndpoint(id uint64) {
	if i, ok := slices.BinarySearchFunc(s.Endpoints, id, byID); ok {
		s.Endpoints = slices.Delete(s.Endpoints, i, i+1)
	}
}

func byID(ep EndpointState, id uint64) int { return cmp.Compare(ep.ID, id) }

func (s *State) peer(c ConnID) *PeerState {
	i, ok := slices.BinarySearchFunc(s.Peers, c, byConn)
	if !ok {
		s.Peers = slices.Insert(s.Peers, i, PeerState{Peer: Peer{Conn: c}})
	}
	return &s.Peers[i]
}

func (s *State) removePeer(c ConnID) {
	if i, ok := slices.BinarySearchFunc(s.Peers, c, byConn); ok {
		s.Peers = slices.Delete(s.Peers, i, i+1)
	}
}

func byConn(p PeerState, c ConnID) int { return cmp.Compare(p.Conn, c) }
