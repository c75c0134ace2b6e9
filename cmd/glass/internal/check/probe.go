package check

import (
	"fmt"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/probe"
)

// Reached is whether a probe came through, and how many seconds that took. expect are the types that one is content with;
// none: any.
func Reached(r *probe.Report, took time.Duration, l Limits, expect ...string) Figure {
	v := r.Verdict(expect...)
	f := Figure{Of: r.Endpoint, Text: v.Why, Hint: v.Hint}
	switch {
	case r.Interrupted:
		f.Level, f.Missing = Unknown, true
	case v.Class != probe.Fine:
		f.Level, f.Missing = Critical, true
	default:
		f.Value, f.Unit = took.Seconds(), "s"
		f.Level = l.Level(f.Value)
		f.Text = fmt.Sprintf("%s, after %v", v.Why, took.Round(10*time.Microsecond))
	}
	return f
}

// Accepted is how many connections the process at a probed endpoint has accepted, by this host's kernel.
func Accepted(r *probe.Report, l Limits) Figure {
	v := r.Verdict()
	f := Figure{Of: r.Endpoint, Text: v.Why, Hint: v.Hint, Missing: true}
	switch {
	case r.Interrupted:
		f.Level = Unknown
	case v.Class == probe.Nothing:
		f.Level = Critical
	case r.Listener == nil || !r.Listener.At.IsValid():
		f.Level = Unknown
		f.Text = "its connections can be counted on its own host only, over tcp and on Linux: ask an agent (glass serve) for its sockets' peers"
	default:
		n := len(r.Listener.Peers)
		f.Value, f.Missing = float64(n), false
		f.Level, f.Text = l.Level(f.Value), count(n, "connection")+" accepted"
	}
	return f
}
