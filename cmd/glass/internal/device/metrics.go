package device

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/glassmq/zmq"
)

// Metrics are the numbers of one device, read when they are asked for.
type Metrics struct {
	proxy    *zmq.Proxy
	captures func() (written, dropped uint64)

	forwarded, bytes, refused, paused, captured, missed *prometheus.Desc
}

// NewMetrics are those of the device of a name. captures are the copies that were taken, and those that were dropped.
func NewMetrics(name string, p *zmq.Proxy, captures func() (written, dropped uint64)) *Metrics {
	desc := func(metric, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(metric, help, labels, prometheus.Labels{"proxy": name})
	}
	return &Metrics{proxy: p, captures: captures,
		forwarded: desc("zmq_proxy_forwarded_messages_total", "Messages that the proxy has passed on; from an XPUB, subscriptions.", "direction"),
		bytes:     desc("zmq_proxy_forwarded_bytes_total", "Bytes of their frames' bodies.", "direction"),
		refused:   desc("zmq_proxy_refused_messages_total", "Messages that the other socket would never take: no such peer, or too many frames.", "direction"),
		paused:    desc("zmq_proxy_paused", "1 while the proxy is paused, else 0."),
		captured:  desc("zmq_proxy_captured_messages_total", "Copies of messages that the capture has taken."),
		missed:    desc("zmq_proxy_capture_dropped_total", "Copies of messages that the capture had no room for."),
	}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(to chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, to) }

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(to chan<- prometheus.Metric) {
	count := func(d *prometheus.Desc, n uint64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, float64(n), labels...)
	}
	front, back := m.proxy.Stats()
	direction := func(name string, from, to zmq.Socket, s zmq.ProxyStats) {
		if passes(from, to) {
			count(m.forwarded, s.MessagesOut, name)
			count(m.bytes, s.BytesOut, name)
			count(m.refused, s.Dropped, name)
		}
	}
	direction("to_backend", m.proxy.Front, m.proxy.Back, back)
	direction("to_frontend", m.proxy.Back, m.proxy.Front, front)
	paused := 0.0
	if m.proxy.Paused() {
		paused = 1
	}
	to <- prometheus.MustNewConstMetric(m.paused, prometheus.GaugeValue, paused)
	written, dropped := m.captures()
	count(m.captured, written)
	count(m.missed, dropped)
}
