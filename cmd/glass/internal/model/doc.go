// Package model is what is true now: facts of many processes go in, and out comes which sockets there are, who is connected to
// whom, how full and how fast, what is wrong, and what has ended lately.
//
// It is pure: no goroutine, no clock, no lock. Its time is that of the last Tick; where nobody ticks, as when a past moment is
// made from a history, that of the latest fact.
//
// # What it does with each source
//
// A Go program sends events with connection ids and numbers, and states that take in all events up to a number. So both fit
// together exactly: an event that a state has taken in changes nothing, and a state that is older than the events changes only
// numbers. A full state is all that there is: what it leaves out has ended, though nobody saw it, and the model says so.
//
// libzmq's monitor has no connection ids, and no endpoint ids. The model makes ids up, and joins events by what there is:
//
//   - connected and accepted begin a connection, and carry its descriptor; the next one of that number begins another, and
//     then the end of the one before was missed
//   - disconnected carries the descriptor, too; one that is not known is told among the closed, without a beginning
//   - the handshake's events carry an address alone: they are about the oldest connection there whose handshake runs. Where
//     clients arrive at a bound socket together they may be mixed up; which of them is ready may be wrong, how many are not
//
// Peers, counters, queues and reasons are unknown there: libzmq does not tell.
//
// # Bounds
//
// 20,000 connections, 20,000 endpoints, 5,000 sockets, the 100 connections and sockets that ended last, 10,000 conditions. What
// goes beyond is left out and counted (Snapshot.Truncated, Snapshot.Overlooked).
package model
