package kernel

import (
	"net/netip"
	"time"
)

// A Conn is one end of a TCP connection of this host. Over loopback both ends are there, each a Conn.
type Conn struct {
	Local  netip.AddrPort `json:"local"` // IPv4 as such, also on an IPv6 socket
	Remote netip.AddrPort `json:"remote"`
	State  State          `json:"state"`
	RecvQ  uint32         `json:"recvq"` // bytes that the process has not read
	SendQ  uint32         `json:"sendq"` // bytes that the other end has not acknowledged, those not sent yet included
	UID    uint32         `json:"uid"`
	Inode  uint32         `json:"inode"` // as in /proc/PID/fd; 0: no process has it any more
	TCPInfo
}

// TCPInfo is struct tcp_info of linux/tcp.h (tcp(7)), as far as it says who is at fault. What an older kernel does not know is 0.
// Durations and totals are over the connection's life: compare two of them.
type TCPInfo struct {
	RTT          time.Duration `json:"rtt"`
	RTTVar       time.Duration `json:"rttvar"`
	Retransmits  uint8         `json:"retransmits"` // timeouts in a row without an answer
	Probes       uint8         `json:"probes"`      // of a window that is closed, without an answer
	Backoff      uint8         `json:"backoff"`
	Unacked      uint32        `json:"unacked"` // segments on their way
	TotalRetrans uint32        `json:"retrans"` // segments that were sent again
	SegsOut      uint32        `json:"segs_out"`
	NotSent      uint32        `json:"notsent"`       // bytes of SendQ that were not sent yet
	DeliveryRate uint64        `json:"delivery_rate"` // bytes a second, lately

	Busy          time.Duration `json:"busy"`           // there was something to send
	RwndLimited   time.Duration `json:"rwnd_limited"`   // of it: the receiver's window was full
	SndbufLimited time.Duration `json:"sndbuf_limited"` // of it: our send buffer was
}

// A State is a TCP state, by its number in linux/tcp_states.h.
type State uint8

// The states that a connection can be in.
const (
	Established State = 1
	SynSent     State = 2
	FinWait1    State = 4
	FinWait2    State = 5
	CloseWait   State = 8
	LastAck     State = 9
	Closing     State = 11
)

// MaxConns is how many connections Dump returns.
const MaxConns = 100_000
