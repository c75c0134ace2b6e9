package monitor

// Explain says when a kind is emitted and what an operator should do about it;
// "" for a set of kinds or an unknown one.
func (k Kind) Explain() (when, do string) {
	bit, ok := k.known()
	if !ok {
		return "", ""
	}
	return kindTexts[bit].when, kindTexts[bit].do
}

// Explain is the reason's row of docs/events.md: its words with the names of
// the facts that an event puts in. For a code that is not in the table it is
// the row of "other".
func (r Reason) Explain() (why, hint string) {
	row := r.row()
	return row.why, row.hint
}

// kindTexts is at the same index as kinds. fields are those that a kind fills
// beyond what every event has: Seq, Time, the socket, the endpoint and Side,
// and on a connection's events Conn, Local, Remote, FD and, from
// HandshakeSucceeded on, the facts of the peer.
var kindTexts = [len(kinds)]struct{ when, fields, do string }{
	0: {
		"the transport connection that we dialled is up; the handshake comes next",
		"Conn, Attempt, Duration of the dial",
		"nothing; wait for handshake_succeeded before counting on the peer",
	},
	1: {
		"the system answered our non-blocking connect with \"in progress\", and the attempt is being polled; once per address that is tried",
		"Conn, Attempt, Err",
		"nothing; it is the normal course over tcp",
	},
	2: {
		"an attempt or connection ended and the reconnect timer was armed; always after the terminal event of that attempt",
		"Attempt, Interval, Reason and Err of what failed",
		"read the reason; if it repeats, its hint",
	},
	3: {
		"Bind succeeded: the endpoint listens",
		"Local (wildcards resolved), FD",
		"nothing",
	},
	4: {
		"Bind did not succeed; Bind has returned the same error",
		"Err, Reason",
		"follow the hint: nobody can reach this socket there",
	},
	5: {
		"a connection was accepted; the handshake comes next",
		"Conn, Local, Remote, FD",
		"nothing; wait for handshake_succeeded before counting on the peer",
	},
	6: {
		"accepting failed, or a peer was turned away before a byte. Storms are coalesced: at most ten events a second, and as many for AcceptFilter, each standing for Count failures",
		"Err, Reason, Count; Remote of the last peer that was turned away",
		"follow the hint; strangers wait in the system's accept queue until it is mended, established peers are unharmed",
	},
	7: {
		"a listener was closed, or the descriptor of an attempt that never came up. Never an established connection",
		"FD; Attempt of the failed attempt; Conn is 0",
		"nothing",
	},
	8: {
		"a descriptor or an ipc file could not be released",
		"Err, Reason",
		"remove the file by hand if it stays in the way of the next Bind",
	},
	9: {
		"an established connection ended, and not by our own will; also a failed handshake. Terminal",
		"Who, Phase, Reason, Err, Duration, MessagesIn, MessagesOut, BytesIn, BytesOut, Unsent",
		"read who and reason; dialled endpoints come back by themselves",
	},
	10: {
		"this reader of events was stopped or its socket closed; its last event",
		"",
		"end the reader",
	},
	11: {
		"the handshake ended without a reason from the protocol: end of stream, reset, time limit, nobody to authenticate. The terminal event follows",
		"Who, Phase, Reason, Err, Duration",
		"follow the hint",
	},
	12: {
		"the peer is ready for messages; before its first message in either direction",
		"PeerID, PeerType, Mechanism, UserID, Version, properties, Duration of the handshake",
		"count the peer as connected from here",
	},
	13: {
		"the handshake broke the protocol or the two sides do not fit. The terminal event follows",
		"Who, Phase, Reason, Err, Value, PeerType if it was told",
		"follow the hint; the other side has to change as often as this one",
	},
	14: {
		"authentication refused the peer, or the peer's refused us. The terminal event follows",
		"Who, Reason, Value (ZAP status), Mechanism, UserID if any",
		"compare keys and passwords; if strangers are refused, nothing",
	},
	16: {
		"asked for by MonitorPipesStats: one for each peer, and for each dialled endpoint without one; of inproc whatever the mask",
		"QueueOut, QueueIn; Conn is 0 while no peer is ready behind the queue",
		"compare with the high-water marks",
	},
	17: {
		"a dial attempt did not come up, and not because we called it off. Terminal",
		"Who, Phase, Reason, Err, Attempt, Duration",
		"follow the hint; it is tried again unless gave_up follows",
	},
	18: {
		"there will be no further attempt for this endpoint; without an endpoint: the OnEvent callback panicked and was removed",
		"Reason, Err, Attempt",
		"mend the cause and call Connect again",
	},
	19: {
		"we ended a connection, or called off an attempt: Disconnect, Unbind, CloseConn, Close, the Context. Terminal",
		"Who, Phase, Reason, Duration, MessagesIn, MessagesOut, BytesIn, BytesOut, Unsent",
		"look at Unsent: these messages were lost",
	},
	20: {
		"the endpoint is gone: Unbind, Disconnect (Side tells which) or the socket's end. Its last event, but for the ends of connections that linger",
		"Local, Reason",
		"nothing",
	},
	21: {
		"the queue towards a peer has had no room for 100 ms; at most one pair with queue_drained a second per peer",
		"QueueOut, QueueIn; Conn is 0 while no peer is ready behind the queue",
		"find out why the peer does not read",
	},
	22: {
		"a queue of which queue_full told has room again, also the next moment: queues are looked at ten times a second",
		"QueueOut, QueueIn, Duration it was full",
		"nothing",
	},
	23: {
		"messages were dropped. One event a second per peer and reason at most, the first 100 ms after the first message; what is left when the connection or the socket ends is told before its last event",
		"Count, Reason; Conn is 0 if they had no peer",
		"follow the hint",
	},
	24: {
		"a peer subscribed",
		"Topic",
		"nothing",
	},
	25: {
		"a peer unsubscribed",
		"Topic",
		"nothing",
	},
	26: {
		"a peer announced a routing id that another live peer has; it is refused, or with RouterHandover takes over",
		"PeerID, Reason",
		"give each peer a routing id of its own",
	},
	27: {
		"a peer was silent for too long. The terminal event follows",
		"Duration of the silence, Reason",
		"look whether its process, host or network is gone",
	},
	28: {
		"this reader was too slow and lost Count events here; Seq, Time and socket are those of the newest of them",
		"Count",
		"take a new snapshot; make the reader faster",
	},
}
