package monitor

import (
	"context"
	"io"
	"log/slog"
	"sync"
)

// Log is a sink that logs each event with its own time and level: the kind as
// message, the keys of JSON as attributes. It fits OnEvent, Config.OnEvent and
// a range loop alike, and is as safe for concurrent use as l's handler, whose
// errors it ignores.
func Log(l *slog.Logger) func(Event) {
	return func(e Event) {
		ctx := context.Background() // what happened belongs to no call
		if !l.Enabled(ctx, e.Level()) {
			return
		}
		r := slog.NewRecord(e.Time, e.Level(), e.Kind.String(), 0)
		r.AddAttrs(e.attrs()...)
		_ = l.Handler().Handle(ctx, r) // an observer's trouble is not the socket's
	}
}

// JSON is a sink that writes one object per line, one Write per event. It is
// safe for concurrent use, so several sockets may share it. Errors of w are
// ignored: an observer's trouble is not the socket's.
func JSON(w io.Writer) func(Event) {
	var mu sync.Mutex // guards b, and keeps lines whole
	var b []byte
	return func(e Event) {
		mu.Lock()
		defer mu.Unlock()
		b = append(e.appendJSON(b[:0]), '\n')
		_, _ = w.Write(b)
	}
}

// Counters counts events by kind and reason, for metrics. The zero Counters is
// ready and safe for concurrent use; c.Add is a sink.
type Counters struct {
	mu sync.Mutex // guards n
	n  map[counterKey]uint64
}

type counterKey struct {
	kind   Kind
	reason Reason
}

// Add counts e, as often as e.Count says it stands for others. Reasons that
// are not in the table count as "other", kinds without a name as 0, so the map
// stays as small as the tables whatever arrives from other processes.
func (c *Counters) Add(e Event) {
	key := counterKey{e.Kind, e.Reason}
	if _, ok := reasonIndex[key.reason]; !ok && key.reason != "" {
		key.reason = ReasonOther
	}
	if _, ok := key.kind.known(); !ok {
		key.kind = 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.n == nil {
		c.n = make(map[counterKey]uint64)
	}
	c.n[key] += max(e.Count, 1)
}

// Get is how many events of kind k had reason r; "" means whatever reason. Of
// a set of kinds it is the sum.
func (c *Counters) Get(k Kind, r Reason) (sum uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, n := range c.n {
		if (key.kind == k || key.kind&k != 0) && (r == "" || key.reason == r) {
			sum += n
		}
	}
	return sum
}
