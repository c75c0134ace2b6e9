package pattern

import (
	"encoding/binary"

	"github.com/glassmq/zmq/internal/pipe"
)

// A Router sends each message to the peer that its first frame names: ROUTER (RFC 28) and STREAM. A name stays its pipe's
// for as long as the pipe is attached: what is queued for a dialled endpoint that is away waits for it. One that the user has
// given is the pipe's again whenever it is attached again (Immediate).
type Router struct {
	peers map[string]*pipe.Pipe
	last  uint32 // of the names that were made up
}

// NewRouter makes up names from first on.
func NewRouter(first uint32) *Router { return &Router{peers: map[string]*pipe.Pipe{}, last: first} }

// Find is the peer of that name, nil if there is none.
func (r *Router) Find(id []byte) *pipe.Pipe { return r.peers[string(id)] }

// Name makes id the name of p, and takes it from whoever had it. An empty id is made up: it begins with a zero byte, as no
// peer's own does (RFC 37, "identity"), and a pipe that has such a one keeps it.
func (r *Router) Name(p *pipe.Pipe, id string) {
	if id == "" && p.ID != "" && p.ID[0] == 0 {
		id = p.ID
	}
	for id == "" || id[0] == 0 && id != p.ID && r.peers[id] != nil {
		r.last++
		id = string(binary.BigEndian.AppendUint32([]byte{0}, r.last))
	}
	r.Forget(p)
	p.ID = id
	r.peers[id] = p
}

// Forget takes p's name away, if it is still p's.
func (r *Router) Forget(p *pipe.Pipe) {
	if r.peers[p.ID] == p {
		delete(r.peers, p.ID)
	}
}

// Peers are those that have a name.
func (r *Router) Peers() map[string]*pipe.Pipe { return r.peers }

func (r *Router) Attach(p *pipe.Pipe) {
	if p.Place[pipe.Sending] = -1; p.Given && !p.Out.Closed() { // a Disconnect frees the name, whatever still lingers
		r.peers[p.ID] = p
	}
}
func (r *Router) Detach(p *pipe.Pipe) { r.Forget(p) }
func (r *Router) Ready(*pipe.Pipe)    {}

// Choose is not how a Router sends: the message says where it goes.
func (r *Router) Choose() (*pipe.Pipe, [][]byte, error) { return nil, nil, nil }
func (r *Router) Took(*pipe.Pipe)                       {}
func (r *Router) Full(*pipe.Pipe)                       {}
func (r *Router) Drops() bool                           { return true }
