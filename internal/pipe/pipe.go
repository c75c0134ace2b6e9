package pipe

import (
	"sync/atomic"

	"github.com/glassmq/zmq/monitor"
)

// A Pipe is both directions between one socket and one peer, seen from the socket. A direction that the socket's type
// does not have is nil. It outlives the connections of a dialled endpoint: what is queued survives a break.
type Pipe struct {
	Out, In *Queue

	// Flush tells whoever takes from Out that its first message is there; Room tells whoever feeds In that there is
	// room again. Both are called without any socket's lock, and are fixed before the pipe is attached.
	Flush func()
	Room  func()

	// Settle asks the consumer of Out what it has taken since it last said, and reports whether there is room again; eager
	// asks to hear of every message from now on. nil where the consumer says so by itself: a connection's writer.
	Settle func(eager bool) (room bool)

	// Marks gives the queues the marks of the socket's options, where they are two sockets' together; else nil.
	Marks func()

	// About begins an event about whoever is behind the pipe: about the endpoint, while no peer is ready there. The control
	// lock is held.
	About func(monitor.Kind) *monitor.Event

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
