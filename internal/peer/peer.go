// Package peer is the life of connections: dialled or accepted, through the handshake, carrying messages, to their end.
// It is the one place that makes a connection's events.
//
// Reading order: peer.go (what a life needs), conn.go (states and the one way out), handshake.go, auth.go and ready.go (how
// it begins), read.go, sealed.go, write.go, recode.go and heartbeat.go, then who begins lives: dial.go and listen.go; and
// events.go, where every event of a connection is made.
package peer

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/glassmq/zmq/internal/pipe"
	"github.com/glassmq/zmq/internal/transport"
	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/zmtp"
)

// A Host is the socket that a connection belongs to.
//
// Its Lock is the control lock: a connection changes its state and emits the event that says so under it, so that a
// snapshot of the socket and the events after it fit together. It is never held across I/O.
type Host interface {
	sync.Locker
	Emit(e *monitor.Event) // stamps the socket's own facts; control lock held

	// Greetings are the messages that go out to a peer before all others. Control lock held.
	Greetings() [][]byte
	// Attach is called after HandshakeSucceeded was emitted and before the first message, with the control lock held.
	Attach(c *Conn)
	// Accept says whether the socket takes another peer, before the handshake is through; an error refuses it.
	Accept(c *Conn) error
	// Detach is called when c carries no more messages and before its terminal event, with the control lock held.
	Detach(c *Conn)
	// Ended is called after the terminal event: so many queued messages went down with c. Control lock held.
	Ended(c *Conn, messages, bytes int)
	// Parted is called when all that is over: the place is free for another. No lock is held.
	Parted()
	// Abandon is called when a dialled endpoint has given up. Control lock held.
	Abandon(p *pipe.Pipe)
	// Received says that c's pipe has messages again. If c may be lent, lend asks the reader to let Recv calls read from
	// now on. No lock is held.
	Received(c *Conn, mayLend bool) (lend bool)
	// Subscribed obeys what a peer subscribes to, or no longer: Options.Publishes. An error ends the connection. prefix is
	// valid during the call. No lock is held.
	Subscribed(p *pipe.Pipe, from *monitor.Peer, prefix []byte, on bool) error
	// Upstream is what else a subscriber says. No lock is held.
	Upstream(p *pipe.Pipe, from *monitor.Peer, frames ...[]byte)
	// Sendable says that p has room again. No lock is held.
	Sendable(p *pipe.Pipe)
	// Busy reports whether the socket's user has more messages at hand of those that were received together with the last one,
	// and so will come back without having waited. No lock is held.
	Busy() bool
	// Work is the goroutines that the socket's end waits for.
	Work() *sync.WaitGroup
	// Changed says that something which WaitReady looks at is different. Control lock held.
	Changed()
}

// Options are what one endpoint's connections need to know. They are fixed when the endpoint is made.
type Options struct {
	SocketID      uint64
	Type          string        // "PUSH"
	Metadata      zmtp.Metadata // of our READY
	Mechanism     zmtp.Mechanism
	Authenticate  Authenticator // decides about peers; nil: with a mechanism that asks, nobody may come in
	Domain        string        // that it is asked for
	PlainAnywhere bool          // PLAIN also beyond this machine
	Transport     transport.Options

	Sends, Receives bool
	Marks           *Marks
	Answers         bool  // every message answers one that came over the same connection
	Exclusive       bool  // a peer may find the place taken, or its name: hear it out before we say READY
	Publishes       bool  // what comes are subscriptions, most of all
	Raw             bool  // no ZMTP: bytes come and go as they are
	Conflate        bool  // queues keep the last message only
	Eager           bool  // every message waits for an answer: write it at once, never gather
	Pace            *Pace // of the socket's writing, unless Eager
	Spin            *Spin // of the Context's fresh connections

	Immediate bool // a dialled endpoint takes messages only while its peer is ready

	MaxMessageSize       uint64 // bytes; 0: no limit
	ConnectTimeout       time.Duration
	HandshakeTimeout     time.Duration
	ReconnectMin         time.Duration // 0: never again
	ReconnectMax         time.Duration
	Stop                 Stops
	MaxHandshakes        int
	MaxHandshakesPerHost int
	MaxHandshakeBytes    int
	MaxProperties        int // of the peer's metadata; 0: what zmtp allows
	MaxPropertyBytes     int // of the same
	MaxPongs             int // that wait; 0 is 1

	HeartbeatInterval, HeartbeatTimeout, HeartbeatTTL time.Duration

	Jitter           func() float64 // in [0, 1): spreads the dial attempts of many
	SubscriptionMost int            // bytes of one subscription at most; 0: no limit
	Spares           *pipe.Spares   // large bodies of this socket's that are to be used again
}

// Stops are what ends the dialling of an endpoint for good.
type Stops struct {
	Refused         bool // nobody listens there
	HandshakeFailed bool // whoever does is no peer for this socket
	Disconnected    bool // a peer that was ready is gone, and not by our will
}

// Marks are a socket's high-water marks, 0 for none: they change while endpoints live.
type Marks struct{ Send, Recv atomic.Int64 }

// An Endpoint is one Bind or Connect call.
type Endpoint struct {
	ID   uint64
	Text string // as the user wrote it
	Side monitor.Side
}

// newPipe makes the directions that the socket's type has.
func (o *Options) newPipe() *pipe.Pipe {
	p := &pipe.Pipe{}
	if o.Sends {
		p.Out = pipe.NewQueue(int(o.Marks.Send.Load()), o.Spares)
		if o.Answers {
			p.Out.Lenient()
		}
	}
	if o.Receives {
		p.In = pipe.NewQueue(int(o.Marks.Recv.Load()), o.Spares)
	}
	for _, q := range []*pipe.Queue{p.Out, p.In} {
		if q != nil && o.Conflate {
			q.Conflate()
		}
	}
	return p
}

// signal wakes the one goroutine that waits on c, now or when it comes to wait.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// within bounds a step of an attempt; 0 is no bound.
func within(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	if d <= 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, d)
}
