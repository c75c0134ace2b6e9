package observe

import "time"

// buckets are the upper ends, in seconds, of every histogram here: from a round trip within a rack to the 30 s after
// which a dial attempt and a handshake are given up (Config.ConnectTimeout, HandshakeTimeout).
var buckets = [...]float64{0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30}

// A histogram counts durations. The zero histogram is empty.
type histogram struct {
	counts [len(buckets)]uint64 // of those within each bucket alone
	count  uint64               // of all
	sum    float64              // seconds
}

func (h *histogram) observe(d time.Duration) {
	s := d.Seconds()
	h.count++
	h.sum += s
	for i, end := range buckets {
		if s <= end {
			h.counts[i]++
			return
		}
	}
}

// cumulative is the form of Prometheus: how many lie at or below each bucket's end.
func (h *histogram) cumulative() map[float64]uint64 {
	all := make(map[float64]uint64, len(buckets))
	sum := uint64(0)
	for i, end := range buckets {
		sum += h.counts[i]
		all[end] = sum
	}
	return all
}
