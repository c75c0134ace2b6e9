package doctor

import (
	"fmt"
	"strings"
	"time"

	"github.com/glassmq/zmq/cmd/glass/internal/listener"
	"github.com/glassmq/zmq/cmd/glass/internal/probe"
	"github.com/glassmq/zmq/monitor"
)

// A State is what came of a check.
type State string

const (
	Good  State = "ok"
	Bad   State = "failed"
	Unrun State = "not_run" // it was not asked for, would have harmed somebody, or something before it has failed
)

// A Check is one thing that was looked at.
type Check struct {
	Name   string
	State  State
	Detail string
	Took   time.Duration // 0: nothing that took time
}

// stages are the checks, in order; each with the step of a probe that it is about.
var stages = []struct {
	name, step string
	always     bool // it is told also if it did not come to it
}{
	{"resolve", string(monitor.InResolve), false},
	{"connect", string(monitor.InConnect), true},
	{"greeting", string(monitor.InGreeting), true},
	{"mechanism", string(monitor.InMechanism), true},
	{"handshake", string(monitor.InMetadata), true},
	{"routing id", "routing-id", false},
	{"traffic", "ping", true},
	{"request", "ask", false},
}

// checks are those of a report: its steps, with the type as a check of its own behind the handshake, and the kernel at the end.
func checks(r *probe.Report, v *probe.Verdict) (all []Check) {
	ran := map[string]probe.Step{}
	for _, s := range r.Steps {
		ran[s.Name] = s
	}
	for _, stage := range stages {
		s, ok := ran[stage.step]
		switch {
		case ok:
			all = append(all, checkOf(stage.name, s))
		case stage.always:
			all = append(all, Check{Name: stage.name, State: Unrun, Detail: "not asked"})
		}
		if stage.name == "handshake" && r.Type != "" {
			all = append(all, typeCheck(r, v))
		}
	}
	return append(all, kernelCheck(r, v))
}

func checkOf(name string, s probe.Step) Check {
	c := Check{Name: name, State: Good, Detail: s.Detail, Took: s.Took}
	switch why, unrun := strings.CutPrefix(s.Detail, "none: "); {
	case s.Err != nil:
		c.State = Bad
		c.Detail = strings.TrimPrefix(s.Detail+"; "+s.Err.Error(), "; ")
	case unrun:
		c.State, c.Detail = Unrun, why
	}
	return c
}

func typeCheck(r *probe.Report, v *probe.Verdict) Check {
	c := Check{Name: "type", State: Good, Detail: r.TypeText()}
	if v.Class == probe.OtherType {
		c.State, c.Detail = Bad, v.Why
	}
	return c
}

// kernelCheck is what this host's kernel says of who listens.
func kernelCheck(r *probe.Report, v *probe.Verdict) Check {
	c := Check{Name: "kernel", State: Good}
	l := r.Listener
	switch {
	case l == nil:
		c.State, c.Detail = Unrun, "the peer is not known to be on this host, or its kernel does not say"
		return c
	case !l.At.IsValid() && l.Process == nil:
		c.State, c.Detail = Bad, "nobody listens on this port of this host"
		if len(l.Elsewhere) > 0 {
			c.Detail = fmt.Sprintf("nobody listens at this address of this host, only at %v", l.Elsewhere[0])
		}
		return c
	case l.Process.Full(), l.Process != nil && l.Process.Stopped, l.Conn.Known && !l.Conn.Accepted,
		v.Reason == monitor.ReasonBacklogFull, r.PairUnsure && len(l.Peers) > 0, l.Conn.Unread > 0 && v.Class == probe.Silent:
		c.State = Bad
	}
	c.Detail = strings.Join(kernelFacts(l), ", ")
	return c
}

// kernelFacts are what there is to say of who listens.
func kernelFacts(l *listener.View) (facts []string) {
	who := "a process that this user may not see"
	if p := l.Process; p != nil {
		who = strings.TrimSuffix(fmt.Sprintf("process %d (%s)", p.PID, p.Name), " ()")
		if p.Stopped {
			who += ", which is stopped,"
		}
	}
	facts = append(facts, who+" listens"+at(l))
	if p := l.Process; p != nil && p.Limit > 0 {
		facts = append(facts, fmt.Sprintf("%d of %d descriptors", p.Descriptors, p.Limit))
	}
	if !l.At.IsValid() {
		return facts // ipc: of connections the kernel tells nothing here
	}
	facts = append(facts, fmt.Sprintf("%d other peers", len(l.Peers)))
	if l.Waiting > 0 {
		facts = append(facts, fmt.Sprintf("%d connections wait to be accepted", l.Waiting))
	}
	switch {
	case l.Conn.Known && !l.Conn.Accepted:
		facts = append(facts, "ours is not accepted")
	case l.Conn.Unread > 0:
		facts = append(facts, fmt.Sprintf("%d bytes of ours unread", l.Conn.Unread))
	}
	return facts
}

func at(l *listener.View) string {
	if !l.At.IsValid() {
		return ""
	}
	return " on " + l.At.String()
}
