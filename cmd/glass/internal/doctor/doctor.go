// Package doctor makes of a probe's report what a person wants who stands before a connection that does not work: each thing that
// was looked at, with a yes or a no; then the cause, what to do, and on whose side.
//
//  1. check.go: a report as checks, in the order in which a connection comes up
//  2. course.go: what changes while it keeps looking
//  3. text.go: all of it as text
package doctor

import "github.com/glassmq/zmq/cmd/glass/internal/probe"

// A Diagnosis is one look at one endpoint.
type Diagnosis struct {
	Report  probe.Report
	Verdict probe.Verdict
	Checks  []Check
}

// Diagnose makes the checks of a report that was judged.
func Diagnose(r probe.Report, v probe.Verdict) Diagnosis {
	return Diagnosis{Report: r, Verdict: v, Checks: checks(&r, &v)}
}

// Well reports whether nothing is wrong.
func (d *Diagnosis) Well() bool { return d.Verdict.Class == probe.Fine }

// Name is the verdict in a word: a reason (glass explain knows it), "fine", or "another type" or "interrupted", which are nobody's
// failure.
func (d *Diagnosis) Name() string {
	switch {
	case d.Verdict.Reason != "":
		return string(d.Verdict.Reason)
	case d.Verdict.Class == probe.OtherType:
		return "another type"
	case d.Report.Interrupted:
		return "interrupted"
	}
	return "fine"
}
