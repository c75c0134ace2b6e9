package detect

import (
	"fmt"
	"time"

	"github.com/glassmq/zmq/monitor"
	"github.com/glassmq/zmq/observe/fact"
)

// fds is a process that has no descriptors left.
type fds struct {
	alarm alarm
	of    *socket // that met it first
	n     uint64
	last  time.Time
}

func (f *fds) event(s *socket, e *monitor.Event) {
	const wants = monitor.AcceptFailed | monitor.ConnectFailed | monitor.BindFailed
	if e.Kind&wants == 0 || e.Reason != monitor.ReasonFDLimit {
		return
	}
	f.n += max(e.Count, 1)
	f.last = s.now()
	if f.alarm.raised {
		return
	}
	f.of = s
	s.raise(&f.alarm, fact.Condition{
		Name: FDPressure, Severity: "error", Endpoint: e.Endpoint, Count: f.n,
		Why:  fmt.Sprintf("%s has no file descriptors left: %s could not go on with a connection at %s", s.p.name(), s, e.Endpoint),
		Hint: hintOf(e),
	})
}

func (f *fds) tick(p *process) {
	if f.n == 0 || p.d.now.Sub(f.last) <= p.d.o.Quiet {
		return
	}
	f.of.clear(&f.alarm, fmt.Sprintf("no descriptor has been refused for %s", span(p.d.o.Quiet)), f.n)
	f.n = 0
}

// name is the process in words.
func (p *process) name() string {
	switch {
	case p.App != "" && p.PID != 0:
		return fmt.Sprintf("%s (process %d)", p.App, p.PID)
	case p.App != "":
		return p.App
	}
	return "the process"
}
