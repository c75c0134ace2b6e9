// Package observe carries what the sockets of a program do to where operators look: metrics to Prometheus, a log that storms
// do not flood, and every event to an agent such as glass serve. It reads package monitor's events and states, as any other
// reader may; a socket does not wait for it, and nothing changes on the wire.
//
//   - [NewCollector] is a prometheus.Collector over the sockets of a Context.
//   - [Forward] sends events and states to an agent.
//   - [Log] is monitor.Log that does not repeat itself.
//   - [Tallies] count for the Collector, and for an agent that hears of other processes.
//   - Package rules has alerts and a dashboard to go with the metrics, package fact the lines that travel.
//
// # Metrics
//
// The README lists them. Labels are bounded by configuration: socket, endpoint as it was given to Connect, and words from
// tables of the library. Peers, routing ids and topics are no labels, but in [Collector.Peers], which belongs on a page of its
// own. A socket has some 130 series, at most 165, and 8 for each endpoint that it dials. The reasons of docs/events.md are
// the values of the label reason, so a metric, a log and glass explain have one word for one thing.
//
// What is counted while it happens (drops, ends, failures, attempts) begins with the Collector; messages are counted from
// the socket's beginning. What ends between two scrapes is counted, because its last event has its totals.
//
// # What is not there
//
// These would cost every message something, or are not the library's to know:
//
//   - frames, payload bytes without framing, handshake and encryption overhead: counting them would cost each message;
//   - time that senders waited and calls that would have blocked: a full queue is, as zmq_socket_pipe_full_seconds_total;
//   - the age of the oldest queued message: queues keep no times;
//   - distinct subscriptions: zmq_socket_subscriptions is the sum over peers;
//   - messages dropped because a peer's were too large or its identity was taken: such a peer loses its connection
//     (zmq_socket_connections_closed_total, zmq_handshake_failures_total); conflated messages: that is what was asked for;
//   - queues of dialled endpoints whose peers are away: the socket's state has only connected peers;
//   - requests to ZAP handlers: failures are handshake failures, successes are not told apart from handshakes without one;
//   - gaps in sequence numbers, which an application puts into its messages;
//   - TCP's own numbers (round trip, retransmissions, windows): an agent reads them from the kernel;
//   - file descriptors: client_golang's process collector has them;
//   - a proxy's counts: they are the proxy's (zmq.Proxy.Stats), and glass proxy shows them.
package observe
