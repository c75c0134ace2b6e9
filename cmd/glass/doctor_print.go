package main

import (
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/doctor"
)

// A doctorObject is what there is to say of one endpoint, as JSON: a probe's report, and the checks.
type doctorObject struct {
	reportObject
	Code   string        `json:"code"` // the verdict in a word
	Checks []checkObject `json:"checks"`
	Course *courseObject `json:"course,omitempty"` // with --for
	Agent  []string      `json:"agent,omitempty"`  // what it knows, a line each
}

// A checkObject is one check.
type checkObject struct {
	Check  string       `json:"check"`
	State  doctor.State `json:"state"`
	Took   float64      `json:"dur_ms,omitempty"`
	Detail string       `json:"detail,omitempty"`
}

// A courseObject is what happened while it kept looking.
type courseObject struct {
	Looks   int            `json:"looks"`
	Bad     int            `json:"bad"`
	Changed int            `json:"changed"`
	Flaps   bool           `json:"flaps"`
	Changes []changeObject `json:"changes,omitempty"` // the first hundred
	Least   float64        `json:"ping_least_ms,omitempty"`
	Median  float64        `json:"ping_median_ms,omitempty"`
	Most    float64        `json:"ping_most_ms,omitempty"`
}

type changeObject struct {
	TS   string `json:"ts"`
	OK   bool   `json:"ok"`
	Code string `json:"code"`
	Why  string `json:"why"`
}

func newDoctorObject(p *patient, kept bool) doctorObject {
	d := p.course.Verdict()
	o := doctorObject{reportObject: newReportObject(&d.Report, &d.Verdict, false), Code: d.Name(), Agent: p.told}
	for _, c := range d.Checks {
		o.Checks = append(o.Checks, checkObject{c.Name, c.State, millis(c.Took), c.Detail})
	}
	if kept {
		o.Course = newCourseObject(&p.course)
	}
	return o
}

func newCourseObject(c *doctor.Course) *courseObject {
	least, median, most := c.Pings()
	o := &courseObject{Looks: c.Looks, Bad: c.Bad, Changed: c.Changed, Flaps: c.Flaps(),
		Least: millis(least), Median: millis(median), Most: millis(most)}
	for _, change := range c.Changes {
		o.Changes = append(o.Changes, changeObject{change.At.UTC().Format(time.RFC3339Nano), change.Well, change.Name, change.Why})
	}
	return o
}
