package agent

import "github.com/prometheus/client_golang/prometheus"

// ownMetrics are the agent's: what is true now as it sees it, and what it could not keep.
type ownMetrics struct{ a *Agent }

var (
	descCondition = prometheus.NewDesc("zmq_condition_active", "1 for each kind of condition that is raised somewhere.", []string{"condition", "severity"}, nil)
	descInstances = prometheus.NewDesc("zmq_monitor_instances", "Processes that tell this agent of their sockets.", nil, nil)
	descWaiting   = prometheus.NewDesc("zmq_monitor_queue_events", "Facts that wait for the history's disk.", []string{"sink"}, nil)
	descNotKept   = prometheus.NewDesc("zmq_monitor_store_dropped_events_total", "Facts that are not in the history, because its disk did not take them.", nil, nil)
	descBytes     = prometheus.NewDesc("zmq_monitor_store_bytes", "Size of the history's file.", nil, nil)
	descEvents    = prometheus.NewDesc("zmq_monitor_store_events", "Facts in the history, about.", nil, nil)
)

func (m *ownMetrics) Describe(ch chan<- *prometheus.Desc) { prometheus.DescribeByCollect(m, ch) }

func (m *ownMetrics) Collect(ch chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	s := m.a.Snapshot()
	live := 0
	for i := range s.Instances {
		if !s.Instances[i].Gone {
			live++
		}
	}
	gauge(descInstances, float64(live))
	raised := make(map[[2]string]int)
	for i := range s.Conditions {
		raised[[2]string{s.Conditions[i].Name, s.Conditions[i].Severity}]++
	}
	for labels, n := range raised {
		gauge(descCondition, float64(min(n, 1)), labels[:]...)
	}
	if m.a.keeper == nil {
		return
	}
	waiting, dropped, _ := m.a.keeper.state()
	stats := m.a.o.History.Stats()
	gauge(descWaiting, float64(waiting), "history")
	gauge(descBytes, float64(stats.Bytes))
	gauge(descEvents, float64(stats.Events))
	ch <- prometheus.MustNewConstMetric(descNotKept, prometheus.CounterValue, float64(dropped))
}
