package monitor

import (
	"fmt"
	"iter"
	"strings"
	"time"
)

// A Peer is what is known of the other end of one connection. It is fixed when
// the handshake succeeds: from then on events and messages share it, any
// goroutine may read it, and nobody may change it.
type Peer struct {
	Conn                                        ConnID
	SocketID, EndpointID                        uint64
	Endpoint, Local, Remote                     string // as the user wrote it; resolved, with scheme
	Side                                        Side
	FD                                          int // -1 if none
	RoutingID, Type, Mechanism, UserID, Version string
	Process                                     *Process  // over ipc, where the system says; else nil
	Since                                       time.Time // when the transport connection came up: Accepted, Connected

	properties []property
}

// A Process is who is at the other end of an ipc connection: not what the peer
// says of itself, but what the kernel noted when the connection was made
// (SO_PEERCRED in unix(7), LOCAL_PEERCRED in unix(4)).
type Process struct {
	PID      int // 0: the system does not say, or it is out of sight in another namespace
	UID, GID uint32
}

// String is "pid=812,uid=1000", and "" for nil: the address of an ipc peer that
// has no other.
func (p *Process) String() string {
	switch {
	case p == nil:
		return ""
	case p.PID == 0:
		return fmt.Sprintf("uid=%d", p.UID)
	}
	return fmt.Sprintf("pid=%d,uid=%d", p.PID, p.UID)
}

type property struct{ name, value string }

// SetProperties keeps the READY and ZAP metadata, in order. It is for whoever
// makes the Peer, before anybody else sees it.
func (p *Peer) SetProperties(props iter.Seq2[string, string]) {
	p.properties = nil
	for name, value := range props {
		p.properties = append(p.properties, property{name, value})
	}
}

// Property is a value of the peer's READY or ZAP metadata, "" if absent. Names
// compare in any case (RFC 37, "Connection Metadata"); the first of two wins,
// so what the maker put first cannot be overridden by the peer.
func (p Peer) Property(name string) string {
	for _, have := range p.properties {
		if strings.EqualFold(have.name, name) {
			return have.value
		}
	}
	return ""
}

// Properties yields the peer's READY and ZAP metadata, in order.
func (p Peer) Properties() iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for _, have := range p.properties {
			if !yield(have.name, have.value) {
				return
			}
		}
	}
}
