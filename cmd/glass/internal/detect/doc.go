// Package detect finds out from what happens to sockets what lasts and wants attention: that a server is down, that a subscriber does
// not keep up and whose fault that is, that a stream has fallen silent. It says so once, in words, and once when it is over.
//
// It is pure: events, states, ticks and what the kernel knows of connections go in, conditions come out; a recording gives the
// same conditions each time. Time is that of the last Tick, the one clock of whoever collects; those of the watched hosts, which may
// be wrong, count only where two of their own readings are compared. Where nobody ticks, the time is the event's.
//
// A condition belongs to a socket, and ends with it at the latest, or when nothing is heard of its process any more.
//
// # Families
//
//   - dial.go, flap.go: an endpoint that is dialled in vain: server_down, black_hole, accepts_then_closes, handshake_failing; or with success
//     that does not last: flapping. At most one of them at a time for an endpoint
//   - door.go: handshake_failing at a bound endpoint, by the host that comes
//   - identity.go: identity_conflict
//   - queue.go, fault.go: slow_subscriber
//   - stream.go: silent_stream
//   - drops.go: drops
//   - fds.go: fd_pressure
//
// Their thresholds, with reasons, are in thresholds.go, their meaning for an operator in words.go.
package detect
