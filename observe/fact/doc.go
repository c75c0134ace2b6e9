// Package fact is what one process tells another about ZeroMQ sockets: one JSON object on a line.
//
// There are three kinds of line. An event is a monitor.Event under the process that it comes from. A condition is what a
// detector has found out from events, raised or cleared. A state is one socket at one moment: its endpoints, its peers,
// their queues and counts.
//
// Lines of events and conditions are flat, so that the same row fits a log, a table and jq. Who reads passes unknown keys
// and unknown events on: new ones come, old ones keep their meaning (docs/events.md has them all).
package fact
