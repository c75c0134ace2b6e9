package detect

import (
	"fmt"
	"slices"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// A life is a connection that was ready, and has ended.
type life struct {
	ended  time.Time
	lasted time.Duration
	how    string
}

// lived is a connection that was ready, and has ended.
func (d *dial) lived(s *socket, e *monitor.Event, lasted time.Duration) {
	o := s.o()
	if e.Duration > 0 {
		lasted = e.Duration
	}
	d.lives = slices.DeleteFunc(d.lives, func(l life) bool { return s.now().Sub(l.ended) > o.Window })
	if len(d.lives) == maxTimes {
		d.lives = d.lives[1:]
	}
	d.lives = append(d.lives, life{s.now(), lasted, e.Why()})
	median := d.median()
	if len(d.lives) < o.Flaps || median >= o.ShortLife {
		return
	}
	n := len(d.lives)
	why := fmt.Sprintf("the connection to %s comes up and breaks again and again: %d times %s, half of them after %s or less; the last time because %s",
		d.endpoint, n, within(s.now().Sub(d.lives[0].ended)), span(median), d.lives[n-1].how)
	hint := "look at the log of what listens there: it ends, crashes or is restarted after each connection, or a load balancer in between has no backend that lasts"
	d.raise(s, fact.Condition{Name: Flapping, Severity: "error", Since: d.lives[0].ended.Add(-d.lives[0].lasted), Count: uint64(n), Why: why, Hint: hint})
}

func (d *dial) median() time.Duration {
	var all []time.Duration
	for _, l := range d.lives {
		all = append(all, l.lasted)
	}
	slices.Sort(all)
	if len(all) == 0 {
		return 0
	}
	return all[len(all)/2]
}
