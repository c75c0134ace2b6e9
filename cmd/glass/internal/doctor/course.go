package doctor

import (
	"slices"
	"time"
)

// A Course is what was seen of one endpoint over a time. Not for more than one goroutine.
type Course struct {
	Looks   int
	Bad     int       // of them
	Changes []Change  // from one verdict to another, the first ones
	Changed int       // how many there were
	Last    Diagnosis // the last look
	LastBad *Diagnosis
	pings   []time.Duration // the last ones
}

// A Change is a look with another verdict than the one before.
type Change struct {
	At        time.Time
	Well      bool
	Name, Why string
}

const (
	mostChanges = 100  // that are kept to be told at the end; each was told when it happened
	mostPings   = 4096 // more than an hour of one a second
)

// See takes note of a look, and says whether its verdict is another one than that of the look before.
func (c *Course) See(at time.Time, d Diagnosis) (changed bool) {
	changed = c.Looks > 0 && c.Last.Name() != d.Name()
	if changed {
		c.Changed++
		if len(c.Changes) < mostChanges {
			c.Changes = append(c.Changes, Change{at, d.Well(), d.Name(), d.Verdict.Why})
		}
	}
	c.Looks++
	c.Last = d
	if !d.Well() {
		c.Bad++
		c.LastBad = &d
	}
	if d.Report.RTT > 0 {
		c.pings = append(c.pings, d.Report.RTT)
		c.pings = c.pings[max(0, len(c.pings)-mostPings):]
	}
	return changed
}

// Verdict is the look to judge the whole by: the last bad one, or else the last.
func (c *Course) Verdict() *Diagnosis {
	if c.LastBad != nil {
		return c.LastBad
	}
	return &c.Last
}

// Flaps reports whether it went from well to unwell, or back, more than once.
func (c *Course) Flaps() bool { return c.Bad > 0 && c.Bad < c.Looks && c.Changed > 1 }

// Pings are the shortest, median and longest round trip; 0, 0, 0 if there was none.
func (c *Course) Pings() (least, median, most time.Duration) {
	if len(c.pings) == 0 {
		return 0, 0, 0
	}
	sorted := slices.Sorted(slices.Values(c.pings))
	return sorted[0], sorted[len(sorted)/2], sorted[len(sorted)-1]
}
