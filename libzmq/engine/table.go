//go:build cgo && linux

package main

// The numbers are zmq.h's; those without a name there are of options that 4.3.5 has as drafts.
// That a REP takes a ROUTER's options, and a PUB an XPUB's, is libzmq's doing; they do nothing there.
var table = []option{
	{4, "", both, long{func(v *settings) *int { return &v.affinity }, -1 << 63, 1<<63 - 1}},                                          // AFFINITY: stored
	{5, "", both, calls{setRoutingID, func(s *zmqSocket, room []byte) (int, error) { return putBytes(room, s.settings.routingID) }}}, // ROUTING_ID
	{6, "SUB XPUB", written, subscribe(true)},                                                                  // SUBSCRIBE
	{7, "SUB XPUB", written, subscribe(false)},                                                                 // UNSUBSCRIBE
	{8, "", both, within(1, anyInt, func(v *settings) *int { return &v.rate })},                                // RATE: stored
	{9, "", both, count(func(v *settings) *int { return &v.recovery })},                                        // RECOVERY_IVL: stored
	{11, "", both, orMinusOne(func(v *settings) *int { return &v.sendBuffer })},                                // SNDBUF
	{12, "", both, orMinusOne(func(v *settings) *int { return &v.recvBuffer })},                                // RCVBUF
	{17, "", both, orMinusOne(func(v *settings) *int { return &v.linger })},                                    // LINGER
	{18, "", both, orMinusOne(func(v *settings) *int { return &v.reconnect })},                                 // RECONNECT_IVL
	{19, "", both, count(func(v *settings) *int { return &v.backlog })},                                        // BACKLOG
	{21, "", both, count(func(v *settings) *int { return &v.reconnectMax })},                                   // RECONNECT_IVL_MAX
	{22, "", both, long{func(v *settings) *int { return &v.maxMessage }, -1, 1<<63 - 1}},                       // MAXMSGSIZE
	{23, "", both, count(func(v *settings) *int { return &v.sendHWM })},                                        // SNDHWM
	{24, "", both, count(func(v *settings) *int { return &v.recvHWM })},                                        // RCVHWM
	{25, "", both, within(1, anyInt, func(v *settings) *int { return &v.hops })},                               // MULTICAST_HOPS: stored
	{31, "", both, calls{setIPv4Only, getIPv4Only}},                                                            // IPV4ONLY
	{32, "", read, calls{tell: func(s *zmqSocket, room []byte) (int, error) { return putText(room, s.last) }}}, // LAST_ENDPOINT
	{33, "ROUTER REP", written, truly(func(v *settings) *int { return &v.routerMandatory })},                   // ROUTER_MANDATORY
	{34, "", both, within(-1, 1, func(v *settings) *int { return &v.keepAlive })},                              // TCP_KEEPALIVE
	{35, "", both, orMinusOne(func(v *settings) *int { return &v.keepCount })},                                 // TCP_KEEPALIVE_CNT
	{36, "", both, orMinusOne(func(v *settings) *int { return &v.keepIdle })},                                  // TCP_KEEPALIVE_IDLE
	{37, "", both, orMinusOne(func(v *settings) *int { return &v.keepInterval })},                              // TCP_KEEPALIVE_INTVL
	{38, "", written, calls{do: setAcceptFilter}},                                                              // TCP_ACCEPT_FILTER
	{39, "", both, flag(func(v *settings) *int { return &v.immediate })},                                       // IMMEDIATE
	{40, "XPUB PUB", written, truly(func(v *settings) *int { return &v.verbose })},                             // XPUB_VERBOSE
	{41, "ROUTER REP", written, truly(func(v *settings) *int { return &v.routerRaw })},                         // ROUTER_RAW
	{42, "", both, flag(func(v *settings) *int { return &v.ipv6 })},                                            // IPV6
	{43, "", read, number{at: func(v *settings) *int { return &v.security.mechanism }}},                        // MECHANISM
	{44, "", both, server(mechanismPlain, func(v *settings) *int { return &v.security.plainServer })},          // PLAIN_SERVER
	{45, "", both, credential(func(v *security) *string { return &v.username })},                               // PLAIN_USERNAME
	{46, "", both, credential(func(v *security) *string { return &v.password })},                               // PLAIN_PASSWORD
	{47, "", both, server(mechanismCurve, func(v *settings) *int { return &v.security.curveServer })},          // CURVE_SERVER
	{48, "", both, key{func(v *security) *[keySize]byte { return &v.public }}},                                 // CURVE_PUBLICKEY
	{49, "", both, key{func(v *security) *[keySize]byte { return &v.secret }}},                                 // CURVE_SECRETKEY
	{50, "", both, key{func(v *security) *[keySize]byte { return &v.server }}},                                 // CURVE_SERVERKEY
	{51, "REQ DEALER ROUTER REP", written, truly(func(v *settings) *int { return &v.probe })},                  // PROBE_ROUTER
	{52, "REQ", written, truly(func(v *settings) *int { return &v.reqCorrelate })},                             // REQ_CORRELATE
	{53, "REQ", written, truly(func(v *settings) *int { return &v.reqRelaxed })},                               // REQ_RELAXED
	{54, "", both, flag(func(v *settings) *int { return &v.conflate })},                                        // CONFLATE
	{55, "", both, text{at: func(v *settings) *string { return &v.security.domain }, most: 255}},               // ZAP_DOMAIN
	{56, "ROUTER REP", written, truly(func(v *settings) *int { return &v.routerHandover })},                    // ROUTER_HANDOVER
	{57, "", both, count(func(v *settings) *int { return &v.tos })},                                            // TOS
	{61, "ROUTER STREAM", written, calls{do: setNextID}},                                                       // CONNECT_ROUTING_ID
	{66, "", both, count(func(v *settings) *int { return &v.handshake })},                                      // HANDSHAKE_IVL
	{68, "", both, text{at: func(v *settings) *string { return &v.socks.proxy }, most: 255}},                   // SOCKS_PROXY
	{69, "PUB XPUB", written, truly(func(v *settings) *int { return &v.noDrop })},                              // XPUB_NODROP
	{71, "XPUB PUB", written, truly(func(v *settings) *int { return &v.manual })},                              // XPUB_MANUAL
	{72, "XPUB PUB", written, blob{func(v *settings) *[]byte { return &v.welcome }}},                           // XPUB_WELCOME_MSG
	{73, "STREAM", written, flag(func(v *settings) *int { return &v.streamNotify })},                           // STREAM_NOTIFY
	{74, "", both, anyBool(func(v *settings) *int { return &v.invert })},                                       // INVERT_MATCHING
	{75, "", both, count(func(v *settings) *int { return &v.heartbeat })},                                      // HEARTBEAT_IVL
	{76, "", both, within(0, 6553599, func(v *settings) *int { return &v.heartbeatTTL })},                      // HEARTBEAT_TTL: 16 bits of 100 ms
	{77, "", both, count(func(v *settings) *int { return &v.heartbeatTimeout })},                               // HEARTBEAT_TIMEOUT
	{78, "XPUB PUB", written, truly(func(v *settings) *int { return &v.verboser })},                            // XPUB_VERBOSER
	{79, "", both, count(func(v *settings) *int { return &v.connectTimeout })},                                 // CONNECT_TIMEOUT
	{80, "", both, count(func(v *settings) *int { return &v.maxRetransmit })},                                  // TCP_MAXRT
	{84, "", both, within(1, anyInt, func(v *settings) *int { return &v.tpdu })},                               // MULTICAST_MAXTPDU: stored
	{89, "", both, orMinusOne(func(v *settings) *int { return &v.useFD })},                                     // USE_FD
	{92, "", both, text{at: func(v *settings) *string { return &v.device }, most: 255}},                        // BINDTODEVICE

	// Drafts.
	{93, "", both, flag(func(v *settings) *int { return &v.security.enforce })},                  // ZAP_ENFORCE_DOMAIN
	{94, "", both, flag(func(v *settings) *int { return &v.fastpath })},                          // LOOPBACK_FASTPATH: stored, of Windows
	{95, "", written, calls{do: setMetadata}},                                                    // METADATA
	{96, "", both, flag(func(v *settings) *int { return &v.loop })},                              // MULTICAST_LOOP: stored
	{97, "ROUTER", both, within(0, 3, func(v *settings) *int { return &v.routerNotify })},        // ROUTER_NOTIFY
	{98, "XPUB", written, flag(func(v *settings) *int { return &v.manualLast })},                 // XPUB_MANUAL_LAST_VALUE
	{99, "", both, text{at: func(v *settings) *string { return &v.socks.username }, most: 255}},  // SOCKS_USERNAME
	{100, "", both, text{at: func(v *settings) *string { return &v.socks.password }, most: 255}}, // SOCKS_PASSWORD
	{101, "", both, within(1, anyInt, func(v *settings) *int { return &v.inBatch })},             // IN_BATCH_SIZE: stored
	{102, "", both, within(1, anyInt, func(v *settings) *int { return &v.outBatch })},            // OUT_BATCH_SIZE: stored
	{108, "XPUB XSUB", written, flag(func(v *settings) *int { return &v.onlyFirst })},            // ONLY_FIRST_SUBSCRIBE: always so
	{109, "", both, within(0, 7, func(v *settings) *int { return &v.reconnectStop })},            // RECONNECT_STOP
	{110, "DEALER ROUTER", written, blob{func(v *settings) *[]byte { return &v.hello }}},         // HELLO_MSG
	{111, "ROUTER", written, blob{func(v *settings) *[]byte { return &v.disconnected }}},         // DISCONNECT_MSG
	{112, "", both, count(func(v *settings) *int { return &v.priority })},                        // PRIORITY
	{113, "", both, count(func(v *settings) *int { return &v.busyPoll })},                        // BUSY_POLL: stored
	{114, "DEALER", written, blob{func(v *settings) *[]byte { return &v.hiccup }}},               // HICCUP_MSG
	{115, "XSUB", written, flag(func(v *settings) *int { return &v.verboseUnsubscribe })},        // XSUB_VERBOSE_UNSUBSCRIBE
	{116, "PUB XPUB SUB XSUB", read, calls{tell: topics}},                                        // TOPICS_COUNT
}

func putBytes(room []byte, v string) (int, error) {
	if len(room) < len(v) {
		return 0, invalid
	}
	return copy(room, v), nil
}

func setIPv4Only(s *zmqSocket, value []byte) error {
	only := 1 - s.settings.ipv6
	if err := flag(func(*settings) *int { return &only }).set(s, value); err != nil {
		return err
	}
	s.settings.ipv6 = 1 - only
	s.update()
	return nil
}

func getIPv4Only(s *zmqSocket, room []byte) (int, error) {
	only := 1 - s.settings.ipv6
	return flag(func(*settings) *int { return &only }).get(s, room)
}

// setNextID names the peer of the next connect (ZMQ_CONNECT_ROUTING_ID).
func setNextID(s *zmqSocket, value []byte) error {
	if len(value) == 0 || len(value) > 255 || value[0] == 0 {
		return invalid
	}
	s.nextID = string(value)
	return nil
}

func topics(s *zmqSocket, room []byte) (int, error) {
	n := s.core.Topics()
	return count(func(*settings) *int { return &n }).get(s, room)
}
