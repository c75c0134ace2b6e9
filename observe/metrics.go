package observe

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/glassmq/zmq/observe/fact"
)

// A metricID is a row of metricRows.
type metricID int

const (
	mInfo metricID = iota
	mMessages
	mWireBytes
	mDropped
	mConnections
	mOpened
	mClosed
	mEvents
	mAttempts
	mRetry
	mDialTime
	mHandshakeTime
	mHandshakeFailures
	mQueued
	mQueuedMax
	mQueueLimit
	mPipesFull
	mPipeFullTime
	mSubscriptions
	mChanges
	mLast
	mRTT
	mSilences
	mTruncated
	mLost
	mWaiting
	mPeerMessages
	mPeerBytes
	mPeerDropped
	mPeerQueued
	mPeerRTT
	mPeerLast
	metricCount
)

// A metricRow is what there is to say about a metric. Base units are seconds and bytes; labels stand after app, host and
// inst, where Tallies have these.
type metricRow struct {
	name, help string
	kind       metricKind
	labels     []string
}

type metricKind int

const (
	counter metricKind = iota
	gauge
	durations // a histogram of seconds
)

// metricRows is every metric, in the order of the README, which a test holds to it.
var metricRows = [metricCount]metricRow{
	mInfo:              {"zmq_socket_info", "1 for each socket name, with the socket's type and the library's version.", gauge, []string{"socket", "type", "version"}},
	mMessages:          {"zmq_socket_messages_total", "Messages handed to the kernel (tx) and received from it (rx).", counter, []string{"socket", "direction"}},
	mWireBytes:         {"zmq_socket_wire_bytes_total", "Bytes of messages with their framing; without handshakes, commands, and what encryption adds.", counter, []string{"socket", "direction"}},
	mDropped:           {"zmq_socket_dropped_messages_total", "Messages dropped, by why, while this was counting.", counter, []string{"socket", "reason"}},
	mConnections:       {"zmq_socket_connections", "Connections and dial attempts now, by side and state.", gauge, []string{"socket", "side", "state"}},
	mOpened:            {"zmq_socket_connections_opened_total", "Transport connections that came up.", counter, []string{"socket", "side"}},
	mClosed:            {"zmq_socket_connections_closed_total", "Transport connections that ended, by why.", counter, []string{"socket", "reason"}},
	mEvents:            {"zmq_socket_events_total", "Events of the socket's monitor.", counter, []string{"socket", "event"}},
	mAttempts:          {"zmq_connect_attempts_total", "Dial attempts that came to an end, by result.", counter, []string{"socket", "endpoint", "result"}},
	mRetry:             {"zmq_connect_retry_interval_seconds", "The pause before the next dial attempt; 0 when the endpoint is ready or given up.", gauge, []string{"socket", "endpoint"}},
	mDialTime:          {"zmq_connect_duration_seconds", "How long successful dial attempts took.", durations, []string{"socket"}},
	mHandshakeTime:     {"zmq_handshake_duration_seconds", "How long successful handshakes took.", durations, []string{"socket", "mechanism"}},
	mHandshakeFailures: {"zmq_handshake_failures_total", "Handshakes that failed, by why.", counter, []string{"socket", "reason"}},
	mQueued:            {"zmq_socket_queued_messages", "Messages in the queues of all connected peers together.", gauge, []string{"socket", "direction"}},
	mQueuedMax:         {"zmq_socket_queued_messages_max", "Messages in the fullest queue.", gauge, []string{"socket", "direction"}},
	mQueueLimit:        {"zmq_socket_queue_limit_messages", "The high-water mark of each queue; +Inf if there is none.", gauge, []string{"socket", "direction"}},
	mPipesFull:         {"zmq_socket_pipes_full", "Queues that have had no room for 100 ms or longer.", gauge, []string{"socket", "direction"}},
	mPipeFullTime:      {"zmq_socket_pipe_full_seconds_total", "How long queues had no room, all together; spells under 100 ms do not count.", counter, []string{"socket", "direction"}},
	mSubscriptions:     {"zmq_socket_subscriptions", "Subscriptions of all connected peers together.", gauge, []string{"socket"}},
	mChanges:           {"zmq_socket_subscription_changes_total", "Subscriptions made and cancelled by peers.", counter, []string{"socket", "op"}},
	mLast:              {"zmq_socket_last_message_timestamp_seconds", "By when the latest message had passed, to the interval of samples or scrapes.", gauge, []string{"socket", "direction"}},
	mRTT:               {"zmq_heartbeat_rtt_seconds", "Round trips of heartbeats, as samples or scrapes find them.", durations, []string{"socket"}},
	mSilences:          {"zmq_heartbeat_timeouts_total", "Peers given up for their silence.", counter, []string{"socket"}},
	mTruncated:         {"zmq_monitor_series_truncated", "How many sockets, endpoints or peers are counted under _other because a limit was reached.", gauge, []string{"what"}},
	mLost:              {"zmq_monitor_events_dropped_total", "Events that did not reach this reader of them.", counter, []string{"sink"}},
	mWaiting:           {"zmq_monitor_queue_events", "Lines that wait for the agent to take them.", gauge, []string{"sink"}},

	mPeerMessages: {"zmq_peer_messages_total", "Messages of a connection.", counter, []string{"socket", "peer", "direction"}},
	mPeerBytes:    {"zmq_peer_bytes_total", "Bytes of a connection's messages with their framing.", counter, []string{"socket", "peer", "direction"}},
	mPeerDropped:  {"zmq_peer_dropped_messages_total", "Messages dropped for, or from, a peer.", counter, []string{"socket", "peer"}},
	mPeerQueued:   {"zmq_peer_queued_messages", "Messages in a peer's queue.", gauge, []string{"socket", "peer", "direction"}},
	mPeerRTT:      {"zmq_peer_rtt_seconds", "The last round trip of a heartbeat.", gauge, []string{"socket", "peer"}},
	mPeerLast:     {"zmq_peer_last_message_timestamp_seconds", "By when the peer's latest message had passed.", gauge, []string{"socket", "peer", "direction"}},
}

// metrics are the rows with the labels that every series of some Tallies has.
type metrics struct {
	descs     [metricCount]*prometheus.Desc
	instances bool
	changes   bool // subscriptions are counted
	version   string
}

func newMetrics(o TallyOptions) metrics {
	m := metrics{instances: o.Instances, changes: o.changes, version: o.version}
	var first []string
	if o.Instances {
		first = []string{"app", "host", "inst"}
	}
	for i, row := range metricRows {
		labels := row.labels
		if row.ofSockets() {
			labels = append(first[:len(first):len(first)], labels...)
		}
		m.descs[i] = prometheus.NewDesc(row.name, row.help, labels, nil)
	}
	m.descs[mLost] = sinkDesc(mLost, "metrics")
	return m
}

// sinkDesc is a metric of one reader of events: several collectors have it, each with its own value of the label.
func sinkDesc(m metricID, sink string) *prometheus.Desc {
	row := metricRows[m]
	return prometheus.NewDesc(row.name, row.help, nil, prometheus.Labels{row.labels[0]: sink})
}

// ofSockets says that a metric is not one of the watching itself.
func (r metricRow) ofSockets() bool { return r.labels[0] == "socket" }

// A page is what one Collect puts together, so that Tallies are not locked while somebody takes it.
type page struct {
	metrics
	first []string // the values of app, host and inst
	all   []prometheus.Metric
}

// of begins the series of one instance.
func (p *page) of(of fact.Instance) {
	if p.instances {
		p.first = []string{of.App, of.Host, of.ID}
	}
}

func (p *page) add(m metricID, value float64, labels ...string) {
	kind := prometheus.CounterValue
	if metricRows[m].kind == gauge {
		kind = prometheus.GaugeValue
	}
	if metricRows[m].ofSockets() {
		labels = append(p.first[:len(p.first):len(p.first)], labels...)
	}
	p.all = append(p.all, prometheus.MustNewConstMetric(p.descs[m], kind, value, labels...))
}

func (p *page) histogram(m metricID, h *histogram, labels ...string) {
	if h.count == 0 {
		return
	}
	labels = append(p.first[:len(p.first):len(p.first)], labels...)
	p.all = append(p.all, prometheus.MustNewConstHistogram(p.descs[m], h.count, h.sum, h.cumulative(), labels...))
}
