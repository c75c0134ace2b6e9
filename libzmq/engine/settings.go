//go:build cgo && linux

package main

import (
	"context"
	"net"
	"net/netip"
	"os"
	"time"

	"github.com/glassmq/zmq/internal/socket"
	"github.com/glassmq/zmq/internal/transport"
	"github.com/glassmq/zmq/zmtp"
)

// settings are a socket's options as C knows them: libzmq's units and libzmq's defaults. options makes the engine's of them.
type settings struct {
	typ string

	sendHWM, recvHWM, linger                       int
	reconnect, reconnectMax, reconnectStop         int // ms
	connectTimeout, handshake                      int // ms
	heartbeat, heartbeatTimeout, heartbeatTTL      int // ms
	maxMessage                                     int
	backlog, sendBuffer, recvBuffer, tos, priority int
	keepAlive, keepCount, keepIdle, keepInterval   int
	maxRetransmit, ipv6, useFD                     int
	device, routingID                              string
	socks                                          socks
	accept                                         []netip.Prefix
	metadata                                       zmtp.Metadata

	immediate, conflate, probe, invert               int
	reqRelaxed, reqCorrelate                         int
	routerMandatory, routerHandover, routerRaw       int
	routerNotify, streamNotify                       int
	verbose, verboser, manual, manualLast, noDrop    int
	verboseUnsubscribe                               int
	welcome, hello, disconnected, hiccup             []byte
	security                                         security
	affinity                                         int
	rate, recovery, hops, tpdu, loop                 int // stored: multicast is not carried
	onlyFirst, inBatch, outBatch, busyPoll, fastpath int // stored: see docs/libzmq.md
}

// defaults are zmq_setsockopt(3)'s.
func defaults(typ string) settings {
	linger := -1
	if typ == "SUB" || typ == "XSUB" { // which have nothing to say but subscriptions
		linger = 0
	}
	return settings{typ: typ, sendHWM: 1000, recvHWM: 1000, linger: linger, reconnect: 100, handshake: 30000, heartbeatTimeout: -1,
		maxMessage: -1, backlog: 100, sendBuffer: -1, recvBuffer: -1, keepAlive: -1, keepCount: -1, keepIdle: -1, keepInterval: -1,
		useFD: -1, streamNotify: 1, rate: 100, recovery: 10000, hops: 1, tpdu: 1500, loop: 1, inBatch: 8192, outBatch: 8192}
}

func ms(n int) time.Duration { return time.Duration(n) * time.Millisecond }

// options are the settings in the engine's terms. What does not apply to the type is stored and does nothing, as in libzmq.
func (v *settings) options() socket.Options {
	o := socket.Options{
		SendHWM: v.sendHWM, RecvHWM: v.recvHWM, Linger: ms(v.linger), RoutingID: v.routingID,
		ReconnectMin: ms(v.reconnect), ReconnectMax: ms(max(v.reconnect, v.reconnectMax)),
		ConnectTimeout: ms(v.connectTimeout), HandshakeTimeout: ms(v.handshake),
		HeartbeatInterval: ms(v.heartbeat), HeartbeatTimeout: ms(v.heartbeatTimeout), HeartbeatTTL: ms(v.heartbeatTTL),
		MaxHandshakes: mostHandshakes,
		Metadata:      v.metadata, PlainAnywhere: true,
		Immediate: v.immediate != 0, Conflate: v.conflate != 0, ReqRelaxed: v.reqRelaxed != 0, ReqCorrelate: v.reqCorrelate != 0,
		ProbeRouter: v.probe != 0, RouterMandatory: v.routerMandatory != 0, RouterHandover: v.routerHandover != 0, RouterRaw: v.routerRaw != 0,
		NotifyConnect: v.routerNotify&1 != 0, NotifyDisconnect: v.routerNotify&2 != 0,
		XPubVerbose: v.verbose != 0, XPubVerboser: v.verboser != 0, XPubManual: v.manual != 0, XPubManualLast: v.manualLast != 0,
		NoDrop: v.noDrop != 0, XSubVerboseUnsubscribe: v.verboseUnsubscribe != 0, InvertMatching: v.invert != 0,
		Welcome: v.welcome, Hello: v.hello, Disconnected: v.disconnected, Hiccup: v.hiccup,
		Transport: v.transport(),
	}
	o.Stop.Refused, o.Stop.HandshakeFailed = v.reconnectStop&1 != 0, v.reconnectStop&2 != 0
	v.security.into(&o)
	v.adjust(&o)
	return o
}

// mostHandshakes is what strangers may hold of a listener; libzmq has no limit.
const mostHandshakes = 1024

// adjust sees to the values that mean something else here.
func (v *settings) adjust(o *socket.Options) {
	switch {
	case v.reconnect < 0: // dial once
		o.ReconnectMin = 0
	case v.reconnect == 0: // at once
		o.ReconnectMin, o.ReconnectMax = time.Millisecond, max(time.Millisecond, o.ReconnectMax)
	}
	if v.heartbeatTimeout < 0 {
		o.HeartbeatTimeout = o.HeartbeatInterval
	}
	switch {
	case v.maxMessage == 0: // none but empty ones
		o.MaxMessageSize = 1
	case v.maxMessage > 0:
		o.MaxMessageSize = uint64(v.maxMessage)
	}
	if v.conflate != 0 { // a queue of one message has no mark
		o.SendHWM, o.RecvHWM = 0, 0
	}
	if v.typ == "REP" {
		o.RouterMandatory, o.RouterHandover, o.RouterRaw, o.ProbeRouter = false, false, false, false
	}
	if v.typ == "PUB" {
		o.XPubVerbose, o.XPubVerboser, o.XPubManual, o.Welcome = false, false, false, nil
	}
	if v.typ == "STREAM" {
		o.NotifyConnect, o.NotifyDisconnect = v.streamNotify != 0, v.streamNotify != 0
	}
	if v.typ == "STREAM" || o.RouterRaw { // speaks no ZMTP
		o.Mechanism, o.Authenticate, o.Domain, o.HeartbeatInterval, o.MaxMessageSize, o.ProbeRouter = zmtp.Null(), nil, "", 0, 0, false
	}
}

func (v *settings) transport() transport.Options {
	o := transport.Options{SendBuffer: max(0, v.sendBuffer), RecvBuffer: max(0, v.recvBuffer), TOS: v.tos, Priority: v.priority,
		Interface: v.device, Backlog: v.backlog, MaxRetransmit: ms(v.maxRetransmit), IPv6: v.ipv6 != 0, AcceptFilter: v.accept}
	if v.keepAlive == 1 {
		o.KeepAlive = net.KeepAliveConfig{Enable: true, Count: v.keepCount, Idle: seconds(v.keepIdle), Interval: seconds(v.keepInterval)}
	}
	if v.socks.proxy != "" {
		o.Dial = v.socks.dial
	}
	if v.useFD >= 0 {
		fd := v.useFD
		o.Listen = func(context.Context, string, string) (net.Listener, error) { return listenerOf(fd) }
	}
	return o
}

// seconds of net's KeepAliveConfig: negative leaves the system's default.
func seconds(n int) time.Duration {
	if n < 0 {
		return -1
	}
	return time.Duration(n) * time.Second
}

// listenerOf takes a descriptor over that somebody else has made to listen: ZMQ_USE_FD.
func listenerOf(fd int) (net.Listener, error) {
	f := os.NewFile(uintptr(fd), "ZMQ_USE_FD")
	if f == nil {
		return nil, os.ErrInvalid
	}
	defer f.Close() // FileListener has its own copy
	return net.FileListener(f)
}
