package monitor

// The grammar of a legal story: what may follow what, for a connection and for
// an endpoint. docs/events.md prints these tables, Check walks them.
//
// A walk keeps the set of states that are possible, because a reader need not
// have seen everything: kinds outside its mask, and all kinds before it came
// or in a gap that Lost tells of, are steps that may have been taken unseen.

// states is a set of states, one bit each.
type states uint16

// A step says that from any of these states each of these kinds leads to each
// of those.
type step struct {
	from  states
	kinds Kind
	to    states
}

type grammar struct {
	steps []step
	names []string // of the states, by bit
}

// The life of a connection, from its first event to its terminal one.
const (
	connNew     states = 1 << iota // on a Bind: no event yet
	connDialing                    // on a Connect: the attempt is pending, also before its first event
	connUp                         // the transport is up, the handshake runs
	connReady                      // messages may flow
	connSilent                     // the peer was silent for too long; only the end is to come
	connFailed                     // the handshake failed; only the end is to come
	connEnded                      // its terminal event was seen

	connLate = connNew | connDialing | connUp | connReady | connSilent | connFailed | connEnded
)

// traffic kinds need a peer that is ready for messages.
const traffic = PipesStats | QueueFull | QueueDrained | Dropped | Subscribed | Unsubscribed

var connGrammar = grammar{
	names: []string{"new", "dialing", "up", "ready", "silent", "failed", "ended"},
	steps: []step{
		{connNew, Accepted, connUp},
		{connDialing, ConnectDelayed, connDialing},
		{connDialing, Connected, connUp},
		{connDialing, ConnectFailed, connEnded},
		{connDialing, LocalClosed, connEnded}, // called off
		{connUp, HandshakeSucceeded, connReady},
		{connUp, handshakeFailed, connFailed},
		// The newcomer with a routing id in use is refused, or takes it over.
		{connUp, IdentityConflict, connUp | connFailed},
		{connReady, traffic | IdentityConflict, connReady},
		{connReady, HeartbeatTimeout, connSilent},
		{connSilent, traffic, connSilent},
		// A handshake does not end in a bare disconnected: it says why first.
		{connReady | connSilent | connFailed, Disconnected, connEnded},
		{connUp | connReady | connSilent | connFailed, LocalClosed, connEnded},
	},
}

// The life of an endpoint.
const (
	endNew states = 1 << iota // no event yet

	// Of a Bind:
	endListening
	endUnbindable // the listener of a Bind that fails was closed
	endShut       // the listener is closed

	// Of a Connect:
	endDialing // an attempt is pending, or its connection is up
	endFailed  // the attempt did not come up
	endOver    // it did, and ended; or what was left of it is closed
	endWaiting // the reconnect timer runs
	endGaveUp

	// Of both:
	endGone // nothing but the ends of connections that linger

	endLate = endNew | endListening | endUnbindable | endShut |
		endDialing | endFailed | endOver | endWaiting | endGaveUp | endGone
)

var endpointGrammar = grammar{
	names: []string{
		"new", "listening", "unbindable", "shut",
		"dialing", "failed", "over", "waiting", "gave up", "gone",
	},
	steps: []step{
		{endNew, Listening, endListening},
		{endNew, Closed, endUnbindable},
		{endNew | endUnbindable, BindFailed, endGone},
		{endListening, Accepted | AcceptFailed | Disconnected | LocalClosed, endListening},
		{endListening, Closed, endShut},
		{endShut, Disconnected | LocalClosed, endShut},

		{endNew | endDialing | endFailed | endOver | endWaiting, ConnectDelayed | Connected, endDialing},
		// So does local_closed of an attempt that was still pending: see Check.
		{endNew | endDialing | endFailed | endOver | endWaiting, ConnectFailed, endFailed},
		{endDialing, Disconnected | LocalClosed, endOver},
		{endFailed, Closed, endOver},
		{endFailed | endOver, ConnectRetried, endWaiting},
		{endFailed | endOver, GaveUp, endGaveUp},

		{endLate &^ (endUnbindable | endGone), Unbound, endGone},
		{endGone, Disconnected | LocalClosed, endGone},
	},
}

// Which kinds are about a connection and must name it, and which are about the
// endpoint or the socket and must not. The rest may do either.
const (
	ofConn = Connected | ConnectDelayed | ConnectFailed | Accepted | Disconnected | LocalClosed |
		HandshakeSucceeded | handshakeFailed | Subscribed | Unsubscribed | IdentityConflict | HeartbeatTimeout
	notOfConn = Listening | BindFailed | AcceptFailed | Closed | CloseFailed | ConnectRetried | GaveUp |
		Unbound | MonitorStopped | Lost
)

// of are the kinds that the grammar speaks of.
func (g *grammar) of() (k Kind) {
	for _, s := range g.steps {
		k |= s.kinds
	}
	return k
}

// next is where k can lead; 0 if it is not legal.
func (g *grammar) next(at states, k Kind) (to states) {
	for _, s := range g.steps {
		if s.from&at != 0 && s.kinds&k != 0 {
			to |= s.to
		}
	}
	return to
}

// unseen adds what can have been reached by steps of these kinds.
func (g *grammar) unseen(at states, kinds Kind) states {
	for {
		further := at | g.next(at, kinds)
		if further == at {
			return at
		}
		at = further
	}
}

// legal are the kinds that could have come instead: for the error.
func (g *grammar) legal(at states) (k Kind) {
	for _, s := range g.steps {
		if s.from&at != 0 {
			k |= s.kinds
		}
	}
	return k
}
