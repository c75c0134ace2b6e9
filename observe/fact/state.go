package fact

import (
	"encoding/json"
	"time"

	"github.com/glassmq/zmq/monitor"
)

// nameState is the event under which a state goes, which is none.
const nameState = "state"

// A State is one socket at a moment, as its process sees it: the numbers that events do not carry.
type State struct {
	Instance
	At   time.Time `json:"ts"`
	Seq  uint64    `json:"seq"` // of the last event that it takes in
	Sock uint64    `json:"sock"`
	Name string    `json:"sock_name,omitempty"`
	Type string    `json:"sock_type"`

	// Full: all that there is. Else Endpoints and Peers are those whose numbers have changed since the state before.
	Full bool `json:"full,omitempty"`
	// More: Peers, in the order of Conn, go on in the state that follows, which is not Full. A line has an end.
	More bool `json:"more,omitempty"`

	SendHWM int `json:"tx_hwm,omitempty"` // messages, per peer; 0: without a limit
	RecvHWM int `json:"rx_hwm,omitempty"`

	MessagesOut uint64 `json:"tx_msgs"`
	MessagesIn  uint64 `json:"rx_msgs"`
	Dropped     uint64 `json:"dropped"`
	Copies      uint64 `json:"copies,omitempty"`      // of a PUB, XPUB or XSUB: one for each peer that a message was for
	Unwanted    uint64 `json:"unwanted,omitempty"`    // messages of theirs that were for nobody
	FramesLost  uint64 `json:"frames_lost,omitempty"` // events that readers of libzmq frames missed

	Endpoints []Endpoint `json:"endpoints,omitempty"`
	Peers     []Peer     `json:"peers,omitempty"`
}

// An Endpoint is one Bind or Connect call.
type Endpoint struct {
	ID       uint64         `json:"id"`
	Side     monitor.Side   `json:"side"`
	Endpoint string         `json:"endpoint"`        // as written
	Bound    string         `json:"bound,omitempty"` // as resolved
	Conn     monitor.ConnID `json:"conn,omitempty"`  // the attempt or connection under way
	Attempt  int            `json:"attempt,omitempty"`
	NextTry  time.Time      `json:"next_try,omitzero"`
	Error    string         `json:"error,omitempty"` // why the last attempt, connection or accept failed
}

// A Peer is one live connection.
type Peer struct {
	Conn          monitor.ConnID `json:"conn"` // unique in the instance
	Endpoint      uint64         `json:"endpoint_id,omitempty"`
	Side          monitor.Side   `json:"side"`
	EndpointName  string         `json:"endpoint,omitempty"`
	Local         string         `json:"local,omitempty"`
	Remote        string         `json:"remote,omitempty"`
	FD            int            `json:"fd"`                // -1 if none
	ID            string         `json:"peer_id,omitempty"` // the routing id, bytes that are no text replaced
	Type          string         `json:"peer_type,omitempty"`
	Mechanism     string         `json:"mechanism,omitempty"`
	User          string         `json:"user_id,omitempty"`
	Version       string         `json:"zmtp,omitempty"`
	PID           int            `json:"peer_pid,omitempty"` // over ipc, where the system says
	Since         time.Time      `json:"since"`
	Ready         bool           `json:"ready"`
	QueueOut      int            `json:"tx_queue"`
	QueueIn       int            `json:"rx_queue"`
	Subscriptions int            `json:"subscriptions,omitempty"`
	MessagesOut   uint64         `json:"tx_msgs"`
	MessagesIn    uint64         `json:"rx_msgs"`
	BytesOut      uint64         `json:"tx_bytes"`
	BytesIn       uint64         `json:"rx_bytes"`
	Dropped       uint64         `json:"dropped,omitempty"`
	RTT           time.Duration  `json:"rtt_ns,omitempty"` // of the last PING
}

// StateOf is the whole of s, in i at a time; marks of 0 are without a limit.
func StateOf(i Instance, at time.Time, s monitor.State, sendHWM, recvHWM int) State {
	out := State{
		Instance: i, At: at.UTC(), Seq: s.Seq, Sock: s.SocketID, Name: s.SocketName, Type: s.SocketType, Full: true,
		SendHWM: sendHWM, RecvHWM: recvHWM,
		MessagesOut: s.MessagesOut, MessagesIn: s.MessagesIn, Dropped: s.Dropped,
		Copies: s.Copies, Unwanted: s.Unwanted, FramesLost: s.FramesLost,
	}
	for _, e := range s.Endpoints {
		at := Endpoint{ID: e.ID, Side: e.Side, Endpoint: e.Endpoint, Bound: e.Bound, Conn: e.Conn, Attempt: e.Attempt, NextTry: e.NextTry}
		if e.LastErr != nil {
			at.Error = e.LastErr.Error()
		}
		out.Endpoints = append(out.Endpoints, at)
	}
	for _, p := range s.Peers {
		out.Peers = append(out.Peers, peerOf(p))
	}
	return out
}

func peerOf(p monitor.PeerState) Peer {
	out := Peer{
		Conn: p.Conn, Endpoint: p.EndpointID, Side: p.Side, EndpointName: p.Endpoint, Local: p.Local, Remote: p.Remote, FD: p.FD,
		ID: p.RoutingID, Type: p.Type, Mechanism: p.Mechanism, User: p.UserID, Version: p.Version, Since: p.Since.UTC(), Ready: p.Ready,
		QueueOut: p.QueueOut, QueueIn: p.QueueIn, Subscriptions: p.Subscriptions,
		MessagesOut: p.MessagesOut, MessagesIn: p.MessagesIn, BytesOut: p.BytesOut, BytesIn: p.BytesIn,
		Dropped: p.Dropped, RTT: p.RTT,
	}
	if p.Process != nil {
		out.PID = p.Process.PID
	}
	return out
}

// Line is s as one JSON object without a line break.
func (s State) Line() ([]byte, error) {
	return json.Marshal(struct {
		V     int    `json:"v"`
		Event string `json:"event"`
		State
	}{1, nameState, s})
}
