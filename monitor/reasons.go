package monitor

import "syscall"

// reasons is what is known of each reason, in the order of docs/events.md.
var reasons = []reasonRow{
	{
		reason: ReasonRefused, who: ByPeer, errno: syscall.ECONNREFUSED,
		words: words{
			"nothing listens on {endpoint}",
			"start the server, or compare its port and interface with this endpoint: a server bound to 127.0.0.1 cannot be reached from another host",
		},
		onIPC: words{
			"nothing listens on {endpoint}[: {err}]",
			"start the server, or compare its path with this endpoint: a relative one begins in each process's own directory, and containers see their own files",
		},
	},
	{
		reason: ReasonTimeout, who: ByTimer, errno: syscall.ETIMEDOUT,
		words: words{
			"{endpoint} does not answer: the packets vanish on the way",
			"look for a firewall or security group that drops them, or a host that is down; ConnectTimeout says how long one attempt waits",
		},
		onBind: words{
			"{peer} stopped answering: the packets vanish on the way",
			"look for a firewall that forgets idle connections, or a host that is down; HeartbeatInterval notices sooner",
		},
	},
	{
		reason: ReasonUnreachable, who: ByNetwork, errno: syscall.EHOSTUNREACH,
		words: words{
			"there is no route to {endpoint}[: {err}]",
			"check the address, the routes of this host, and whether its interface or VPN is up",
		},
		onBind: words{
			"there is no route to {peer} any more[: {err}]",
			"check the routes of this host, and whether its interface or VPN is up",
		},
	},
	{
		reason: ReasonResolve, who: ByNetwork, errno: syscall.EINVAL,
		words: words{
			"the host name in {endpoint} has no address[: {err}]",
			"check its spelling and this host's DNS; every attempt asks again, so a name that appears later is found",
		},
		onBind: words{
			"the name in {endpoint} is neither an address nor an interface of this host[: {err}]",
			"bind to * for every interface, to an address of this host, or to an interface by its name",
		},
	},
	{
		reason: ReasonSelfConnect, who: ByLocal,
		words: words{
			"the connection to {endpoint} came back to the socket that dialled it",
			"nothing listens there, and the system happened to choose the same port for our end: start the server, on a port below the ephemeral range",
		},
	},
	{
		reason: ReasonBacklogFull, who: ByPeer, errno: syscall.EAGAIN,
		words: words{
			"as many connections as its Backlog holds wait for the server of {endpoint} to accept them",
			"nothing, if many clients came at once: it is tried again; otherwise the server hangs, or has no descriptors left",
		},
	},
	{
		reason: ReasonReset, who: ByNetwork, errno: syscall.ECONNRESET,
		words: words{
			"{peer}, or something on the way, reset the connection",
			"the peer's process was probably killed: look at its log at this moment; if it happens after idle minutes, a firewall forgot the connection, and HeartbeatInterval keeps it alive",
		},
	},
	{
		reason: ReasonPeerClosed, who: ByPeer,
		words: words{
			"{peer} closed the connection",
			"normal if the peer stopped or disconnected; otherwise its own events say why it left",
		},
	},
	{
		reason: ReasonHeartbeatTimeout, who: ByTimer, errno: syscall.ETIMEDOUT,
		words: words{
			"{peer} sent nothing for longer than HeartbeatTimeout, not even an answer to our PING",
			"the peer's process hangs, its host is gone, or the network is cut; if it was merely busy, raise HeartbeatTimeout",
		},
	},
	{
		reason: ReasonTTLExpired, who: ByTimer, errno: syscall.ETIMEDOUT,
		words: words{
			"{peer} asked to be given up after a time of silence, and that time is over",
			"the peer's process hangs, its host is gone, or the network is cut; if it was merely busy, raise HeartbeatTTL on the peer's side",
		},
	},
	{
		reason: ReasonBadFrame, who: ByPeer, code: 0x10000000,
		words: words{
			"{peer} sent bytes that are not a valid frame[: {err}]",
			"the peer's ZeroMQ library is faulty, or something on the way changes the bytes; the side that dialled connects again by itself",
		},
	},
	{
		reason: ReasonOversizeMessage, who: ByPeer, errno: syscall.EMSGSIZE, code: 0x10000000,
		words: words{
			"{peer} announced a message larger than MaxMessageSize[: {err}]",
			"raise MaxMessageSize here or send smaller messages there; if the size makes no sense, the peer is faulty or hostile",
		},
	},
	{
		reason: ReasonEOFInHandshake, who: ByPeer, errno: syscall.EPIPE,
		words: words{
			"{endpoint} accepted the connection and closed it before the handshake was done",
			"the server refused us without saying why: compare mechanism, keys and socket type with its side, and read its events; a load balancer without a live backend looks the same",
		},
		onBind: words{
			"{peer} connected and left before the handshake was done",
			"port probes and health checks do this and are harmless; a ZeroMQ client that does it has refused us, and its own events say why",
		},
	},
	{
		reason: ReasonHandshakeTimeout, who: ByTimer, errno: syscall.ETIMEDOUT,
		words: words{
			"{endpoint} accepted the connection but did not finish the handshake within HandshakeTimeout",
			"a program that waits for the other side to speak first listens there, or the server is overloaded: check the port and the server's load",
		},
		onBind: words{
			"{peer} connected but did not finish the handshake within HandshakeTimeout",
			"a client that is no ZeroMQ socket, a very slow link or a hostile stranger: look at what runs on that address",
		},
	},
	{
		reason: ReasonHandshakeTooLong, who: ByPeer, errno: syscall.EMSGSIZE, code: 0x10000000,
		words: words{
			"{peer} sent more bytes in its handshake than a handshake may have[: {err}]",
			"its metadata is too large (Config.Metadata, or a certificate put into it), or a hostile stranger tries how much we swallow",
		},
	},
	{
		reason: ReasonTooManyHandshakes, who: ByLocal, errno: syscall.ECONNABORTED,
		words: words{
			"{peer} was turned away: as many connections as MaxHandshakes, or MaxHandshakesPerHost, allows are still in their handshake",
			"many clients arrive at once, or strangers connect and say nothing: raise the limit, lower HandshakeTimeout, or keep strangers off with a firewall",
		},
	},
	{
		reason: ReasonFiltered, who: ByLocal, errno: syscall.EACCES,
		words: words{
			"{peer} was turned away: AcceptFilter does not let its address in",
			"nothing, if it is a stranger; otherwise add its network to AcceptFilter",
		},
	},
	{
		reason: ReasonMalformed, who: ByPeer, code: 0x10000000,
		words: words{
			"{peer} sent a command that breaks the protocol[: {err}]",
			"the peer's ZeroMQ library is faulty, or something on the way changes the bytes: note the peer's library and version",
		},
	},
	{
		reason: ReasonNotZMTP, who: ByPeer, code: 0x10000000,
		words: words{
			"what answers at {endpoint} does not speak ZeroMQ[: {err}]",
			"this is the port of another program, such as a web, TLS or SSH server: correct the endpoint here, or the server's port there",
		},
		onBind: words{
			"{peer} connected but does not speak ZeroMQ[: {err}]",
			"a browser, health check, scanner or TLS client has this port: point it elsewhere, or keep strangers off with a firewall",
		},
	},
	{
		reason: ReasonOldVersion, who: ByLocal, code: 0x10000000,
		words: words{
			"{peer} speaks ZMTP [{version}, which is ]older than the 3.0 that this socket accepts",
			"update the peer to libzmq 4.0 or later",
		},
	},
	{
		reason: ReasonMechanismMismatch, who: ByLocal, code: 0x11000002,
		words: words{
			"the two sides do not use the same security mechanism[: {err}]",
			"set the same Mechanism on both sides; most often a client without keys meets a server that requires CURVE",
		},
	},
	{
		reason: ReasonBothSidesServer, who: ByLocal, code: 0x10000001,
		words: words{
			"both sides are configured as the {mechanism} server",
			"make exactly one of them the client, usually the one that connects",
		},
	},
	{
		reason: ReasonBothSidesClient, who: ByLocal, code: 0x10000001,
		words: words{
			"both sides are configured as a {mechanism} client",
			"make exactly one of them the server, usually the one that binds",
		},
	},
	{
		reason: ReasonWrongServerKey, who: ByPeer, code: 0x11000001,
		words: words{
			"{endpoint} could not open, or prove, what the server's public key configured here demands[: {err}]",
			"put the public key that the server prints into this client; if they are the same, another server answers at this endpoint",
		},
		onBind: words{
			"{peer} encrypted its handshake for another server's key[: {err}]",
			"give that client this server's public key; after a change of keys every client needs the new one",
		},
	},
	{
		reason: ReasonMissingSocketType, who: ByPeer, code: 0x10000018,
		words: words{
			"{peer} did not say its socket type in the handshake",
			"the peer's library does not follow ZMTP 3: update or replace it",
		},
	},
	{
		reason: ReasonIncompatibleSocketType, who: ByLocal, code: 0x10000018,
		words: words{
			"{endpoint} is a {peer_type}, and a {socket_type} cannot talk to it",
			"two ports are probably swapped: check which socket is meant to be at this endpoint",
		},
		onBind: words{
			"{peer} is a {peer_type}, and a {socket_type} cannot talk to it",
			"that client has the wrong port or the wrong socket type: what listens at {endpoint} is a {socket_type}",
		},
	},
	{
		reason: ReasonRefusedByPeer, who: ByPeer, errno: syscall.ECONNABORTED,
		words: words{
			"{peer} refused the handshake with an ERROR command[: {err}]",
			"the cause is on the peer's side: the text above is all it told, its own events say more",
		},
	},
	{
		reason: ReasonBadIdentity, who: ByPeer, code: 0x10000018,
		words: words{
			"{peer} announced a routing id that is not allowed[: {err}]",
			"set the peer's RoutingID to 1 to 255 bytes that do not begin with a zero byte, or leave it empty",
		},
	},
	{
		reason: ReasonIdentityConflict, who: ByLocal, code: 0x10000018, errno: syscall.EADDRINUSE,
		words: words{
			"{peer} announced the routing id [{peer_id} ]that another connected peer has already",
			"give each peer a RoutingID of its own; if one peer comes back before its old connection is found dead, set RouterHandover and HeartbeatInterval",
		},
	},
	{
		reason: ReasonPairTaken, who: ByLocal, errno: syscall.EADDRINUSE,
		words: words{
			"{peer} was turned away: this PAIR socket has a peer already",
			"a PAIR has one peer: disconnect the first, or use DEALER and ROUTER for more",
		},
		byPeer: words{
			"{endpoint} turned us away: that PAIR socket has a peer already",
			"a PAIR has one peer: disconnect the first, or use DEALER and ROUTER for more",
		},
	},
	{
		reason: ReasonAuthTemporary, who: ByLocal, code: 300,
		words: words{
			"our authenticator told {peer} to try again later[: {err}]",
			"the authenticator decides: see what it waits for (status 300)",
		},
		byPeer: words{
			"{endpoint} cannot decide about us now and asks us to try again later[: {err}]",
			"nothing to change here: the server's authenticator answered with status 300, and we try again",
		},
	},
	{
		reason: ReasonAuthDenied, who: ByLocal, code: 400,
		words: words{
			"our authenticator does not let {peer} in[: {err}]",
			"if it should be let in, add its key or password to the authenticator; if not, nothing is wrong",
		},
		byPeer: words{
			"{endpoint} does not let us in[: {err}]",
			"check the key or password configured here, and ask that the server's authenticator knows it",
		},
	},
	{
		reason: ReasonAuthInternal, who: ByLocal, code: 500,
		words: words{
			"our authenticator broke while deciding about {peer}[: {err}]",
			"repair the authenticator or what it asks (database, LDAP): nobody gets in until then",
		},
		byPeer: words{
			"{endpoint} could not authenticate us because its authenticator broke[: {err}]",
			"the fault is on the server's side: its authenticator answered with status 500",
		},
	},
	{
		reason: ReasonAuthTimeout, who: ByTimer, errno: syscall.ETIMEDOUT,
		words: words{
			"our authenticator had not decided about {peer} when HandshakeTimeout was over",
			"the peer is not at fault: see whether the authenticator, or the ZAP handler, still runs, what it waits for, and that it answers every request",
		},
	},
	{
		reason: ReasonZAPProtocol, who: ByLocal, code: 0x20000000,
		words: words{
			"our ZAP handler's answer about {peer} breaks RFC 27[: {err}]",
			"repair the handler: an empty frame, version \"1.0\", the request id, status 200, 300, 400 or 500, text, user id, readable metadata",
		},
	},
	{
		reason: ReasonZAPMissing, who: ByLocal, errno: syscall.EFAULT,
		words: words{
			"{peer} was refused because nobody is there to authenticate it",
			"set Config.Authenticate (zmq.AllowAny for encryption without authentication), or bind a ZAP handler to inproc://zeromq.zap.01 before clients come",
		},
	},
	{
		reason: ReasonClearText, who: ByLocal, errno: syscall.EACCES,
		words: words{
			"we do not speak PLAIN beyond this machine: the password would go over the network in the clear",
			"use CURVE; or, where nobody else is on the network, set PlainAnywhere",
		},
	},
	{
		reason: ReasonFDLimit, who: ByLocal, errno: syscall.EMFILE,
		words: words{
			"this process has no file descriptors left[ ({count} times since the last event)]",
			"raise the limit (ulimit -n, LimitNOFILE), or find what holds them: idle peers, or files that are never closed",
		},
	},
	{
		reason: ReasonAddressInUse, who: ByLocal, errno: syscall.EADDRINUSE,
		words: words{
			"{endpoint} is taken already",
			"find its owner (ss -ltnp, lsof -i) and stop it, or bind another port; port * takes a free one",
		},
		onIPC: words{
			"{endpoint} is taken already: a living process has its file, or nobody can tell",
			"find its owner (ss -lxp, lsof) and stop it, or bind another path; ipc://* makes a new one",
		},
	},
	{
		reason: ReasonAddressNotAvailable, who: ByLocal, errno: syscall.EADDRNOTAVAIL,
		words: words{
			"this host has no address to reach {endpoint} from[: {err}]",
			"the local ports may be used up by connections in TIME_WAIT, or the source address in the endpoint is not this host's",
		},
		onBind: words{
			"{endpoint} is not an address of this host",
			"bind to * for every interface, or to an address that this host has (ip addr)",
		},
	},
	{
		reason: ReasonNoSuchInterface, who: ByLocal, errno: syscall.ENODEV,
		words: words{
			"the network interface for {endpoint} does not exist[: {err}]",
			"check its name (ip link), and that it is up before this program starts",
		},
	},
	{
		reason: ReasonNoSuchDirectory, who: ByLocal, errno: syscall.ENOENT,
		words: words{
			"the directory of {endpoint} does not exist",
			"create it before Bind; it is not made by itself because nobody could tell with which owner and mode",
		},
	},
	{
		reason: ReasonNameTooLong, who: ByLocal, errno: syscall.ENAMETOOLONG,
		words: words{
			"the path of {endpoint} is longer than a socket's name can be",
			"use a path of at most 103 bytes, which every system accepts, for example below /run",
		},
	},
	{
		reason: ReasonNotASocket, who: ByLocal, errno: syscall.EADDRINUSE,
		words: words{
			"there is a file at {endpoint} that is no socket",
			"remove it, or bind another path; Bind removes only the sockets of dead processes",
		},
	},
	{
		reason: ReasonPermission, who: ByLocal, errno: syscall.EACCES,
		words: words{
			"this process may not use {endpoint}[: {err}]",
			"check the owner and mode of the ipc path and its directory, take a port above 1023, or look for a sandbox or firewall rule",
		},
	},
	{
		reason: ReasonDisconnect, who: ByLocal,
		words: words{
			"this program called Disconnect for {endpoint}",
			"nothing to do[, but {unsent} queued messages were dropped: give Linger more time]",
		},
	},
	{
		reason: ReasonUnbind, who: ByLocal,
		words: words{
			"this program called Unbind for {endpoint}, which ends the connections accepted there",
			"nothing to do[, but {unsent} queued messages were dropped: give Linger more time]",
		},
	},
	{
		reason: ReasonClose, who: ByLocal,
		words: words{
			"this program closed the socket",
			"nothing to do[, but {unsent} queued messages were dropped: give Linger more time]",
		},
	},
	{
		reason: ReasonConnClosed, who: ByLocal,
		words: words{
			"this program ended the connection with CloseConn",
			"nothing to do; a peer that dialled comes back by itself, unless the authenticator refuses it",
		},
	},
	{
		reason: ReasonContextEnded, who: ByLocal,
		words: words{
			"this program ended the Context of the socket",
			"nothing to do[, but {unsent} queued messages were dropped: give Linger more time]",
		},
	},
	{
		reason: ReasonHandover, who: ByLocal,
		words: words{
			"a newer connection took over the routing id[ {peer_id}] of {peer} (RouterHandover)",
			"normal when a peer comes back before its old connection is found dead; if two live peers do this in turn, give each a RoutingID of its own",
		},
	},
	{
		reason: ReasonRequestAbandoned, who: ByLocal,
		words: words{
			"a request to {endpoint} was given up, and its connection replaced so that no late reply is taken for the next one's",
			"the server answers too slowly or not at all: look at its load, or give the request more time",
		},
	},
	{
		reason: ReasonNoMoreRetries, who: ByLocal,
		words: words{
			"{endpoint} is not tried again: the configuration says so[: {err}]",
			"look at ReconnectMin (Off: dial once) and ReconnectStop, and call Connect again to start anew",
		},
	},
	{
		reason: ReasonHWM, who: ByPeer,
		words: words{
			"the queue for {peer} was at its high-water mark[: {count} messages were dropped]",
			"the peer reads more slowly than we send: speed it up, send less, or raise SendHWM if the peaks are short",
		},
	},
	{
		reason: ReasonNoRoute, who: ByLocal,
		words: words{
			"no connected peer has the address in the first frame[: {count} messages were dropped]",
			"the peer has left or never came: set RouterMandatory to hear it from Send, or wait for its handshake_succeeded",
		},
	},
	{
		reason: ReasonPeerGone, who: ByPeer,
		words: words{
			"{peer} left before the messages for it could be sent[: {count} were dropped]",
			"messages to an accepted peer die with its connection: let the peer confirm what it must not miss",
		},
	},
	{
		reason: ReasonLingerExpired, who: ByTimer,
		words: words{
			"Linger was over before everything queued for {peer} was handed to the system[: {count} messages were dropped]",
			"give Linger more time, or find out why the peer did not read: its connection's events say so",
		},
	},
	{
		reason: ReasonLateReply, who: ByPeer,
		words: words{
			"{peer} replied to a request that nobody waits for any more[: {count} replies were dropped]",
			"the server is slower than the requester's patience: look at its load, or give requests more time",
		},
	},
	{
		reason: ReasonBadEnvelope, who: ByPeer,
		words: words{
			"{peer} sent messages without the envelope that a {socket_type} needs[: {count} were skipped]",
			"the peer is probably a DEALER that must put an empty frame before the body (RFC 28)",
		},
	},
	{
		reason: ReasonSubscriptionLimit, who: ByPeer,
		words: words{
			"{peer} subscribes to more than one peer may[: {count} of its wishes were dropped]",
			"raise MaxSubscriptions or MaxSubscriptionBytes if the peer is honest; otherwise it floods this publisher",
		},
	},
	{
		reason: ReasonReaderSlow, who: ByLocal,
		words: words{
			"this reader of events was too slow: [{count} ]events were dropped before it took them",
			"do less for each event or read on a goroutine of its own; take a new snapshot with WatchState to know the present again",
		},
	},
	{
		reason: ReasonCallbackPanic, who: ByLocal,
		words: words{
			"the OnEvent callback panicked and was removed[: {err}]",
			"repair the callback and set it again; the socket itself goes on unharmed",
		},
	},
	{
		reason: ReasonOther, who: ByLocal,
		words: words{
			"{event}[ at {endpoint}][ with {peer}][: {err}]",
			"no known cause fits: the error above and the other side's log are all there is; please report it with both",
		},
	},
}
