// Package device is what a proxy between two sockets needs beyond passing on, which zmq.Proxy does: an account of every
// message, a tape of copies, an orderly end, and metrics.
//
//  1. ledger.go   what a socket's events tell of messages that did not go out
//  2. account.go  what became of all messages of a direction, and whether that balances
//  3. tape.go     copies, to a file
//  4. drain.go    the end: what has been received is passed on, and what is left is counted
//  5. metrics.go  the same numbers for Prometheus
package device
