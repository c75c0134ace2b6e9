package pipe

import (
	"sync/atomic"

	"github.com/glassmq/zmq/monitor"
)

// A Pipe is both directions between one socket and one peer, seen from the socket. A direction that the socket's type
// does not have is nil. It outlives the connections of a dialled endpoint: what is queued survives a break.
type Pipe struct {
	Out, In *Queue
	Far     Far  // whose ends the others are; it is fixed before the pipe is attached
	Near    Near // Far, where that is another socket of this process; else nil

	// What was dropped, for the sending side's lock: of what was to go out, and of what came in. Noted: internal/socket/flow.go
	// looks at it.
	Dropped, Skipped uint64
	Noted            bool

	conn atomic.Uint64

	// The patterns' own.

	Place   [2]int       // where the pipe stands in their rings, by direction
	ID      string       // what a ROUTER or STREAM knows the peer by …
	Claimed bool         // its peer's handshake has come so far that it has its name; the control lock guards it
	Given   bool         // … because ConnectAs said so
	Name    []byte       // … as the frame that it puts before the peer's messages; both locks guard it
	Mark    uint64       // the last message that a publisher gave it
	Deaf    bool         // its peer has gone: what it still says is void
	Heard   atomic.Int64 // bytes of subscriptions in In that an XPUB's user has not taken yet
}

// Far is the other end of a pipe.
type Far interface {
	// Flush says that Out's first message is there, Room that In has room again. No lock is held.
	Flush()
	Room()
	// About begins an event about whoever is there: about the endpoint, while no peer is ready. The control lock is held.
	About(monitor.Kind) *monitor.Event
}

// Near is another socket of this process.
type Near interface {
	Far
	// Settle asks the consumer of Out what it has taken since it last said, which a connection's writer says by itself, and reports
	// whether there is room again; eager asks to hear of every message from now on. No lock is held.
	Settle(eager bool) (room bool)
	// Marks gives the queues the marks of both sockets' options together. No lock is held.
	Marks()
}

// NoticeCost is what a frame of a subscription is counted as, beside its bytes: an empty one takes memory, too.
const NoticeCost = 64

// Conn is the connection that messages go over at present, 0 if there is none.
func (p *Pipe) Conn() monitor.ConnID { return monitor.ConnID(p.conn.Load()) }

// SetConn says which it is.
func (p *Pipe) SetConn(c monitor.ConnID) { p.conn.Store(uint64(c)) }

// Directions, for Place.
const (
	Sending = iota
	Receiving
)
