package observe

import (
	"log/slog"
	"sync"
	"time"

	"github.com/glassmq/zmq/monitor"
)

// Log is monitor.Log for programs that run for weeks: a sink that logs each event with its own time and level, the kind as
// message, the keys of docs/events.md as attributes; but a trouble that repeats itself once in every, with the attribute
// repeated: how many were left out since. A server that is down for a day is a line a minute, not 40,000.
//
// Troubles are events from slog.LevelWarn up, and what else belongs to a failing dial attempt. They are the same if socket,
// endpoint, kind and reason are. What was left out when the endpoint is ready again, or gone, stands on the event that says
// so. every of 0 is a minute.
//
// The sink goes by the events' own times, and is as safe for concurrent use as l's handler.
func Log(l *slog.Logger, every time.Duration) func(monitor.Event) {
	if every <= 0 {
		every = time.Minute
	}
	s := &logSink{log: l, every: every, told: make(map[trouble]*told)}
	return s.event
}

type logSink struct {
	log   *slog.Logger
	every time.Duration

	mu   sync.Mutex // guards told, which is as large as the endpoints there are have different troubles
	told map[trouble]*told
}

// A trouble is what can repeat itself.
type trouble struct {
	socket, endpoint uint64
	kind             monitor.Kind
	reason           monitor.Reason
}

type told struct {
	last   time.Time
	silent int // how many there were since
}

func (s *logSink) event(e monitor.Event) {
	repeated, now := s.count(&e)
	if !now {
		return
	}
	l := s.log
	if repeated > 0 {
		l = l.With("repeated", repeated)
	}
	monitor.Log(l)(e)
}

// count says whether e is to be logged now, and how many were not.
func (s *logSink) count(e *monitor.Event) (repeated int, now bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !isTrouble(e) {
		return s.settle(e), true
	}
	key := trouble{e.SocketID, e.EndpointID, e.Kind, e.Reason}
	t := s.told[key]
	switch {
	case t == nil:
		s.told[key] = &told{last: e.Time}
		return 0, true
	case e.Time.Sub(t.last) < s.every:
		t.silent++
		return 0, false
	}
	repeated, t.silent, t.last = t.silent, 0, e.Time
	return repeated, true
}

func isTrouble(e *monitor.Event) bool {
	if e.Kind&(monitor.ConnectDelayed|monitor.Closed) != 0 && e.Side == monitor.SideConnect {
		return true // of an attempt; the first of each is logged, which is enough
	}
	return e.Level() >= slog.LevelWarn
}

// settle forgets the troubles that e is the end of, and says how many of them were not logged.
func (s *logSink) settle(e *monitor.Event) (silent int) {
	if e.Kind&(monitor.HandshakeSucceeded|monitor.Unbound|monitor.MonitorStopped) == 0 {
		return 0
	}
	ready := e.Kind == monitor.HandshakeSucceeded
	if ready && e.Side == monitor.SideBind {
		return 0 // one peer's success is not another's
	}
	for key, t := range s.told {
		if key.socket != e.SocketID || key.endpoint != e.EndpointID && e.Kind != monitor.MonitorStopped {
			continue
		}
		silent += t.silent
		// One that is ready again may be lost again at once: it stays known when the trouble was last told.
		if t.silent = 0; !ready {
			delete(s.told, key)
		}
	}
	return silent
}
