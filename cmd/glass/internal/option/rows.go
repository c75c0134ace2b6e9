package option

import (
	"time"

	"github.com/glassmq/zmq"
)

// rows are the options, in the order of zmq.Config. What is not here is not for a command line: a Context, functions and
// networks are Go values, and a Mechanism has keys, which do not belong where every user of the host can read them.
var rows = []row{
	word("Name", []string{"name"}, "of the socket, in its events", func(c *zmq.Config) *string { return &c.Name }),
	count("SendHWM", []string{"send_hwm", "sndhwm"}, "messages that may wait for one peer", func(c *zmq.Config) *int { return &c.SendHWM }),
	count("RecvHWM", []string{"recv_hwm", "rcvhwm"}, "messages from one peer that may wait", func(c *zmq.Config) *int { return &c.RecvHWM }),
	span("Linger", []string{"linger"}, ms.and(zmq.Forever), "how long closing waits for what is queued", func(c *zmq.Config) *time.Duration { return &c.Linger }),
	word("RoutingID", []string{"routing_id", "identity"}, "what peers know this socket by", func(c *zmq.Config) *string { return &c.RoutingID }),
	yesNo("Immediate", []string{"immediate"}, "queue only for peers that are ready", func(c *zmq.Config) *bool { return &c.Immediate }),
	span("ReconnectMin", []string{"reconnect_min", "reconnect_ivl"}, ms.and(zmq.Off).never0("dialling without a pause helps nobody: give a time, or off to dial once"),
		"first pause before dialling again; off: dial once", func(c *zmq.Config) *time.Duration { return &c.ReconnectMin }),
	span("ReconnectMax", []string{"reconnect_max", "reconnect_ivl_max"}, ms.never0("write the same time as reconnect_min for pauses that do not grow"),
		"longest such pause", func(c *zmq.Config) *time.Duration { return &c.ReconnectMax }),
	span("ConnectTimeout", []string{"connect_timeout"}, ms, "of one attempt", func(c *zmq.Config) *time.Duration { return &c.ConnectTimeout }),
	span("HandshakeTimeout", []string{"handshake_timeout", "handshake_ivl"}, ms, "from connected to ready", func(c *zmq.Config) *time.Duration { return &c.HandshakeTimeout }),
	span("HeartbeatInterval", []string{"heartbeat_interval", "heartbeat_ivl"}, ms, "between PINGs", func(c *zmq.Config) *time.Duration { return &c.HeartbeatInterval }),
	span("HeartbeatTimeout", []string{"heartbeat_timeout"}, ms, "silence after a PING that ends a connection", func(c *zmq.Config) *time.Duration { return &c.HeartbeatTimeout }),
	span("HeartbeatTTL", []string{"heartbeat_ttl"}, ms, "silence after which the peer shall end it", func(c *zmq.Config) *time.Duration { return &c.HeartbeatTTL }),
	number("MaxMessageSize", []string{"max_message_size", "maxmsgsize"}, "bytes of one message received", func(c *zmq.Config) *int64 { return &c.MaxMessageSize }),
	count("MaxHandshakes", []string{"max_handshakes"}, "handshakes at once, per listener", func(c *zmq.Config) *int { return &c.MaxHandshakes }),
	number("Backlog", []string{"backlog"}, "connections that wait to be accepted", func(c *zmq.Config) *int { return &c.Backlog }),
	number("SendBuffer", []string{"send_buffer", "sndbuf"}, "of the kernel, bytes", func(c *zmq.Config) *int { return &c.SendBuffer }),
	number("RecvBuffer", []string{"recv_buffer", "rcvbuf"}, "of the kernel, bytes", func(c *zmq.Config) *int { return &c.RecvBuffer }),
	number("TOS", []string{"tos"}, "type of service, 0 to 255", func(c *zmq.Config) *int { return &c.TOS }),
	number("Priority", []string{"priority"}, "of packets, Linux", func(c *zmq.Config) *int { return &c.Priority }),
	yesNo("KeepAlive", []string{"keep_alive", "tcp_keepalive"}, "of TCP", func(c *zmq.Config) *bool { return &c.KeepAlive.Enable }),
	keepAlive(span("KeepAlive", []string{"keep_alive_idle", "tcp_keepalive_idle"}, seconds, "silence before the first probe", func(c *zmq.Config) *time.Duration { return &c.KeepAlive.Idle })),
	keepAlive(span("KeepAlive", []string{"keep_alive_interval", "tcp_keepalive_intvl"}, seconds, "between probes", func(c *zmq.Config) *time.Duration { return &c.KeepAlive.Interval })),
	keepAlive(number("KeepAlive", []string{"keep_alive_count", "tcp_keepalive_cnt"}, "probes without an answer that end it", func(c *zmq.Config) *int { return &c.KeepAlive.Count })),
	yesNo("IPv6", []string{"ipv6"}, "names and * mean IPv6 as well", func(c *zmq.Config) *bool { return &c.IPv6 }),
	word("Interface", []string{"interface", "bindtodevice"}, "bind to this device, Linux", func(c *zmq.Config) *string { return &c.Interface }),
	{"Metadata", []string{"metadata"}, "X-N:TEXT", "a property that peers see; give several -O for several", setMetadata},
	yesNo("ReqRelaxed", []string{"req_relaxed"}, "REQ: a new request may replace an unanswered one", func(c *zmq.Config) *bool { return &c.ReqRelaxed }),
	yesNo("ReqCorrelate", []string{"req_correlate"}, "REQ: take only the answer to the request", func(c *zmq.Config) *bool { return &c.ReqCorrelate }),
}
