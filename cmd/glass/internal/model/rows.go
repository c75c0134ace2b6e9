package model

import (
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// A Snapshot is everything at one moment: the JSON of the agent's GET /api/v1/state. Its slices belong to whoever asked.
type Snapshot struct {
	At          time.Time    `json:"at"`
	Seq         uint64       `json:"seq"`         // how many facts and states went in
	Instances   []Instance   `json:"instances"`   // by id
	Sockets     []Socket     `json:"sockets"`     // by instance and id
	Connections []Connection `json:"connections"` // by socket and id
	Conditions  []Condition  `json:"conditions"`  // those that are raised, the oldest first
	Closed      []Closed     `json:"closed"`      // connections that ended lately, the last one first

	Truncated  int    `json:"truncated,omitempty"`  // live connections that are not among Connections, for there are too many
	Overlooked uint64 `json:"overlooked,omitempty"` // facts about sockets and endpoints that are too many to be followed
}

// An Instance is a process.
type Instance struct {
	fact.Instance
	Since time.Time `json:"since"` // when it was first heard of
	Last  time.Time `json:"last"`  // when it was last heard of
	Gone  bool      `json:"gone"`  // it is silent for longer than it may be, or its sockets are closed
	Lost  uint64    `json:"lost"`  // events that did not get here
}

// A Socket is one socket of an instance.
type Socket struct {
	Key  string `json:"key"` // "<instance>/<id>"
	Inst string `json:"inst"`
	App  string `json:"app,omitempty"`
	ID   uint64 `json:"sock"`
	Name string `json:"sock_name,omitempty"`
	Type string `json:"sock_type"`

	Since     time.Time  `json:"since"`
	Endpoints []Endpoint `json:"endpoints"` // by id

	Connections int    `json:"connections"` // live ones, those whose handshake runs included
	Ready       int    `json:"ready"`
	MessagesOut uint64 `json:"tx_msgs"`
	MessagesIn  uint64 `json:"rx_msgs"`
	Dropped     uint64 `json:"dropped"`

	RateOut float64 `json:"tx_rate"` // messages a second, over the last second or so
	RateIn  float64 `json:"rx_rate"`

	QueueOut int `json:"tx_queue"` // the sum over all peers
	QueueIn  int `json:"rx_queue"`
	SendHWM  int `json:"tx_hwm"` // per peer; 0: unknown, or without a limit
	RecvHWM  int `json:"rx_hwm"`

	Closed      bool      `json:"closed"`
	LastMessage time.Time `json:"last_message,omitzero"` // the last state in which a count had grown
	History     []Point   `json:"history"`               // of the last minute, a second each
}

// A Point is a second of a socket's life.
type Point struct {
	Time  time.Time `json:"t"`
	Out   float64   `json:"tx"`
	In    float64   `json:"rx"`
	Queue int       `json:"queue"` // both directions
}

// What an endpoint does.
const (
	Listening  = "listening"
	Connected  = "connected"
	Connecting = "connecting" // an attempt or its handshake is under way
	Waiting    = "waiting"    // for the next attempt
	GaveUp     = "gave_up"
)

// An Endpoint is one Bind or Connect call.
type Endpoint struct {
	ID       uint64       `json:"id"` // of libzmq's, a number that the model made up
	Side     monitor.Side `json:"side"`
	Endpoint string       `json:"endpoint"`        // as written
	Bound    string       `json:"bound,omitempty"` // as resolved
	Conn     string       `json:"conn,omitempty"`  // the attempt or connection under way
	Attempt  int          `json:"attempt,omitempty"`
	NextTry  time.Time    `json:"next_try,omitzero"`
	Error    string       `json:"error,omitempty"` // why the last attempt, connection or accept failed
	State    string       `json:"state"`
}

// A Connection is one that is up.
type Connection struct {
	Key  string `json:"conn"` // "<instance>/<n>"
	Inst string `json:"inst"`
	App  string `json:"app,omitempty"`
	Sock uint64 `json:"sock"`
	Name string `json:"sock_name,omitempty"`
	Type string `json:"sock_type"`

	Side       monitor.Side `json:"side,omitempty"`
	EndpointID uint64       `json:"endpoint_id,omitempty"`
	Endpoint   string       `json:"endpoint,omitempty"`
	Local      string       `json:"local,omitempty"`
	Remote     string       `json:"remote,omitempty"`
	PeerType   string       `json:"peer_type,omitempty"`
	PeerID     string       `json:"peer_id,omitempty"`
	PeerPID    int          `json:"peer_pid,omitempty"`
	Mechanism  string       `json:"mechanism,omitempty"`
	UserID     string       `json:"user_id,omitempty"`
	Version    string       `json:"zmtp,omitempty"`

	Since time.Time `json:"since"`
	Ready bool      `json:"ready"`

	MessagesOut   uint64    `json:"tx_msgs"`
	MessagesIn    uint64    `json:"rx_msgs"`
	BytesOut      uint64    `json:"tx_bytes"`
	BytesIn       uint64    `json:"rx_bytes"`
	RateOut       float64   `json:"tx_rate"`
	RateIn        float64   `json:"rx_rate"`
	QueueOut      int       `json:"tx_queue"`
	QueueIn       int       `json:"rx_queue"`
	Dropped       uint64    `json:"dropped"`
	RTT           float64   `json:"rtt_ms"` // of the last PING; 0: none was answered
	Subscriptions int       `json:"subscriptions"`
	LastMessage   time.Time `json:"last_message,omitzero"`

	PeerApp  string `json:"peer_app,omitempty"`  // of the other end, if it is in the model, too
	PeerSock string `json:"peer_sock,omitempty"` // its Socket.Key
}

// A Condition is one that is raised.
type Condition struct {
	fact.Condition
	Inst string `json:"inst"`
	App  string `json:"app,omitempty"`
}

// A Closed is a connection that ended. Who, Phase and Reason are empty where nobody saw its end.
type Closed struct {
	Connection
	Ended    time.Time      `json:"ended"`
	Who      monitor.Who    `json:"who,omitempty"`
	Phase    monitor.Phase  `json:"phase,omitempty"`
	Reason   monitor.Reason `json:"reason,omitempty"`
	Why      string         `json:"why"`
	Hint     string         `json:"hint,omitempty"`
	Duration float64        `json:"dur_ms"`
	Unsent   uint64         `json:"unsent,omitempty"` // messages that were queued for the peer and are lost with it
}
