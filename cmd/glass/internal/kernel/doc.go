// Package kernel is what this host's kernel knows of its TCP connections, of any process: how much waits at each end, and why it
// does not go out. It is the view of `ss -ti`, and needs no rights.
//
// It is what tells a peer that does not read from a network that loses packets: both look like a full queue from above.
package kernel
