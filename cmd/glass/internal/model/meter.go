package model

import "time"

// A meter makes rates of counters that are read about once a second, and not while they stand still.
type meter struct {
	at      time.Time // of the reading that rates are counted from
	heard   time.Time // when the last reading came, on the model's own clock
	last    time.Time // of the last reading that had grown
	out, in counter
}

type counter struct {
	n, base uint64 // now, and at meter.at
	rate    float64
}

const (
	shortest = 200 * time.Millisecond // two readings that are nearer than that say little about a second
	longest  = 1500 * time.Millisecond
	stale    = 2500 * time.Millisecond // no reading for so long: it stands still
)

// read takes counters of the process's own time at. A reading that comes after a longer pause tells of the last second alone:
// had the counters moved before, there would have been one. Counters or a clock that go back begin anew.
func (m *meter) read(at, now time.Time, out, in uint64) {
	if out > m.out.n || in > m.in.n {
		m.last = at
	}
	first := m.at.IsZero() || at.Before(m.at) || out < m.out.n || in < m.in.n
	m.heard, m.out.n, m.in.n = now, out, in
	since := at.Sub(m.at)
	switch {
	case first:
		since = 0
	case since < shortest:
		return
	case since > longest:
		since = time.Second
	}
	m.at = at
	m.out.count(since)
	m.in.count(since)
}

func (c *counter) count(since time.Duration) {
	c.rate = 0
	if since > 0 {
		c.rate = float64(c.n-c.base) / since.Seconds()
	}
	c.base = c.n
}

// settle stops a meter that is not read any more.
func (m *meter) settle(now time.Time) {
	if now.Sub(m.heard) > stale {
		m.stop()
	}
}

func (m *meter) stop() { m.out.rate, m.in.rate = 0, 0 }
