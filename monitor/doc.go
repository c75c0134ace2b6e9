// Package monitor says what happened on a socket, who did it and why, and what
// is true now. It knows no socket: sockets emit, this package carries, explains
// and checks.
//
// # Events
//
// Everything that happens to a connection is one [Event], a flat value. The
// kinds up to 1<<16 have the names, numbers and values of libzmq's socket
// monitor (manual page zmq_socket_monitor), so ported code works; those above
// are ours. docs/events.md is the reference: when each kind is emitted, what it
// carries, what an operator should do, every reason with its plain words, and
// where we differ from libzmq.
//
// A [ConnID] joins the events of one connection, or of one dial attempt, from
// the first to the one and only terminal event, and joins them with the
// messages that came over it. An EndpointID joins the attempts of one Connect
// and the connections of one Bind.
//
// # Reading
//
// A socket's Watch returns a [Subscription]:
//
//	for e := range w.Events(ctx) {
//		fmt.Println(e)
//		if e.Kind&monitor.Failures != 0 {
//			fmt.Println("  ", e.Why(), "\n  ", e.Hint())
//		}
//	}
//
// The loop ends by itself after the socket's last event, [MonitorStopped]. Next
// takes one event, Poll does not wait, Ready and C serve select. [Log], [JSON]
// and [Counters] are sinks: functions of an event.
//
// # Promises
//
//   - Emitting never blocks, allocates or fails ([Hub.Emit]). A reader that is
//     slow, stuck or gone changes nothing for the socket.
//   - A reader that falls behind loses the oldest events, and finds [Lost] in
//     their place. The counts sum exactly.
//   - Events of one socket come in the order in which they happened, numbered by
//     Seq. A mask leaves holes in the numbers; only Lost means loss.
//   - A snapshot and the events after it are the truth ([State.Apply]).
//   - Every story follows one grammar ([Check]).
//   - Any order of closing the hub, a subscription and its reader frees
//     everything. A subscription whose C was used must be closed.
//
// # Compatibility
//
// Names of kinds and reasons, JSON keys and libzmq frames are promises: new
// ones come, old ones stay. Texts for people (String, Why, Hint) may improve.
package monitor
